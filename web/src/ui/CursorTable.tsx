// A long list, page by page by cursor: as fast at the end as at the beginning. Keys: j/k or arrows move, Enter opens, n/p turn pages.
import { Button, Empty, Flex, Skeleton, Table, Typography } from "antd";
import type { ColumnsType } from "antd/es/table";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { type KeyboardEvent, type ReactNode, useEffect, useRef, useState } from "react";
import { words } from "@/words";
import { ProblemAlert } from "./problems";

export interface CursorPage<R> {
  items: R[];
  next?: string | null;
  total?: number | null;
}

const useWords = words("table", {
  en: { empty: "Nothing here yet", next: "Next", previous: "Back", page: "Page {{page}}", total: "{{total}} in all" },
  zh: { empty: "暂无数据", next: "下一页", previous: "上一页", page: "第 {{page}} 页", total: "共 {{total}} 条" },
});

interface Props<R extends object> {
  /** What the list is: its name and filters. A change begins at the first page. */
  queryKey: readonly unknown[];
  fetch: (cursor: string | undefined) => Promise<CursorPage<R>>;
  columns: ColumnsType<R>;
  rowKey: (row: R) => string;
  onOpen?: (row: R) => void;
  empty?: ReactNode;
  refetchMs?: number;
  selection?: { keys: string[]; onChange: (keys: string[]) => void };
  label: string;
}

export function CursorTable<R extends object>({ queryKey, fetch, columns, rowKey, onOpen, empty, refetchMs, selection, label }: Props<R>) {
  const t = useWords();
  const [cursors, setCursors] = useState<(string | undefined)[]>([undefined]);
  const [at, setAt] = useState(-1);
  const name = JSON.stringify(queryKey);
  useEffect(() => {
    setCursors([undefined]);
    setAt(-1);
  }, [name]);
  const cursor = cursors[cursors.length - 1];
  const page = useQuery({
    queryKey: [...queryKey, "page", cursor ?? ""],
    queryFn: () => fetch(cursor),
    placeholderData: keepPreviousData,
    refetchInterval: refetchMs ?? false,
  });
  const rows = page.data?.items ?? [];
  const next = () => page.data?.next && setCursors([...cursors, page.data.next]);
  const previous = () => cursors.length > 1 && setCursors(cursors.slice(0, -1));
  const key = (event: KeyboardEvent) => {
    const target = event.target as HTMLElement;
    if (target.closest("input, textarea, [contenteditable]")) return;
    const act: Record<string, () => void> = {
      j: () => setAt(Math.min(at + 1, rows.length - 1)),
      ArrowDown: () => setAt(Math.min(at + 1, rows.length - 1)),
      k: () => setAt(Math.max(at - 1, 0)),
      ArrowUp: () => setAt(Math.max(at - 1, 0)),
      Enter: () => rows[at] && onOpen?.(rows[at]),
      n: () => next(),
      p: () => previous(),
    };
    const found = act[event.key];
    if (found) {
      event.preventDefault();
      found();
    }
  };
  const around = useRef<HTMLDivElement>(null);
  useEffect(() => around.current?.querySelector(".ant-table-content")?.setAttribute("tabindex", "0")); // it scrolls: with keys, too
  if (page.isPending) return <Skeleton active paragraph={{ rows: 8 }} />;
  return (
    <div ref={around} tabIndex={0} onKeyDown={key} role="region" aria-label={label} className="cursor-table">
      <ProblemAlert error={page.error} onRetry={() => void page.refetch()} />
      <Table<R>
        size="small"
        columns={columns}
        dataSource={rows}
        rowKey={rowKey}
        loading={page.isFetching && page.isPlaceholderData}
        pagination={false}
        scroll={{ x: "max-content" }}
        rowSelection={
          selection && {
            selectedRowKeys: selection.keys,
            onChange: (keys) => selection.onChange(keys.map(String)),
            getCheckboxProps: (row) => ({ "aria-label": rowKey(row) }) as never,
          }
        }
        rowClassName={(_, index) => (index === at ? "ant-table-row-selected" : "")}
        onRow={(row) => (onOpen ? { onClick: () => onOpen(row), style: { cursor: "pointer" } } : {})}
        locale={{ emptyText: <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={empty ?? t("empty")} /> }}
      />
      <Flex align="center" gap={8} style={{ marginTop: 8 }}>
        <Button size="small" disabled={cursors.length === 1} onClick={previous}>
          {t("previous")}
        </Button>
        <Typography.Text type="secondary" className="numeric">
          {t("page", { page: cursors.length })}
          {page.data?.total != null && ` · ${t("total", { total: page.data.total })}`}
        </Typography.Text>
        <Button size="small" disabled={!page.data?.next} onClick={next}>
          {t("next")}
        </Button>
      </Flex>
    </div>
  );
}
