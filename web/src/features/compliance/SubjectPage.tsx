// One person on one line of time: every call, every time we did not call and why, consents, freezes, complaints. Export, and erasure in two steps.
import { Alert, App, Button, Descriptions, Empty, Flex, Input, Modal, Skeleton, Space, Tag, Timeline, Typography } from "antd";
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { Link, useNavigate, useParams } from "react-router";
import { api, data } from "@/api/client";
import { useMay } from "@/app/viewer";
import { outcome } from "@/features/results/outcomes";
import { ProblemAlert } from "@/ui/problems";
import { Duration, When } from "@/ui/When";
import { language } from "@/words";
import { said } from "./Consents";
import { Desk } from "./Desk";
import { useReasons } from "./Freezes";
import { JobProgress, useJob } from "./parts";
import type { SubjectEvent } from "./types";
import { useWords } from "./words";

export function Component() {
  const t = useWords();
  const may = useMay();
  const { subject = "" } = useParams();
  const path = { params: { path: { subject_key: subject } } };
  const one = useQuery({ queryKey: ["subject", subject], queryFn: () => data(api.GET("/api/v1/subjects/{subject_key}", path)), staleTime: 60_000 });
  const [erasing, setErasing] = useState(false);
  const told = one.data;
  return (
    <Desk
      title={told ? `${t("subject")} ${told.number}` : t("subject")}
      actions={
        told && (
          <Space>
            {may("subjects.export") && <Export subject={subject} />}
            {may("subjects.erase") && told.person && (
              <Button danger onClick={() => setErasing(true)}>
                {t("eraseSubject")}
              </Button>
            )}
          </Space>
        )
      }
    >
      <ProblemAlert error={one.error} onRetry={() => void one.refetch()} />
      {one.isPending && <Skeleton active />}
      {told && (
        <>
          <Descriptions size="small" bordered column={{ xs: 1, lg: 4 }} style={{ marginBottom: 16 }}>
            <Descriptions.Item label={t("number")}>
              <span className="numeric">{told.number}</span>
            </Descriptions.Item>
            <Descriptions.Item label={t("scope")}>
              {[told.country, told.region, told.line_type, told.zones.join(", ")].filter(Boolean).join(" · ") || "—"}
            </Descriptions.Item>
            <Descriptions.Item label={t("knownSince")}>
              <When at={told.known_since} />
            </Descriptions.Item>
            <Descriptions.Item label={t("calls")}>
              <span className="numeric">
                {told.counts.calls} · {t("answers")} {told.counts.answered} · {t("refusals")} {told.counts.refusals} · {t("recordings")} {told.counts.recordings}
              </span>
            </Descriptions.Item>
          </Descriptions>
          <Line subject={subject} />
          <Erase subject={subject} number={told.number} open={erasing} onClose={() => setErasing(false)} />
        </>
      )}
    </Desk>
  );
}

function Line({ subject }: { subject: string }) {
  const t = useWords();
  const line = useInfiniteQuery({
    queryKey: ["subject", subject, "line", language()],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam }) =>
      data(
        api.GET("/api/v1/subjects/{subject_key}/timeline", {
          params: { path: { subject_key: subject }, query: { language: language(), cursor: pageParam, limit: 50 } },
        }),
      ),
    getNextPageParam: (page) => page.next ?? undefined,
    staleTime: 60_000,
  });
  if (line.isPending) return <Skeleton active paragraph={{ rows: 8 }} />;
  const events = line.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <>
      <ProblemAlert error={line.error} onRetry={() => void line.refetch()} />
      {events.length === 0 && <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} />}
      <Timeline items={events.map((event) => ({ key: event.key, color: COLORS[event.kind] ?? "gray", content: <Happened event={event} /> }))} />
      {line.hasNextPage && (
        <Button loading={line.isFetchingNextPage} onClick={() => void line.fetchNextPage()}>
          {t("loadMore")}
        </Button>
      )}
    </>
  );
}

const COLORS: Record<string, string> = {
  call: "green", refusal: "orange", consent: "blue", withdrawal: "red", freeze: "red", lift: "blue", suspect: "orange", complaint: "red", listed: "gray",
};

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- by kind of event, as the server describes it
type Detail = Record<string, any>;

function Happened({ event }: { event: SubjectEvent }) {
  const t = useWords();
  const detail = event.detail as Detail;
  const name = {
    call: t("evCall"), refusal: t("evRefusal"), consent: t("evConsent"), withdrawal: t("evWithdrawal"), freeze: t("evFreeze"), lift: t("evLift"),
    suspect: t("evSuspect"), complaint: t("evComplaint"), listed: t("evListed"),
  }[event.kind];
  return (
    <Flex gap={12} wrap align="baseline">
      <When at={event.at} />
      <strong>{name}</strong>
      <What kind={event.kind} detail={detail} />
    </Flex>
  );
}

