// All calls that are over: filters that are an address one can share, columns of one's choice, words in transcripts, export.
import { DownloadOutlined, FilterOutlined, SettingOutlined } from "@ant-design/icons";
import { Button, Checkbox, DatePicker, Flex, Input, InputNumber, Popover, Select, Tag, Tooltip, Typography } from "antd";
import type { ColumnsType } from "antd/es/table";
import { useQuery } from "@tanstack/react-query";
import dayjs from "dayjs";
import { useState } from "react";
import { Link, useNavigate } from "react-router";
import { api, data } from "@/api/client";
import type { components } from "@/api/schema";
import { useMay } from "@/app/viewer";
import { CursorTable } from "@/ui/CursorTable";
import { Page } from "@/ui/Page";
import { Duration, When } from "@/ui/When";
import { language } from "@/words";
import { ExportDialog } from "./ExportDialog";
import { type Filters, GRADES, Grade, Outcome, useFilters } from "./parts";
import { OUTCOMES } from "./outcomes";
import { SavedViews } from "./SavedViews";
import { useWords } from "./words";

type Row = components["schemas"]["CallRow"];
const SHOWN = "callwright.calls.columns";
const FIRST = ["started", "number", "task", "outcome", "grade", "reason", "talk", "tags"];

export function Component() {
  const t = useWords();
  const may = useMay();
  const go = useNavigate();
  const { filters, set, clear } = useFilters();
  const [more, setMore] = useState(false);
  const [exporting, setExporting] = useState(false);
  const [shown, setShown] = useState<string[]>(() => JSON.parse(localStorage.getItem(SHOWN) ?? "null") ?? FIRST);
  const tasks = useTasks();
  const byWords = Boolean(filters.words || filters.tag || filters.node || filters.kb || filters.slot);
  const all: (ColumnsType<Row>[number] & { key: string })[] = [
    {
      key: "started",
      title: t("started"),
      width: 140,
      render: (_, row) => (
        <Link to={`/calls/${encodeURIComponent(row.call)}`} onClick={(event) => event.stopPropagation()}>
          <When at={row.started_at} />
        </Link>
      ),
    },
    { key: "number", title: t("number"), width: 130, className: "numeric", render: (_, row) => row.number || <Typography.Text type="secondary">{t("erased")}</Typography.Text> },
    { key: "task", title: t("task"), width: 130, ellipsis: true, dataIndex: "task_name" },
    {
      key: "script",
      title: t("script"),
      width: 170,
      render: (_, row) => row.script && (
        <>
          {row.script} <Typography.Text type="secondary" className="mono">{row.version}</Typography.Text>
        </>
      ),
    },
    { key: "outcome", title: t("outcome"), width: 110, render: (_, row) => <Outcome name={row.disposition} /> },
    { key: "agent", title: t("agent"), width: 110, ellipsis: true, render: (_, row) => row.agent_name || (row.agent ? `#${row.agent}` : "") },
    { key: "grade", title: t("grade"), width: 80, align: "center", render: (_, row) => <Grade grade={row.grade} /> },
    {
      key: "reason",
      title: filters.words ? t("transcript") : t("reason"),
      width: 220,
      ellipsis: true,
      render: (_, row) => (row.hits?.length ? row.hits.map((hit) => <Hit key={hit.at_ms} text={hit.text} words={filters.words ?? ""} />) : row.reason),
    },
    { key: "talk", title: t("talk"), width: 90, align: "right", render: (_, row) => (row.answered ? <Duration ms={row.talk_ms} /> : "—") },
    { key: "tags", title: t("tags"), width: 110, render: (_, row) => row.tags.map((tag) => <Tag key={tag}>{tag}</Tag>) },
    { key: "follow_up", title: t("follow_up"), width: 180, ellipsis: true, dataIndex: "follow_up" },
    { key: "own_number", title: t("own_number"), width: 140, dataIndex: "own_number", className: "numeric" },
  ];
  const columns = all.filter((column) => shown.includes(column.key));
  const choose = (names: string[]) => {
    setShown(names);
    localStorage.setItem(SHOWN, JSON.stringify(names));
  };
  return (
    <Page
      title={t("title")}
      extra={<Typography.Text type="secondary">{t("keys")}</Typography.Text>}
      actions={
        <Flex gap={8}>
          <SavedViews />
          <Popover
            trigger="click"
            title={t("columns")}
            content={
              <Checkbox.Group
                style={{ display: "flex", flexDirection: "column" }}
                value={shown}
                onChange={(names) => choose(names.map(String))}
                options={all.map((column) => ({ value: column.key, label: t(column.key as "started") }))}
              />
            }
          >
            <Button icon={<SettingOutlined />}>{t("columns")}</Button>
          </Popover>
          {may("results.export") && (
            <Button icon={<DownloadOutlined />} onClick={() => setExporting(true)}>
              {t("export")}
            </Button>
          )}
        </Flex>
      }
    >
      <Flex gap={8} wrap align="center" role="search" aria-label={t("filters")} style={{ marginBottom: 8 }}>
        <Tooltip title={t("search_hint")}>
          <Input.Search
            key={filters.words ?? ""}
            allowClear
            defaultValue={filters.words ?? ""}
            placeholder={t("search")}
            aria-label={t("search")}
            maxLength={100}
            style={{ width: 230 }}
            onSearch={(words) => set({ words: words.trim() || undefined })}
          />
        </Tooltip>
        <DatePicker.RangePicker
          aria-label={t("span")}
          value={[filters.since ? dayjs(filters.since) : null, filters.before ? dayjs(filters.before) : null]}
          allowEmpty={[true, true]}
          placeholder={[t("from"), t("to")]}
          showTime={{ format: "HH:mm" }}
          format="YYYY-MM-DD HH:mm"
          onChange={(span) => set({ since: span?.[0]?.toISOString(), before: span?.[1]?.toISOString() })}
          style={{ width: 300 }}
        />
        <Select
          mode="multiple"
          allowClear
          aria-label={t("grades")}
          placeholder={t("grades")}
          value={filters.grade ?? []}
          onChange={(grade) => set({ grade })}
          options={GRADES.map((grade) => ({ value: grade, label: grade }))}
          style={{ minWidth: 130 }}
          maxTagCount="responsive"
        />
        <Select
          mode="multiple"
          allowClear
          aria-label={t("outcomes")}
          placeholder={t("outcomes")}
          value={filters.disposition ?? []}
          onChange={(disposition) => set({ disposition })}
          options={Object.entries(OUTCOMES).map(([value, names]) => ({ value, label: names[language()] }))}
          optionFilterProp="label"
          style={{ minWidth: 150 }}
          maxTagCount="responsive"
        />
        <Select
          allowClear
          showSearch={{ optionFilterProp: "label" }}
          aria-label={t("task")}
          placeholder={t("task")}
          value={filters.task ?? undefined}
          onChange={(task) => set({ task })}
          options={tasks}
          style={{ minWidth: 150 }}
        />
        <Select
          aria-label={t("order")}
          disabled={byWords}
          title={byWords ? t("order_fixed") : undefined}
          value={byWords ? "newest" : (filters.order ?? "newest")}
          onChange={(order) => set({ order: order === "newest" ? undefined : order })}
          options={(["newest", "oldest", "longest"] as const).map((value) => ({ value, label: t(value) }))}
          style={{ width: 130 }}
        />
        <Button icon={<FilterOutlined />} type={more ? "primary" : "default"} ghost={more} aria-expanded={more} onClick={() => setMore(!more)}>
          {t("more")}
        </Button>
        {Object.keys(filters).length > 0 && (
          <Button type="link" onClick={clear}>
            {t("clear")}
          </Button>
        )}
      </Flex>
      {(more || filters.subject) && <MoreFilters filters={filters} set={set} />}
      <CursorTable<Row>
        label={t("title")}
        queryKey={["calls", filters]}
        fetch={(cursor) => data(api.GET("/api/v1/calls", { params: { query: { ...filters, cursor, limit: 50 } } }))}
        columns={columns}
        rowKey={(row) => row.call}
        onOpen={(row) => void go(`/calls/${encodeURIComponent(row.call)}`)}
        empty={t("none")}
      />
      {exporting && <ExportDialog filters={filters} onClose={() => setExporting(false)} />}
    </Page>
  );
}

