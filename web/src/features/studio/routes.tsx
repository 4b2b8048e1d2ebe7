import { PartitionOutlined } from "@ant-design/icons";
import type { PageOf } from "@/app/features";

export const studio: PageOf[] = [
  {
    path: "/scripts",
    load: () => import("./ScriptsPage"),
    permission: "scripts.read",
    menu: { en: "Scripts", zh: "话术", icon: <PartitionOutlined /> },
  },
];
