// Recordings of a script: bring them, see what is missing or wrong, play them, let a recogniser listen, accept or reject them.
import { CaretRightOutlined, InboxOutlined, PauseOutlined } from "@ant-design/icons";
import { Alert, App, Button, Empty, Flex, Progress, Segmented, Skeleton, Table, Tag, Tooltip, Typography, Upload } from "antd";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useState } from "react";
import { Link, useParams, useSearchParams } from "react-router";
import { api, data, queries, upload } from "@/api/client";
import { useMay } from "@/app/viewer";
import { isOver, type Job, JobProgress, useJob } from "@/ui/Job";
import { Page } from "@/ui/Page";
import { ProblemAlert } from "@/ui/problems";
import { When } from "@/ui/When";
import { Arrived } from "./Arrived";
import { Decide, type Deciding } from "./Decide";
import { type Player, usePlayer } from "./player";
import { type Line, needsJudging, type Recording, type Shown, shows } from "./recordings";
import "./studio.css";
import { useWords } from "./recordingWords";

export function Component() {
  const t = useWords();
  const may = useMay();
  const { script = "" } = useParams();
  const [search] = useSearchParams();
  const version = search.get("version") ?? "draft";
  const { modal } = App.useApp();
  const [shown, setShown] = useState<Shown>("all");
  const [sent, setSent] = useState(0);
  const [bringing, setBringing] = useState<string | null>(null);
  const [listening, setListening] = useState<string | null>(null);
  const [deciding, setDeciding] = useState<Deciding | null>(null);
  const player = usePlayer();
  const key = ["recordings", script, version];
  const found = useQuery({
    queryKey: key,
    queryFn: () => data(api.GET("/api/v1/scripts/{script}/recordings", { params: { path: { script }, query: { version } } })),
  });
  const again = () => queries.invalidateQueries({ queryKey: ["recordings", script] });
  const draft = version === "draft";
  const writes = may("scripts.write") && draft;
  const judges = may("scripts.review");

  const bring = useMutation({
    mutationFn: ({ files, line }: { files: File[]; line: string }) => {
      const form = new FormData();
      for (const file of files) form.append("files", file);
      form.append("line", line);
      setSent(0);
      return upload<Job>(`/api/v1/scripts/${encodeURIComponent(script)}/recordings/uploads`, form, setSent);
    },
    meta: { quiet: true },
    onSuccess: (job) => setBringing(job.id),
  });
  const listen = useMutation({
    mutationFn: (recordings: number[]) => data(api.POST("/api/v1/scripts/{script}/recordings/reviews", { params: { path: { script } }, body: { recordings, version } })),
    meta: { quiet: true },
    onSuccess: (job) => setListening(job.id),
  });
  const remove = useMutation({
    mutationFn: (recording: number) => data(api.DELETE("/api/v1/scripts/{script}/recordings/{recording}", { params: { path: { script, recording } } })),
    onSettled: again,
  });
  const decide = useMutation({
    mutationFn: ({ recordings, decision, note }: { recordings: number[]; decision: "accepted" | "rejected" | "undecided"; note: string }) =>
      data(api.POST("/api/v1/scripts/{script}/recordings/decisions", { params: { path: { script } }, body: { recordings, decision, note } })),
    meta: { quiet: true },
    onSuccess: () => setDeciding(null),
    onSettled: again,
  });
  const brought = useJob(bringing);
  const heard = useJob(listening);
  useEffect(() => {
    if (isOver(brought.data) || isOver(heard.data)) void again();
  }, [brought.data?.state, heard.data?.state]); // eslint-disable-line

  const lines = found.data?.lines ?? [];
  const counts = useMemo(() => Object.fromEntries((["all", "missing", "stale", "faulty", "doubtful"] as const).map((which) => [which, lines.filter((one) => shows(one, which)).length])), [lines]);
  const rows = lines.filter((one) => shows(one, shown));
  const done = lines.filter((one) => one.state === "recorded").length;
  const unheard = lines.filter((one) => one.recording && !one.recording.verdict).length;
  const acceptable = rows.flatMap((one) => (one.recording && !one.recording.own && needsJudging(one.recording) ? [one.recording.id] : []));
  const busy = listen.isPending || (listening !== null && !isOver(heard.data));

  if (found.isPending) return <Skeleton active paragraph={{ rows: 12 }} />;
  return (
    <Page
      title={t("title")}
      extra={<Typography.Text type="secondary" className="mono">{script}</Typography.Text>}
      actions={
        <Flex gap={8} wrap>
          {(may("scripts.write") || judges) && (
            <Button disabled={unheard === 0} loading={busy} onClick={() => listen.mutate([])}>
              {t("listen", { count: unheard })}
            </Button>
          )}
          {judges && acceptable.length > 0 && (
            <Button onClick={() => setDeciding({ recordings: acceptable, decision: "accepted", file: "" })}>{t("acceptAll", { count: acceptable.length })}</Button>
          )}
          <Link to={`/scripts/${encodeURIComponent(script)}${draft ? "" : `/review/${version}`}`}>
            <Button>{t("script")}</Button>
          </Link>
        </Flex>
      }
    >
      <ProblemAlert error={found.error ?? bring.error ?? listen.error} onRetry={found.error ? () => void found.refetch() : undefined} />
      {!draft && <Alert type="info" showIcon style={{ marginBottom: 12 }} title={t("ofVersion", { digest: version.slice(0, 12) })} action={<Link to={`/scripts/${encodeURIComponent(script)}/recordings`}>{t("toDraft")}</Link>} />}
      <Flex vertical gap={12}>
        {writes && lines.length > 0 && (
          <Upload.Dragger
            multiple
            showUploadList={false}
            disabled={bring.isPending}
            accept=".wav,.flac,.mp3,.ogg,.m4a,.aac,.mp4,.zip"
            aria-label={t("drop")}
            beforeUpload={(file, all) => {
              if (file === all[0]) bring.mutate({ files: all, line: "" });
              return false;
            }}
          >
            <Flex gap={12} align="center" justify="center" style={{ paddingInline: 12 }}>
              <InboxOutlined style={{ fontSize: 24 }} />
              <div style={{ textAlign: "start" }}>
                <div>{t("drop")}</div>
                <Typography.Text type="secondary">{t("dropHint")}</Typography.Text>
              </div>
            </Flex>
          </Upload.Dragger>
        )}
        {bring.isPending && <Progress percent={Math.round(sent * 100)} status="active" aria-label={t("sending")} />}
        {bringing && (
          <JobProgress job={brought.data} error={brought.error}>
            {brought.data?.state === "done" && <Arrived result={brought.data.result as never} onHide={() => setBringing(null)} />}
          </JobProgress>
        )}
        {listening && !isOver(heard.data) && <JobProgress job={heard.data} error={heard.error} />}
        {heard.data?.state === "failed" && <JobProgress job={heard.data} />}
        {lines.length > 0 && (
          <Flex gap={16} align="center" wrap>
            <Typography.Text className="numeric">{t("recorded", { done, all: lines.length })}</Typography.Text>
            <Progress percent={Math.round((100 * done) / lines.length)} showInfo={false} style={{ width: 160 }} aria-label={t("recorded", { done, all: lines.length })} />
            <Segmented
              value={shown}
              onChange={(value) => setShown(value as Shown)}
              options={(["all", "missing", "stale", "faulty", "doubtful"] as const).map((which) => ({ value: which, label: `${t(which)} ${counts[which]}` }))}
            />
          </Flex>
        )}
        <Table<Line>
          size="small"
          rowKey="file"
          dataSource={rows}
          className="recordings"
          scroll={{ x: 1000 }}
          pagination={{ pageSize: 50, hideOnSinglePage: true, size: "small", showSizeChanger: false }}
          locale={{ emptyText: <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={lines.length === 0 ? t("empty") : t("nothing")} /> }}
          columns={[
            { title: t("text"), render: (_, one) => <Texts line={one} /> },
            { title: t("state"), width: 135, render: (_, one) => <State line={one} /> },
            { title: t("sound"), width: 130, render: (_, one) => one.recording && <Sound script={script} recording={one.recording} player={player} /> },
            { title: t("heard"), width: 200, render: (_, one) => one.recording && <Heard recording={one.recording} /> },
            {
              title: t("decision"),
              width: 130,
              render: (_, one) =>
                one.recording && (
                  <Decision recording={one.recording} onDecide={judges ? (decision) => (decision === "undecided" ? decide.mutate({ recordings: [one.recording!.id], decision, note: "" }) : setDeciding({ recordings: [one.recording!.id], decision, file: one.file })) : null} />
                ),
            },
            ...(writes
              ? [
                  {
                    title: t("change"),
                    width: 95,
                    render: (_: unknown, one: Line) => (
                      <Flex gap={4} wrap>
                        <Upload showUploadList={false} accept=".wav,.flac,.mp3,.ogg,.m4a,.aac,.mp4" disabled={bring.isPending} beforeUpload={(file) => { bring.mutate({ files: [file], line: one.file }); return false; }}>
                          <Button size="small" aria-label={`${t(one.recording ? "replace" : "upload")} ${one.file}`}>{t(one.recording ? "replace" : "upload")}</Button>
                        </Upload>
                        {one.recording && (
                          <Button
                            size="small"
                            danger
                            aria-label={`${t("remove")} ${one.file}`}
                            onClick={() => modal.confirm({ title: `${t("remove")}: ${one.file}`, content: t("removeHow"), okText: t("remove"), cancelText: t("cancel"), okButtonProps: { danger: true }, onOk: () => remove.mutateAsync(one.recording!.id) })}
                          >
                            {t("remove")}
                          </Button>
                        )}
                      </Flex>
                    ),
                  },
                ]
              : []),
          ]}
        />
        {found.data && found.data.spoken.length > 0 && <Typography.Text type="secondary">{t("spoken", { count: found.data.spoken.length })}</Typography.Text>}
        {found.data && found.data.leftover.length > 0 && <Leftover script={script} recordings={found.data.leftover} player={player} onRemove={writes ? (which) => remove.mutate(which) : null} />}
      </Flex>
      {deciding && <Decide deciding={deciding} busy={decide.isPending} error={decide.error} onCancel={() => { decide.reset(); setDeciding(null); }} onDecide={(note) => decide.mutate({ ...deciding, note })} />}
    </Page>
  );
}

