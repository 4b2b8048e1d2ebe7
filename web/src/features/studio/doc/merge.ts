// Two authors changed one text: what each of them changed, piece by piece, against the text both began with (diff3; S. Khanna, K. Kunal,
// B. Pierce, "A formal investigation of diff3", 2007). Lines that one author left alone go to the other; where both changed the same lines
// somebody has to choose.

export type Side = "mine" | "theirs" | "base" | "both";

/** Lines that stand together. kind: who changed them; `agreed`: both, in the same way; `conflict`: both, differently. */
export interface Piece {
  kind: "same" | "mine" | "theirs" | "agreed" | "conflict";
  base: string[];
  mine: string[];
  theirs: string[];
}

const equal = (a: string[], b: string[]) => a.length === b.length && a.every((line, at) => line === b[at]);

/** For each line of `a` the line of `b` that stands for it, or -1: a longest common subsequence (E. Myers, Algorithmica 1, 1986). */
export function matches(a: string[], b: string[]): number[] {
  const found = new Array<number>(a.length).fill(-1);
  let from = 0;
  while (from < a.length && from < b.length && a[from] === b[from]) {
    found[from] = from;
    from += 1;
  }
  let end = 0;
  while (end < a.length - from && end < b.length - from && a[a.length - 1 - end] === b[b.length - 1 - end]) {
    found[a.length - 1 - end] = b.length - 1 - end;
    end += 1;
  }
  for (const [x, y] of walked(a.slice(from, a.length - end), b.slice(from, b.length - end))) found[x + from] = y + from;
  return found;
}

function walked(a: string[], b: string[]): [number, number][] {
  const most = a.length + b.length;
  const at = new Int32Array(2 * most + 2);
  const trace: Int32Array[] = [];
  let done = false;
  for (let d = 0; d <= most && !done; d += 1) {
    trace.push(at.slice());
    for (let k = -d; k <= d; k += 2) {
      const down = k === -d || (k !== d && at[most + k - 1]! < at[most + k + 1]!);
      let x = down ? at[most + k + 1]! : at[most + k - 1]! + 1;
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) x += 1;
      at[most + k] = x;
      if (x >= a.length && x - k >= b.length) {
        done = true;
        break;
      }
    }
  }
  const pairs: [number, number][] = [];
  let [x, y] = [a.length, b.length];
  for (let d = trace.length - 1; d >= 0; d -= 1) {
    const before = trace[d]!;
    const k = x - y;
    const down = k === -d || (k !== d && before[most + k - 1]! < before[most + k + 1]!);
    const from = down ? k + 1 : k - 1;
    const startX = d === 0 ? 0 : before[most + from]!;
    const startY = d === 0 ? 0 : startX - from;
    while (x > startX && y > startY && x > 0 && y > 0 && a[x - 1] === b[y - 1]) {
      x -= 1;
      y -= 1;
      pairs.push([x, y]);
    }
    if (d > 0) [x, y] = [startX, startY];
  }
  return pairs;
}

const lines = (text: string) => text.split("\n");

export function merge(base: string, mine: string, theirs: string): Piece[] {
  const [b, m, t] = [lines(base), lines(mine), lines(theirs)];
  const [inMine, inTheirs] = [matches(b, m), matches(b, t)];
  const pieces: Piece[] = [];
  const put = (piece: Piece) => {
    const last = pieces[pieces.length - 1];
    if (last && last.kind === piece.kind && piece.kind === "same") {
      last.base.push(...piece.base);
      last.mine.push(...piece.mine);
      last.theirs.push(...piece.theirs);
    } else if (piece.base.length + piece.mine.length + piece.theirs.length > 0) pieces.push(piece);
  };
  let [atB, atM, atT] = [0, 0, 0];
  const changed = (toB: number, toM: number, toT: number) => {
    const part = { base: b.slice(atB, toB), mine: m.slice(atM, toM), theirs: t.slice(atT, toT) };
    const kind = equal(part.mine, part.theirs) ? (equal(part.mine, part.base) ? "same" : "agreed") : equal(part.mine, part.base) ? "theirs" : equal(part.theirs, part.base) ? "mine" : "conflict";
    put({ kind, ...part });
    [atB, atM, atT] = [toB, toM, toT];
  };
  for (let n = 0; n < b.length; n += 1) {
    const [inM, inT] = [inMine[n]!, inTheirs[n]!];
    if (inM < atM || inT < atT) continue; // not in both: part of a change
    changed(n, inM, inT);
    put({ kind: "same", base: [b[n]!], mine: [m[inM]!], theirs: [t[inT]!] });
    [atB, atM, atT] = [n + 1, inM + 1, inT + 1];
  }
  changed(b.length, m.length, t.length);
  return pieces;
}

/** What a piece is taken as, if nobody says otherwise; null = somebody has to choose. */
export function usual(piece: Piece): Side | null {
  return piece.kind === "conflict" ? null : piece.kind === "theirs" ? "theirs" : "mine";
}

/** The text that comes of it; null = a piece has no choice yet. */
export function merged(pieces: Piece[], chosen: Record<number, Side>): string | null {
  const whole: string[] = [];
  for (const [n, piece] of pieces.entries()) {
    const side = chosen[n] ?? usual(piece);
    if (side === null) return null;
    whole.push(...(side === "both" ? [...piece.mine, ...piece.theirs] : piece[side]));
  }
  return whole.join("\n");
}
