// A conversation with the script by microphone: what is heard, said and decided, as it happens.
import { AudioMutedOutlined, AudioOutlined } from "@ant-design/icons";
import { Alert, Button, Flex, Input, Space } from "antd";
import { useEffect, useRef, useState } from "react";
import { Level } from "@/ui/Level";
import type { Fault } from "@/ui/microphone";
import { ProblemAlert } from "@/ui/problems";
import type { SpokenTalk } from "./microphone";
import type { Over, Step } from "./spoken";
import { Stand, Turn } from "./TalkTurn";
import { type StudioWord, useWords } from "./words";

const CURES: Partial<Record<Fault, StudioWord>> = {
  denied: "deniedHow", "no-microphone": "noMicHow", insecure: "insecureHow", "no-connection": "spoken.connectionHow",
}; // prettier-ignore

export function Spoken({ mic }: { mic: SpokenTalk }) {
  const t = useWords();
  const { stage, fault, view } = mic;
  const bottom = useRef<HTMLDivElement>(null);
  useEffect(() => {
    bottom.current?.scrollIntoView({ block: "nearest" }); // newer browsers return a promise, which is no clean-up
  }, [view.steps, view.hearing]);
  return (
    <>
      <div role="status">
        {(stage === "asking" || stage === "preparing" || stage === "connecting") && (
          <Alert
            type="info"
            showIcon
            title={t(stage)}
            action={
              <Button size="small" onClick={mic.leave}>
                {t("cancel")}
              </Button>
            }
          />
        )}
        {stage === "on" && <Alert type="success" showIcon title={t("on")} />}
      </div>
      {fault && fault !== "refused" && <Alert type="error" showIcon title={t(fault)} description={CURES[fault] && t(CURES[fault])} />}
      <ProblemAlert error={mic.problem} />
      {stage === "on" && <Controls mic={mic} />}
      <div className="talk-lines" role="log" aria-label={t("voice")}>
        {view.steps.map((step, n) => (
          <Turn key={n} caller={callerOf(step, t)} turn={step.turn} />
        ))}
        {stage === "on" && (
          <div className="talk-hearing" aria-label={t("hearing")} aria-live="off">
            {view.hearing && `${view.hearing}…`}
          </div>
        )}
        <div ref={bottom} />
      </div>
      {view.faults.map((text, n) => (
        <Alert key={n} type="warning" showIcon title={text} />
      ))}
      {view.over && <Ended over={view.over} />}
      {view.stand && <Stand stand={view.stand} />}
    </>
  );
}

/** What the caller did, in words. */
function callerOf(step: Step, t: ReturnType<typeof useWords>): string | null {
  if (step.caller === null) return null;
  if (step.how === "key") return `[${t("key")} ${step.caller}]`;
  if (step.how === "silence") return `[${t("silence")}]`;
  return step.caller || t("notUnderstood");
}

function Ended({ over }: { over: Over }) {
  const t = useWords();
  const broken = over.why === "connection" || over.why === "fault";
  return (
    <Alert
      type={broken ? "warning" : "info"}
      showIcon
      title={t(`spoken.${over.why}`, { end: over.end })}
      description={over.why === "connection" ? t("spoken.connectionHow") : undefined}
    />
  );
}

function Controls({ mic }: { mic: SpokenTalk }) {
  const t = useWords();
  const [muted, setMuted] = useState(false);
  const [keys, setKeys] = useState("");
  const press = () => {
    if (keys) void mic.press(keys);
    setKeys("");
  };
  return (
    <>
      <Flex gap={8} wrap>
        <Button
          size="small"
          aria-pressed={muted}
          icon={muted ? <AudioMutedOutlined /> : <AudioOutlined />}
          onClick={() => {
            mic.mute(!muted);
            setMuted(!muted);
          }}
        >
          {muted ? t("unmute") : t("mute")}
        </Button>
        <Space.Compact size="small">
          <Input
            style={{ width: 90 }}
            aria-label={t("keys")}
            placeholder={t("keys")}
            value={keys}
            maxLength={32}
            onChange={(event) => setKeys(event.target.value.replace(/[^0-9*#]/g, ""))}
            onPressEnter={press}
          />
          <Button disabled={!keys} onClick={press}>
            {t("press")}
          </Button>
        </Space.Compact>
        <Button size="small" danger onClick={() => void mic.hangUp()}>
          {t("hangUp")}
        </Button>
      </Flex>
      <Level stream={mic.microphone} label={t("you")} />
      <Level stream={mic.remote} label={t("robot")} />
    </>
  );
}
