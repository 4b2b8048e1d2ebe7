// For the reviewer of a version: what changed since the one that is spoken, what the checks say, whether its tests pass; approve or send back.
import { App, Button, Card, Flex, Input, Modal, Result, Skeleton, Typography } from "antd";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link, useNavigate, useParams } from "react-router";
import "./recordingWords";
import { api, data } from "@/api/client";
import { useMay } from "@/app/viewer";
import { Page } from "@/ui/Page";
import { ProblemAlert } from "@/ui/problems";
import { When } from "@/ui/When";
import { Diff } from "./Diff";
import { Problems } from "./Problems";
import "./studio.css";
import { Tests } from "./Tests";
import { refresh, useHistory } from "./Versions";
import { useWords } from "./words";

export function Component() {
  const t = useWords();
  const go = useNavigate();
  const may = useMay();
  const { message } = App.useApp();
  const { script = "", digest = "" } = useParams();
  const [rejecting, setRejecting] = useState(false);
  const [reason, setReason] = useState("");
  const history = useHistory(script);
  const version = useQuery({
    queryKey: ["script-version", script, digest],
    queryFn: () => data(api.GET("/api/v1/scripts/{script}/versions/{digest}", { params: { path: { script, digest } } })),
  });
  const text = version.data?.text ?? "";
  const checked = useQuery({
    queryKey: ["script-check", digest],
    queryFn: () => data(api.POST("/api/v1/script-checks", { body: { text, explore: true } })),
    enabled: text !== "",
    staleTime: Infinity,
  });
  const decide = useMutation({
    mutationFn: (what: "approve" | "publish" | "reject") => {
      const params = { path: { script, digest } };
      return what === "reject"
        ? data(api.POST("/api/v1/scripts/{script}/versions/{digest}/reject", { params, body: { reason } }))
        : data(api.POST("/api/v1/scripts/{script}/versions/{digest}/approve", { params, body: { reason: "", publish: what === "publish" } }));
    },
    meta: { quiet: true },
    onSuccess: async (_, what) => {
      await refresh(script);
      void message.success(t(what === "reject" ? "state.rejected" : what === "publish" ? "state.published" : "state.approved"));
      void go(`/scripts/${encodeURIComponent(script)}`);
    },
  });
  if (version.isPending || history.isPending) return <Skeleton active />;
  if (version.error) return <ProblemAlert error={version.error} onRetry={() => void version.refetch()} />;
  const round = history.data?.submissions.find((one) => one.digest === digest);
  const base = history.data?.versions.find((one) => one.current && one.digest !== digest)?.digest ?? "empty";
  const open = round === undefined ? !version.data.approved_by && !version.data.withdrawn_at : round.verdict === "open";
  return (
    <Page
      title={`${t("review")}: ${history.data?.standing.title || script}`}
      extra={<Typography.Text type="secondary" className="mono">{digest.slice(0, 12)}</Typography.Text>}
      actions={
        <Flex gap={8}>
          <Link to={`/scripts/${encodeURIComponent(script)}/recordings?version=${digest}`}>
            <Button>{t("sheet")}</Button>
          </Link>
          {may("scripts.review") && (
          <>
            <Button danger disabled={!open} onClick={() => setRejecting(true)}>
              {t("reject")}
            </Button>
            <Button disabled={!open} loading={decide.isPending} onClick={() => decide.mutate("approve")}>
              {t("approve")}
            </Button>
            <Button type="primary" disabled={!open} loading={decide.isPending} onClick={() => decide.mutate("publish")}>
              {t("approvePublish")}
            </Button>
          </>
          )}
        </Flex>
      }
    >
      <ProblemAlert error={decide.error} />
      <Flex vertical gap={12}>
        <Typography.Text>
          {t("submittedBy")} {version.data.submitted_by}, <When at={version.data.submitted_at} />
          {round?.note && <> · “{round.note}”</>}
        </Typography.Text>
        <Flex gap={12} wrap align="flex-start">
          <Card size="small" title={t("problems")} style={{ flex: "1 1 420px" }}>
            <Problems checked={checked.data} busy={checked.isFetching} error={checked.error} onJump={() => undefined} onProve={() => void checked.refetch()} />
          </Card>
          <Card size="small" title={t("tests")} style={{ flex: "1 1 420px" }}>
            <Tests text={() => text} />
          </Card>
        </Flex>
        <Card size="small" title={t("lines")}>
          <Diff script={script} before={base} after={digest} />
        </Card>
        {!open && <Result status="info" title={t(round?.verdict === "rejected" ? "state.rejected" : "state.approved")} subTitle={round?.reason} />}
      </Flex>
      <Modal
        open={rejecting}
        title={t("reject")}
        okText={t("reject")}
        cancelText={t("cancel")}
        okButtonProps={{ danger: true, disabled: reason.trim() === "", loading: decide.isPending }}
        onCancel={() => setRejecting(false)}
        onOk={() => decide.mutate("reject", { onSettled: () => setRejecting(false) })}
      >
        <label htmlFor="reject-why">{t("rejectWhy")}</label>
        <Input.TextArea id="reject-why" autoFocus rows={4} maxLength={1000} value={reason} onChange={(event) => setReason(event.target.value)} />
      </Modal>
    </Page>
  );
}
