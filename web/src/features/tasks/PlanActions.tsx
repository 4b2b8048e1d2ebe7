// What follows a call of a task: rules after outcomes and tags, hand-over to people, when it pauses by itself, and who is told.
import { MinusCircleOutlined, PlusOutlined } from "@ant-design/icons";
import { AutoComplete, Button, Flex, Form, Input, InputNumber, Select, Space, Tag, Typography } from "antd";
import type { ReactNode } from "react";
import { Link } from "react-router";
import { useMay } from "@/app/viewer";
import { titleOf, useDesk } from "@/features/live/useDesk";
import { language } from "@/words";
import type { Options, PlanFields, RuleField } from "./planFields";
import { useWords } from "./planWords";
import { OUTCOMES, say } from "./words";

// outcomes after which the law and the house allow another call (docs/reference/dispositions.md)
const AGAIN = ["no_answer", "busy", "line_busy", "rejected", "switched_off", "unreachable", "hung_up", "no_interaction", "voicemail", "not_understood", "network_fault"];
const KINDS = ["webhook", "wecom", "dingtalk", "feishu", "mail"] as const;

function Head({ text, note }: { text: string; note?: string }) {
  return (
    <div>
      <Typography.Text strong>{text}</Typography.Text> {note && <Typography.Text type="secondary">{note}</Typography.Text>}
    </div>
  );
}

export function Rules() {
  const t = useWords();
  const form = Form.useFormInstance<PlanFields>();
  const rules = Form.useWatch("rules", form) as RuleField[] | undefined;
  const tight = { marginBottom: 4 };
  return (
    <section aria-label={t("rules")}>
      <Head text={t("rules")} note={t("rulesNote")} />
      <Form.List name="rules">
        {(fields, { add, remove }) => (
          <Flex vertical gap={4} style={{ marginTop: 6 }}>
            {fields.map(({ key, name: at }) => {
              const rule = rules?.[at];
              return (
                <Space key={key} wrap align="start">
                  <Form.Item name={[at, "on"]} label={at === 0 ? t("on") : undefined} style={tight}>
                    <Select
                      style={{ width: 120 }}
                      aria-label={t("on")}
                      options={[
                        { value: "after", label: t("onAfter") },
                        { value: "tag", label: t("onTag") },
                      ]}
                    />
                  </Form.Item>
                  {rule?.on === "tag" ? (
                    <Form.Item name={[at, "tag"]} label={at === 0 ? t("tag") : undefined} rules={[{ required: true, whitespace: true, max: 200, message: t("required") }]} style={tight}>
                      <Input style={{ width: 320 }} aria-label={t("tag")} />
                    </Form.Item>
                  ) : (
                    <Form.Item name={[at, "after"]} label={at === 0 ? t("after") : undefined} rules={[{ required: true, message: t("required") }]} style={tight}>
                      <Select mode="multiple" style={{ width: 320 }} aria-label={t("after")} options={AGAIN.map((value) => ({ value, label: say(OUTCOMES, value) }))} />
                    </Form.Item>
                  )}
                  <Form.Item name={[at, "stop"]} label={at === 0 ? t("then") : undefined} style={tight}>
                    <Select
                      style={{ width: 120 }}
                      aria-label={t("then")}
                      options={[
                        { value: false, label: t("again") },
                        { value: true, label: t("stop") },
                      ]}
                    />
                  </Form.Item>
                  {!rule?.stop && (
                    <>
                      <Form.Item name={[at, "wait_min"]} label={at === 0 ? t("wait") : undefined} rules={[{ required: true, message: t("required") }]} style={tight}>
                        <InputNumber min={1} max={129_600} aria-label={t("wait")} style={{ width: 150 }} />
                      </Form.Item>
                      <Form.Item name={[at, "attempts"]} label={at === 0 ? t("upTo") : undefined} style={tight}>
                        <InputNumber min={1} max={20} aria-label={t("upTo")} style={{ width: 120 }} />
                      </Form.Item>
                    </>
                  )}
                  <Button type="text" icon={<MinusCircleOutlined />} aria-label={t("remove")} onClick={() => remove(at)} style={{ marginTop: at === 0 ? 28 : 0 }} />
                </Space>
              );
            })}
            {fields.length < 100 && (
              <div>
                <Button size="small" icon={<PlusOutlined />} onClick={() => add({ on: "after", after: ["no_answer"], tag: "", wait_min: 180, stop: false, attempts: null })}>
                  {t("addRule")}
                </Button>
              </div>
            )}
          </Flex>
        )}
      </Form.List>
    </section>
  );
}

