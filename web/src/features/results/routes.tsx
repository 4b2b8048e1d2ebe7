import { BarChartOutlined, CustomerServiceOutlined, PhoneOutlined, QuestionCircleOutlined } from "@ant-design/icons";
import type { PageOf } from "@/app/features";

export const results: PageOf[] = [
  { path: "/calls", load: () => import("./CallsPage"), permission: "results.read", menu: { en: "Calls", zh: "通话记录", icon: <PhoneOutlined /> } },
  { path: "/calls/:call", load: () => import("./CallPage"), permission: "results.read" },
  {
    path: "/follow-ups",
    load: () => import("./FollowUpsPage"),
    permission: "results.read",
    menu: { en: "Follow-ups", zh: "待跟进", icon: <CustomerServiceOutlined /> },
  },
  {
    path: "/unanswered",
    load: () => import("./QuestionsPage"),
    permission: "results.read",
    menu: { en: "Open questions", zh: "未答问题", icon: <QuestionCircleOutlined /> },
  },
  {
    path: "/analytics",
    load: () => import("./AnalyticsPage"),
    permission: "results.read",
    menu: { en: "Analytics", zh: "数据分析", icon: <BarChartOutlined /> },
  },
];
