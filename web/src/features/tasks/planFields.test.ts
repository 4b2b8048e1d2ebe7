// A plan as fields and back is the same plan: no key is lost, none is made up.
import { describe, expect, it } from "vitest";
import { fieldsOf, planOf } from "./planFields";

const days = ["mon", "tue"];
const PLAN = {
  scripts: [
    { name: "a", script: "renewal", digest: "ab".repeat(32), weight: 3 },
    { name: "short", script: "renewal_short", digest: "cd".repeat(32), weight: 1 },
  ],
  calling: {
    zone: "Asia/Shanghai", windows: [{ days, from: "09:30", to: "24:00" }], breaks: [{ days, from: "12:00", to: "13:30" }], forbidden: ["2027-02-17"], holidays: ["CN"],
  },
  robots: { max: 20, guaranteed: 5 },
  calls_per_second: 2.5, burst: 4, ring_s: 25, priority: 2, numbers: "north", local_first: false,
  starts_at: "2026-12-01T01:00:00.000Z", not_after: "2027-03-01T10:00:00.000Z",
  retry: {
    attempts: 4, gap_min: 30, minutes_min: 20, hours_min: 200, days_min: 2000,
    rules: [{ tag: "call later", wait_min: 1440, attempts: 2 }, { after: ["busy"], wait_min: 15 }, { after: ["hung_up"], stop: true }, { tag: "no interest", stop: true }],
  },
  caps: { per_day: 1, per_7_days: 3, per_30_days: null },
  budget: { currency: "EUR", total: 500, per_attempt: 0.01, per_minute: 0.12, minute_step_s: 6 },
  transfer: { mode: "predictive", group: "sales", abandonment: 0.025, threshold_s: 1.5, window_h: 12, denominator: "queued", min_calls: 80 },
  breaker: { attempts: 60, at_least: 30, failures: 0.4, refusals: 0.35 },
};

describe("a plan", () => {
  it("comes back as it went", () => {
    expect(planOf(fieldsOf(PLAN as never), {})).toEqual(PLAN);
  });
  it("without a budget stays without", () => {
    expect(planOf(fieldsOf({ ...PLAN, budget: null } as never), {}).budget).toBeNull();
  });
  it("keeps what a later server knows besides", () => {
    const later = { ...PLAN, novelty: { a: 1 }, transfer: { ...PLAN.transfer, more: true } };
    expect(planOf(fieldsOf(later as never), later as never)).toEqual(later);
  });
});
