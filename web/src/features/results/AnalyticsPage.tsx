// How calls come out: an overview, the funnel over the script, what is asked, versions beside each other, and what it costs.
import { Alert, Card, Col, DatePicker, Empty, Flex, Row, Segmented, Select, Skeleton, Statistic, Table, Tabs, Tag, Tooltip, Typography } from "antd";
import { useQuery } from "@tanstack/react-query";
import dayjs from "dayjs";
import { useMemo } from "react";
import { useSearchParams } from "react-router";
import { api, data } from "@/api/client";
import type { components } from "@/api/schema";
import { useMay } from "@/app/viewer";
import { Page } from "@/ui/Page";
import { ProblemAlert } from "@/ui/problems";
import { Duration } from "@/ui/When";
import { Chart } from "./Chart";
import { Costs } from "./Costs";
import { outcome } from "./outcomes";
import { GRADES, usePalette } from "./parts";
import { useWords } from "./words";

type Share = components["schemas"]["ShareView"];
type Over = { since: string; before: string; task?: number; script_version?: number; zone: string };

export function Component() {
  const t = useWords();
  const may = useMay();
  const [address, setAddress] = useSearchParams();
  const days = Number(address.get("days") ?? "30");
  const today = dayjs().add(1, "hour").startOf("hour").toISOString();
  const over: Over = useMemo(
    () => ({
      since: address.get("since") ?? dayjs(today).subtract(days, "day").startOf("day").toISOString(),
      before: address.get("before") ?? today,
      task: address.has("task") ? Number(address.get("task")) : undefined,
      script_version: address.has("version") ? Number(address.get("version")) : undefined,
      zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    }),
    [address, days, today],
  );
  const change = (next: Record<string, string | undefined>) =>
    setAddress(
      (old) => {
        const made = new URLSearchParams(old);
        for (const [name, value] of Object.entries(next)) if (value) made.set(name, value); else made.delete(name);
        return made;
      },
      { replace: true },
    );
  const tasks = useQuery({
    queryKey: ["tasks", "names"],
    queryFn: () => data(api.GET("/api/v1/tasks", { params: { query: { limit: 200 } } })),
    enabled: may("tasks.read"),
    staleTime: 60_000,
  });
  return (
    <Page
      title={t("analytics_title")}
      actions={
        <Flex gap={8} wrap>
          <Segmented
            value={address.has("since") ? "" : String(days)}
            onChange={(value) => change({ days: String(value), since: undefined, before: undefined })}
            options={[7, 30, 90].map((value) => ({ value: String(value), label: t(`days_${value}` as "days_7") }))}
          />
          <DatePicker.RangePicker
            aria-label={t("span")}
            value={[dayjs(over.since), dayjs(over.before)]}
            allowClear={false}
            onChange={(span) => change({ since: span?.[0]?.startOf("day").toISOString(), before: span?.[1]?.add(1, "day").startOf("day").toISOString() })}
          />
          <Select
            allowClear
            showSearch={{ optionFilterProp: "label" }}
            aria-label={t("task")}
            placeholder={t("all_tasks")}
            value={over.task}
            onChange={(task?: number) => change({ task: task ? String(task) : undefined })}
            options={(tasks.data?.items ?? []).map((task) => ({ value: task.id, label: task.name }))}
            style={{ minWidth: 170 }}
          />
        </Flex>
      }
    >
      <Tabs
        activeKey={address.get("tab") ?? "overview"}
        onChange={(tab) => change({ tab })}
        destroyOnHidden
        items={[
          { key: "overview", label: t("overview"), children: <Overview over={over} /> },
          { key: "flow", label: t("flow"), children: <Funnel over={over} onVersion={(version) => change({ version })} /> },
          { key: "questions", label: t("top"), children: <TopQuestions over={over} /> },
          { key: "versions", label: t("versions"), children: <Versions over={over} /> },
          { key: "cost", label: t("cost"), children: <Costs over={over} /> },
        ]}
      />
    </Page>
  );
}

function percent(value: number): string {
  return `${(100 * value).toFixed(1)} %`;
}

/** A share with the range it may really have. */
function ShareOf({ share }: { share: Share }) {
  const t = useWords();
  if (!share.whole) return <>—</>;
  return (
    <Tooltip title={`${share.part} / ${share.whole}; ${t("interval")}: ${percent(share.low)} – ${percent(share.high)}`}>
      <span className="numeric" tabIndex={0}>
        {percent(share.value)}{" "}
        <Typography.Text type="secondary">
          ({(100 * share.low).toFixed(1)}–{(100 * share.high).toFixed(1)})
        </Typography.Text>
      </span>
    </Tooltip>
  );
}

