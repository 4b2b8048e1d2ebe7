// Users and invitations.
import { CopyOutlined } from "@ant-design/icons";
import { Alert, App, Badge, Button, Drawer, Dropdown, Form, Input, Modal, Select, Space, Tag, Typography } from "antd";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "react-router";
import { api, data, type Problem } from "@/api/client";
import type { components } from "@/api/schema";
import { useMay } from "@/app/viewer";
import { CursorTable } from "@/ui/CursorTable";
import { Page } from "@/ui/Page";
import { ProblemAlert } from "@/ui/problems";
import { When } from "@/ui/When";
import { words } from "@/words";
import { ROLES, useRoleWords } from "./names";
import "./problems";

type User = components["schemas"]["UserRow"];
type Made = components["schemas"]["LinkMade"];

const useWords = words("users", {
  en: {
    title: "Users", invite: "Invite somebody", name: "Name", email: "E-mail address", roles: "Roles", state: "State", seen: "Last signed in",
    language: "Language", invited: "Invited", active: "Active", disabled: "Disabled", locked: "Shut for a while", totp: "Second factor", oidc: "Identity service",
    edit: "Change", save: "Save", link: "New link", unlock: "Remove second factor", end: "End sessions", disable: "Disable", enable: "Enable",
    erase: "Erase", eraseAsk: "Erase {{name}}?", eraseHow: "Name and address are gone for good; the audit log keeps the number of this user. There is no way back.",
    linkTitle: "The link", linkHow: "It works once, and is shown only here. Hand it over by a way you trust.", mailed: "It was also sent by mail.",
    matrix: "What each role may", send: "Invite", cancel: "Cancel", needed: "This is needed", never: "never", done: "Done", act: "Actions", changed: "Other roles or another state end the sessions of this user.",
  },
  zh: {
    title: "用户", invite: "邀请用户", name: "姓名", email: "邮箱", roles: "角色", state: "状态", seen: "最近登录", language: "语言",
    invited: "已邀请", active: "正常", disabled: "已停用", locked: "暂时锁定", totp: "两步验证", oidc: "单位身份", edit: "编辑", save: "保存", link: "生成新链接",
    unlock: "移除两步验证", end: "结束会话", disable: "停用", enable: "启用", erase: "删除", eraseAsk: "确定删除{{name}}？",
    eraseHow: "姓名与邮箱将永久删除，审计日志仅保留用户编号，无法恢复。", linkTitle: "一次性链接", linkHow: "仅可使用一次，且只在此处显示。请通过可信渠道转交。", mailed: "同时已发送邮件。",
    matrix: "角色权限一览", send: "邀请", cancel: "取消", needed: "必填项", never: "从未", done: "已完成", act: "操作", changed: "修改角色或状态会结束该用户的所有会话。",
  },
});

const LANGUAGES = [
  { value: "zh-CN", label: "简体中文" },
  { value: "en", label: "English" },
];

export function Component() {
  const t = useWords();
  const manages = useMay()("users.manage");
  const [edited, setEdited] = useState<User | "new" | null>(null);
  const [made, setMade] = useState<Made | null>(null);
  return (
    <Page
      title={t("title")}
      actions={
        <Space>
          <Link to="/users/roles">{t("matrix")}</Link>
          {manages && (
            <Button type="primary" onClick={() => setEdited("new")}>
              {t("invite")}
            </Button>
          )}
        </Space>
      }
    >
      <CursorTable<User>
        label={t("title")}
        queryKey={["users"]}
        fetch={(cursor) => data(api.GET("/api/v1/users", { params: { query: { cursor, limit: 50 } } }))}
        rowKey={(row) => String(row.id)}
        columns={[
          { title: t("name"), dataIndex: "name", render: (name: string) => name || "—" },
          { title: t("email"), dataIndex: "email" },
          { title: t("roles"), dataIndex: "roles", render: (roles: string[]) => <Roles roles={roles} /> },
          { title: t("state"), key: "state", render: (_, row) => <State user={row} /> },
          { title: t("seen"), dataIndex: "signed_in_at", render: (at: string | null) => (at ? <When at={at} relative /> : t("never")) },
          ...(manages
            ? [{ title: t("act"), key: "act", align: "end" as const, render: (_: unknown, row: User) => <Act user={row} onEdit={() => setEdited(row)} onLink={setMade} /> }]
            : []),
        ]}
      />
      {edited && (
        <Edit
          user={edited === "new" ? null : edited}
          onClose={(link) => {
            setEdited(null);
            if (link) setMade(link);
          }}
        />
      )}
      {made && <Handed made={made} onClose={() => setMade(null)} />}
    </Page>
  );
}

function Roles({ roles }: { roles: string[] }) {
  const role = useRoleWords();
  return (
    <Space size={4} wrap>
      {roles.map((each) => (
        <Tag key={each} style={{ margin: 0 }}>
          {role(each as never)}
        </Tag>
      ))}
    </Space>
  );
}

function State({ user }: { user: User }) {
  const t = useWords();
  const status = ({ active: "success", invited: "processing", disabled: "default" } as const)[user.state as "active"];
  return (
    <Space size={4} wrap>
      <Badge status={status} text={t(user.state as "active")} />
      {user.locked_until && Date.parse(user.locked_until) > Date.now() && <Badge status="warning" text={t("locked")} />}
      {user.totp && <Tag>{t("totp")}</Tag>}
      {user.oidc && <Tag>{t("oidc")}</Tag>}
    </Space>
  );
}

