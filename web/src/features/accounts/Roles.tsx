// What each role may: the matrix, to read.
import { CheckOutlined } from "@ant-design/icons";
import { Skeleton, Table, Tooltip, Typography } from "antd";
import { useQuery } from "@tanstack/react-query";
import { api, data } from "@/api/client";
import { Page } from "@/ui/Page";
import { ProblemAlert } from "@/ui/problems";
import { words } from "@/words";
import { permissionName, roomName, ROLES, useRoleWords } from "./names";

const useWords = words("role-matrix", {
  en: {
    title: "What each role may", permission: "Permission", yes: "may",
    about: "A person may have several roles, and may what any of them may. What is not ticked is denied. An API token may at most what its maker may.",
  },
  zh: { title: "角色权限一览", permission: "权限", yes: "允许", about: "一人可有多个角色，权限为各角色之和；未勾选即禁止。API 令牌的权限不超过其创建者。" },
});

interface Row {
  permission: string;
  first: boolean;
}

export function Component() {
  const t = useWords();
  const role = useRoleWords();
  const roles = useQuery({ queryKey: ["roles"], queryFn: () => data(api.GET("/api/v1/roles")), staleTime: Infinity });
  if (roles.isPending) return <Skeleton active />;
  const may = new Map((roles.data ?? []).map((each) => [each.role, new Set(each.permissions)]));
  const all = [...new Set((roles.data ?? []).flatMap((each) => each.permissions))].sort((a, b) => roomName(a).localeCompare(roomName(b)) || a.localeCompare(b));
  const rows: Row[] = all.map((permission, at) => ({ permission, first: at === 0 || roomName(all[at - 1]!) !== roomName(permission) }));
  return (
    <Page title={t("title")}>
      <ProblemAlert error={roles.error} onRetry={() => void roles.refetch()} />
      <Typography.Paragraph type="secondary">{t("about")}</Typography.Paragraph>
      <Table<Row>
        size="small"
        rowKey="permission"
        dataSource={rows}
        pagination={false}
        sticky={{ offsetHeader: 48 }}
        scroll={{ x: "max-content" }}
        columns={[
          {
            title: t("permission"), fixed: "left", dataIndex: "permission",
            render: (permission: string, row) => (
              <Tooltip title={permission}>
                <span style={{ fontWeight: row.first ? 600 : 400 }}>{permissionName(permission)}</span>
              </Tooltip>
            ),
          },
          ...ROLES.map((each) => ({
            title: <Tooltip title={role(`about.${each}`)}>{role(each)}</Tooltip>, key: each, align: "center" as const,
            render: (_: unknown, row: Row) => (may.get(each)?.has(row.permission) ? <CheckOutlined aria-label={t("yes")} /> : null),
          })),
        ]}
      />
    </Page>
  );
}
