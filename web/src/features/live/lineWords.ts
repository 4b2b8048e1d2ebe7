// The lines of a running call in words: what happened, its particulars, and why. Names that a script's author gave are shown as they are.
import { outcome } from "@/features/results/outcomes";
import { language } from "@/words";
import type { Line } from "./board";

type Both = readonly [en: string, zh: string];

export const WHAT: Record<string, Both> = {
  placed: ["Dialling", "开始拨号"], came_in: ["They call us", "对方来电"], ringing: ["Ringing", "振铃"], connected: ["Answered", "已接通"],
  transfer: ["Asks for a person", "请求转人工"], bridged: ["With a person", "人工已接入"], nobody_came: ["Nobody came", "无人接听转接"],
  given_back: ["Given back to the robot", "已交还机器人"], takeover: ["Somebody takes over", "有人接管"], accepted: ["An agent accepted", "坐席已接听"],
  replaced: ["Handed over to somebody else", "对方换人接听"], supervising: ["Somebody listens", "有人开始监听"], supervised: ["Supervision changed", "监听状态变化"],
  released: ["Hung up", "已挂断"], ended: ["The call is over", "通话结束"], no_input: ["Silence", "没有声音"], greeting: ["Who answered", "接听方判断"],
  given_up: ["Given up", "放弃呼叫"], hung_up: ["Ended by one of us", "我方人员挂断"],
  entered: ["Node", "进入节点"], next: ["Went on", "转到"], branch: ["Case", "条件分支"], ab: ["A/B arm", "A/B 分组"], global: ["Global rule", "全局规则"],
  kb: ["Knowledge", "知识库应答"], taken: ["Understood as", "判定为"], ignored: ["Not taken up", "未处理"], passed_over: ["Passed over", "跳过"],
  limit: ["Limit reached", "达到上限"], disclosed: ["Said that it is a robot", "已告知是机器人"], did: ["Did", "执行动作"], end: ["End", "结束"],
  skipped: ["Skipped", "略过节点"], returned: ["Back from a part", "从子流程返回"], carried: ["An agreement counts too", "同时视为同意"],
  interrupted: ["Interrupted", "被打断"], late_opt_out: ["Opted out after the end", "结束后要求免打扰"], slot: ["Found out", "获得信息"], fault: ["Fault", "故障"],
};

export const FIELDS: Record<string, Both> = {
  action: ["action", "动作"], again: ["said again", "重说"], arg: ["value", "参数"], arm: ["arm", "分组"], by: ["by", "由"], case: ["case", "分支"],
  cause: ["cause", "原因"], detail: ["detail", "详情"], disposition: ["outcome", "通话结果"], early: ["early", "提前"], end: ["end", "结束方式"],
  ended: ["ended as", "已结束为"], failed_node: ["if nobody comes", "无人接听时"], found: ["heard", "听到"], from_ms: ["from", "开始"], grade: ["grade", "意向等级"],
  group: ["group", "坐席组"], how: ["how", "方式"], id: ["name", "名称"], key: ["on", "条件"], level: ["level", "音量"], limit: ["limit", "上限项"],
  max: ["at most", "上限"], milestone: ["milestone", "里程碑"], mode: ["mode", "方式"], node: ["node", "节点"], order: ["order", "顺序"], over: ["over", "优先于"],
  phrase: ["phrase", "用语"], played_ms: ["heard of it", "已播放"], priority: ["priority", "优先级"], q850: ["cause code", "原因码"], reason: ["reason", "原因"],
  role: ["role", "作用"], score: ["certainty", "置信度"], slot: ["slot", "信息项"], source: ["by", "依据"], span: ["place", "位置"], step: ["step", "步骤"],
  text: ["text", "文本"], timeout_ms: ["after", "等待"], times: ["times", "次数"], to: ["to", "目标"], to_ms: ["until", "结束"], total: ["total", "合计"],
  trunk: ["line", "线路"], type: ["kind", "类型"], value: ["value", "值"], verdict: ["verdict", "判断"], wait_s: ["waits", "等待秒数"], what: ["what", "内容"],
  when: ["when", "当"], who: ["who", "人员"], why: ["why", "原因"], started_at: ["begun", "开始时间"], answer: ["answered by", "应答方式"],
};

