// One call: what was said beside how it sounded, what was decided and why, its SIP messages, and what allowed it.
import { BulbOutlined, CaretRightOutlined, PhoneOutlined, RightOutlined } from "@ant-design/icons";
import { Alert, Button, Descriptions, Empty, Flex, Segmented, Skeleton, Table, Tabs, Tag, Typography } from "antd";
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useEffect, useMemo, useRef, useState } from "react";
import { Link, useNavigate, useParams } from "react-router";
import { api, data } from "@/api/client";
import type { components } from "@/api/schema";
import { useMay } from "@/app/viewer";
import { fieldOf, valueOf, whatOf } from "@/features/live/lineWords";
import { codeTitle, useDesk } from "@/features/live/useDesk";
import { Page } from "@/ui/Page";
import { ProblemAlert } from "@/ui/problems";
import { Duration, When } from "@/ui/When";
import { Grade, Outcome, usePalette } from "./parts";
import type { PlayerHandle } from "./Player";
import { useWords } from "./words";

const Player = lazy(() => import("./Player"));
type Detail = components["schemas"]["CallDetail"];
type Line = Detail["lines"][number];

export function Component() {
  const t = useWords();
  const go = useNavigate();
  const may = useMay();
  const { call = "" } = useParams();
  const found = useQuery({ queryKey: ["calls", call], queryFn: () => data(api.GET("/api/v1/calls/{call}", { params: { path: { call } } })) });
  const detail = found.data;
  return (
    <Page
      title={t("call")}
      extra={detail && <When at={detail.started_at} />}
      actions={
        <Flex gap={12} align="center">
          {detail && detail.number && may("desk.work") && (
            <Button icon={<PhoneOutlined />} onClick={() => void go(`/desk?call=${encodeURIComponent(call)}${detail.task ? `&task=${detail.task}` : ""}`)}>
              {t("call_back")}
            </Button>
          )}
          <Link to="/calls">{t("back")}</Link>
        </Flex>
      }
    >
      <ProblemAlert error={found.error} onRetry={() => void found.refetch()} />
      {found.isPending && <Skeleton active paragraph={{ rows: 12 }} />}
      {detail && <Whole detail={detail} />}
    </Page>
  );
}

function Whole({ detail }: { detail: Detail }) {
  const t = useWords();
  const may = useMay();
  const player = useRef<PlayerHandle>(null);
  const [now, setNow] = useState(-1);
  const plays = detail.recorded && may("recordings.play");
  const offset = detail.recording_ms;
  useEffect(() => {
    const key = (event: KeyboardEvent) => {
      if (event.key !== " " || (event.target as HTMLElement).closest("input, textarea, button, a, [role=tab], [tabindex='0']")) return;
      event.preventDefault();
      player.current?.toggle();
    };
    window.addEventListener("keydown", key);
    return () => window.removeEventListener("keydown", key);
  }, []);
  return (
    <Flex vertical gap={12}>
      <Facts detail={detail} />
      <WrapUps call={detail.call} />
      {plays ? (
        <Suspense fallback={<Skeleton.Node active style={{ width: "100%", height: 126 }} />}>
          <Player ref={player} call={detail.call} onTime={setNow} />
        </Suspense>
      ) : (
        <Typography.Text type="secondary">{detail.recorded ? t("may_not_play") : t("no_recording")}</Typography.Text>
      )}
      <Tabs
        items={[
          {
            key: "transcript",
            label: t("transcript"),
            children: <Transcript detail={detail} now={plays ? now + offset : -1} onJump={plays ? (ms) => player.current?.playFrom(ms - offset) : undefined} />,
          },
          { key: "events", label: t("events"), children: <Events call={detail.call} has={detail.log} /> },
          { key: "ladder", label: t("ladder"), children: <Ladder call={detail.call} has={detail.log} /> },
          { key: "decision", label: t("decision"), children: <Decision call={detail.call} /> },
        ]}
      />
    </Flex>
  );
}

