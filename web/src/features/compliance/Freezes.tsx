// The freeze library: numbers nobody calls. Lifting one takes two people.
import { App, Button, DatePicker, Dropdown, Flex, Form, Input, InputNumber, Modal, Segmented, Select, Space, Tag, Tooltip, Typography, Upload } from "antd";
import type { Dayjs } from "dayjs";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useSearchParams } from "react-router";
import { api, data, upload } from "@/api/client";
import { useMay } from "@/app/viewer";
import { CursorTable } from "@/ui/CursorTable";
import { ProblemAlert } from "@/ui/problems";
import { When } from "@/ui/When";
import { language } from "@/words";
import { Desk, NUMBER, plain } from "./Desk";
import { NumberFilter, Whose } from "./parts";
import type { FreezeRow } from "./types";
import { useWords } from "./words";

type State = "standing" | "asked" | "ended" | "any";
const KEY = ["freezes"];

export function useReasons(): (code: string) => string {
  const reasons = useQuery({ queryKey: ["freeze-reasons"], queryFn: () => data(api.GET("/api/v1/freezes/reasons")), staleTime: Infinity });
  return (code) => reasons.data?.find((reason) => reason.code === code)?.[language()] ?? code;
}

export function Component() {
  const t = useWords();
  const may = useMay();
  const [params, setParams] = useSearchParams();
  const state = (params.get("state") as State | null) ?? "standing";
  const subject = params.get("subject") ?? undefined;
  const [adding, setAdding] = useState(false);
  const [asking, setAsking] = useState<FreezeRow | null>(null);
  const reason = useReasons();
  const narrow = (change: Record<string, string | undefined>) =>
    setParams((old) => {
      for (const [name, value] of Object.entries(change)) if (value) old.set(name, value); else old.delete(name);
      return old;
    });
  const scopes = useScopes();
  return (
    <Desk
      title={t("freezes")}
      actions={
        <Space>
          {may("compliance.write") && <Import />}
          {may("numbers.unmasked") && <Button href="/api/v1/freezes/export">{t("exportList")}</Button>}
          {may("compliance.write") && (
            <Button type="primary" onClick={() => setAdding(true)}>
              {t("freeze")}
            </Button>
          )}
        </Space>
      }
    >
      <Flex gap={12} wrap style={{ marginBottom: 12 }}>
        <Segmented<State>
          value={state}
          onChange={(value) => narrow({ state: value })}
          options={(["standing", "asked", "ended", "any"] as const).map((value) => ({ value, label: t(value) }))}
        />
        <NumberFilter subject={subject} onChange={(found) => narrow({ subject: found })} />
      </Flex>
      <CursorTable<FreezeRow>
        label={t("freezes")}
        queryKey={[...KEY, state, subject]}
        fetch={(cursor) => data(api.GET("/api/v1/freezes", { params: { query: { state, subject, cursor } } }))}
        rowKey={(row) => String(row.id)}
        columns={[
          { title: t("number"), render: (_, row) => <Whose number={row.number} subject={row.subject} /> },
          { title: t("reason"), render: (_, row) => reason(row.reason) },
          { title: t("scope"), render: (_, row) => `${scopes[row.scope]}${row.scope_id ? ` ${row.scope_id}` : ""}` },
          { title: t("time"), render: (_, row) => <When at={row.frozen_at} /> },
          { title: t("until"), render: (_, row) => (row.until ? <When at={row.until} /> : t("forGood")) },
          { title: t("by"), dataIndex: "by" },
          { title: t("note"), render: (_, row) => <Note row={row} /> },
          { title: "", render: (_, row) => <Actions row={row} onAsk={() => setAsking(row)} /> },
        ]}
      />
      <Add open={adding} onClose={() => setAdding(false)} />
      <Ask row={asking} onClose={() => setAsking(null)} />
    </Desk>
  );
}

function useScopes(): Record<string, string> {
  const t = useWords();
  return { tenant: t("scopeTenant"), company: t("scopeCompany"), task: t("scopeTask"), voice: t("scopeVoice") };
}

