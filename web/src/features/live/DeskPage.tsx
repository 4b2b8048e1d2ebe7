// The agent's desk: am I there, who waits for me, the call I have, and what came of it.
import { App, Alert, Badge, Button, Card, Checkbox, Empty, Flex, Form, Input, Segmented, Select, Skeleton, Tag, Typography } from "antd";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { Link, useSearchParams } from "react-router";
import { api, data, queries } from "@/api/client";
import type { components } from "@/api/schema";
import { useMay } from "@/app/viewer";
import { Page } from "@/ui/Page";
import { ProblemAlert } from "@/ui/problems";
import { Duration, When } from "@/ui/When";
import { type CallAudio, type Refused, useCallAudio } from "./audio";
import { type LiveCall, useBoard } from "./board";
import { CallPanel, SoundFault } from "./CallPanel";
import "./live.css";
import { useNow } from "./LivePage";
import { type DeskWord, useDeskWords } from "./deskWords";
import { codeTitle, groupTitle, useDesk } from "./useDesk";

type Presence = components["schemas"]["Presence"];
type AgentView = components["schemas"]["AgentView"];
type Said = "ready" | "break" | "offline" | "wrap_up";

const PRESENCE = ["desk", "presence"];
const COLOURS: Record<string, "success" | "processing" | "warning" | "default"> = {
  ready: "success", busy: "processing", wrap_up: "warning", break: "warning", offline: "default",
};

export function Component() {
  const t = useDeskWords();
  const { message } = App.useApp();
  const presence = useQuery({
    queryKey: PRESENCE,
    queryFn: () => data<Presence>(api.POST("/api/v1/desk/presence", {})),
    refetchInterval: 8_000,
    refetchIntervalInBackground: true, // an agent who looks at another window is still there
  });
  const { calls, workers } = useBoard();
  const audio = useCallAudio();
  const rules = useDesk().data;
  const now = useNow();
  const me = presence.data?.me;
  const say = useMutation({
    mutationFn: (state: Said) => data<AgentView>(api.PUT("/api/v1/desk/state", { body: { state } })),
    onSettled: () => queries.invalidateQueries({ queryKey: PRESENCE }),
  });
  const waiting = calls.filter((call) => call.standing === "queued" && (!me?.groups.length || me.groups.includes(call.group ?? "")));
  const mine = calls.find((call) => call.call === (audio.call ?? me?.call));

  // A call that ended without us (they hung up, the connection broke) is to be written up too.
  const before = useRef(audio.state);
  useEffect(() => {
    if (before.current === "takeover" && audio.state === "idle") say.mutate("wrap_up");
    before.current = audio.state;
  }, [audio.state]);

  const ringing = me?.state === "ready" && waiting.length > 0;
  useEffect(() => {
    if (ringing) document.title = `(${waiting.length}) ${t("waiting")}`;
  }, [ringing, waiting.length, t]);

  if (presence.isPending) return <Skeleton active />;
  if (!me) return <ProblemAlert error={presence.error} onRetry={() => void presence.refetch()} />;
  const accept = async (call: LiveCall) => {
    await audio.join(call.call, "takeover");
    void presence.refetch();
  };
  return (
    <Page title={t("title")} extra={<Badge status={COLOURS[me.state]} text={t(me.state as DeskWord)} />}>
      {workers === 0 && <Alert type="warning" showIcon title={t("noWorker")} style={{ marginBottom: 12 }} />}
      <ProblemAlert error={say.error} />
      <Flex gap={12} wrap align="center" style={{ marginBottom: 12 }}>
        <Segmented
          aria-label={t("state")}
          value={me.state}
          disabled={me.state === "busy" || (me.state === "wrap_up" && (rules?.required ?? true))}
          options={(["ready", "break", "offline"] as const).map((one) => ({ value: one, label: t(one) }))}
          onChange={(state) => say.mutate(state as Said)}
        />
        <Typography.Text type="secondary">
          {t("since")} <Duration ms={now - new Date(me.since).getTime()} />
        </Typography.Text>
        {me.groups.length > 0 && (
          <span>
            {me.groups.map((group) => (
              <Tag key={group}>{groupTitle(rules, group)}</Tag>
            ))}
          </span>
        )}
      </Flex>
      <div className="desk-split">
        <Flex vertical gap={12}>
          <Card size="small" title={`${t("waiting")} (${waiting.length})`}>
            {waiting.length === 0 ? (
              <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t("nobodyWaits")} />
            ) : (
              waiting.map((call) => (
                <Flex key={call.call} gap={8} align="center" wrap className="desk-waiting">
                  <span className="mono">{call.number}</span>
                  <Tag>{groupTitle(rules, call.group ?? "")}</Tag>
                  {call.grade && <Tag color="green">{call.grade}</Tag>}
                  <Duration ms={call.asked_ms == null ? null : now - new Date(call.began_at).getTime() - call.asked_ms} />
                  <span className="stretch" />
                  <Button type="primary" disabled={me.state !== "ready" || (audio.call !== null && audio.state !== "failed")} onClick={() => void accept(call)}>
                    {t("accept")}
                  </Button>
                  <div className="live-said">{call.said?.text}</div>
                </Flex>
              ))
            )}
          </Card>
          {me.state === "wrap_up" && <WrapUp agent={me} now={now} done={() => void message.success(t("kept"))} />}
          <Dial disabled={(audio.call !== null && audio.state !== "failed") || me.state === "wrap_up" || me.state === "busy"} audio={audio} />
          <Card size="small" title={t("agents")}>
            <ul className="desk-agents">
              {(presence.data?.agents ?? []).map((one) => (
                <li key={one.user}>
                  <Badge status={COLOURS[one.state]} text={one.name} /> <Typography.Text type="secondary">{t(one.state as DeskWord)}</Typography.Text>
                </li>
              ))}
            </ul>
          </Card>
        </Flex>
        {mine ? (
          <CallPanel id={mine.call} call={mine} now={now} audio={audio} onClose={() => void audio.act("leave")} />
        ) : (
          <section className="live-panel" aria-label={t("current")}>
            <SoundFault fault={audio.fault} />
            <ProblemAlert error={audio.problem} />
            <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t("noCall")} />
          </section>
        )}
      </div>
    </Page>
  );
}

