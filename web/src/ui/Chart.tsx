// A chart (ECharts), loaded when the first one is shown; its colours are those of the theme.
import { Skeleton, theme } from "antd";
import type { EChartsCoreOption, EChartsType } from "echarts/core";
import { useEffect, useRef, useState } from "react";

type Loaded = typeof import("echarts/core");
let loading: Promise<Loaded> | null = null;

async function load(): Promise<Loaded> {
  const [core, charts, parts, renderers] = await Promise.all([
    import("echarts/core"),
    import("echarts/charts"),
    import("echarts/components"),
    import("echarts/renderers"),
  ]);
  core.use([charts.BarChart, charts.LineChart, parts.GridComponent, parts.TooltipComponent, parts.LegendComponent, renderers.CanvasRenderer]);
  return core;
}

/** The axes of an option with the colours of the theme. */
function axes(option: EChartsCoreOption, text: string, line: string): EChartsCoreOption {
  const shown = (axis: unknown) => ({
    ...(axis as object),
    axisLabel: { color: text },
    axisLine: { lineStyle: { color: line } },
    axisTick: { lineStyle: { color: line } },
    splitLine: { lineStyle: { color: line } },
  });
  const { xAxis, yAxis, legend } = option as { xAxis?: unknown; yAxis?: unknown; legend?: object };
  return {
    ...(legend ? { legend: { ...legend, textStyle: { color: text } } } : {}),
    ...(xAxis ? { xAxis: shown(xAxis) } : {}),
    ...(yAxis ? { yAxis: shown(yAxis) } : {}),
  };
}

/** label: what a reader who does not see it is told. option: without colours of text and lines. */
export function Chart({ option, height = 220, label }: { option: EChartsCoreOption; height?: number; label: string }) {
  const { token } = theme.useToken();
  const where = useRef<HTMLDivElement>(null);
  const chart = useRef<EChartsType | null>(null);
  const [ready, setReady] = useState(false);
  useEffect(() => {
    let gone = false;
    loading ??= load();
    void loading.then((core) => {
      if (gone || !where.current) return;
      chart.current = core.init(where.current);
      setReady(true);
    });
    const watch = new ResizeObserver(() => chart.current?.resize());
    if (where.current) watch.observe(where.current);
    return () => {
      gone = true;
      watch.disconnect();
      chart.current?.dispose();
      chart.current = null;
    };
  }, []);
  useEffect(() => {
    if (!ready) return;
    chart.current?.setOption(
      {
        color: [token.colorPrimary, token.colorSuccess, token.colorWarning, token.colorError],
        textStyle: { color: token.colorText, fontFamily: "inherit" },
        animation: false,
        ...option,
        ...axes(option, token.colorTextSecondary, token.colorSplit),
      },
      { notMerge: true },
    );
  }, [ready, option, token]);
  return (
    <div style={{ position: "relative", height }}>
      {!ready && <Skeleton active paragraph={{ rows: 3 }} style={{ position: "absolute", inset: 0 }} />}
      <div ref={where} style={{ height }} role="img" aria-label={label} />
    </div>
  );
}
