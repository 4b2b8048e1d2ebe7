// One task: counters as they change, why it is not dialling, dials by hour, its queue, its plan and its history. Keys: s starts, pauses or resumes.
import { App, Alert, Button, Card, Descriptions, Drawer, Flex, Form, List, Progress, Skeleton, Space, Statistic, Table, Tabs, Tag, Typography } from "antd";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useCallback, useEffect, useState } from "react";
import { Link, useParams } from "react-router";
import { api, data, queries } from "@/api/client";
import { useEvents } from "@/api/events";
import type { components } from "@/api/schema";
import { useMay } from "@/app/viewer";
import { CursorTable } from "@/ui/CursorTable";
import { Page } from "@/ui/Page";
import { ProblemAlert } from "@/ui/problems";
import { Duration, When } from "@/ui/When";
import { language, words } from "@/words";
import { type Action, useAsking } from "./asking";
import { Foreseen, Hours } from "./Foreseen";
import { PlanForm } from "./PlanForm";
import { fieldsOf, type PlanFields, planOf } from "./planFields";
import { ACTIONS, LEADS, OUTCOMES, reason, say, STATES, StateTag } from "./words";

type TaskView = components["schemas"]["TaskView"];
/** Data of the event `counters`. */
interface Live {
  state: TaskView["state"];
  state_reason: string;
  version: number;
  spent: number;
  counters: components["schemas"]["Counters"];
  outcomes: Record<string, number>;
  talk_s: number;
}
type QueueRow = components["schemas"]["QueueRow"];

const useWords = words("task", {
  en: {
    overview: "Overview", queue: "Queue", plan: "Plan", history: "History", foreseen: "Forecast and preview", active: "On the phone", dialled: "Dialled", waiting: "Waiting", finished: "Finished",
    excluded: "Left out", talk: "Talk", spent: "Spent", why: "Why is it not dialling?", dials: "It dials.", stops: "nothing is dialled because of it", byHour: "Dials by hour", outcomes: "Outcomes",
    progress: "{{done}} of {{total}} are finished", list: "List", line: "Line", company: "Calls for", created: "Created", approved: "Approved", window: "Window", by: "by {{name}}", change: "Change the plan",
    save: "Save", changed: "Changed: {{parts}}", nothing: "Nothing was changed", review: "This needs a new approval: the task is a draft again.", row: "Line", number: "Number", state: "State", reason: "Why", due: "Due", attempts: "Attempts", last: "Last",
    all: "all", warnings: "What the plan may not mean", script: "Script", weight: "weight {{n}}", version: "Version", robots: "Robots", broken: "Live counters are interrupted; trying again", key: "Key s",
    nextDue: "next at", dueNow: "{{n}} due now, {{later}} later",
  },
  zh: {
    overview: "概览", queue: "队列", plan: "计划", history: "历史", foreseen: "预测与合规预览", active: "通话中", dialled: "已拨", waiting: "待呼", finished: "已结束",
    excluded: "已排除", talk: "通话时长", spent: "已花费", why: "为什么不呼叫？", dials: "正在呼叫。", stops: "因此完全不呼叫", byHour: "每小时呼叫", outcomes: "呼叫结果",
    progress: "已完成 {{done}} / {{total}}", list: "名单", line: "线路", company: "代表企业", created: "创建", approved: "通过", window: "时段", by: "{{name}}", change: "修改计划",
    save: "保存", changed: "已修改：{{parts}}", nothing: "没有变化", review: "此修改须重新审核：任务已退回草稿。", row: "行", number: "号码", state: "状态", reason: "原因", due: "到期", attempts: "次数", last: "上次结果",
    all: "全部", warnings: "计划中值得留意之处", script: "话术", weight: "占比 {{n}}", version: "版本", robots: "机器人", broken: "实时数据中断，正在重连", key: "快捷键 s",
    nextDue: "下次", dueNow: "{{n}} 个已到期，{{later}} 个稍后",
  },
});

const SHOWN: Action[] = ["submit", "approve", "reject", "start", "schedule", "unschedule", "pause", "resume", "cancel"];

