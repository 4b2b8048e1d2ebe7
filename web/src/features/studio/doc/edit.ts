// Changes of a script's text that touch nothing but what they mean: the smallest cut in the source. Whatever the author wrote around it (comments,
// order, blank lines, quotes) stays byte by byte. The `yaml` package's document says where each value stands; the cut is made in the text itself,
// because writing a document out again would lay all of it out anew.
//
// Every change is verified: the new text is read again and must mean exactly what was intended, else an EditError is thrown and nothing happens.
import { isAlias, isCollection, isMap, isPair, isScalar, isSeq, type Node, type Pair, parseDocument, type YAMLMap, type YAMLSeq } from "yaml";
import { inline, pair, type Plain, scalar } from "./scalars";

export type Path = (string | number)[];

/** Take out [from, to) and put `insert` there. */
export interface Cut {
  from: number;
  to: number;
  insert: string;
}

/** The change cannot be made without touching more than it means: it has to be made in the text. */
export class EditError extends Error {
  override name = "EditError";
}

const parse = (text: string) => parseDocument(text, { strict: false, uniqueKeys: false, logLevel: "silent" });

export type Doc = ReturnType<typeof parse>;

// One text is asked about many times between two changes. Documents are only looked at, never changed.
const LATELY: { text: string; doc: Doc; value?: Plain }[] = [];

function lately(text: string) {
  let found = LATELY.find((one) => one.text === text);
  if (!found) {
    found = { text, doc: parse(text) };
    LATELY.unshift(found);
    LATELY.length = Math.min(LATELY.length, 4);
  }
  return found;
}

/** The text as a document that says where everything stands. Not to be changed. */
export function read(text: string): Doc {
  return lately(text).doc;
}

/** What the text means. Not to be changed. */
export function valueOf(text: string): Plain {
  const found = lately(text);
  found.value ??= (found.doc.toJS({ maxAliasCount: 100 }) ?? null) as Plain;
  return found.value;
}

export function apply(text: string, cuts: Cut[]): string {
  const ordered = [...cuts].sort((a, b) => b.from - a.from);
  return ordered.reduce((whole, cut) => whole.slice(0, cut.from) + cut.insert + whole.slice(cut.to), text);
}

/** The one cut that turns `before` into `after`: what an editor is given, so that its cursor and history stay. */
export function difference(before: string, after: string): Cut | null {
  if (before === after) return null;
  let from = 0;
  const least = Math.min(before.length, after.length);
  while (from < least && before[from] === after[from]) from += 1;
  let end = 0;
  while (end < least - from && before[before.length - 1 - end] === after[after.length - 1 - end]) end += 1;
  return { from, to: before.length - end, insert: after.slice(from, after.length - end) };
}

// ------------------------------------------------------------ the four changes

/** Give `path` this value; keys on the way that are not there are made. */
export function set(text: string, path: Path, value: Plain): string {
  return verified(text, setCuts(text, path, value), (whole) => setIn(whole, path, value));
}

/** Take away the pair or item at `path`. */
export function remove(text: string, path: Path): string {
  return verified(text, removeCuts(text, path), (whole) => removeIn(whole, path));
}

/** Put an item at the end of the list at `path`, which is made when it is not there. */
export function append(text: string, path: Path, value: Plain): string {
  const found = at(read(text), path).node;
  const length = isSeq(found) ? found.items.length : 0;
  return set(text, [...path, length], value);
}

/** Give the key at `path` another name, and put `value` for these scalars elsewhere, in one go. */
export function rename(text: string, path: Path, name: string, elsewhere: Path[] = []): string {
  const doc = read(text);
  const { pair: found } = at(doc, path);
  if (!found || !isScalar(found.key)) throw new EditError("there is no such key");
  const cuts = [over(text, found.key as Node, scalar(name))];
  for (const other of elsewhere) {
    const { node } = at(doc, other);
    if (isScalar(node)) cuts.push(over(text, node, scalar(name)));
  }
  return verified(text, cuts, (whole) => {
    let changed = whole;
    for (const other of elsewhere) changed = setIn(changed, other, name);
    return renameIn(changed, path, name);
  });
}

function verified(text: string, cuts: Cut[], means: (whole: Plain) => Plain): string {
  const after = apply(text, cuts);
  if (read(after).errors.length > read(text).errors.length) throw new EditError("the text would not be YAML any more");
  if (JSON.stringify(valueOf(after)) !== JSON.stringify(means(valueOf(text)))) throw new EditError("this part is written in a way that only the text view can change");
  return after;
}

// ------------------------------------------------------------ where things stand

interface Found {
  node: Node | null;
  pair: Pair | null;
  parent: YAMLMap | YAMLSeq | null;
}

