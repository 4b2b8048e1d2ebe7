// A one-time link: of an invitation, or for a new password.
import { Button, Form, Input, Skeleton, Typography } from "antd";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { useNavigate } from "react-router";
import { api, data, type Problem } from "@/api/client";
import { ProblemAlert } from "@/ui/problems";
import { speak, words } from "@/words";
import { Narrow } from "./Narrow";
import { NewPassword } from "./NewPassword";

const useWords = words("join", {
  en: {
    invite: "Welcome", reset: "A new password", over: "This link works no more", overHow: "It was used already, or its time is over. Ask for a new one.",
    login: "To sign-in", account: "E-mail address", name: "Your name", go: "Set the password", needed: "This is needed",
  },
  zh: {
    invite: "欢迎加入", reset: "重设密码", over: "该链接已失效", overHow: "链接已被使用或已过期，请重新索取。", login: "前往登录", account: "邮箱", name: "您的姓名",
    go: "设置密码", needed: "必填项",
  },
});

export function Component() {
  const t = useWords();
  const go = useNavigate();
  const [link] = useState(() => window.location.hash.slice(1));
  const read = useQuery({ queryKey: ["link", link], queryFn: () => data(api.POST("/api/v1/links/read", { body: { link } })), retry: false });
  useEffect(() => {
    if (read.data?.purpose === "invite") speak(read.data.language.startsWith("zh") ? "zh" : "en");
  }, [read.data]);
  const use = useMutation<unknown, Problem, { name?: string; password: string }>({
    mutationFn: ({ name, password }) => data(api.POST("/api/v1/links/use", { body: { link, password, name: name ?? "" } })),
    meta: { quiet: true },
    onSuccess: () => void go("/login?joined=1", { replace: true }),
  });
  if (read.isPending) return <Skeleton active className="first-wait" />;
  if (read.isError)
    return (
      <Narrow title={t("over")} about={t("overHow")}>
        <Button onClick={() => void go("/login")}>{t("login")}</Button>
      </Narrow>
    );
  const invited = read.data.purpose === "invite";
  return (
    <Narrow title={invited ? t("invite") : t("reset")} about={<Typography.Text>{`${t("account")}: ${read.data.email}`}</Typography.Text>}>
      <ProblemAlert error={use.error} />
      <Form layout="vertical" requiredMark={false} initialValues={{ name: read.data.name }} onFinish={(filled) => use.mutate(filled)}>
        <input type="text" name="username" autoComplete="username" value={read.data.email} readOnly hidden />
        {invited && (
          <Form.Item name="name" label={t("name")} rules={[{ required: true, message: t("needed") }]}>
            <Input maxLength={100} autoComplete="name" />
          </Form.Item>
        )}
        <NewPassword />
        <Button type="primary" htmlType="submit" block loading={use.isPending}>
          {t("go")}
        </Button>
      </Form>
    </Narrow>
  );
}
