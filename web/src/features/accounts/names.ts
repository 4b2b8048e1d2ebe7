// What roles and permissions are called.
import { language, words } from "@/words";

export const ROLES = ["administrator", "author", "reviewer", "operator", "agent", "inspector", "auditor"] as const;

export const useRoleWords = words("roles", {
  en: {
    administrator: "Administrator", author: "Author", reviewer: "Reviewer", operator: "Operator", agent: "Agent", inspector: "Inspector",
    auditor: "Auditor",
    "about.administrator": "Lines, users, companies, settings; hears nobody and sees no full number",
    "about.author": "Writes scripts, knowledge and recordings",
    "about.reviewer": "Looks at what an author wrote, and lets it through or not",
    "about.operator": "Lists and tasks: starts, watches, pauses",
    "about.agent": "Takes over live calls, follows up those who are interested",
    "about.inspector": "Quality, complaints, the freeze library",
    "about.auditor": "Sees what was done and by whom, changes nothing",
  },
  zh: {
    administrator: "管理员", author: "话术作者", reviewer: "审核员", operator: "运营", agent: "坐席", inspector: "质检员", auditor: "审计员",
    "about.administrator": "管理线路、用户、企业与设置；不能监听，看不到完整号码",
    "about.author": "编写话术、知识库与录音",
    "about.reviewer": "审核话术作者提交的内容",
    "about.operator": "管理名单与任务：启动、监看、暂停",
    "about.agent": "接管实时通话，跟进意向客户",
    "about.inspector": "质检、投诉与冻结库",
    "about.auditor": "查看谁做了什么，不做任何更改",
  },
});

const ROOMS: Record<string, [string, string]> = {
  scripts: ["Scripts", "话术"], knowledge: ["Knowledge", "知识库"], lists: ["Lists", "名单"], numbers: ["Numbers", "号码"],
  tasks: ["Tasks", "任务"], live: ["Live calls", "实时通话"], desk: ["Desk", "坐席台"], results: ["Results", "结果"],
  recordings: ["Recordings", "录音"], quality: ["Quality", "质检"], compliance: ["Compliance", "合规"], freezes: ["Freezes", "冻结库"],
  complaints: ["Complaints", "投诉"], records: ["Decision records", "决策记录"], subjects: ["Persons", "个人信息主体"], lines: ["Lines", "线路"],
  endpoints: ["Webhooks", "回调"], company: ["Companies", "企业"], users: ["Users", "用户"], tenant: ["House", "机构"],
  tokens: ["API tokens", "API 令牌"], audit: ["Audit log", "审计日志"], settings: ["Settings", "设置"],
};

const VERBS: Record<string, [string, string]> = {
  read: ["read", "查看"], write: ["change", "编辑"], review: ["review", "审核"], unmasked: ["in full", "完整显示"], approve: ["approve", "批准"],
  run: ["start and stop", "启停"], watch: ["watch", "监看"], listen: ["listen", "监听"], takeover: ["take over", "接管"],
  work: ["work there", "接待"], manage: ["manage", "管理"], export: ["export", "导出"], play: ["play", "播放"], score: ["score", "评分"],
  confirm: ["confirm", "复核"], handle: ["handle", "处理"], erase: ["erase", "删除"], vet: ["vet", "资质审核"],
};

/** `tasks.run` -> "Tasks: start and stop". */
export function permissionName(permission: string): string {
  const [room = "", verb = ""] = permission.split(".");
  const at = language() === "zh" ? 1 : 0;
  const about = ROOMS[room]?.[at] ?? room;
  const what = VERBS[verb]?.[at] ?? verb;
  return at === 1 ? `${about}：${what}` : `${about}: ${what}`;
}

/** The room of a permission, as it is called. */
export function roomName(permission: string): string {
  return ROOMS[permission.split(".")[0] ?? ""]?.[language() === "zh" ? 1 : 0] ?? permission;
}
