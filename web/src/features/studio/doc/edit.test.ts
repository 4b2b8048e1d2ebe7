// Changes on the canvas: what they mean is what the text says afterwards, and every comment is still there. On all built-in templates, by chance.
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { parseDocument } from "yaml";
import { append, apply, difference, EditError, read, remove, rename, set, setIn, valueOf } from "./edit";
import { addAnswer, addKnowledge, addNode, connect, deleteNode, disconnect, freeName, nameRecordings, NEXT_KEYS, references, renameNode, setKey, setWording, view } from "./flow";
import { type Plain, scalar } from "./scalars";

const FOLDER = fileURLToPath(new URL("../../../../../src/callwright/script/templates/", import.meta.url));
const TEMPLATES = readdirSync(FOLDER).filter((name) => name.endsWith(".yaml")).map((name) => [name, readFileSync(FOLDER + name, "utf-8")] as const);

/** Numbers that look like chance and are the same every time (mulberry32). */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
const pick = <V>(next: () => number, from: readonly V[]): V => from[Math.floor(next() * from.length)]!;

/** Comments in file order. Only whole tokens: a # within a text is none. */
function comments(text: string): string[] {
  const found: string[] = [];
  const look = (token: unknown): void => {
    if (Array.isArray(token)) token.forEach(look);
    else if (typeof token === "object" && token !== null) {
      const one = token as { type?: string; source?: string } & Record<string, unknown>;
      if (one.type === "comment") found.push(one.source ?? "");
      for (const key of ["items", "start", "sep", "key", "value", "end", "contents", "props"]) if (key in one) look(one[key]);
    }
  };
  const doc = parseDocument(text, { keepSourceTokens: true, logLevel: "silent" });
  look((doc.contents as { srcToken?: unknown } | null)?.srcToken);
  for (const line of text.split("\n")) if (/^\s*#/.test(line)) found.push(line.trim());
  return found.sort();
}

const WORDS = ["好的,再见。", "Yes: really", "# no comment", "it's {price}", "- dash", "no", "on", "12321", "09:00", "a", " blank ", "“引号”", 'say "hi"', "*star", "&and", "!bang", "?", "多行\n文本", "{}", "null", "~", "é\u2028x", ""];

describe("scalars", () => {
  it.each(WORDS)("%j is read as what it was", (words) => {
    expect(valueOf(`a: ${scalar(words)}\n`)).toEqual({ a: words });
    expect(valueOf(`a: [${scalar(words)}, {b: ${scalar(words)}}]\n`)).toEqual({ a: [words, { b: words }] });
  });
});

describe("single changes keep everything around them", () => {
  const TEXT = `# head
flow:            # the flow
  start: a       # begins here

  nodes:
    a:           # first
      say: ["x", "y"]   # words
      next: {affirm: b, deny: c}  # where to
    # between
    b: {end: done}

    # last
    c:
      say:
        - text: |
            long
            text
        - short  # short one
      end: bye
kb:
  - id: one      # the id
    title: One
    answers: [x]
  # two follows
  - title: Two
    id: two
    answers: [y]
`;
  it.each([
    ["a scalar", () => set(TEXT, ["flow", "start"], "b"), "start: b       # begins here"],
    ["a new key in a block", () => set(TEXT, ["flow", "nodes", "a", "milestone"], 2), "# where to\n      milestone: 2\n    # between"],
    ["a new key in a flow map", () => set(TEXT, ["flow", "nodes", "a", "next", "any"], "c"), "{affirm: b, deny: c, any: c}  # where to"],
    ["a key two levels down", () => set(TEXT, ["flow", "nodes", "b", "barge", "mode"], "none"), "b: {end: done, barge: {mode: none}}"],
    ["an item of a flow list", () => append(TEXT, ["flow", "nodes", "a", "say"], "z: 1"), '["x", "y", "z: 1"]   # words'],
    ["an item of a block list", () => append(TEXT, ["flow", "nodes", "c", "say"], "new"), "- short  # short one\n        - new\n      end: bye"],
    ["a block scalar", () => set(TEXT, ["flow", "nodes", "c", "say", 0, "text"], "now short"), "- text: now short\n        - short  # short one"],
    ["out of a flow map", () => remove(TEXT, ["flow", "nodes", "a", "next", "affirm"]), "next: {deny: c}  # where to"],
    ["the last out of a flow map", () => remove(TEXT, ["flow", "nodes", "a", "next", "deny"]), "next: {affirm: b}  # where to"],
    ["a whole node", () => remove(TEXT, ["flow", "nodes", "b"]), "# between\n\n    # last"],
    ["the first key behind a dash", () => remove(TEXT, ["kb", 1, "title"]), "- id: two\n    answers: [y]"],
    ["the first key with a comment", () => remove(TEXT, ["kb", 0, "id"]), "-       # the id\n    title: One"],
    ["an item", () => remove(TEXT, ["kb", 0]), "kb:\n  # two follows\n  - title: Two"],
    ["a new entry", () => append(TEXT, ["kb"], { id: "three", answers: ["z"] }), "answers: [y]\n  - id: three\n    answers: [z]\n"],
    ["a new block", () => set(TEXT, ["limits", "max_turns"], 9), "answers: [y]\nlimits:\n  max_turns: 9\n"],
  ])("%s", (_, change, expected) => {
    expect(change()).toContain(expected);
  });

  it("renames a node with all that names it", () => {
    const after = renameNode(TEXT, "b", "bravo");
    expect(after).toContain("affirm: bravo, deny: c");
    expect(after).toContain("    bravo: {end: done}");
    expect(references(after, "b")).toEqual([]);
    expect(comments(after)).toEqual(comments(TEXT));
  });

  it("makes what is missing in an empty text and below an empty key", () => {
    expect(valueOf(set("", ["flow", "nodes", "a", "end"], "x"))).toEqual({ flow: { nodes: { a: { end: "x" } } } });
    expect(valueOf(set("flow:\n  nodes:\n", ["flow", "nodes", "a"], "x"))).toEqual({ flow: { nodes: { a: "x" } } });
    expect(valueOf(append("kb:\n", ["kb"], "x"))).toEqual({ kb: ["x"] });
    expect(valueOf(append("kb: []  # none\n", ["kb"], { id: "x" }))).toEqual({ kb: [{ id: "x" }] });
  });

  it("refuses what it cannot do, and changes nothing", () => {
    expect(() => set("a: &x {b: 1}\nc: *x\n", ["c", "b"], 2)).toThrow(EditError);
    expect(() => remove("a: 1\n", ["b"])).toThrow(EditError);
    expect(() => addNode(TEXT, "a", "x")).toThrow(EditError);
    expect(() => addNode(TEXT, "no name!", "x")).toThrow(EditError);
    expect(() => rename(TEXT, ["flow", "nodes", "zzz"], "y")).toThrow(EditError);
  });
});

describe.each(TEMPLATES)("by chance on %s", (name, text) => {
  it("any 25 changes in a row mean what they should, and no comment is lost", () => {
    const next = chance(name.length * 7919);
    const told = comments(text);
    let now = text;
    for (let n = 0; n < 25; n += 1) {
      const script = view(now);
      const node = pick(next, script.nodes);
      const other = pick(next, script.nodes);
      const edges = script.edges.filter((edge) => edge.from === node.id);
      const key = pick(next, NEXT_KEYS);
      const words = pick(next, WORDS);
      const path = ["flow", "nodes", node.id];
      const before = now;
      const deeds: (() => void)[] = [
        () => (now = addNode(now, freeName(now), words)),
        () => (now = connect(now, node.id, key, other.id)),
        () => (now = setWording(now, [...path, "say"], 0, words)),
        () => (now = setWording(now, ["kb", 0, "answers"], 0, words)),
        () => (now = setKey(now, [...path, "milestone"], n)),
        () => (now = setKey(now, [...path, "milestone"], "")),
        () => (now = renameNode(now, node.id, freeName(now, "renamed"))),
        () => edges[0] && (now = disconnect(now, edges[0])),
        () => (now = addKnowledge(now, [{ id: "new", title: words, phrases: [words, "x"], answers: [words] }])),
      ];
      pick(next, deeds)();
      expect(read(now).errors).toEqual([]);
      expect(comments(now), before).toEqual(told);
    }
    expect(view(now).nodes.length).toBeGreaterThanOrEqual(view(text).nodes.length);
  }, 120_000);

  it("every scalar can be given another value, in its place", () => {
    const whole = valueOf(text);
    const next = chance(42);
    const paths: (string | number)[][] = [];
    const walk = (value: Plain, path: (string | number)[]): void => {
      if (Array.isArray(value)) value.forEach((inner, n) => walk(inner, [...path, n]));
      else if (value !== null && typeof value === "object") Object.entries(value).forEach(([key, inner]) => walk(inner, [...path, key]));
      else paths.push(path);
    };
    walk(whole, []);
    for (let n = 0; n < 12; n += 1) {
      const path = pick(next, paths);
      const words = pick(next, WORDS);
      const after = set(text, path, words);
      expect(valueOf(after)).toEqual(setIn(whole, path, words));
      expect(comments(after)).toEqual(comments(text));
      const cut = difference(text, after);
      expect(cut ? apply(text, [cut]) : text).toBe(after);
    }
  }, 120_000);

  it("a node that goes takes its transitions along", () => {
    const victim = view(text).nodes[view(text).nodes.length - 1]!.id;
    const after = deleteNode(text, victim);
    expect(view(after).edges.filter((edge) => edge.to === victim && edge.kind === "next")).toEqual([]);
    expect(view(after).nodes.map((node) => node.id)).not.toContain(victim);
  });
});

describe.each(TEMPLATES)("an answer from the open questions in %s", (_, text) => {
  it("stands at the end with its test, under an id of its own, and nothing else moves", () => {
    const entry = { id: "parking", title: "停车", phrases: ["有没有停车位"], answers: [{ text: "…" }], then: { resume: "reask" } };
    const test = { name: "停车", turns: ["有没有停车位"], expect: { kb: ["parking"] } };
    const once = addAnswer(text, [entry], [test]);
    const twice = addAnswer(once.text, [entry], [test]);
    expect([once.id, twice.id]).toEqual(["parking", "parking_2"]);
    const whole = valueOf(twice.text) as { kb: { id: string }[]; tests: { expect: { kb: string[] } }[] };
    expect(whole.kb.slice(-2).map((one) => one.id)).toEqual(["parking", "parking_2"]);
    expect(whole.tests.slice(-2).map((one) => one.expect.kb)).toEqual([["parking"], ["parking_2"]]);
    expect(comments(twice.text)).toEqual(comments(text));
  });
});

describe("recordings get their names", () => {
  const TEXT = 'flow:\n  nodes:\n    a:  # first\n      say: [{text: "Hello {name}, hi."}, bye]\n    b: {say: {text: words}}\n    c: {say: one}\nkb:\n  - id: price\n    answers:\n      - Forty. # pounds\n';
  it("in whatever way a wording is written, and comments stay", () => {
    const lines = ["a.say[0]:a-say-1.1", "a.say[0]:a-say-1.2", "a.say[1]:a-say-2", "b.say[0]:b-say-1", "c.say[0]:c-say-1"].map((one) => one.split(":")).map(([where, file]) => ({ where: `flow.nodes.${where}`, file: `${file}.wav` }));
    const found = nameRecordings(TEXT, [...lines, { where: "kb[0].answers[0]", file: "kb-price-answers-1.wav" }, { where: "kb[7].answers[0]", file: "x.wav" }]);
    expect(found.left).toBe(1);
    expect(comments(found.text)).toEqual(comments(TEXT));
    expect(valueOf(found.text)).toEqual({
      flow: { nodes: { a: { say: [{ text: "Hello {name}, hi.", audio: "a-say-1.wav" }, { text: "bye", audio: "a-say-2.wav" }] }, b: { say: { text: "words", audio: "b-say-1.wav" } }, c: { say: { text: "one", audio: "c-say-1.wav" } } } },
      kb: [{ id: "price", answers: [{ text: "Forty.", audio: "kb-price-answers-1.wav" }] }],
    });
  });
});
