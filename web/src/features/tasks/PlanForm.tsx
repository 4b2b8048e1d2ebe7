// The plan of a task as a form: script, hours, pace, retries, what follows a call and who is told, budget.
import { MinusCircleOutlined, PlusOutlined } from "@ant-design/icons";
import { Button, Card, Checkbox, Collapse, DatePicker, Flex, Form, Input, InputNumber, Select, Space, TimePicker, Typography } from "antd";
import { language } from "@/words";
import { Actions, News, Rules } from "./PlanActions";
import { DAYS, type Options, type PlanFields, wall } from "./planFields";
import { useWords } from "./planWords";
import { say } from "./words";

export type Part = "scripts" | "hours" | "pace" | "retry" | "actions" | "budget";

export function PlanForm({ options, line, parts }: { options: Options; line: number | null; parts: Part[] }) {
  const t = useWords();
  const zones = Intl.supportedValuesOf("timeZone");
  const pools = options.lines.find((one) => one.id === line)?.pools ?? [];
  const scripts = options.scripts.map((one) => ({ value: `${one.script}:${one.digest}`, label: `${one.script} · ${one.digest.slice(0, 8)} · ${one.language}` }));
  const days = Object.keys(DAYS).map((value) => ({ value, label: say(DAYS, value) }));
  const spans = (name: "windows" | "breaks", add: string) => (
    <Form.List name={name}>
      {(fields, { add: more, remove }) => (
        <Flex vertical gap={4}>
          {fields.map(({ key, name: at }) => (
            <Space key={key} wrap align="start">
              <Form.Item name={[at, "days"]} label={at === 0 ? t("days") : undefined} style={{ marginBottom: 4 }}>
                <Select mode="multiple" options={days} style={{ width: 380 }} maxTagCount={7} aria-label={t("days")} />
              </Form.Item>
              <Form.Item name={[at, "from"]} label={at === 0 ? t("from") : undefined} rules={[{ required: true, message: t("required") }]} style={{ marginBottom: 4 }}>
                <TimePicker format="HH:mm" minuteStep={5} needConfirm={false} aria-label={t("from")} />
              </Form.Item>
              <Form.Item name={[at, "to"]} label={at === 0 ? t("to") : undefined} rules={[{ required: true, message: t("required") }]} style={{ marginBottom: 4 }}>
                <TimePicker format="HH:mm" minuteStep={5} needConfirm={false} aria-label={t("to")} />
              </Form.Item>
              <Button type="text" icon={<MinusCircleOutlined />} aria-label={t("remove")} onClick={() => remove(at)} style={{ marginTop: at === 0 ? 28 : 0 }} />
            </Space>
          ))}
          <div>
            <Button size="small" icon={<PlusOutlined />} onClick={() => more({ days: ["mon", "tue", "wed", "thu", "fri"], from: wall("12:00"), to: wall("13:00") })}>
              {add}
            </Button>
          </div>
        </Flex>
      )}
    </Form.List>
  );
  const number = (name: keyof PlanFields, label: string, min: number, max: number, step = 1, hint?: string) => (
    <Form.Item name={name} label={label} tooltip={hint}>
      <InputNumber min={min} max={max} step={step} style={{ width: 150 }} />
    </Form.Item>
  );
  const shown = {
    scripts: (
      <Form.List name="scripts">
        {(fields, { add, remove }) => (
          <Flex vertical gap={4}>
            {fields.map(({ key, name: at }) => (
              <Space key={key} wrap align="start">
                <Form.Item name={[at, "version"]} label={at === 0 ? t("script") : undefined} rules={[{ required: true, message: t("required") }]} style={{ marginBottom: 4 }}>
                  <Select showSearch options={scripts} style={{ width: 380 }} aria-label={t("script")} />
                </Form.Item>
                {fields.length > 1 && (
                  <>
                    <Form.Item name={[at, "name"]} label={at === 0 ? t("variant") : undefined} rules={[{ required: true, pattern: /^[\p{L}\p{N}_][\p{L}\p{N}_.-]{0,15}$/u, message: t("required") }]} style={{ marginBottom: 4 }}>
                      <Input style={{ width: 140 }} aria-label={t("variant")} />
                    </Form.Item>
                    <Form.Item name={[at, "weight"]} label={at === 0 ? t("weight") : undefined} style={{ marginBottom: 4 }}>
                      <InputNumber min={1} max={1000} aria-label={t("weight")} />
                    </Form.Item>
                    <Button type="text" icon={<MinusCircleOutlined />} aria-label={t("remove")} onClick={() => remove(at)} style={{ marginTop: at === 0 ? 28 : 0 }} />
                  </>
                )}
              </Space>
            ))}
            {fields.length < 10 && (
              <div>
                <Button size="small" icon={<PlusOutlined />} onClick={() => add({ name: String.fromCharCode(97 + fields.length), version: "", weight: 1 })}>
                  {t("addScript")}
                </Button>
              </div>
            )}
          </Flex>
        )}
      </Form.List>
    ),
    hours: (
      <>
        <Form.Item name="zone" label={t("zone")} style={{ maxWidth: 280 }}>
          <Select showSearch options={zones.map((value) => ({ value, label: value }))} />
        </Form.Item>
        {spans("windows", t("addWindow"))}
        <Typography.Paragraph strong style={{ margin: "12px 0 4px" }}>
          {t("breaks")}
        </Typography.Paragraph>
        {spans("breaks", t("addBreak"))}
        <Flex gap={16} wrap style={{ marginTop: 12 }}>
          <Form.Item name="forbidden" label={t("forbidden")} style={{ minWidth: 260 }}>
            <DatePicker multiple format="YYYY-MM-DD" maxTagCount="responsive" />
          </Form.Item>
          <Form.Item name="holidays" label={t("holidays")} style={{ minWidth: 200 }}>
            <Select mode="tags" options={["CN", "US", "GB", "DE", "FR", "AU", "CA"].map((value) => ({ value, label: value }))} />
          </Form.Item>
          <Form.Item name="starts_at" label={t("starts")} tooltip={t("startsHint")}>
            <DatePicker showTime={{ format: "HH:mm" }} format="YYYY-MM-DD HH:mm" />
          </Form.Item>
          <Form.Item name="not_after" label={t("ends")}>
            <DatePicker showTime={{ format: "HH:mm" }} format="YYYY-MM-DD HH:mm" />
          </Form.Item>
        </Flex>
      </>
    ),
    pace: (
      <Flex gap={16} wrap>
        {number("robots", t("robots"), 1, 100_000)}
        {number("calls_per_second", t("cps"), 0.1, 1000, 0.1)}
        {number("burst", t("burst"), 1, 100, 1, t("burstHint"))}
        {number("ring_s", t("ring"), 15, 120)}
        <Form.Item name="numbers" label={t("pool")} style={{ minWidth: 180 }}>
          <Select options={pools.map((one) => ({ value: one.pool, label: `${one.pool} (${one.able}/${one.numbers})` }))} />
        </Form.Item>
        {number("guaranteed", t("guaranteed"), 0, 100_000)}
        {number("priority", t("priority"), 1, 5)}
        <Form.Item name="local_first" valuePropName="checked" label=" ">
          <Checkbox>{t("local")}</Checkbox>
        </Form.Item>
      </Flex>
    ),
    retry: (
      <>
        <Flex gap={16} wrap>
          {number("attempts", t("attempts"), 1, 20)}
          {number("gap_min", t("gap"), 1, 43_200)}
          {number("per_day", `${t("caps")}: ${t("perDay")}`, 1, 20)}
          {number("per_7_days", t("per7"), 1, 50)}
          {number("per_30_days", t("per30"), 1, 100)}
        </Flex>
        <Flex gap={16} wrap>
          {number("minutes_min", t("minutes"), 1, 600, 1, t("classHint"))}
          {number("hours_min", t("hoursClass"), 1, 1440)}
          {number("days_min", t("daysClass"), 60, 43_200)}
        </Flex>
      </>
    ),
    actions: (
      <Flex vertical gap={12}>
        <Rules />
        <Actions number={number} />
        <News options={options} />
      </Flex>
    ),
    budget: (
      <Flex gap={16} wrap>
        {number("total", `${t("budget")}: ${t("total")}`, 0.01, 1e12)}
        <Form.Item name="currency" label={t("currency")} rules={[{ pattern: /^[A-Z]{3}$/, message: "CNY, USD, EUR" }]}>
          <Input maxLength={3} style={{ width: 90 }} />
        </Form.Item>
        {number("per_attempt", t("perAttempt"), 0, 1e6, 0.01)}
        {number("per_minute", t("perMinute"), 0, 1e6, 0.01)}
        {number("minute_step_s", t("step"), 1, 60)}
      </Flex>
    ),
  };
  const titles: Record<Part, string> = { scripts: t("script"), hours: t("hours"), pace: t("pace"), retry: t("retry"), actions: t("actions"), budget: t("budget") };
  return (
    <Flex vertical gap={12} lang={language()}>
      {parts.map((part) =>
        part === "budget" ? (
          <Collapse key={part} size="small" items={[{ key: part, label: titles[part], children: shown[part], forceRender: true }]} />
        ) : (
          <Card key={part} id={`plan-${part}`} size="small" title={titles[part]} style={{ scrollMarginTop: 64 }}>
            {shown[part]}
          </Card>
        ),
      )}
    </Flex>
  );
}
