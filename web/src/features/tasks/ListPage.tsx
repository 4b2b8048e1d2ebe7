// One list: who is on it (numbers masked unless one may see them), export, delete.
import { DownloadOutlined } from "@ant-design/icons";
import { App, Button, Card, Descriptions, Flex, Skeleton, Space, Tag, Typography } from "antd";
import type { ColumnsType } from "antd/es/table";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useNavigate, useParams } from "react-router";
import { api, data, queries } from "@/api/client";
import type { components } from "@/api/schema";
import { useMay } from "@/app/viewer";
import { CursorTable } from "@/ui/CursorTable";
import { JobProgress, jobFile, useJob } from "@/ui/Job";
import { Page } from "@/ui/Page";
import { ProblemAlert } from "@/ui/problems";
import { When } from "@/ui/When";
import { language, words } from "@/words";
import { say, StateTag } from "./words";

type PersonRow = components["schemas"]["PersonRow"];

const BASES: Record<string, readonly [string, string]> = {
  consent: ["consent", "本人同意"], contract: ["contract", "合同"], legal_obligation: ["legal obligation", "法定义务"], existing_customer: ["existing customer", "老客户"],
  "": ["none", "无"],
};

const useWords = words("list", {
  en: {
    list: "List", people: "People", rows: "Rows of its files", refused: "Not taken", duplicates: "Twice", tasks: "Tasks", created: "Created", source: "File",
    row: "Line", number: "Number", country: "Country", variables: "Variables", basis: "Basis", given: "Given at", until: "Valid until", revoked: "revoked",
    exportCsv: "Export CSV", exportXlsx: "Export XLSX", download: "Download", delete: "Delete", deleteAsk: "Take everybody off this list and delete it?",
    deleteWhat: "Consents and freezes stay in the ledger.", newTask: "Make a task", failed: "Its import was cut off or failed: import the file again to finish it.",
  },
  zh: {
    list: "名单", people: "人数", rows: "文件行数", refused: "未导入", duplicates: "重复", tasks: "任务数", created: "创建时间", source: "文件",
    row: "行", number: "号码", country: "国家", variables: "变量", basis: "呼叫依据", given: "同意时间", until: "有效期至", revoked: "已撤回",
    exportCsv: "导出 CSV", exportXlsx: "导出 XLSX", download: "下载", delete: "删除", deleteAsk: "清空并删除此名单？",
    deleteWhat: "同意台账与冻结库的记录保留。", newTask: "创建任务", failed: "导入中断或失败：重新导入同一文件即可继续。",
  },
});

export function Component() {
  const t = useWords();
  const may = useMay();
  const go = useNavigate();
  const { modal } = App.useApp();
  const list_id = Number(useParams()["list"]);
  const list = useQuery({
    queryKey: ["list", list_id],
    queryFn: () => data(api.GET("/api/v1/lists/{list_id}", { params: { path: { list_id } } })),
    refetchInterval: 10_000,
  });
  const [job, setJob] = useState<string | null>(null);
  const exported = useJob(job);
  const exporting = useMutation({
    mutationFn: (form: "csv" | "xlsx") =>
      data(api.POST("/api/v1/lists/{list_id}/exports", { params: { path: { list_id } }, body: { form, whole_numbers: may("numbers.unmasked"), lang: language() } })),
    onSuccess: (found) => setJob(found.id),
  });
  const deleting = useMutation({
    mutationFn: () => data(api.DELETE("/api/v1/lists/{list_id}", { params: { path: { list_id } } })),
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: ["lists"] });
      void go("/lists");
    },
  });
  if (list.isPending) return <Skeleton active />;
  if (!list.data) return <ProblemAlert error={list.error} onRetry={() => void list.refetch()} />;
  const row = list.data;
  const columns: ColumnsType<PersonRow> = [
    { title: t("row"), dataIndex: "row", width: 80, align: "right", className: "numeric" },
    { title: t("number"), dataIndex: "number", width: 160, className: "numeric" },
    { title: t("country"), dataIndex: "country", width: 80 },
    {
      title: t("variables"),
      render: (_, person) => (
        <Space wrap size={4}>
          {Object.entries(person.variables).map(([name, value]) => (
            <Tag key={name}>
              {name}: {value}
            </Tag>
          ))}
        </Space>
      ),
    },
    {
      title: t("basis"),
      width: 150,
      render: (_, person) => (
        <>
          {say(BASES, person.basis)} {person.revoked_at && <Tag color="error">{t("revoked")}</Tag>}
        </>
      ),
    },
    { title: t("given"), dataIndex: "given_at", width: 150, render: (at: string | null) => <When at={at} /> },
    { title: t("until"), dataIndex: "valid_until", width: 150, render: (at: string | null) => <When at={at} /> },
  ];
  const number = (value: number) => <span className="numeric">{value.toLocaleString()}</span>;
  return (
    <Page
      title={row.name}
      extra={<StateTag state={row.state} />}
      actions={
        <Space wrap>
          {may("results.export") && (
            <>
              <Button icon={<DownloadOutlined />} loading={exporting.isPending} onClick={() => exporting.mutate("csv")}>
                {t("exportCsv")}
              </Button>
              <Button onClick={() => exporting.mutate("xlsx")}>{t("exportXlsx")}</Button>
            </>
          )}
          {may("lists.write") && (
            <Button
              danger
              disabled={row.tasks > 0}
              loading={deleting.isPending}
              onClick={() => modal.confirm({ title: t("deleteAsk"), content: t("deleteWhat"), okText: t("delete"), okButtonProps: { danger: true }, onOk: () => deleting.mutateAsync() })}
            >
              {t("delete")}
            </Button>
          )}
          {may("tasks.write") && (
            <Button type="primary" disabled={row.state !== "ready"} onClick={() => void go(`/tasks/new?list=${row.id}`)}>
              {t("newTask")}
            </Button>
          )}
        </Space>
      }
    >
      <Flex vertical gap={12}>
        {row.state === "failed" && <Typography.Text type="danger">{t("failed")}</Typography.Text>}
        {job && (
          <Card size="small">
            <JobProgress job={exported.data} error={exported.error}>
              {exported.data?.state === "done" &&
                exported.data.files.map((name) => (
                  <Button key={name} type="primary" href={jobFile(exported.data!, name)} download>
                    {t("download")} {name}
                  </Button>
                ))}
            </JobProgress>
          </Card>
        )}
        <Descriptions
          size="small"
          column={{ xs: 1, sm: 2, lg: 4 }}
          items={[
            { key: "people", label: t("people"), children: number(row.imported) },
            { key: "rows", label: t("rows"), children: number(row.rows) },
            { key: "refused", label: t("refused"), children: number(row.refused) },
            { key: "duplicates", label: t("duplicates"), children: number(row.duplicates) },
            { key: "tasks", label: t("tasks"), children: number(row.tasks) },
            { key: "source", label: t("source"), children: row.source || "—" },
            { key: "created", label: t("created"), children: <When at={row.created_at} /> },
          ]}
        />
        <CursorTable<PersonRow>
          label={t("people")}
          queryKey={["list", list_id, "people"]}
          fetch={(cursor) => data(api.GET("/api/v1/lists/{list_id}/people", { params: { path: { list_id }, query: { cursor } } }))}
          columns={columns}
          rowKey={(person) => String(person.lead)}
        />
      </Flex>
    </Page>
  );
}
