// Where news goes: webhooks, group robots, mail; what became of every delivery.
import { PlusOutlined } from "@ant-design/icons";
import { Alert, App, Button, Card, Drawer, Flex, Form, Input, Select, Space, Switch, Table, Tag, Tooltip, Typography } from "antd";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, data, queries } from "@/api/client";
import type { components } from "@/api/schema";
import { CursorTable } from "@/ui/CursorTable";
import { Page } from "@/ui/Page";
import { ProblemAlert } from "@/ui/problems";
import { When } from "@/ui/When";
import { language, words } from "@/words";
import { say } from "./words";

type Endpoint = components["schemas"]["EndpointRow"];
type Delivery = components["schemas"]["DeliveryRow"];

const useWords = words("webhooks", {
  en: {
    title: "Webhooks", add: "Add an endpoint", kind: "Kind", address: "Address", events: "Events", all: "all", on: "On", waiting: "Waiting", sent: "Sent", givenUp: "Given up", error: "Last error", test: "Send a test", arrived: "The test arrived", notArrived: "It did not arrive: {{error}}",
    delete: "Delete", deleteAsk: "Delete this endpoint? What waits for it is dropped.", deliveries: "Deliveries", event: "Event", state: "State", tries: "Tries", next: "Next try", created: "Created", retry: "Send again", queued: "It will be sent again",
    secret: "Secret", secretHint: "Empty = one is made for a webhook", secretOnce: "The secret of the new endpoint. It is shown this once: keep it where your program checks signatures.", save: "Add", eventsHint: "Empty = all", required: "Needed", empty: "Nothing is told to anybody yet", none: "No deliveries yet", switchOn: "Switch {{address}}",
  },
  zh: {
    title: "消息推送", add: "添加推送地址", kind: "类型", address: "地址", events: "事件", all: "全部", on: "启用", waiting: "待发", sent: "已发", givenUp: "已放弃", error: "最近错误", test: "发送测试", arrived: "测试已送达", notArrived: "未送达：{{error}}",
    delete: "删除", deleteAsk: "删除此推送地址？待发消息一并丢弃。", deliveries: "推送记录", event: "事件", state: "状态", tries: "次数", next: "下次尝试", created: "创建时间", retry: "重新发送", queued: "将重新发送",
    secret: "密钥", secretHint: "留空则为 webhook 自动生成", secretOnce: "新地址的密钥只显示这一次：请保存到校验签名的程序中。", save: "添加", eventsHint: "留空表示全部", required: "必填", empty: "还没有推送地址", none: "还没有推送记录", switchOn: "启用 {{address}}",
  },
});

const KINDS: Record<string, readonly [string, string]> = {
  webhook: ["webhook (signed)", "webhook(带签名)"], pre_dial: ["pre-dial check", "呼前校验"], wecom: ["WeCom group robot", "企业微信群机器人"], dingtalk: ["DingTalk group robot", "钉钉群机器人"],
  feishu: ["Feishu group robot", "飞书群机器人"], mail: ["mail", "邮件"],
};
const STATES: Record<string, readonly [string, string]> = { waiting: ["waiting", "待发"], sent: ["sent", "已发"], given_up: ["given up", "已放弃"] };
const refresh = () => queries.invalidateQueries({ queryKey: ["endpoints"] });

export function Component() {
  const t = useWords();
  const { message, modal } = App.useApp();
  const found = useQuery({ queryKey: ["endpoints"], queryFn: () => data(api.GET("/api/v1/endpoints")), refetchInterval: 10_000 });
  const [adding, setAdding] = useState(false);
  const [secret, setSecret] = useState("");
  const [shown, setShown] = useState<Endpoint | null>(null);
  const switching = useMutation({
    mutationFn: ({ id, active }: { id: number; active: boolean }) => data(api.PATCH("/api/v1/endpoints/{endpoint}", { params: { path: { endpoint: id } }, body: { active } })),
    onSuccess: refresh,
  });
  const testing = useMutation({
    mutationFn: (id: number) => data(api.POST("/api/v1/endpoints/{endpoint}/test", { params: { path: { endpoint: id } }, body: { lang: language() } })),
    onSuccess: (tried) => (tried.arrived ? message.success(t("arrived")) : message.error(t("notArrived", { error: tried.error }), 8)),
  });
  const deleting = useMutation({
    mutationFn: (id: number) => data(api.DELETE("/api/v1/endpoints/{endpoint}", { params: { path: { endpoint: id } } })),
    onSuccess: refresh,
  });
  const title = (event: string) => found.data?.events[event]?.[language()] ?? event;
  return (
    <Page
      title={t("title")}
      actions={
        <Button type="primary" icon={<PlusOutlined />} onClick={() => setAdding(true)}>
          {t("add")}
        </Button>
      }
    >
      <Flex vertical gap={12}>
        <ProblemAlert error={found.error} onRetry={() => void found.refetch()} />
        {secret && (
          <Alert type="success" showIcon closable={{ onClose: () => setSecret("") }} title={t("secretOnce")} description={<Typography.Text code copyable>{secret}</Typography.Text>} />
        )}
        <Table<Endpoint>
          size="small"
          pagination={false}
          rowKey="id"
          loading={found.isPending}
          dataSource={found.data?.items ?? []}
          locale={{ emptyText: <Typography.Text type="secondary">{t("empty")}</Typography.Text> }}
          scroll={{ x: "max-content" }}
          columns={[
            { title: t("on"), width: 60, render: (_, row) => <Switch size="small" checked={row.active} aria-label={t("switchOn", { address: row.address })} onChange={(active) => switching.mutate({ id: row.id, active })} /> },
            { title: t("kind"), dataIndex: "kind", width: 150, render: (kind: string) => say(KINDS, kind) },
            { title: t("address"), dataIndex: "address", ellipsis: true },
            { title: t("events"), render: (_, row) => (row.events.length === 0 ? t("all") : row.events.map((event) => <Tag key={event}>{title(event)}</Tag>)) },
            { title: t("waiting"), width: 80, align: "right", className: "numeric", render: (_, row) => row.backlog.waiting },
            { title: t("sent"), width: 80, align: "right", className: "numeric", render: (_, row) => row.backlog.sent },
            { title: t("givenUp"), width: 90, align: "right", className: "numeric", render: (_, row) => <Typography.Text type={row.backlog.given_up > 0 ? "danger" : undefined}>{row.backlog.given_up}</Typography.Text> },
            { title: t("error"), width: 180, ellipsis: true, render: (_, row) => <Tooltip title={row.backlog.last_error}>{row.backlog.last_error}</Tooltip> },
            {
              title: "",
              render: (_, row) => (
                <Space>
                  <Button size="small" onClick={() => setShown(row)}>
                    {t("deliveries")}
                  </Button>
                  {row.kind !== "mail" && (
                    <Button size="small" loading={testing.isPending && testing.variables === row.id} onClick={() => testing.mutate(row.id)}>
                      {t("test")}
                    </Button>
                  )}
                  <Button size="small" danger onClick={() => modal.confirm({ title: t("deleteAsk"), content: row.address, okText: t("delete"), okButtonProps: { danger: true }, onOk: () => deleting.mutateAsync(row.id) })}>
                    {t("delete")}
                  </Button>
                </Space>
              ),
            },
          ]}
        />
        {shown && <Deliveries endpoint={shown} title={title} />}
      </Flex>
      {adding && (
        <Add
          events={Object.keys(found.data?.events ?? {}).map((value) => ({ value, label: title(value) }))}
          onClose={() => setAdding(false)}
          onAdded={(made) => {
            setAdding(false);
            setSecret(made);
            void refresh();
          }}
        />
      )}
    </Page>
  );
}

