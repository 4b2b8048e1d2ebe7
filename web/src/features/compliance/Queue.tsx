// Words that may be a refusal, judged one after another: j and k move, y freezes, n dismisses.
import { Alert, App, Button, Card, Empty, Flex, Input, Modal, Segmented, Skeleton, Space, Typography } from "antd";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { Link } from "react-router";
import { api, data } from "@/api/client";
import { useMay } from "@/app/viewer";
import { CursorTable } from "@/ui/CursorTable";
import { ProblemAlert } from "@/ui/problems";
import { When } from "@/ui/When";
import { Desk } from "./Desk";
import { Whose } from "./parts";
import type { SuspectRow } from "./types";
import { useWords } from "./words";

type State = "waiting" | "confirmed" | "dismissed";
const KEY = ["suspects"];

export function Component() {
  const t = useWords();
  const [state, setState] = useState<State>("waiting");
  return (
    <Desk title={t("queue")}>
      <Segmented<State>
        value={state}
        onChange={setState}
        style={{ marginBottom: 12 }}
        options={[
          { value: "waiting", label: t("waitingTab") },
          { value: "confirmed", label: t("confirmed") },
          { value: "dismissed", label: t("dismissed") },
        ]}
      />
      {state === "waiting" ? <Waiting /> : <Decided key={state} state={state} />}
    </Desk>
  );
}

function Waiting() {
  const t = useWords();
  const may = useMay();
  const cache = useQueryClient();
  const { message } = App.useApp();
  const [at, setAt] = useState(0);
  const [why, setWhy] = useState<SuspectRow | null>(null);
  const list = useRef<HTMLDivElement>(null);
  const page = useQuery({
    queryKey: [...KEY, "waiting"],
    queryFn: () => data(api.GET("/api/v1/freeze-suspects", { params: { query: { limit: 50 } } })),
    refetchInterval: 30_000,
  });
  const rows = page.data?.items ?? [];
  const here = rows[Math.min(at, rows.length - 1)];
  const again = () => cache.invalidateQueries({ queryKey: KEY });
  const confirm = useMutation({
    mutationFn: (row: SuspectRow) =>
      data(api.POST("/api/v1/freeze-suspects/{suspect}/confirm", { params: { path: { suspect: row.id } }, body: { note: "" } })),
    onSettled: again,
  });
  const dismiss = useMutation({
    mutationFn: ({ row, reason }: { row: SuspectRow; reason: string }) =>
      data(api.POST("/api/v1/freeze-suspects/{suspect}/dismiss", { params: { path: { suspect: row.id } }, body: { reason } })),
    onSettled: again,
  });
  const canConfirm = may("compliance.write");
  const canDismiss = may("freezes.confirm");
  const busy = confirm.isPending || dismiss.isPending || page.isFetching;
  useEffect(() => {
    const key = (event: KeyboardEvent) => {
      const target = event.target as HTMLElement;
      if (target.closest("input, textarea, [contenteditable], .ant-modal") || event.ctrlKey || event.metaKey || event.altKey || why) return;
      if (event.key === "j" || event.key === "ArrowDown") setAt((old) => Math.min(old + 1, rows.length - 1));
      else if (event.key === "k" || event.key === "ArrowUp") setAt((old) => Math.max(old - 1, 0));
      else if (event.key === "y" && here && canConfirm && !busy) confirm.mutate(here);
      else if (event.key === "n" && here) {
        if (canDismiss) setWhy(here);
        else void message.warning(t("mayNotDismiss"));
      } else return;
      event.preventDefault();
    };
    window.addEventListener("keydown", key);
    return () => window.removeEventListener("keydown", key);
  });
  useEffect(() => {
    list.current?.querySelector("[aria-current=true]")?.scrollIntoView({ block: "nearest" });
  }, [here?.id]);
  if (page.isPending) return <Skeleton active paragraph={{ rows: 8 }} />;
  return (
    <>
      <ProblemAlert error={page.error} onRetry={() => void page.refetch()} />
      <Flex gap={16} wrap style={{ marginBottom: 8 }}>
        <Typography.Text strong>{t("waiting", { count: page.data?.total ?? rows.length })}</Typography.Text>
        <Typography.Text type="secondary">{t("notCalled")}</Typography.Text>
        <span className="stretch" />
        <Typography.Text type="secondary">{t("keys")}</Typography.Text>
      </Flex>
      {rows.length === 0 && <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t("nothingWaits")} />}
      <div ref={list}>
        {rows.map((row, index) => (
          <Suspect
            key={row.id}
            row={row}
            chosen={row === here}
            onChoose={() => setAt(index)}
            onConfirm={canConfirm ? () => confirm.mutate(row) : undefined}
            onDismiss={canDismiss ? () => setWhy(row) : undefined}
            busy={busy && row === here}
          />
        ))}
      </div>
      <Why
        row={why}
        onDone={(reason) => {
          if (why && reason) dismiss.mutate({ row: why, reason });
          setWhy(null);
        }}
      />
    </>
  );
}

