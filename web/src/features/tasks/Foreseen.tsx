// What a task would come to, and who is not called: asked for as a job, shown as ranges, a chart of dials by hour, and refusals by rule.
import { Alert, Button, Card, Empty, Flex, Statistic, Table, Tag, Tooltip, Typography } from "antd";
import { useMutation, useQuery } from "@tanstack/react-query";
import dayjs from "dayjs";
import { useEffect, useMemo, useState } from "react";
import { api, data } from "@/api/client";
import { Chart } from "@/ui/Chart";
import { isOver, JobProgress, useJob } from "@/ui/Job";
import { ProblemAlert } from "@/ui/problems";
import { language, words } from "@/words";
import { rule } from "./words";

interface Case {
  dials: number;
  dials_per_hour: number;
  robots_busy: number;
  robots: number;
  cost: number;
  last_at: string | null;
  stopped: string;
}
interface Group {
  rule: string;
  pack: string;
  title: string;
  source: string;
  detail: string;
  passes: boolean;
  count: number;
  next_at: string | null;
  examples: { lead: number; row: number; number: string }[];
}
interface Result {
  begins: string;
  people: number;
  currency: string | null;
  cases: Record<"low" | "likely" | "high", Case>;
  hours: { at: string; dials: number }[];
  preview: { at: string; people: number; allowed: number; groups: Group[] };
}

const useWords = words("foreseen", {
  en: {
    forecast: "Forecast", preview: "Compliance preview", ask: "Reckon it", again: "Reckon it again", dials: "Dials", perHour: "Dials an hour", ends: "Last dial", robots: "Robots busy on average",
    cost: "Cost", range: "{{low}} to {{high}}", note: "Ranges from assumptions about people, no promises. Begins {{at}}.", byHour: "Dials by hour (likely)", noHours: "Nobody would be called",
    people: "{{n}} on the list", allowed: "{{n}} may be called", refused: "{{n}} would not be called", rule: "Why", count: "People", when: "When it passes", never: "does not pass by itself",
    later: "from {{at}}", laterUnknown: "by itself", examples: "For example", line: "line {{n}}", rules: "Decided by the same rules as every call, at the moment the task would begin.", stopped: "It would stop early: {{why}}",
    allFine: "Everybody on the list may be called.", noDials: "Nobody was called in the last two days",
  },
  zh: {
    forecast: "预测", preview: "合规预览", ask: "开始测算", again: "重新测算", dials: "呼叫次数", perHour: "每小时呼叫", ends: "最后一呼", robots: "平均占用机器人",
    cost: "费用", range: "{{low}} ~ {{high}}", note: "基于假设的区间，不是承诺。从 {{at}} 开始。", byHour: "每小时呼叫数(一般情形)", noHours: "没有可呼叫的人",
    people: "名单共 {{n}} 人", allowed: "{{n}} 人可以呼叫", refused: "{{n}} 人不会呼叫", rule: "原因", count: "人数", when: "何时解除", never: "不会自行解除",
    later: "{{at}} 起", laterUnknown: "会自行解除", examples: "例如", line: "第 {{n}} 行", rules: "按任务开始时刻、与每通电话相同的规则判定。", stopped: "会提前停止：{{why}}",
    allFine: "名单上的人都可以呼叫。", noDials: "近两天没有呼叫",
  },
});

export function Foreseen({ task, version, auto = false }: { task: number; version: number; auto?: boolean }) {
  const t = useWords();
  const [job, setJob] = useState<string | null>(null);
  const begin = useMutation({
    mutationFn: () => data(api.POST("/api/v1/tasks/{task}/forecasts", { params: { path: { task } } })),
    meta: { quiet: true },
    onSuccess: (found) => setJob(found.id),
  });
  useEffect(() => {
    if (auto) begin.mutate();
    // eslint-disable-next-line react-hooks/exhaustive-deps -- once for each version of the plan
  }, [task, version, auto]);
  const found = useJob(job);
  const result = found.data?.state === "done" ? (found.data.result as unknown as Result) : null;
  const idle = job === null && !begin.isPending;
  return (
    <Flex vertical gap={12}>
      <ProblemAlert error={begin.error} onRetry={() => begin.mutate()} />
      {!result && (idle ? <div><Button type="primary" onClick={() => begin.mutate()}>{t("ask")}</Button></div> : <Card size="small"><JobProgress job={found.data} error={found.error} /></Card>)}
      {result && <Told result={result} />}
      {isOver(found.data) && (
        <div>
          <Button size="small" onClick={() => begin.mutate()}>
            {t("again")}
          </Button>
        </div>
      )}
    </Flex>
  );
}

