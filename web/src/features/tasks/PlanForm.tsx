// The plan of a task as fields of a form: script, hours, robots, numbers, retry, caps, budget, hand-over. Whatever the form does not show stays.
import { MinusCircleOutlined, PlusOutlined } from "@ant-design/icons";
import { Button, Card, Checkbox, Collapse, DatePicker, Flex, Form, Input, InputNumber, Select, Space, TimePicker, Typography } from "antd";
import dayjs, { type Dayjs } from "dayjs";
import type { components } from "@/api/schema";
import { language, words } from "@/words";
import { OUTCOMES, say } from "./words";

export type Options = components["schemas"]["TaskOptions"];
export type Plan = components["schemas"]["Plan-Input"];

const useWords = words("plan", {
  en: {
    script: "Script", weight: "Share", addScript: "Add a variant (A/B test)", newest: "newest reviewed", hours: "When it calls", zone: "Time zone", days: "Days", from: "From", to: "To",
    addWindow: "Add hours", breaks: "Breaks", addBreak: "Add a break", forbidden: "Days without calls", holidays: "No calls on holidays of", starts: "Begins at", ends: "Calls until",
    startsHint: "Empty = when somebody starts it", pace: "Robots and pace", robots: "Robots at once", guaranteed: "Of them, kept for this task", cps: "Calls a second",
    ring: "Rings for (s)", priority: "Priority (1 first)", pool: "Pool of own numbers", local: "Show local numbers first", retry: "When somebody is not reached", attempts: "Attempts in all",
    gap: "At least between two (min)", rules: "Rules of your own", after: "After", wait: "Call again in (min)", stop: "not again", addRule: "Add a rule",
    caps: "Limits for one person", perDay: "A day", per7: "In 7 days", per30: "In 30 days", budget: "Budget", currency: "Currency", total: "In all", perAttempt: "For an attempt", perMinute: "For a minute",
    transfer: "Hand-over to people", mode: "Pacing", group: "Group of agents", robotsMode: "robots only: no pacing", progressive: "progressive: never more calls than free agents", predictive: "predictive: as many as the abandonment allows",
    more: "More settings", required: "Needed", none: "none",
  },
  zh: {
    script: "话术", weight: "占比", addScript: "增加对照话术(A/B)", newest: "最新已审核", hours: "呼叫时段", zone: "时区", days: "日期", from: "从", to: "到",
    addWindow: "增加时段", breaks: "休息时段", addBreak: "增加休息", forbidden: "禁呼日期", holidays: "节假日不呼叫", starts: "开始时间", ends: "截止时间",
    startsHint: "留空表示手动启动", pace: "机器人与速度", robots: "并发机器人数", guaranteed: "其中保底", cps: "每秒呼叫数",
    ring: "振铃时长(秒)", priority: "优先级(1 最高)", pool: "外显号码池", local: "优先显示本地号码", retry: "未接通重呼", attempts: "最多呼叫次数",
    gap: "两次至少间隔(分钟)", rules: "自定义规则", after: "结果为", wait: "多久后重呼(分钟)", stop: "不再呼叫", addRule: "增加规则",
    caps: "对同一人的次数上限", perDay: "每天", per7: "7 天内", per30: "30 天内", budget: "预算", currency: "币种", total: "总额", perAttempt: "每次呼叫", perMinute: "每分钟",
    transfer: "转人工", mode: "节奏", group: "坐席组", robotsMode: "仅机器人:不控制节奏", progressive: "渐进式:呼叫数不超过空闲坐席", predictive: "预测式:在放弃率允许范围内",
    more: "更多设置", required: "必填", none: "无",
  },
});

const DAYS: Record<string, readonly [string, string]> = {
  mon: ["Mon", "周一"], tue: ["Tue", "周二"], wed: ["Wed", "周三"], thu: ["Thu", "周四"], fri: ["Fri", "周五"], sat: ["Sat", "周六"], sun: ["Sun", "周日"],
};
const AGAIN = ["no_answer", "busy", "line_busy", "rejected", "switched_off", "unreachable", "hung_up", "no_interaction", "voicemail", "not_understood", "network_fault"];

