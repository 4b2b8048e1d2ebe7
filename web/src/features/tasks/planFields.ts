// The plan of a task as fields of a form, and back. Every key of the plan has its field; what a later server knows besides stays as it was.
import dayjs, { type Dayjs } from "dayjs";
import type { components } from "@/api/schema";

export type Options = components["schemas"]["TaskOptions"];
export type Plan = components["schemas"]["Plan-Input"];

export const DAYS: Record<string, readonly [string, string]> = {
  mon: ["Mon", "周一"], tue: ["Tue", "周二"], wed: ["Wed", "周三"], thu: ["Thu", "周四"], fri: ["Fri", "周五"], sat: ["Sat", "周六"], sun: ["Sun", "周日"],
};

type Wall = Dayjs | null;
interface SpanField {
  days?: string[];
  from: Wall;
  to: Wall;
}
/** After an outcome, or after a tag of the conversation: call again, or not again. */
export interface RuleField {
  on: "after" | "tag";
  after: string[];
  tag: string;
  wait_min: number | null;
  stop: boolean;
  attempts: number | null;
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
  burst: number;
  ring_s: number;
  priority: number;
  numbers: string;
  local_first: boolean;
  attempts: number;
  gap_min: number;
  minutes_min: number;
  hours_min: number;
  days_min: number;
  per_day: number;
  per_7_days: number | null;
  per_30_days: number | null;
  rules: RuleField[];
  mode: "robots" | "progressive" | "predictive";
  group: string;
  abandonment: number; // per cent
  threshold_s: number;
  window_h: number;
  denominator: "answered" | "queued";
  min_calls: number;
  breaker_attempts: number;
  breaker_at_least: number;
  breaker_failures: number; // per cent
  breaker_refusals: number; // per cent
  currency: string;
  total: number | null;
  per_attempt: number;
  per_minute: number;
  minute_step_s: number;
}

// a picker knows no 24:00: its last minute stands for it
export const wall = (text: string): Wall => dayjs(`2000-01-01T${text === "24:00" ? "23:59" : text}:00`);
const text = (at: Wall): string => (at === null ? "" : at.format("HH:mm") === "23:59" ? "24:00" : at.format("HH:mm"));
const percent = (share: number) => Math.round(share * 10_000) / 100;
const share = (hundredths: number) => Math.round(hundredths * 100) / 10_000;

/** A plan as the server tells it -> fields. */
export function fieldsOf(plan: Partial<Plan>): PlanFields {
  const spans = (given: unknown): SpanField[] =>
    ((given ?? []) as { days?: string[]; from: string; to: string }[]).map((span) => ({ days: span.days ?? Object.keys(DAYS), from: wall(span.from), to: wall(span.to) }));
  return {
    scripts: (plan.scripts ?? []).map((one) => ({ name: one.name ?? "a", version: `${one.script}:${one.digest ?? ""}`, weight: one.weight ?? 1 })),
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
    burst: plan.burst ?? 1,
    ring_s: plan.ring_s ?? 30,
    priority: plan.priority ?? 3,
    numbers: plan.numbers ?? "default",
    local_first: plan.local_first ?? true,
    attempts: plan.retry?.attempts ?? 3,
    gap_min: plan.retry?.gap_min ?? 15,
    minutes_min: plan.retry?.minutes_min ?? 15,
    hours_min: plan.retry?.hours_min ?? 180,
    days_min: plan.retry?.days_min ?? 1440,
    per_day: plan.caps?.per_day ?? 2,
    per_7_days: plan.caps?.per_7_days ?? null,
    per_30_days: plan.caps?.per_30_days ?? null,
    rules: (plan.retry?.rules ?? []).map((rule) => ({
      on: rule.tag ? "tag" : "after",
      after: [...(rule.after ?? [])],
      tag: rule.tag ?? "",
      wait_min: rule.wait_min ?? null,
      stop: rule.stop === true,
      attempts: rule.attempts ?? null,
    })),
    mode: plan.transfer?.mode ?? "robots",
    group: plan.transfer?.group ?? "default",
    abandonment: percent(plan.transfer?.abandonment ?? 0.03),
    threshold_s: plan.transfer?.threshold_s ?? 2,
    window_h: plan.transfer?.window_h ?? 24,
    denominator: plan.transfer?.denominator ?? "answered",
    min_calls: plan.transfer?.min_calls ?? 50,
    breaker_attempts: plan.breaker?.attempts ?? 50,
    breaker_at_least: plan.breaker?.at_least ?? 20,
    breaker_failures: percent(plan.breaker?.failures ?? 0.5),
    breaker_refusals: percent(plan.breaker?.refusals ?? 0.5),
    currency: plan.budget?.currency ?? "CNY",
    total: plan.budget?.total ?? null,
    per_attempt: plan.budget?.per_attempt ?? 0,
    per_minute: plan.budget?.per_minute ?? 0.1,
    minute_step_s: plan.budget?.minute_step_s ?? 60,
  };
}

/** Fields -> the plan, on top of the one it was. */
export function planOf(fields: PlanFields, base: Partial<Plan>): Plan {
  const spans = (given: SpanField[]) => given.map((span) => ({ days: span.days?.length ? span.days : Object.keys(DAYS), from: text(span.from), to: text(span.to) }));
  const rule = (one: RuleField) => ({
    ...(one.on === "tag" ? { tag: one.tag.trim() } : { after: one.after }),
    ...(one.stop ? { stop: true } : { wait_min: one.wait_min ?? 60, ...(one.attempts ? { attempts: one.attempts } : {}) }),
  });
  const plan = {
    ...base,
    scripts: fields.scripts.map((one, at) => {
      const [script, digest] = one.version.split(":") as [string, string];
      return { name: one.name || String.fromCharCode(97 + at), script, digest: digest || null, weight: one.weight };
    }),
    calling: {
      ...base.calling,
      zone: fields.zone,
      windows: spans(fields.windows),
      breaks: spans(fields.breaks),
      forbidden: fields.forbidden.map((day) => day.format("YYYY-MM-DD")),
      holidays: fields.holidays,
    },
    robots: { ...base.robots, max: fields.robots, guaranteed: fields.guaranteed },
    calls_per_second: fields.calls_per_second,
    burst: fields.burst,
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
      minutes_min: fields.minutes_min,
      hours_min: fields.hours_min,
      days_min: fields.days_min,
      rules: fields.rules.map(rule),
    },
    caps: { ...base.caps, per_day: fields.per_day, per_7_days: fields.per_7_days, per_30_days: fields.per_30_days },
    budget: fields.total
      ? { ...base.budget, currency: fields.currency, total: fields.total, per_attempt: fields.per_attempt, per_minute: fields.per_minute, minute_step_s: fields.minute_step_s }
      : null,
    transfer: {
      ...base.transfer,
      mode: fields.mode,
      group: fields.group,
      abandonment: share(fields.abandonment),
      threshold_s: fields.threshold_s,
      window_h: fields.window_h,
      denominator: fields.denominator,
      min_calls: fields.min_calls,
    },
    breaker: {
      ...base.breaker,
      attempts: fields.breaker_attempts,
      at_least: fields.breaker_at_least,
      failures: share(fields.breaker_failures),
      refusals: share(fields.breaker_refusals),
    },
  };
  return plan as unknown as Plan; // the server checks it field by field
}
