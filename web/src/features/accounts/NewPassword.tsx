// A password that is chosen, twice, with the rules beside it.
import { Form, Input } from "antd";
import { words } from "@/words";

const useWords = words("new-password", {
  en: {
    password: "Password", again: "The password again", rule: "At least 12 characters. Four or five words that do not belong together do well.",
    short: "At least 12 characters", other: "These are two different passwords",
  },
  zh: {
    password: "密码", again: "再次输入密码", rule: "至少 12 个字符。建议用四五个互不相关的词组成。", short: "至少 12 个字符", other: "两次输入的密码不一致",
  },
});

export function NewPassword({ name = "password", label }: { name?: string; label?: string }) {
  const t = useWords();
  return (
    <>
      <Form.Item name={name} label={label ?? t("password")} extra={t("rule")} rules={[{ required: true, min: 12, message: t("short") }]}>
        <Input.Password autoComplete="new-password" maxLength={128} />
      </Form.Item>
      <Form.Item
        name={`${name}-again`}
        label={t("again")}
        dependencies={[name]}
        rules={[
          { required: true, message: t("other") },
          ({ getFieldValue }) => ({
            validator: (_, value) => (!value || getFieldValue(name) === value ? Promise.resolve() : Promise.reject(new Error(t("other")))),
          }),
        ]}
      >
        <Input.Password autoComplete="new-password" maxLength={128} />
      </Form.Item>
    </>
  );
}
