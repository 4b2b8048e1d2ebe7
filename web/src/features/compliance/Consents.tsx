// The consent ledger: added to and withdrawn, never rewritten; each with its proof and the calls that rested on it.
import { App, Button, Checkbox, DatePicker, Descriptions, Drawer, Flex, Form, Input, List, Modal, Segmented, Select, Skeleton, Space, Tag, Typography, Upload } from "antd";
import type { Dayjs } from "dayjs";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Link, useSearchParams } from "react-router";
import { api, data, upload } from "@/api/client";
import { useMay } from "@/app/viewer";
import { CursorTable } from "@/ui/CursorTable";
import { ProblemAlert } from "@/ui/problems";
import { When } from "@/ui/When";
import { language } from "@/words";
import { Desk, NUMBER, plain } from "./Desk";
import { NumberFilter, Whose } from "./parts";
import type { ConsentRow } from "./types";
import { useWords } from "./words";

type State = "any" | "standing" | "revoked" | "ended";
const KEY = ["consents"];
const SCOPES = ["marketing", "service", "survey", "recording", "synthetic_voice", "profiling"];
const BASES = ["consent", "contract", "legal_obligation", "existing_customer"];
const MEANS = ["call", "key", "sms", "mail", "letter", "web", "person", "complaint", "registry", "other"];
const SAID: Record<string, string> = {
  marketing: "营销", service: "服务", survey: "调查", recording: "录音", synthetic_voice: "合成语音", profiling: "画像", consent: "同意",
  contract: "合同", legal_obligation: "法定义务", existing_customer: "现有客户", call: "通话", key: "按键", sms: "短信", mail: "邮件", letter: "信件",
  web: "网页", person: "当面", complaint: "投诉", registry: "登记册", other: "其他",
};

/** A word of the ledger, in the viewer's language. */
export function said(word: string): string {
  return language() === "zh" ? (SAID[word] ?? word) : word.replace(/_/g, " ");
}

const choices = (words: string[]) => words.map((value) => ({ value, label: said(value) }));

export function Component() {
  const t = useWords();
  const may = useMay();
  const [params, setParams] = useSearchParams();
  const state = (params.get("state") as State | null) ?? "any";
  const subject = params.get("subject") ?? undefined;
  const [shown, setShown] = useState<number | null>(Number(params.get("consent")) || null);
  const [form, setForm] = useState<"add" | "withdraw" | null>(null);
  const narrow = (name: string, value: string | undefined) =>
    setParams((old) => {
      if (value) old.set(name, value); else old.delete(name);
      return old;
    });
  return (
    <Desk
      title={t("consents")}
      actions={
        may("compliance.write") && (
          <Space>
            <Button onClick={() => setForm("withdraw")}>{t("withdrawAll")}</Button>
            <Button type="primary" onClick={() => setForm("add")}>
              {t("addConsent")}
            </Button>
          </Space>
        )
      }
    >
      <Flex gap={12} wrap style={{ marginBottom: 12 }}>
        <Segmented<State>
          value={state}
          onChange={(value) => narrow("state", value)}
          options={[
            { value: "any", label: t("any") },
            { value: "standing", label: t("standingConsent") },
            { value: "revoked", label: t("revoked") },
            { value: "ended", label: t("endedConsent") },
          ]}
        />
        <NumberFilter subject={subject} onChange={(found) => narrow("subject", found)} />
      </Flex>
      <CursorTable<ConsentRow>
        label={t("consents")}
        queryKey={[...KEY, state, subject]}
        fetch={(cursor) => data(api.GET("/api/v1/consents", { params: { query: { state, subject, cursor } } }))}
        rowKey={(row) => String(row.id)}
        onOpen={(row) => setShown(row.id)}
        columns={[
          { title: t("number"), render: (_, row) => <Whose number={row.number} subject={row.subject} /> },
          { title: t("basis"), render: (_, row) => said(row.basis) },
          { title: t("agreedTo"), render: (_, row) => row.scope.map((word) => <Tag key={word}>{said(word)}</Tag>) },
          { title: t("given"), render: (_, row) => <When at={row.given_at} /> },
          { title: t("state"), render: (_, row) => <Standing row={row} /> },
          { title: t("uses"), dataIndex: "uses", align: "right", className: "numeric" },
          { title: t("channel"), dataIndex: "channel" },
          { title: t("wording"), dataIndex: "wording" },
        ]}
      />
      <One id={shown} onClose={() => setShown(null)} />
      <Add open={form === "add"} onClose={() => setForm(null)} />
      <Withdraw open={form === "withdraw"} onClose={() => setForm(null)} />
    </Desk>
  );
}

