// Small parts that several pages of the desk show.
import { Alert, Button, Flex, Input, Progress, Tag, Typography } from "antd";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { Link } from "react-router";
import { api, data } from "@/api/client";
import { ProblemAlert } from "@/ui/problems";
import { NUMBER, plain, useFind } from "./Desk";
import type { JobView } from "./types";
import { useWords } from "./words";

/** A number that leads to its person; "" of somebody who was erased. */
export function Whose({ number, subject }: { number: string; subject: string | null | undefined }) {
  const t = useWords();
  if (!number) return <Typography.Text type="secondary">{t("erased")}</Typography.Text>;
  return subject ? (
    <Link to={`/compliance/subjects/${subject}`} className="numeric" onClick={(event) => event.stopPropagation()}>
      {number}
    </Link>
  ) : (
    <span className="numeric">{number}</span>
  );
}

/** Narrows a list to one number: what is typed is found once, and forgotten. */
export function NumberFilter({ subject, onChange }: { subject: string | undefined; onChange: (subject: string | undefined) => void }) {
  const t = useWords();
  const find = useFind();
  const [bad, setBad] = useState(false);
  if (subject)
    return (
      <Tag closable onClose={() => onChange(undefined)} color="processing">
        {t("filteredBy")}
      </Tag>
    );
  const look = async (typed: string) => {
    const right = NUMBER.test(plain(typed));
    setBad(!right && typed !== "");
    if (right) onChange((await find.mutateAsync(typed)).subject);
  };
  return (
    <Input.Search
      aria-label={t("number")}
      placeholder={t("number")}
      title={t("findHint")}
      status={bad ? "error" : ""}
      loading={find.isPending}
      style={{ width: 190 }}
      onSearch={(typed) => void look(typed)}
    />
  );
}

/** Follows a job until it is over. */
export function useJob(id: string | null, over?: (job: JobView) => void) {
  const job = useQuery({
    queryKey: ["job", id],
    queryFn: () => data(api.GET("/api/v1/jobs/{job}", { params: { path: { job: id! } } })),
    enabled: id !== null,
    refetchInterval: (query) => (query.state.data && isOver(query.state.data) ? false : 700),
  });
  const ended = job.data && isOver(job.data) ? job.data : undefined;
  useEffect(() => {
    if (ended) over?.(ended);
    // over is called once for each job
  }, [ended?.id]); // eslint-disable-line
  return job;
}

export function isOver(job: JobView): boolean {
  return job.state === "done" || job.state === "failed" || job.state === "cancelled";
}

/** How far a job is; its faults when it failed. */
export function JobProgress({ job, error }: { job: JobView | undefined; error?: unknown }) {
  const t = useWords();
  if (error) return <ProblemAlert error={error} />;
  if (!job) return null;
  if (job.state === "failed")
    return <Alert type="error" showIcon title={t("failed")} description={job.problems?.map((problem) => problem.message).join("; ")} />;
  if (isOver(job)) return null;
  const part = job.total ? Math.round((100 * (job.done ?? 0)) / job.total) : 0;
  return (
    <Flex gap={8} align="center" role="status">
      <Progress percent={part} size="small" style={{ width: 220 }} aria-label={t("working")} status="active" />
      <Typography.Text type="secondary" className="numeric">
        {job.total ? t("verifying", { done: job.done ?? 0, total: job.total }) : t("working")}
      </Typography.Text>
    </Flex>
  );
}

export function CopyButton({ text, label }: { text: string; label: string }) {
  const t = useWords();
  const [done, setDone] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    setDone(true);
    window.setTimeout(() => setDone(false), 2000);
  };
  return <Button onClick={() => void copy()}>{done ? t("copied") : label}</Button>;
}
