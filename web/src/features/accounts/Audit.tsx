// The audit log: who changed what, who looked at personal data, and whether the chain is whole.
import { SafetyCertificateOutlined } from "@ant-design/icons";
import { Alert, Button, Descriptions, Drawer, Input, Select, Space, Tag, Typography } from "antd";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useSearchParams } from "react-router";
import { api, data, type Problem } from "@/api/client";
import type { components } from "@/api/schema";
import { CursorTable } from "@/ui/CursorTable";
import { Page } from "@/ui/Page";
import { ProblemAlert } from "@/ui/problems";
import { When } from "@/ui/When";
import { words } from "@/words";

type Entry = components["schemas"]["EntryRow"];

const useWords = words("audit", {
  en: {
    title: "Audit log", verify: "Verify the whole log", whole: "Whole: {{entries}} entries, number {{first}} to {{last}}", broken: "{{count}} findings: the log was changed",
    number: "No.", at: "When", who: "Who", action: "Action", object: "To what", detail: "More", user: "User {{user}}", token: "token {{token}}", machine: "machine: {{by}}",
    room: "Room", byUser: "Number of a user", kind: "Kind", id: "Number", all: "All", hash: "Hash",
  },
  zh: {
    title: "审计日志", verify: "校验整条日志", whole: "完整：共 {{entries}} 条，第 {{first}} 至 {{last}} 条", broken: "发现 {{count}} 处问题：日志被改动",
    number: "序号", at: "时间", who: "操作者", action: "操作", object: "对象", detail: "详情", user: "用户 {{user}}", token: "令牌 {{token}}", machine: "系统：{{by}}",
    room: "类别", byUser: "用户编号", kind: "对象类型", id: "对象编号", all: "全部", hash: "哈希",
  },
});

const ROOMS = ["session", "user", "totp", "token", "setting", "company", "tenant", "script", "list", "task", "call", "recording", "result", "freeze", "consent", "complaint", "subject", "audit"];

export function Component() {
  const t = useWords();
  const [query, setQuery] = useSearchParams();
  const [shown, setShown] = useState<Entry | null>(null);
  const wanted = { room: query.get("room") ?? "", user: query.get("user") ?? "", kind: query.get("kind") ?? "", object: query.get("object") ?? "" };
  const change = (name: string, value: string) => {
    const next = new URLSearchParams(query);
    if (value) next.set(name, value);
    else next.delete(name);
    setQuery(next, { replace: true });
  };
  const verify = useMutation<components["schemas"]["Verification"], Problem>({ mutationFn: () => data(api.POST("/api/v1/audit/verify")), meta: { quiet: true } });
  const user = /^[1-9]\d{0,17}$/.test(wanted.user) ? Number(wanted.user) : undefined;
  return (
    <Page
      title={t("title")}
      actions={
        <Button icon={<SafetyCertificateOutlined />} loading={verify.isPending} onClick={() => verify.mutate()}>
          {t("verify")}
        </Button>
      }
    >
      <ProblemAlert error={verify.error} />
      {verify.data && (
        <Alert
          type={verify.data.whole ? "success" : "error"}
          showIcon
          style={{ marginBottom: 12 }}
          title={
            verify.data.whole
              ? t("whole", { entries: verify.data.entries, first: verify.data.first, last: verify.data.last })
              : t("broken", { count: verify.data.count })
          }
          description={
            verify.data.whole ? (
              <Typography.Text className="mono" copyable={{ text: verify.data.last_hash }} type="secondary">
                {verify.data.last_hash.slice(0, 24)}…
              </Typography.Text>
            ) : (
              <ul>
                {verify.data.findings.slice(0, 20).map((each, at) => (
                  <li key={at}>{`${each.seq}: ${each.detail} [${each.found}]`}</li>
                ))}
              </ul>
            )
          }
        />
      )}
      <Space wrap style={{ marginBottom: 12 }}>
        <Select
          aria-label={t("room")}
          value={wanted.room}
          style={{ width: 160 }}
          onChange={(room) => change("room", room)}
          options={[{ value: "", label: `${t("room")}: ${t("all")}` }, ...ROOMS.map((each) => ({ value: each, label: each }))]}
        />
        <Input.Search aria-label={t("byUser")} placeholder={t("byUser")} allowClear defaultValue={wanted.user} onSearch={(value) => change("user", value.trim())} style={{ width: 180 }} />
        <Input.Search aria-label={t("kind")} placeholder={t("kind")} allowClear defaultValue={wanted.kind} onSearch={(value) => change("kind", value.trim())} style={{ width: 160 }} />
        <Input.Search aria-label={t("id")} placeholder={t("id")} allowClear defaultValue={wanted.object} onSearch={(value) => change("object", value.trim())} style={{ width: 180 }} />
      </Space>
      <CursorTable<Entry>
        label={t("title")}
        queryKey={["audit", wanted.room, wanted.user, wanted.kind, wanted.object]}
        fetch={(cursor) =>
          data(
            api.GET("/api/v1/audit", {
              params: { query: { cursor, limit: 50, action: wanted.room && `${wanted.room}.`, kind: wanted.kind, object: wanted.object, ...(user ? { user } : {}) } },
            }),
          )
        }
        rowKey={(row) => String(row.seq)}
        onOpen={setShown}
        columns={[
          { title: t("number"), dataIndex: "seq", className: "numeric", align: "end" },
          { title: t("at"), dataIndex: "at", render: (at: string) => <When at={at} /> },
          { title: t("who"), key: "who", render: (_, row) => <Who entry={row} /> },
          { title: t("action"), dataIndex: "action", render: (action: string) => <Tag>{action}</Tag> },
          { title: t("object"), key: "object", render: (_, row) => `${row.kind} ${row.object}` },
          { title: t("detail"), dataIndex: "detail", ellipsis: true, width: 320, render: (detail: Record<string, unknown>) => brief(detail) },
        ]}
      />
      <Drawer open={shown !== null} size={480} title={shown ? `${t("number")} ${shown.seq}` : ""} onClose={() => setShown(null)}>
        {shown && (
          <Descriptions
            column={1}
            size="small"
            styles={{ label: { color: "inherit" } }}
            items={[
              { key: "at", label: t("at"), children: <When at={shown.at} /> },
              { key: "who", label: t("who"), children: <Who entry={shown} /> },
              { key: "action", label: t("action"), children: shown.action },
              { key: "object", label: t("object"), children: `${shown.kind} ${shown.object}` },
              ...Object.entries(shown.detail).map(([name, value]) => ({ key: `d-${name}`, label: name, children: <span style={{ overflowWrap: "anywhere" }}>{text(value)}</span> })),
              { key: "hash", label: t("hash"), children: <span className="mono" style={{ overflowWrap: "anywhere" }}>{shown.hash}</span> },
            ]}
          />
        )}
      </Drawer>
    </Page>
  );
}

function Who({ entry }: { entry: Entry }) {
  const t = useWords();
  if (entry.via === "system") return <>{t("machine", { by: entry.by || "—" })}</>;
  return (
    <>
      {t("user", { user: entry.user ?? "—" })}
      {entry.token !== null && ` · ${t("token", { token: entry.token })}`}
    </>
  );
}

const text = (value: unknown): string => (Array.isArray(value) ? value.join(", ") : String(value ?? "—"));
const brief = (detail: Record<string, unknown>): string =>
  Object.entries(detail)
    .map(([name, value]) => `${name}: ${text(value)}`)
    .join(" · ");