export function Component() {
  const t = useWords();
  const may = useMay();
  const id = Number(useParams()["task"]);
  const task = useQuery({
    queryKey: ["tasks", id, "view"],
    queryFn: () => data(api.GET("/api/v1/tasks/{task}", { params: { path: { task: id } } })),
  });
  const [live, setLive] = useState<Live | null>(null);
  const over = task.data ? ["done", "cancelled", "failed"].includes(task.data.state) : true;
  const link = useEvents(task.data && !over ? `/api/v1/tasks/${id}/live` : null, {
    counters: (told: Live) => {
      setLive(told);
      if (task.data && (told.version !== task.data.version || told.state !== task.data.state)) void queries.invalidateQueries({ queryKey: ["tasks"] });
    },
  });
  const { ask, can, busy } = useAsking();
  const [changing, setChanging] = useState(false);
  const view = task.data;
  const toggle = useCallback(() => {
    const next = view && (["pause", "resume", "start"] as const).find((action) => can(view, action));
    if (view && next) ask(view, next);
  }, [view, can, ask]);
  useEffect(() => {
    const key = (event: KeyboardEvent) => {
      if (event.key !== "s" || event.ctrlKey || event.metaKey || event.altKey) return;
      if ((event.target as HTMLElement).closest("input, textarea, select, [contenteditable], .ant-modal, .ant-drawer")) return;
      event.preventDefault();
      toggle();
    };
    window.addEventListener("keydown", key);
    return () => window.removeEventListener("keydown", key);
  }, [toggle]);
  if (task.isPending) return <Skeleton active />;
  if (!view) return <ProblemAlert error={task.error} onRetry={() => void task.refetch()} />;
  const primary = (["pause", "resume", "start", "approve", "submit"] as const).find((action) => can(view, action));
  const changeable = may("tasks.write") && !["running", "pausing", "done", "cancelled", "failed"].includes(view.state);
  return (
    <Page
      title={view.name}
      extra={<StateTag state={live?.state ?? view.state} />}
      actions={
        <Space wrap>
          {changeable && <Button onClick={() => setChanging(true)}>{t("change")}</Button>}
          {SHOWN.filter((action) => can(view, action)).map((action) => (
            <Button
              key={action}
              type={action === primary ? "primary" : "default"}
              danger={action === "cancel" || action === "reject"}
              loading={busy === view.id}
              title={["start", "pause", "resume"].includes(action) ? t("key") : undefined}
              onClick={() => ask(view, action)}
            >
              {say(ACTIONS, action)}
            </Button>
          ))}
        </Space>
      }
    >
      <Flex vertical gap={12}>
        {view.state_reason && <Typography.Text type="secondary">{view.state_reason}</Typography.Text>}
        {link === "broken" && <Alert type="warning" showIcon title={t("broken")} />}
        <Counts view={view} live={live} />
        <Tabs
          items={[
            { key: "overview", label: t("overview"), children: <Overview view={view} live={live} /> },
            ...(may("lists.read") ? [{ key: "queue", label: t("queue"), children: <Queue task={id} /> }] : []),
            { key: "foreseen", label: t("foreseen"), children: <Foreseen task={id} version={view.version} /> },
            { key: "plan", label: t("plan"), children: <PlanTold view={view} /> },
            { key: "history", label: t("history"), children: <History task={id} version={live?.version ?? view.version} /> },
          ]}
        />
      </Flex>
      {changing && <Change view={view} onClose={() => setChanging(false)} />}
    </Page>
  );
}

function Counts({ view, live }: { view: TaskView; live: Live | null }) {
  const t = useWords();
  const counters = live?.counters ?? view.counters;
  const leads = counters.leads;
  const share = counters.total > 0 ? Math.floor((100 * counters.finished) / counters.total) : 0;
  const figures: [string, React.ReactNode][] = [
    [t("active"), counters.active],
    [t("dialled"), counters.dialled],
    [t("waiting"), leads["ready"] ?? 0],
    [t("finished"), leads["finished"] ?? 0],
    [t("excluded"), leads["excluded"] ?? 0],
    ...((leads["parked"] ?? 0) > 0 ? ([[say(LEADS, "parked"), leads["parked"]]] as [string, React.ReactNode][]) : []),
    [t("talk"), <Duration key="talk" ms={live ? live.talk_s * 1000 : null} />],
    ...(view.plan.budget ? ([[`${t("spent")} (${view.plan.budget.currency})`, ((live?.spent ?? view.spent) / 1000).toFixed(2)]] as [string, React.ReactNode][]) : []),
  ];
  return (
    <Card size="small">
      <Flex gap={32} wrap>
        {figures.map(([title, value]) => (
          <Statistic key={title} title={title} value={typeof value === "number" ? value : undefined} formatter={() => (typeof value === "number" ? value.toLocaleString() : value)} styles={{ content: { fontVariantNumeric: "tabular-nums" } }} />
        ))}
      </Flex>
      {counters.total > 0 && (
        <Progress
          percent={share}
          style={{ marginTop: 8 }}
          aria-label={t("progress", { done: counters.finished.toLocaleString(), total: counters.total.toLocaleString() })}
        />
      )}
    </Card>
  );
}

