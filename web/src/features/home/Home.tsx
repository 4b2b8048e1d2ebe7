// The first page: what waits for somebody, how today goes, and - until a house can call - the next step on the way there.
import { CheckCircleFilled, ClockCircleOutlined } from "@ant-design/icons";
import { Card, Col, Empty, Flex, Row, Skeleton, Statistic, Tag, Typography } from "antd";
import { useQuery } from "@tanstack/react-query";
import dayjs from "dayjs";
import { useState } from "react";
import { Link } from "react-router";
import { api, data } from "@/api/client";
import { PAGES } from "@/app/features";
import { useMay, useViewer } from "@/app/viewer";
import { Page } from "@/ui/Page";
import { ProblemAlert } from "@/ui/problems";
import { words } from "@/words";

const useWords = words("home", {
  en: {
    title: "Overview",
    steps: "On the way to the first call",
    company: "A company whose papers were vetted",
    script: "A script that somebody else reviewed",
    list: "A list of people who agreed to be called",
    line: "A line and numbers of your own",
    task: "A task that somebody else approved",
    worker: "A worker that calls (callwright up --line FILE)",
    waiting: "Waiting for a decision",
    nothing: "Nothing waits",
    reviews: "Scripts to review",
    approvals: "Tasks to approve",
    suspects: "Numbers to freeze or not",
    complaints: "Open complaints",
    overdue: "{{n}} overdue",
    today: "Today",
    dialled: "Dialled",
    answered: "Answered",
    talk: "Minutes talked",
    live: "Live now",
    running: "Tasks running",
    grades: "Grades today",
    none: "No call today",
  },
  zh: {
    title: "概览",
    steps: "首次外呼前的准备",
    company: "主体资质已审核的企业",
    script: "经他人审核的话术",
    list: "已同意接听的名单",
    line: "线路与自有号码",
    task: "经他人审批的外呼任务",
    worker: "正在运行的外呼进程(callwright up --line 文件)",
    waiting: "待处理",
    nothing: "暂无待处理事项",
    reviews: "待审核话术",
    approvals: "待审批任务",
    suspects: "待确认冻结的号码",
    complaints: "未结投诉",
    overdue: "{{n}} 件超期",
    today: "今日",
    dialled: "外呼",
    answered: "接通",
    talk: "通话分钟",
    live: "正在通话",
    running: "运行中任务",
    grades: "今日意向等级",
    none: "今日暂无通话",
  },
});

/** The menu page whose address begins so, if there is one and the viewer may open it. */
function usePageAt(): (...beginnings: string[]) => string | null {
  const may = useMay();
  return (...beginnings) => {
    for (const beginning of beginnings) {
      const page = PAGES.find((each) => each.menu && each.path.startsWith(beginning) && (!each.permission || may(each.permission)));
      if (page) return page.path;
    }
    return null;
  };
}

function Waiting({ words: label, n, to, note }: { words: string; n: number; to: string | null; note?: string }) {
  const row = (
    <Flex justify="space-between" align="center" style={{ padding: "6px 0" }}>
      <span>
        {label} {note && <Tag color="error">{note}</Tag>}
      </span>
      <Typography.Text strong className="numeric">
        {n}
      </Typography.Text>
    </Flex>
  );
  return to ? <Link to={to}>{row}</Link> : row;
}

export function Component() {
  const t = useWords();
  const me = useViewer();
  const at = usePageAt();
  const [since] = useState(() => dayjs().startOf("day").toISOString());
  const seen = useQuery({
    queryKey: ["overview", since],
    queryFn: () => data(api.GET("/api/v1/overview", { params: { query: { since } } })),
    refetchInterval: 10_000,
  });
  if (seen.isPending) return <Skeleton active paragraph={{ rows: 10 }} />;
  if (seen.isError || !seen.data)
    return (
      <Page title={t("title")}>
        <ProblemAlert error={seen.error} onRetry={() => void seen.refetch()} />
      </Page>
    );
  const now = seen.data;
  const steps: [string, boolean, string | null][] = [
    [t("company"), now.companies_vetted > 0, at("/companies", "/accounts", "/company")],
    [t("script"), now.scripts_reviewed > 0, at("/studio", "/scripts")],
    [t("list"), now.lists > 0, at("/lists")],
    [t("line"), now.lines > 0 && now.own_numbers > 0, at("/lines")],
    [t("task"), now.tasks > 0, at("/tasks")],
    [t("worker"), now.workers > 0, null],
  ];
  const ready = steps.every(([, done]) => done);
  const waits = [
    { words: t("reviews"), n: now.reviews, to: at("/studio", "/scripts") },
    { words: t("approvals"), n: now.approvals, to: at("/tasks") },
    { words: t("suspects"), n: now.suspects ?? 0, to: at("/compliance/freezes", "/freezes", "/compliance") },
    {
      words: t("complaints"),
      n: now.complaints ?? 0,
      to: at("/compliance/complaints", "/complaints", "/compliance"),
      note: now.complaints_overdue ? t("overdue", { n: now.complaints_overdue }) : undefined,
    },
  ].filter((each) => each.n > 0);
  const today = now.today;
  return (
    <Page title={t("title")} extra={<Typography.Text type="secondary">{me.name}</Typography.Text>}>
      <Row gutter={[16, 16]}>
        {today && (
          <Col xs={24}>
            <Card title={t("today")} size="small">
              <Row gutter={[16, 12]}>
                {(
                  [
                    ["dialled", today.dialled],
                    ["answered", today.answered],
                    ["talk", Math.round(today.talk_ms / 60_000)],
                    ["live", today.live],
                    ["running", now.tasks_running],
                  ] as const
                ).map(([key, value]) => (
                  <Col xs={12} sm={8} lg={4} key={key}>
                    <Statistic title={t(key)} value={value} />
                  </Col>
                ))}
                <Col xs={24} lg={4}>
                  <div className="ant-statistic-title">{t("grades")}</div>
                  {Object.keys(today.grades).length === 0 ? (
                    <Typography.Text type="secondary">{t("none")}</Typography.Text>
                  ) : (
                    Object.entries(today.grades)
                      .sort(([a], [b]) => a.localeCompare(b))
                      .map(([grade, n]) => (
                        <Tag key={grade} className="numeric">
                          {grade} {n}
                        </Tag>
                      ))
                  )}
                </Col>
              </Row>
            </Card>
          </Col>
        )}
        {!ready && (
          <Col xs={24} lg={12}>
            <Card title={t("steps")} size="small">
              <ol style={{ margin: 0, paddingInlineStart: 20 }}>
                {steps.map(([label, done, to]) => (
                  <li key={label} style={{ padding: "5px 0" }}>
                    <Flex gap={8} align="center">
                      {done ? <CheckCircleFilled style={{ color: "var(--ant-color-success)" }} /> : <ClockCircleOutlined />}
                      {to && !done ? <Link to={to}>{label}</Link> : <Typography.Text type={done ? "secondary" : undefined}>{label}</Typography.Text>}
                    </Flex>
                  </li>
                ))}
              </ol>
            </Card>
          </Col>
        )}
        <Col xs={24} lg={12}>
          <Card title={t("waiting")} size="small">
            {waits.length === 0 ? <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t("nothing")} /> : waits.map((each) => <Waiting key={each.words} {...each} />)}
          </Card>
        </Col>
      </Row>
    </Page>
  );
}
