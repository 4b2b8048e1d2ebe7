// Decision records: why each call was placed and each other was not; and the verification of the whole chain.
import { Alert, Button, DatePicker, Flex, Input, Segmented, Select, Tag, Typography } from "antd";
import dayjs from "dayjs";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link, useNavigate, useSearchParams } from "react-router";
import { api, data } from "@/api/client";
import { CursorTable } from "@/ui/CursorTable";
import { When } from "@/ui/When";
import { language } from "@/words";
import { Desk } from "./Desk";
import { isOver, JobProgress, NumberFilter, useJob } from "./parts";
import type { JobView, RecordRow } from "./types";
import { useWords } from "./words";

type Verdict = "dialled" | "refused";

export function Component() {
  const t = useWords();
  const go = useNavigate();
  const [params, setParams] = useSearchParams();
  const verdict = (params.get("verdict") as Verdict | null) ?? undefined;
  const [rule, subject] = [params.get("rule") ?? undefined, params.get("subject") ?? undefined];
  const task = Number(params.get("task")) || undefined;
  const [since, until] = [params.get("since") ?? undefined, params.get("until") ?? undefined];
  const narrow = (change: Record<string, string | undefined>) =>
    setParams((old) => {
      for (const [name, value] of Object.entries(change)) if (value) old.set(name, value); else old.delete(name);
      return old;
    });
  const asked = { verdict, rule, task, subject, since, until, language: language() };
  return (
    <Desk title={t("records")} actions={<Verify />}>
      <Flex gap={12} wrap style={{ marginBottom: 12 }}>
        <Segmented
          value={verdict ?? "all"}
          onChange={(value) => narrow({ verdict: value === "all" ? undefined : value })}
          options={[
            { value: "all", label: t("all") },
            { value: "dialled", label: t("dialled") },
            { value: "refused", label: t("refused") },
          ]}
        />
        <RuleSelect value={rule} onChange={(value) => narrow({ rule: value })} />
        <Input.Search
          aria-label={t("task")}
          placeholder={t("task")}
          defaultValue={task}
          allowClear
          style={{ width: 110 }}
          onSearch={(value) => narrow({ task: /^[0-9]+$/.test(value) ? value : undefined })}
        />
        <DatePicker.RangePicker
          showTime={{ format: "HH:mm" }}
          aria-label={t("time")}
          value={[since ? dayjs(since) : null, until ? dayjs(until) : null]}
          onChange={(range) => narrow({ since: range?.[0]?.toISOString(), until: range?.[1]?.toISOString() })}
        />
        <NumberFilter subject={subject} onChange={(found) => narrow({ subject: found })} />
      </Flex>
      <CursorTable<RecordRow>
        label={t("records")}
        queryKey={["records", asked]}
        fetch={(cursor) => data(api.GET("/api/v1/records", { params: { query: { ...asked, cursor } } }))}
        rowKey={(row) => String(row.seq)}
        onOpen={(row) => void go(`/compliance/records/${row.seq}`)}
        columns={[
          { title: "#", dataIndex: "seq", className: "numeric", align: "right" },
          { title: t("time"), render: (_, row) => <When at={row.at} /> },
          { title: t("verdict"), render: (_, row) => <VerdictTag verdict={row.verdict} /> },
          { title: t("against"), render: (_, row) => <Against row={row} /> },
          { title: t("nextAllowed"), render: (_, row) => <When at={row.next_allowed_at} /> },
          { title: t("task"), render: (_, row) => (row.task ? <Link to={`/tasks/${row.task}`}>{row.task_name || row.task}</Link> : "—") },
          {
            title: t("subject"),
            render: (_, row) => (row.subject ? <Link to={`/compliance/subjects/${row.subject}`}>{row.person}</Link> : (row.person ?? "—")),
          },
        ]}
      />
    </Desk>
  );
}

export function VerdictTag({ verdict }: { verdict: RecordRow["verdict"] }) {
  const t = useWords();
  const told = { dialled: ["success", t("dialled")], refused: ["error", t("refused")], "held-back": ["warning", t("heldBack")] } as const;
  const [color, word] = told[verdict];
  return <Tag color={color}>{word}</Tag>;
}

function Against({ row }: { row: RecordRow }) {
  const more = row.against.length - 2;
  return (
    <Typography.Text ellipsis style={{ maxWidth: 380 }} title={row.against.map((rule) => rule.title).join("\n")}>
      {row.against.slice(0, 2).map((rule) => rule.title).join("; ") || row.because || "—"}
      {more > 0 && ` +${more}`}
    </Typography.Text>
  );
}

function RuleSelect({ value, onChange }: { value: string | undefined; onChange: (rule: string | undefined) => void }) {
  const t = useWords();
  const packs = usePacks();
  return (
    <Select
      aria-label={t("rule")}
      placeholder={t("rule")}
      allowClear
      showSearch={{ optionFilterProp: "label" }}
      style={{ width: 260 }}
      popupMatchSelectWidth={false}
      value={value}
      onChange={(rule?: string) => onChange(rule)}
      options={packs.data?.map((pack) => ({
        label: pack.title,
        options: pack.rules.map((rule) => ({ value: `${pack.pack}/${rule.rule}`, label: `${rule.title} (${pack.pack}/${rule.rule})` })),
      }))}
    />
  );
}

export function usePacks() {
  return useQuery({
    queryKey: ["rule-packs", language()],
    queryFn: () => data(api.GET("/api/v1/rules/packs", { params: { query: { language: language() } } })),
    staleTime: 300_000,
  });
}

interface Verified {
  checked: number;
  problems: number;
  findings: { found: string; detail: string; seq: number }[];
}

function Verify() {
  const t = useWords();
  const [job, setJob] = useState<string | null>(null);
  const begin = useMutation({
    mutationFn: () => data(api.POST("/api/v1/records/verifications", { body: { first: 1 } })),
    onSuccess: (started) => setJob(started.id),
  });
  const run = useJob(job);
  const done = run.data && isOver(run.data) && run.data.state === "done" ? run.data : undefined;
  return (
    <Flex gap={12} align="center" wrap>
      <JobProgress job={run.data} error={run.error} />
      {done && <Outcome job={done} />}
      <Button loading={begin.isPending || (job !== null && !run.isError && !(run.data && isOver(run.data)))} onClick={() => begin.mutate()}>
        {t("verify")}
      </Button>
    </Flex>
  );
}

function Outcome({ job }: { job: JobView }) {
  const t = useWords();
  const found = job.result as unknown as Verified;
  if (!found.problems) return <Alert type="success" showIcon title={t("verified", { checked: found.checked })} />;
  return (
    <Alert
      type="error"
      showIcon
      title={t("findings", { count: found.problems })}
      description={
        <ul style={{ margin: 0, maxHeight: 160, overflow: "auto" }}>
          {found.findings.map((one, at) => (
            <li key={at}>{`${one.seq ? `#${one.seq} ` : ""}${one.found}: ${one.detail}`}</li>
          ))}
        </ul>
      }
    />
  );
}