function Note({ row }: { row: FreezeRow }) {
  const t = useWords();
  const ended = row.lifted_at ? t("liftedBy", { by: row.lifted_by ?? "", reason: row.lift_reason ?? "" }) : "";
  const asked = row.asked && !row.lifted_at ? t("askedBy", { by: row.asked.by, reason: row.asked.reason }) : "";
  return (
    <Space orientation="vertical" size={0} style={{ maxWidth: 320 }}>
      {row.note && <Typography.Text ellipsis={{ tooltip: row.note }}>{row.note}</Typography.Text>}
      {asked && <Tag color="warning" style={{ whiteSpace: "normal" }}>{asked}</Tag>}
      {ended && <Typography.Text type="secondary">{ended}</Typography.Text>}
    </Space>
  );
}

function Actions({ row, onAsk }: { row: FreezeRow; onAsk: () => void }) {
  const t = useWords();
  const may = useMay();
  const cache = useQueryClient();
  const done = { onSuccess: () => cache.invalidateQueries({ queryKey: KEY }) };
  const path = { params: { path: { freeze: row.id } } };
  const lift = useMutation({ mutationFn: () => data(api.POST("/api/v1/freezes/{freeze}/lift", { ...path, body: { note: "" } })), ...done });
  const keep = useMutation({ mutationFn: () => data(api.POST("/api/v1/freezes/{freeze}/keep", path)), ...done });
  if (!row.standing) return null;
  if (!row.asked)
    return may("compliance.write") ? (
      <Button size="small" onClick={onAsk}>
        {t("askLift")}
      </Button>
    ) : null;
  if (row.asked.mine)
    return (
      <Tooltip title={t("mine")}>
        <Button size="small" loading={keep.isPending} onClick={() => keep.mutate()}>
          {t("takeBack")}
        </Button>
      </Tooltip>
    );
  if (!may("freezes.confirm")) return null;
  return (
    <Dropdown.Button
      size="small"
      loading={lift.isPending || keep.isPending}
      onClick={() => lift.mutate()}
      menu={{ items: [{ key: "keep", label: t("keep") }], onClick: () => keep.mutate() }}
    >
      {t("lift")}
    </Dropdown.Button>
  );
}

function Ask({ row, onClose }: { row: FreezeRow | null; onClose: () => void }) {
  const t = useWords();
  const cache = useQueryClient();
  const [form] = Form.useForm<{ reason: string }>();
  const ask = useMutation({
    mutationFn: (reason: string) =>
      data(api.POST("/api/v1/freezes/{freeze}/ask-lift", { params: { path: { freeze: row!.id } }, body: { reason } })),
    onSuccess: async () => {
      await cache.invalidateQueries({ queryKey: KEY });
      form.resetFields();
      onClose();
    },
    meta: { quiet: true },
  });
  return (
    <Modal
      open={row !== null}
      title={`${t("askLift")} · ${row?.number ?? ""}`}
      okText={t("askLift")}
      cancelText={t("cancel")}
      confirmLoading={ask.isPending}
      onOk={() => void form.validateFields().then(({ reason }) => ask.mutate(reason))}
      onCancel={onClose}
      forceRender
    >
      <ProblemAlert error={ask.error} />
      <Form form={form} layout="vertical">
        <Form.Item name="reason" label={t("askLiftWhy")} rules={[{ required: true, whitespace: true }]}>
          <Input.TextArea maxLength={300} showCount rows={3} />
        </Form.Item>
      </Form>
    </Modal>
  );
}

interface Added {
  number: string;
  reason: string;
  scope: "tenant" | "company" | "task" | "voice";
  scope_id?: number;
  until?: Dayjs | null;
  note?: string;
}

