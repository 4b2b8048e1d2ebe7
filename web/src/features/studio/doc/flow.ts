// A script as a canvas shows it, and what one does there, as changes of its text. Pure.
import { append, at, EditError, offsetOf, type Path, read, remove, rename, set, valueOf } from "./edit";
import type { Plain } from "./scalars";

type Record_ = { [key: string]: Plain };

export interface Edge {
  from: string;
  to: string;
  /** `affirm`, `affirm, then`, a condition, `else`, the name of an arm. */
  label: string;
  path: Path;
  kind: "next" | "then" | "case" | "else" | "enter" | "arm";
}

export interface FlowNode {
  id: string;
  type: string;
  say: string[];
  slot: string;
  end: string;
  group: string;
}

export interface Entry {
  id: string;
  title: string;
  index: number;
  phrases: string[];
  answers: string[];
  role: string;
  priority: number;
  goto: string;
}

export interface Script {
  start: string;
  language: string;
  nodes: FlowNode[];
  edges: Edge[];
  kb: Entry[];
  globals: Entry[];
  vars: { name: string; example: string }[];
  slots: string[];
  errors: string[];
}

export const NEXT_KEYS = ["affirm", "deny", "refuse", "any", "silence", "unrecognised", "interrupted", "filled", "refused", "failed", "ok", "error"];
export const NODE_TYPES = ["say", "collect", "branch", "action", "transfer", "subflow", "ab"];
const NODES: Path = ["flow", "nodes"];

const isRecord = (value: unknown): value is Record_ => typeof value === "object" && value !== null && !Array.isArray(value);
const record = (value: unknown): Record_ => (isRecord(value) ? value : {});
const list = (value: unknown): Plain[] => (Array.isArray(value) ? (value as Plain[]) : value === null || value === undefined ? [] : [value as Plain]);
const word = (value: unknown): string => (value === null || value === undefined || typeof value === "object" ? "" : String(value));
const wording = (value: Plain): string => (isRecord(value) ? word(value["text"]) : word(value));

/** What is there, whatever else is wrong with the text. */
export function view(text: string): Script {
  const doc = read(text);
  let whole: Record_ = {};
  try {
    whole = record(valueOf(text));
  } catch {
    // an alias bomb or the like: the checks say so
  }
  const flow = record(whole["flow"]);
  const nodes = Object.entries(record(flow["nodes"]));
  return {
    start: word(flow["start"]),
    language: word(whole["lang"]),
    nodes: nodes.map(([id, node]) => nodeOf(id, record(node), whole)),
    edges: nodes.flatMap(([id, node]) => edgesOf(id, record(node))),
    kb: list(whole["kb"]).map((entry, index) => entryOf(record(entry), index, "answers")),
    globals: list(whole["globals"]).map((entry, index) => entryOf(record(entry), index, "say")),
    vars: Object.entries(record(whole["vars"])).map(([name, one]) => ({ name, example: word(record(one)["example"]) })),
    slots: Object.keys(record(whole["slots"])),
    errors: doc.errors.map((error) => error.message.split("\n")[0] ?? ""),
  };
}

function nodeOf(id: string, node: Record_, whole: Record_): FlowNode {
  const slot = word(node["slot"]);
  const say = list(node["say"]).map(wording);
  const asked = word(record(record(whole["slots"])[slot])["ask"]);
  return {
    id,
    type: word(node["type"]) || "say",
    say: say.length === 0 && asked ? [asked] : say,
    slot,
    end: word(node["end"]),
    group: word(record(node["to"])["group"]),
  };
}

function edgesOf(id: string, node: Record_): Edge[] {
  const here: Path = [...NODES, id];
  const found: Edge[] = [];
  const add = (to: unknown, label: string, path: Path, kind: Edge["kind"]) => {
    if (word(to)) found.push({ from: id, to: word(to), label, path: [...here, ...path], kind });
  };
  for (const [key, step] of Object.entries(record(node["next"]))) {
    if (isRecord(step)) {
      add(step["goto"], key, ["next", key, "goto"], "next");
      add(step["then"], `${key} ↷`, ["next", key, "then"], "then");
    } else add(step, key, ["next", key], "next");
  }
  list(node["cases"]).forEach((one, n) => add(record(one)["goto"], word(record(one)["when"]), ["cases", n, "goto"], "case"));
  add(node["else"], "else", ["else"], "else");
  add(node["enter"], "enter", ["enter"], "enter");
  list(node["arms"]).forEach((one, n) => add(record(one)["goto"], word(record(one)["name"]), ["arms", n, "goto"], "arm"));
  return found;
}

