// Words that several pages of lists and tasks use: states, reasons, outcomes, rules.
import { Tag } from "antd";
import { addProblemWords } from "@/ui/problems";
import { language } from "@/words";

type Both = Record<string, readonly [en: string, zh: string]>;

export function say(table: Both, key: string): string {
  const found = table[key];
  return found ? found[language() === "zh" ? 1 : 0] : key.replaceAll("_", " ");
}

export const STATES: Both = {
  draft: ["draft", "草稿"], in_review: ["in review", "审核中"], approved: ["approved", "已通过"], scheduled: ["scheduled", "已排期"],
  running: ["running", "运行中"], pausing: ["pausing", "暂停中"], paused: ["paused", "已暂停"], done: ["done", "已完成"],
  cancelled: ["cancelled", "已取消"], failed: ["failed", "失败"], importing: ["importing", "导入中"], ready: ["ready", "就绪"],
};
const COLOURS: Record<string, string> = {
  in_review: "processing", approved: "processing", scheduled: "processing", running: "success", ready: "success", pausing: "warning",
  paused: "warning", importing: "processing", failed: "error",
};

export function StateTag({ state }: { state: string }) {
  return <Tag color={COLOURS[state]}>{say(STATES, state)}</Tag>;
}

export const ACTIONS: Both = {
  submit: ["Submit for review", "提交审核"], approve: ["Approve", "通过"], reject: ["Reject", "驳回"], schedule: ["Schedule", "按时启动"],
  unschedule: ["Unschedule", "取消排期"], start: ["Start", "启动"], pause: ["Pause", "暂停"], resume: ["Resume", "继续"],
  cancel: ["End", "终止"], create: ["Created", "创建"], change: ["Plan changed", "修改计划"], revise: ["Back to draft", "退回草稿"],
  drained: ["Paused", "已暂停"], finish: ["Finished", "完成"], fail: ["Failed", "失败"], held: ["Held back", "未能启动"],
};

export const LEADS: Both = {
  ready: ["waiting", "待呼"], claimed: ["about to be called", "即将呼叫"], dialling: ["in a call", "呼叫中"], finished: ["finished", "已结束"],
  parked: ["a person decides", "待人工处理"], excluded: ["left out", "已排除"],
};

export const OUTCOMES: Both = {
  "": ["under way", "进行中"], completed: ["completed", "完成"], opted_out: ["opted out", "要求免打扰"], declined: ["declined", "拒绝"],
  transferred: ["transferred", "已转人工"], callback: ["callback agreed", "约定回拨"], wrong_person: ["wrong person", "非本人"],
  no_interaction: ["no interaction", "无人应答对话"], hung_up: ["hung up", "客户挂断"], abused: ["abused", "辱骂"],
  voicemail: ["voicemail", "语音信箱"], screened: ["screened", "电话助理"], not_understood: ["not understood", "未能识别"],
  too_long: ["too long", "超时"], interrupted_by_fault: ["interrupted by fault", "故障中断"], busy: ["busy", "忙线"],
  line_busy: ["line busy", "占线"], no_answer: ["no answer", "无人接听"], rejected: ["rejected", "拒接"], switched_off: ["switched off", "关机"],
  suspended: ["suspended", "停机"], out_of_service: ["out of service area", "不在服务区"], unreachable: ["unreachable", "无法接通"],
  empty_number: ["empty number", "空号"], barred: ["barred", "呼叫受限"], carrier_blocked: ["carrier blocked", "运营商拦截"],
  network_fault: ["network fault", "线路故障"], unknown: ["unknown", "未知"], not_allowed: ["not allowed", "不允许拨打"],
};

export const REASONS: Both = {
  ...OUTCOMES,
  "": ["—", "—"], no_consent: ["no valid consent", "无有效同意"], suppressed: ["erased or suppressed", "已删除或屏蔽"], frozen: ["frozen", "在冻结库中"],
  not_after: ["the task's end has passed", "任务已过截止时间"],
};

export function reason(word: string): string {
  if (word.startsWith("missing:")) return language() === "zh" ? `缺少变量：${word.slice(8).trim()}` : word;
  return REASONS[word] ? say(REASONS, word) : rule(word);
}

