// Talk to the script as it stands in the editor, and see why it answers so: by keyboard here, by microphone in Spoken.tsx.
import { AudioOutlined } from "@ant-design/icons";
import { Alert, Button, Collapse, Flex, Form, Input, Space } from "antd";
import { useMutation } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { api, data } from "@/api/client";
import type { components } from "@/api/schema";
import { ProblemAlert } from "@/ui/problems";
import { useSpokenTalk } from "./microphone";
import { Spoken } from "./Spoken";
import { Stand, Turn } from "./TalkTurn";
import { useWords } from "./words";

type TalkView = components["schemas"]["TalkView"];
type Deed = components["schemas"]["TalkDeed"]["deed"];
interface Step {
  caller: string | null;
  turn: TalkView["turn"];
}

interface Props {
  text: () => string;
  variables: { name: string; example: string }[];
  onNode: (id: string | null) => void;
}

export function Talk({ text, variables, onNode }: Props) {
  const t = useWords();
  const [steps, setSteps] = useState<Step[]>([]);
  const [talk, setTalk] = useState<TalkView | null>(null);
  const [words, setWords] = useState("");
  const [given, setGiven] = useState<Record<string, string>>({});
  const bottom = useRef<HTMLDivElement>(null);
  const mic = useSpokenTalk();
  const spoken = mic.stage !== "idle";
  const speaking = spoken && mic.stage !== "over" && mic.stage !== "failed";
  const take = (caller: string | null, answer: TalkView) => {
    setTalk(answer);
    setSteps((before) => (caller === null ? [{ caller, turn: answer.turn }] : [...before, { caller, turn: answer.turn }]));
    onNode(answer.stand.node || null);
  };
  const begin = useMutation({
    mutationFn: (by: "human" | "machine") => data(api.POST("/api/v1/script-talks", { body: { text: text(), variables: given, answered_by: by } })),
    meta: { quiet: true },
    onSuccess: (answer) => take(null, answer),
  });
  const deed = useMutation({
    mutationFn: ({ what, said }: { what: Deed; said: string }) =>
      data(api.POST("/api/v1/script-talks/{talk}", { params: { path: { talk: talk!.id } }, body: { deed: what, words: said } })),
    meta: { quiet: true },
    onSuccess: (answer, { what, said }) => take(what === "say" && said.trim() ? said : `[${t(SHOWN[what])}${what === "key" ? ` ${said}` : ""}]`, answer),
  });
  useEffect(() => {
    bottom.current?.scrollIntoView({ block: "nearest" }); // newer browsers return a promise, which is no clean-up
  }, [steps]);
  useEffect(() => () => onNode(null), []); // eslint-disable-line
  const spokenNode = mic.view.stand?.node;
  useEffect(() => {
    if (spokenNode) onNode(spokenNode);
  }, [spokenNode]); // eslint-disable-line
  const type = (by: "human" | "machine") => {
    mic.leave();
    begin.mutate(by);
  };
  const speak = () => {
    begin.reset();
    deed.reset();
    void mic.begin(text(), given);
  };
  const stand = talk?.stand;
  const open = stand !== undefined && stand.phase !== "ended";
  const send = () => {
    const keys = /^[0-9*#]{1,4}$/.test(words.trim());
    deed.mutate({ what: words.trim() === "" ? "silence" : keys ? "key" : "say", said: words.trim() });
    setWords("");
  };
  const typed = (
    <>
      <div className="talk-lines" role="log" aria-label={t("talk")}>
        {steps.map((step, n) => (
          <Turn key={n} caller={step.caller} turn={step.turn} />
        ))}
        <div ref={bottom} />
      </div>
      {stand?.phase === "ended" && <Alert type="info" showIcon title={t("over", { end: stand.end ?? "" })} />}
      {open && (stand.phase === "action" || stand.phase === "transfer") ? (
        <Space>
          <Button onClick={() => deed.mutate({ what: "ok", said: "" })}>{t("ok")}</Button>
          <Button onClick={() => deed.mutate({ what: "failed", said: "" })}>{t("failed")}</Button>
        </Space>
      ) : (
        open && (
          <Space.Compact block>
            <Input
              value={words}
              aria-label={t("youSay")}
              placeholder={t("youSay")}
              maxLength={1000}
              onChange={(event) => setWords(event.target.value)}
              onPressEnter={(event) => !event.nativeEvent.isComposing && send()}
            />
            <Button type="primary" loading={deed.isPending} onClick={send}>
              {t("send")}
            </Button>
            <Button danger onClick={() => deed.mutate({ what: "hang_up", said: "" })}>
              {t("hangUp")}
            </Button>
          </Space.Compact>
        )
      )}
      {stand && <Stand stand={stand} />}
    </>
  );
  return (
    <Flex vertical gap={8}>
      <Flex gap={8} wrap>
        <Button type={talk || spoken ? "default" : "primary"} size="small" loading={begin.isPending} onClick={() => type("human")}>
          {talk && !spoken ? t("again") : t("begin")}
        </Button>
        <Button size="small" onClick={() => type("machine")}>
          {t("machine")}
        </Button>
        <Button size="small" icon={<AudioOutlined />} disabled={speaking} title={t("speakHow")} onClick={speak}>
          {spoken && !speaking ? t("speakAgain") : t("speak")}
        </Button>
      </Flex>
      {variables.length > 0 && (
        <Collapse
          size="small"
          items={[
            {
              key: "vars",
              label: t("variables"),
              children: variables.map((one) => (
                <Form.Item key={one.name} label={one.name} htmlFor={`var-${one.name}`} style={{ marginBottom: 6 }}>
                  <Input
                    id={`var-${one.name}`}
                    size="small"
                    placeholder={one.example}
                    value={given[one.name] ?? ""}
                    maxLength={500}
                    onChange={(event) => setGiven(({ [one.name]: _, ...rest }) => (event.target.value ? { ...rest, [one.name]: event.target.value } : rest))}
                  />
                </Form.Item>
              )),
            },
          ]}
        />
      )}
      <ProblemAlert error={begin.error ?? deed.error} />
      {spoken ? <Spoken mic={mic} /> : typed}
    </Flex>
  );
}

const SHOWN = { say: "silence", key: "key", silence: "silence", hang_up: "hangUp", machine: "machine", ok: "ok", failed: "failed" } as const;
