// Lines with their load and breaker, and our own numbers with their registrations and health.
import { PlusOutlined } from "@ant-design/icons";
import { App, Button, Card, Drawer, Flex, Form, Input, InputNumber, Modal, Progress, Select, Space, Table, Tag, Tooltip, Typography } from "antd";
import { useMutation, useQuery } from "@tanstack/react-query";
import { createElement, useRef, useState } from "react";
import { api, data, queries } from "@/api/client";
import type { components } from "@/api/schema";
import { useMay } from "@/app/viewer";
import { Page } from "@/ui/Page";
import { NumberReason, numberReason } from "@/ui/numberReason";
import { ProblemAlert } from "@/ui/problems";
import { When } from "@/ui/When";
import { REGISTRIES } from "@/ui/registries";
import { words } from "@/words";
import { say } from "./words";

type LineRow = components["schemas"]["LineRow"];
type OwnNumber = components["schemas"]["OwnNumberRow"];

const useWords = words("lines", {
  en: {
    title: "Lines and numbers", lines: "Lines", numbers: "Own numbers", name: "Line", load: "Calls", cps: "Calls a second", running: "Tasks running", breaker: "Breaker", closed: "ready", open: "rests until {{at}}", pools: "Numbers",
    number: "Number", pool: "Pool", region: "Local for", state: "State", verified: "Verified", notYet: "not yet", registrations: "Registered", health: "Last 7 days", perDay: "Most a day", add: "Add a number",
    verify: "It rang at ours", verifyAsk: "Call {{number}} from outside. Did it ring at yours?", verifyWhat: "Only a number that can be called back may be shown.", retire: "Retire", retireAsk: "Give {{number}} back? It is never shown again.", why: "Why",
    register: "Register", registry: "Registry", note: "Case number, or where the proof lies", company: "Registration of its company (empty = every one)", regionHint: "A prefix like +8610, or a country like CN", save: "Save", required: "Needed",
    healthLine: "{{dialled}} dialled, {{answered}} answered, {{complaints}} complaints", noLines: "No line yet: callwright task lines FILE makes those of a line file known", noNumbers: "No own number yet",
    active: "active", slowed: "slowed", resting: "resting", retired: "retired", e164: "With + and country code",
  },
  zh: {
    title: "线路与号码", lines: "线路", numbers: "外显号码", name: "线路", load: "并发", cps: "每秒呼叫", running: "运行任务", breaker: "熔断", closed: "正常", open: "暂停至 {{at}}", pools: "号码",
    number: "号码", pool: "号码池", region: "归属", state: "状态", verified: "已核验", notYet: "未核验", registrations: "登记", health: "近 7 天", perDay: "每日上限", add: "添加号码",
    verify: "已回拨接通", verifyAsk: "请从外部拨打 {{number}}。是否在我方振铃？", verifyWhat: "只有能回拨的号码才可外显。", retire: "停用", retireAsk: "交还 {{number}}？此后不再外显。", why: "原因",
    register: "登记", registry: "登记处", note: "案号或凭证位置", company: "所属企业注册号(留空表示不限)", regionHint: "前缀如 +8610，或国家如 CN", save: "保存", required: "必填",
    healthLine: "呼叫 {{dialled}}，接通 {{answered}}，投诉 {{complaints}}", noLines: "还没有线路：用 callwright task lines FILE 登记线路文件", noNumbers: "还没有外显号码",
    active: "正常", slowed: "降频", resting: "休息", retired: "已停用", e164: "含 + 与国家代码",
  },
});

const COLOURS: Record<string, string> = { active: "success", slowed: "warning", resting: "error", retired: "default" };

export function Component() {
  const t = useWords();
  return (
    <Page title={t("title")}>
      <Flex vertical gap={16}>
        <Lines />
        <Numbers />
      </Flex>
    </Page>
  );
}

const useLines = () => useQuery({ queryKey: ["lines"], queryFn: () => data(api.GET("/api/v1/lines")), refetchInterval: 5_000 });