function Facts({ detail }: { detail: Detail }) {
  const t = useWords();
  return (
    <Descriptions
      size="small"
      bordered
      column={{ xs: 1, sm: 2, lg: 4 }}
      items={[
        { key: "number", label: t("number"), children: detail.number || t("erased") },
        { key: "outcome", label: t("outcome"), children: <Outcome name={detail.disposition} /> },
        {
          key: "grade",
          label: t("grade"),
          children: (
            <Flex gap={6} align="center">
              <Grade grade={detail.grade} /> {detail.reason}
            </Flex>
          ),
        },
        { key: "talk", label: t("talk"), children: detail.answered ? <Duration ms={detail.talk_ms} /> : "—" },
        { key: "task", label: t("task"), children: detail.task ? <Link to={`/tasks/${detail.task}`}>{detail.task_name}</Link> : "—" },
        { key: "script", label: t("script"), children: detail.script ? `${detail.script} · ${detail.version}${detail.variant ? ` · ${detail.variant}` : ""}` : "—" },
        { key: "own", label: t("own_number"), children: detail.own_number || "—" },
        { key: "attempt", label: t("attempt"), children: detail.attempt ?? "—" },
        ...(detail.agent ? [{ key: "agent", label: t("agent"), children: `${detail.agent_name || `#${detail.agent}`}${detail.origin === "agent" ? ` · ${t("called_by_click")}` : ""}` }] : []),
        ...(detail.tags.length ? [{ key: "tags", label: t("tags"), children: detail.tags.map((tag) => <Tag key={tag}>{tag}</Tag>) }] : []),
        ...(Object.keys(detail.slots).length
          ? [{ key: "slots", label: t("slots"), span: 2, children: Object.entries(detail.slots).map(([name, value]) => <Tag key={name}>{`${name}: ${value}`}</Tag>) }]
          : []),
        ...(Object.keys(detail.portrait).length
          ? [{ key: "portrait", label: t("portrait"), span: 2, children: Object.entries(detail.portrait).map(([name, value]) => <Tag key={name}>{`${name}: ${value}`}</Tag>) }]
          : []),
        ...(detail.follow_up ? [{ key: "follow", label: t("follow_up"), span: 2, children: `${detail.follow_up}${detail.follow_by ? ` (${detail.follow_by})` : ""}` }] : []),
        ...(detail.open_questions.length ? [{ key: "open", label: t("open"), span: 2, children: detail.open_questions.join(" · ") }] : []),
        ...(detail.sip_code && detail.sip_code !== 200 ? [{ key: "code", label: t("line_code"), children: `${detail.sip_code} ${detail.cause}` }] : []),
      ]}
    />
  );
}

/** What agents wrote about the call. */
function WrapUps({ call }: { call: string }) {
  const t = useWords();
  const rules = useDesk().data;
  const found = useQuery({ queryKey: ["calls", call, "wrap-ups"], queryFn: () => data(api.GET("/api/v1/desk/calls/{call}/wrap-ups", { params: { path: { call } } })) });
  return (
    <>
      {(found.data ?? []).map((one) => (
        <Flex key={one.at} gap={8} align="baseline" wrap>
          <Tag>{codeTitle(rules, one.code)}</Tag>
          {one.note && <span>{one.note}</span>}
          <Typography.Text type="secondary">
            {one.name || `#${one.user}`} · <When at={one.at} /> {one.follow_up && `· ${t("to_follow")}`}
          </Typography.Text>
        </Flex>
      ))}
    </>
  );
}

function Transcript({ detail, now, onJump }: { detail: Detail; now: number; onJump?: (ms: number) => void }) {
  const t = useWords();
  const colours = usePalette();
  const list = useRef<HTMLOListElement>(null);
  const rows = useMemo(() => {
    const steps = detail.steps.map((step) => ({ at: step.at_ms, step }));
    const lines = detail.lines.map((line) => ({ at: line.at_ms, line }));
    return [...steps, ...lines].sort((one, other) => one.at - other.at) as { at: number; step?: Detail["steps"][number]; line?: Line }[];
  }, [detail]);
  const current = useMemo(() => {
    let last = -1;
    if (now >= 0) rows.forEach((row, at) => row.line && row.at <= now && (last = at));
    return last;
  }, [rows, now]);
  useEffect(() => {
    if (current >= 0) list.current?.children[current]?.scrollIntoView({ block: "nearest" });
  }, [current]);
  if (detail.lines.length === 0) return <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t("no_words")} />;
  const who: Record<string, string> = { robot: t("robot"), caller: t("caller"), agent: t("agent"), note: t("note") };
  return (
    <ol ref={list} style={{ listStyle: "none", margin: 0, padding: 0, maxHeight: 460, overflow: "auto" }} tabIndex={0} aria-label={t("transcript")}>
      {rows.map((row, at) =>
        row.step ? (
          <li key={at} style={{ padding: "1px 8px" }}>
            <Typography.Text type="secondary" style={{ fontSize: 12 }}>
              <span className="mono">{clock(row.at)}</span> {row.step.kind === "kb" ? <BulbOutlined /> : <RightOutlined />} {row.step.name}
            </Typography.Text>
          </li>
        ) : (
          row.line && (
            <li key={at} style={{ padding: "3px 8px", borderRadius: 6, background: at === current ? colours.marked : undefined }} aria-current={at === current || undefined}>
              <Flex gap={10} align="baseline">
                {onJump ? (
                  <Button type="link" size="small" className="mono" icon={<CaretRightOutlined />} aria-label={`${t("jump")} ${clock(row.at)}`} onClick={() => onJump(row.at)}>
                    {clock(row.at)}
                  </Button>
                ) : (
                  <span className="mono">{clock(row.at)}</span>
                )}
                <Typography.Text strong={row.line.who !== "robot"} style={{ width: 64, flex: "none" }}>
                  <span aria-hidden style={{ color: row.line.who === "caller" ? colours.second : row.line.who === "robot" ? colours.third : colours.quiet }}>
                    ●{" "}
                  </span>
                  {who[row.line.who] ?? row.line.who}
                </Typography.Text>
                <span style={{ cursor: onJump ? "pointer" : undefined }} onClick={() => onJump?.(row.at)}>
                  {row.line.text} {row.line.note && <Typography.Text type="secondary">({row.line.note})</Typography.Text>}
                </span>
              </Flex>
            </li>
          )
        ),
      )}
    </ol>
  );
}

function clock(ms: number): string {
  const seconds = Math.max(0, ms) / 1000;
  return `${Math.floor(seconds / 60)}:${(seconds % 60).toFixed(1).padStart(4, "0")}`;
}

function useEvents(call: string, has: boolean) {
  return useQuery({
    queryKey: ["calls", call, "events"],
    queryFn: () => data(api.GET("/api/v1/calls/{call}/events", { params: { path: { call } } })),
    enabled: has,
    staleTime: Infinity,
  });
}

const DECISIONS = new Set(["understood", "global", "kb", "passed_over", "taken", "next", "branch", "ab", "slot", "learn", "did", "limit", "end", "transfer", "disclosed", "ended", "interrupted", "greeting"]);

function Events({ call, has }: { call: string; has: boolean }) {
  const t = useWords();
  const found = useEvents(call, has);
  const [only, setOnly] = useState<"decisions" | "all">("decisions");
  if (!has) return <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t("log_gone")} />;
  if (found.isPending) return <Skeleton active />;
  if (found.error) return <ProblemAlert error={found.error} onRetry={() => void found.refetch()} />;
  const events = (found.data?.events ?? []) as Record<string, unknown>[];
  const rows = events.filter((event) => only === "all" || DECISIONS.has(String(event["kind"])));
  return (
    <>
      <Segmented
        value={only}
        onChange={(value) => setOnly(value as "all")}
        options={[
          { value: "decisions", label: t("only_decisions") },
          { value: "all", label: t("all_events") },
        ]}
        style={{ marginBottom: 8 }}
      />
      <Table
        size="small"
        rowKey={(event) => String(event["n"])}
        dataSource={rows}
        pagination={{ pageSize: 100, hideOnSinglePage: true }}
        columns={[
          { title: t("at"), width: 80, render: (_, event) => <span className="mono">{clock(Number(event["at_ms"] ?? 0))}</span> },
          { title: t("kind"), width: 130, render: (_, event) => <Tag title={String(event["kind"])}>{whatOf(String(event["kind"]))}</Tag> },
          { title: t("what"), render: (_, event) => <What event={event} /> },
          { title: t("reason"), width: 320, render: (_, event) => valueOf("why", String(event["why"] ?? "")) },
        ]}
      />
    </>
  );
}

const HIDDEN = new Set(["n", "at_ms", "kind", "why", "step"]);

function What({ event }: { event: Record<string, unknown> }) {
  const rest = Object.entries(event).filter(([name]) => !HIDDEN.has(name));
  return (
    <Typography.Paragraph style={{ margin: 0 }} ellipsis={{ rows: 2, expandable: "collapsible" }}>
      {rest.map(([name, value]) => `${fieldOf(name)}: ${typeof value === "object" ? JSON.stringify(value) : valueOf(name, String(value))}`).join(" · ")}
    </Typography.Paragraph>
  );
}

function Ladder({ call, has }: { call: string; has: boolean }) {
  const t = useWords();
  const found = useEvents(call, has);
  if (!has) return <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t("log_gone")} />;
  if (found.isPending) return <Skeleton active />;
  return (
    <>
      <ProblemAlert error={found.error} onRetry={() => void found.refetch()} />
      <pre className="mono" style={{ overflow: "auto", fontSize: 12.5, margin: 0 }} tabIndex={0} aria-label={t("ladder")}>
        {found.data?.ladder}
      </pre>
    </>
  );
}

