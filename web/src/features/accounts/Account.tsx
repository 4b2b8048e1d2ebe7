// One's own account: name and language, password, second factor, where one is signed in.
import { Alert, App, Button, Card, Col, Descriptions, Form, Input, List, Modal, QRCode, Row, Select, Space, Tag, Typography } from "antd";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, data, type Problem } from "@/api/client";
import { forgetMe, ME, type Me } from "@/app/viewer";
import { Page } from "@/ui/Page";
import { ProblemAlert } from "@/ui/problems";
import { When } from "@/ui/When";
import { speak, words } from "@/words";
import { useRoleWords } from "./names";
import { NewPassword } from "./NewPassword";
import "./problems";

const useWords = words("account", {
  en: {
    title: "My account", profile: "Profile", name: "Name", email: "E-mail address", language: "Language", roles: "Roles", save: "Save", saved: "Saved",
    password: "Password", old: "Password until now", new: "New password", change: "Change the password", changed: "Changed. All other sessions ended.",
    totp: "Second factor", totpOn: "On: a code of your authenticator is asked for at every sign-in", totpOff: "Off: your password alone opens this account",
    required: "Your house asks for a second factor. Until you have one, you may do nothing else.", begin: "Set it up", remove: "Remove it",
    confirmPassword: "Your password, again", scan: "Scan this with your authenticator", byHand: "Or type it in:", code: "The code it shows", confirm: "Confirm",
    recovery: "Recovery codes", recoveryHow: "Each opens your account once when the telephone is lost. Keep them where you keep your passports: they are not shown again.",
    copy: "Copy", done: "I have kept them", sessions: "Where you are signed in", here: "this browser", end: "End", endOthers: "End all others", cancel: "Cancel",
    none: "You sign in through the identity service of your house; there is no password here.", seen: "last used", go: "Go on", noRole: "no role yet",
  },
  zh: {
    title: "我的账户", profile: "个人资料", name: "姓名", email: "邮箱", language: "语言", roles: "角色", save: "保存", saved: "已保存",
    password: "密码", old: "当前密码", new: "新密码", change: "修改密码", changed: "已修改，其他会话均已结束。",
    totp: "两步验证", totpOn: "已启用：每次登录都需输入验证器动态码", totpOff: "未启用：仅凭密码即可登录",
    required: "贵机构要求启用两步验证，启用之前无法使用其他功能。", begin: "启用", remove: "关闭", confirmPassword: "请再次输入密码",
    scan: "用验证器扫描", byHand: "或手动输入：", code: "验证器显示的动态码", confirm: "确认", recovery: "恢复码",
    recoveryHow: "手机丢失时，每个恢复码可登录一次。请妥善保存，不会再次显示。", copy: "复制", done: "我已保存", sessions: "登录中的设备", here: "当前浏览器", end: "结束",
    endOthers: "结束其他所有会话", cancel: "取消", none: "您通过单位身份服务登录，此处没有密码。", seen: "最近使用", go: "继续", noRole: "尚无角色",
  },
});

export function Component() {
  const t = useWords();
  const me = useQuery({ queryKey: ["account"], queryFn: () => data(api.GET("/api/v1/me")) });
  if (!me.data) return <Page title={t("title")}>{me.isError && <ProblemAlert error={me.error} onRetry={() => void me.refetch()} />}</Page>;
  return (
    <Page title={t("title")}>
      {me.data.totp_required && <Alert type="warning" showIcon title={t("required")} style={{ marginBottom: 12 }} />}
      <Row gutter={[16, 16]}>
        <Col xs={24} xl={12}>
          <Space orientation="vertical" size={16} style={{ width: "100%" }}>
            <Profile me={me.data} />
            <Sessions />
          </Space>
        </Col>
        <Col xs={24} xl={12}>
          <Space orientation="vertical" size={16} style={{ width: "100%" }}>
            <SecondFactor on={me.data.totp} password={me.data.password} />
            <Password there={me.data.password} />
          </Space>
        </Col>
      </Row>
    </Page>
  );
}

type Account = Me & { email: string; password: boolean; totp: boolean };