function Act({ user, onEdit, onLink }: { user: User; onEdit: () => void; onLink: (made: Made) => void }) {
  const t = useWords();
  const queries = useQueryClient();
  const { modal, message } = App.useApp();
  const path = { params: { path: { user: user.id } } };
  const act = useMutation<unknown, Problem, string>({
    mutationFn: async (what) => {
      if (what === "link") onLink(await data(api.POST("/api/v1/users/{user}/link", path)));
      else if (what === "erase") await api.DELETE("/api/v1/users/{user}", path);
      else if (what === "unlock") await api.DELETE("/api/v1/users/{user}/totp", path);
      else if (what === "end") await api.DELETE("/api/v1/users/{user}/sessions", path);
      else await api.PATCH("/api/v1/users/{user}", { ...path, body: { state: what === "enable" ? "active" : "disabled" } });
      if (what !== "link") void message.success(t("done"));
    },
    onSuccess: () => queries.invalidateQueries({ queryKey: ["users"] }),
  });
  const erased = user.email.endsWith("@invalid");
  if (erased) return null;
  const disabled = user.state === "disabled";
  return (
    <Space size={4}>
      <Button size="small" onClick={onEdit}>
        {t("edit")}
      </Button>
      <Dropdown
        menu={{
          items: [
            ...(disabled ? [] : [{ key: "link", label: t("link") }, { key: "end", label: t("end") }]),
            ...(user.totp ? [{ key: "unlock", label: t("unlock") }] : []),
            disabled ? { key: "enable", label: t("enable") } : { key: "disable", label: t("disable") },
            { key: "erase", label: t("erase"), danger: true },
          ],
          onClick: ({ key }) =>
            key === "erase"
              ? void modal.confirm({
                  title: t("eraseAsk", { name: user.name }), content: t("eraseHow"), okText: t("erase"), cancelText: t("cancel"), okButtonProps: { danger: true },
                  onOk: () => act.mutateAsync("erase"),
                })
              : act.mutate(key),
        }}
      >
        <Button size="small" aria-label={`${t("edit")} …`} loading={act.isPending}>
          …
        </Button>
      </Dropdown>
    </Space>
  );
}

interface Filled {
  email: string;
  name: string;
  language: string;
  roles: string[];
}

function Edit({ user, onClose }: { user: User | null; onClose: (made?: Made) => void }) {
  const t = useWords();
  const role = useRoleWords();
  const queries = useQueryClient();
  const [form] = Form.useForm<Filled>();
  const save = useMutation<Made | undefined, Problem, Filled>({
    mutationFn: async (filled) => {
      if (!user) return data(api.POST("/api/v1/users", { body: filled }));
      const { name, language, roles } = filled;
      await api.PATCH("/api/v1/users/{user}", { params: { path: { user: user.id } }, body: { name, language, roles } });
      return undefined;
    },
    meta: { quiet: true },
    onSuccess: async (made) => {
      await queries.invalidateQueries({ queryKey: ["users"] });
      onClose(made);
    },
  });
  const needed = [{ required: true, message: t("needed") }];
  return (
    <Drawer
      open
      size={440}
      title={user ? user.email : t("invite")}
      onClose={() => onClose()}
      extra={
        <Button type="primary" loading={save.isPending} onClick={() => form.submit()}>
          {user ? t("save") : t("send")}
        </Button>
      }
    >
      <ProblemAlert error={save.error} />
      <Form<Filled>
        form={form}
        layout="vertical"
        requiredMark={false}
        initialValues={user ?? { language: "zh-CN", roles: [] }}
        onFinish={(filled) => save.mutate(filled)}
      >
        {!user && (
          <Form.Item name="email" label={t("email")} rules={[...needed, { type: "email" }]}>
            <Input autoFocus autoComplete="off" inputMode="email" maxLength={254} />
          </Form.Item>
        )}
        <Form.Item name="name" label={t("name")} rules={needed}>
          <Input autoComplete="off" maxLength={100} />
        </Form.Item>
        <Form.Item name="language" label={t("language")}>
          <Select options={LANGUAGES} />
        </Form.Item>
        <Form.Item name="roles" label={t("roles")} extra={user ? t("changed") : undefined}>
          <Select
            mode="multiple"
            optionLabelProp="label"
            options={ROLES.map((each) => ({ value: each, label: role(each), about: role(`about.${each}`) }))}
            optionRender={({ data: each }) => (
              <div>
                {each.label}
                <Typography.Paragraph type="secondary" style={{ margin: 0, fontSize: 12, whiteSpace: "normal" }}>
                  {each.about}
                </Typography.Paragraph>
              </div>
            )}
          />
        </Form.Item>
      </Form>
    </Drawer>
  );
}

function Handed({ made, onClose }: { made: Made; onClose: () => void }) {
  const t = useWords();
  const address = `${window.location.origin}${made.path}`;
  return (
    <Modal open title={t("linkTitle")} onCancel={onClose} footer={null}>
      <Typography.Paragraph>{t("linkHow")}</Typography.Paragraph>
      {made.mailed && <Alert type="success" showIcon title={t("mailed")} style={{ marginBottom: 12 }} />}
      <Typography.Paragraph code copyable={{ text: address, icon: <CopyOutlined /> }} style={{ overflowWrap: "anywhere" }}>
        {address}
      </Typography.Paragraph>
    </Modal>
  );
}