interface Reason {
  rule?: string;
  holds?: boolean;
  detail?: string;
  pack?: string;
  version?: string;
}

function Decision({ call }: { call: string }) {
  const t = useWords();
  const found = useQuery({ queryKey: ["calls", call, "decision"], queryFn: () => data(api.GET("/api/v1/calls/{call}/decision", { params: { path: { call } } })) });
  if (found.isPending) return <Skeleton active />;
  if (found.error || !found.data) return <ProblemAlert error={found.error} onRetry={() => void found.refetch()} />;
  const one = found.data;
  const rules = (Array.isArray(one.body["rules"]) ? one.body["rules"] : Array.isArray(one.body["reasons"]) ? one.body["reasons"] : []) as Reason[];
  return (
    <Flex vertical gap={12}>
      <Alert type={one.verified ? "success" : "error"} showIcon title={one.verified ? t("verified") : t("not_verified")} description={one.findings.join("\n") || undefined} />
      <Descriptions
        size="small"
        column={2}
        items={[
          { key: "record", label: t("record"), children: <span className="mono">{`${one.seq} · ${one.id}`}</span> },
          { key: "at", label: t("at"), children: <When at={one.at} /> },
          ...one.consents.map((ground) => ({
            key: `c${ground.id}`,
            label: t("rests"),
            children: `${ground.basis} · ${ground.scope.join(", ")} · ${ground.channel} · ${t("given", { at: new Date(ground.given_at).toLocaleDateString() })}`,
          })),
        ]}
      />
      <Table
        size="small"
        rowKey={(reason) => `${reason.pack}${reason.rule}`}
        dataSource={rules}
        pagination={false}
        columns={[
          { title: t("rule"), render: (_, reason) => <span className="mono">{reason.rule}</span> },
          { title: t("rests"), render: (_, reason) => (reason.pack ? `${reason.pack} ${reason.version ?? ""}` : "") },
          { title: t("what"), dataIndex: "detail" },
        ]}
      />
    </Flex>
  );
}