type Wall = Dayjs | null;
interface SpanField {
  days?: string[];
  from: Wall;
  to: Wall;
}
export interface PlanFields {
  scripts: { name: string; version: string; weight: number }[];
  zone: string;
  windows: SpanField[];
  breaks: SpanField[];
  forbidden: Dayjs[];
  holidays: string[];
  starts_at: Dayjs | null;
  not_after: Dayjs | null;
  robots: number;
  guaranteed: number;
  calls_per_second: number;
  ring_s: number;
  priority: number;
  numbers: string;
  local_first: boolean;
  attempts: number;
  gap_min: number;
  rules: { after: string[]; wait_min: number | null; stop: boolean }[];
  per_day: number;
  per_7_days: number | null;
  per_30_days: number | null;
  currency: string;
  total: number | null;
  per_attempt: number;
  per_minute: number;
  mode: "robots" | "progressive" | "predictive";
  group: string;
}

const wall = (text: string): Wall => (text === "24:00" ? dayjs("23:59", "HH:mm") : dayjs(`2000-01-01T${text}:00`));
const text = (at: Wall): string => (at === null ? "" : at.format("HH:mm") === "23:59" ? "24:00" : at.format("HH:mm"));

/** A plan as the server tells it -> fields. */
export function fieldsOf(plan: Partial<Plan>): PlanFields {
  const spans = (given: unknown): SpanField[] =>
    ((given ?? []) as { days?: string[]; from: string; to: string }[]).map((span) => ({ days: span.days ?? Object.keys(DAYS), from: wall(span.from), to: wall(span.to) }));
  return {
    scripts: (plan.scripts ?? []).map((share) => ({ name: share.name ?? "a", version: `${share.script}:${share.digest ?? ""}`, weight: share.weight ?? 1 })),
    zone: plan.calling?.zone ?? "Asia/Shanghai",
    windows: spans(plan.calling?.windows),
    breaks: spans(plan.calling?.breaks),
    forbidden: (plan.calling?.forbidden ?? []).map((day) => dayjs(day)),
    holidays: plan.calling?.holidays ?? [],
    starts_at: plan.starts_at ? dayjs(plan.starts_at) : null,
    not_after: plan.not_after ? dayjs(plan.not_after) : null,
    robots: plan.robots?.max ?? 5,
    guaranteed: plan.robots?.guaranteed ?? 0,
    calls_per_second: plan.calls_per_second ?? 1,
    ring_s: plan.ring_s ?? 30,
    priority: plan.priority ?? 3,
    numbers: plan.numbers ?? "default",
    local_first: plan.local_first ?? true,
    attempts: plan.retry?.attempts ?? 3,
    gap_min: plan.retry?.gap_min ?? 15,
    rules: (plan.retry?.rules ?? []).filter((rule) => (rule.after ?? []).length > 0).map((rule) => ({ after: [...(rule.after ?? [])], wait_min: rule.wait_min ?? null, stop: rule.stop === true })),
    per_day: plan.caps?.per_day ?? 2,
    per_7_days: plan.caps?.per_7_days ?? null,
    per_30_days: plan.caps?.per_30_days ?? null,
    currency: plan.budget?.currency ?? "CNY",
    total: plan.budget?.total ?? null,
    per_attempt: plan.budget?.per_attempt ?? 0,
    per_minute: plan.budget?.per_minute ?? 0.1,
    mode: plan.transfer?.mode ?? "robots",
    group: plan.transfer?.group ?? "default",
  };
}

/** Fields -> the plan, on top of the one it was (parts that no field shows stay as they are). */
export function planOf(fields: PlanFields, base: Partial<Plan>): Plan {
  const spans = (given: SpanField[]) => given.map((span) => ({ days: span.days?.length ? span.days : Object.keys(DAYS), from: text(span.from), to: text(span.to) }));
  const tagged = (base.retry?.rules ?? []).filter((rule) => (rule.after ?? []).length === 0);
  const plan = {
    ...base,
    scripts: fields.scripts.map((share, at) => {
      const [script, digest] = share.version.split(":") as [string, string];
      return { name: share.name || String.fromCharCode(97 + at), script, digest: digest || null, weight: share.weight };
    }),
    calling: {
      zone: fields.zone,
      windows: spans(fields.windows),
      breaks: spans(fields.breaks),
      forbidden: fields.forbidden.map((day) => day.format("YYYY-MM-DD")),
      holidays: fields.holidays,
    },
    robots: { max: fields.robots, guaranteed: fields.guaranteed },
    calls_per_second: fields.calls_per_second,
    ring_s: fields.ring_s,
    priority: fields.priority,
    numbers: fields.numbers,
    local_first: fields.local_first,
    starts_at: fields.starts_at?.toISOString() ?? null,
    not_after: fields.not_after?.toISOString() ?? null,
    retry: {
      ...base.retry,
      attempts: fields.attempts,
      gap_min: fields.gap_min,
      rules: [...tagged, ...fields.rules.map((rule) => (rule.stop ? { after: rule.after, stop: true } : { after: rule.after, wait_min: rule.wait_min ?? 60 }))],
    },
    caps: { per_day: fields.per_day, per_7_days: fields.per_7_days, per_30_days: fields.per_30_days },
    budget: fields.total ? { ...base.budget, currency: fields.currency, total: fields.total, per_attempt: fields.per_attempt, per_minute: fields.per_minute } : null,
    transfer: { ...base.transfer, mode: fields.mode, group: fields.group },
  };
  return plan as unknown as Plan; // the server checks it field by field
}

