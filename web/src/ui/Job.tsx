// Long work on the server: asked about every second until it is over, shown with its progress, ended by a button.
import { Alert, Button, Flex, Progress, Typography } from "antd";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { api, data, Problem } from "@/api/client";
import type { components } from "@/api/schema";
import { words } from "@/words";
import { ProblemAlert } from "./problems";

export type Job = components["schemas"]["JobView"];

const useWords = words("job", {
  en: {
    waiting: "Waiting for its turn", running: "Under way", done: "Done", failed: "Failed", cancelled: "Cancelled", cancel: "Cancel",
    checking: "Checking", importing: "Importing", writing: "Writing", reading: "Reading the list", preview: "Looking at the rules", listening: "Listening",
    low: "Forecast: low", likely: "Forecast: likely", high: "Forecast: high", of: "{{done}} of {{total}}", rows: "{{done}} so far",
  },
  zh: {
    waiting: "排队中", running: "进行中", done: "已完成", failed: "失败", cancelled: "已取消", cancel: "取消",
    checking: "检查中", importing: "导入中", writing: "写入中", reading: "读取名单", preview: "合规检查", listening: "识别中",
    low: "预测：保守", likely: "预测：一般", high: "预测：乐观", of: "{{done}} / {{total}}", rows: "已处理 {{done}}",
  },
});

export function isOver(job: Job | undefined): boolean {
  return job !== undefined && ["done", "failed", "cancelled"].includes(job.state);
}

/** A job by its id; null = none yet. first: as the request that began it answered. */
export function useJob(id: string | null) {
  return useQuery({
    queryKey: ["job", id],
    queryFn: () => data(api.GET("/api/v1/jobs/{job}", { params: { path: { job: id! } } })),
    enabled: id !== null,
    refetchInterval: (query) => (isOver(query.state.data) || query.state.error ? false : 700),
  });
}

export function cancelJob(id: string): Promise<Job> {
  return data(api.POST("/api/v1/jobs/{job}/cancel", { params: { path: { job: id } } }));
}

export function jobFile(job: Job, name: string): string {
  return `/api/v1/jobs/${job.id}/files/${name}`;
}

const PARTS = ["checking", "importing", "writing", "reading", "preview", "listening", "low", "likely", "high"] as const;

export function JobProgress({ job, error, children }: { job: Job | undefined; error?: unknown; children?: ReactNode }) {
  const t = useWords();
  if (error) return <ProblemAlert error={error} />;
  const part = PARTS.find((name) => name === job?.part);
  const state = job?.state ?? "waiting";
  const title = state === "running" && part ? t(part) : t(state);
  const share = job && job.total > 0 ? Math.min(100, Math.round((100 * job.done) / job.total)) : 0;
  const shown = state === "done" ? 100 : share;
  const fault = job?.state === "failed" ? new Problem(422, job.problems[0]?.code ?? "failed", job.problems[0]?.message ?? t("failed"), job.problems[0]?.hint, job.problems as never) : null;
  return (
    <div role="status" aria-live="polite">
      <Flex align="center" gap={12}>
        <Typography.Text>{title}</Typography.Text>
        {job && !isOver(job) && job.done > 0 && job.total !== 5 && (
          <Typography.Text type="secondary" className="numeric">
            {job.total > 0 ? t("of", { done: job.done.toLocaleString(), total: job.total.toLocaleString() }) : t("rows", { done: job.done.toLocaleString() })}
          </Typography.Text>
        )}
        <span className="stretch" />
        {job && !isOver(job) && (
          <Button size="small" onClick={() => void cancelJob(job.id)}>
            {t("cancel")}
          </Button>
        )}
      </Flex>
      <Progress
        percent={shown}
        showInfo={false}
        status={state === "failed" ? "exception" : state === "done" ? "success" : "active"}
        aria-label={title}
      />
      {fault && <ProblemAlert error={fault} />}
      {job?.state === "cancelled" && <Alert type="warning" showIcon title={t("cancelled")} />}
      {children}
    </div>
  );
}
