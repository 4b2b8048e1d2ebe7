// What a robot seat costs and brings beside a human one: ranges in, ranges out.
import { Alert, Button, Card, Col, Flex, InputNumber, Row, Table } from "antd";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, data } from "@/api/client";
import type { components } from "@/api/schema";
import { useWords } from "./words";

type Seat = components["schemas"]["SeatBody"];
type Kind = "robot" | "human";
type Field = keyof Seat;
const FIELDS: { name: Field; word: "seat_month" | "minute" | "calls_month" | "share_answered" | "share_wanted" | "talk_min"; share?: boolean }[] = [
  { name: "seat", word: "seat_month" },
  { name: "minute", word: "minute" },
  { name: "calls", word: "calls_month" },
  { name: "answered", word: "share_answered", share: true },
  { name: "wanted", word: "share_wanted", share: true },
  { name: "talk_min", word: "talk_min" },
];
const KEPT = "callwright.costs";
const FIRST: Record<Kind, Seat> = {
  robot: { seat: { low: 200, high: 1200 }, minute: { low: 0.06, high: 0.15 }, calls: { low: 12000, high: 22000 }, answered: { low: 0.2, high: 0.45 }, wanted: { low: 0.01, high: 0.05 }, talk_min: { low: 0.4, high: 1 } },
  human: { seat: { low: 5000, high: 9000 }, minute: { low: 0.06, high: 0.15 }, calls: { low: 2500, high: 6500 }, answered: { low: 0.2, high: 0.45 }, wanted: { low: 0.02, high: 0.08 }, talk_min: { low: 0.8, high: 2 } },
};

function kept(): Record<Kind, Seat> {
  try {
    return { ...FIRST, ...(JSON.parse(localStorage.getItem(KEPT) ?? "{}") as Partial<Record<Kind, Seat>>) };
  } catch {
    return FIRST;
  }
}

const ordered = (seat: Seat): Seat =>
  Object.fromEntries(Object.entries(seat).map(([name, { low, high }]) => [name, { low: Math.min(low, high), high: Math.max(low, high) }])) as unknown as Seat;

export function Costs({ over }: { over: { since: string; before: string; task?: number; zone: string } }) {
  const t = useWords();
  const [seats, setSeats] = useState(kept);
  const body = { robot: ordered(seats.robot), human: ordered(seats.human) };
  const found = useQuery({
    queryKey: ["analytics", "costs", body],
    queryFn: () => data(api.POST("/api/v1/analytics/costs", { body })),
    placeholderData: (old) => old,
    staleTime: Infinity,
  });
  const real = useQuery({ queryKey: ["analytics", "overview", over], queryFn: () => data(api.GET("/api/v1/analytics/overview", { params: { query: over } })) });
  const keep = (next: Record<Kind, Seat>) => {
    setSeats(next);
    localStorage.setItem(KEPT, JSON.stringify(next));
  };
  const change = (kind: Kind, field: Field, end: "low" | "high", value: number) =>
    keep({ ...seats, [kind]: { ...seats[kind], [field]: { ...seats[kind][field], [end]: value } } });
  const take = () => {
    const seen = real.data;
    if (!seen?.answered.part) return;
    const minutes = seen.talk_ms / 60_000 / seen.answered.part;
    const round = (value: number) => Math.round(value * 1000) / 1000;
    keep({
      ...seats,
      robot: {
        ...seats.robot,
        answered: { low: round(seen.answered.low), high: round(seen.answered.high) },
        wanted: { low: round(seen.wanted.low), high: round(seen.wanted.high) },
        talk_min: { low: round(minutes), high: round(minutes) },
      },
    });
  };
  const form = (kind: Kind) => (
    <Col xs={24} lg={12}>
      <Card
        size="small"
        title={t(`${kind}_seat` as "robot_seat")}
        extra={
          kind === "robot" && (
            <Button size="small" disabled={!real.data?.answered.part} onClick={take}>
              {t("take")}
            </Button>
          )
        }
      >
        <Flex vertical gap={6}>
          {FIELDS.map(({ name, word, share }) => (
            <Flex key={name} gap={8} align="center">
              <span style={{ flex: 1 }}>{t(word)}</span>
              {(["low", "high"] as const).map((end) => (
                <InputNumber
                  key={end}
                  size="small"
                  min={0}
                  max={share ? 100 : 1e9}
                  aria-label={`${t(`${kind}_seat` as "robot_seat")}: ${t(word)}, ${t(end)}`}
                  value={share ? Math.round(1000 * seats[kind][name][end]) / 10 : seats[kind][name][end]}
                  onChange={(value) => value !== null && change(kind, name, end, share ? value / 100 : value)}
                  style={{ width: 110 }}
                />
              ))}
            </Flex>
          ))}
        </Flex>
      </Card>
    </Col>
  );
  const shown = (range: { low: number; high: number } | null | undefined) => {
    if (!range) return t("unknown_cost");
    const digits = range.high < 100 ? 2 : 0;
    const number = (value: number) => value.toLocaleString(undefined, { maximumFractionDigits: digits });
    return `${number(range.low)} – ${number(range.high)}`;
  };
  const rows = (["month", "talked", "got", "per_answered", "per_wanted"] as const).map((name) => ({
    name,
    word: t(name === "month" ? "month_cost" : name),
    robot: shown(found.data?.robot[name]),
    human: shown(found.data?.human[name]),
  }));
  return (
    <Flex vertical gap={12}>
      <Alert type="info" showIcon title={t("cost_about")} />
      <Row gutter={[12, 12]}>
        {form("robot")}
        {form("human")}
      </Row>
      <Table
        size="small"
        rowKey="name"
        dataSource={rows}
        pagination={false}
        loading={found.isPending}
        columns={[
          { title: "", dataIndex: "word" },
          { title: t("robot_seat"), dataIndex: "robot", align: "right", className: "numeric" },
          { title: t("human_seat"), dataIndex: "human", align: "right", className: "numeric" },
        ]}
      />
    </Flex>
  );
}