function Overview({ view, live }: { view: TaskView; live: Live | null }) {
  const t = useWords();
  const running = (live?.state ?? view.state) === "running";
  const why = useQuery({
    queryKey: ["tasks", view.id, "why", language(), live?.state ?? view.state],
    queryFn: () => data(api.GET("/api/v1/tasks/{task}/why", { params: { path: { task: view.id }, query: { lang: language() } } })),
    refetchInterval: running ? 5_000 : 30_000,
  });
  const outcomes = Object.entries(live?.outcomes ?? {});
  return (
    <Flex vertical gap={12}>
      <Card size="small" title={t("why")}>
        <ProblemAlert error={why.error} />
        {why.isPending ? (
          <Skeleton active paragraph={{ rows: 2 }} title={false} />
        ) : why.data && why.data.items.length === 0 ? (
          <Typography.Text type="success">{t("dials")}</Typography.Text>
        ) : (
          <List
            size="small"
            dataSource={why.data?.items ?? []}
            renderItem={(cause) => (
              <List.Item>
                <Space>
                  <Tag color={cause.stops ? "error" : "default"} title={cause.stops ? t("stops") : undefined}>
                    {cause.stops ? "!" : "·"}
                  </Tag>
                  <span>{cause.text}</span>
                </Space>
              </List.Item>
            )}
          />
        )}
      </Card>
      <Flex gap={12} wrap>
        <Card size="small" title={t("byHour")} style={{ flex: 2, minWidth: 380 }}>
          <Hours task={view.id} live={running} />
        </Card>
        <Card size="small" title={t("outcomes")} style={{ flex: 1, minWidth: 260 }}>
          <Table
            size="small"
            pagination={false}
            showHeader={false}
            rowKey={([name]) => name}
            dataSource={outcomes}
            columns={[
              { render: (_, [name]) => say(OUTCOMES, name) },
              { align: "right", className: "numeric", render: (_, [, n]) => n.toLocaleString() },
            ]}
          />
        </Card>
      </Flex>
      <Descriptions
        size="small"
        column={{ xs: 1, sm: 2, lg: 3 }}
        items={[
          { key: "list", label: t("list"), children: <Link to={`/lists/${view.list}`}>{view.list_name}</Link> },
          { key: "line", label: t("line"), children: view.line_name },
          { key: "company", label: t("company"), children: view.company_name },
          { key: "created", label: t("created"), children: <><When at={view.created_at} /> · {t("by", { name: view.created_by })}</> },
          { key: "approved", label: t("approved"), children: view.approved_by ? <><When at={view.approved_at} /> · {t("by", { name: view.approved_by })}</> : "—" },
          { key: "window", label: t("window"), children: <><When at={view.opens_at} /> – <When at={view.closes_at} /></> },
        ]}
      />
    </Flex>
  );
}

function Queue({ task }: { task: number }) {
  const t = useWords();
  const [state, setState] = useState<QueueRow["state"] | "">("");
  const [why, setWhy] = useState("");
  const queue = useQuery({
    queryKey: ["tasks", task, "queue"],
    queryFn: () => data(api.GET("/api/v1/tasks/{task}/queue", { params: { path: { task } } })),
    refetchInterval: 3_000,
  });
  const groups = queue.data?.groups ?? [];
  return (
    <Flex vertical gap={12}>
      <Space wrap>
        <Tag.CheckableTag checked={state === ""} onChange={() => { setState(""); setWhy(""); }}>
          {t("all")}
        </Tag.CheckableTag>
        {groups.map((group) => (
          <Tag.CheckableTag
            key={`${group.state}/${group.reason}`}
            checked={state === group.state && why === group.reason}
            onChange={() => {
              setState(group.state as QueueRow["state"]);
              setWhy(group.reason);
            }}
          >
            {say(LEADS, group.state)}
            {group.reason && `: ${reason(group.reason)}`} <b className="numeric">{group.count.toLocaleString()}</b>
          </Tag.CheckableTag>
        ))}
        {queue.data && (
          <Typography.Text type="secondary" className="numeric">
            {t("dueNow", { n: queue.data.due.toLocaleString(), later: queue.data.later.toLocaleString() })}
            {queue.data.later > 0 && queue.data.due === 0 && <> · {t("nextDue")} <When at={queue.data.next_due} /></>}
          </Typography.Text>
        )}
      </Space>
      <CursorTable<QueueRow>
        label={t("queue")}
        queryKey={["tasks", task, "leads", state, why]}
        fetch={(cursor) => data(api.GET("/api/v1/tasks/{task}/leads", { params: { path: { task }, query: { cursor, state, reason: why } } }))}
        rowKey={(row) => String(row.lead)}
        columns={[
          { title: t("row"), dataIndex: "row", width: 80, align: "right", className: "numeric" },
          { title: t("number"), dataIndex: "number", width: 160, className: "numeric" },
          { title: t("state"), dataIndex: "state", width: 130, render: (value: string) => say(LEADS, value) },
          { title: t("reason"), dataIndex: "reason", render: (value: string) => reason(value) },
          { title: t("due"), dataIndex: "due_at", width: 150, render: (at: string, row) => (row.state === "ready" ? <When at={row.callback_at ?? at} /> : "—") },
          { title: t("attempts"), dataIndex: "attempts", width: 90, align: "right", className: "numeric" },
          { title: t("last"), dataIndex: "last_disposition", width: 150, render: (value: string) => (value ? say(OUTCOMES, value) : "—") },
        ]}
      />
    </Flex>
  );
}

