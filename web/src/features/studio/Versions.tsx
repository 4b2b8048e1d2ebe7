// What was handed in and saved: compare, go back, publish, withdraw.
import { App, Button, Flex, List, Modal, Tag, Typography } from "antd";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "react-router";
import { api, data, queries } from "@/api/client";
import { useMay } from "@/app/viewer";
import { ProblemAlert } from "@/ui/problems";
import { When } from "@/ui/When";
import { Diff } from "./Diff";
import { useWords } from "./words";

export function useHistory(script: string) {
  return useQuery({ queryKey: ["script", script], queryFn: () => data(api.GET("/api/v1/scripts/{script}", { params: { path: { script } } })) });
}

export function refresh(script: string): Promise<unknown> {
  return Promise.all(
    [["script", script], ["scripts"], ["script-saves", script], ["script-reviews"], ["script-diff", script]].map((queryKey) => queries.invalidateQueries({ queryKey })),
  );
}

interface Props {
  script: string;
  onRestore: ((source: string) => void) | null;
}

export function Versions({ script, onRestore }: Props) {
  const t = useWords();
  const may = useMay();
  const { modal } = App.useApp();
  const [compared, setCompared] = useState<string | null>(null);
  const history = useHistory(script);
  const saves = useQuery({
    queryKey: ["script-saves", script],
    queryFn: () => data(api.GET("/api/v1/scripts/{script}/draft/saves", { params: { path: { script }, query: { limit: 30 } } })),
  });
  const change = useMutation({
    mutationFn: ({ digest, what }: { digest: string; what: "publish" | "withdraw" }) => {
      const params = { path: { script, digest } };
      return what === "publish"
        ? data(api.POST("/api/v1/scripts/{script}/versions/{digest}/publish", { params }))
        : data(api.POST("/api/v1/scripts/{script}/versions/{digest}/withdraw", { params }));
    },
    onSuccess: () => refresh(script),
  });
  const verdictOf = (digest: string) => history.data?.submissions.find((one) => one.digest === digest);
  return (
    <Flex vertical gap={8}>
      <ProblemAlert error={history.error} onRetry={() => void history.refetch()} />
      <List
        size="small"
        loading={history.isPending}
        dataSource={history.data?.versions ?? []}
        renderItem={(one) => {
          const round = verdictOf(one.digest);
          return (
            <List.Item>
              <Flex vertical gap={4} style={{ width: "100%" }}>
                <Flex gap={6} align="center" wrap>
                  <Tag className="mono">{one.digest.slice(0, 8)}</Tag>
                  {one.current && <Tag color="success">{t("current")}</Tag>}
                  {one.withdrawn_at && <Tag color="warning">{t("state.withdrawn")}</Tag>}
                  {round?.verdict === "open" && <Tag color="processing">{t("state.in_review")}</Tag>}
                  {round?.verdict === "rejected" && <Tag color="error">{t("state.rejected")}</Tag>}
                  {one.approved_by && !one.current && !one.withdrawn_at && <Tag color="cyan">{t("state.approved")}</Tag>}
                  <span className="stretch" />
                  <When at={one.submitted_at} />
                </Flex>
                <Typography.Text type="secondary">
                  {t("submittedBy")} {one.submitted_by}
                  {one.approved_by && ` · ${t("approvedBy")} ${one.approved_by}`}
                </Typography.Text>
                {round?.reason && <Typography.Text>“{round.reason}”</Typography.Text>}
                <Flex gap={4} wrap>
                  <Button size="small" onClick={() => setCompared(one.digest)}>
                    {t("compare")}
                  </Button>
                  {onRestore && (
                    <Button size="small" onClick={() => onRestore(one.digest)}>
                      {t("restore")}
                    </Button>
                  )}
                  <Link to={`/scripts/${encodeURIComponent(script)}/recordings?version=${one.digest}`}>
                    <Button size="small">{t("sheet")}</Button>
                  </Link>
                  {round?.verdict === "open" && (
                    <Link to={`/scripts/${encodeURIComponent(script)}/review/${one.digest}`}>
                      <Button size="small">{t("review")}</Button>
                    </Link>
                  )}
                  {may("scripts.review") && one.approved_by && !one.current && !one.withdrawn_at && (
                    <Button size="small" type="primary" loading={change.isPending} onClick={() => change.mutate({ digest: one.digest, what: "publish" })}>
                      {t("publish")}
                    </Button>
                  )}
                  {may("scripts.review") && one.published_at && !one.withdrawn_at && (
                    <Button
                      size="small"
                      danger
                      onClick={() =>
                        modal.confirm({ title: t("withdraw"), content: t("withdrawHow"), okText: t("withdraw"), cancelText: t("cancel"), onOk: () => change.mutateAsync({ digest: one.digest, what: "withdraw" }) })
                      }
                    >
                      {t("withdraw")}
                    </Button>
                  )}
                </Flex>
              </Flex>
            </List.Item>
          );
        }}
      />
      <Typography.Title level={5} style={{ margin: "4px 0" }}>
        {t("saves")}
      </Typography.Title>
      <List
        size="small"
        loading={saves.isPending}
        dataSource={saves.data?.items ?? []}
        renderItem={(one) => (
          <List.Item>
            <Flex gap={6} align="center" wrap style={{ width: "100%" }}>
              <Tag>{one.version}</Tag>
              <Typography.Text type="secondary">
                <When at={one.at} /> {one.by} {one.note}
              </Typography.Text>
              <span className="stretch" />
              <Button size="small" onClick={() => setCompared(`save:${one.version}`)}>
                {t("compare")}
              </Button>
              {onRestore && (
                <Button size="small" onClick={() => onRestore(`save:${one.version}`)}>
                  {t("restore")}
                </Button>
              )}
            </Flex>
          </List.Item>
        )}
      />
      <Modal open={compared !== null} onCancel={() => setCompared(null)} footer={null} width={900} title={t("compare")} destroyOnHidden>
        {compared !== null && <Diff script={script} before={compared} after="draft" />}
      </Modal>
    </Flex>
  );
}
