// Where the nodes of a flow stand on the canvas: by their distance from the start, row by row. Pure; what the author moved stays moved.
import type { Edge, FlowNode } from "./flow";

export interface Point {
  x: number;
  y: number;
}

const WIDE = 250;
const HIGH = 165;
const MOST = 4; // in one row

/** A place for each node. kept: places the author gave. */
export function layout(start: string, nodes: FlowNode[], edges: Edge[], kept: Record<string, Point> = {}): Record<string, Point> {
  const rows = new Map<string, number>();
  const queue = nodes.some((node) => node.id === start) ? [start] : [];
  if (queue[0] !== undefined) rows.set(start, 0);
  for (let at = 0; at < queue.length; at += 1) {
    const id = queue[at]!;
    for (const edge of edges) {
      if (edge.from !== id || rows.has(edge.to) || !nodes.some((node) => node.id === edge.to)) continue;
      rows.set(edge.to, rows.get(id)! + 1);
      queue.push(edge.to);
    }
  }
  const lowest = Math.max(-1, ...rows.values());
  const byRow = new Map<number, string[]>();
  for (const node of nodes) {
    const row = rows.get(node.id) ?? lowest + 1;
    byRow.set(row, [...(byRow.get(row) ?? []), node.id]);
  }
  const found: Record<string, Point> = {};
  let line = 0;
  for (const row of [...byRow.keys()].sort((a, b) => a - b)) {
    const ids = byRow.get(row)!;
    for (let from = 0; from < ids.length; from += MOST) {
      const part = ids.slice(from, from + MOST);
      part.forEach((id, n) => (found[id] = kept[id] ?? { x: (n - (part.length - 1) / 2) * WIDE, y: line * HIGH }));
      line += 1;
    }
  }
  return found;
}