function entryOf(entry: Record_, index: number, answers: "answers" | "say"): Entry {
  return {
    id: word(entry["id"]) || String(index),
    title: word(entry["title"]),
    index,
    phrases: list(entry["phrases"]).map(word),
    answers: list(entry[answers]).map(wording),
    role: word(entry["role"]),
    priority: Number(entry["priority"] ?? 0) || 0,
    goto: word(entry["goto"]) || word(record(entry["then"])["goto"]),
  };
}

/** Every scalar that names this node. */
export function references(text: string, id: string): Path[] {
  const whole = record(valueOf(text));
  const found: Path[] = [];
  const look = (value: unknown, path: Path) => {
    if (word(value) === id) found.push(path);
  };
  look(record(whole["flow"])["start"], ["flow", "start"]);
  look(record(record(whole["compliance"])["disclosure"])["node"], ["compliance", "disclosure", "node"]);
  for (const [name, node] of Object.entries(record(record(whole["flow"])["nodes"]))) {
    for (const edge of edgesOf(name, record(node))) if (edge.to === id) found.push(edge.path);
  }
  for (const block of ["kb", "globals"]) {
    list(whole[block]).forEach((entry, n) => {
      const one = record(entry);
      look(one["goto"], [block, n, "goto"]);
      look(record(one["then"])["goto"], [block, n, "then", "goto"]);
      for (const key of ["only_in", "not_in"]) if (Array.isArray(one[key])) (one[key] as Plain[]).forEach((name, m) => look(name, [block, n, key, m]));
    });
  }
  list(whole["tests"]).forEach((test, n) => list(record(test)["turns"]).forEach((turn, m) => isRecord(turn) && look(turn["during"], ["tests", n, "turns", m, "during"])));
  return found;
}

// ------------------------------------------------------------ what one does on the canvas

const NAME = /^[\p{L}\p{N}_.-]{1,64}$/u;

function named(text: string, id: string): void {
  if (!NAME.test(id)) throw new EditError("a name has letters, digits, _ - and . only, at most 64");
  if (at(read(text), [...NODES, id]).pair) throw new EditError(`there is a node ${id} already`);
}

/** A free name: `node_1`, `node_2`, ... */
export function freeName(text: string, stem = "node"): string {
  const taken = new Set(view(text).nodes.map((node) => node.id));
  for (let n = 1; ; n += 1) if (!taken.has(`${stem}_${n}`)) return `${stem}_${n}`;
}

export function addNode(text: string, id: string, words: string, type = "say"): string {
  named(text, id);
  const node: Record_ = type === "say" ? { say: [words] } : { type, say: [words] };
  const made = set(text, [...NODES, id], node);
  return at(read(made), ["flow", "start"]).node === null ? set(made, ["flow", "start"], id) : made;
}

/** The node and everything that names it. */
export function renameNode(text: string, id: string, to: string): string {
  if (id === to) return text;
  named(text, to);
  return rename(text, [...NODES, id], to, references(text, id));
}

/** The node, and the transitions that lead to it; what else names it is found by the checks. */
export function deleteNode(text: string, id: string): string {
  let after = text;
  for (;;) {
    const edge = view(after).edges.find((one) => one.to === id && one.from !== id && (one.kind === "next" || one.kind === "then"));
    if (!edge) break;
    after = disconnect(after, edge);
  }
  return remove(after, [...NODES, id]);
}

/** Let `from` go on to `to` on this key; a step with its own words keeps them. */
export function connect(text: string, from: string, key: string, to: string): string {
  const path: Path = [...NODES, from, "next", key];
  const node = record(record(record(record(valueOf(text))["flow"])["nodes"])[from]);
  const step = record(node["next"])[key];
  return set(text, isRecord(step) ? [...path, "goto"] : path, to);
}

/** Lead an edge to another node. */
export function redirect(text: string, edge: Edge, to: string): string {
  return set(text, edge.path, to);
}

/** Take a transition away; the last one takes `next` with it. */
export function disconnect(text: string, edge: Edge): string {
  const whole = record(valueOf(text));
  const node = record(record(record(whole["flow"])["nodes"])[edge.from]);
  if (edge.kind === "case" || edge.kind === "arm") return remove(text, edge.path.slice(0, -1));
  if (edge.kind === "else" || edge.kind === "enter") return remove(text, edge.path);
  const next = record(node["next"]);
  const key = String(edge.path[4]);
  const step = next[key];
  if (isRecord(step) && Object.keys(step).length > 1) return remove(text, edge.path);
  return Object.keys(next).length > 1 ? remove(text, [...NODES, edge.from, "next", key]) : remove(text, [...NODES, edge.from, "next"]);
}