function Texts({ line }: { line: Line }) {
  const t = useWords();
  return (
    <>
      <Tooltip title={line.where}>
        <Typography.Text type="secondary" className="mono recording-file" tabIndex={0}>{line.file}</Typography.Text>
      </Tooltip>
      <div>{line.text}</div>
      {line.whole !== line.text && <Typography.Text type="secondary" className="recording-small">{line.whole}</Typography.Text>}
      {line.state === "stale" && line.recording && (
        <div className="recording-small">
          <Typography.Text type="secondary">{t("saidThen")}: </Typography.Text>
          {line.recording.text}
        </div>
      )}
    </>
  );
}

function State({ line }: { line: Line }) {
  const t = useWords();
  return (
    <Flex gap={4} wrap>
      <Tag color={line.state === "recorded" ? "success" : line.state === "stale" ? "warning" : undefined}>{t(line.state === "recorded" ? "recorded.state" : line.state)}</Tag>
      {!line.named && (
        <Tooltip title={t("namedHow")}>
          <Tag color="warning" className="recording-wide" tabIndex={0}>{t("unnamed")}</Tag>
        </Tooltip>
      )}
      {line.recording?.faults.map((fault) => (
        <Tooltip key={fault.code} title={fault.message}>
          <Tag color="error" tabIndex={0}>{t(`fault.${fault.code}` as "fault.noisy")}</Tag>
        </Tooltip>
      ))}
    </Flex>
  );
}

