// All calls that match, as a file: begun here, written by the server, followed until it can be fetched.
import { Alert, Button, Flex, Modal, Progress, Radio, Switch, Typography } from "antd";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, data } from "@/api/client";
import { useMay } from "@/app/viewer";
import { ProblemAlert } from "@/ui/problems";
import { language } from "@/words";
import type { Filters } from "./parts";
import { useWords } from "./words";

export function ExportDialog({ filters, onClose }: { filters: Filters; onClose: () => void }) {
  const t = useWords();
  const may = useMay();
  const [form, setForm] = useState<"csv" | "xlsx" | "zip">("csv");
  const [whole, setWhole] = useState(false);
  const [transcripts, setTranscripts] = useState(false);
  const { order: _, ...wanted } = filters;
  const begin = useMutation({
    meta: { quiet: true },
    mutationFn: () =>
      data(
        api.POST("/api/v1/calls/exports", {
          body: { filters: wanted as never, form, whole_numbers: whole, transcripts, language: language() },
        }),
      ),
  });
  const id = begin.data?.id;
  const job = useQuery({
    queryKey: ["jobs", id],
    queryFn: () => data(api.GET("/api/v1/jobs/{job}", { params: { path: { job: id! } } })),
    enabled: Boolean(id),
    refetchInterval: (query) => (query.state.data && ["done", "failed", "cancelled"].includes(query.state.data.state) ? false : 700),
  });
  const now = job.data ?? begin.data;
  const over = now?.state === "done";
  const file = now?.files?.[0];
  const cancel = () => id && void api.POST("/api/v1/jobs/{job}/cancel", { params: { path: { job: id } } }).then(() => job.refetch());
  return (
    <Modal open title={t("export")} onCancel={onClose} footer={null} destroyOnHidden>
      <Flex vertical gap={12}>
        <Typography.Text>{t("export_about")}</Typography.Text>
        {!now && (
          <>
            <Radio.Group
              aria-label={t("form")}
              value={form}
              onChange={(event) => setForm(event.target.value as "csv")}
              options={[
                { value: "csv", label: t("csv") },
                { value: "xlsx", label: t("xlsx") },
                ...(may("recordings.play") ? [{ value: "zip", label: t("zip") }] : []),
              ]}
            />
            <Flex gap={8} align="center">
              <Switch id="with-transcripts" checked={transcripts} onChange={setTranscripts} />
              <label htmlFor="with-transcripts">{t("transcripts")}</label>
            </Flex>
            {may("numbers.unmasked") && (
              <Flex gap={8} align="center">
                <Switch id="whole-numbers" checked={whole} onChange={setWhole} />
                <label htmlFor="whole-numbers">{t("whole")}</label>
              </Flex>
            )}
            <ProblemAlert error={begin.error} />
            <Flex gap={8} justify="end">
              <Button onClick={onClose}>{t("cancel")}</Button>
              <Button type="primary" loading={begin.isPending} onClick={() => begin.mutate()}>
                {t("begin")}
              </Button>
            </Flex>
          </>
        )}
        {now && !over && now.state !== "failed" && now.state !== "cancelled" && (
          <>
            <Progress aria-label={t("export")} percent={now.total ? Math.round((100 * now.done) / now.total) : 0} status="active" showInfo={now.total > 0} />
            <Typography.Text>{now.total ? t("of", { done: now.done, total: now.total }) : t("writing", { done: now.done })}</Typography.Text>
            <Flex justify="end">
              <Button onClick={cancel}>{t("cancel")}</Button>
            </Flex>
          </>
        )}
        {now && (now.state === "failed" || now.state === "cancelled") && (
          <Alert type="error" showIcon title={t("failed")} description={now.problems?.map((problem) => `${problem.message} ${problem.hint}`).join("\n")} />
        )}
        {over && file && (
          <>
            <Alert type="success" showIcon title={t("ready")} description={t("kept")} />
            <Flex gap={8} justify="end">
              <Button onClick={onClose}>{t("close")}</Button>
              <Button type="primary" href={`/api/v1/jobs/${id}/files/${file}`} download={file}>
                {t("download")}
              </Button>
            </Flex>
          </>
        )}
      </Flex>
    </Modal>
  );
}