function Standing({ row }: { row: ConsentRow }) {
  const t = useWords();
  if (row.standing) return <Tag color="success">{t("standingConsent")}</Tag>;
  if (!row.revoked_at) return <Tag>{t("endedConsent")}</Tag>;
  return <Tag color="error">{t("withdrawn", { day: row.revoked_at.slice(0, 10), means: said(row.revoked_means) })}</Tag>;
}

function One({ id, onClose }: { id: number | null; onClose: () => void }) {
  const t = useWords();
  const may = useMay();
  const cache = useQueryClient();
  const { modal } = App.useApp();
  const one = useQuery({
    queryKey: [...KEY, "one", id],
    queryFn: () => data(api.GET("/api/v1/consents/{consent}", { params: { path: { consent: id! } } })),
    enabled: id !== null,
  });
  const withdraw = useMutation({
    mutationFn: () => data(api.POST("/api/v1/consents/withdraw", { body: { consent: id!, means: "other", freeze: false } })),
    onSuccess: () => cache.invalidateQueries({ queryKey: KEY }),
  });
  const row = one.data;
  return (
    <Drawer
      open={id !== null}
      onClose={onClose}
      size="large"
      title={`${t("consents")} ${id ?? ""}`}
      extra={
        row?.standing &&
        may("compliance.write") && (
          <Button danger loading={withdraw.isPending} onClick={() => modal.confirm({ title: t("withdraw"), content: t("atOnce"), onOk: () => withdraw.mutateAsync() })}>
            {t("withdraw")}
          </Button>
        )
      }
    >
      <ProblemAlert error={one.error} />
      {id !== null && one.isPending && <Skeleton active />}
      {row && (
        <>
          <Descriptions size="small" column={1} bordered>
            <Descriptions.Item label={t("number")}>
              <Whose number={row.number} subject={row.subject} />
            </Descriptions.Item>
            <Descriptions.Item label={t("basis")}>{said(row.basis)}</Descriptions.Item>
            <Descriptions.Item label={t("agreedTo")}>{row.scope.map(said).join(", ") || "—"}</Descriptions.Item>
            <Descriptions.Item label={t("state")}>
              <Standing row={row} />
              {row.revoked_at && (row.honour_by && row.honour_by !== row.revoked_at ? t("honourBy", { day: row.honour_by.slice(0, 10) }) : t("atOnce"))}
            </Descriptions.Item>
            <Descriptions.Item label={t("given")}>
              <When at={row.given_at} />
            </Descriptions.Item>
            <Descriptions.Item label={t("validUntil")}>
              <When at={row.valid_until} />
            </Descriptions.Item>
            <Descriptions.Item label={t("wording")}>{row.wording || "—"}</Descriptions.Item>
            <Descriptions.Item label={t("channel")}>{row.channel || "—"}</Descriptions.Item>
            <Descriptions.Item label={t("source")}>{row.source || "—"}</Descriptions.Item>
            <Descriptions.Item label={t("proof")}>
              <Typography.Text className="mono" style={{ wordBreak: "break-all", fontSize: 12 }}>
                {row.evidence || "—"}
              </Typography.Text>{" "}
              {row.has_file && may("numbers.unmasked") && <a href={`/api/v1/consents/${row.id}/evidence`}>{t("download")}</a>}
              {row.evidence && !row.has_file && <Typography.Text type="secondary">{t("noFile")}</Typography.Text>}
            </Descriptions.Item>
          </Descriptions>
          <List
            size="small"
            header={t("useLog")}
            dataSource={row.use_log}
            locale={{ emptyText: t("neverUsed") }}
            renderItem={(use) => (
              <List.Item>
                <When at={use.at} />
                <Link to={`/calls/${encodeURIComponent(use.call)}`}>{use.call.slice(-12)}</Link>
              </List.Item>
            )}
          />
        </>
      )}
    </Drawer>
  );
}

interface Given {
  number: string;
  basis: string;
  scope: string[];
  given_at?: Dayjs;
  valid_until?: Dayjs;
  wording?: string;
  channel?: string;
  source?: string;
}

