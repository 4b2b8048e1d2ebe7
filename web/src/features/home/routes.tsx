import { HomeOutlined } from "@ant-design/icons";
import type { PageOf } from "@/app/features";

export const home: PageOf[] = [
  { path: "/", load: () => import("./Home"), menu: { en: "Overview", zh: "概览", icon: <HomeOutlined /> } },
];
