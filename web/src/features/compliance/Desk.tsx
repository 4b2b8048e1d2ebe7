// What all pages of the desk have: where one can go, and the box that finds a person by number. A number never stands in an address: the
// server tells what stands for it.
import { App, Form, Input, Tabs } from "antd";
import { type ReactNode } from "react";
import { useLocation, useNavigate } from "react-router";
import { useMutation } from "@tanstack/react-query";
import { api, data } from "@/api/client";
import { useMay } from "@/app/viewer";
import { Page } from "@/ui/Page";
import { useWords } from "./words";

export const NUMBER = /^\+[1-9][0-9]{6,14}$/;

/** `+86 139-0000 0001` -> `+8613900000001` */
export function plain(number: string): string {
  return number.replace(/[\s\-().]/g, "");
}

export function Desk({ title, actions, children }: { title: string; actions?: ReactNode; children: ReactNode }) {
  const t = useWords();
  const may = useMay();
  const go = useNavigate();
  const where = useLocation().pathname;
  const tabs = [
    { key: "/compliance", label: t("queue") },
    { key: "/compliance/freezes", label: t("freezes") },
    { key: "/compliance/consents", label: t("consents") },
    ...(may("records.read") ? [{ key: "/compliance/records", label: t("records") }] : []),
    { key: "/compliance/complaints", label: t("complaints") },
    { key: "/compliance/numbers", label: t("numbers") },
    { key: "/compliance/rules", label: t("rules") },
  ];
  const at = tabs.map((tab) => tab.key).filter((key) => where === key || where.startsWith(`${key}/`)).sort((a, b) => b.length - a.length)[0];
  const known = at === "/compliance" && where !== at ? undefined : at;
  return (
    <Page title={title} actions={actions} extra={<FindPerson />}>
      <Tabs size="small" activeKey={known ?? ""} onChange={(key) => void go(key)} items={tabs} />
      {children}
    </Page>
  );
}

/** Asks the server what stands for a number. */
export function useFind() {
  return useMutation({
    mutationFn: (number: string) => data(api.POST("/api/v1/subjects/find", { body: { number: plain(number) } })),
  });
}

function FindPerson() {
  const t = useWords();
  const go = useNavigate();
  const { message } = App.useApp();
  const find = useFind();
  const [form] = Form.useForm<{ number: string }>();
  const look = async (number: string) => {
    if (!NUMBER.test(plain(number))) {
      void message.warning(t("badNumber"));
      return;
    }
    const found = await find.mutateAsync(number);
    if (found.known) {
      form.resetFields();
      void go(`/compliance/subjects/${found.subject}`);
    } else if (found.erased_at) void message.info(t("wasErased", { day: found.erased_at.slice(0, 10) }));
    else void message.info(t("unknownNumber"));
  };
  return (
    <Form form={form} style={{ width: 300 }}>
      <Form.Item name="number" noStyle>
        <Input.Search
          size="small"
          aria-label={t("findNumber")}
          placeholder={t("findNumber")}
          title={t("findHint")}
          loading={find.isPending}
          onSearch={(value) => value && void look(value)}
        />
      </Form.Item>
    </Form>
  );
}