function Add({ open, onClose }: { open: boolean; onClose: () => void }) {
  const t = useWords();
  const cache = useQueryClient();
  const [form] = Form.useForm<Given>();
  const [file, setFile] = useState<File | null>(null);
  const add = useMutation({
    mutationFn: async (value: Given) => {
      let evidence: string | null = null;
      if (file) {
        const sent = new FormData();
        sent.append("file", file);
        evidence = (await upload<{ sha256: string }>("/api/v1/consents/evidence", sent)).sha256;
      }
      const body = {
        ...value, number: plain(value.number), evidence, given_at: value.given_at?.toISOString() ?? null,
        valid_until: value.valid_until?.toISOString() ?? null, wording: value.wording ?? "", channel: value.channel ?? "", source: value.source ?? "",
      };
      return data(api.POST("/api/v1/consents", { body }));
    },
    onSuccess: async () => {
      await cache.invalidateQueries({ queryKey: KEY });
      form.resetFields();
      setFile(null);
      onClose();
    },
    meta: { quiet: true },
  });
  return (
    <Modal
      open={open}
      title={t("addConsent")}
      okText={t("save")}
      cancelText={t("cancel")}
      confirmLoading={add.isPending}
      onOk={() => void form.validateFields().then((value) => add.mutate(value))}
      onCancel={onClose}
      width={640}
      forceRender
    >
      <ProblemAlert error={add.error} />
      <Form form={form} layout="vertical" initialValues={{ basis: "consent", scope: ["marketing"] }}>
        <NumberField />
        <Flex gap={12}>
          <Form.Item name="basis" label={t("basis")} style={{ flex: 1 }}>
            <Select options={choices(BASES)} />
          </Form.Item>
          <Form.Item name="scope" label={t("agreedTo")} style={{ flex: 2 }}>
            <Select mode="multiple" options={choices(SCOPES)} />
          </Form.Item>
        </Flex>
        <Flex gap={12}>
          <Form.Item name="given_at" label={t("given")} style={{ flex: 1 }}>
            <DatePicker showTime={{ format: "HH:mm" }} format="YYYY-MM-DD HH:mm" style={{ width: "100%" }} />
          </Form.Item>
          <Form.Item name="valid_until" label={t("validUntil")} style={{ flex: 1 }}>
            <DatePicker showTime={{ format: "HH:mm" }} format="YYYY-MM-DD HH:mm" style={{ width: "100%" }} />
          </Form.Item>
        </Flex>
        <Flex gap={12}>
          <Form.Item name="wording" label={t("wording")} style={{ flex: 1 }}>
            <Input maxLength={64} />
          </Form.Item>
          <Form.Item name="channel" label={t("channel")} style={{ flex: 1 }}>
            <Input maxLength={32} />
          </Form.Item>
          <Form.Item name="source" label={t("source")} style={{ flex: 1 }}>
            <Input maxLength={200} />
          </Form.Item>
        </Flex>
        <Upload
          maxCount={1}
          fileList={file ? [{ uid: "1", name: file.name }] : []}
          beforeUpload={(chosen) => (setFile(chosen), false)}
          onRemove={() => setFile(null)}
        >
          <Button>{t("proofFile")}</Button>
        </Upload>
      </Form>
    </Modal>
  );
}

function NumberField() {
  const t = useWords();
  const right = (_: unknown, value: string) => (NUMBER.test(plain(value ?? "")) ? Promise.resolve() : Promise.reject(new Error(t("badNumber"))));
  return (
    <Form.Item name="number" label={t("number")} rules={[{ validator: right }]}>
      <Input placeholder="+8613900000001" autoComplete="off" />
    </Form.Item>
  );
}

interface Taken {
  number: string;
  means: string;
  freeze: boolean;
}

function Withdraw({ open, onClose }: { open: boolean; onClose: () => void }) {
  const t = useWords();
  const cache = useQueryClient();
  const { message } = App.useApp();
  const [form] = Form.useForm<Taken>();
  const take = useMutation({
    mutationFn: (value: Taken) => data(api.POST("/api/v1/consents/withdraw", { body: { ...value, number: plain(value.number) } })),
    onSuccess: async (told) => {
      await cache.invalidateQueries({ queryKey: KEY });
      form.resetFields();
      onClose();
      void message.success(told.honour_by ? t("honourBy", { day: told.honour_by.slice(0, 10) }) : t("atOnce"));
    },
    meta: { quiet: true },
  });
  return (
    <Modal
      open={open}
      title={t("withdrawAll")}
      okText={t("withdraw")}
      cancelText={t("cancel")}
      confirmLoading={take.isPending}
      onOk={() => void form.validateFields().then((value) => take.mutate(value))}
      onCancel={onClose}
      forceRender
    >
      <ProblemAlert error={take.error} />
      <Form form={form} layout="vertical" initialValues={{ means: "call", freeze: true }}>
        <NumberField />
        <Form.Item name="means" label={t("means")}>
          <Select options={choices(MEANS)} />
        </Form.Item>
        <Form.Item name="freeze" valuePropName="checked">
          <Checkbox>{t("alsoFreeze")}</Checkbox>
        </Form.Item>
      </Form>
    </Modal>
  );
}
