// A chart in the colours of the theme; ECharts is loaded when the first one is drawn. A table of the same numbers stands beside it for readers of the screen.
import { Skeleton } from "antd";
import { useEffect, useRef, useState } from "react";
import type { EChartsCoreOption, ECharts } from "echarts/core";
import { usePalette } from "./parts";

export interface Series {
  name: string;
  values: number[];
  kind?: "bar" | "line";
  /** Parts of one whole are put on each other. */
  stack?: string;
  /** Shares, 0 to 1, on an axis of their own. */
  share?: boolean;
  colour?: string;
}

export function Chart({ label, names, series, height = 220, lying = false }: { label: string; names: string[]; series: Series[]; height?: number; lying?: boolean }) {
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<ECharts | null>(null);
  const [ready, setReady] = useState(false);
  const colours = usePalette();
  useEffect(() => {
    let gone = false;
    const watch = new ResizeObserver(() => chart.current?.resize());
    void import("./charts").then(({ init }) => {
      if (gone || !place.current) return;
      chart.current = init(place.current);
      watch.observe(place.current);
      setReady(true);
    });
    return () => {
      gone = true;
      watch.disconnect();
      chart.current?.dispose();
      chart.current = null;
    };
  }, []);
  useEffect(() => {
    if (!ready) return;
    const shares = series.some((one) => one.share);
    const text = { color: colours.quiet };
    const lines = { lineStyle: { color: colours.line } };
    const category = { type: "category", data: names, axisLabel: { ...text, width: 120, overflow: "truncate" }, axisLine: lines, inverse: lying };
    const value = { type: "value", minInterval: 1, axisLabel: text, splitLine: lines };
    const part = { type: "value", min: 0, max: 1, axisLabel: { ...text, formatter: (n: number) => `${Math.round(100 * n)}%` }, splitLine: { show: false } };
    const option: EChartsCoreOption = {
      animation: !window.matchMedia("(prefers-reduced-motion: reduce)").matches,
      color: [colours.primary, colours.second, colours.third, colours.good, colours.bad, colours.quiet, colours.shadow],
      grid: { left: 8, right: 12, top: series.length > 1 ? 30 : 10, bottom: 4, containLabel: true },
      legend: series.length > 1 ? { top: 0, textStyle: { color: colours.text } } : undefined,
      tooltip: { trigger: "axis", confine: true },
      xAxis: lying ? value : category,
      yAxis: lying ? category : shares ? [value, part] : value,
      series: series.map((one) => ({
        name: one.name,
        type: one.kind ?? "bar",
        stack: one.stack,
        data: one.values,
        yAxisIndex: one.share && !lying ? 1 : 0,
        barMaxWidth: 26,
        symbolSize: 5,
        itemStyle: one.colour ? { color: one.colour } : undefined,
        tooltip: one.share ? { valueFormatter: (n: unknown) => `${(100 * Number(n)).toFixed(1)}%` } : undefined,
      })),
    };
    chart.current?.setOption(option, true);
  }, [ready, names, series, lying, colours]);
  const described = `${label}: ${names.map((name, at) => `${name} ${series.map((one) => one.values[at]).join("/")}`).join(", ")}`.slice(0, 1000);
  return (
    <figure style={{ margin: 0, position: "relative" }}>
      <div ref={place} role="img" aria-label={described} style={{ height, width: "100%" }} />
      {!ready && <Skeleton.Node active style={{ position: "absolute", inset: 0, width: "100%", height }} />}
    </figure>
  );
}