function Sound({ script, recording, player }: { script: string; recording: Recording; player: Player }) {
  const t = useWords();
  const address = (processed: boolean) => `/api/v1/scripts/${encodeURIComponent(script)}/recordings/${recording.id}/audio?processed=${processed}`;
  const button = (processed: boolean) => {
    const plays = player.playing === address(processed);
    return (
      <Button
        size="small"
        type={plays ? "primary" : "default"}
        icon={plays ? <PauseOutlined /> : <CaretRightOutlined />}
        aria-pressed={plays}
        aria-label={`${t(processed ? "after" : "before")}: ${t("play", { file: recording.file })}`}
        onClick={() => player.toggle(address(processed))}
      >
        {t(processed ? "after" : "before")}
      </Button>
    );
  };
  return (
    <Flex vertical gap={4}>
      <Flex gap={4} wrap>
        {button(false)}
        {button(true)}
      </Flex>
      <Tooltip title={<>{t("by", { by: recording.by })}, <When at={recording.at} />, {recording.name}</>}>
        <Typography.Text type="secondary" className="recording-small numeric" tabIndex={0}>
          {t("seconds", { n: recording.seconds.toFixed(1) })} · {t("level", { n: Math.round(recording.level) })}
        </Typography.Text>
      </Tooltip>
    </Flex>
  );
}