function WrapUp({ agent, now, done }: { agent: AgentView; now: number; done: () => void }) {
  const t = useDeskWords();
  const rules = useDesk().data;
  const write = useMutation({
    mutationFn: (body: { code: string; note?: string; follow_up?: boolean }) =>
      data(api.POST("/api/v1/desk/wrap-ups", { body: { call: agent.call, code: body.code, note: body.note ?? "", follow_up: body.follow_up ?? false } })),
    onSuccess: () => {
      done();
      void queries.invalidateQueries({ queryKey: PRESENCE });
    },
  });
  const left = rules?.work_s ? rules.work_s * 1000 - (now - new Date(agent.since).getTime()) : null;
  return (
    <Card
      size="small"
      title={t("wrapUp")}
      extra={
        left !== null && (
          <Typography.Text type={left < 0 ? "danger" : "secondary"}>
            {left < 0 ? t("overTime") : t("timeLeft")} <Duration ms={Math.abs(left)} />
          </Typography.Text>
        )
      }
    >
      <ProblemAlert error={write.error} />
      <Form layout="vertical" onFinish={write.mutate} disabled={write.isPending || !rules}>
        <Form.Item name="code" label={t("code")} rules={[{ required: true, message: t("needed") }]}>
          <Select
            showSearch={{ optionFilterProp: "label" }}
            options={(rules?.codes ?? []).filter((one) => !one.archived).map((one) => ({ value: one.code, label: codeTitle(rules, one.code) }))}
          />
        </Form.Item>
        <Form.Item name="note" label={t("note")}>
          <Input.TextArea rows={3} maxLength={2000} />
        </Form.Item>
        <Form.Item name="follow_up" valuePropName="checked">
          <Checkbox>{t("followUp")}</Checkbox>
        </Form.Item>
        <Button type="primary" htmlType="submit" loading={write.isPending}>
          {t("finish")}
        </Button>
      </Form>
    </Card>
  );
}

