// Words of the form of a plan.
import { words } from "@/words";

export const useWords = words("plan", {
  en: {
    script: "Script", weight: "Share", variant: "Name in results", addScript: "Add a variant (A/B test)", hours: "When it calls", zone: "Time zone", days: "Days", from: "From", to: "To",
    addWindow: "Add hours", breaks: "Breaks", addBreak: "Add a break", forbidden: "Days without calls", holidays: "No calls on holidays of", starts: "Begins at", ends: "Calls until",
    startsHint: "Empty = when somebody starts it", pace: "Robots and pace", robots: "Robots at once", guaranteed: "Of them, kept for this task", cps: "Calls a second",
    burst: "Of them, at once", burstHint: "So many calls may begin in the same moment", ring: "Rings for (s)", priority: "Priority (1 first)", pool: "Pool of own numbers", local: "Show local numbers first",
    retry: "When somebody is not reached", attempts: "Attempts in all", gap: "At least between two (min)", minutes: "Try again soon: after (min)", hoursClass: "Later that day: after (min)", daysClass: "On another day: after (min)",
    classHint: "How long the classes of the reference of outcomes are: busy is tried again soon, no answer later that day, a failed number on another day. A rule below goes before them.",
    caps: "Limits for one person", perDay: "A day", per7: "In 7 days", per30: "In 30 days",
    actions: "Actions and notifications", rules: "What follows an outcome or a tag", on: "After", onAfter: "an outcome", onTag: "a tag", after: "Outcomes", tag: "Tag of the conversation",
    then: "Then", wait: "Call again in (min)", again: "call again", stop: "not again", upTo: "At most attempts", addRule: "Add a rule", rulesNote: "The first rule that fits decides; those with a tag go before those with an outcome. After a no nobody is called again, whatever a rule says.",
    transfer: "Hand-over to people", mode: "Pacing", group: "Group of agents", robotsMode: "robots only: no pacing", progressive: "progressive: never more calls than free agents", predictive: "predictive: as many as the abandonment allows",
    abandonment: "Abandoned at most (%)", threshold: "Abandoned after waiting (s)", window: "Counted over (h)", denominator: "Share of", answered: "answered calls", queued: "calls that waited", minCalls: "Predictive from so many calls on",
    breaker: "Pauses by itself", breakerNote: "Of the last attempts, when this share failed through the line, or when this share of those who answered opted out or got abusive.", last: "Of the last", least: "Not before", failures: "Failed (%)", refusals: "Refused (%)",
    news: "Notifications", newsNote: "Told for every task of the house, not only for this one.", told: "Told to", nobody: "nobody", manage: "Webhooks, group robots, mail", preDial: "Before each dial your system is asked and may forbid it ({{n}}).", askAdmin: "An administrator adds places where news goes.",
    webhook: "webhook", wecom: "WeCom group", dingtalk: "DingTalk group", feishu: "Feishu group", mail: "mail",
    budget: "Budget", currency: "Currency", total: "In all", perAttempt: "For an attempt", perMinute: "For a minute", step: "Charged in steps of (s)", more: "More settings", required: "Needed", remove: "Remove",
  },
  zh: {
    script: "话术", weight: "占比", variant: "结果中的名称", addScript: "增加对照话术(A/B)", hours: "呼叫时段", zone: "时区", days: "日期", from: "从", to: "到",
    addWindow: "增加时段", breaks: "休息时段", addBreak: "增加休息", forbidden: "禁呼日期", holidays: "节假日不呼叫", starts: "开始时间", ends: "截止时间",
    startsHint: "留空表示手动启动", pace: "机器人与速度", robots: "并发机器人数", guaranteed: "其中保底", cps: "每秒呼叫数",
    burst: "其中可同时", burstHint: "同一时刻最多发起的呼叫数", ring: "振铃时长(秒)", priority: "优先级(1 最高)", pool: "外显号码池", local: "优先显示本地号码",
    retry: "未接通重呼", attempts: "最多呼叫次数", gap: "两次至少间隔(分钟)", minutes: "稍后重呼：间隔(分钟)", hoursClass: "当日再呼：间隔(分钟)", daysClass: "改日再呼：间隔(分钟)",
    classHint: "通话结果说明中各类的间隔：忙线稍后重呼，无人接听当日再呼，号码异常改日再呼。下面的规则优先。",
    caps: "对同一人的次数上限", perDay: "每天", per7: "7 天内", per30: "30 天内",
    actions: "动作与通知", rules: "结果或标签之后的动作", on: "条件", onAfter: "通话结果", onTag: "标签", after: "结果", tag: "对话标签",
    then: "动作", wait: "多久后重呼(分钟)", again: "重呼", stop: "不再呼叫", upTo: "最多次数", addRule: "增加规则", rulesNote: "第一条符合的规则生效；标签规则先于结果规则。客户拒绝后，无论规则如何都不会再呼叫。",
    transfer: "转人工", mode: "节奏", group: "坐席组", robotsMode: "仅机器人：不控制节奏", progressive: "渐进式：呼叫数不超过空闲坐席", predictive: "预测式：在放弃率允许范围内",
    abandonment: "放弃率上限(%)", threshold: "等待多久算放弃(秒)", window: "统计时长(小时)", denominator: "占比基数", answered: "已接通的呼叫", queued: "进入排队的呼叫", minCalls: "达到多少通后才预测",
    breaker: "自动暂停", breakerNote: "最近若干次呼叫中，线路失败达到该比例，或接听者中要求免打扰、辱骂达到该比例时暂停。", last: "最近次数", least: "至少", failures: "失败(%)", refusals: "拒绝(%)",
    news: "通知", newsNote: "对全部任务生效，不只是本任务。", told: "通知到", nobody: "无", manage: "Webhook、群机器人、邮件", preDial: "每次拨号前先询问你方系统，可禁止拨打({{n}} 个)。", askAdmin: "通知地址由管理员添加。",
    webhook: "Webhook", wecom: "企业微信群", dingtalk: "钉钉群", feishu: "飞书群", mail: "邮件",
    budget: "预算", currency: "币种", total: "总额", perAttempt: "每次呼叫", perMinute: "每分钟", step: "计费步长(秒)", more: "更多设置", required: "必填", remove: "删除",
  },
});