function PlanTold({ view }: { view: TaskView }) {
  const t = useWords();
  const { plan } = view;
  return (
    <Flex vertical gap={12}>
      {view.warnings.length > 0 && (
        <Alert type="info" showIcon title={t("warnings")} description={<ul style={{ margin: 0, paddingInlineStart: 18 }}>{view.warnings.map((each) => <li key={each.code}>{each.message} <Typography.Text type="secondary">{each.hint}</Typography.Text></li>)}</ul>} />
      )}
      <Descriptions
        size="small"
        bordered
        column={1}
        items={[
          ...plan.scripts.map((share) => ({ key: share.name, label: `${t("script")} ${share.name}`, children: <Space><span>{share.script}</span><Typography.Text code>{(share.digest ?? "").slice(0, 12)}</Typography.Text>{plan.scripts.length > 1 && t("weight", { n: share.weight })}</Space> })),
          { key: "window", label: t("window"), children: <Space wrap>{plan.calling.windows.map((span, at) => <Tag key={at}>{span.days.length === 7 ? "" : `${span.days.join(", ")} `}{span.from}–{span.to}</Tag>)}<Typography.Text type="secondary">{plan.calling.zone}</Typography.Text></Space> },
          { key: "robots", label: t("robots"), children: `${plan.robots.max}` },
          { key: "version", label: t("version"), children: view.version },
        ]}
      />
      <pre className="mono" style={{ maxHeight: 420, overflow: "auto", fontSize: 12 }} tabIndex={0}>
        {JSON.stringify(plan, null, 2)}
      </pre>
    </Flex>
  );
}

function History({ task, version }: { task: number; version: number }) {
  const history = useQuery({
    queryKey: ["tasks", task, "history", version],
    queryFn: () => data(api.GET("/api/v1/tasks/{task}/history", { params: { path: { task } } })),
  });
  if (history.isPending) return <Skeleton active />;
  const told = (detail: Record<string, unknown>) =>
    [
      detail["from"] && detail["to"] ? `${say(STATES, String(detail["from"]))} → ${say(STATES, String(detail["to"]))}` : "",
      Array.isArray(detail["parts"]) ? detail["parts"].join(", ") : "",
      detail["why"] ? String(detail["why"]) : "",
    ].filter(Boolean).join(" · ");
  return (
    <>
      <ProblemAlert error={history.error} />
      <List
        size="small"
        dataSource={[...(history.data?.items ?? [])].reverse()}
        renderItem={(event) => (
          <List.Item>
            <Space wrap>
              <When at={event.at} />
              <Tag>{say(ACTIONS, event.change)}</Tag>
              <Typography.Text strong>{event.by}</Typography.Text>
              <Typography.Text type="secondary">{told(event.detail)}</Typography.Text>
            </Space>
          </List.Item>
        )}
      />
    </>
  );
}

function Change({ view, onClose }: { view: TaskView; onClose: () => void }) {
  const t = useWords();
  const { message } = App.useApp();
  const [form] = Form.useForm<PlanFields>();
  const options = useQuery({ queryKey: ["task-options"], queryFn: () => data(api.GET("/api/v1/task-options")) });
  const saving = useMutation({
    mutationFn: () =>
      data(
        api.PUT("/api/v1/tasks/{task}/plan", {
          params: { path: { task: view.id } },
          body: { version: view.version, plan: planOf(form.getFieldsValue(true) as PlanFields, view.plan as never) },
        }),
      ),
    meta: { quiet: true },
    onSuccess: (done) => {
      message.success(done.parts.length === 0 ? t("nothing") : done.review.length > 0 ? t("review") : t("changed", { parts: done.parts.join(", ") }));
      void queries.invalidateQueries({ queryKey: ["tasks"] });
      onClose();
    },
  });
  return (
    <Drawer
      open
      size={900}
      title={t("change")}
      onClose={onClose}
      extra={
        <Button type="primary" loading={saving.isPending} onClick={() => form.submit()}>
          {t("save")}
        </Button>
      }
    >
      <ProblemAlert error={saving.error ?? options.error} />
      {options.data ? (
        <Form form={form} layout="vertical" initialValues={fieldsOf(view.plan as never)} onFinish={() => saving.mutate()}>
          <PlanForm options={options.data} line={view.line} parts={["scripts", "hours", "pace", "retry", "actions", "budget"]} />
        </Form>
      ) : (
        <Skeleton active />
      )}
    </Drawer>
  );
}
