// What a house decides about itself: sign-in, identity service, how long things are kept.
import { MinusCircleOutlined, PlusOutlined } from "@ant-design/icons";
import { Alert, App, Button, Card, Col, Form, Input, InputNumber, Row, Select, Skeleton, Space, Switch } from "antd";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, data, type Problem } from "@/api/client";
import type { components } from "@/api/schema";
import { Page } from "@/ui/Page";
import { ProblemAlert } from "@/ui/problems";
import { words } from "@/words";
import { ROLES, useRoleWords } from "./names";
import "./problems";

type Oidc = components["schemas"]["OidcTold"];
type Days = components["schemas"]["RetentionDays"];

const useWords = words("house-settings", {
  en: {
    title: "Sign-in & retention", signIn: "Sign-in", totp: "Ask everybody for a second factor", totpHow: "Who signs in with a password may do nothing before they have one.",
    oidc: "Identity service (OpenID Connect)", issuer: "Issuer", client: "Client id", secret: "Client secret", secretKept: "One is kept; leave empty to keep it",
    label: "What the button says", groups: "Claim of the groups", mapping: "Groups and roles", group: "Group", addGroup: "Add a group",
    invite: "Take in whoever a group gives a role", redirect: "Give your service this address to return to:", save: "Save", drop: "Use no identity service", saved: "Saved",
    retention: "How long things are kept", retentionHow: "In days; empty = until somebody deletes it. What is older is deleted by `callwright retention run`, every night. There is no way back.",
    recordings: "Recordings of calls", transcripts: "What was said, call records and logs", audit: "Audit log", days: "days", roles: "Roles",
  },
  zh: {
    title: "登录与保留期限", signIn: "登录", totp: "要求所有人启用两步验证", totpHow: "使用密码登录的用户在启用之前无法使用其他功能。",
    oidc: "单位身份服务（OpenID Connect）", issuer: "颁发者地址", client: "客户端 ID", secret: "客户端密钥", secretKept: "已保存；留空则不变", label: "按钮文字",
    groups: "用户组声明", mapping: "用户组与角色", group: "用户组", addGroup: "添加用户组", invite: "自动接纳用户组带有角色的人员", redirect: "请在身份服务中登记此回调地址：",
    save: "保存", drop: "停用身份服务", saved: "已保存", retention: "保留期限", retentionHow: "单位为天；留空表示一直保留。超期内容由每晚运行的 callwright retention run 删除，无法恢复。",
    recordings: "通话录音", transcripts: "通话文字、记录与日志", audit: "审计日志", days: "天", roles: "角色",
  },
});

export function Component() {
  const t = useWords();
  const signIn = useQuery({ queryKey: ["settings", "sign-in"], queryFn: () => data(api.GET("/api/v1/settings/sign-in")) });
  const days = useQuery({ queryKey: ["settings", "retention"], queryFn: () => data(api.GET("/api/v1/settings/retention")) });
  const oidc = useQuery({ queryKey: ["settings", "oidc"], queryFn: async () => (await data(api.GET("/api/v1/settings/oidc"))) ?? null });
  const failed = signIn.error ?? days.error ?? oidc.error;
  const ready = signIn.data && days.data && oidc.data !== undefined;
  return (
    <Page title={t("title")}>
      <ProblemAlert error={failed} />
      {!ready ? (
        !failed && <Skeleton active />
      ) : (
        <Row gutter={[16, 16]}>
          <Col xs={24} xl={12}>
            <Space orientation="vertical" size={16} style={{ width: "100%" }}>
              <SignIn on={signIn.data.totp_required} />
              <Retention days={days.data} />
            </Space>
          </Col>
          <Col xs={24} xl={12}>
            <Space orientation="vertical" size={16} style={{ width: "100%" }}>
              <Service known={oidc.data ?? null} />
            </Space>
          </Col>
        </Row>
      )}
    </Page>
  );
}

function useSave<V>(name: string, save: (value: V) => Promise<unknown>) {
  const t = useWords();
  const queries = useQueryClient();
  const { message } = App.useApp();
  return useMutation<unknown, Problem, V>({
    mutationFn: save,
    meta: { quiet: true },
    onSuccess: () => {
      void message.success(t("saved"));
      return queries.invalidateQueries({ queryKey: ["settings", name] });
    },
  });
}

function SignIn({ on }: { on: boolean }) {
  const t = useWords();
  const save = useSave<boolean>("sign-in", (totp_required) => data(api.PUT("/api/v1/settings/sign-in", { body: { totp_required } })));
  return (
    <Card title={t("signIn")}>
      <ProblemAlert error={save.error} />
      <Form.Item label={t("totp")} extra={t("totpHow")} htmlFor="totp-required" layout="vertical" style={{ marginBottom: 0 }}>
        <Switch id="totp-required" checked={on} loading={save.isPending} onChange={(wanted) => save.mutate(wanted)} />
      </Form.Item>
    </Card>
  );
}