interface Wanted {
  number?: string;
  task: number;
}

const NEVER = ["draft", "in_review", "cancelled", "failed"]; // nobody approved the plan, or it is over for good

/** Call somebody: by number, or (`/desk?call=ID&task=N`, `?lead=N&task=N`) whom a list or an earlier call names. */
function Dial({ disabled, audio }: { disabled: boolean; audio: CallAudio }) {
  const t = useDeskWords();
  const [address, setAddress] = useSearchParams();
  const [form] = Form.useForm<Wanted>();
  const call = address.get("call") ?? undefined;
  const lead = Number(address.get("lead")) || undefined;
  const named = call !== undefined || lead !== undefined;
  const tasks = useQuery({ queryKey: ["tasks", "to-dial"], queryFn: () => data(api.GET("/api/v1/tasks", { params: { query: { limit: 200 } } })) });
  const busy = audio.state === "asking" || audio.state === "connecting";
  const before = Number(address.get("task")) || undefined;
  const dial = async ({ number, task }: Wanted) => {
    await audio.dial(named ? { call, lead, task } : { number: number?.trim(), task });
    void queries.invalidateQueries({ queryKey: PRESENCE });
  };
  return (
    <Card size="small" title={t("dial")}>
      {audio.refused && <NotAllowed refused={audio.refused} />}
      <Form form={form} layout="vertical" initialValues={{ task: before }} onFinish={(wanted) => void dial(wanted)} disabled={disabled || busy} className="desk-dial">
        {named ? (
          <Form.Item label={t("person")}>
            <Tag closable={!busy} onClose={() => setAddress({})} className="mono">
              {call ? t("ofCall", { call: call.slice(-8) }) : t("ofLead", { lead: lead ?? 0 })}
            </Tag>
          </Form.Item>
        ) : (
          <Form.Item name="number" label={t("number")} rules={[{ required: true, pattern: /^\s*\+[1-9][0-9]{6,14}\s*$/, message: t("numberForm") }]}>
            <Input placeholder="+8613900000001" autoComplete="off" inputMode="tel" />
          </Form.Item>
        )}
        <Form.Item name="task" label={t("task")} rules={[{ required: true, message: t("needed") }]}>
          <Select
            showSearch={{ optionFilterProp: "label" }}
            loading={tasks.isPending}
            options={(tasks.data?.items ?? []).filter((task) => !NEVER.includes(task.state)).map((task) => ({ value: task.id, label: task.name }))}
          />
        </Form.Item>
        <Button type="primary" htmlType="submit" loading={busy}>
          {t("call")}
        </Button>
      </Form>
      <Typography.Text type="secondary">{t("dialHow")}</Typography.Text>
    </Card>
  );
}

// What is no rule of a pack, in our own words.
const OURS: Record<string, DeskWord> = { "unknown-person": "no-unknown-person", suspended: "no-suspended", script: "no-script", pre_dial: "no-pre_dial" };

function NotAllowed({ refused }: { refused: Refused }) {
  const t = useDeskWords();
  const may = useMay();
  const known = refused.rule in OURS;
  return (
    <Alert
      type="warning"
      showIcon
      role="alert"
      style={{ marginBottom: 12 }}
      title={t("notAllowed", { rule: known ? t(OURS[refused.rule]!) : refused.title })}
      description={
        <>
          {!known && refused.detail && <div>{refused.detail}</div>}
          <div>
            {refused.next_allowed_at ? (
              <>
                {t("nextAllowed")} <When at={refused.next_allowed_at} />
              </>
            ) : (
              t("timeDoesNot")
            )}
          </div>
          {refused.record && (may("records.read") ? <Link to={`/compliance/records/${refused.record}`}>{t("record", { n: refused.record })}</Link> : t("record", { n: refused.record }))}
        </>
      }
    />
  );
}
