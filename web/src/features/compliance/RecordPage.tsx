// One decision record in plain words, and what proves it.
import { Alert, Card, Descriptions, Flex, Skeleton, Table, Tag, Typography } from "antd";
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "react-router";
import { api, data } from "@/api/client";
import { ProblemAlert } from "@/ui/problems";
import { When } from "@/ui/When";
import { language } from "@/words";
import { Desk } from "./Desk";
import { CopyButton } from "./parts";
import { VerdictTag } from "./Records";
import type { RecordTold } from "./types";
import { useWords } from "./words";

export function Component() {
  const t = useWords();
  const { record = "" } = useParams();
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
  const told = useQuery({
    queryKey: ["record", record, language()],
    queryFn: () =>
      data(api.GET("/api/v1/records/{record}", { params: { path: { record: Number(record) }, query: { language: language(), zone } } })),
    staleTime: Infinity,
  });
  return (
    <Desk title={t("record", { seq: record })}>
      <ProblemAlert error={told.error} onRetry={() => void told.refetch()} />
      {told.isPending && <Skeleton active />}
      {told.data && <Told record={told.data} />}
    </Desk>
  );
}

function Told({ record }: { record: RecordTold }) {
  const t = useWords();
  const type = { dialled: "success", refused: "error", "held-back": "warning" }[record.verdict] as "success" | "error" | "warning";
  return (
    <Flex vertical gap={16}>
      <Alert type={type} showIcon title={record.summary} description={record.following || undefined} />
      <Descriptions size="small" column={{ xs: 1, lg: 3 }} bordered>
        <Descriptions.Item label={t("time")}>
          <When at={record.at} />
        </Descriptions.Item>
        <Descriptions.Item label={t("verdict")}>
          <VerdictTag verdict={record.verdict} />
        </Descriptions.Item>
        <Descriptions.Item label={t("nextAllowed")}>
          <When at={record.next_allowed_at} />
        </Descriptions.Item>
        <Descriptions.Item label={t("task")}>
          {record.task ? <Link to={`/tasks/${record.task}`}>{record.task_name || record.task}</Link> : "—"}
        </Descriptions.Item>
        <Descriptions.Item label={t("subject")}>
          {record.subject ? <Link to={`/compliance/subjects/${record.subject}`}>{record.person}</Link> : (record.person ?? "—")}
        </Descriptions.Item>
        <Descriptions.Item label={t("call")}>
          {record.call ? <Link to={`/calls/${encodeURIComponent(record.call)}`}>{record.call.slice(-12)}</Link> : "—"}
        </Descriptions.Item>
      </Descriptions>
      <Rules record={record} />
      <Card size="small" title={t("evidence")}>
        <Typography.Text className="mono" style={{ wordBreak: "break-all" }}>
          {Object.entries(record.evidence).map(([name, value]) => `${name}: ${value}`).join(" · ") || "—"}
        </Typography.Text>
        <div>
          <Typography.Text type="secondary">
            {[...record.packs, record.calendar, record.software].filter(Boolean).join(" · ")}
          </Typography.Text>
        </div>
      </Card>
      <Card size="small" title={t("proof")} extra={<CopyButton text={record.proof} label={t("copyProof")} />}>
        <Typography.Paragraph type="secondary">{t("proofHint", { key: record.public_key })}</Typography.Paragraph>
        <pre className="mono" tabIndex={0} aria-label={t("proof")} style={{ maxHeight: 180, overflow: "auto", whiteSpace: "pre-wrap", wordBreak: "break-all", fontSize: 12 }}>
          {record.proof}
        </pre>
      </Card>
    </Flex>
  );
}

type RuleTold = RecordTold["rules"][number];

function Rules({ record }: { record: RecordTold }) {
  const t = useWords();
  return (
    <Table<RuleTold>
      size="small"
      pagination={false}
      rowKey={(rule) => `${rule.pack}/${rule.rule}`}
      dataSource={record.rules}
      columns={[
        { title: t("outcome"), render: (_, rule) => <OutcomeTag rule={rule} /> },
        {
          title: t("rule"),
          render: (_, rule) => (
            <div style={{ minWidth: 200 }}>
              {rule.title}
              <div>
                <Typography.Text type="secondary" className="mono" style={{ fontSize: 12 }}>
                  {rule.pack}/{rule.rule}{" "}
                  {rule.other_version ? t("otherVersion", { version: rule.version, other: rule.other_version }) : rule.version}
                </Typography.Text>
              </div>
            </div>
          ),
        },
        { title: t("detail"), dataIndex: "detail", render: (detail: string) => <div style={{ minWidth: 140 }}>{detail}</div> },
        { title: t("citation"), render: (_, rule) => <Cited rule={rule} /> },
      ]}
    />
  );
}

export function OutcomeTag({ rule }: { rule: { outcome: string; refuses: boolean } }) {
  const t = useWords();
  if (rule.outcome === "ok") return <Tag color="success">{t("holds")}</Tag>;
  if (!rule.refuses) return <Tag color="warning">{t("warns")}</Tag>;
  return <Tag color="error">{rule.outcome === "unknown" ? t("unknown") : t("fails")}</Tag>;
}

interface Citable {
  status: string;
  source: string;
  quote: string;
  as_of: string;
  doubt: string;
}

export function Cited({ rule }: { rule: Citable }) {
  const t = useWords();
  const status: Record<string, string> = { law: t("law"), draft: t("draft"), norm: t("norm"), contract: t("contract"), house: t("house") };
  return (
    <div style={{ minWidth: 200 }}>
      <Tag>{status[rule.status] ?? rule.status}</Tag>
      {rule.source}
      {rule.quote && <Typography.Paragraph type="secondary" style={{ margin: 0, fontSize: 12 }} ellipsis={{ rows: 2, expandable: true, symbol: "…" }}>{rule.quote}</Typography.Paragraph>}
      {rule.as_of && <Typography.Text type="secondary" style={{ fontSize: 12 }}> {t("asOf", { day: rule.as_of })}</Typography.Text>}
      {rule.doubt && <Typography.Text type="warning" style={{ fontSize: 12 }}> {t("doubt", { doubt: rule.doubt })}</Typography.Text>}
    </div>
  );
}