function Lines() {
  const t = useWords();
  const lines = useLines();
  return (
    <Card size="small" title={t("lines")}>
      <ProblemAlert error={lines.error} />
      <Table<LineRow>
        size="small"
        pagination={false}
        rowKey="id"
        loading={lines.isPending}
        dataSource={lines.data?.items ?? []}
        locale={{ emptyText: <Typography.Text type="secondary">{t("noLines")}</Typography.Text> }}
        columns={[
          { title: t("name"), dataIndex: "name" },
          {
            title: t("load"),
            width: 220,
            render: (_, row) => (
              <Progress
                size="small"
                percent={Math.min(100, Math.round((100 * row.active) / row.max_calls))}
                format={() => `${row.active} / ${row.max_calls}`}
                aria-label={`${t("load")}: ${row.active} / ${row.max_calls}`}
              />
            ),
          },
          { title: t("cps"), dataIndex: "calls_per_second", width: 120, align: "right", className: "numeric" },
          { title: t("running"), dataIndex: "running", width: 120, align: "right", className: "numeric" },
          {
            title: t("breaker"),
            width: 260,
            render: (_, row) =>
              row.blocked_until ? (
                <Tooltip title={row.blocked_reason}>
                  <Tag color="error">{t("open", { at: new Date(row.blocked_until).toLocaleTimeString() })}</Tag>
                </Tooltip>
              ) : (
                <Tag color="success">{t("closed")}</Tag>
              ),
          },
          { title: t("pools"), render: (_, row) => row.pools.map((pool) => <Tag key={pool.pool}>{`${pool.pool}: ${pool.able}/${pool.numbers}`}</Tag>) },
        ]}
      />
    </Card>
  );
}

function Numbers() {
  const t = useWords();
  const may = useMay();
  const { modal } = App.useApp();
  const numbers = useQuery({ queryKey: ["own-numbers"], queryFn: () => data(api.GET("/api/v1/own-numbers")), refetchInterval: 30_000 });
  const [adding, setAdding] = useState(false);
  const [registering, setRegistering] = useState<OwnNumber | null>(null);
  const why = useRef("");
  const after = { onSuccess: () => queries.invalidateQueries({ queryKey: ["own-numbers"] }) };
  const verify = useMutation({ mutationFn: (row: OwnNumber) => data(api.POST("/api/v1/own-numbers/{own_number}/verify", { params: { path: { own_number: row.id } } })), ...after });
  const retire = useMutation({
    mutationFn: (row: OwnNumber) => data(api.POST("/api/v1/own-numbers/{own_number}/retire", { params: { path: { own_number: row.id } }, body: { reason: why.current.trim() || "-" } })),
    ...after,
  });
  const manages = may("lines.manage");
  return (
    <Card
      size="small"
      title={t("numbers")}
      extra={
        manages && (
          <Button size="small" icon={<PlusOutlined />} onClick={() => setAdding(true)}>
            {t("add")}
          </Button>
        )
      }
    >
      <ProblemAlert error={numbers.error} />
      <Table<OwnNumber>
        size="small"
        pagination={{ pageSize: 50, hideOnSinglePage: true }}
        rowKey="id"
        loading={numbers.isPending}
        dataSource={numbers.data?.items ?? []}
        locale={{ emptyText: <Typography.Text type="secondary">{t("noNumbers")}</Typography.Text> }}
        scroll={{ x: "max-content" }}
        columns={[
          { title: t("number"), dataIndex: "number", className: "numeric" },
          { title: t("name"), dataIndex: "line" },
          { title: t("pool"), dataIndex: "pool" },
          { title: t("region"), dataIndex: "region" },
          {
            title: t("state"),
            render: (_, row) => (
              <Tooltip title={row.state_reason && <NumberReason told={row.state_reason} />}>
                <Tag color={COLOURS[row.state]}>{t(row.state as "active")}</Tag>
              </Tooltip>
            ),
          },
          { title: t("verified"), render: (_, row) => (row.verified_at ? <When at={row.verified_at} /> : <Typography.Text type="danger">{t("notYet")}</Typography.Text>) },
          { title: t("perDay"), dataIndex: "max_per_day", align: "right", className: "numeric", render: (n: number | null) => n ?? "—" },
          {
            title: t("registrations"),
            render: (_, row) => row.registrations.map((one) => <Tag key={one.registry} color={one.done_at ? "success" : "default"} title={one.note}>{one.done_at ? "✓ " : ""}{say(REGISTRIES, one.registry)}</Tag>),
          },
          {
            title: t("health"),
            render: (_, row) =>
              row.health ? (
                <Tooltip title={numberReason(row.health.reason)}>
                  <Typography.Text type={row.health.advice === "active" ? "secondary" : "danger"} className="numeric">
                    {t("healthLine", { dialled: row.health.dialled, answered: row.health.answered, complaints: row.health.complaints })}
                  </Typography.Text>
                </Tooltip>
              ) : (
                "—"
              ),
          },
          {
            title: "",
            render: (_, row) =>
              manages &&
              row.state !== "retired" && (
                <Space>
                  {!row.verified_at && (
                    <Button size="small" onClick={() => modal.confirm({ title: t("verifyAsk", { number: row.number }), content: t("verifyWhat"), okText: t("verify"), onOk: () => verify.mutateAsync(row) })}>
                      {t("verify")}
                    </Button>
                  )}
                  <Button size="small" onClick={() => setRegistering(row)}>
                    {t("register")}
                  </Button>
                  <Button
                    size="small"
                    danger
                    onClick={() => {
                      why.current = "";
                      modal.confirm({
                        title: t("retireAsk", { number: row.number }), okText: t("retire"), okButtonProps: { danger: true }, onOk: () => retire.mutateAsync(row),
                        content: createElement(Input, { placeholder: t("why"), "aria-label": t("why"), maxLength: 200, onChange: (event) => (why.current = event.target.value) }),
                      });
                    }}
                  >
                    {t("retire")}
                  </Button>
                </Space>
              ),
          },
        ]}
      />
      {adding && <Add onClose={() => setAdding(false)} />}
      {registering && <Register row={registering} onClose={() => setRegistering(null)} />}
    </Card>
  );
}

