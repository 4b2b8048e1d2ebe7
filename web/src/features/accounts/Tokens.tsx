// API tokens: what programs sign in with.
import { App, Alert, Button, Drawer, Empty, Form, Input, InputNumber, Modal, Select, Table, Tag, Typography } from "antd";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, data, type Problem } from "@/api/client";
import type { components } from "@/api/schema";
import { useViewer } from "@/app/viewer";
import { Page } from "@/ui/Page";
import { ProblemAlert } from "@/ui/problems";
import { When } from "@/ui/When";
import { words } from "@/words";
import { permissionName, roomName } from "./names";
import "./problems";

type Token = components["schemas"]["TokenRow"];

const useWords = words("tokens", {
  en: {
    title: "API tokens", make: "New token", name: "What it is for", hint: "Begins with", scopes: "May", maker: "Made by", ends: "Holds until", used: "Last used",
    revoke: "Revoke", revokeAsk: "Revoke {{name}}?", revokeHow: "Programs that use it are refused from now on.", revoked: "revoked", over: "over", days: "Days it holds",
    save: "Make it", cancel: "Cancel", never: "never", needed: "This is needed", empty: "No program signs in yet", shown: "The token",
    shownHow: "It is shown now and never again. Keep it where your program finds it; whoever has it may what it may.", use: "Use", act: "Actions",
    about: "A token may at most what you may, and no longer than you are here.",
  },
  zh: {
    title: "API 令牌", make: "新建令牌", name: "用途", hint: "开头", scopes: "权限", maker: "创建者", ends: "有效期至", used: "最近使用", revoke: "吊销",
    revokeAsk: "吊销“{{name}}”？", revokeHow: "使用它的程序将立即被拒绝。", revoked: "已吊销", over: "已过期", days: "有效天数", save: "创建", cancel: "取消", never: "从未",
    needed: "必填项", empty: "尚无程序接入", shown: "令牌", shownHow: "仅显示这一次。请妥善保存：持有者即拥有其权限。", use: "用法", act: "操作", about: "令牌的权限不超过您的权限，您离开后即失效。",
  },
});

export function Component() {
  const t = useWords();
  const queries = useQueryClient();
  const { modal } = App.useApp();
  const [making, setMaking] = useState(false);
  const [shown, setShown] = useState("");
  const list = useQuery({ queryKey: ["tokens"], queryFn: () => data(api.GET("/api/v1/tokens")) });
  const revoke = useMutation<unknown, Problem, number>({
    mutationFn: (token) => data(api.DELETE("/api/v1/tokens/{token}", { params: { path: { token } } })),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["tokens"] }),
  });
  const over = (row: Token) => row.ends_at !== null && Date.parse(row.ends_at) <= Date.now();
  return (
    <Page
      title={t("title")}
      actions={
        <Button type="primary" onClick={() => setMaking(true)}>
          {t("make")}
        </Button>
      }
    >
      <ProblemAlert error={list.error} onRetry={() => void list.refetch()} />
      <Table<Token>
        size="small"
        rowKey="id"
        loading={list.isPending}
        dataSource={list.data ?? []}
        pagination={(list.data?.length ?? 0) > 50 ? { pageSize: 50 } : false}
        scroll={{ x: "max-content" }}
        locale={{ emptyText: <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t("empty")} /> }}
        columns={[
          { title: t("name"), dataIndex: "name" },
          { title: t("hint"), dataIndex: "hint", render: (hint: string) => <span className="mono">{hint}…</span> },
          { title: t("scopes"), dataIndex: "scopes", width: 360, render: (scopes: string[]) => <span style={{ whiteSpace: "normal" }}>{scopes.map(permissionName).join(" · ")}</span> },
          { title: t("maker"), dataIndex: "maker" },
          { title: t("used"), dataIndex: "used_at", render: (at: string | null) => (at ? <When at={at} relative /> : t("never")) },
          { title: t("ends"), dataIndex: "ends_at", render: (at: string | null) => <When at={at} /> },
          {
            title: t("act"), key: "act", align: "end",
            render: (_, row) =>
              row.revoked_at || over(row) ? (
                <Tag>{row.revoked_at ? t("revoked") : t("over")}</Tag>
              ) : (
                <Button
                  size="small"
                  danger
                  onClick={() =>
                    void modal.confirm({
                      title: t("revokeAsk", { name: row.name }), content: t("revokeHow"), okText: t("revoke"), cancelText: t("cancel"),
                      okButtonProps: { danger: true }, onOk: () => revoke.mutateAsync(row.id),
                    })
                  }
                >
                  {t("revoke")}
                </Button>
              ),
          },
        ]}
      />
      {making && (
        <Make
          onClose={(token) => {
            setMaking(false);
            if (token) setShown(token);
          }}
        />
      )}
      <Modal open={shown !== ""} title={t("shown")} footer={null} onCancel={() => setShown("")}>
        <Alert type="warning" showIcon title={t("shownHow")} style={{ marginBottom: 12 }} />
        <Typography.Paragraph code copyable style={{ overflowWrap: "anywhere" }}>
          {shown}
        </Typography.Paragraph>
        <Typography.Paragraph type="secondary">
          {t("use")}: <Typography.Text code>Authorization: Bearer {shown.slice(0, 6)}…</Typography.Text>
        </Typography.Paragraph>
      </Modal>
    </Page>
  );
}

function Make({ onClose }: { onClose: (token?: string) => void }) {
  const t = useWords();
  const me = useViewer();
  const queries = useQueryClient();
  const [form] = Form.useForm();
  const make = useMutation<string, Problem, { name: string; scopes: string[]; days: number }>({
    mutationFn: async (filled) => (await data(api.POST("/api/v1/tokens", { body: filled }))).token,
    meta: { quiet: true },
    onSuccess: async (token) => {
      await queries.invalidateQueries({ queryKey: ["tokens"] });
      onClose(token);
    },
  });
  const rooms = [...new Set(me.permissions.map(roomName))].sort((a, b) => a.localeCompare(b));
  const needed = [{ required: true, message: t("needed") }];
  return (
    <Drawer
      open
      size={440}
      title={t("make")}
      onClose={() => onClose()}
      extra={
        <Button type="primary" loading={make.isPending} onClick={() => form.submit()}>
          {t("save")}
        </Button>
      }
    >
      <Typography.Paragraph type="secondary">{t("about")}</Typography.Paragraph>
      <ProblemAlert error={make.error} />
      <Form form={form} layout="vertical" requiredMark={false} initialValues={{ days: 90, scopes: [] }} onFinish={(filled) => make.mutate(filled)}>
        <Form.Item name="name" label={t("name")} rules={needed}>
          <Input autoFocus maxLength={100} />
        </Form.Item>
        <Form.Item name="scopes" label={t("scopes")} rules={needed}>
          <Select
            mode="multiple"
            showSearch={{ optionFilterProp: "label" }}
            options={rooms.map((room) => ({
              label: room, title: room,
              options: me.permissions.filter((each) => roomName(each) === room).map((each) => ({ value: each, label: permissionName(each) })),
            }))}
          />
        </Form.Item>
        <Form.Item name="days" label={t("days")} rules={needed}>
          <InputNumber min={1} max={366} />
        </Form.Item>
      </Form>
    </Drawer>
  );
}
