// How calls come out, in words: the same as docs/reference/dispositions.md.
import { language } from "@/words";

export const OUTCOMES: Record<string, { zh: string; en: string }> = {
  completed: { zh: "完成", en: "Completed" },
  opted_out: { zh: "要求免打扰", en: "Opted out" },
  declined: { zh: "拒绝", en: "Declined" },
  transferred: { zh: "已转人工", en: "Transferred" },
  callback: { zh: "约定回拨", en: "Callback" },
  wrong_person: { zh: "非本人", en: "Wrong person" },
  no_interaction: { zh: "无人应答对话", en: "No interaction" },
  hung_up: { zh: "客户挂断", en: "Hung up" },
  abused: { zh: "辱骂", en: "Abused" },
  voicemail: { zh: "语音信箱", en: "Voicemail" },
  screened: { zh: "电话助理", en: "Screened" },
  not_understood: { zh: "未能识别", en: "Not understood" },
  too_long: { zh: "超时", en: "Too long" },
  interrupted_by_fault: { zh: "故障中断", en: "Interrupted by fault" },
  busy: { zh: "忙线", en: "Busy" },
  line_busy: { zh: "占线（含可能的拒接）", en: "Line busy" },
  no_answer: { zh: "无人接听", en: "No answer" },
  rejected: { zh: "拒接", en: "Rejected" },
  switched_off: { zh: "关机", en: "Switched off" },
  suspended: { zh: "停机", en: "Suspended" },
  out_of_service: { zh: "不在服务区", en: "Out of service area" },
  unreachable: { zh: "无法接通", en: "Unreachable" },
  empty_number: { zh: "空号", en: "Empty number" },
  barred: { zh: "呼叫受限", en: "Barred" },
  carrier_blocked: { zh: "运营商拦截", en: "Carrier blocked" },
  network_fault: { zh: "线路故障", en: "Network fault" },
  unknown: { zh: "未知", en: "Unknown" },
  not_allowed: { zh: "不允许拨打", en: "Not allowed" },
};

export function outcome(name: string): string {
  return OUTCOMES[name]?.[language()] ?? name;
}
