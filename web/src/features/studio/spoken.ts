// What a conversation by microphone looks like, event by event (see src/callwright/studio/spoken.py). Pure: each event makes a new view.

export interface Said {
  text: string;
  source: string;
  node: string;
  /** It is being heard just now. */
  speaking?: boolean;
  /** The caller cut it off. */
  cut?: boolean;
}

export interface Turn {
  said: Said[];
  acts: { kind: string; text: string }[];
  decisions: { kind: string; data: Record<string, unknown> }[];
}

/** caller: what was said, "" = words that were not recognised, null = the robot began; how: a key was pressed, or nothing was said in time;
 * early: taken before the words were over, so how they were heard comes later. */
export interface Step {
  caller: string | null;
  how: "said" | "key" | "silence";
  early?: boolean;
  turn: Turn;
}

export interface Stand {
  node: string;
  grade: string | null;
  grade_title: string;
  reason: string;
  slots: Record<string, unknown>;
  tags: string[];
}

export interface Over {
  why: "time" | "left" | "connection" | "script" | "fault";
  end: string;
}

export type Event =
  | { what: "connected" }
  | { what: "partial" | "saying" | "fault"; text: string }
  | { what: "caller"; text: string; early: boolean }
  | { what: "key" | "silence"; text: string }
  | { what: "robot"; text: string; source: string; cut: boolean }
  | { what: "decision"; kind: string; data: Record<string, unknown> }
  | { what: "act"; kind: string; text: string }
  | ({ what: "stand" } & Stand)
  | ({ what: "over" } & Over);

/** hearing: what the caller is just saying, as far as it was recognised; heard: how, before the words are taken. */
export interface View {
  connected: boolean;
  steps: Step[];
  hearing: string;
  heard: Turn["decisions"];
  stand: Stand | null;
  faults: string[];
  over: Over | null;
}

export const NOTHING: View = { connected: false, steps: [], hearing: "", heard: [], stand: null, faults: [], over: null };

const EMPTY: Turn = { said: [], acts: [], decisions: [] };

export function take(view: View, event: Event): View {
  switch (event.what) {
    case "connected":
      return { ...view, connected: true };
    case "partial":
      return { ...view, hearing: event.text };
    case "caller":
      return { ...begun(view, event.text, "said", event.early), hearing: "" };
    case "key":
    case "silence":
      return begun(view, event.text, event.what);
    case "saying":
      return last(view, (turn) => ({ ...turn, said: [...turn.said, { text: event.text, source: "", node: "", speaking: true }] }));
    case "robot":
      return heardToItsEnd(view, { text: event.text, source: event.source, node: "", cut: event.cut });
    case "decision":
      if (event.kind === "recognised") return recognised(view, { kind: event.kind, data: event.data });
      return last(view, (turn) => ({ ...turn, decisions: [...turn.decisions, { kind: event.kind, data: event.data }] }));
    case "act":
      return last(view, (turn) => ({ ...turn, acts: [...turn.acts, { kind: event.kind, text: event.text }] }));
    case "stand": {
      const { what: _, ...stand } = event;
      return { ...view, stand };
    }
    case "fault":
      return { ...view, faults: [...view.faults, event.text].slice(-5) };
    case "over":
      return { ...silent(view), hearing: "", over: { why: event.why, end: event.end } };
  }
}

/** The caller does something: a step begins, with how his words were heard. */
function begun(view: View, caller: string, how: Step["how"], early = false): View {
  return { ...view, steps: [...view.steps, { caller, how, early, turn: { ...EMPTY, decisions: view.heard } }], heard: [] };
}

/** How words were heard: those of the step that was taken early, else those of the next one. */
function recognised(view: View, how: Turn["decisions"][number]): View {
  const at = view.steps.length - 1;
  const step = view.steps[at];
  if (!step?.early) return { ...view, heard: [how] };
  const steps = [...view.steps];
  steps[at] = { ...step, early: false, turn: { ...step.turn, decisions: [how, ...step.turn.decisions] } };
  return { ...view, steps };
}

/** The turn under way is changed; the robot's first one has no caller. */
function last(view: View, change: (turn: Turn) => Turn): View {
  const steps = view.steps.length ? [...view.steps] : [{ caller: null, how: "said" as const, turn: EMPTY }];
  const at = steps.length - 1;
  steps[at] = { ...steps[at]!, turn: change(steps[at]!.turn) };
  return { ...view, steps };
}

/** What was being said is over. By then the caller may have begun a step of his own: he talked over it. */
function heardToItsEnd(view: View, said: Said): View {
  const is = (one: Said) => one.speaking === true && one.text === said.text;
  for (let at = view.steps.length - 1; at >= 0; at--) {
    const step = view.steps[at]!;
    if (!step.turn.said.some(is)) continue;
    const steps = [...view.steps];
    steps[at] = { ...step, turn: { ...step.turn, said: step.turn.said.map((one) => (is(one) ? said : one)) } };
    return { ...view, steps };
  }
  return last(view, (turn) => ({ ...turn, said: [...turn.said, said] }));
}

function silent(view: View): View {
  const quiet = ({ speaking: _, ...one }: Said): Said => one;
  return { ...view, steps: view.steps.map((step) => ({ ...step, turn: { ...step.turn, said: step.turn.said.map(quiet) } })) };
}