function Overview({ over }: { over: Over }) {
  const t = useWords();
  const colours = usePalette();
  const found = useQuery({ queryKey: ["analytics", "overview", over], queryFn: () => data(api.GET("/api/v1/analytics/overview", { params: { query: over } })) });
  if (found.isPending) return <Skeleton active paragraph={{ rows: 10 }} />;
  if (found.error) return <ProblemAlert error={found.error} onRetry={() => void found.refetch()} />;
  const seen = found.data;
  if (!seen.calls) return <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t("no_data")} />;
  const outcomes = Object.entries(seen.dispositions).slice(0, 12);
  const lengths = Object.entries(seen.lengths);
  const rate = (slice: { calls: number; answered: number }) => (slice.calls ? slice.answered / slice.calls : 0);
  const wanted = (slice: { answered: number; grades: Record<string, number> }) => (slice.answered ? ((slice.grades["A"] ?? 0) + (slice.grades["B"] ?? 0)) / slice.answered : 0);
  return (
    <Flex vertical gap={12}>
      {seen.waiting > 0 && <Alert type="info" showIcon title={t("waiting", { n: seen.waiting })} />}
      <Row gutter={[12, 12]}>
        <Col xs={12} lg={6}>
          <Card size="small">
            <Statistic title={t("calls")} value={seen.calls} />
          </Card>
        </Col>
        <Col xs={12} lg={6}>
          <Card size="small">
            <Statistic title={t("connected")} valueRender={() => <ShareOf share={seen.answered} />} />
          </Card>
        </Col>
        <Col xs={12} lg={6}>
          <Card size="small">
            <Statistic title={t("wanted")} valueRender={() => <ShareOf share={seen.wanted} />} />
          </Card>
        </Col>
        <Col xs={12} lg={6}>
          <Card size="small">
            <Statistic title={t("talk_all")} valueRender={() => <Duration ms={seen.talk_ms} />} />
          </Card>
        </Col>
      </Row>
      <Row gutter={[12, 12]}>
        <Col xs={24} lg={12}>
          <Card size="small" title={t("per_day")}>
            <Chart
              label={t("per_day")}
              names={seen.days.map((day) => day.name.slice(5))}
              series={[
                { name: t("answered_yes"), values: seen.days.map((day) => day.answered), stack: "a" },
                { name: t("answered_no"), values: seen.days.map((day) => day.calls - day.answered), stack: "a", colour: colours.shadow },
              ]}
            />
          </Card>
        </Col>
        <Col xs={24} lg={12}>
          <Card size="small" title={t("per_hour")}>
            <Chart
              label={t("per_hour")}
              names={seen.hours.map((hour) => hour.name)}
              series={[
                { name: t("calls"), values: seen.hours.map((hour) => hour.calls), colour: colours.shadow },
                { name: t("connected"), values: seen.hours.map(rate), kind: "line", share: true, colour: colours.primary },
                { name: t("wanted"), values: seen.hours.map(wanted), kind: "line", share: true, colour: colours.second },
              ]}
            />
          </Card>
        </Col>
        <Col xs={24} lg={8}>
          <Card size="small" title={t("grades_chart")}>
            <Chart label={t("grades_chart")} names={[...GRADES]} series={[{ name: t("calls"), values: GRADES.map((grade) => seen.grades[grade] ?? 0) }]} />
          </Card>
        </Col>
        <Col xs={24} lg={8}>
          <Card size="small" title={t("lengths")}>
            <Chart
              label={t("lengths")}
              names={lengths.map(([name], at) => (name === "more" ? "> 300 s" : `${at ? lengths[at - 1]![0] : 0}–${name} s`))}
              series={[{ name: t("calls"), values: lengths.map(([, n]) => n) }]}
            />
          </Card>
        </Col>
        <Col xs={24} lg={8}>
          <Card size="small" title={t("outcomes_chart")}>
            <Chart label={t("outcomes_chart")} lying names={outcomes.map(([name]) => outcome(name))} series={[{ name: t("calls"), values: outcomes.map(([, n]) => n) }]} />
          </Card>
        </Col>
      </Row>
    </Flex>
  );
}