function What({ kind, detail }: { kind: SubjectEvent["kind"]; detail: Detail }): ReactNode {
  const t = useWords();
  const may = useMay();
  const reason = useReasons();
  const record = (text: string) =>
    may("records.read") && detail["record"] ? <Link to={`/compliance/records/${detail["record"]}`}>{text}</Link> : null;
  const task = detail["task"] ? <Link to={`/tasks/${detail["task"]}`}>{detail["task_name"] || detail["task"]}</Link> : null;
  switch (kind) {
    case "call":
      return (
        <>
          <Link to={`/calls/${encodeURIComponent(String(detail["call"]))}`}>{detail["disposition"] ? outcome(String(detail["disposition"])) : String(detail["state"])}</Link>
          {detail["talk_ms"] > 0 && <Duration ms={detail["talk_ms"]} />}
          {detail["grade"] && <Tag>{t("grade", { grade: detail["grade"] })}</Tag>}
          {task}
          {record(t("why"))}
        </>
      );
    case "refusal":
      return (
        <>
          <span>{((detail["against"] ?? []) as string[]).join("; ") || detail["because"]}</span>
          {task}
          {record(t("why"))}
        </>
      );
    case "consent":
      return (
        <Link to={`/compliance/consents?consent=${detail["consent"]}`}>
          {[said(detail["basis"]), ((detail["scope"] ?? []) as string[]).map(said).join(", "), detail["channel"]].filter(Boolean).join(" · ")}
        </Link>
      );
    case "withdrawal":
      return <span>{said(detail["means"])}</span>;
    case "freeze":
      return (
        <span>
          {reason(detail["reason"])} · {detail["until"] ? <When at={detail["until"]} /> : t("forGood")} · {detail["by"]} {detail["note"]}
        </span>
      );
    case "lift":
      return <span>{t("liftedBy", { by: detail["by"] ?? "", reason: detail["reason"] ?? "" })}</span>;
    case "suspect":
      return (
        <span>
          {detail["words"]} <Tag>{{ waiting: t("waitingTab"), confirmed: t("confirmed"), dismissed: t("dismissed") }[String(detail["state"])] ?? detail["state"]}</Tag>
        </span>
      );
    case "complaint":
      return may("complaints.handle") ? <Link to={`/compliance/complaints/${detail["complaint"]}`}>{detail["reference"]}</Link> : <span>{detail["reference"]}</span>;
    case "listed":
      return <Typography.Text type="secondary">{detail["name"]}</Typography.Text>;
  }
}

function Export({ subject }: { subject: string }) {
  const t = useWords();
  const [job, setJob] = useState<string | null>(null);
  const begin = useMutation({
    mutationFn: () => data(api.POST("/api/v1/subjects/{subject_key}/export", { params: { path: { subject_key: subject } } })),
    onSuccess: (started) => setJob(started.id),
  });
  const run = useJob(job);
  if (run.data?.state === "done")
    return (
      <Button type="primary" href={`/api/v1/jobs/${run.data.id}/files/subject.zip`}>
        {t("download")}
      </Button>
    );
  return (
    <Space>
      <JobProgress job={run.data} error={run.error} />
      <Button loading={begin.isPending || (job !== null && run.data?.state !== "failed")} onClick={() => begin.mutate()}>
        {t("exportSubject")}
      </Button>
    </Space>
  );
}

function Erase({ subject, number, open, onClose }: { subject: string; number: string; open: boolean; onClose: () => void }) {
  const t = useWords();
  const go = useNavigate();
  const cache = useQueryClient();
  const { message } = App.useApp();
  const [typed, setTyped] = useState("");
  const path = { params: { path: { subject_key: subject } } };
  const seen = useQuery({
    queryKey: ["subject", subject, "erasure"],
    queryFn: () => data(api.GET("/api/v1/subjects/{subject_key}/erasure", path)),
    enabled: open,
    gcTime: 0,
    staleTime: 0,
  });
  const erase = useMutation({
    mutationFn: (digest: string) => data(api.POST("/api/v1/subjects/{subject_key}/erase", { ...path, body: { digest } })),
    onSuccess: () => {
      cache.removeQueries({ queryKey: ["subject", subject] });
      void message.success(t("erasedNow"), 6);
      void go("/compliance");
    },
    onError: () => void seen.refetch(),
    meta: { quiet: true },
  });
  const against = seen.data?.against ?? [];
  const right = typed === number.slice(-4);
  return (
    <Modal
      open={open}
      title={`${t("eraseSubject")} · ${number}`}
      okText={t("eraseNow")}
      cancelText={t("cancel")}
      okButtonProps={{ danger: true, disabled: !right || !seen.data || against.length > 0 }}
      confirmLoading={erase.isPending}
      onOk={() => seen.data && erase.mutate(seen.data.digest)}
      onCancel={onClose}
      destroyOnHidden
    >
      <ProblemAlert error={seen.error ?? erase.error} />
      {seen.isPending && <Skeleton active />}
      {seen.data && (
        <Flex vertical gap={12}>
          <Alert
            type="warning"
            showIcon
            title={t("eraseWhat", { calls: seen.data.counts.calls, recordings: seen.data.counts.recordings, lists: seen.data.counts.lists })}
          />
          {against.map((what) => (
            <Alert key={what} type="error" showIcon title={what === "call" ? t("againstCall") : t("againstComplaint")} />
          ))}
          <label>
            {t("eraseType")}
            <Input value={typed} maxLength={4} inputMode="numeric" autoComplete="off" disabled={against.length > 0} onChange={(event) => setTyped(event.target.value)} />
          </label>
        </Flex>
      )}
    </Modal>
  );
}
