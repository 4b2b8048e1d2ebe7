// The first start: whoever has the link that was printed makes the house and its first administrator.
import { Button, Checkbox, Form, Input, Skeleton } from "antd";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useNavigate } from "react-router";
import { api, data, type Problem } from "@/api/client";
import { forgetMe } from "@/app/viewer";
import { ProblemAlert } from "@/ui/problems";
import { language, words } from "@/words";
import { Narrow } from "./Narrow";
import { NewPassword } from "./NewPassword";

const useWords = words("set-up", {
  en: {
    title: "Set up", about: "You are the first one here. Name your house and make its first administrator.",
    over: "This link works no more", overHow: "It was used already, or a day has passed. Start callwright again: as long as nobody can sign in, it prints a new one.",
    house: "Name of your house", houseHint: "Acme Ltd", slug: "Short name", slugExtra: "For commands: small letters, digits and -", name: "Your name",
    email: "Your e-mail address", everything: "I work here alone for now: give me all roles", go: "Set up and sign in", needed: "This is needed",
  },
  zh: {
    title: "首次设置", about: "您是第一位使用者。请填写机构名称并创建首位管理员。",
    over: "该链接已失效", overHow: "链接已被使用或已超过一天。请重新启动 callwright：在没有任何用户之前，它会打印新的链接。",
    house: "机构名称", houseHint: "某某科技有限公司", slug: "机构代号", slugExtra: "用于命令行：小写字母、数字和连字符", name: "您的姓名",
    email: "您的邮箱", everything: "目前只有我一人使用：授予我全部角色", go: "完成设置并登录", needed: "必填项",
  },
});

interface Filled {
  house: string;
  slug: string;
  name: string;
  email: string;
  password: string;
  everything?: boolean;
}

export function Component() {
  const t = useWords();
  const go = useNavigate();
  const [link] = useState(() => window.location.hash.slice(1));
  const check = useQuery({
    queryKey: ["setup", link],
    queryFn: async () => {
      await api.POST("/api/v1/setup/check", { body: { link } });
      return true;
    },
    retry: false,
  });
  const make = useMutation<unknown, Problem, Filled>({
    mutationFn: ({ house, slug, name, email, password, everything }) =>
      data(
        api.POST("/api/v1/setup", {
          body: { link, house, slug, name, email, password, everything: everything ?? false, language: language() === "zh" ? "zh-CN" : "en" },
        }),
      ),
    meta: { quiet: true },
    onSuccess: async () => {
      await forgetMe();
      void go("/", { replace: true });
    },
  });
  if (check.isPending) return <Skeleton active className="first-wait" />;
  if (check.isError) return <Narrow title={t("over")} about={t("overHow")}>{null}</Narrow>;
  const needed = [{ required: true, message: t("needed") }];
  return (
    <Narrow title={t("title")} about={t("about")}>
      <ProblemAlert error={make.error} />
      <Form<Filled> layout="vertical" requiredMark={false} initialValues={{ slug: "main" }} onFinish={(filled) => make.mutate(filled)}>
        <Form.Item name="house" label={t("house")} rules={needed}>
          <Input placeholder={t("houseHint")} maxLength={200} autoFocus autoComplete="organization" />
        </Form.Item>
        <Form.Item name="slug" label={t("slug")} extra={t("slugExtra")} rules={[...needed, { pattern: /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/, message: t("slugExtra") }]}>
          <Input maxLength={64} autoComplete="off" />
        </Form.Item>
        <Form.Item name="name" label={t("name")} rules={needed}>
          <Input maxLength={100} autoComplete="name" />
        </Form.Item>
        <Form.Item name="email" label={t("email")} rules={[...needed, { type: "email" }]}>
          <Input maxLength={254} autoComplete="username" inputMode="email" />
        </Form.Item>
        <NewPassword />
        <Form.Item name="everything" valuePropName="checked">
          <Checkbox>{t("everything")}</Checkbox>
        </Form.Item>
        <Button type="primary" htmlType="submit" block loading={make.isPending}>
          {t("go")}
        </Button>
      </Form>
    </Narrow>
  );
}
