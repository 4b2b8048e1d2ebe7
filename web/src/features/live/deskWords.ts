import { addProblemWords } from "@/ui/problems";
import { words } from "@/words";

addProblemWords({
  "agent-state": { en: "This cannot follow the state you are in", zh: "当前状态不允许此切换" },
  "wrap-up-first": { en: "Write down what came of the last call first", zh: "请先填写上一通电话的小结" },
  "group-in-use": { en: "This group has agents: take them out of it first", zh: "该组仍有坐席，请先移出" },
  "no-code": { en: "At least one code that can be chosen is needed", zh: "至少需要一个可选的小结项" },
  "code-gone": { en: "This result cannot be chosen (any more)", zh: "该小结项不存在或已归档" },
  "too-many-codes": { en: "There are more than 100 codes", zh: "小结项最多 100 个" },
  "bad-code": { en: "A code has small letters, digits, - and _; at most 24", zh: "代码只能用小写字母、数字、- 和 _，最多 24 个" },
  "bad-title": { en: "Words in both languages are needed, of at most 60 characters", zh: "中英文名称都要填写，最多 60 个字符" },
  "bad-time": { en: "This time cannot be used", zh: "时间无效" },
  "no-group": { en: "There is no such group", zh: "没有该坐席组" },
  "bad-group": { en: "A group has a name of at most 64 characters", zh: "坐席组须有名称，最多 64 个字符" },
  "too-many-groups": { en: "There are more than 50 groups", zh: "坐席组最多 50 个" },
  "no-agent": { en: "This is no agent: only users who were at the desk are", zh: "不是坐席：只有登录过工作台的用户才是坐席" },
  "task-state": { en: "The plan of this task was not approved", zh: "该任务的计划未获批准" },
  twice: { en: "It is there twice", zh: "重复了" },
  "no-worker": { en: "No worker is running that could place the call", zh: "没有可拨打电话的工作进程" },
  "not-known": { en: "The worker did not answer: the call may be under way", zh: "工作进程未应答，呼叫可能已经发出" },
});

export const useDeskWords = words("desk", {
  en: {
    title: "My desk", state: "My state", ready: "ready", busy: "in a call", wrap_up: "writing up", break: "break", offline: "offline", since: "for",
    waiting: "Calls that wait", nobodyWaits: "Nobody waits", accept: "Accept", current: "Current call", noCall: "You have no call", agents: "At the desk",
    noWorker: "No worker is running: no call can come or be placed", wrapUp: "What came of it", code: "Result", note: "Note", followUp: "To be followed up",
    finish: "Done, ready again", kept: "Kept", needed: "Needed", dial: "Call somebody", number: "Number", numberForm: "Write +, country and number",
    call: "Call", dialHow: "The same rules, caps and records as for every call. You are on the line as soon as somebody answers.",
    task: "In the frame of task", person: "Whom", ofCall: "the person of call {{call}}", ofLead: "lead {{lead}}", timeLeft: "time after the call:", overTime: "over by",
    notAllowed: "Not allowed: {{rule}}", nextAllowed: "Allowed again:", timeDoesNot: "Waiting does not change this.", record: "Decision record {{n}}",
    "no-unknown-person": "nobody knows this number: import it with a basis for calling first", "no-suspended": "this account may not call at present",
    "no-script": "the script of this task cannot be used", "no-pre_dial": "your own system said no (pre-dial webhook)",
  },
  zh: {
    title: "坐席工作台", state: "我的状态", ready: "就绪", busy: "通话中", wrap_up: "整理中", break: "小休", offline: "离线", since: "已持续",
    waiting: "等待接听", nobodyWaits: "暂无等待", accept: "接听", current: "当前通话", noCall: "当前没有通话", agents: "在线坐席",
    noWorker: "没有正在运行的工作进程：无法来电或外呼", wrapUp: "通话小结", code: "结果", note: "备注", followUp: "需要跟进",
    finish: "完成并就绪", kept: "已保存", needed: "必填", dial: "点击外呼", number: "号码", numberForm: "请填写 + 国家码和号码",
    call: "拨打", dialHow: "与所有外呼遵守相同的规则、上限和记录；对方接听后您即接入。",
    task: "所属任务", person: "客户", ofCall: "通话 {{call}} 的客户", ofLead: "名单条目 {{lead}}", timeLeft: "话后整理剩余：", overTime: "话后整理已超时",
    notAllowed: "不允许呼叫：{{rule}}", nextAllowed: "最早可呼叫时间：", timeDoesNot: "等待不会解除此限制。", record: "判定记录 {{n}}",
    "no-unknown-person": "系统中没有该号码，请先导入并附上呼叫依据", "no-suspended": "当前账户已暂停外呼",
    "no-script": "该任务的话术不可用", "no-pre_dial": "贵方系统拒绝了本次呼叫（呼前 Webhook）",
  },
});

export type DeskWord = Parameters<ReturnType<typeof useDeskWords>>[0];
