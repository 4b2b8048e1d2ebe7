// Menu, head and page of the console, for somebody who is logged in.
import { LogoutOutlined, MenuOutlined, UserOutlined } from "@ant-design/icons";
import { Alert, Avatar, Button, Drawer, Dropdown, Flex, Grid, Layout, Menu, Skeleton, Tag, Typography } from "antd";
import type { ItemType } from "antd/es/menu/interface";
import { Suspense, useEffect, useState } from "react";
import { Link, Navigate, Outlet, useLocation, useNavigate } from "react-router";
import { queries, whenLoggedOut } from "@/api/client";
import { language, words } from "@/words";
import { useAt } from "./at";
import { PAGES } from "./features";
import { Switches } from "./Switches";
import { forgetMe, ME, type Me, useMe, ViewerContext } from "./viewer";

const useWords = words("frame", {
  en: {
    logout: "Log out", account: "My account", menu: "Menu", unreachable: "The server cannot be reached", again: "Try again",
    skip: "To the content",
  },
  zh: { logout: "退出登录", account: "我的账户", menu: "菜单", unreachable: "无法连接服务器", again: "重试", skip: "跳到内容" },
});

export function Frame() {
  const me = useMe();
  const t = useWords();
  const where = useLocation();
  useAt();
  useEffect(() => whenLoggedOut(() => queries.setQueryData(ME, null)), []);
  if (me.isPending) return <Skeleton active className="first-wait" />;
  if (me.isError)
    return (
      <Alert
        className="first-wait"
        type="error"
        showIcon
        title={t("unreachable")}
        action={<Button onClick={() => void me.refetch()}>{t("again")}</Button>}
      />
    );
  if (me.data === null) return <Navigate to={`/login?next=${encodeURIComponent(where.pathname + where.search)}`} replace />;
  return (
    <ViewerContext.Provider value={me.data}>
      <Inside me={me.data} />
    </ViewerContext.Provider>
  );
}

function items(me: Me): ItemType[] {
  const shown = PAGES.filter((page) => page.menu && (!page.permission || me.permissions.includes(page.permission)));
  return shown.map((page) => ({
    key: page.path,
    icon: page.menu!.icon,
    label: <Link to={page.path}>{page.menu![language()]}</Link>,
  }));
}

/** The menu entry that an address belongs to: the longest one it begins with. */
function chosen(path: string): string {
  const fitting = PAGES.filter((page) => page.menu && (page.path === "/" ? path === "/" : path.startsWith(page.path)));
  return fitting.sort((a, b) => b.path.length - a.path.length)[0]?.path ?? "";
}

function Inside({ me }: { me: Me }) {
  const t = useWords();
  const where = useLocation();
  const go = useNavigate();
  const wide = Grid.useBreakpoint().lg ?? true;
  const [open, setOpen] = useState(false);
  useEffect(() => setOpen(false), [where.pathname]);
  const menu = <Menu mode="inline" items={items(me)} selectedKeys={[chosen(where.pathname)]} className="side-menu" />;
  const logout = async () => {
    await fetch("/api/v1/logout", { method: "POST", headers: { "X-Callwright": "1" } });
    queries.clear();
    await forgetMe();
    void go("/login");
  };
  return (
    <Layout className="frame">
      <a href="#content" className="skip">
        {t("skip")}
      </a>
      <Layout.Header className="head">
        <Flex align="center" gap={8} className="head-row">
          {!wide && <Button type="text" icon={<MenuOutlined />} aria-label={t("menu")} onClick={() => setOpen(true)} />}
          <Link to="/" className="brand">
            callwright
          </Link>
          <Tag variant="outlined">{me.tenant.name}</Tag>
          <span className="stretch" />
          <Switches />
          <Dropdown
            menu={{
              items: [
                { key: "account", icon: <UserOutlined />, label: <Link to="/account">{t("account")}</Link> },
                { key: "logout", icon: <LogoutOutlined />, label: t("logout"), onClick: () => void logout() },
              ],
            }}
          >
            <Button type="text" aria-label={wide ? undefined : t("account")} title={t("account")}>
              <Avatar size="small" icon={<UserOutlined />} />
              {wide && <Typography.Text>{me.name}</Typography.Text>}
            </Button>
          </Dropdown>
        </Flex>
      </Layout.Header>
      <Layout>
        {wide ? (
          <Layout.Sider width={208} className="side" theme="light">
            <nav aria-label={t("menu")}>{menu}</nav>
          </Layout.Sider>
        ) : (
          <Drawer open={open} placement="left" size={240} onClose={() => setOpen(false)} title="callwright" styles={{ body: { padding: 0 } }}>
            <nav aria-label={t("menu")}>{menu}</nav>
          </Drawer>
        )}
        <Layout.Content id="content" className="content" tabIndex={-1} role="main">
          <Suspense fallback={<Skeleton active />}>
            <Outlet />
          </Suspense>
        </Layout.Content>
      </Layout>
    </Layout>
  );
}
