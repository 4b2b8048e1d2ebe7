// Talk to the script as it stands in the editor, and see why it answers so.
import { Alert, Button, Collapse, Descriptions, Flex, Form, Input, Space, Tag, Typography } from "antd";
import { useMutation } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { api, data } from "@/api/client";
import type { components } from "@/api/schema";
import { ProblemAlert } from "@/ui/problems";
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
  useEffect(() => bottom.current?.scrollIntoView({ block: "nearest" }), [steps]);
  useEffect(() => () => onNode(null), []); // eslint-disable-line
  const stand = talk?.stand;
  const open = stand !== undefined && stand.phase !== "ended";
  const send = () => {
    const keys = /^[0-9*#]{1,4}$/.test(words.trim());
    deed.mutate({ what: words.trim() === "" ? "silence" : keys ? "key" : "say", said: words.trim() });
    setWords("");
  };
  return (
    <Flex vertical gap={8}>
      <Flex gap={8} wrap>
        <Button type={talk ? "default" : "primary"} size="small" loading={begin.isPending} onClick={() => begin.mutate("human")}>
          {talk ? t("again") : t("begin")}
        </Button>
        <Button size="small" onClick={() => begin.mutate("machine")}>
          {t("machine")}
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
      <div className="talk-lines" role="log" aria-label={t("talk")}>
        {steps.map((step, n) => (
          <Turn key={n} step={step} />
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
      {stand && (
        <Descriptions
          size="small"
          column={1}
          bordered
          items={[
            { key: "node", label: t("node"), children: <span className="mono">{stand.node}</span> },
            { key: "grade", label: t("grade"), children: stand.grade ? `${stand.grade} ${stand.grade_title}` : "—" },
            { key: "reason", label: t("reason"), children: stand.reason },
            { key: "slots", label: t("slots"), children: Object.entries(stand.slots).map(([name, value]) => <Tag key={name}>{`${name} = ${String(value)}`}</Tag>) },
            { key: "tags", label: t("tags"), children: stand.tags.map((tag) => <Tag key={tag}>{tag}</Tag>) },
          ]}
        />
      )}
    </Flex>
  );
}

const SHOWN = { say: "silence", key: "key", silence: "silence", hang_up: "hangUp", machine: "machine", ok: "ok", failed: "failed" } as const;

function Turn({ step }: { step: Step }) {
  const t = useWords();
  return (
    <>
      {step.caller !== null && <div className="talk-caller">{step.caller}</div>}
      {step.turn.said.map((one, n) => (
        <div className="talk-robot" key={n} title={one.source}>
          {one.text}
        </div>
      ))}
      {step.turn.acts.map((act, n) => (
        <Typography.Text type="secondary" key={n}>
          ⚙ {act.kind} {act.text}
        </Typography.Text>
      ))}
      {step.turn.explained.length > 0 && (
        <details style={{ fontSize: 12, color: "var(--ant-color-text-description)" }}>
          <summary>{t("why")}</summary>
          <Why decisions={step.turn.decisions} />
        </details>
      )}
    </>
  );
}

interface Candidate {
  type: string;
  id: string;
  source: string;
  score: number;
  why: string;
}

/** Readings of the sentence with their scores, the ranking with its runner-up, then what was done with them. */
function Why({ decisions }: { decisions: components["schemas"]["TalkDecision"][] }) {
  const t = useWords();
  return (
    <ul style={{ margin: 0, paddingInlineStart: 16 }}>
      {decisions.map((one, n) => {
        if (one.kind === "understood") {
          const found = (one.data["candidates"] as Candidate[] | undefined) ?? [];
          const ranking = (one.data["ranking"] as [string, number][] | undefined) ?? [];
          return (
            <li key={n}>
              {t("candidate")}: {found.length === 0 && "—"}
              {found.map((reading, m) => (
                <Tag key={m}>{`${reading.type}${reading.id ? `:${reading.id}` : ""} ${reading.score.toFixed(2)} · ${reading.source} “${reading.why}”`}</Tag>
              ))}
              {ranking.length > 0 && (
                <div>
                  {t("ranking")}: {ranking.map(([name, score]) => `${name} ${score.toFixed(2)}`).join(" > ")}
                </div>
              )}
            </li>
          );
        }
        const rest = Object.entries(one.data).filter(([key, value]) => key !== "step" && key !== "span" && value !== null && value !== "" && value !== false);
        return (
          <li key={n}>
            <b>{one.kind}</b> {rest.map(([key, value]) => `${key} ${typeof value === "object" ? JSON.stringify(value) : String(value)}`).join(", ")}
          </li>
        );
      })}
    </ul>
  );
}
