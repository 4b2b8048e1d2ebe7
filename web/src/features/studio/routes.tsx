import { PartitionOutlined } from "@ant-design/icons";
import type { PageOf } from "@/app/features";

export const studio: PageOf[] = [
  {
    path: "/scripts",
    load: () => import("./ScriptsPage"),
    permission: "scripts.read",
    menu: { en: "Scripts", zh: "话术", icon: <PartitionOutlined /> },
  },
  { path: "/scripts/:script", load: () => import("./EditorPage"), permission: "scripts.read" },
  { path: "/scripts/:script/recordings", load: () => import("./RecordingsPage"), permission: "scripts.read" },
  { path: "/scripts/:script/review/:digest", load: () => import("./ReviewPage"), permission: "scripts.read" },
];
