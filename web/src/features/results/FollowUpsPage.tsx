// Who should be called back by a person, A first: taken by one, so that nobody is called twice.
import { PhoneOutlined } from "@ant-design/icons";
import { Badge, Button, Checkbox, Flex, Form, Input, Modal, Segmented, Select, Typography } from "antd";
import type { ColumnsType } from "antd/es/table";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useNavigate, useSearchParams } from "react-router";
import { api, data, queries } from "@/api/client";
import type { components } from "@/api/schema";
import { useMay } from "@/app/viewer";
import { CursorTable } from "@/ui/CursorTable";
import { Page } from "@/ui/Page";
import { Duration, When } from "@/ui/When";
import { Grade } from "./parts";
import { useWords } from "./words";

type Row = components["schemas"]["FollowRow"];
type State = "open" | "claimed" | "done";
const OUTCOMES = ["won", "appointment", "later", "no_interest", "not_reached", "other"] as const;

export function Component() {
  const t = useWords();
  const go = useNavigate();
  const works = useMay()("desk.work");
  const [address, setAddress] = useSearchParams();
  const state = (address.get("state") as State | null) ?? "open";
  const mine = address.get("mine") === "true";
  const [finishing, setFinishing] = useState<Row | null>(null);
  const counts = useQuery({ queryKey: ["follow-ups", "counts"], queryFn: () => data(api.GET("/api/v1/follow-ups/counts")), refetchInterval: 15_000 });
  const change = (next: Record<string, string>) => setAddress(new URLSearchParams({ state, mine: String(mine), ...next }), { replace: true });
  const refresh = () => void queries.invalidateQueries({ queryKey: ["follow-ups"] });
  const move = useMutation({
    mutationFn: ({ call, to }: { call: string; to: "claim" | "release" }) =>
      to === "claim"
        ? api.POST("/api/v1/follow-ups/{call}/claim", { params: { path: { call } } })
        : api.POST("/api/v1/follow-ups/{call}/release", { params: { path: { call } } }),
    onSettled: refresh,
  });
  const columns: ColumnsType<Row> = [
    { title: t("grade"), width: 70, align: "center", render: (_, row) => <Grade grade={row.grade} /> },
    { title: t("started"), width: 140, render: (_, row) => <When at={row.started_at} /> },
    { title: t("number"), width: 150, className: "numeric", render: (_, row) => row.number || t("erased") },
    { title: t("task"), width: 150, ellipsis: true, dataIndex: "task_name" },
    { title: t("reason"), width: 220, ellipsis: true, dataIndex: "reason" },
    { title: t("follow_up"), width: 200, ellipsis: true, dataIndex: "follow_up" },
    { title: t("talk"), width: 80, align: "right", render: (_, row) => <Duration ms={row.talk_ms} /> },
    ...(state === "open" ? [] : [{ title: t("by"), width: 120, dataIndex: "claimed_by" }]),
    ...(state === "done"
      ? [{ title: t("came"), width: 220, render: (_: unknown, row: Row) => `${t(row.outcome as "won")}${row.note ? `: ${row.note}` : ""}` }]
      : []),
    ...(works && state !== "done"
      ? [
          {
            title: "",
            width: 170,
            fixed: "right" as const,
            render: (_: unknown, row: Row) => (
              <Flex gap={6} onClick={(event) => event.stopPropagation()}>
                {row.state === "open" && (
                  <Button size="small" type="primary" loading={move.isPending && move.variables?.call === row.call} onClick={() => move.mutate({ call: row.call, to: "claim" })}>
                    {t("claim")}
                  </Button>
                )}
                {row.mine && (
                  <>
                    <Button
                      size="small"
                      icon={<PhoneOutlined />}
                      aria-label={t("call_back")}
                      onClick={() => void go(`/desk?call=${encodeURIComponent(row.call)}${row.task ? `&task=${row.task}` : ""}`)}
                    />
                    <Button size="small" type="primary" onClick={() => setFinishing(row)}>
                      {t("done")}
                    </Button>
                    <Button size="small" onClick={() => move.mutate({ call: row.call, to: "release" })}>
                      {t("release")}
                    </Button>
                  </>
                )}
              </Flex>
            ),
          },
        ]
      : []),
  ];
  return (
    <Page title={t("follow_title")}>
      <Flex gap={12} align="center" style={{ marginBottom: 8 }}>
        <Segmented
          value={state}
          onChange={(value) => change({ state: String(value) })}
          options={(["open", "claimed", "done"] as const).map((value) => ({
            value,
            label: (
              <Flex gap={6} align="center">
                {t(`state_${value}` as "state_open")}
                <Badge count={counts.data?.[value] ?? 0} overflowCount={99999} showZero color="gray" size="small" />
              </Flex>
            ),
          }))}
        />
        {works && (
          <Checkbox checked={mine} disabled={state === "open"} onChange={(event) => change({ mine: String(event.target.checked) })}>
            {t("mine")}
          </Checkbox>
        )}
      </Flex>
      <CursorTable<Row>
        label={t("follow_title")}
        queryKey={["follow-ups", state, mine]}
        fetch={(cursor) => data(api.GET("/api/v1/follow-ups", { params: { query: { state, mine: mine && state !== "open", cursor, limit: 50 } } }))}
        columns={columns}
        rowKey={(row) => row.call}
        onOpen={(row) => void go(`/calls/${encodeURIComponent(row.call)}`)}
        empty={t("nobody_waits")}
        refetchMs={15_000}
      />
      {finishing && <Finish row={finishing} onClose={() => setFinishing(null)} onDone={refresh} />}
    </Page>
  );
}

function Finish({ row, onClose, onDone }: { row: Row; onClose: () => void; onDone: () => void }) {
  const t = useWords();
  const [outcome, setOutcome] = useState<(typeof OUTCOMES)[number]>("appointment");
  const [note, setNote] = useState("");
  const finish = useMutation({
    mutationFn: () => api.POST("/api/v1/follow-ups/{call}/done", { params: { path: { call: row.call } }, body: { outcome, note } }),
    onSuccess: onClose,
    onSettled: onDone,
  });
  return (
    <Modal open title={`${t("done")}: ${row.number}`} onCancel={onClose} onOk={() => finish.mutate()} confirmLoading={finish.isPending} okText={t("done")} cancelText={t("cancel")} destroyOnHidden>
      <Form layout="vertical">
        <Form.Item label={t("came")} htmlFor="follow-outcome">
          <Select id="follow-outcome" value={outcome} onChange={setOutcome} options={OUTCOMES.map((value) => ({ value, label: t(value) }))} />
        </Form.Item>
        <Form.Item label={t("note_field")} htmlFor="follow-note">
          <Input.TextArea id="follow-note" rows={3} maxLength={1000} showCount value={note} onChange={(event) => setNote(event.target.value)} />
        </Form.Item>
        {row.follow_up && <Typography.Text type="secondary">{row.follow_up}</Typography.Text>}
      </Form>
    </Modal>
  );
}