function Profile({ me }: { me: Account }) {
  const t = useWords();
  const role = useRoleWords();
  const { message } = App.useApp();
  const save = useMutation<unknown, Problem, { name: string; language: string }>({
    mutationFn: (filled) => data(api.PATCH("/api/v1/me", { body: filled })),
    onSuccess: async (_, filled) => {
      speak(filled.language.startsWith("zh") ? "zh" : "en");
      await forgetMe();
      void message.success(t("saved"));
    },
  });
  return (
    <Card title={t("profile")}>
      <Form layout="vertical" requiredMark={false} initialValues={{ name: me.name, language: me.language ?? "en" }} onFinish={(filled) => save.mutate(filled)}>
        <Form.Item name="name" label={t("name")} rules={[{ required: true }]}>
          <Input maxLength={100} autoComplete="name" />
        </Form.Item>
        <Form.Item name="language" label={t("language")}>
          <Select options={[{ value: "zh-CN", label: "简体中文" }, { value: "en", label: "English" }]} />
        </Form.Item>
        <Descriptions
          column={1}
          size="small"
          style={{ marginBottom: 12 }}
          styles={{ label: { color: "inherit" } }}
          items={[
            { key: "email", label: t("email"), children: me.email },
            {
              key: "roles", label: t("roles"),
              children: me.roles.length ? me.roles.map((each) => role(each as never)).join(" · ") : t("noRole"),
            },
          ]}
        />
        <Button htmlType="submit" type="primary" loading={save.isPending}>
          {t("save")}
        </Button>
      </Form>
    </Card>
  );
}

function Password({ there }: { there: boolean }) {
  const t = useWords();
  const queries = useQueryClient();
  const { message } = App.useApp();
  const [form] = Form.useForm();
  const change = useMutation<unknown, Problem, { old: string; new: string }>({
    mutationFn: (filled) => data(api.POST("/api/v1/me/password", { body: { old: filled.old, new: filled.new } })),
    meta: { quiet: true },
    onSuccess: () => {
      form.resetFields();
      void queries.invalidateQueries({ queryKey: ["sessions"] });
      void message.success(t("changed"));
    },
  });
  return (
    <Card title={t("password")}>
      {!there ? (
        <Typography.Text type="secondary">{t("none")}</Typography.Text>
      ) : (
        <Form form={form} layout="vertical" requiredMark={false} onFinish={(filled) => change.mutate(filled)}>
          <ProblemAlert error={change.error} />
          <Form.Item name="old" label={t("old")} rules={[{ required: true }]}>
            <Input.Password autoComplete="current-password" maxLength={1000} />
          </Form.Item>
          <NewPassword name="new" label={t("new")} />
          <Button htmlType="submit" loading={change.isPending}>
            {t("change")}
          </Button>
        </Form>
      )}
    </Card>
  );
}

type Step = { at: "off" } | { at: "password"; remove: boolean } | { at: "scan"; secret: string; address: string } | { at: "codes"; codes: string[] };

