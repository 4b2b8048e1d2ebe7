// One running call: what is said as it is spoken, why the robot does what it does, and what a person may do about it.
import { AudioMutedOutlined, AudioOutlined, CloseOutlined, CustomerServiceOutlined, PhoneOutlined, RollbackOutlined, SoundOutlined } from "@ant-design/icons";
import { Alert, Button, Collapse, Descriptions, Empty, Flex, Input, Popconfirm, Segmented, Space, Tag, Typography } from "antd";
import { useEffect, useRef, useState } from "react";
import { useMay } from "@/app/viewer";
import { ProblemAlert } from "@/ui/problems";
import { Duration } from "@/ui/When";
import type { Fault } from "@/ui/microphone";
import { Level } from "@/ui/Level";
import type { CallAudio } from "./audio";
import { type Line, type LiveCall, useTranscript } from "./board";
import { particulars, stateOf, whatOf } from "./lineWords";
import { Standing, talkedMs } from "./LivePage";
import { type LiveWord, useWords } from "./words";

const CURES: Partial<Record<Fault, LiveWord>> = {
  denied: "deniedHow", "no-microphone": "noMicHow", insecure: "insecureHow", "no-connection": "noConnectionHow",
};

interface Props {
  id: string;
  call: LiveCall | undefined;
  now: number;
  audio: CallAudio;
  onClose: () => void;
}

export function CallPanel({ id, call, now, audio, onClose }: Props) {
  const t = useWords();
  const may = useMay();
  const words = may("live.listen");
  const { lines, over } = useTranscript(words ? id : null);
  const slots = lines.filter((line) => line.kind === "slot");
  const why = lines.filter((line) => line.kind === "why");
  return (
    <section className="live-panel" aria-label={t("summary")}>
      <Flex align="center" gap={8} wrap>
        {call && <Standing call={call} />}
        <Typography.Text strong className="mono">
          {call?.number ?? id}
        </Typography.Text>
        {call?.grade && <Tag color="green">{call.grade}</Tag>}
        <span className="stretch" />
        <Button type="text" size="small" icon={<CloseOutlined />} aria-label={t("close")} onClick={onClose} />
      </Flex>
      {call && (
        <Descriptions size="small" column={2}>
          <Descriptions.Item label={t("node")}>{call.node || "—"}</Descriptions.Item>
          <Descriptions.Item label={t("duration")}>
            <Duration ms={talkedMs(call, now)} />
          </Descriptions.Item>
        </Descriptions>
      )}
      {call?.person && <Tag color="green">{call.person}</Tag>}
      {(over || call?.stage === "over") && <Alert type="info" title={t("isOver")} />}
      {call && call.stage === "talking" && words && <Controls call={call} audio={audio} />}
      {call && (call.stage === "dialling" || call.stage === "ringing") && audio.call === call.call && <Rings audio={audio} />}
      {words ? <Lines lines={lines} /> : <Typography.Text type="secondary">{t("noWords")}</Typography.Text>}
      {words && (
        <Collapse
          size="small"
          items={[
            { key: "slots", label: `${t("slots")} (${slots.length})`, children: <Facts lines={slots} /> },
            { key: "why", label: `${t("why")} (${why.length})`, children: <Facts lines={why.slice(-30).reverse()} /> },
          ]}
        />
      )}
    </section>
  );
}

/** Why there is no sound, and what to do about it; what the server refused stands in `audio.problem`. */
export function SoundFault({ fault }: { fault: Fault }) {
  const t = useWords();
  if (!fault || fault === "refused") return null;
  const cure = CURES[fault];
  return <Alert type="error" showIcon title={t(fault)} description={cure && t(cure)} style={{ marginBottom: 12 }} />;
}

/** A call of one's own that nobody has answered yet. */
function Rings({ audio }: { audio: CallAudio }) {
  const t = useWords();
  if (audio.state === "failed") return <SoundFault fault={audio.fault} />;
  return (
    <Flex gap={8} align="center" wrap>
      <Alert type="info" showIcon title={audio.state === "takeover" ? t("ringsForYou") : t("connecting")} style={{ flex: 1 }} />
      <Button danger icon={<PhoneOutlined />} onClick={() => void audio.act("hang_up")}>
        {t("hangUp")}
      </Button>
    </Flex>
  );
}

