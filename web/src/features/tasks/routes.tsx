import { ApiOutlined, PhoneOutlined, ProfileOutlined, TeamOutlined } from "@ant-design/icons";
import type { PageOf } from "@/app/features";

export const tasks: PageOf[] = [
  {
    path: "/lists",
    load: () => import("./Lists"),
    permission: "lists.read",
    menu: { en: "Lists", zh: "名单", icon: <TeamOutlined /> },
  },
  { path: "/lists/import", load: () => import("./ImportList"), permission: "lists.write" },
  { path: "/lists/:list", load: () => import("./ListPage"), permission: "lists.read" },
  {
    path: "/tasks",
    load: () => import("./Tasks"),
    permission: "tasks.read",
    menu: { en: "Tasks", zh: "外呼任务", icon: <ProfileOutlined /> },
  },
  { path: "/tasks/new", load: () => import("./NewTask"), permission: "tasks.write" },
  { path: "/tasks/:task", load: () => import("./TaskPage"), permission: "tasks.read" },
  {
    path: "/lines",
    load: () => import("./Lines"),
    permission: "lines.read",
    menu: { en: "Lines and numbers", zh: "线路与号码", icon: <PhoneOutlined /> },
  },
  {
    path: "/webhooks",
    load: () => import("./Webhooks"),
    permission: "endpoints.manage",
    menu: { en: "Webhooks", zh: "消息推送", icon: <ApiOutlined /> },
  },
];
