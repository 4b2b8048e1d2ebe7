// The live board: every running call, what is said in it now, and one of them in full.
import { Alert, Drawer, Empty, Flex, Grid, Input, Select, Skeleton, Switch, Tag, Typography } from "antd";
import { memo, useCallback, useEffect, useMemo, useState } from "react";
import { useSearchParams } from "react-router";
import { Page } from "@/ui/Page";
import { Duration } from "@/ui/When";
import { WindowedList } from "@/ui/WindowedList";
import { CallPanel } from "./CallPanel";
import { useCallAudio } from "./audio";
import { filtered, type LiveCall, useBoard } from "./board";
import "./live.css";
import { type LiveWord, useWords } from "./words";

export const STANDINGS = ["robot", "paused", "queued", "person", "returned", "ended"] as const;
const COLOURS: Record<string, string> = { queued: "orange", person: "green", returned: "cyan", paused: "default", robot: "blue", ended: "default" };

export function Standing({ call }: { call: LiveCall }) {
  const t = useWords();
  const word = call.stage === "talking" ? call.standing : call.stage;
  return <Tag color={call.stage === "talking" ? COLOURS[call.standing] : "default"}>{t(word as LiveWord)}</Tag>;
}

export function talkedMs(call: LiveCall, now: number): number | null {
  if (call.answered_ms == null) return null;
  return Math.max(0, now - new Date(call.began_at).getTime() - call.answered_ms);
}

export function useNow(): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = window.setInterval(() => setNow(Date.now()), 1_000);
    return () => window.clearInterval(timer);
  }, []);
  return now;
}

const Row = memo(function Row({ call, seconds, chosen, onOpen }: { call: LiveCall; seconds: number | null; chosen: boolean; onOpen: (call: string) => void }) {
  const t = useWords();
  return (
    <button type="button" className="live-row" aria-current={chosen} onClick={() => onOpen(call.call)} data-call={call.call}>
      <span>
        <Standing call={call} />
      </span>
      <span className="numeric mono">{call.number}</span>
      <span className="live-where" title={`${call.script} · ${call.node}`}>
        {call.node || call.script}
      </span>
      <Duration ms={seconds === null ? null : seconds * 1000} />
      <b>{call.grade}</b>
      <span className="live-said" data-open={call.said ? !call.said.final : false}>
        {(call.risks ?? []).map((risk) => (
          <Tag key={risk} color="red" variant="outlined">
            {t(risk as LiveWord)}
          </Tag>
        ))}
        {call.said?.text}
      </span>
    </button>
  );
});

export function Component() {
  const t = useWords();
  const { calls, workers, link } = useBoard();
  const [text, setText] = useState("");
  const [standing, setStanding] = useState("");
  const [risky, setRisky] = useState(false);
  const [address, setAddress] = useSearchParams();
  const chosen = address.get("call");
  const now = useNow();
  const wide = Grid.useBreakpoint().lg ?? true;
  const audio = useCallAudio();
  const shown = useMemo(() => filtered(calls, { text, standing, risky }), [calls, text, standing, risky]);
  const open = useCallback((call: string) => setAddress({ call }), [setAddress]);
  const close = () => setAddress({});
  const found = calls.find((one) => one.call === chosen);
  const panel = chosen && <CallPanel id={chosen} call={found} now={now} audio={audio} onClose={close} />;
  const empty = workers === 0 ? [t("noWorker"), t("noWorkerWhy")] : [t("none"), t("noneWhy")];
  return (
    <Page
      title={t("title")}
      extra={
        <Typography.Text type="secondary" className="numeric" aria-live="off">
          {t("count", { shown: shown.length, all: calls.length })}
        </Typography.Text>
      }
    >
      {link === "broken" && <Alert type="warning" showIcon title={t("broken")} style={{ marginBottom: 12 }} />}
      <Flex gap={8} wrap style={{ marginBottom: 12 }} align="center">
        <Input.Search allowClear placeholder={t("filter")} aria-label={t("filter")} style={{ width: 220 }} onChange={(event) => setText(event.target.value)} />
        <Select
          value={standing}
          onChange={setStanding}
          style={{ width: 150 }}
          aria-label={t("state")}
          options={[{ value: "", label: t("allStates") }, ...STANDINGS.map((one) => ({ value: one, label: t(one) }))]}
        />
        <label>
          <Switch size="small" checked={risky} onChange={setRisky} aria-label={t("risky")} /> {t("risky")}
        </label>
      </Flex>
      <div className="live-split">
        {workers === null ? (
          <Skeleton active paragraph={{ rows: 6 }} />
        ) : shown.length === 0 ? (
          <Empty
            image={Empty.PRESENTED_IMAGE_SIMPLE}
            description={
              <>
                <div>{calls.length ? t("none") : empty[0]}</div>
                <Typography.Text type="secondary">{calls.length ? "" : empty[1]}</Typography.Text>
              </>
            }
          />
        ) : (
          <WindowedList
            rows={shown}
            rowHeight={wide ? 40 : 64}
            rowKey={(row) => row.call}
            label={t("title")}
            style={{ height: "100%" }}
            render={(row) => {
              const ms = row.stage === "talking" ? talkedMs(row, now) : null;
              return <Row call={row} seconds={ms === null ? null : Math.floor(ms / 1000)} chosen={row.call === chosen} onOpen={open} />;
            }}
          />
        )}
        {wide ? (
          (panel ?? (
            <div className="live-panel">
              <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t("choose")} />
            </div>
          ))
        ) : (
          <Drawer open={Boolean(panel)} placement="bottom" size="90%" onClose={close} title={found?.number ?? t("summary")} styles={{ body: { padding: 0 } }}>
            {panel}
          </Drawer>
        )}
      </div>
    </Page>
  );
}