export function PlanForm({ options, line, parts }: { options: Options; line: number | null; parts: ("scripts" | "hours" | "pace" | "retry" | "more")[] }) {
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
              <Button type="text" icon={<MinusCircleOutlined />} aria-label="−" onClick={() => remove(at)} style={{ marginTop: at === 0 ? 28 : 0 }} />
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
                    <Form.Item name={[at, "weight"]} label={at === 0 ? t("weight") : undefined} style={{ marginBottom: 4 }}>
                      <InputNumber min={1} max={1000} aria-label={t("weight")} />
                    </Form.Item>
                    <Button type="text" icon={<MinusCircleOutlined />} aria-label="−" onClick={() => remove(at)} style={{ marginTop: at === 0 ? 28 : 0 }} />
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
        <Form.List name="rules">
          {(fields, { add, remove }) => (
            <Flex vertical gap={4}>
              {fields.map(({ key, name: at }) => (
                <Space key={key} wrap align="start">
                  <Form.Item name={[at, "after"]} label={at === 0 ? t("after") : undefined} rules={[{ required: true, message: t("required") }]} style={{ marginBottom: 4 }}>
                    <Select mode="multiple" style={{ width: 320 }} aria-label={t("after")} options={AGAIN.map((value) => ({ value, label: say(OUTCOMES, value) }))} />
                  </Form.Item>
                  <Form.Item name={[at, "wait_min"]} label={at === 0 ? t("wait") : undefined} style={{ marginBottom: 4 }}>
                    <InputNumber min={1} max={129_600} aria-label={t("wait")} style={{ width: 150 }} />
                  </Form.Item>
                  <Form.Item name={[at, "stop"]} valuePropName="checked" label={at === 0 ? " " : undefined} style={{ marginBottom: 4 }}>
                    <Checkbox>{t("stop")}</Checkbox>
                  </Form.Item>
                  <Button type="text" icon={<MinusCircleOutlined />} aria-label="−" onClick={() => remove(at)} style={{ marginTop: at === 0 ? 28 : 0 }} />
                </Space>
              ))}
              <div>
                <Button size="small" icon={<PlusOutlined />} onClick={() => add({ after: ["no_answer"], wait_min: 180, stop: false })}>
                  {t("addRule")}
                </Button>
              </div>
            </Flex>
          )}
        </Form.List>
      </>
    ),
    more: (
      <Flex gap={16} wrap>
        {number("total", `${t("budget")}: ${t("total")}`, 0.01, 1e12)}
        <Form.Item name="currency" label={t("currency")}>
          <Input maxLength={3} style={{ width: 90 }} />
        </Form.Item>
        {number("per_attempt", t("perAttempt"), 0, 1e6, 0.01)}
        {number("per_minute", t("perMinute"), 0, 1e6, 0.01)}
        <Form.Item name="mode" label={t("mode")} style={{ minWidth: 320 }}>
          <Select
            options={[
              { value: "robots", label: t("robotsMode") },
              { value: "progressive", label: t("progressive") },
              { value: "predictive", label: t("predictive") },
            ]}
          />
        </Form.Item>
        <Form.Item name="group" label={t("group")}>
          <Input maxLength={64} style={{ width: 160 }} />
        </Form.Item>
      </Flex>
    ),
  };
  const titles = { scripts: t("script"), hours: t("hours"), pace: t("pace"), retry: t("retry"), more: `${t("budget")} · ${t("transfer")}` };
  return (
    <Flex vertical gap={12} lang={language()}>
      {parts.map((part) =>
        part === "more" ? (
          <Collapse key={part} size="small" items={[{ key: part, label: titles[part], children: shown[part], forceRender: true }]} />
        ) : (
          <Card key={part} size="small" title={titles[part]}>
            {shown[part]}
          </Card>
        ),
      )}
    </Flex>
  );
}