function Told({ result }: { result: Result }) {
  const t = useWords();
  const { low, likely, high } = result.cases;
  const dark = language();
  const option = useMemo(
    () => ({
      grid: { left: 48, right: 16, top: 16, bottom: 28 },
      tooltip: { trigger: "axis" },
      xAxis: { type: "category", data: result.hours.map((hour) => dayjs(hour.at).format("MM-DD HH:mm")) },
      yAxis: { type: "value", minInterval: 1 },
      series: [{ type: "bar", name: t("dials"), data: result.hours.map((hour) => hour.dials), barMaxWidth: 24 }],
    }),
    // eslint-disable-next-line react-hooks/exhaustive-deps -- words change with the language only
    [result, dark],
  );
  const span = (figure: (run: Case) => number, digits = 0) => {
    const values = [low, likely, high].map(figure);
    const shown = (n: number) => n.toLocaleString(undefined, { maximumFractionDigits: digits });
    return { value: shown(figure(likely)), range: t("range", { low: shown(Math.min(...values)), high: shown(Math.max(...values)) }) };
  };
  const ends = [low, likely, high].map((run) => run.last_at).filter((at): at is string => at !== null).sort();
  const figures: { title: string; value: string; range: string }[] = [
    { title: t("dials"), ...span((run) => run.dials) },
    { title: t("perHour"), ...span((run) => run.dials_per_hour) },
    { title: t("robots"), ...span((run) => run.robots_busy, 1) },
    ...(result.currency ? [{ title: `${t("cost")} (${result.currency})`, ...span((run) => run.cost, 2) }] : []),
    {
      title: t("ends"),
      value: likely.last_at ? dayjs(likely.last_at).format("YYYY-MM-DD HH:mm") : "—",
      range: ends.length ? t("range", { low: dayjs(ends[0]).format("MM-DD HH:mm"), high: dayjs(ends[ends.length - 1]).format("MM-DD HH:mm") }) : "",
    },
  ];
  const refused = result.preview.people - result.preview.allowed;
  return (
    <>
      <Card size="small" title={t("preview")} extra={<Typography.Text type="secondary">{t("rules")}</Typography.Text>}>
        <Flex gap={24} wrap style={{ marginBottom: 8 }}>
          <Typography.Text>{t("people", { n: result.preview.people.toLocaleString() })}</Typography.Text>
          <Typography.Text type="success">{t("allowed", { n: result.preview.allowed.toLocaleString() })}</Typography.Text>
          <Typography.Text type={refused > 0 ? "danger" : "secondary"}>{t("refused", { n: refused.toLocaleString() })}</Typography.Text>
        </Flex>
        {refused === 0 ? (
          <Alert type="success" showIcon title={t("allFine")} />
        ) : (
          <Table<Group>
            size="small"
            pagination={false}
            rowKey={(group) => `${group.pack}/${group.rule}/${group.passes}`}
            dataSource={result.preview.groups}
            columns={[
              {
                title: t("rule"),
                render: (_, group) => (
                  <Tooltip title={[group.detail, group.source].filter(Boolean).join(" — ")}>
                    <span>{rule(group.rule, group.title)}</span> <Typography.Text type="secondary">{group.pack !== "house" && group.pack}</Typography.Text>
                  </Tooltip>
                ),
              },
              { title: t("count"), dataIndex: "count", align: "right", width: 110, className: "numeric", render: (n: number) => n.toLocaleString() },
              {
                title: t("when"),
                width: 190,
                render: (_, group) =>
                  group.passes ? (
                    <Tag color="warning">{group.next_at ? t("later", { at: dayjs(group.next_at).format("MM-DD HH:mm") }) : t("laterUnknown")}</Tag>
                  ) : (
                    <Tag color="error">{t("never")}</Tag>
                  ),
              },
              {
                title: t("examples"),
                render: (_, group) => (
                  <Typography.Text type="secondary" className="numeric">
                    {group.examples.map((one) => `${one.number} (${t("line", { n: one.row })})`).join(", ")}
                  </Typography.Text>
                ),
              },
            ]}
          />
        )}
      </Card>
      <Card size="small" title={t("forecast")} extra={<Typography.Text type="secondary">{t("note", { at: dayjs(result.begins).format("YYYY-MM-DD HH:mm") })}</Typography.Text>}>
        <Flex gap={32} wrap>
          {figures.map((figure) => (
            <div key={figure.title}>
              <Statistic title={figure.title} value={figure.value} formatter={(value) => value} />
              <Typography.Text type="secondary" className="numeric">
                {figure.range}
              </Typography.Text>
            </div>
          ))}
        </Flex>
        {likely.stopped && <Alert style={{ marginTop: 8 }} type="warning" showIcon title={t("stopped", { why: likely.stopped })} />}
        {result.hours.length > 0 ? <Chart option={option} label={t("byHour")} height={200} /> : <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t("noHours")} />}
      </Card>
    </>
  );
}

/** The history of attempts by hour of a task that runs. */
export function Hours({ task, live }: { task: number; live: boolean }) {
  const t = useWords();
  const hours = useQuery({
    queryKey: ["tasks", task, "hours"],
    queryFn: () => data(api.GET("/api/v1/tasks/{task}/hours", { params: { path: { task }, query: { days: 2 } } })),
    refetchInterval: live ? 15_000 : false,
  });
  const items = hours.data?.items;
  const zh = language() === "zh";
  const option = useMemo(
    () => ({
      grid: { left: 48, right: 16, top: 32, bottom: 28 },
      legend: { top: 0 },
      tooltip: { trigger: "axis" },
      xAxis: { type: "category", data: (items ?? []).map((hour) => dayjs(hour.at).format("MM-DD HH:mm")) },
      yAxis: { type: "value", minInterval: 1 },
      series: [
        { type: "bar", name: zh ? "呼叫" : "dials", data: (items ?? []).map((hour) => hour.dials), barMaxWidth: 24 },
        { type: "bar", name: zh ? "接通" : "answered", data: (items ?? []).map((hour) => hour.answered), barMaxWidth: 24 },
      ],
    }),
    [items, zh],
  );
  if (!items || items.length === 0) return <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={hours.isPending ? "…" : t("noDials")} />;
  return <Chart option={option} label={t("byHour")} />;
}
