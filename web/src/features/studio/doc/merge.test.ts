// Three texts put together: nothing that either author wrote is lost, and what both left alone stays.
import { describe, expect, it } from "vitest";
import { matches, merge, merged, type Side } from "./merge";

/** Numbers that look like chance and are the same every time. */
function chance(seed: number): (most: number) => number {
  let state = seed;
  return (most) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return state % most;
  };
}

function changed(next: (most: number) => number, text: string[], author: string): string[] {
  const found = [...text];
  for (let n = next(4); n > 0; n -= 1) {
    const at = next(found.length + 1);
    if (next(2)) found.splice(at, next(3));
    if (next(2)) found.splice(at, 0, `${author}${next(5)}`);
  }
  return found;
}

const kinds = (base: string, mine: string, theirs: string) => merge(base, mine, theirs).map((one) => one.kind);

describe("two authors", () => {
  it("who changed different lines disagree about nothing", () => {
    const [base, mine, theirs] = ["a\nb\nc\nd\ne", "a\nB\nc\nd\ne", "a\nb\nc\nd\nE"];
    expect(kinds(base, mine, theirs)).toEqual(["same", "mine", "same", "theirs"]);
    expect(merged(merge(base, mine, theirs), {})).toBe("a\nB\nc\nd\nE");
  });
  it("who wrote the same agree", () => {
    expect(kinds("a\nb", "a\nc", "a\nc")).toEqual(["same", "agreed"]);
  });
  it("who changed the same line have to choose", () => {
    const pieces = merge("a\nb\nc", "a\nB\nc", "a\nX\nc");
    expect(pieces.map((one) => one.kind)).toEqual(["same", "conflict", "same"]);
    expect(merged(pieces, {})).toBeNull();
    const taken = (side: Side) => merged(pieces, { 1: side });
    expect([taken("mine"), taken("theirs"), taken("base"), taken("both")]).toEqual(["a\nB\nc", "a\nX\nc", "a\nb\nc", "a\nB\nX\nc"]);
  });
  it("who both put something at the end have to choose, and may keep both", () => {
    const pieces = merge("kb:\n- a\n", "kb:\n- a\n- b\n", "kb:\n- a\n- c\n");
    expect(merged(pieces, Object.fromEntries(pieces.map((one, n) => [n, one.kind === "conflict" ? "both" : "mine"])))).toBe("kb:\n- a\n- b\n- c\n");
  });
});

describe("by chance", () => {
  const next = chance(7);
  it("each side is whole, and lines that stand for each other are the same and in order", () => {
    for (let n = 0; n < 400; n += 1) {
      const base = Array.from({ length: next(12) }, () => `x${next(6)}`);
      const [mine, theirs] = [changed(next, base, "m"), changed(next, base, "t")];
      const found = matches(base, mine);
      const used = found.filter((at) => at >= 0);
      expect([...used].sort((a, b) => a - b)).toEqual(used);
      expect(used.length).toBe(longest(base, mine));
      found.forEach((at, line) => at >= 0 && expect(mine[at]).toBe(base[line]));
      const [b, m, t] = [base, mine, theirs].map((one) => one.join("\n")) as [string, string, string];
      const pieces = merge(b, m, t);
      const all = (side: Side) => Object.fromEntries(pieces.map((_, at) => [at, side]));
      expect([merged(pieces, all("base")), merged(pieces, all("mine")), merged(pieces, all("theirs"))]).toEqual([b, m, t]);
      expect(merged(merge(b, m, b), {})).toBe(m);
      expect(merged(merge(b, b, t), {})).toBe(t);
    }
  });
});

/** Length of a longest common subsequence, by the table everybody knows. */
function longest(a: string[], b: string[]): number {
  const table = Array.from({ length: a.length + 1 }, () => new Array<number>(b.length + 1).fill(0));
  for (let x = 1; x <= a.length; x += 1)
    for (let y = 1; y <= b.length; y += 1) table[x]![y] = a[x - 1] === b[y - 1] ? table[x - 1]![y - 1]! + 1 : Math.max(table[x - 1]![y]!, table[x]![y - 1]!);
  return table[a.length]![b.length]!;
}