function Retention({ days }: { days: Days }) {
  const t = useWords();
  const save = useSave<Days>("retention", (body) => data(api.PUT("/api/v1/settings/retention", { body })));
  return (
    <Card title={t("retention")}>
      <Alert type="info" showIcon title={t("retentionHow")} style={{ marginBottom: 12 }} />
      <ProblemAlert error={save.error} />
      <Form<Days>
        layout="vertical"
        initialValues={days}
        onFinish={(filled) =>
          save.mutate({ recordings: filled.recordings ?? null, transcripts: filled.transcripts ?? null, audit: filled.audit ?? null })
        }
      >
        {(["recordings", "transcripts", "audit"] as const).map((name) => (
          <Form.Item key={name} name={name} label={t(name)}>
            <InputNumber min={1} max={36500} suffix={t("days")} style={{ width: 180 }} />
          </Form.Item>
        ))}
        <Button htmlType="submit" type="primary" loading={save.isPending}>
          {t("save")}
        </Button>
      </Form>
    </Card>
  );
}

interface Filled {
  issuer: string;
  client: string;
  secret?: string;
  groups: string;
  label?: string;
  invite?: boolean;
  mapping?: { group: string; roles: string[] }[];
}

function Service({ known }: { known: Oidc | null }) {
  const t = useWords();
  const role = useRoleWords();
  const save = useSave<Filled>("oidc", (filled) =>
    data(
      api.PUT("/api/v1/settings/oidc", {
        body: {
          issuer: filled.issuer, client: filled.client, secret: filled.secret ? filled.secret : null, groups: filled.groups, label: filled.label ?? "",
          invite: filled.invite ?? false, roles: Object.fromEntries((filled.mapping ?? []).map((each) => [each.group, each.roles])),
        },
      }),
    ),
  );
  const drop = useSave<void>("oidc", () => data(api.DELETE("/api/v1/settings/oidc")));
  const initial: Filled = known
    ? { ...known, mapping: Object.entries(known.roles).map(([group, roles]) => ({ group, roles })) }
    : { issuer: "", client: "", groups: "groups", invite: false, mapping: [] };
  return (
    <Card title={t("oidc")}>
      <Alert type="info" title={<>{t("redirect")} <code>{`${window.location.origin}/api/v1/oidc/callback`}</code></>} style={{ marginBottom: 12 }} />
      <ProblemAlert error={save.error ?? drop.error} />
      <Form<Filled> layout="vertical" requiredMark={false} initialValues={initial} key={known ? "known" : "new"} onFinish={(filled) => save.mutate(filled)}>
        <Form.Item name="issuer" label={t("issuer")} rules={[{ required: true }]}>
          <Input placeholder="https://login.example.com/realms/house" maxLength={300} inputMode="url" />
        </Form.Item>
        <Form.Item name="client" label={t("client")} rules={[{ required: true }]}>
          <Input maxLength={200} />
        </Form.Item>
        <Form.Item name="secret" label={t("secret")} extra={known?.secret_kept ? t("secretKept") : undefined}>
          <Input.Password autoComplete="off" maxLength={500} />
        </Form.Item>
        <Form.Item name="label" label={t("label")}>
          <Input maxLength={60} />
        </Form.Item>
        <Form.Item name="groups" label={t("groups")} rules={[{ required: true }]}>
          <Input maxLength={100} />
        </Form.Item>
        <Form.Item label={t("mapping")}>
          <Form.List name="mapping">
            {(fields, { add, remove }) => (
              <Space orientation="vertical" style={{ width: "100%" }}>
                {fields.map((field) => (
                  <Space key={field.key} align="baseline" wrap>
                    <Form.Item name={[field.name, "group"]} noStyle rules={[{ required: true }]}>
                      <Input placeholder={t("group")} aria-label={t("group")} maxLength={200} />
                    </Form.Item>
                    <Form.Item name={[field.name, "roles"]} noStyle rules={[{ required: true }]}>
                      <Select mode="multiple" aria-label={t("roles")} style={{ width: 260 }} options={ROLES.map((each) => ({ value: each, label: role(each) }))} />
                    </Form.Item>
                    <Button type="text" icon={<MinusCircleOutlined />} aria-label="−" onClick={() => remove(field.name)} />
                  </Space>
                ))}
                <Button type="dashed" icon={<PlusOutlined />} onClick={() => add({ group: "", roles: [] })}>
                  {t("addGroup")}
                </Button>
              </Space>
            )}
          </Form.List>
        </Form.Item>
        <Form.Item name="invite" label={t("invite")} valuePropName="checked">
          <Switch />
        </Form.Item>
        <Space>
          <Button htmlType="submit" type="primary" loading={save.isPending}>
            {t("save")}
          </Button>
          {known && (
            <Button danger loading={drop.isPending} onClick={() => drop.mutate()}>
              {t("drop")}
            </Button>
          )}
        </Space>
      </Form>
    </Card>
  );
}
