// Complaints as cases with due dates, most urgent first.
import { Alert, Button, DatePicker, Flex, Form, Input, InputNumber, Modal, Segmented, Select, Tag } from "antd";
import type { Dayjs } from "dayjs";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useNavigate, useSearchParams } from "react-router";
import { api, data } from "@/api/client";
import { useMay } from "@/app/viewer";
import { CursorTable } from "@/ui/CursorTable";
import { ProblemAlert } from "@/ui/problems";
import { When } from "@/ui/When";
import { Desk, NUMBER, plain } from "./Desk";
import { NumberFilter, Whose } from "./parts";
import type { ComplaintRow } from "./types";
import { channelWords, clockWords, useWords } from "./words";

type Which = "open" | "overdue" | "closed" | "all";

export function Component() {
  const t = useWords();
  const may = useMay();
  const go = useNavigate();
  const [params, setParams] = useSearchParams();
  const which = (params.get("which") as Which | null) ?? "open";
  const subject = params.get("subject") ?? undefined;
  const [opening, setOpening] = useState(false);
  const narrow = (name: string, value: string | undefined) =>
    setParams((old) => {
      if (value) old.set(name, value); else old.delete(name);
      return old;
    });
  return (
    <Desk
      title={t("complaints")}
      actions={
        may("complaints.handle") && (
          <Button type="primary" onClick={() => setOpening(true)}>
            {t("openCase")}
          </Button>
        )
      }
    >
      <Flex gap={12} wrap style={{ marginBottom: 12 }}>
        <Segmented<Which>
          value={which}
          onChange={(value) => narrow("which", value)}
          options={[
            { value: "open", label: t("openState") },
            { value: "overdue", label: t("overdue") },
            { value: "closed", label: t("closed") },
            { value: "all", label: t("all") },
          ]}
        />
        <NumberFilter subject={subject} onChange={(found) => narrow("subject", found)} />
      </Flex>
      <CursorTable<ComplaintRow>
        label={t("complaints")}
        queryKey={["complaints", which, subject]}
        fetch={(cursor) => data(api.GET("/api/v1/complaints", { params: { query: { which, subject, cursor } } }))}
        rowKey={(row) => String(row.id)}
        onOpen={may("complaints.handle") ? (row) => void go(`/compliance/complaints/${row.id}`) : undefined}
        columns={[
          { title: t("reference"), dataIndex: "reference" },
          { title: t("channel"), render: (_, row) => channelWords(row.channel) },
          { title: t("number"), render: (_, row) => <Whose number={row.number} subject={row.subject} /> },
          { title: t("received"), render: (_, row) => <When at={row.received_at} /> },
          { title: t("state"), render: (_, row) => <StateTag row={row} /> },
          { title: t("due"), render: (_, row) => <Due row={row} /> },
        ]}
      />
      <Open open={opening} onClose={() => setOpening(false)} />
    </Desk>
  );
}

export function StateTag({ row }: { row: { state: ComplaintRow["state"] } }) {
  const t = useWords();
  const told = { open: ["warning", t("openState")], answered: ["processing", t("answered")], closed: ["default", t("closed")] } as const;
  return <Tag color={told[row.state][0]}>{told[row.state][1]}</Tag>;
}

export function Due({ row }: { row: Pick<ComplaintRow, "due" | "due_at" | "late"> }) {
  const t = useWords();
  if (!row.due) return <>—</>;
  return (
    <span>
      {t(row.due)} <When at={row.due_at} /> {row.late && <Tag color="error">{t("late")}</Tag>}
    </span>
  );
}

interface New {
  number: string;
  channel: string;
  reference?: string;
  text?: string;
  received_at?: Dayjs;
  answer_days?: number | null;
}

function Open({ open, onClose }: { open: boolean; onClose: () => void }) {
  const t = useWords();
  const go = useNavigate();
  const cache = useQueryClient();
  const [form] = Form.useForm<New>();
  const channels = useQuery({ queryKey: ["complaint-channels"], queryFn: () => data(api.GET("/api/v1/complaints/channels")), staleTime: Infinity });
  const code = Form.useWatch("channel", form);
  const clock = channels.data?.find((channel) => channel.code === code);
  const begin = useMutation({
    mutationFn: (value: New) =>
      data(
        api.POST("/api/v1/complaints", {
          body: {
            number: plain(value.number), channel: value.channel, reference: value.reference ?? "", text: value.text ?? "",
            received_at: value.received_at?.toISOString() ?? null, answer_days: value.answer_days ?? null,
          },
        }),
      ),
    onSuccess: async (made) => {
      await cache.invalidateQueries({ queryKey: ["complaints"] });
      form.resetFields();
      onClose();
      void go(`/compliance/complaints/${made.id}`);
    },
    meta: { quiet: true },
  });
  const right = (_: unknown, value: string) => (NUMBER.test(plain(value ?? "")) ? Promise.resolve() : Promise.reject(new Error(t("badNumber"))));
  return (
    <Modal
      open={open}
      title={t("openCase")}
      okText={t("openCase")}
      cancelText={t("cancel")}
      confirmLoading={begin.isPending}
      onOk={() => void form.validateFields().then((value) => begin.mutate(value))}
      onCancel={onClose}
      forceRender
    >
      <Alert type="info" showIcon title={t("frozenAtOnce")} style={{ marginBottom: 12 }} />
      <ProblemAlert error={begin.error} />
      <Form form={form} layout="vertical" initialValues={{ channel: "12321" }}>
        <Form.Item name="number" label={t("number")} rules={[{ validator: right }]}>
          <Input placeholder="+8613900000001" autoComplete="off" />
        </Form.Item>
        <Flex gap={12}>
          <Form.Item name="channel" label={t("channel")} style={{ flex: 1 }} extra={clock && t("clock", { source: clockWords(clock.source), status: t(clock.status as "house") })}>
            <Select options={channels.data?.map((channel) => ({ value: channel.code, label: channelWords(channel.code) }))} />
          </Form.Item>
          <Form.Item name="reference" label={t("reference")} style={{ flex: 1 }} extra={t("refHint")}>
            <Input maxLength={64} />
          </Form.Item>
        </Flex>
        <Flex gap={12}>
          <Form.Item name="received_at" label={t("received")} style={{ flex: 1 }}>
            <DatePicker showTime={{ format: "HH:mm" }} format="YYYY-MM-DD HH:mm" style={{ width: "100%" }} />
          </Form.Item>
          <Form.Item name="answer_days" label={t("answerDays")} style={{ flex: 1 }}>
            <InputNumber min={1} max={365} precision={0} placeholder={String(clock?.answer ?? "")} style={{ width: "100%" }} />
          </Form.Item>
        </Flex>
        <Form.Item name="text" label={t("said")}>
          <Input.TextArea rows={4} maxLength={20000} />
        </Form.Item>
      </Form>
    </Modal>
  );
}
