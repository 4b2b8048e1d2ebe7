// The first page: what is to be done next, for this viewer.
import { List, Typography } from "antd";
import { Link } from "react-router";
import { PAGES } from "@/app/features";
import { useMay, useViewer } from "@/app/viewer";
import { Page } from "@/ui/Page";
import { language, words } from "@/words";

const useWords = words("home", {
  en: { title: "Overview", hello: "Good day, {{name}}", where: "Where to" },
  zh: { title: "概览", hello: "您好,{{name}}", where: "前往" },
});

export function Component() {
  const t = useWords();
  const me = useViewer();
  const may = useMay();
  const pages = PAGES.filter((page) => page.menu && page.path !== "/" && (!page.permission || may(page.permission)));
  return (
    <Page title={t("title")}>
      <Typography.Title level={2}>{t("hello", { name: me.name })}</Typography.Title>
      <List
        header={t("where")}
        bordered
        dataSource={pages}
        renderItem={(page) => (
          <List.Item>
            <Link to={page.path}>{page.menu![language()]}</Link>
          </List.Item>
        )}
      />
    </Page>
  );
}