function Deliveries({ endpoint, title }: { endpoint: Endpoint; title: (event: string) => string }) {
  const t = useWords();
  const { message } = App.useApp();
  const again = useMutation({
    mutationFn: (delivery: string) => data(api.POST("/api/v1/endpoints/{endpoint}/deliveries/{delivery}/retry", { params: { path: { endpoint: endpoint.id, delivery } } })),
    onSuccess: () => {
      void message.success(t("queued"));
      void queries.invalidateQueries({ queryKey: ["deliveries"] });
    },
  });
  return (
    <Card size="small" title={`${t("deliveries")}: ${endpoint.address}`}>
      <CursorTable<Delivery>
        label={t("deliveries")}
        queryKey={["deliveries", endpoint.id]}
        fetch={(cursor) => data(api.GET("/api/v1/endpoints/{endpoint}/deliveries", { params: { path: { endpoint: endpoint.id }, query: { cursor } } }))}
        rowKey={(row) => row.id}
        empty={t("none")}
        refetchMs={10_000}
        columns={[
          { title: t("event"), dataIndex: "event", render: (event: string) => title(event) },
          { title: t("state"), dataIndex: "state", width: 100, render: (state: string) => <Tag color={state === "sent" ? "success" : state === "given_up" ? "error" : "processing"}>{say(STATES, state)}</Tag> },
          { title: t("tries"), dataIndex: "tries", width: 70, align: "right", className: "numeric" },
          { title: t("created"), dataIndex: "created_at", width: 150, render: (at: string) => <When at={at} /> },
          { title: t("next"), width: 150, render: (_, row) => (row.state === "waiting" ? <When at={row.due_at} /> : <When at={row.sent_at} />) },
          { title: t("error"), dataIndex: "last_error", ellipsis: true },
          { title: "", width: 110, render: (_, row) => row.state !== "sent" && <Button size="small" onClick={() => again.mutate(row.id)}>{t("retry")}</Button> },
        ]}
      />
    </Card>
  );
}

function Add({ events, onClose, onAdded }: { events: { value: string; label: string }[]; onClose: () => void; onAdded: (secret: string) => void }) {
  const t = useWords();
  const adding = useMutation({
    mutationFn: (body: components["schemas"]["NewEndpoint"]) => data(api.POST("/api/v1/endpoints", { body })),
    meta: { quiet: true },
    onSuccess: (made) => onAdded(made.secret),
  });
  return (
    <Drawer open title={t("add")} onClose={onClose} size={460}>
      <ProblemAlert error={adding.error} />
      <Form layout="vertical" initialValues={{ kind: "webhook", events: [], secret: "" }} onFinish={(body) => adding.mutate(body as never)}>
        <Form.Item name="kind" label={t("kind")}>
          <Select options={Object.keys(KINDS).map((value) => ({ value, label: say(KINDS, value) }))} />
        </Form.Item>
        <Form.Item name="address" label={t("address")} rules={[{ required: true, message: t("required") }]}>
          <Input placeholder="https://crm.example.com/callwright" maxLength={500} />
        </Form.Item>
        <Form.Item name="events" label={t("events")} extra={t("eventsHint")}>
          <Select mode="multiple" options={events} />
        </Form.Item>
        <Form.Item name="secret" label={t("secret")} extra={t("secretHint")}>
          <Input.Password autoComplete="off" maxLength={200} />
        </Form.Item>
        <Button type="primary" htmlType="submit" loading={adding.isPending}>
          {t("save")}
        </Button>
      </Form>
    </Drawer>
  );
}