function Add({ onClose }: { onClose: () => void }) {
  const t = useWords();
  const lines = useLines();
  const adding = useMutation({
    mutationFn: (body: components["schemas"]["NewOwnNumber"]) => data(api.POST("/api/v1/own-numbers", { body })),
    meta: { quiet: true },
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: ["own-numbers"] });
      onClose();
    },
  });
  return (
    <Drawer open title={t("add")} onClose={onClose} size={420}>
      <ProblemAlert error={adding.error} />
      <Form layout="vertical" initialValues={{ pool: "default", company: "", region: "" }} onFinish={(body) => adding.mutate(body as never)}>
        <Form.Item name="number" label={t("number")} extra={t("e164")} rules={[{ required: true, pattern: /^\+[1-9][0-9]{6,14}$/, message: t("e164") }]}>
          <Input placeholder="+861085550000" />
        </Form.Item>
        <Form.Item name="line" label={t("name")} rules={[{ required: true, message: t("required") }]}>
          <Select options={(lines.data?.items ?? []).map((line) => ({ value: line.name, label: line.name }))} />
        </Form.Item>
        <Form.Item name="pool" label={t("pool")} rules={[{ required: true, message: t("required") }]}>
          <Input maxLength={64} />
        </Form.Item>
        <Form.Item name="region" label={t("region")} extra={t("regionHint")}>
          <Input maxLength={12} />
        </Form.Item>
        <Form.Item name="company" label={t("company")}>
          <Input maxLength={64} />
        </Form.Item>
        <Form.Item name="max_per_day" label={t("perDay")}>
          <InputNumber min={1} max={100_000} />
        </Form.Item>
        <Button type="primary" htmlType="submit" loading={adding.isPending}>
          {t("save")}
        </Button>
      </Form>
    </Drawer>
  );
}

function Register({ row, onClose }: { row: OwnNumber; onClose: () => void }) {
  const t = useWords();
  const [form] = Form.useForm<{ registry: string; note?: string }>();
  const saving = useMutation({
    mutationFn: (body: { registry: string; note?: string }) =>
      data(api.POST("/api/v1/own-numbers/{own_number}/registrations", { params: { path: { own_number: row.id } }, body: { registry: body.registry, note: body.note ?? "" } })),
    meta: { quiet: true },
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: ["own-numbers"] });
      onClose();
    },
  });
  const missing = row.registrations.find((one) => !one.done_at)?.registry;
  return (
    <Modal open title={`${t("register")}: ${row.number}`} onCancel={onClose} okText={t("save")} confirmLoading={saving.isPending} onOk={() => form.submit()}>
      <ProblemAlert error={saving.error} />
      <Form form={form} layout="vertical" initialValues={{ registry: missing }} onFinish={(body) => saving.mutate(body)}>
        <Form.Item name="registry" label={t("registry")} rules={[{ required: true, message: t("required") }]}>
          <Select showSearch options={Object.keys(REGISTRIES).map((value) => ({ value, label: say(REGISTRIES, value) }))} />
        </Form.Item>
        <Form.Item name="note" label={t("note")}>
          <Input maxLength={200} />
        </Form.Item>
      </Form>
    </Modal>
  );
}
