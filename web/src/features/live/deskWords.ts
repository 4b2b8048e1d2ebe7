import { addProblemWords } from "@/ui/problems";
import { words } from "@/words";

export const CODES = ["interested", "callback", "not_interested", "solved", "wrong_person", "complaint", "no_calls", "other"] as const;

addProblemWords({
  "agent-state": { en: "This cannot follow the state you are in", zh: "当前状态不允许此切换" },
  "no-worker": { en: "No worker is running that could place the call", zh: "没有可拨打电话的工作进程" },
});

export const useDeskWords = words("desk", {
  en: {
    title: "My desk", state: "My state", ready: "ready", busy: "in a call", wrap_up: "writing up", break: "break", offline: "offline", since: "for",
    waiting: "Calls that wait", nobodyWaits: "Nobody waits", accept: "Accept", current: "Current call", noCall: "You have no call", agents: "At the desk",
    noWorker: "No worker is running: no call can come or be placed", wrapUp: "What came of it", code: "Result", note: "Note", followUp: "To be followed up",
    finish: "Done, ready again", kept: "Kept", needed: "Needed", dial: "Call somebody", number: "Number", numberForm: "Write +, country and number", task: "Task no.",
    call: "Call", dialHow: "The same rules, caps and records as for every call. You are on the line as soon as somebody answers.",
    interested: "interested", callback: "call back", not_interested: "not interested", solved: "solved", wrong_person: "wrong person", complaint: "complaint",
    no_calls: "wants no calls", other: "other",
  },
  zh: {
    title: "坐席工作台", state: "我的状态", ready: "就绪", busy: "通话中", wrap_up: "整理中", break: "小休", offline: "离线", since: "已持续",
    waiting: "等待接听", nobodyWaits: "暂无等待", accept: "接听", current: "当前通话", noCall: "当前没有通话", agents: "在线坐席",
    noWorker: "没有正在运行的工作进程：无法来电或外呼", wrapUp: "通话小结", code: "结果", note: "备注", followUp: "需要跟进",
    finish: "完成并就绪", kept: "已保存", needed: "必填", dial: "点击外呼", number: "号码", numberForm: "请填写 + 国家码和号码", task: "任务编号",
    call: "拨打", dialHow: "与所有外呼遵守相同的规则、上限和记录；对方接听后您即接入。",
    interested: "有意向", callback: "约定回拨", not_interested: "无意向", solved: "已解决", wrong_person: "非本人", complaint: "投诉",
    no_calls: "要求免打扰", other: "其他",
  },
});

export type DeskWord = Parameters<ReturnType<typeof useDeskWords>>[0];