function Funnel({ over, onVersion }: { over: Over; onVersion: (version: string | undefined) => void }) {
  const t = useWords();
  const colours = usePalette();
  const versions = useQuery({
    queryKey: ["analytics", "versions", { ...over, script_version: undefined }],
    queryFn: () => data(api.GET("/api/v1/analytics/versions", { params: { query: { ...over, script_version: undefined } } })),
  });
  const options = (versions.data?.items ?? []).filter((one) => one.script_version > 0);
  const chosen = over.script_version ?? options[0]?.script_version;
  const found = useQuery({
    queryKey: ["analytics", "flow", over, chosen],
    queryFn: () => data(api.GET("/api/v1/analytics/flow", { params: { query: { ...over, script_version: chosen } } })),
    enabled: !versions.isPending,
  });
  return (
    <Flex vertical gap={12}>
      <Flex gap={8} align="center">
        <Select
          aria-label={t("version")}
          placeholder={t("script")}
          value={chosen}
          onChange={(version?: number) => onVersion(version ? String(version) : undefined)}
          options={options.map((one) => ({ value: one.script_version, label: `${one.script} · ${one.version}` }))}
          style={{ minWidth: 260 }}
        />
        {found.data && <Typography.Text type="secondary">{t("of_answered", { n: found.data.answered })}</Typography.Text>}
      </Flex>
      <ProblemAlert error={found.error} onRetry={() => void found.refetch()} />
      {(found.isPending || versions.isPending) && <Skeleton active />}
      {found.data && found.data.nodes.length === 0 && <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t("no_data")} />}
      {found.data && found.data.nodes.length > 0 && (
        <Row gutter={[12, 12]}>
          <Col xs={24} xl={15}>
            <Table
              size="small"
              rowKey="node"
              dataSource={found.data.nodes}
              pagination={false}
              columns={[
                { title: t("node"), dataIndex: "node", className: "mono" },
                {
                  title: t("entered"),
                  width: 300,
                  render: (_, row) => (
                    <Flex gap={8} align="center">
                      <div style={{ flex: 1, height: 12, borderRadius: 3, background: colours.line }}>
                        <div style={{ width: `${found.data.answered ? Math.min(100, (100 * row.entered) / found.data.answered) : 0}%`, height: 12, borderRadius: 3, background: colours.primary }} />
                      </div>
                      <span className="numeric" style={{ width: 70, textAlign: "end" }}>
                        {row.entered}
                      </span>
                    </Flex>
                  ),
                },
                { title: t("ended_here"), width: 100, align: "right", dataIndex: "ended", className: "numeric" },
                { title: t("drop"), width: 150, align: "right", render: (_, row) => <ShareOf share={row.dropped} /> },
              ]}
            />
          </Col>
          <Col xs={24} xl={9}>
            <Table
              size="small"
              title={() => t("ways")}
              rowKey={(edge) => `${edge.source}>${edge.target}`}
              dataSource={found.data.edges.slice(0, 30)}
              pagination={{ pageSize: 15, hideOnSinglePage: true, size: "small" }}
              columns={[
                { title: t("from"), dataIndex: "source", className: "mono" },
                { title: t("to"), dataIndex: "target", className: "mono" },
                { title: t("calls"), dataIndex: "times", align: "right", className: "numeric" },
              ]}
            />
          </Col>
        </Row>
      )}
    </Flex>
  );
}

function TopQuestions({ over }: { over: Over }) {
  const t = useWords();
  const found = useQuery({ queryKey: ["analytics", "questions", over], queryFn: () => data(api.GET("/api/v1/analytics/questions", { params: { query: over } })) });
  if (found.isPending) return <Skeleton active />;
  if (found.error) return <ProblemAlert error={found.error} onRetry={() => void found.refetch()} />;
  const part = (title: string, rows: { name: string; calls: number }[]) => (
    <Col xs={24} lg={12}>
      <Card size="small" title={title} extra={t("of_answered", { n: found.data.answered })}>
        {rows.length === 0 ? (
          <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t("no_data")} />
        ) : (
          <Chart label={title} lying height={Math.max(120, 26 * Math.min(rows.length, 25) + 30)} names={rows.slice(0, 25).map((row) => row.name)} series={[{ name: t("calls"), values: rows.slice(0, 25).map((row) => row.calls) }]} />
        )}
      </Card>
    </Col>
  );
  return (
    <Row gutter={[12, 12]}>
      {part(t("known"), found.data.known)}
      {part(t("unknown"), found.data.unknown)}
    </Row>
  );
}

function Versions({ over }: { over: Over }) {
  const t = useWords();
  const found = useQuery({ queryKey: ["analytics", "versions", over], queryFn: () => data(api.GET("/api/v1/analytics/versions", { params: { query: over } })) });
  if (found.error) return <ProblemAlert error={found.error} onRetry={() => void found.refetch()} />;
  return (
    <Table
      size="small"
      loading={found.isPending}
      rowKey="script_version"
      dataSource={found.data?.items ?? []}
      pagination={false}
      scroll={{ x: "max-content" }}
      locale={{ emptyText: <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t("no_data")} /> }}
      columns={[
        { title: t("script"), render: (_, row) => row.script || "—" },
        { title: t("version"), render: (_, row) => <span className="mono">{row.version || "—"}</span> },
        { title: t("calls"), dataIndex: "calls", align: "right", className: "numeric" },
        { title: t("connected"), align: "right", render: (_, row) => <ShareOf share={row.answered} /> },
        { title: t("wanted"), align: "right", render: (_, row) => <ShareOf share={row.wanted} /> },
        { title: t("refused"), align: "right", render: (_, row) => <ShareOf share={row.refused} /> },
        {
          title: t("better"),
          align: "right",
          render: (_, row) => {
            if (row.better === null || row.better_low === null || row.better_high === null) return "—";
            const chance = row.better_low <= 0 && row.better_high >= 0;
            const points = (value: number) => `${value > 0 ? "+" : ""}${(100 * value).toFixed(1)}`;
            return (
              <span className="numeric">
                {points(row.better)} ({points(row.better_low)} … {points(row.better_high)}){" "}
                <Tag color={chance ? "default" : row.better > 0 ? "success" : "error"}>{chance ? t("chance") : t("surely")}</Tag>
              </span>
            );
          },
        },
      ]}
    />
  );
}