export const RULES: Both = {
  basis: ["No basis on record that the purpose allows", "没有该用途所需的呼叫依据"],
  scope: ["The consent does not cover this purpose", "同意范围不包含此用途"],
  "consent-age": ["The consent is too old for the script", "同意时间过久"],
  window: ["Outside 09:00–20:00 where the person is", "不在被叫当地 9:00–20:00 之内"],
  frozen: ["The number is frozen", "号码在冻结库中"],
  "caller-owned": ["No own number may be shown", "没有可用的外显号码"],
  "calls-per-day": ["Called often enough today", "当日呼叫次数已达上限"],
  variables: ["A variable the script must say is missing", "缺少话术必须的变量"],
  packs: ["No rule pack covers this place", "该地区没有合规规则包"],
  "script-version": ["The script is not reviewed", "话术版本未审核"],
  "in-call": ["In a call of ours now", "正在与我方通话"],
  "task-cap": ["The task's own limit of calls", "任务自身的次数上限"],
  "script-cap": ["The script's limit in 30 days", "话术 30 天次数上限"],
  "rule-failed": ["A rule could not be evaluated", "规则无法判定"],
  "consent-marketing": ["Commercial calls need the person's consent", "商业性电话须经本人同意"],
  "consent-evidence": ["There is no evidence of the consent", "缺少同意的证据"],
  hours: ["Outside the lawful hours where the person is", "不在法定可呼叫时段"],
  "refusal-same-day": ["Refused today already", "当日已拒绝"],
  "refused-for-good": ["Told us to stop", "已明确要求不再来电"],
  "refused-and-short": ["Refused or hung up at once too often", "多次拒接或秒挂"],
  "suspect-words": ["Words of refusal wait for a person's look", "疑似拒绝，待人工确认"],
  budget: ["Called often enough in 30 days", "30 天内呼叫次数已达上限"],
};

export function rule(name: string, title = ""): string {
  if (RULES[name]) return say(RULES, name);
  return title || name.replaceAll("-", " ").replaceAll("_", " ");
}

addProblemWords({
  "wrong-state": { en: "Not possible in the state the task is in now", zh: "任务当前状态不允许此操作" },
  "changed-meanwhile": { en: "Somebody else changed it meanwhile; look again", zh: "期间已被他人修改，请刷新后重试" },
  "own-work": { en: "Whoever wrote or handed in a plan cannot approve it: somebody else has to", zh: "本人编写或提交的计划不能由本人通过，请他人审核" },
  "not-vetted": { en: "The company's papers were not vetted yet", zh: "企业资质尚未核验" },
  "vetting-over": { en: "The vetting of the company is out of date", zh: "企业资质核验已过期" },
  "not-reviewed": { en: "A script of the plan is not reviewed, or was withdrawn", zh: "计划中的话术未审核或已撤回" },
  "too-late": { en: "The end of the plan has passed", zh: "计划的截止时间已过" },
  "no-start": { en: "The plan names no start ahead of now", zh: "计划没有将来的开始时间" },
  "no-reason": { en: "Say why", zh: "请填写原因" },
  "name-taken": { en: "There is a task of this name already", zh: "已有同名任务" },
  "list-in-use": { en: "A task uses this list", zh: "有任务正在使用此名单" },
  "list-not-ready": { en: "The list is not ready: import it to its end first", zh: "名单未就绪，请先完成导入" },
  unfinished: { en: "Another file is half imported into this list: finish it first", zh: "此名单有另一文件导入未完成，请先完成" },
  "no-column": { en: "A column is missing: number and basis are needed (or a default)", zh: "缺少必需列：号码与呼叫依据(或填写默认值)" },
  "column-twice": { en: "Two columns are the same field", zh: "两列映射为同一字段" },
  "no-header": { en: "The first line is a person, not the names of columns", zh: "第一行是数据，不是列名" },
  "known-number": { en: "This is one of our numbers already", zh: "该号码已存在" },
  "retired-number": { en: "The number is retired and stays so", zh: "该号码已停用" },
  "never-open": { en: "The task would never call: look at windows, breaks and dates", zh: "任务永远不会拨打：请检查时段、休息与日期" },
  "outside-house-hours": { en: "Nobody is called before 9:00 or after 20:00 of their own clock, whatever the plan says", zh: "无论计划如何，被叫当地 9:00 前、20:00 后一律不拨打" },
  "no-end": { en: "Without an end, a retry may come weeks later", zh: "没有截止时间，重呼可能在数周之后" },
  "too-fast": { en: "More calls a second than the robots ever begin", zh: "每秒呼叫数超出机器人数量" },
  "no-own-number": { en: "The line has no own number in this pool", zh: "该线路在此号码池没有外显号码" },
  address: { en: "Nothing can be sent to this address", zh: "无法向该地址发送" },
});
