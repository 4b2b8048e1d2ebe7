// Pages of people who are not logged in, and addresses that are none.
import { Button, Flex, Result } from "antd";
import { Link, Outlet } from "react-router";
import { useAt } from "./at";
import { Switches } from "./Switches";
import { words } from "@/words";

const useWords = words("outside", {
  en: { lost: "There is no such page", back: "To the overview" },
  zh: { lost: "页面不存在", back: "返回概览" },
});

export function Outside() {
  useAt();
  return (
    <main className="outside">
      <Flex justify="end" gap={8} className="outside-switches">
        <Switches />
      </Flex>
      <Outlet />
    </main>
  );
}

export function Lost() {
  const t = useWords();
  return (
    <Result
      status="404"
      title={t("lost")}
      extra={
        <Link to="/">
          <Button type="primary">{t("back")}</Button>
        </Link>
      }
    />
  );
}
