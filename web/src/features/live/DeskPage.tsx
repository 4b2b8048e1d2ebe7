// The agent's desk: am I there, who waits for me, the call I have, and what came of it.
import { App, Alert, Badge, Button, Card, Checkbox, Empty, Flex, Form, Input, InputNumber, List, Segmented, Select, Skeleton, Space, Tag, Typography } from "antd";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { api, data, Problem, queries } from "@/api/client";
import type { components } from "@/api/schema";
import { Page } from "@/ui/Page";
import { ProblemAlert } from "@/ui/problems";
import { Duration } from "@/ui/When";
import { useCallAudio } from "./audio";
import { type LiveCall, useBoard } from "./board";
import { CallPanel } from "./CallPanel";
import "./live.css";
import { useNow } from "./LivePage";
import { CODES, type DeskWord, useDeskWords } from "./deskWords";

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
          disabled={me.state === "busy" || me.state === "wrap_up"}
          options={(["ready", "break", "offline"] as const).map((one) => ({ value: one, label: t(one) }))}
          onChange={(state) => say.mutate(state as Said)}
        />
        <Typography.Text type="secondary">
          {t("since")} <Duration ms={now - new Date(me.since).getTime()} />
        </Typography.Text>
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
                  <Tag>{call.group}</Tag>
                  {call.grade && <Tag color="green">{call.grade}</Tag>}
                  <Duration ms={call.asked_ms == null ? null : now - new Date(call.began_at).getTime() - call.asked_ms} />
                  <span className="stretch" />
                  <Button type="primary" disabled={me.state !== "ready" || audio.call !== null} onClick={() => void accept(call)}>
                    {t("accept")}
                  </Button>
                  <div className="live-said">{call.said?.text}</div>
                </Flex>
              ))
            )}
          </Card>
          {me.state === "wrap_up" && <WrapUp agent={me} done={() => void message.success(t("kept"))} />}
          <Dial disabled={audio.call !== null || me.state === "wrap_up"} dial={audio.dial} />
          <Card size="small" title={t("agents")}>
            <List
              size="small"
              dataSource={presence.data?.agents ?? []}
              renderItem={(one) => (
                <List.Item>
                  <Badge status={COLOURS[one.state]} text={one.name} /> <span>{t(one.state as DeskWord)}</span>
                </List.Item>
              )}
            />
          </Card>
        </Flex>
        {mine ? (
          <CallPanel id={mine.call} call={mine} now={now} audio={audio} onClose={() => void audio.act("leave")} />
        ) : (
          <section className="live-panel" aria-label={t("current")}>
            {audio.problem && <ProblemAlert error={audio.problem} />}
            <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t("noCall")} />
          </section>
        )}
      </div>
    </Page>
  );
}

function WrapUp({ agent, done }: { agent: AgentView; done: () => void }) {
  const t = useDeskWords();
  const write = useMutation({
    mutationFn: (body: { code: (typeof CODES)[number]; note?: string; follow_up?: boolean }) =>
      data(api.POST("/api/v1/desk/wrap-ups", { body: { call: agent.call, code: body.code, note: body.note ?? "", follow_up: body.follow_up ?? false } })),
    onSuccess: () => {
      done();
      void queries.invalidateQueries({ queryKey: PRESENCE });
    },
  });
  return (
    <Card size="small" title={t("wrapUp")}>
      <ProblemAlert error={write.error} />
      <Form layout="vertical" onFinish={write.mutate} disabled={write.isPending}>
        <Form.Item name="code" label={t("code")} rules={[{ required: true, message: t("needed") }]}>
          <Select options={CODES.map((code) => ({ value: code, label: t(code) }))} />
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

function Dial({ disabled, dial }: { disabled: boolean; dial: (number: string, task: number) => Promise<void> }) {
  const t = useDeskWords();
  const [fault, setFault] = useState<Problem | null>(null);
  const [busy, setBusy] = useState(false);
  const call = async ({ number, task }: { number: string; task: number }) => {
    setBusy(true);
    setFault(null);
    try {
      await dial(number.trim(), task);
    } catch (error) {
      setFault(error instanceof Problem ? error : null);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Card size="small" title={t("dial")}>
      <ProblemAlert error={fault} />
      <Form layout="inline" onFinish={call} disabled={disabled || busy}>
        <Form.Item name="number" label={t("number")} rules={[{ required: true, pattern: /^\s*\+[1-9][0-9]{6,14}\s*$/, message: t("numberForm") }]}>
          <Input placeholder="+8613900000001" autoComplete="off" style={{ width: 160 }} />
        </Form.Item>
        <Form.Item name="task" label={t("task")} rules={[{ required: true, message: t("needed") }]}>
          <InputNumber min={1} style={{ width: 80 }} />
        </Form.Item>
        <Space>
          <Button htmlType="submit" loading={busy}>
            {t("call")}
          </Button>
        </Space>
      </Form>
      <Typography.Text type="secondary">{t("dialHow")}</Typography.Text>
    </Card>
  );
}