type NumberField = (name: keyof PlanFields, label: string, min: number, max: number, step?: number, hint?: string) => ReactNode;

/** Hand-over to people, and when the task pauses by itself. */
export function Actions({ number }: { number: NumberField }) {
  const t = useWords();
  const groups = (useDesk().data?.groups ?? []).map((one) => ({ value: one.name, label: `${one.name} · ${titleOf(one)}` }));
  const mode = Form.useWatch("mode", Form.useFormInstance<PlanFields>());
  return (
    <>
      <section aria-label={t("transfer")}>
        <Head text={t("transfer")} />
        <Flex gap={16} wrap style={{ marginTop: 6 }}>
          <Form.Item name="mode" label={t("mode")} style={{ minWidth: 320 }}>
            <Select
              options={[
                { value: "robots", label: t("robotsMode") },
                { value: "progressive", label: t("progressive") },
                { value: "predictive", label: t("predictive") },
              ]}
            />
          </Form.Item>
          <Form.Item name="group" label={t("group")} rules={[{ required: true, message: t("required") }]}>
            <AutoComplete maxLength={64} style={{ width: 160 }} options={groups} />
          </Form.Item>
        </Flex>
        {mode === "predictive" && (
          <Flex gap={16} wrap>
            {number("abandonment", t("abandonment"), 0.1, 10, 0.1)}
            {number("threshold_s", t("threshold"), 0.5, 60, 0.5)}
            {number("window_h", t("window"), 1, 744)}
            <Form.Item name="denominator" label={t("denominator")} style={{ minWidth: 180 }}>
              <Select
                options={[
                  { value: "answered", label: t("answered") },
                  { value: "queued", label: t("queued") },
                ]}
              />
            </Form.Item>
            {number("min_calls", t("minCalls"), 1, 100_000)}
          </Flex>
        )}
      </section>
      <section aria-label={t("breaker")}>
        <Head text={t("breaker")} note={t("breakerNote")} />
        <Flex gap={16} wrap style={{ marginTop: 6 }}>
          {number("breaker_attempts", t("last"), 5, 1000)}
          {number("breaker_at_least", t("least"), 3, 1000)}
          {number("breaker_failures", t("failures"), 1, 100)}
          {number("breaker_refusals", t("refusals"), 1, 100)}
        </Flex>
      </section>
    </>
  );
}

/** Who is told. Endpoints belong to the house: here they are shown, and changed on their own page. */
export function News({ options }: { options: Options }) {
  const t = useWords();
  const may = useMay();
  return (
    <section aria-label={t("news")}>
      <Flex justify="space-between" wrap gap={8}>
        <Head text={t("news")} note={t("newsNote")} />
        {may("endpoints.manage") ? <Link to="/webhooks">{t("manage")}</Link> : <Typography.Text type="secondary">{t("askAdmin")}</Typography.Text>}
      </Flex>
      <Flex vertical gap={4} style={{ marginTop: 6 }}>
        {options.news.map((one) => {
          const told = KINDS.filter((kind) => (one.told[kind] ?? 0) > 0);
          return (
            <Flex key={one.event} gap={8} align="center" wrap>
              <span style={{ minWidth: 220 }}>{language() === "zh" ? one.zh : one.en}</span>
              {told.length === 0 && <Typography.Text type="secondary">{t("nobody")}</Typography.Text>}
              {told.map((kind) => (
                <Tag key={kind}>
                  {t(kind)}
                  {one.told[kind]! > 1 && ` × ${one.told[kind]}`}
                </Tag>
              ))}
            </Flex>
          );
        })}
        {options.pre_dial > 0 && <Typography.Text>{t("preDial", { n: options.pre_dial })}</Typography.Text>}
      </Flex>
    </section>
  );
}
