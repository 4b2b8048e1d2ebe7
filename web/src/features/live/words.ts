import { addProblemWords } from "@/ui/problems";
import { words } from "@/words";

addProblemWords({
  taken: { en: "This call is with a person already", zh: "该通话已由人工接听" },
  listened: { en: "Somebody listens to this call already", zh: "已有人在监听该通话" },
  "not-answered": { en: "Nobody has answered this call yet, or it is over", zh: "通话尚未接通或已结束" },
  "not-with-you": { en: "You do not have this call", zh: "该通话不在您这里" },
  worker: { en: "The worker of this call cannot be reached", zh: "无法连接承载该通话的工作进程" },
  "no-line": { en: "No worker has the line of this task", zh: "没有工作进程使用该任务的线路" },
  "not-begun": { en: "The call could not be begun in time", zh: "未能及时发起呼叫" },
  unreached: { en: "The worker of this call cannot be reached; nothing was done", zh: "无法连接承载该通话的工作进程，未执行任何操作" },
  "not-dialled": { en: "This call is not under way", zh: "该通话未在进行中" },
  line: { en: "The line refuses this just now", zh: "线路暂时不允许此操作" },
});

export const useWords = words("live", {
  en: {
    title: "Live calls", none: "No call is running", noneWhy: "Calls appear here as soon as a task dials.", noWorker: "No worker is running",
    noWorkerWhy: "Start one: callwright worker LINE. Only workers place calls.", broken: "The connection broke; trying again", filter: "Filter calls",
    allStates: "All states", risky: "Only with warnings", count: "{{shown}} of {{all}} calls", choose: "Choose a call to follow it",
    robot: "robot", paused: "robot pauses", queued: "waits for a person", person: "with a person", returned: "given back", ended: "over",
    dialling: "dialling", ringing: "ringing", talking: "talking", over: "over", "in": "they called",
    opted_out: "wants no calls", complaint: "complains", asks_robot: "asks if robot", abuse: "swears", minor: "a minor", silent: "silent",
    not_understood: "not understood", fault: "fault", number: "Number", task: "Task {{task}}", node: "Node", grade: "Grade so far", duration: "Duration",
    listeners: "{{n}} listening", close: "Close", listen: "Listen", whisper: "Whisper", barge: "Join in", onlyListen: "Listen only",
    takeover: "Take over", giveBack: "Give back", hangUp: "Hang up", leave: "Stop listening", hangUpSure: "End this call for the person called?",
    mute: "Mute", unmute: "Unmute", keys: "Keys", press: "Press", asking: "Waiting for the microphone: allow it in your browser", connecting: "Connecting…",
    listening: "You listen. Nobody hears you.", talkingNow: "You talk with the person called", me: "You", them: "Call", denied: "The microphone is not allowed",
    deniedHow: "Allow it for this site beside the address, then try again.", "no-microphone": "No microphone was found", noMicHow: "Connect one, then try again.",
    insecure: "The browser gives no microphone to this page", insecureHow: "It does so only over HTTPS or on localhost.", "no-connection": "No audio connection came about",
    noConnectionHow: "A firewall between you and the worker? See CALLWRIGHT_ICE.", refused: "It was refused", transcript: "Transcript", why: "Why", slots: "Found out",
    nothingYet: "Nothing was said yet", noWords: "What is said is shown only to those who may listen.", caller: "Person", ofRobot: "Robot", isOver: "The call is over",
    ringsForYou: "Ringing. Whoever answers hears you at once: say who calls, for whom, and that it is recorded.", summary: "Call", state: "State", last: "Last words",
  },
  zh: {
    title: "实时通话", none: "当前没有进行中的通话", noneWhy: "任务开始外呼后，通话会显示在这里。", noWorker: "没有正在运行的工作进程",
    noWorkerWhy: "请启动：callwright worker LINE。只有工作进程才会拨打电话。", broken: "连接中断，正在重试", filter: "筛选通话",
    allStates: "全部状态", risky: "仅看有预警的", count: "显示 {{shown}} / {{all}} 通", choose: "选择一通通话以跟踪",
    robot: "机器人", paused: "机器人停顿", queued: "等待人工", person: "人工接听", returned: "已交还机器人", ended: "已结束",
    dialling: "拨号中", ringing: "振铃中", talking: "通话中", over: "已结束", "in": "来电",
    opted_out: "要求免打扰", complaint: "投诉", asks_robot: "询问是否机器人", abuse: "辱骂", minor: "未成年人", silent: "沉默",
    not_understood: "未听懂", fault: "故障", number: "号码", task: "任务 {{task}}", node: "节点", grade: "当前意向等级", duration: "时长",
    listeners: "{{n}} 人监听", close: "关闭", listen: "监听", whisper: "密语", barge: "强插", onlyListen: "仅监听",
    takeover: "接管", giveBack: "交还机器人", hangUp: "挂断", leave: "停止监听", hangUpSure: "确定结束与客户的通话？",
    mute: "静音", unmute: "取消静音", keys: "按键", press: "发送", asking: "等待麦克风授权：请在浏览器中允许", connecting: "正在连接…",
    listening: "您正在监听，没有人听得到您。", talkingNow: "您正在与客户通话", me: "您", them: "通话", denied: "麦克风未获允许",
    deniedHow: "请在地址栏旁为本站允许麦克风，然后重试。", "no-microphone": "未找到麦克风", noMicHow: "请连接麦克风后重试。",
    insecure: "浏览器不向本页面提供麦克风", insecureHow: "仅在 HTTPS 或 localhost 下可用。", "no-connection": "音频连接未能建立",
    noConnectionHow: "您与工作进程之间是否有防火墙？参见 CALLWRIGHT_ICE。", refused: "请求被拒绝", transcript: "转写", why: "决策原因", slots: "已获信息",
    nothingYet: "尚无对话", noWords: "对话内容仅向有监听权限的人显示。", caller: "客户", ofRobot: "机器人", isOver: "通话已结束",
    ringsForYou: "正在振铃，对方接听后立即听到您：请说明来电者、代表谁，以及通话会被录音。", summary: "通话", state: "状态", last: "最近一句",
  },
});

export type LiveWord = Parameters<ReturnType<typeof useWords>>[0];