export function at(doc: Doc, path: Path): Found {
  let found: Found = { node: (doc.contents as Node | null) ?? null, pair: null, parent: null };
  for (const step of path) {
    const here = found.node;
    if (isAlias(here)) throw new EditError("this part is an alias (*name) of another one");
    if (isMap(here)) {
      const inner = here.items.find((item) => isPair(item) && isScalar(item.key) && String(item.key.value) === String(step)) ?? null;
      found = { node: (inner?.value as Node | null) ?? null, pair: inner, parent: here };
    } else if (isSeq(here) && typeof step === "number") {
      found = { node: (here.items[step] as Node | undefined) ?? null, pair: null, parent: here };
    } else return { node: null, pair: null, parent: null };
  }
  return found;
}

/** Where `path` begins in the text, or its nearest ancestor that is there. */
export function offsetOf(doc: Doc, path: Path): number {
  for (let length = path.length; length > 0; length -= 1) {
    const found = at(doc, path.slice(0, length));
    const range = (found.pair?.key as Node | undefined)?.range ?? found.node?.range;
    if (range) return range[0];
  }
  return 0;
}

const isFlow = (node: unknown): boolean => isCollection(node) && node.flow === true;
const startOf = (node: Node): number => node.range![0];

function lineStart(text: string, offset: number): number {
  return text.lastIndexOf("\n", offset - 1) + 1;
}

function lineEnd(text: string, offset: number): number {
  const end = text.indexOf("\n", offset);
  return end < 0 ? text.length : end;
}

const columnOf = (text: string, offset: number): number => offset - lineStart(text, offset);

/** Behind the last character of what a node says; comments behind it are not part of it. */
function endOf(text: string, node: Node | Pair): number {
  if (isPair(node)) return node.value ? endOf(text, node.value as Node) : colonEnd(text, node.key as Node);
  if (isCollection(node) && !isFlow(node) && node.items.length > 0) return endOf(text, node.items[node.items.length - 1] as Node | Pair);
  let end = node.range![1];
  while (end > startOf(node) && /\s/.test(text[end - 1]!)) end -= 1;
  return end;
}

function colonEnd(text: string, key: Node): number {
  const colon = text.indexOf(":", key.range![1]);
  return colon < 0 ? key.range![1] : colon + 1;
}

/** A node's source replaced; a block scalar (| or >) ends with its line. */
function over(text: string, node: Node, source: string): Cut {
  return { from: startOf(node), to: endOf(text, node), insert: source };
}

// ------------------------------------------------------------ cuts

function setCuts(text: string, path: Path, value: Plain): Cut[] {
  const doc = read(text);
  if (doc.contents === null) return [{ from: text.length, to: text.length, insert: `${text && !text.endsWith("\n") ? "\n" : ""}${nested(path, value)}\n` }];
  const found = at(doc, path);
  if (found.node !== null && !isAlias(found.node)) {
    const empty = isScalar(found.node) && found.node.range![0] === found.node.range![1]; // `key:` with nothing behind it
    if (empty && found.pair) return [{ from: colonEnd(text, found.pair.key as Node), to: colonEnd(text, found.pair.key as Node), insert: ` ${inline(value)}` }];
    return [over(text, found.node, inline(value))];
  }
  if (isAlias(found.node)) return [over(text, found.node as unknown as Node, inline(value))];
  // the nearest ancestor that is a collection gets what is missing below it
  for (let length = path.length - 1; length >= 0; length -= 1) {
    const above = at(doc, path.slice(0, length));
    const missing = wrap(path.slice(length + 1), value);
    const step = path[length]!;
    if (isMap(above.node)) return [addPair(text, above.node, String(step), missing, length === 0)];
    if (isSeq(above.node)) return [addItem(text, above.node, missing)];
    if (above.pair || (isScalar(above.node) && above.node.value === null)) {
      const whole = wrap(path.slice(length), value);
      return setCuts(text, path.slice(0, length), whole);
    }
  }
  throw new EditError("the script is not a mapping");
}

const nested = (path: Path, value: Plain): string => pair(String(path[0]), wrap(path.slice(1), value), 0, false);

function wrap(path: Path, value: Plain): Plain {
  return [...path].reverse().reduce<Plain>((inner, step) => (typeof step === "number" ? [inner] : { [step]: inner }), value);
}

function addPair(text: string, map: YAMLMap, key: string, value: Plain, top: boolean): Cut {
  const last = map.items[map.items.length - 1];
  if (isFlow(map)) {
    if (!last) return { from: startOf(map as unknown as Node) + 1, to: startOf(map as unknown as Node) + 1, insert: pair(key, value, 0, true) };
    const end = endOf(text, last);
    return { from: end, to: end, insert: `, ${pair(key, value, 0, true)}` };
  }
  if (!last) throw new EditError("an empty block");
  const indent = top ? 0 : columnOf(text, startOf(map.items[0]!.key as Node));
  const end = lineEnd(text, endOf(text, last));
  return { from: end, to: end, insert: `\n${" ".repeat(indent)}${pair(key, value, indent, false)}` };
}

