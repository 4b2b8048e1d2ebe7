import { AuditOutlined, BankOutlined, KeyOutlined, SettingOutlined, TeamOutlined } from "@ant-design/icons";
import type { PageOf } from "@/app/features";

export const accounts: PageOf[] = [
  { path: "/setup", load: () => import("./SetUp"), outside: true },
  { path: "/login", load: () => import("./Login"), outside: true },
  { path: "/join", load: () => import("./Join"), outside: true },
  { path: "/account", load: () => import("./Account") },
  {
    path: "/companies", load: () => import("./Companies"), permission: "company.read",
    menu: { en: "Companies", zh: "企业资质", icon: <BankOutlined /> },
  },
  { path: "/users", load: () => import("./Users"), permission: "users.read", menu: { en: "Users", zh: "用户", icon: <TeamOutlined /> } },
  { path: "/users/roles", load: () => import("./Roles") },
  {
    path: "/tokens", load: () => import("./Tokens"), permission: "tokens.manage",
    menu: { en: "API tokens", zh: "API 令牌", icon: <KeyOutlined /> },
  },
  {
    path: "/settings", load: () => import("./HouseSettings"), permission: "settings.manage",
    menu: { en: "Sign-in & retention", zh: "登录与保留期限", icon: <SettingOutlined /> },
  },
  {
    path: "/audit", load: () => import("./Audit"), permission: "audit.read",
    menu: { en: "Audit log", zh: "审计日志", icon: <AuditOutlined /> },
  },
];
