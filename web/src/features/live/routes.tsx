import { CustomerServiceOutlined, PhoneOutlined, TeamOutlined } from "@ant-design/icons";
import type { PageOf } from "@/app/features";

export const live: PageOf[] = [
  { path: "/live", load: () => import("./LivePage"), permission: "live.watch", menu: { en: "Live calls", zh: "实时通话", icon: <PhoneOutlined /> } },
  {
    path: "/desk",
    load: () => import("./DeskPage"),
    permission: "desk.work",
    menu: { en: "My desk", zh: "坐席工作台", icon: <CustomerServiceOutlined /> },
  },
  {
    path: "/desk/settings",
    load: () => import("./DeskSettings"),
    permission: "desk.manage",
    menu: { en: "Agents and codes", zh: "坐席与小结设置", icon: <TeamOutlined /> },
  },
];
