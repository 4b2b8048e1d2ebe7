// What may be written at a place of the script: keys and values from the JSON schema of script/1, names of nodes and slots from the script itself. Pure.
import { view } from "./flow";

export interface Schema {
  [key: string]: unknown;
}

export interface Offer {
  label: string;
  kind: "key" | "value" | "name";
  detail: string;
}

interface Line {
  indent: number;
  key: string;
  dash: boolean;
}

/** Where the cursor is: the keys above it, and what was begun. value: behind `key:`, else a key is being written. */
export interface Where {
  path: string[];
  begun: string;
  value: boolean;
}

function lineOf(text: string): Line | null {
  const found = /^(\s*)((?:-\s+)*)([\p{L}\p{N}_.-]+)?\s*(:)?/u.exec(text);
  if (!found || text.trim() === "" || text.trim().startsWith("#")) return null;
  return { indent: found[1]!.length + found[2]!.length, key: found[4] ? (found[3] ?? "") : "", dash: found[2] !== "" };
}

/** By indentation: a text that is being written is seldom whole. Flow maps on the same line are followed by their brackets. */
export function whereIs(text: string, offset: number): Where {
  const begin = text.lastIndexOf("\n", offset - 1) + 1;
  const before = text.slice(begin, offset);
  const inner = inBrackets(before);
  const here = lineOf(before) ?? { indent: before.length, key: "", dash: before.trim().startsWith("-") };
  const above: string[] = [];
  let indent = inner ? here.indent : here.key ? here.indent : lineOf(before)?.indent ?? before.length;
  if (here.dash) above.unshift("[]");
  let dashes = here.dash ? before.search(/\S/) : indent;
  for (let at = begin; at > 0 && indent > 0; ) {
    const start = text.lastIndexOf("\n", at - 2) + 1;
    const line = lineOf(text.slice(start, at - 1));
    at = start;
    if (!line) continue;
    const column = text.slice(start).search(/\S/);
    if (line.dash && line.indent === indent && !above.includes("[]")) {
      above.unshift("[]");
      indent = line.indent;
      dashes = column;
      continue;
    }
    if (line.key && line.indent < indent && (line.indent < dashes || (line.indent <= dashes && !line.dash))) {
      above.unshift(line.key);
      if (line.dash) above.unshift("[]");
      indent = line.indent;
      dashes = line.dash ? column : line.indent;
    }
  }
  if (inner) return { path: [...above, ...(here.key ? [here.key] : []), ...inner.path], begun: inner.begun, value: inner.value };
  const begun = /[^\s:,[\]{}-][^\s:,[\]{}]*$/.exec(before)?.[0] ?? "";
  return here.key && /:\s/.test(before) ? { path: [...above, here.key], begun, value: true } : { path: above, begun, value: false };
}

/** Keys within { } that are open at the end of a line. */
function inBrackets(before: string): { path: string[]; begun: string; value: boolean } | null {
  const open: { key: string; map: boolean }[] = [];
  let word = "";
  let key = "";
  let quoted = "";
  for (const char of before) {
    if (quoted) {
      if (char === quoted) quoted = "";
      continue;
    }
    if ((char === '"' || char === "'") && word.trim() === "") quoted = char;
    else if (char === "{" || char === "[") {
      open.push({ key, map: char === "{" });
      key = word = "";
    } else if (char === "}" || char === "]") {
      open.pop();
      key = word = "";
    } else if (char === ",") key = word = "";
    else if (char === ":") {
      key = word.trim().replace(/^-\s*/, "");
      word = "";
    } else word += char;
  }
  if (open.length === 0) return null;
  const path = open.flatMap((one, n) => [...(n > 0 && one.key ? [one.key] : []), ...(one.map ? [] : ["[]"])]);
  return { path: key && open[open.length - 1]!.map ? [...path, key] : path, begun: word.trimStart(), value: key !== "" || !open[open.length - 1]!.map };
}

function resolve(schema: Schema, node: unknown): Schema[] {
  const one = (node ?? {}) as Schema;
  if (typeof one["$ref"] === "string") {
    const name = one["$ref"].split("/").pop()!;
    return resolve(schema, ((schema["$defs"] ?? {}) as Schema)[name]);
  }
  const many = (one["anyOf"] ?? one["oneOf"] ?? one["allOf"]) as unknown[] | undefined;
  return many ? many.flatMap((inner) => resolve(schema, inner)) : [one];
}

/** The schemas that a path leads to. */
export function schemasAt(schema: Schema, path: string[]): Schema[] {
  let here = resolve(schema, schema);
  for (const step of path) {
    here = here.flatMap((one) => {
      if (step === "[]") return [...resolve(schema, one["items"]), ...((one["prefixItems"] as unknown[] | undefined) ?? []).flatMap((inner) => resolve(schema, inner))];
      const properties = (one["properties"] ?? {}) as Schema;
      if (step in properties) return resolve(schema, properties[step]);
      if (typeof one["additionalProperties"] === "object") return resolve(schema, one["additionalProperties"]);
      return Object.values((one["patternProperties"] ?? {}) as Schema).flatMap((inner) => resolve(schema, inner));
    });
    // what stands for a list may be written as one item
    here = here.flatMap((one) => (one["type"] === "array" && path[path.indexOf(step) + 1] !== "[]" ? [one, ...resolve(schema, one["items"])] : [one]));
  }
  return here;
}

const NEXT = ["affirm", "deny", "refuse", "any", "silence", "unrecognised", "interrupted", "filled", "refused", "failed", "ok", "error"];
const TARGETS = new Set(["goto", "then", "start", "else", "enter", "node", "during"]);

export function offers(schema: Schema, text: string, offset: number): { from: number; offers: Offer[] } {
  const where = whereIs(text, offset);
  const from = offset - where.begun.length;
  const last = where.path[where.path.length - 1] ?? "";
  const found = new Map<string, Offer>();
  const add = (label: string, kind: Offer["kind"], detail = "") => found.set(label, found.get(label) ?? { label, kind, detail });
  if (where.value) {
    const isTarget = TARGETS.has(last) || where.path[where.path.length - 2] === "next" || last === "only_in" || last === "not_in" || ["only_in", "not_in"].includes(where.path[where.path.length - 2] ?? "");
    const script = view(text);
    if (isTarget) script.nodes.forEach((node) => add(node.id, "name", node.type));
    if (last === "slot") script.slots.forEach((slot) => add(slot, "name", "slot"));
    for (const one of schemasAt(schema, where.path)) {
      for (const value of (one["enum"] as unknown[] | undefined) ?? []) add(String(value), "value");
      if (one["const"] !== undefined) add(String(one["const"]), "value");
      if (one["type"] === "boolean") ["true", "false"].forEach((value) => add(value, "value"));
    }
  } else {
    if (last === "next") NEXT.forEach((key) => add(key, "key"));
    for (const one of schemasAt(schema, where.path)) {
      for (const [key, inner] of Object.entries((one["properties"] ?? {}) as Schema)) {
        const about = resolve(schema, inner)[0] ?? {};
        add(key, "key", String((about as Schema)["description"] ?? (about as Schema)["type"] ?? "").slice(0, 60));
      }
    }
  }
  return { from, offers: [...found.values()] };
}