export const VALUES: Record<string, Both> = {
  // kinds of nodes
  say: ["talk", "播报"], collect: ["ask", "采集"], branch: ["branch", "条件分支"], action: ["action", "动作"], transfer: ["transfer", "转人工"],
  subflow: ["part", "子流程"], ab: ["A/B", "A/B"],
  // what an answer is, and where a flow goes on
  affirm: ["yes", "肯定"], deny: ["no", "否定"], refuse: ["refusal", "拒绝"], silence: ["silence", "沉默"], unrecognised: ["not understood", "未识别"],
  any: ["anything", "任意"], kb: ["knowledge", "知识库"], intent: ["intent", "意图"], filled: ["filled", "已填"], refused: ["refused", "不愿提供"],
  failed: ["failed", "失败"], ok: ["worked", "成功"], error: ["error", "出错"], interrupted: ["interrupted", "被打断"], loop: ["loop", "循环"],
  // what a rule is for
  do_not_disturb: ["wants no calls", "要求免打扰"], complaint: ["complaint", "投诉"], ask_robot: ["asks whether this is a robot", "询问是否机器人"],
  profanity: ["swearing", "辱骂"], minor: ["a child", "未成年人"], repeat: ["asks to repeat", "请求重复"], hold: ["asks to wait", "请求等待"],
  // who, and how it ended
  human: ["a person", "真人"], machine: ["a machine", "录音/机器"], screening: ["a call assistant", "电话助理"], unknown: ["unknown", "未知"],
  caller: ["the person", "客户"], network: ["the network", "网络"], operator: ["one of us", "我方人员"], us: ["us", "我方"], peer: ["the person", "对方"],
  bye: ["hung up", "挂断"], cancelled: ["cancelled", "已取消"], rejected: ["rejected", "拒接"], timeout: ["no answer of the line", "线路无应答"],
  no_answer: ["nobody answered", "无人接听"], media_timeout: ["no sound any more", "媒体中断"], protocol_error: ["protocol error", "协议错误"],
  transport_error: ["line fault", "线路故障"], shutdown: ["shut down", "服务停止"], internal_error: ["fault of ours", "内部故障"],
  hangup: ["hung up", "挂断"], done: ["done", "完成"], voicemail: ["voicemail", "语音信箱"], optout: ["opted out", "免打扰"], too_long: ["too long", "超时"],
  dead_end: ["dead end", "话术无后续"], transfer_failed: ["nobody took over", "转人工失败"],
  listen: ["listens", "监听"], whisper: ["whispers", "密语"], barge: ["joins in", "强插"], heard: ["sentence", "语句"], dtmf: ["keys", "按键"],
  time_up: ["time is over", "时间到"], max_seconds: ["seconds", "通话时长"], max_turns: ["turns", "对话轮数"], results: ["results", "连续结果"],
  continue: ["went on", "继续"], restart: ["from the beginning", "重新开始"], reask: ["asked again", "重新询问"],
  // actions
  tag: ["tag", "打标签"], set: ["set", "设置信息"], sms: ["text message", "短信"], wechat: ["WeChat", "微信"], webhook: ["webhook", "Webhook"],
  ticket: ["ticket", "工单"], alert: ["alert", "告警"], schedule_callback: ["callback", "预约回拨"], freeze: ["freeze", "冻结"], note: ["note", "备注"],
  report_draft: ["report draft", "举报草稿"],
  // by what something was known
  choices: ["choice", "选项"], regex: ["pattern", "正则"], grammar: ["grammar", "语法"], verbatim: ["as said", "原话"], denied: ["denied", "否认"],
  phrase: ["phrase", "关键词"], phrases: ["phrases", "关键词"], example: ["example", "例句"], ranker: ["ranker", "排序模型"], rules: ["rules", "规则"],
  lexicon: ["lexicon", "词表"], voice: ["voice", "说话"], words: ["words", "词语"], keyword: ["keyword", "关键词"], backchannel: ["backchannel", "附和"],
  correction: ["correction", "更正"], desk: ["desk", "坐席"], quiet: ["quiet", "安静"], short: ["short", "简短"], length: ["length", "长度"],
  halting: ["halting", "停顿"], beep: ["beep", "提示音"], fax: ["fax", "传真"], True: ["yes", "是"], true: ["yes", "是"],
};