const VERDICTS = { same: "success", differs: "error", not_heard: "warning" } as const;

function Heard({ recording }: { recording: Recording }) {
  const t = useWords();
  if (!recording.verdict) return <Typography.Text type="secondary">{t("notListened")}</Typography.Text>;
  return (
    <Flex vertical gap={2}>
      <Flex gap={4} wrap align="center">
        <Tag color={VERDICTS[recording.verdict]}>{t(recording.verdict)}</Tag>
        <Typography.Text type="secondary" className="recording-small numeric">{t("alike", { n: Math.round(100 * recording.similarity) })}</Typography.Text>
      </Flex>
      {recording.sounds_like && <Typography.Text type="danger" className="recording-small">{t("soundsLike", { file: recording.sounds_like })}</Typography.Text>}
      {recording.verdict !== "same" && <Marked stretches={recording.written} kind="left-out" />}
      {recording.heard.length > 0 && <Marked stretches={recording.heard} kind="put-in" />}
    </Flex>
  );
}

function Marked({ stretches, kind }: { stretches: Recording["heard"]; kind: "left-out" | "put-in" }) {
  return (
    <span className="recording-small">
      {stretches.map((one, n) => (one.same ? <span key={n}>{one.text}</span> : kind === "left-out" ? <del key={n} className="left-out">{one.text}</del> : <ins key={n} className="put-in">{one.text}</ins>))}
    </span>
  );
}

function Decision({ recording, onDecide }: { recording: Recording; onDecide: ((decision: "accepted" | "rejected" | "undecided") => void) | null }) {
  const t = useWords();
  return (
    <Flex vertical gap={4}>
      {recording.decision && (
        <Flex gap={4} wrap align="center">
          <Tag color={recording.decision === "accepted" ? "success" : "error"}>{t(recording.decision)}</Tag>
          <Typography.Text type="secondary" className="recording-small">{recording.decided_by}</Typography.Text>
        </Flex>
      )}
      {recording.note && <Typography.Text className="recording-small">“{recording.note}”</Typography.Text>}
      {onDecide && (
        <Flex gap={4} wrap>
          {recording.decision ? (
            <Button size="small" disabled={recording.own} aria-label={`${t("undecide")} ${recording.file}`} onClick={() => onDecide("undecided")}>{t("undecide")}</Button>
          ) : (
            <>
              <Button size="small" disabled={recording.own} title={recording.own ? t("own") : undefined} aria-label={`${t("accept")} ${recording.file}`} onClick={() => onDecide("accepted")}>{t("accept")}</Button>
              <Button size="small" danger aria-label={`${t("reject")} ${recording.file}`} onClick={() => onDecide("rejected")}>{t("reject")}</Button>
            </>
          )}
        </Flex>
      )}
    </Flex>
  );
}

function Leftover({ script, recordings, player, onRemove }: { script: string; recordings: Recording[]; player: Player; onRemove: ((which: number) => void) | null }) {
  const t = useWords();
  return (
    <section aria-label={t("leftover")}>
      <Typography.Title level={5}>{t("leftover")}</Typography.Title>
      <Typography.Paragraph type="secondary">{t("leftoverHow")}</Typography.Paragraph>
      <Table<Recording>
        size="small"
        rowKey="id"
        dataSource={recordings}
        pagination={false}
        columns={[
          { title: t("file"), width: 170, render: (_, one) => <span className="mono recording-file">{one.file}</span> },
          { title: t("text"), dataIndex: "text" },
          { title: t("sound"), width: 190, render: (_, one) => <Sound script={script} recording={one} player={player} /> },
          { title: t("change"), width: 100, render: (_, one) => onRemove && <Button size="small" danger aria-label={`${t("remove")} ${one.file}`} onClick={() => onRemove(one.id)}>{t("remove")}</Button> },
        ]}
      />
    </section>
  );
}
