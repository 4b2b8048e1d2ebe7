// A page that the viewer may not open says so instead of failing.
import { Result } from "antd";
import type { ReactNode } from "react";
import { words } from "@/words";
import { useMay } from "./viewer";

const useWords = words("allowed", {
  en: { title: "You may not open this page", how: "It needs the permission {{permission}}. Ask an administrator of your organisation." },
  zh: { title: "您没有打开此页面的权限", how: "需要权限 {{permission}}。请联系贵单位的管理员。" },
});

export function Allowed({ permission, children }: { permission?: string; children: ReactNode }) {
  const t = useWords();
  const may = useMay();
  if (permission && !may(permission)) return <Result status="403" title={t("title")} subTitle={t("how", { permission })} />;
  return children;
}