/** The n-th wording of a node, entry or rule (`answers` or `say` at `path`). */
export function setWording(text: string, path: Path, n: number, words: string): string {
  const found = at(read(text), path).node;
  const value = found === null ? [] : (found.toJSON() as Plain);
  if (!Array.isArray(value)) return isRecord(value) ? set(text, [...path, "text"], words) : value === null ? append(text, path, words) : set(text, path, words);
  const there = value[n];
  if (there === undefined) return append(text, path, words);
  return set(text, isRecord(there) ? [...path, n, "text"] : [...path, n], words);
}

export function removeWording(text: string, path: Path, n: number): string {
  return remove(text, [...path, n]);
}

/** A key of a node with a scalar value; "" takes it away. */
export function setKey(text: string, path: Path, value: string | number): string {
  if (value !== "") return set(text, path, value);
  return at(read(text), path).pair ? remove(text, path) : text;
}

export interface Question {
  id: string;
  title: string;
  phrases: string[];
  answers: string[];
}

/** Knowledge entries at the end of `kb`; ids that are taken get a number. */
export function addKnowledge(text: string, questions: Question[]): string {
  const taken = new Set(view(text).kb.map((entry) => entry.id));
  return questions.reduce((whole, one) => {
    let id = one.id;
    for (let n = 2; taken.has(id); n += 1) id = `${one.id}_${n}`;
    taken.add(id);
    const entry: Record_ = { id, ...(one.title ? { title: one.title } : {}), phrases: one.phrases, answers: one.answers.map((answer) => ({ text: answer })), then: { resume: "reask" } };
    return append(whole, ["kb"], entry);
  }, text);
}

/** An entry of knowledge and the dialogues that test it, at the ends of `kb` and `tests`; an id that is taken gets a number. id: as it is then. */
export function addAnswer(text: string, kb: Record<string, Plain>[], tests: Record<string, Plain>[]): { text: string; id: string } {
  const taken = new Set(view(text).kb.map((entry) => entry.id));
  const first = word(kb[0]?.["id"] ?? "question");
  let id = first;
  for (let n = 2; taken.has(id); n += 1) id = `${first}_${n}`;
  const named = (one: Record<string, Plain>) => (word(one["id"]) === first ? { ...one, id } : one);
  const expecting = (test: Record<string, Plain>): Record<string, Plain> => {
    const expect = record(test["expect"]);
    return { ...test, expect: { ...expect, kb: list(expect["kb"]).map((entry) => (entry === first ? id : entry)) } };
  };
  const whole = kb.reduce((so, one) => append(so, ["kb"], named(one)), text);
  return { text: tests.reduce((so, one) => append(so, ["tests"], expecting(one)), whole), id };
}

export interface Unnamed {
  file: string;
  where: string;
}

/** Give wordings the `audio` that the sheet calls them by (`where`: `flow.nodes.ok.say[0]`). left: how many only the text view can change. */
export function nameRecordings(text: string, lines: Unnamed[]): { text: string; left: number } {
  let left = 0;
  const byPlace = new Map<string, Unnamed[]>();
  for (const one of lines) byPlace.set(one.where, [...(byPlace.get(one.where) ?? []), one]);
  const named = [...byPlace].reduce((whole, [where, parts]) => {
    const file = parts[0]!.file.replace(/\.\d+\.wav$/, ".wav"); // of the wording, not of a fragment
    try {
      return nameOne(whole, pathOf(where), file);
    } catch (error) {
      if (!(error instanceof EditError)) throw error;
      left += parts.length;
      return whole;
    }
  }, text);
  return { text: named, left };
}

function nameOne(text: string, path: Path, file: string): string {
  const there = at(read(text), path).node?.toJSON() as Plain | undefined;
  if (isRecord(there ?? null)) return set(text, [...path, "audio"], file);
  if (typeof there === "string") return set(text, path, { text: there, audio: file });
  const above = path.slice(0, -1); // `say: words` and `say: {text: words}` stand for a list of one
  const only = at(read(text), above).node?.toJSON() as Plain | undefined;
  if (path[path.length - 1] !== 0 || only === undefined) throw new EditError("there is no such wording");
  if (isRecord(only)) return set(text, [...above, "audio"], file);
  if (typeof only === "string") return set(text, above, { text: only, audio: file });
  throw new EditError("there is no such wording");
}

function pathOf(where: string): Path {
  return where.split(".").flatMap((step) => step.split(/[[\]]+/).filter((part) => part !== "").map((part, n) => (n > 0 ? Number(part) : part)));
}

/** Where a node, entry or field stands in the text. */
export function offset(text: string, path: Path): number {
  return offsetOf(read(text), path);
}

export { EditError } from "./edit";