export function Controls({ call, audio }: { call: LiveCall; audio: CallAudio }) {
  const t = useWords();
  const may = useMay();
  const [muted, setMuted] = useState(false);
  const [keys, setKeys] = useState("");
  const mine = audio.call === call.call;
  const on = mine && (audio.state === "listen" || audio.state === "takeover");
  const busy = mine && (audio.state === "asking" || audio.state === "connecting");
  const other = !mine && audio.call !== null && audio.state !== "failed" && audio.state !== "idle";
  const takeover = may("live.takeover");
  useEffect(() => setMuted(false), [audio.state]);
  return (
    <Flex vertical gap={8}>
      {mine && <SoundFault fault={audio.fault} />}
      {mine && <ProblemAlert error={audio.problem} />}
      {busy && <Alert type="info" showIcon title={t(audio.state as LiveWord)} />}
      {on && <Alert type="success" showIcon title={audio.state === "takeover" ? t("talkingNow") : t("listening")} />}
      {!on && (
        <Space wrap>
          <Button icon={<SoundOutlined />} disabled={busy || other || (call.listeners ?? 0) > 0} onClick={() => void audio.join(call.call, "listen")}>
            {t("listen")}
          </Button>
          {takeover && (
            <Button
              type="primary"
              icon={<CustomerServiceOutlined />}
              disabled={busy || other || call.standing === "person"}
              onClick={() => void audio.join(call.call, "takeover")}
            >
              {t("takeover")}
            </Button>
          )}
        </Space>
      )}
      {on && audio.state === "takeover" && (
        <Space wrap>
          <Button type="primary" icon={<RollbackOutlined />} onClick={() => void audio.act("give_back")}>
            {t("giveBack")}
          </Button>
          <Button
            icon={muted ? <AudioMutedOutlined /> : <AudioOutlined />}
            aria-pressed={muted}
            onClick={() => {
              audio.mute(!muted);
              setMuted(!muted);
            }}
          >
            {muted ? t("unmute") : t("mute")}
          </Button>
          <Popconfirm title={t("hangUpSure")} onConfirm={() => void audio.act("hang_up")} okText={t("hangUp")}>
            <Button danger icon={<PhoneOutlined />}>
              {t("hangUp")}
            </Button>
          </Popconfirm>
          <Space.Compact>
            <Input
              aria-label={t("keys")}
              placeholder={t("keys")}
              value={keys}
              style={{ width: 90 }}
              onChange={(event) => setKeys(event.target.value.replace(/[^0-9*#]/g, "").slice(0, 16))}
            />
            <Button disabled={!keys} onClick={() => void audio.act("keys", { keys }).then((done) => done && setKeys(""))}>
              {t("press")}
            </Button>
          </Space.Compact>
        </Space>
      )}
      {on && audio.state === "listen" && (
        <Space wrap>
          {takeover && (
            <Segmented
              aria-label={t("listen")}
              options={[
                { value: "listen", label: t("onlyListen") },
                { value: "whisper", label: t("whisper"), disabled: call.standing !== "person" },
                { value: "barge", label: t("barge") },
              ]}
              onChange={(mode) => void audio.act("mode", { mode: mode as "listen" | "whisper" | "barge" })}
            />
          )}
          <Button onClick={() => void audio.act("leave")}>{t("leave")}</Button>
        </Space>
      )}
      {on && (
        <div>
          <Level stream={audio.microphone} label={t("me")} />
          <Level stream={audio.remote} label={t("them")} />
        </div>
      )}
    </Flex>
  );
}

export function Lines({ lines }: { lines: Line[] }) {
  const t = useWords();
  const list = useRef<HTMLOListElement>(null);
  const said = lines.filter((line) => line.kind !== "why" && line.kind !== "slot");
  useEffect(() => {
    // Of the list alone: on a phone the buttons above it must stay where they are.
    if (list.current) list.current.scrollTop = list.current.scrollHeight;
  }, [said.length, said[said.length - 1]?.text]);
  if (!said.length) return <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t("nothingYet")} />;
  return (
    <ol ref={list} className="live-lines" aria-label={t("transcript")} tabIndex={0}>
      {said.map((line, at) => (
        <li key={at} className="live-line" data-kind={line.kind} data-open={!line.final}>
          {(line.kind === "robot" || line.kind === "caller") && <small>{line.kind === "robot" ? t("ofRobot") : t("caller")}</small>}
          {line.kind === "fault" ? `${whatOf("fault")}: ${line.text}` : line.text || stateOf(line)}
        </li>
      ))}
    </ol>
  );
}

function Facts({ lines }: { lines: Line[] }) {
  if (!lines.length) return <>—</>;
  return (
    <ul style={{ margin: 0, paddingInlineStart: 16 }}>
      {lines.map((line, at) => (
        <li key={at}>
          {line.kind === "slot" ? (
            <>
              <Typography.Text code>{line.data["slot"]}</Typography.Text> {line.data["value"]}
            </>
          ) : (
            <>
              <Typography.Text strong>{whatOf(line.what)}</Typography.Text>{" "}
              {particulars(line).map(({ name, value }) => `${name} ${value}`).join(" · ")}
            </>
          )}
        </li>
      ))}
    </ul>
  );
}