function Add({ open, onClose }: { open: boolean; onClose: () => void }) {
  const t = useWords();
  const cache = useQueryClient();
  const scopes = useScopes();
  const [form] = Form.useForm<Added>();
  const kind = Form.useWatch("scope", form);
  const reasons = useQuery({ queryKey: ["freeze-reasons"], queryFn: () => data(api.GET("/api/v1/freezes/reasons")), staleTime: Infinity });
  const add = useMutation({
    mutationFn: (value: Added) =>
      data(
        api.POST("/api/v1/freezes", {
          body: { ...value, number: plain(value.number), note: value.note ?? "", until: value.until?.toISOString() ?? null },
        }),
      ),
    onSuccess: async () => {
      await cache.invalidateQueries({ queryKey: KEY });
      form.resetFields();
      onClose();
    },
    meta: { quiet: true },
  });
  return (
    <Modal
      open={open}
      title={t("freeze")}
      okText={t("freeze")}
      cancelText={t("cancel")}
      confirmLoading={add.isPending}
      onOk={() => void form.validateFields().then((value) => add.mutate(value))}
      onCancel={onClose}
      forceRender
    >
      <ProblemAlert error={add.error} />
      <Form form={form} layout="vertical" initialValues={{ reason: "manual", scope: "tenant" }}>
        <Form.Item
          name="number"
          label={t("number")}
          rules={[{ validator: (_, value: string) => (NUMBER.test(plain(value ?? "")) ? Promise.resolve() : Promise.reject(new Error(t("badNumber")))) }]}
        >
          <Input placeholder="+8613900000001" autoComplete="off" />
        </Form.Item>
        <Form.Item name="reason" label={t("reason")}>
          <Select options={reasons.data?.map((reason) => ({ value: reason.code, label: reason[language()] }))} />
        </Form.Item>
        <Flex gap={12}>
          <Form.Item name="scope" label={t("scope")} style={{ flex: 1 }}>
            <Select options={Object.entries(scopes).map(([value, label]) => ({ value, label }))} />
          </Form.Item>
          {(kind === "company" || kind === "task") && (
            <Form.Item name="scope_id" label={t("scopeId")} rules={[{ required: true }]}>
              <InputNumber min={1} precision={0} />
            </Form.Item>
          )}
          <Form.Item name="until" label={t("until")} extra={t("untilHint")}>
            <DatePicker showTime={{ format: "HH:mm" }} format="YYYY-MM-DD HH:mm" />
          </Form.Item>
        </Flex>
        <Form.Item name="note" label={t("note")}>
          <Input maxLength={500} />
        </Form.Item>
      </Form>
    </Modal>
  );
}

interface Brought {
  frozen: number;
  before: number;
  unusable: number;
  problems: { line: number; message: string; hint: string }[];
}

function Import() {
  const t = useWords();
  const cache = useQueryClient();
  const { modal, notification } = App.useApp();
  const [part, setPart] = useState<number | null>(null);
  const send = async (file: File) => {
    const form = new FormData();
    form.append("file", file);
    form.append("lang", language());
    setPart(0);
    try {
      const told = await upload<Brought>("/api/v1/freezes/import", form, setPart);
      await cache.invalidateQueries({ queryKey: KEY });
      const lines = told.problems.map((problem) => <li key={problem.line}>{`${problem.line}: ${problem.message} ${problem.hint}`}</li>);
      modal.info({
        title: t("imported", { frozen: told.frozen, before: told.before, unusable: told.unusable }),
        content: lines.length > 0 ? <ul style={{ maxHeight: 300, overflow: "auto" }}>{lines}</ul> : undefined,
      });
    } catch (error) {
      notification.error({ title: String(error instanceof Error ? error.message : error) });
    } finally {
      setPart(null);
    }
  };
  return (
    <Upload accept=".csv,.txt,.xlsx,.json" showUploadList={false} beforeUpload={(file) => (void send(file), false)}>
      <Tooltip title={t("importHint")}>
        <Button loading={part !== null}>{part === null ? t("importList") : `${Math.round(part * 100)} %`}</Button>
      </Tooltip>
    </Upload>
  );
}
