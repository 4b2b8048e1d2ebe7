// Completion and layout: pure parts of the editor.
import { describe, expect, it } from "vitest";
import { offers, type Schema, whereIs } from "./complete";
import { view } from "./flow";
import { layout } from "./layout";

const SCHEMA: Schema = {
  type: "object",
  properties: {
    lang: { enum: ["en", "zh-CN"] },
    flow: { $ref: "#/$defs/Flow" },
    kb: { type: "array", items: { $ref: "#/$defs/Entry" } },
  },
  $defs: {
    Flow: { type: "object", properties: { start: { type: "string" }, nodes: { type: "object", additionalProperties: { $ref: "#/$defs/Node" } } } },
    Node: {
      type: "object",
      properties: { type: { anyOf: [{ enum: ["say", "collect"] }, { type: "null" }] }, listen: { type: "boolean" }, say: {}, next: { type: "object" }, slot: {} },
    },
    Entry: { type: "object", properties: { id: {}, title: {}, answers: {} } },
  },
};

const labels = (text: string): string[] => {
  const at = text.indexOf("|");
  return offers(SCHEMA, text.replace("|", ""), at).offers.map((one) => one.label);
};

describe("where the cursor is", () => {
  it.each([
    ["l|", [], "l", false],
    ["lang: e|", ["lang"], "e", true],
    ["flow:\n  nodes:\n    a:\n      ty|", ["flow", "nodes", "a"], "ty", false],
    ["flow:\n  nodes:\n    a:\n      say: [x]\n      type: s|", ["flow", "nodes", "a", "type"], "s", true],
    ["flow:\n  nodes:\n    a: {type: c|", ["flow", "nodes", "a", "type"], "c", true],
    ["flow:\n  nodes:\n    a: {next: {affirm: |", ["flow", "nodes", "a", "next", "affirm"], "", true],
    ["kb:\n  - id: x\n    ti|", ["kb", "[]"], "ti", false],
    ["kb:\n  - i|", ["kb", "[]"], "i", false],
  ])("%j", (text, path, begun, value) => {
    const at = text.indexOf("|");
    expect(whereIs(text.replace("|", ""), at)).toEqual({ path, begun, value });
  });
});

describe("what is offered", () => {
  it("keys of the schema, through references and lists", () => {
    expect(labels("|")).toEqual(["lang", "flow", "kb"]);
    expect(labels("flow:\n  nodes:\n    a:\n      |")).toEqual(["type", "listen", "say", "next", "slot"]);
    expect(labels("kb:\n  - |")).toEqual(["id", "title", "answers"]);
  });
  it("values, and names of nodes where one is meant", () => {
    expect(labels("lang: |")).toEqual(["en", "zh-CN"]);
    expect(labels("flow:\n  nodes:\n    a:\n      listen: |")).toEqual(["true", "false"]);
    expect(labels("flow:\n  start: |\n  nodes:\n    a: {end: x}\n    b: {end: y}\n")).toEqual(["a", "b"]);
    expect(labels("flow:\n  nodes:\n    a:\n      next:\n        |")).toContain("unrecognised");
  });
});

describe("layout", () => {
  const script = view("flow:\n  start: a\n  nodes:\n    a: {next: {affirm: b, deny: c}}\n    b: {next: {any: a}}\n    c: {}\n    lost: {}\n");
  const places = layout(script.start, script.nodes, script.edges, { c: { x: 7, y: 8 } });
  it("puts nodes in rows by distance, keeps what was moved, and no two nodes in one place", () => {
    expect(places["a"]!.y).toBe(0);
    expect(places["b"]!.y).toBeGreaterThan(places["a"]!.y);
    expect(places["c"]).toEqual({ x: 7, y: 8 });
    expect(places["lost"]!.y).toBeGreaterThan(places["b"]!.y);
    expect(new Set(Object.values(places).map((place) => `${place.x},${place.y}`)).size).toBe(4);
  });
});