function useTasks(): { value: number; label: string }[] {
  const may = useMay();
  const found = useQuery({
    queryKey: ["tasks", "names"],
    queryFn: () => data(api.GET("/api/v1/tasks", { params: { query: { limit: 200 } } })),
    enabled: may("tasks.read"),
    staleTime: 60_000,
  });
  return (found.data?.items ?? []).map((task) => ({ value: task.id, label: task.name }));
}

/** Everybody at the desk, for whoever looks after them. */
function useAgents(): { value: number; label: string }[] {
  const may = useMay();
  const found = useQuery({ queryKey: ["desk", "agents"], queryFn: () => data(api.GET("/api/v1/desk/agents")), enabled: may("desk.manage"), staleTime: 60_000 });
  return (found.data ?? []).map((one) => ({ value: one.user, label: one.name || `#${one.user}` }));
}

/** A sentence with the words that were looked for marked in it. */
function Hit({ text, words }: { text: string; words: string }) {
  const at = text.toLowerCase().indexOf(words.trim().toLowerCase());
  if (at < 0) return <div>“{text}”</div>;
  return (
    <div>
      “{text.slice(0, at)}
      <mark>{text.slice(at, at + words.trim().length)}</mark>
      {text.slice(at + words.trim().length)}”
    </div>
  );
}

