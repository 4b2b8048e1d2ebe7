// A long list of equal rows of which only those in sight are drawn: as fast with 2,000 rows as with 20.
import { type CSSProperties, type ReactNode, useCallback, useLayoutEffect, useRef, useState } from "react";

interface Props<R> {
  rows: R[];
  rowHeight: number;
  rowKey: (row: R) => string;
  render: (row: R) => ReactNode;
  label: string;
  style?: CSSProperties;
}

const SPARE = 4; // rows drawn beyond both ends, so that fast scrolling shows no gap

export function WindowedList<R>({ rows, rowHeight, rowKey, render, label, style }: Props<R>) {
  const box = useRef<HTMLDivElement>(null);
  const [at, setAt] = useState({ top: 0, height: 600 });
  const look = useCallback(() => {
    if (box.current) setAt({ top: box.current.scrollTop, height: box.current.clientHeight });
  }, []);
  useLayoutEffect(() => {
    look();
    const seen = new ResizeObserver(look);
    if (box.current) seen.observe(box.current);
    return () => seen.disconnect();
  }, [look]);
  const first = Math.max(0, Math.floor(at.top / rowHeight) - SPARE);
  const last = Math.min(rows.length, Math.ceil((at.top + at.height) / rowHeight) + SPARE);
  return (
    <div ref={box} onScroll={look} style={{ overflow: "auto", ...style }} tabIndex={0} role="region" aria-label={label}>
      <ul style={{ height: rows.length * rowHeight, position: "relative", margin: 0, padding: 0, listStyle: "none" }}>
        {rows.slice(first, last).map((row, index) => (
          <li
            key={rowKey(row)}
            aria-setsize={rows.length}
            aria-posinset={first + index + 1}
            style={{ position: "absolute", top: (first + index) * rowHeight, height: rowHeight, left: 0, right: 0 }}
          >
            {render(row)}
          </li>
        ))}
      </ul>
    </div>
  );
}