function SecondFactor({ on, password }: { on: boolean; password: boolean }) {
  const t = useWords();
  const queries = useQueryClient();
  const [step, setStep] = useState<Step>({ at: "off" });
  const [form] = Form.useForm();
  const again = async () => {
    await Promise.all([queries.invalidateQueries({ queryKey: ["account"] }), queries.invalidateQueries({ queryKey: ME }), queries.invalidateQueries({ queryKey: ["sessions"] })]);
  };
  const act = useMutation<void, Problem, { password?: string; code?: string }>({
    mutationFn: async (filled) => {
      if (step.at === "password" && step.remove) {
        await api.POST("/api/v1/me/totp/remove", { body: { password: filled.password ?? "" } });
        setStep({ at: "off" });
        await again();
      } else if (step.at === "password") {
        const begun = await data(api.POST("/api/v1/me/totp", { body: { password: filled.password ?? "" } }));
        setStep({ at: "scan", ...begun });
      } else {
        const done = await data(api.POST("/api/v1/me/totp/confirm", { body: { code: filled.code ?? "" } }));
        setStep({ at: "codes", codes: done.codes });
        await again();
      }
    },
    meta: { quiet: true },
  });
  const close = () => {
    act.reset();
    form.resetFields();
    setStep({ at: "off" });
  };
  return (
    <Card title={t("totp")}>
      <Alert type={on ? "success" : "info"} showIcon title={on ? t("totpOn") : t("totpOff")} style={{ marginBottom: 12 }} />
      {password && (
        <Button type={on ? "default" : "primary"} danger={on} onClick={() => setStep({ at: "password", remove: on })}>
          {on ? t("remove") : t("begin")}
        </Button>
      )}
      <Modal
        open={step.at !== "off"}
        title={step.at === "codes" ? t("recovery") : t("totp")}
        okText={step.at === "codes" ? t("done") : step.at === "scan" ? t("confirm") : t("go")}
        cancelText={t("cancel")}
        cancelButtonProps={{ style: step.at === "codes" ? { display: "none" } : {} }}
        closable={step.at !== "codes"}
        mask={{ closable: false }}
        destroyOnHidden
        onCancel={close}
        okButtonProps={{ loading: act.isPending }}
        onOk={() => (step.at === "codes" ? close() : form.submit())}
      >
        <ProblemAlert error={act.error} />
        {step.at === "codes" ? (
          <>
            <Typography.Paragraph>{t("recoveryHow")}</Typography.Paragraph>
            <Typography.Paragraph className="mono" copyable={{ text: step.codes.join("\n"), tooltips: [t("copy")] }}>
              <pre style={{ margin: 0 }}>{step.codes.join("\n")}</pre>
            </Typography.Paragraph>
          </>
        ) : (
          <Form form={form} layout="vertical" requiredMark={false} onFinish={(filled) => act.mutate(filled)}>
            {step.at === "scan" ? (
              <>
                <Typography.Paragraph>{t("scan")}</Typography.Paragraph>
                <QRCode value={step.address} type="svg" bgColor="#ffffff" color="#000000" style={{ margin: "0 auto 8px" }} />
                <Typography.Paragraph type="secondary">
                  {t("byHand")}{" "}
                  <Typography.Text code copyable>
                    {step.secret}
                  </Typography.Text>
                </Typography.Paragraph>
                <Form.Item name="code" label={t("code")} rules={[{ required: true }]}>
                  <Input autoFocus autoComplete="one-time-code" inputMode="numeric" maxLength={7} className="numeric" />
                </Form.Item>
              </>
            ) : (
              <Form.Item name="password" label={t("confirmPassword")} rules={[{ required: true }]}>
                <Input.Password autoFocus autoComplete="current-password" maxLength={1000} />
              </Form.Item>
            )}
          </Form>
        )}
      </Modal>
    </Card>
  );
}

function Sessions() {
  const t = useWords();
  const queries = useQueryClient();
  const list = useQuery({ queryKey: ["sessions"], queryFn: () => data(api.GET("/api/v1/me/sessions")) });
  const end = useMutation<unknown, Problem, number | null>({
    mutationFn: (session) =>
      session === null
        ? data(api.POST("/api/v1/me/sessions/end-others"))
        : data(api.DELETE("/api/v1/me/sessions/{session}", { params: { path: { session } } })),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["sessions"] }),
  });
  const others = (list.data ?? []).filter((each) => !each.current);
  return (
    <Card
      title={t("sessions")}
      extra={
        others.length > 0 && (
          <Button size="small" onClick={() => end.mutate(null)}>
            {t("endOthers")}
          </Button>
        )
      }
    >
      <ProblemAlert error={list.error} />
      <List
        size="small"
        loading={list.isPending}
        dataSource={list.data ?? []}
        renderItem={(each) => (
          <List.Item
            actions={[
              each.current ? (
                <Tag key="here">{t("here")}</Tag>
              ) : (
                <Button key="end" size="small" onClick={() => end.mutate(each.id)}>
                  {t("end")}
                </Button>
              ),
            ]}
          >
            <List.Item.Meta
              title={browser(each.agent)}
              description={
                <>
                  {each.source || "—"} · {t("seen")} <When at={each.seen_at} relative />
                </>
              }
            />
          </List.Item>
        )}
      />
    </Card>
  );
}

/** What a browser calls itself, shortly. */
function browser(agent: string): string {
  const name = /(Edg|OPR|Firefox|Chrome|Safari)\/?/.exec(agent)?.[1] ?? (agent.slice(0, 40) || "?");
  const system = /(Windows|Android|iPhone|iPad|Mac OS X|Linux)/.exec(agent)?.[1];
  const known: Record<string, string> = { Edg: "Edge", OPR: "Opera" };
  return [known[name] ?? name, system].filter(Boolean).join(" · ");
}
