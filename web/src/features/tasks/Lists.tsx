// All lists of people to call.
import { PlusOutlined } from "@ant-design/icons";
import { Button, Flex, Input, Progress, Typography } from "antd";
import type { ColumnsType } from "antd/es/table";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link, useNavigate } from "react-router";
import { api, data } from "@/api/client";
import type { components } from "@/api/schema";
import { useMay } from "@/app/viewer";
import { CursorTable } from "@/ui/CursorTable";
import { Page } from "@/ui/Page";
import { When } from "@/ui/When";
import { words } from "@/words";
import { StateTag } from "./words";

type ListRow = components["schemas"]["ListRow"];

const useWords = words("lists", {
  en: {
    title: "Lists", import: "Import a list", name: "Name", state: "State", people: "People", refused: "Not taken", tasks: "Tasks", source: "File",
    created: "Created", by: "By", search: "Part of the name", empty: "No list yet: import one to call from", running: "Being imported",
  },
  zh: {
    title: "名单", import: "导入名单", name: "名称", state: "状态", people: "人数", refused: "未导入", tasks: "任务数", source: "文件",
    created: "创建时间", by: "创建人", search: "按名称搜索", empty: "还没有名单，请先导入", running: "正在导入",
  },
});

export function Component() {
  const t = useWords();
  const may = useMay();
  const go = useNavigate();
  const [q, setQ] = useState("");
  const columns: ColumnsType<ListRow> = [
    { title: t("name"), dataIndex: "name", render: (name: string, row) => <Link to={`/lists/${row.id}`}>{name}</Link> },
    { title: t("state"), dataIndex: "state", width: 110, render: (state: string) => <StateTag state={state} /> },
    { title: t("people"), dataIndex: "imported", align: "right", width: 110, className: "numeric", render: (n: number) => n.toLocaleString() },
    { title: t("refused"), dataIndex: "refused", align: "right", width: 100, className: "numeric", render: (n: number) => n.toLocaleString() },
    { title: t("tasks"), dataIndex: "tasks", align: "right", width: 80, className: "numeric" },
    { title: t("source"), dataIndex: "source", ellipsis: true },
    { title: t("created"), dataIndex: "created_at", width: 160, render: (at: string) => <When at={at} /> },
    { title: t("by"), dataIndex: "by", width: 120, ellipsis: true },
  ];
  return (
    <Page
      title={t("title")}
      actions={
        may("lists.write") && (
          <Button type="primary" icon={<PlusOutlined />} onClick={() => void go("/lists/import")}>
            {t("import")}
          </Button>
        )
      }
    >
      <Flex vertical gap={12}>
        <Input.Search allowClear placeholder={t("search")} aria-label={t("search")} style={{ maxWidth: 320 }} onSearch={setQ} />
        <Running title={t("running")} />
        <CursorTable<ListRow>
          label={t("title")}
          queryKey={["lists", q]}
          fetch={(cursor) => data(api.GET("/api/v1/lists", { params: { query: { cursor, q } } }))}
          columns={columns}
          rowKey={(row) => String(row.id)}
          onOpen={(row) => void go(`/lists/${row.id}`)}
          empty={t("empty")}
          refetchMs={10_000}
        />
      </Flex>
    </Page>
  );
}

/** Imports under way, whoever began them. */
function Running({ title }: { title: string }) {
  const jobs = useQuery({
    queryKey: ["jobs"],
    queryFn: () => data(api.GET("/api/v1/jobs")),
    refetchInterval: 3_000,
  });
  const open = (jobs.data?.items ?? []).filter((job) => job.kind === "list.import" && ["waiting", "running"].includes(job.state));
  if (open.length === 0) return null;
  return (
    <div role="status">
      {open.map((job) => (
        <Flex key={job.id} gap={12} align="center">
          <Typography.Text>
            {title}: {job.about}
          </Typography.Text>
          <Progress
            style={{ maxWidth: 320 }}
            size="small"
            aria-label={`${title}: ${job.about}`}
            percent={job.total > 0 ? Math.min(100, Math.round((100 * job.done) / job.total)) : 0}
          />
        </Flex>
      ))}
    </div>
  );
}
