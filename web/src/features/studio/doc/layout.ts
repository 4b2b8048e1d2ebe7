// Where the nodes of a flow stand on the canvas: by their distance from the start, row by row. Pure; what the author moved stays moved.
import type { Edge, FlowNode } from "./flow";

export interface Point {
  x: number;
  y: number;
}

const WIDE = 260;
const HIGH = 150;

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
  const used = new Map<number, number>();
  const found: Record<string, Point> = {};
  const count = new Map<number, number>();
  for (const node of nodes) {
    const row = rows.get(node.id) ?? lowest + 1;
    count.set(row, (count.get(row) ?? 0) + 1);
  }
  for (const node of nodes) {
    const row = rows.get(node.id) ?? lowest + 1;
    const n = used.get(row) ?? 0;
    used.set(row, n + 1);
    found[node.id] = kept[node.id] ?? { x: (n - (count.get(row)! - 1) / 2) * WIDE, y: row * HIGH };
  }
  return found;
}