interface SuspectProps {
  row: SuspectRow;
  chosen: boolean;
  busy: boolean;
  onChoose: () => void;
  onConfirm?: () => void;
  onDismiss?: () => void;
}

function Suspect({ row, chosen, busy, onChoose, onConfirm, onDismiss }: SuspectProps) {
  const t = useWords();
  return (
    <Card
      size="small"
      aria-current={chosen}
      onClick={onChoose}
      style={{ marginBottom: 8, borderColor: chosen ? "var(--ant-color-primary)" : undefined }}
    >
      <Flex gap={16} align="center" wrap>
        <Whose number={row.number} subject={row.subject} />
        <Typography.Text style={{ flex: 1, minWidth: 240, fontSize: 16 }}>{row.words}</Typography.Text>
        <When at={row.found_at} relative />
        <Link to={`/calls/${encodeURIComponent(row.call)}`}>{t("call")}</Link>
        <Space>
          <Button size="small" type={chosen ? "primary" : "default"} disabled={!onConfirm || busy} onClick={onConfirm}>
            {t("confirm")} {chosen && <kbd>y</kbd>}
          </Button>
          <Button size="small" disabled={!onDismiss || busy} title={onDismiss ? undefined : t("mayNotDismiss")} onClick={onDismiss}>
            {t("dismiss")} {chosen && <kbd>n</kbd>}
          </Button>
        </Space>
      </Flex>
    </Card>
  );
}

function Why({ row, onDone }: { row: SuspectRow | null; onDone: (reason: string | null) => void }) {
  const t = useWords();
  const [reason, setReason] = useState("");
  useEffect(() => setReason(""), [row?.id]);
  return (
    <Modal
      open={row !== null}
      title={t("dismissWhy")}
      okText={t("dismiss")}
      cancelText={t("cancel")}
      okButtonProps={{ disabled: !reason.trim() }}
      onOk={() => onDone(reason.trim())}
      onCancel={() => onDone(null)}
      destroyOnHidden
    >
      <Alert type="info" title={row?.words} style={{ marginBottom: 8 }} />
      <Input
        autoFocus
        aria-label={t("dismissWhy")}
        value={reason}
        maxLength={500}
        onChange={(event) => setReason(event.target.value)}
        onPressEnter={() => reason.trim() && onDone(reason.trim())}
      />
      <Space style={{ marginTop: 8 }} wrap>
        {[t("asksPrice"), t("notNow")].map((usual) => (
          <Button key={usual} size="small" onClick={() => setReason(usual)}>
            {usual}
          </Button>
        ))}
      </Space>
    </Modal>
  );
}

function Decided({ state }: { state: State }) {
  const t = useWords();
  return (
    <CursorTable<SuspectRow>
      label={t("queue")}
      queryKey={[...KEY, state]}
      fetch={(cursor) => data(api.GET("/api/v1/freeze-suspects", { params: { query: { state, cursor } } }))}
      rowKey={(row) => String(row.id)}
      columns={[
        { title: t("number"), render: (_, row) => <Whose number={row.number} subject={row.subject} /> },
        { title: t("words"), dataIndex: "words" },
        { title: t("time"), render: (_, row) => <When at={row.decided_at} /> },
        { title: t("by"), dataIndex: "decided_by" },
        { title: state === "dismissed" ? t("reason") : t("note"), dataIndex: "decision" },
      ]}
    />
  );
}