// Reasons are whole sentences of the robot; those with a name in them by their pattern.
const WHY: readonly (readonly [RegExp, string])[] = [
  [/^the prompt has no sound$/, "该提示没有声音"],
  [/^the slot is filled already$/, "该信息已获得"],
  [/^only a guess, and the sentence answers the question$/, "仅为猜测，且该句已回答问题"],
  [/^only a backchannel, and the prompt was not interrupted$/, "仅为附和，未打断播报"],
  [/^a result is awaited; only global rules are followed$/, "正在等待结果，只执行全局规则"],
  [/^a result is awaited, not the caller$/, "正在等待结果，而非等待客户"],
  [/^the call was given back when it was over$/, "交还时通话已结束"],
  [/^a person talks, not the robot$/, "当前由人工通话，机器人不说话"],
  [/^the caller opted out before it began$/, "开始前客户已要求免打扰"],
  [/^a person is being fetched; wait_s limits that$/, "正在转人工，时限由 wait_s 决定"],
  [/^said while the robot spoke on, and nothing in it matched$/, "机器人播报时说的，没有匹配内容"],
  [/^it cut off an earlier text; the current question was not heard yet$/, "打断的是之前的播报，当前问题尚未听到"],
  [/^asked in the same sentence: its actions are done as well$/, "同一句话中提出，其动作一并执行"],
  [/^it was read back and denied$/, "复述后被否认"],
  [/^the text is empty$/, "文本为空"],
  [/^used (\d+) times already \(max\)$/, "已使用 $1 次（上限）"],
  [/^the conversation is over$/, "对话已结束"],
  [/^the call is not answered yet$/, "通话尚未接通"],
  [/^no action is awaited$/, "没有等待中的动作"],
  [/^no transfer is awaited$/, "没有等待中的转接"],
  [/^answered already$/, "已接听"],
  [/^a machine answered and no rule says what to do$/, "由机器接听，且没有对应规则"],
  [/^a person took over$/, "已由人工接管"],
  [/^nobody took over and the script has no next\.failed for it$/, "无人接管，话术也没有对应分支"],
  [/^a person talked to them, and the script asks nothing more$/, "已由人工沟通，话术没有后续问题"],
  [/^the call was handed over: whoever is on the line now has not heard that a robot speaks$/, "对方换人，现在的接听者尚未被告知是机器人"],
  [/^the call was handed over before: .*$/, "此前已换人，可能是他人所说；号码仍会被冻结"],
  [/^results without a turn of the caller$/, "连续多次结果，客户没有说话"],
  [/^`return` outside a subflow$/, "不在子流程中却要返回"],
  [/^more than (\d+) nodes in one step$/, "一步之内超过 $1 个节点"],
  [/^node (\S+) has none of (.+)$/, "节点 $1 没有 $2 中的任何一个"],
  [/^node (\S+)$/, "节点 $1"],
  [/^limits\.(\S+)$/, "上限 $1"],
  [/^action node (\S+) has no (\S+)$/, "动作节点 $1 没有 $2"],
  [/^no case of branch (\S+) holds and there is no else$/, "分支 $1 没有成立的条件，也没有 else"],
  [/^ab node (\S+) has no arms$/, "A/B 节点 $1 没有分组"],
  [/^(.+): an opt-out ends the call$/, "$1：要求免打扰，结束通话"],
  [/^(.+): an opt-out after the end \((.+)\)$/, "$1：结束（$2）后要求免打扰"],
];
const HUNG_UP = /^hung up by the (\w+)$/;

function pick(both: Both | undefined): string | undefined {
  return both?.[language() === "zh" ? 1 : 0];
}

/** What happened, in one or two words. */
export function whatOf(name: string): string {
  return pick(WHAT[name]) ?? name.replaceAll("_", " ");
}

export function fieldOf(name: string): string {
  return pick(FIELDS[name]) ?? name.replaceAll("_", " ");
}

function reason(text: string): string {
  if (language() !== "zh") return text;
  const by = HUNG_UP.exec(text);
  if (by) return `由${pick(VALUES[by[1]!]) ?? by[1]}挂断`;
  for (const [pattern, words] of WHY) if (pattern.test(text)) return text.replace(pattern, words);
  return text;
}

// Names that scripts give: they are shown as they are, also when they look like a word of ours.
const NAMES = new Set(["node", "to", "slot", "group", "id", "arm", "failed_node", "text", "phrase", "detail", "trunk"]);

/** A particular of a line, as people read it. */
export function valueOf(field: string, value: string): string {
  if (NAMES.has(field)) return value;
  if (field === "why" || field === "reason") return reason(value);
  if (field === "disposition") return outcome(value);
  if (field.endsWith("_ms")) return `${(Number(value) / 1000).toFixed(1)} s`;
  if (field === "wait_s") return `${value} s`;
  if (field === "score" && Number.isFinite(Number(value))) return Number(value).toFixed(2);
  const [kind, ...rest] = value.split(/[.:]/);
  if (rest.length && (kind === "intent" || kind === "kb" || kind === "dtmf")) return `${pick(VALUES[kind])} ${rest.join(".")}`;
  if (/^\[.*\]$/.test(value) && field === "order") return value.slice(1, -1).split(/,\s*/).map((one) => valueOf("key", one.replace(/^'|'$/g, ""))).join(", ");
  return pick(VALUES[value]) ?? value;
}

const QUIET = new Set(["span", "order", "step", "early", "started_at", "milestone"]);
const ABOUT: Record<string, string[]> = {
  transfer: ["group"], bridged: ["group"], nobody_came: ["group"], supervising: ["mode"], supervised: ["mode"], released: ["by", "cause"],
  ended: ["disposition", "grade"], greeting: ["verdict"], given_up: ["why"], placed: [], came_in: [],
};

/** A line that says where the call stands: "已挂断 · 对方". */
export function stateOf(line: Line): string {
  const about = (ABOUT[line.what] ?? []).map((field) => line.data[field] && valueOf(field, line.data[field])).filter(Boolean);
  return [whatOf(line.what), ...about].join(" · ");
}

/** The particulars of a decision, without what only machines read. */
export function particulars(line: Line): { name: string; value: string }[] {
  return Object.entries(line.data)
    .filter(([name, value]) => !QUIET.has(name) && value)
    .map(([name, value]) => ({ name: fieldOf(name), value: valueOf(name, value) }));
}
