// Begin a script: from a template or from a file.
import { InboxOutlined } from "@ant-design/icons";
import { Form, Input, Modal, Segmented, Select, Typography, Upload } from "antd";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useNavigate } from "react-router";
import { api, data, queries } from "@/api/client";
import { ProblemAlert } from "@/ui/problems";
import { language } from "@/words";
import { useWords } from "./words";

const ID = /^[\p{L}\p{N}_.-]{1,64}$/u;

export function NewScript({ open, onClose }: { open: boolean; onClose: () => void }) {
  const t = useWords();
  const go = useNavigate();
  const [name, setName] = useState("");
  const [source, setSource] = useState<"template" | "file">("template");
  const [template, setTemplate] = useState(language() === "zh" ? "trial_lesson" : "appointment_en");
  const [text, setText] = useState<string | null>(null);
  const templates = useQuery({ queryKey: ["script-templates"], queryFn: () => data(api.GET("/api/v1/script-templates")), enabled: open, staleTime: Infinity });
  const create = useMutation({
    mutationFn: () =>
      data(api.POST("/api/v1/scripts", { body: source === "template" ? { script: name, template } : { script: name, text: text ?? "" } })),
    meta: { quiet: true },
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ["scripts"] });
      onClose();
      void go(`/scripts/${encodeURIComponent(name)}`);
    },
  });
  const sound = ID.test(name) && (source === "template" || text !== null);
  return (
    <Modal
      open={open}
      title={t("new")}
      okText={t("create")}
      cancelText={t("cancel")}
      onCancel={onClose}
      onOk={() => create.mutate()}
      okButtonProps={{ disabled: !sound, loading: create.isPending }}
      destroyOnHidden
    >
      <ProblemAlert error={create.error} />
      <Form layout="vertical" onFinish={() => sound && create.mutate()}>
        <Form.Item label={t("name")} extra={t("nameHint")} htmlFor="script-name" validateStatus={name && !ID.test(name) ? "error" : undefined}>
          <Input id="script-name" autoFocus value={name} maxLength={64} onChange={(event) => setName(event.target.value)} />
        </Form.Item>
        <Form.Item>
          <Segmented
            value={source}
            onChange={(value) => setSource(value as "template" | "file")}
            options={[
              { value: "template", label: t("fromTemplate") },
              { value: "file", label: t("fromText") },
            ]}
          />
        </Form.Item>
        {source === "template" ? (
          <Form.Item label={t("template")} htmlFor="script-template">
            <Select
              id="script-template"
              value={template}
              onChange={setTemplate}
              loading={templates.isPending}
              options={templates.data?.map((one) => ({
                value: one.name,
                label: `${one.title} · ${one.language} · ${t(`purpose.${one.purpose}` as "purpose.service")}`,
              }))}
            />
          </Form.Item>
        ) : (
          <Upload.Dragger
            accept=".yaml,.yml,.json"
            maxCount={1}
            beforeUpload={async (file) => {
              setText(await file.text());
              if (!name) setName(file.name.replace(/\.(ya?ml|json)$/i, "").replace(/[^\p{L}\p{N}_.-]+/gu, "-").slice(0, 64));
              return Upload.LIST_IGNORE;
            }}
          >
            <InboxOutlined /> <Typography.Text>{text === null ? t("choose") : `${text.split("\n")[0]} …`}</Typography.Text>
          </Upload.Dragger>
        )}
      </Form>
    </Modal>
  );
}