function addItem(text: string, seq: YAMLSeq, value: Plain): Cut {
  const last = seq.items[seq.items.length - 1] as Node | undefined;
  if (isFlow(seq)) {
    const end = last ? endOf(text, last) : startOf(seq as unknown as Node) + 1;
    return { from: end, to: end, insert: `${last ? ", " : ""}${inline(value)}` };
  }
  if (!last) throw new EditError("an empty block");
  const indent = columnOf(text, dash(text, startOf(seq.items[0] as Node)));
  const end = lineEnd(text, endOf(text, last));
  return { from: end, to: end, insert: `\n${" ".repeat(indent)}- ${item(value, indent)}` };
}

/** An item of a block list: a map with a line for each key. */
function item(value: Plain, indent: number): string {
  if (value === null || typeof value !== "object" || Array.isArray(value) || Object.keys(value).length === 0) return inline(value);
  const inner = `\n${" ".repeat(indent + 2)}`;
  return Object.entries(value)
    .map(([key, part]) => `${scalar(key)}: ${inline(part)}`)
    .join(inner);
}

function dash(text: string, offset: number): number {
  const found = text.lastIndexOf("-", offset - 1);
  if (found < 0) throw new EditError("no dash before the item");
  return found;
}

function removeCuts(text: string, path: Path): Cut[] {
  const doc = read(text);
  const found = at(doc, path);
  const parent = found.parent;
  if (parent === null || (found.pair === null && found.node === null)) throw new EditError("there is nothing to take away");
  const part = (found.pair ?? found.node) as Node | Pair;
  const end = endOf(text, part);
  if (isFlow(parent)) return [inFlow(text, isPair(part) ? startOf(part.key as Node) : startOf(part), end)];
  if (parent.items.length === 1) {
    const from = isPair(part) ? startOf(part.key as Node) : dash(text, startOf(part));
    return [{ from, to: end, insert: isMap(parent) ? "{}" : "[]" }];
  }
  const from = isPair(part) ? startOf(part.key as Node) : dash(text, startOf(part));
  const begin = lineStart(text, from);
  if (text.slice(begin, from).trim() === "") {
    const stop = lineEnd(text, end);
    return [{ from: begin, to: Math.min(stop + 1, text.length), insert: "" }];
  }
  // the first key behind a dash: what follows moves up, unless a comment stands between
  const rest = text.slice(end).match(/^\s*/)![0];
  return [{ from, to: text[end + rest.length] === "#" ? end : end + rest.length, insert: "" }];
}

function inFlow(text: string, from: number, end: number): Cut {
  const behind = text.slice(end).match(/^\s*,[ \t]*/);
  if (behind) return { from, to: end + behind[0].length, insert: "" };
  const before = text.slice(0, from).match(/,\s*$/);
  return { from: before ? from - before[0].length : from, to: end, insert: "" };
}

// ------------------------------------------------------------ the same on plain values: what is intended

export function setIn(whole: Plain, path: Path, value: Plain): Plain {
  if (path.length === 0) return value;
  const [step, ...rest] = path as [string | number, ...Path];
  if (typeof step === "number" && (Array.isArray(whole) || whole === null)) {
    const list = [...((whole as Plain[] | null) ?? [])];
    list[Math.min(step, list.length)] = setIn(list[step] ?? null, rest, value);
    return list;
  }
  const map = whole !== null && typeof whole === "object" && !Array.isArray(whole) ? whole : {};
  return { ...map, [step]: setIn(map[step] ?? null, rest, value) };
}

function removeIn(whole: Plain, path: Path): Plain {
  const [step, ...rest] = path as [string | number, ...Path];
  if (Array.isArray(whole)) return rest.length ? whole.map((inner, n) => (n === step ? removeIn(inner, rest) : inner)) : whole.filter((_, n) => n !== step);
  if (whole === null || typeof whole !== "object") return whole;
  if (rest.length) return { ...whole, [step]: removeIn(whole[step] ?? null, rest) };
  return Object.fromEntries(Object.entries(whole).filter(([key]) => key !== String(step)));
}

function renameIn(whole: Plain, path: Path, name: string): Plain {
  const [step, ...rest] = path as [string | number, ...Path];
  if (Array.isArray(whole)) return whole.map((inner, n) => (n === step ? renameIn(inner, rest, name) : inner));
  if (whole === null || typeof whole !== "object") return whole;
  if (rest.length) return { ...whole, [step]: renameIn(whole[step] ?? null, rest, name) };
  return Object.fromEntries(Object.entries(whole).map(([key, inner]) => [key === String(step) ? name : key, inner]));
}
