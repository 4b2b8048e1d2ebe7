// Health of our own numbers: how their calls are taken, where they are registered.
import { App, Button, Checkbox, Space, Table, Tag, Tooltip, Typography } from "antd";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, data } from "@/api/client";
import { useMay } from "@/app/viewer";
import { NumberReason, numberReason } from "@/ui/numberReason";
import { ProblemAlert } from "@/ui/problems";
import { REGISTRIES } from "@/ui/registries";
import { When } from "@/ui/When";
import { language } from "@/words";
import { Desk } from "./Desk";
import type { NumberHealthRow } from "./types";
import { useWords } from "./words";

const KEY = ["number-health"];

export function Component() {
  const t = useWords();
  const may = useMay();
  const cache = useQueryClient();
  const { message } = App.useApp();
  const health = useQuery({ queryKey: KEY, queryFn: () => data(api.GET("/api/v1/number-health")), refetchInterval: 60_000 });
  const told = async (changed: { numbers: string[] }) => {
    await cache.invalidateQueries({ queryKey: KEY });
    void message.info(changed.numbers.length ? t("changed", { numbers: changed.numbers.join(", ") }) : t("nothingChanged"));
  };
  const slow = useMutation({ mutationFn: () => data(api.POST("/api/v1/number-health/slow")), onSuccess: told });
  const recover = useMutation({ mutationFn: () => data(api.POST("/api/v1/number-health/recover")), onSuccess: told });
  const share = (part: number, of: number) => (of ? `${part} (${Math.round((100 * part) / of)} %)` : String(part));
  return (
    <Desk
      title={t("numbers")}
      actions={
        may("lines.manage") && (
          <Space>
            <Button loading={recover.isPending} onClick={() => recover.mutate()}>
              {t("recover")}
            </Button>
            <Button loading={slow.isPending} onClick={() => slow.mutate()}>
              {t("slow")}
            </Button>
          </Space>
        )
      }
    >
      <ProblemAlert error={health.error} onRetry={() => void health.refetch()} />
      <Typography.Paragraph type="secondary">
        {t("health", { days: health.data?.days ?? 7 })} · {t("norms", { least: health.data?.least ?? 30 })}
      </Typography.Paragraph>
      <Table<NumberHealthRow>
        size="small"
        loading={health.isPending}
        dataSource={health.data?.items}
        rowKey="id"
        pagination={false}
        scroll={{ x: "max-content" }}
        columns={[
          { title: t("number"), dataIndex: "number", className: "numeric" },
          { title: t("pool"), render: (_, row) => `${row.pool} · ${row.trunk}` },
          { title: t("state"), render: (_, row) => <State state={row.state} reason={row.state_reason} /> },
          { title: t("advice"), render: (_, row) => (row.state === "retired" ? "—" : <State state={row.advice} reason={row.advice_reason} />) },
          { title: t("dials"), dataIndex: "dialled", align: "right", className: "numeric" },
          { title: t("answers"), align: "right", className: "numeric", render: (_, row) => share(row.answered, row.dialled) },
          { title: t("short"), align: "right", className: "numeric", render: (_, row) => share(row.short, row.answered) },
          { title: t("refusedCalls"), align: "right", className: "numeric", render: (_, row) => share(row.refused, row.dialled) },
          { title: t("blocked"), align: "right", className: "numeric", render: (_, row) => share(row.blocked, row.dialled) },
          { title: t("complaints"), dataIndex: "complaints", align: "right", className: "numeric" },
          { title: t("registrations"), render: (_, row) => <Registrations row={row} /> },
        ]}
      />
    </Desk>
  );
}

function State({ state, reason }: { state: string; reason: string }) {
  const t = useWords();
  const told: Record<string, [string, string]> = {
    active: ["success", t("active")], slowed: ["warning", t("slowed")], resting: ["error", t("resting")], retired: ["default", t("retired")],
  };
  const [color, word] = told[state] ?? ["default", state];
  return (
    <Tooltip title={reason && <NumberReason told={reason} />}>
      <Tag color={color}>{word}</Tag>
      {reason && <Typography.Text type="secondary" style={{ fontSize: 12 }}>{numberReason(reason)}</Typography.Text>}
    </Tooltip>
  );
}

function Registrations({ row }: { row: NumberHealthRow }) {
  const may = useMay();
  const cache = useQueryClient();
  const tick = useMutation({
    mutationFn: (registry: string) =>
      data(api.POST("/api/v1/own-numbers/{own_number}/registrations", { params: { path: { own_number: row.id } }, body: { registry, note: "" } })),
    onSuccess: () => cache.invalidateQueries({ queryKey: KEY }),
  });
  return (
    <Space orientation="vertical" size={0}>
      {row.registrations.map((one) => (
        <Checkbox
          key={one.registry}
          checked={one.done_at !== null}
          disabled={one.done_at !== null || !may("lines.manage") || tick.isPending}
          onChange={() => tick.mutate(one.registry)}
        >
          {REGISTRIES[one.registry]?.[language() === "zh" ? 1 : 0] ?? one.registry} {one.done_at && <When at={one.done_at} />} {one.note}
        </Checkbox>
      ))}
    </Space>
  );
}
