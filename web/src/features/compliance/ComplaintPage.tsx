// One complaint: what was said, what is due, the evidence, the answer, its end.
import { Button, Card, Descriptions, Flex, Form, Input, Skeleton, Space, Typography } from "antd";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Link, useParams } from "react-router";
import { api, data } from "@/api/client";
import { ProblemAlert } from "@/ui/problems";
import { When } from "@/ui/When";
import { Due, StateTag } from "./Complaints";
import { Desk } from "./Desk";
import { isOver, JobProgress, useJob, Whose } from "./parts";
import type { ComplaintTold } from "./types";
import { channelWords, clockWords, useWords } from "./words";

export function Component() {
  const t = useWords();
  const complaint = Number(useParams()["complaint"]);
  const one = useQuery({
    queryKey: ["complaint", complaint],
    queryFn: () => data(api.GET("/api/v1/complaints/{complaint}", { params: { path: { complaint } } })),
  });
  return (
    <Desk title={one.data ? `${t("complaints")} ${one.data.reference}` : t("complaints")}>
      <ProblemAlert error={one.error} onRetry={() => void one.refetch()} />
      {one.isPending && <Skeleton active />}
      {one.data && <Case told={one.data} />}
    </Desk>
  );
}

function Case({ told }: { told: ComplaintTold }) {
  const t = useWords();
  return (
    <Flex vertical gap={16}>
      <Descriptions size="small" bordered column={{ xs: 1, lg: 3 }}>
        <Descriptions.Item label={t("number")}>
          <Whose number={told.number} subject={told.subject} />
        </Descriptions.Item>
        <Descriptions.Item label={t("channel")}>{channelWords(told.channel)}</Descriptions.Item>
        <Descriptions.Item label={t("state")}>
          <StateTag row={told} />
        </Descriptions.Item>
        <Descriptions.Item label={t("received")}>
          <When at={told.received_at} />
        </Descriptions.Item>
        <Descriptions.Item label={t("due")}>
          <Due row={told} />
        </Descriptions.Item>
        <Descriptions.Item label={t("by")}>{told.by}</Descriptions.Item>
      </Descriptions>
      {told.clock && <Typography.Text type="secondary">{t("clock", { source: clockWords(told.clock), status: t(told.clock_status as "house") })}</Typography.Text>}
      <Card size="small" title={t("said")}>
        <Typography.Paragraph style={{ whiteSpace: "pre-wrap", margin: 0 }}>{told.text || "—"}</Typography.Paragraph>
      </Card>
      <Evidence told={told} />
      <Answer told={told} />
    </Flex>
  );
}

function Evidence({ told }: { told: ComplaintTold }) {
  const t = useWords();
  const cache = useQueryClient();
  const [job, setJob] = useState<string | null>(null);
  const run = useJob(job, () => void cache.invalidateQueries({ queryKey: ["complaint", told.id] }));
  const make = useMutation({
    mutationFn: () => data(api.POST("/api/v1/complaints/{complaint}/bundle", { params: { path: { complaint: told.id } } })),
    onSuccess: (started) => setJob(started.id),
  });
  const working = make.isPending || (job !== null && !run.isError && !(run.data && isOver(run.data)));
  return (
    <Card
      size="small"
      title={t("proof")}
      extra={
        <Space>
          <JobProgress job={run.data} error={run.error} />
          <Button size="small" loading={working} disabled={!told.number} onClick={() => make.mutate()}>
            {t("bundle")}
          </Button>
          {told.has_bundle && (
            <Button size="small" type="primary" href={`/api/v1/complaints/${told.id}/bundle`}>
              {t("readBundle")}
            </Button>
          )}
        </Space>
      }
    >
      <div>
        {t("calls")}: {told.calls.length === 0 ? "—" : told.calls.map((call) => <Link key={call} to={`/calls/${encodeURIComponent(call)}`} style={{ marginInlineEnd: 8 }}>{call.slice(-12)}</Link>)}
      </div>
      {told.bundle_sha256 && (
        <Typography.Text type="secondary" className="mono" style={{ fontSize: 12, wordBreak: "break-all" }}>
          sha256 {told.bundle_sha256}
        </Typography.Text>
      )}
    </Card>
  );
}

function Answer({ told }: { told: ComplaintTold }) {
  const t = useWords();
  const cache = useQueryClient();
  const [form] = Form.useForm<{ text: string }>();
  const path = { params: { path: { complaint: told.id } } };
  const keep = async (changed: ComplaintTold) => {
    cache.setQueryData(["complaint", told.id], changed);
    await cache.invalidateQueries({ queryKey: ["complaints"] });
  };
  const answer = useMutation({
    mutationFn: (text: string) => data(api.POST("/api/v1/complaints/{complaint}/answer", { ...path, body: { text } })),
    onSuccess: keep,
  });
  const close = useMutation({ mutationFn: () => data(api.POST("/api/v1/complaints/{complaint}/close", path)), onSuccess: keep });
  return (
    <Card size="small" title={t("answerText")}>
      {told.state === "open" ? (
        <Form form={form} layout="vertical" onFinish={({ text }) => answer.mutate(text)}>
          <Form.Item name="text" label={t("answer")} rules={[{ required: true, whitespace: true }]}>
            <Input.TextArea rows={4} maxLength={20000} />
          </Form.Item>
          <Button type="primary" htmlType="submit" loading={answer.isPending}>
            {t("answer")}
          </Button>
        </Form>
      ) : (
        <>
          <Typography.Paragraph style={{ whiteSpace: "pre-wrap" }}>{told.answer}</Typography.Paragraph>
          <Typography.Text type="secondary">
            <When at={told.answered_at} />
          </Typography.Text>
        </>
      )}
      {told.state === "answered" && (
        <div style={{ marginTop: 12 }}>
          <Button type="primary" loading={close.isPending} onClick={() => close.mutate()}>
            {t("close")}
          </Button>
        </div>
      )}
    </Card>
  );
}
