// Small parts of several pages: a grade, an outcome, filters that live in the address.
import { Tag, theme } from "antd";
import { useCallback, useMemo } from "react";
import { useSearchParams } from "react-router";
import type { operations } from "@/api/schema";
import { outcome } from "./outcomes";

export type CallQuery = NonNullable<operations["list_calls"]["parameters"]["query"]>;
export type Filters = Omit<CallQuery, "cursor" | "limit">;

export const GRADES = ["A", "B", "C", "D", "E", "F", "-"] as const;
const COLOURS: Record<string, string> = { A: "success", B: "processing", C: "warning", D: "default", E: "default", F: "error" };

export function Grade({ grade }: { grade: string }) {
  if (!grade) return <>—</>;
  return (
    <Tag color={COLOURS[grade]} style={{ marginInlineEnd: 0, fontWeight: 600 }}>
      {grade}
    </Tag>
  );
}

export function Outcome({ name }: { name: string }) {
  return <>{outcome(name)}</>;
}

const MANY = new Set(["grade", "disposition"]);
const NUMBERS = new Set(["agent", "task", "script_version", "talk_from_s", "talk_to_s"]);
const ONE = ["since", "before", "tag", "node", "kb", "slot", "words", "subject", "own_number", "order", "answered", ...NUMBERS];

/** The filters as the address has them, and a way to change some: `set({grade: ["A"]})`; undefined takes one away. */
export function useFilters(): { filters: Filters; set: (change: Partial<Filters>) => void; clear: () => void } {
  const [address, setAddress] = useSearchParams();
  const filters = useMemo(() => {
    const found: Record<string, unknown> = {};
    for (const name of MANY) if (address.has(name)) found[name] = address.getAll(name);
    for (const name of ONE) {
      const value = address.get(name);
      if (value) found[name] = NUMBERS.has(name) ? Number(value) : name === "answered" ? value === "true" : value;
    }
    return found as Filters;
  }, [address]);
  const set = useCallback(
    (change: Partial<Filters>) =>
      setAddress(
        (old) => {
          const next = new URLSearchParams(old);
          for (const [name, value] of Object.entries(change)) {
            next.delete(name);
            for (const one of Array.isArray(value) ? value : [value]) if (one !== undefined && one !== null && one !== "") next.append(name, String(one));
          }
          return next;
        },
        { replace: true },
      ),
    [setAddress],
  );
  const clear = useCallback(() => setAddress(new URLSearchParams(), { replace: true }), [setAddress]);
  return { filters, set, clear };
}

/** The colours of charts and waves, of the theme that is on. */
export function usePalette() {
  const { token } = theme.useToken();
  return {
    text: token.colorText,
    quiet: token.colorTextSecondary,
    line: token.colorBorderSecondary,
    primary: token.colorPrimary,
    second: token.colorWarning,
    third: token.colorInfo,
    good: token.colorSuccess,
    bad: token.colorError,
    marked: token.controlItemBgActive,
    shadow: token.colorTextQuaternary,
  };
}
