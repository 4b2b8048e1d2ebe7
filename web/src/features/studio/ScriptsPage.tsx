// All scripts: how each stands, who changed it last, and which version is spoken.
import { PlusOutlined } from "@ant-design/icons";
import { Badge, Button, Flex, Input, Tag, Tooltip, Typography } from "antd";
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
import { NewScript } from "./NewScript";
import { StateTag } from "./StateTag";
import { useWords } from "./words";

type Standing = components["schemas"]["ScriptStandingView"];

export function Component() {
  const t = useWords();
  const go = useNavigate();
  const may = useMay();
  const [q, setQ] = useState("");
  const [making, setMaking] = useState(false);
  const waiting = useQuery({ queryKey: ["script-reviews"], queryFn: () => data(api.GET("/api/v1/script-reviews")), refetchInterval: 30_000 });
  const columns: ColumnsType<Standing> = [
    {
      title: t("script"),
      render: (_, row) => (
        <Flex vertical>
          <Link to={`/scripts/${encodeURIComponent(row.script)}`} onClick={(event) => event.stopPropagation()}>
            {row.title || row.script}
          </Link>
          <Typography.Text type="secondary" className="mono">
            {row.script}
          </Typography.Text>
        </Flex>
      ),
    },
    { title: t("state"), width: 110, render: (_, row) => <StateTag state={row.state} /> },
    { title: t("language"), width: 90, dataIndex: "language" },
    { title: t("purpose"), width: 110, render: (_, row) => row.purpose && t(`purpose.${row.purpose}` as "purpose.service") },
    {
      title: t("spoken"),
      width: 200,
      render: (_, row) =>
        row.published ? (
          <Flex gap={6} align="center">
            <Tag className="mono">{row.published.digest.slice(0, 8)}</Tag>
            <When at={row.published.at} />
          </Flex>
        ) : (
          <Typography.Text type="secondary">{t("none")}</Typography.Text>
        ),
    },
    { title: t("versions"), width: 80, dataIndex: "versions", align: "right", className: "numeric" },
    {
      title: t("changed"),
      width: 190,
      render: (_, row) => (
        <Flex vertical>
          <When at={row.changed_at} />
          <Typography.Text type="secondary">{row.changed_by}</Typography.Text>
        </Flex>
      ),
    },
  ];
  const first = waiting.data?.[0];
  return (
    <Page
      title={t("title")}
      actions={
        <Flex gap={8}>
          <Input.Search allowClear placeholder={t("search")} aria-label={t("search")} style={{ width: 220 }} maxLength={100} onSearch={setQ} />
          <Tooltip title={first ? `${first.script}` : undefined}>
            <Badge count={waiting.data?.length ?? 0} size="small">
              <Button disabled={!first} onClick={() => first && void go(`/scripts/${encodeURIComponent(first.script)}/review/${first.submission.digest}`)}>
                {t("reviews")}
              </Button>
            </Badge>
          </Tooltip>
          {may("scripts.write") && (
            <Button type="primary" icon={<PlusOutlined />} onClick={() => setMaking(true)}>
              {t("new")}
            </Button>
          )}
        </Flex>
      }
    >
      <CursorTable<Standing>
        queryKey={["scripts", q]}
        fetch={(cursor) => data(api.GET("/api/v1/scripts", { params: { query: { q, cursor, limit: 50 } } }))}
        columns={columns}
        rowKey={(row) => row.script}
        onOpen={(row) => void go(`/scripts/${encodeURIComponent(row.script)}`)}
        empty={t("empty")}
        label={t("title")}
      />
      <NewScript open={making} onClose={() => setMaking(false)} />
    </Page>
  );
}
