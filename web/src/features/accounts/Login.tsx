// Sign in: password, then a code where there is a second factor; or through the identity service of the house.
import { SafetyOutlined } from "@ant-design/icons";
import { Alert, Button, Divider, Form, Input, Modal, Typography } from "antd";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useNavigate, useSearchParams } from "react-router";
import { api, data, Problem } from "@/api/client";
import { forgetMe } from "@/app/viewer";
import { ProblemAlert, useProblemWords } from "@/ui/problems";
import { words } from "@/words";
import { Narrow } from "./Narrow";

const useWords = words("login", {
  en: {
    title: "Sign in", email: "E-mail address", password: "Password", code: "Code of your authenticator", codeExtra: "Six digits; or one of your recovery codes",
    go: "Sign in", forgotten: "Forgot your password?", or: "or", through: "Sign in through {{label}}", service: "your organisation", house: "House",
    houseExtra: "Only if your address is known in several houses", more: "Several houses?", needed: "This is needed", joined: "Your password is set. Sign in with it.",
    sent: "If this address belongs to somebody, a link is on its way. It works for an hour.", send: "Send me a link", cancel: "Cancel",
    wrongHow: "After several wrong attempts an account is shut for a while. Known in several houses? Then name the house.",
    noMail: "No letter? Then this installation sends none: ask your administrator for a link.",
  },
  zh: {
    title: "登录", email: "邮箱", password: "密码", code: "验证器动态码", codeExtra: "六位数字，或一个恢复码", go: "登录", forgotten: "忘记密码？", or: "或",
    through: "通过{{label}}登录", service: "单位身份服务", house: "机构代号", houseExtra: "仅当您的邮箱属于多个机构时填写", more: "属于多个机构？", needed: "必填项",
    joined: "密码已设置，请登录。", sent: "若该邮箱已注册，重设链接已发出，一小时内有效。", send: "发送链接", cancel: "取消",
    wrongHow: "多次输错后账户会暂时锁定。如您的邮箱属于多个机构，请填写机构代号。",
    noMail: "没有收到邮件？可能未配置邮件服务，请向管理员索取链接。",
  },
});

interface Filled {
  email: string;
  password: string;
  code?: string;
  house?: string;
}

/** Where to go then: a path of our own only. */
function following(wanted: string | null): string {
  return wanted && /^\/(?![/\\])/.test(wanted) && !wanted.startsWith("/login") ? wanted : "/";
}

export function Component() {
  const t = useWords();
  const say = useProblemWords();
  const go = useNavigate();
  const [query] = useSearchParams();
  const [form] = Form.useForm<Filled>();
  const [asked, setAsked] = useState({ code: false, house: false, forgotten: false });
  const house = Form.useWatch("house", form) ?? "";
  const ways = useQuery({
    queryKey: ["ways", house],
    queryFn: () => data(api.GET("/api/v1/login/ways", { params: { query: { house } } })),
    retry: false,
    staleTime: 60_000,
  });
  const enter = useMutation<unknown, Problem, Filled>({
    mutationFn: (filled) => data(api.POST("/api/v1/login", { body: { code: "", house: "", ...filled } })),
    meta: { quiet: true },
    onSuccess: async () => {
      await forgetMe();
      void go(following(query.get("next")), { replace: true });
    },
    onError: (problem) => problem.code === "totp" && setAsked((before) => ({ ...before, code: true })),
  });
  const needed = [{ required: true, message: t("needed") }];
  const told = query.get("problem");
  const failed = enter.error && !(enter.error.code === "totp" && asked.code) ? enter.error : null;
  const next = following(query.get("next"));
  return (
    <Narrow title={t("title")}>
      {query.has("joined") && <Alert type="success" showIcon title={t("joined")} style={{ marginBottom: 12 }} />}
      {told && <Alert type="error" showIcon title={say(new Problem(401, told, told))} style={{ marginBottom: 12 }} />}
      {failed?.code === "sign-in" ? (
        <Alert type="error" showIcon title={say(failed)} description={t("wrongHow")} style={{ marginBottom: 12 }} />
      ) : (
        <ProblemAlert error={failed} />
      )}
      <Form<Filled> form={form} layout="vertical" requiredMark={false} onFinish={(filled) => enter.mutate(filled)}>
        <Form.Item name="email" label={t("email")} rules={needed}>
          <Input autoFocus autoComplete="username" inputMode="email" maxLength={254} />
        </Form.Item>
        <Form.Item name="password" label={t("password")} rules={needed}>
          <Input.Password autoComplete="current-password" maxLength={1000} />
        </Form.Item>
        {asked.code && (
          <Form.Item name="code" label={t("code")} extra={t("codeExtra")} rules={needed}>
            <Input autoFocus autoComplete="one-time-code" maxLength={40} className="numeric" />
          </Form.Item>
        )}
        {asked.house && (
          <Form.Item name="house" label={t("house")} extra={t("houseExtra")}>
            <Input maxLength={64} autoComplete="organization" />
          </Form.Item>
        )}
        <Button type="primary" htmlType="submit" block loading={enter.isPending}>
          {t("go")}
        </Button>
        <div style={{ display: "flex", justifyContent: "space-between", marginTop: 8 }}>
          <Button type="link" size="small" style={{ padding: 0 }} onClick={() => setAsked((before) => ({ ...before, forgotten: true }))}>
            {t("forgotten")}
          </Button>
          {!asked.house && (
            <Button type="link" size="small" style={{ padding: 0 }} onClick={() => setAsked((before) => ({ ...before, house: true }))}>
              {t("more")}
            </Button>
          )}
        </div>
      </Form>
      {ways.data?.ways.map((way) => (
        <div key={way.house}>
          <Divider plain>{t("or")}</Divider>
          <Button
            block
            icon={<SafetyOutlined />}
            href={`/api/v1/oidc/start?house=${encodeURIComponent(way.house)}&next=${encodeURIComponent(next)}`}
          >
            {t("through", { label: way.label || t("service") })}
          </Button>
        </div>
      ))}
      <Forgotten open={asked.forgotten} house={house} onClose={() => setAsked((before) => ({ ...before, forgotten: false }))} />
    </Narrow>
  );
}

function Forgotten({ open, house, onClose }: { open: boolean; house: string; onClose: () => void }) {
  const t = useWords();
  const [form] = Form.useForm<{ email: string }>();
  const send = useMutation<unknown, Problem, { email: string }>({
    mutationFn: ({ email }) => data(api.POST("/api/v1/password/forgotten", { body: { email, house } })),
    meta: { quiet: true },
  });
  return (
    <Modal
      open={open}
      title={t("forgotten")}
      okText={t("send")}
      cancelText={t("cancel")}
      onOk={() => form.submit()}
      okButtonProps={{ loading: send.isPending, disabled: send.isSuccess }}
      onCancel={() => {
        send.reset();
        onClose();
      }}
    >
      <ProblemAlert error={send.error} />
      {send.isSuccess ? (
        <>
          <Alert type="success" showIcon title={t("sent")} />
          <Typography.Paragraph type="secondary" style={{ marginTop: 8 }}>
            {t("noMail")}
          </Typography.Paragraph>
        </>
      ) : (
        <Form form={form} layout="vertical" requiredMark={false} onFinish={(filled) => send.mutate(filled)}>
          <Form.Item name="email" label={t("email")} rules={[{ required: true, message: t("needed") }]}>
            <Input autoComplete="username" inputMode="email" maxLength={254} />
          </Form.Item>
        </Form>
      )}
    </Modal>
  );
}
