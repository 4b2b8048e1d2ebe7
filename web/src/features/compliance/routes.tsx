import { SafetyCertificateOutlined } from "@ant-design/icons";
import type { PageOf } from "@/app/features";

const read = "compliance.read";

export const compliance: PageOf[] = [
  {
    path: "/compliance",
    load: () => import("./Queue"),
    permission: read,
    menu: { en: "Compliance desk", zh: "合规台", icon: <SafetyCertificateOutlined /> },
  },
  { path: "/compliance/freezes", load: () => import("./Freezes"), permission: read },
  { path: "/compliance/consents", load: () => import("./Consents"), permission: read },
  { path: "/compliance/records", load: () => import("./Records"), permission: "records.read" },
  { path: "/compliance/records/:record", load: () => import("./RecordPage"), permission: "records.read" },
  { path: "/compliance/complaints", load: () => import("./Complaints"), permission: read },
  { path: "/compliance/complaints/:complaint", load: () => import("./ComplaintPage"), permission: "complaints.handle" },
  { path: "/compliance/numbers", load: () => import("./Numbers"), permission: read },
  { path: "/compliance/rules", load: () => import("./Rules"), permission: read },
  { path: "/compliance/subjects/:subject", load: () => import("./SubjectPage"), permission: read },
];
