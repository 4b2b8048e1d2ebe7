// All tasks, with how far they are; start and pause where they stand.
import { CaretRightOutlined, PauseOutlined, PlusOutlined } from "@ant-design/icons";
import { Button, Flex, Input, Progress, Select, Tooltip, Typography } from "antd";
import type { ColumnsType } from "antd/es/table";
import { useState } from "react";
import { Link, useNavigate } from "react-router";
import { api, data } from "@/api/client";
import type { components } from "@/api/schema";
import { useMay } from "@/app/viewer";
import { CursorTable } from "@/ui/CursorTable";
import { Page } from "@/ui/Page";
import { When } from "@/ui/When";
import { words } from "@/words";
import { type Action, useAsking } from "./asking";
import { ACTIONS, say, STATES, StateTag } from "./words";

type TaskRow = components["schemas"]["TaskRow"];

const useWords = words("tasks", {
  en: {
    title: "Tasks", new: "New task", name: "Name", state: "State", progress: "Progress", active: "On the phone", dialled: "Dialled", robots: "Robots",
    list: "List", line: "Line", created: "Created", search: "Part of the name", states: "All states", empty: "No task yet: import a list, then make one",
    of: "{{done}} of {{total}} finished", notBegun: "{{n}} people on the list",
  },
  zh: {
    title: "外呼任务", new: "新建任务", name: "名称", state: "状态", progress: "进度", active: "通话中", dialled: "已拨", robots: "机器人",
    list: "名单", line: "线路", created: "创建时间", search: "按名称搜索", states: "全部状态", empty: "还没有任务，请先导入名单再新建",
    of: "已完成 {{done}} / {{total}}", notBegun: "名单共 {{n}} 人",
  },
});

export function Component() {
  const t = useWords();
  const may = useMay();
  const go = useNavigate();
  const [q, setQ] = useState("");
  const [states, setStates] = useState<TaskRow["state"][]>([]);
  const { ask, can, busy } = useAsking();
  const button = (row: TaskRow, action: Action, icon: React.ReactNode) => (
    <Tooltip title={say(ACTIONS, action)}>
      <Button
        size="small"
        icon={icon}
        loading={busy === row.id}
        aria-label={`${say(ACTIONS, action)}: ${row.name}`}
        onClick={(event) => {
          event.stopPropagation();
          ask(row, action);
        }}
      />
    </Tooltip>
  );
  const columns: ColumnsType<TaskRow> = [
    {
      title: "",
      width: 48,
      render: (_, row) =>
        can(row, "pause")
          ? button(row, "pause", <PauseOutlined />)
          : can(row, "resume")
            ? button(row, "resume", <CaretRightOutlined />)
            : can(row, "start")
              ? button(row, "start", <CaretRightOutlined />)
              : null,
    },
    { title: t("name"), dataIndex: "name", render: (name: string, row) => <Link to={`/tasks/${row.id}`}>{name}</Link> },
    {
      title: t("state"),
      dataIndex: "state",
      width: 150,
      render: (state: string, row) => (
        <Tooltip title={row.state_reason}>
          <span>
            <StateTag state={state} />
          </span>
        </Tooltip>
      ),
    },
    {
      title: t("progress"),
      width: 190,
      render: (_, row) => {
        const { finished, total } = row.counters;
        if (total === 0) return <Typography.Text type="secondary">{t("notBegun", { n: row.people.toLocaleString() })}</Typography.Text>;
        const told = t("of", { done: finished.toLocaleString(), total: total.toLocaleString() });
        return (
          <Tooltip title={told}>
            <Progress percent={Math.floor((100 * finished) / total)} size="small" aria-label={told} />
          </Tooltip>
        );
      },
    },
    { title: t("active"), width: 100, align: "right", className: "numeric", render: (_, row) => row.counters.active.toLocaleString() },
    { title: t("dialled"), width: 100, align: "right", className: "numeric", render: (_, row) => row.counters.dialled.toLocaleString() },
    { title: t("robots"), dataIndex: "robots", width: 80, align: "right", className: "numeric" },
    { title: t("list"), dataIndex: "list_name", ellipsis: true },
    { title: t("line"), dataIndex: "line_name", width: 120, ellipsis: true },
    { title: t("created"), dataIndex: "created_at", width: 150, render: (at: string) => <When at={at} /> },
  ];
  return (
    <Page
      title={t("title")}
      actions={
        may("tasks.write") && (
          <Button type="primary" icon={<PlusOutlined />} onClick={() => void go("/tasks/new")}>
            {t("new")}
          </Button>
        )
      }
    >
      <Flex vertical gap={12}>
        <Flex gap={12} wrap>
          <Input.Search allowClear placeholder={t("search")} aria-label={t("search")} style={{ maxWidth: 320 }} onSearch={setQ} />
          <Select
            mode="multiple"
            allowClear
            style={{ minWidth: 220 }}
            placeholder={t("states")}
            aria-label={t("state")}
            value={states}
            onChange={setStates}
            options={(["draft", "in_review", "approved", "scheduled", "running", "pausing", "paused", "done", "cancelled", "failed"] as const).map(
              (value) => ({ value, label: say(STATES, value) }),
            )}
          />
        </Flex>
        <CursorTable<TaskRow>
          label={t("title")}
          queryKey={["tasks", "list", q, states]}
          fetch={(cursor) => data(api.GET("/api/v1/tasks", { params: { query: { cursor, q, state: states } } }))}
          columns={columns}
          rowKey={(row) => String(row.id)}
          onOpen={(row) => void go(`/tasks/${row.id}`)}
          empty={t("empty")}
          refetchMs={3_000}
        />
      </Flex>
    </Page>
  );
}
