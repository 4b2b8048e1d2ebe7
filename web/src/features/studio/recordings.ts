// Which lines of the sheet are looked at.
import type { components } from "@/api/schema";

export type Line = components["schemas"]["RecordingLine"];
export type Recording = components["schemas"]["RecordingView"];
export type Shown = "all" | "missing" | "stale" | "faulty" | "doubtful";

/** Neither a recogniser nor a person says that it is good: a version with it is not approved. */
export function needsJudging(one: Recording): boolean {
  return one.decision === "" && one.verdict !== "same";
}

export function shows(line: Line, which: Shown): boolean {
  const one = line.recording;
  if (which === "all") return true;
  if (which === "faulty") return one !== null && one.faults.length > 0;
  if (which === "doubtful") return one !== null && needsJudging(one);
  return line.state === which;
}