function MoreFilters({ filters, set }: { filters: Filters; set: (change: Partial<Filters>) => void }) {
  const t = useWords();
  const agents = useAgents();
  const [masked, setMasked] = useState("");
  const look = async (number: string) => {
    if (!number.trim()) {
      set({ subject: undefined });
      return;
    }
    const found = await data(api.POST("/api/v1/calls/find-person", { body: { number: number.trim() } }));
    setMasked(found.number);
    set({ subject: found.subject });
  };
  const text = (name: "tag" | "node" | "kb" | "slot") => (
    <Input
      key={`${name}${filters[name] ?? ""}`}
      allowClear
      defaultValue={filters[name] ?? ""}
      placeholder={t(name)}
      aria-label={t(name)}
      maxLength={64}
      style={{ width: 150 }}
      onPressEnter={(event) => set({ [name]: event.currentTarget.value.trim() || undefined })}
      onBlur={(event) => set({ [name]: event.currentTarget.value.trim() || undefined })}
    />
  );
  return (
    <Flex gap={8} wrap align="center" style={{ marginBottom: 8 }}>
      {filters.subject ? (
        <Tag closable onClose={() => set({ subject: undefined })} style={{ marginInlineEnd: 0 }}>
          {t("who_set", { number: masked || "…" })}
        </Tag>
      ) : (
        <Tooltip title={t("who_hint")}>
          <Input.Search placeholder={t("who")} aria-label={t("who")} style={{ width: 190 }} maxLength={16} onSearch={(number) => void look(number)} />
        </Tooltip>
      )}
      {text("tag")}
      {text("node")}
      {text("kb")}
      {text("slot")}
      <InputNumber min={0} max={86400} value={filters.talk_from_s} placeholder={t("talk_from")} aria-label={t("talk_from")} style={{ width: 120 }} onChange={(value) => set({ talk_from_s: value ?? undefined })} />
      <InputNumber min={0} max={86400} value={filters.talk_to_s} placeholder={t("talk_to")} aria-label={t("talk_to")} style={{ width: 110 }} onChange={(value) => set({ talk_to_s: value ?? undefined })} />
      <Select
        allowClear
        aria-label={t("answered")}
        placeholder={t("answered")}
        value={filters.answered ?? undefined}
        onChange={(answered) => set({ answered })}
        options={[
          { value: true, label: t("answered_yes") },
          { value: false, label: t("answered_no") },
        ]}
        style={{ width: 130 }}
      />
      {(agents.length > 0 || filters.agent) && (
        <Select
          allowClear
          showSearch={{ optionFilterProp: "label" }}
          aria-label={t("agent")}
          placeholder={t("agent")}
          value={filters.agent ?? undefined}
          onChange={(agent) => set({ agent })}
          options={agents}
          style={{ width: 140 }}
        />
      )}
    </Flex>
  );
}
