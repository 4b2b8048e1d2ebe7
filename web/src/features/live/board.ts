// The running calls, kept by what the server tells: everything once, then what changes.
import { useMemo, useRef, useState } from "react";
import type { components } from "@/api/schema";
import { type Link, useEvents } from "@/api/events";

export type LiveCall = components["schemas"]["LiveCall"];

interface Told {
  set?: Record<string, Partial<LiveCall>>;
  gone?: string[];
  workers?: number;
  whole?: boolean;
}

export interface BoardView {
  calls: LiveCall[];
  workers: number | null;
  link: Link;
}

export function useBoard(): BoardView {
  const rows = useRef(new Map<string, LiveCall>());
  const [shown, setShown] = useState<{ calls: LiveCall[]; workers: number | null }>({ calls: [], workers: null });
  const link = useEvents("/api/v1/live/events", {
    board: (told: Told) => {
      if (told.workers === undefined) return;
      if (told.whole) rows.current.clear();
      for (const call of told.gone ?? []) rows.current.delete(call);
      for (const [call, change] of Object.entries(told.set ?? {})) {
        rows.current.set(call, { ...(rows.current.get(call) as LiveCall), ...change }); // a new object: only changed rows are drawn anew
      }
      setShown({ calls: [...rows.current.values()], workers: told.workers });
    },
  });
  return useMemo(() => ({ ...shown, link }), [shown, link]);
}

export interface Filter {
  text: string;
  standing: string;
  risky: boolean;
}

export function filtered(calls: LiveCall[], filter: Filter): LiveCall[] {
  const text = filter.text.trim().toLowerCase();
  const wanted = calls.filter(
    (call) =>
      (!filter.standing || call.standing === filter.standing) &&
      (!filter.risky || (call.risks ?? []).length > 0) &&
      (!text || `${call.number} ${call.script} ${call.node} ${call.said?.text ?? ""} ${call.task ?? ""}`.toLowerCase().includes(text)),
  );
  return wanted.sort((a, b) => urgency(a) - urgency(b) || a.began_at.localeCompare(b.began_at) || a.call.localeCompare(b.call));
}

/** Calls that wait for a person come first, then those with one; everything else stays where it is. */
function urgency(call: LiveCall): number {
  return call.standing === "queued" ? 0 : call.standing === "person" ? 1 : 2;
}

export interface Line {
  at_ms: number;
  kind: "robot" | "caller" | "state" | "why" | "slot" | "fault";
  what: string;
  text: string;
  final: boolean;
  data: Record<string, string>;
}

/** The next state of a transcript: words that may still change are replaced by those that follow them. */
export function withLine(lines: Line[], line: Line): Line[] {
  const last = lines[lines.length - 1];
  const open = lines.findLastIndex((one) => one.kind === line.kind && !one.final && (one.kind === "robot" || one.kind === "caller"));
  if (open >= 0 && (line.kind === "robot" || line.kind === "caller")) {
    const at = Math.min(lines[open]!.at_ms, line.at_ms);
    return [...lines.slice(0, open), { ...line, at_ms: at }, ...lines.slice(open + 1)];
  }
  // The log holds prompts when they are over: one that was said before the last words belongs before them.
  if (last && line.kind === "robot" && line.at_ms < last.at_ms) {
    const place = lines.findLastIndex((one) => one.at_ms <= line.at_ms) + 1;
    return [...lines.slice(0, place), line, ...lines.slice(place)];
  }
  return [...lines, line];
}

export function useTranscript(call: string | null): { lines: Line[]; over: boolean; link: Link } {
  const [lines, setLines] = useState<Line[]>([]);
  const [over, setOver] = useState(false);
  const of = useRef(call);
  if (of.current !== call) {
    of.current = call;
    setLines([]);
    setOver(false);
  }
  const link = useEvents(call === null || over ? null : `/api/v1/live/calls/${encodeURIComponent(call)}/events`, {
    line: (line: Line) => setLines((before) => withLine(line.what === "placed" || line.what === "came_in" ? [] : before, line)),
    end: () => setOver(true),
  });
  return { lines, over, link };
}
