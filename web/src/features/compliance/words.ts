import { language, words } from "@/words";

export const useWords = words("compliance", {
  en: {
    desk: "Compliance desk", queue: "Confirmation queue", freezes: "Freeze library", consents: "Consents", records: "Decision records",
    complaints: "Complaints", numbers: "Our numbers", rules: "Rule packs", subject: "A person",
    number: "Number", time: "Time", reason: "Reason", scope: "Scope", until: "Until", by: "By", note: "Note", state: "State", source: "Source",
    forGood: "until lifted", all: "All", search: "Look", clear: "Clear", cancel: "Cancel", save: "Save", back: "Back", download: "Download",
    erased: "erased", copy: "Copy", copied: "Copied", yes: "Yes", no: "No", task: "Task", call: "Call", open: "Open",
    findNumber: "Find a person by number", findHint: "+8613900000001, whole and with its country code", unknownNumber: "Nothing is kept about this number.",
    wasErased: "This person was erased on {{day}}. The number is never called.", badNumber: "Write the whole number with + and country code.",
    filteredBy: "One number only", language: "en",
    // freezes
    freeze: "Freeze a number", standing: "standing", ended: "ended", asked: "to be lifted", any: "all", askLift: "Ask to lift",
    askLiftWhy: "Why should it be lifted? Another person decides.", lift: "Agree, lift it", keep: "Keep it", takeBack: "Take back",
    askedBy: "{{by}} asks to lift it: {{reason}}", mine: "You asked. Another person must agree.", importList: "Import a list", exportList: "Export CSV",
    imported: "{{frozen}} frozen, {{before}} were frozen before, {{unusable}} rows not usable", scopeTenant: "everything", scopeCompany: "a company",
    scopeTask: "a task", scopeVoice: "robots only", scopeId: "Its id", untilHint: "Empty = as long as the reason says", liftedBy: "lifted by {{by}}: {{reason}}",
    importHint: "CSV, XLSX or JSON with a column number; scope, scope_id, reason, until, note if you like.",
    // queue
    words: "What was said", foundAt: "Heard", confirm: "It was a refusal", dismiss: "It was none", dismissWhy: "Why was it none?",
    keys: "Keys: j and k move, y freezes for 90 days, n dismisses", nothingWaits: "Nothing waits to be judged.", waiting: "{{count}} wait",
    confirmed: "confirmed", dismissed: "dismissed", waitingTab: "waiting", notCalled: "Until somebody decides, these numbers are not called.",
    mayNotDismiss: "Only the second person (permission freezes.confirm) dismisses.", asksPrice: "asked for the price", notNow: "only not now", other: "something else",
    // records
    verdict: "What became of it", dialled: "dialled", refused: "refused", heldBack: "held back", against: "Against it", nextAllowed: "Again from",
    verify: "Verify the chain", verifying: "{{done}} of {{total}} records", verified: "{{checked}} records, all as they were written", findings: "{{count}} findings",
    record: "Record {{seq}}", rule: "Rule", outcome: "Outcome", holds: "holds", fails: "does not hold", unknown: "not known", detail: "As it was sealed",
    citation: "Written down in", asOf: "looked at {{day}}", doubt: "Not verified: {{doubt}}", otherVersion: "version {{version}}; version {{other}} is loaded now",
    proof: "Proof", proofHint: "This record in a signed file. Anybody who has the public key checks it: callwright records verify FILE --key {{key}}",
    copyProof: "Copy the proof", evidence: "It rests on", ruleFilter: "Rule, like cn/hours", because: "Held back by", more: "The search goes on: look at the next page.",
    warns: "does not hold, warns only",
    // consents
    addConsent: "Add a consent", basis: "Ground", given: "Given", validUntil: "Valid until", uses: "Calls", withdrawn: "withdrawn {{day}} by {{means}}",
    withdraw: "Withdraw", withdrawAll: "Withdraw everything of a number", means: "By what means", alsoFreeze: "Freeze the number too",
    honourBy: "By law at the latest {{day}}; it holds at once.", atOnce: "It holds at once.", proofFile: "Proof (form, recording, mail)", wording: "Version of the wording",
    channel: "Channel", useLog: "Calls that rested on it", neverUsed: "No call rested on it.", noFile: "Only the sha256 is kept here.", company: "Company id",
    agreedTo: "Agreed to", standingConsent: "valid", revoked: "withdrawn", endedConsent: "over",
    // complaints
    openCase: "Open a case", reference: "Reference", received: "Received", due: "Due", answer: "Answer", tell: "Tell the person", late: "late",
    openState: "open", answered: "answered", closed: "closed", overdue: "overdue", said: "What they say", answerText: "What was answered", close: "The person was told: close",
    bundle: "Put the evidence together", readBundle: "Download the evidence", clock: "Due dates: {{source}} ({{status}})", answerDays: "Days to answer",
    frozenAtOnce: "The number is frozen and its consents are withdrawn in the same moment.", calls: "Calls", refHint: "Empty = one of ours is made",
    // numbers
    pool: "Pool", health: "Last {{days}} days", dials: "Dialled", answers: "Answered", short: "Short", refusedCalls: "Refused", blocked: "Blocked",
    advice: "Should be", registrations: "Registered", slow: "Slow down what needs it", recover: "Let rested ones go on", changed: "Changed: {{numbers}}", nothingChanged: "Nothing had to change.",
    active: "active", slowed: "slowed", resting: "resting", retired: "retired", norms: "A number that is refused calls less; it is not swapped. Judged from {{least}} dials on.",
    // rules
    explain: "Would this call be allowed?", at: "At (callee's clock)", purpose: "Purpose", restFine: "Everything else is in order", allowed: "Allowed", notAllowed: "Refused",
    because2: "Because", nextAt: "Allowed from {{when}}", never: "Not by itself", noAdvice: "Rule packs are no legal advice.", pack: "Pack", law: "law", draft: "draft", norm: "norm", contract: "contract", house: "house",
    region: "State or province", marketing: "marketing", service: "service", survey: "survey", notice: "notice", ownPack: "your own", showAll: "Show rules that hold",
    // subject
    refusals: "Not called", recordings: "Recordings", lists: "Lists", knownSince: "Known since", exportSubject: "Export everything", eraseSubject: "Erase",
    eraseWhat: "These will be gone: {{calls}} call records, {{recordings}} recordings, what {{lists}} lists say. Attempts and decision records stay, under an id that leads nowhere. There is no way back.",
    eraseType: "Type the last four digits of the number to go on", eraseNow: "Erase for good", erasedNow: "Erased. What is left is a keyed hash: the number is never called again.",
    againstCall: "A call to this person is going on.", againstComplaint: "A complaint is not closed: its evidence is still needed.",
    evCall: "Call", evRefusal: "Not called", evConsent: "Consent", evWithdrawal: "Consent withdrawn", evFreeze: "Frozen", evLift: "Freeze lifted", evSuspect: "May have refused",
    evComplaint: "Complaint", evListed: "Came on the list", why: "Why", loadMore: "Show more", grade: "Grade {{grade}}", wholeNumberNeeded: "You see masked numbers, so compare with the last four digits.",
    working: "Working", failed: "It failed", done: "Done",
  },
  zh: {
    desk: "合规台", queue: "待确认", freezes: "冻结库", consents: "同意台账", records: "决策记录",
    complaints: "投诉", numbers: "外显号码", rules: "规则包", subject: "个人档案",
    number: "号码", time: "时间", reason: "原因", scope: "范围", until: "到期", by: "操作人", note: "备注", state: "状态", source: "来源",
    forGood: "直至解冻", all: "全部", search: "查找", clear: "清除", cancel: "取消", save: "保存", back: "返回", download: "下载",
    erased: "已删除", copy: "复制", copied: "已复制", yes: "是", no: "否", task: "任务", call: "通话", open: "打开",
    findNumber: "按号码查找个人", findHint: "完整号码并带国家码，如 +8613900000001", unknownNumber: "没有与此号码相关的记录。",
    wasErased: "此人的信息已于 {{day}} 删除，该号码永不再呼。", badNumber: "请填写完整号码，并带 + 与国家码。",
    filteredBy: "仅显示一个号码", language: "zh",
    freeze: "冻结号码", standing: "生效中", ended: "已结束", asked: "待解冻", any: "全部", askLift: "申请解冻",
    askLiftWhy: "为什么要解冻？由另一人决定。", lift: "同意解冻", keep: "保持冻结", takeBack: "撤回申请",
    askedBy: "{{by}} 申请解冻：{{reason}}", mine: "由您申请，须另一人同意。", importList: "导入名单", exportList: "导出 CSV",
    imported: "新冻结 {{frozen}} 个，原已冻结 {{before}} 个，{{unusable}} 行无法使用", scopeTenant: "全部", scopeCompany: "某企业",
    scopeTask: "某任务", scopeVoice: "仅机器人", scopeId: "其编号", untilHint: "留空则按原因的默认期限", liftedBy: "{{by}} 已解冻：{{reason}}",
    importHint: "CSV、XLSX 或 JSON：须有号码列；可有范围、范围编号、原因、到期、备注。",
    words: "原话", foundAt: "发现时间", confirm: "是拒绝", dismiss: "不是拒绝", dismissWhy: "为什么不是拒绝？",
    keys: "快捷键：j、k 移动，y 冻结 90 天，n 排除", nothingWaits: "没有待确认的内容。", waiting: "{{count}} 条待确认",
    confirmed: "已确认", dismissed: "已排除", waitingTab: "待确认", notCalled: "在有人判定之前，不会呼叫这些号码。",
    mayNotDismiss: "只有复核人(权限 freezes.confirm)可以排除。", asksPrice: "在询价", notNow: "只是现在不方便", other: "其他",
    verdict: "结果", dialled: "已拨出", refused: "已拒绝", heldBack: "未拨出", against: "不符合的规则", nextAllowed: "可再呼时间",
    verify: "验证记录链", verifying: "已验证 {{done}} / {{total}} 条", verified: "共 {{checked}} 条记录，均与写入时一致", findings: "发现 {{count}} 处问题",
    record: "记录 {{seq}}", rule: "规则", outcome: "判断", holds: "符合", fails: "不符合", unknown: "无法得知", detail: "封存原文",
    citation: "依据", asOf: "{{day}} 查阅", doubt: "未经核实：{{doubt}}", otherVersion: "版本 {{version}}；当前加载 {{other}}",
    proof: "证明", proofHint: "签名文件，内含本条记录。持有公钥的任何人都可验证：callwright records verify FILE --key {{key}}",
    copyProof: "复制证明", evidence: "判断所依据", ruleFilter: "规则，如 cn/hours", because: "未拨出原因", more: "查找尚未结束：请看下一页。",
    warns: "不符合，仅提示",
    addConsent: "登记同意", basis: "依据", given: "取得时间", validUntil: "有效期至", uses: "通话数", withdrawn: "{{day}} 经 {{means}} 撤回",
    withdraw: "撤回", withdrawAll: "撤回某号码的全部同意", means: "撤回方式", alsoFreeze: "同时冻结号码",
    honourBy: "法定最迟 {{day}}；系统立即生效。", atOnce: "立即生效。", proofFile: "证据(表单、录音、邮件)", wording: "文本版本",
    channel: "渠道", useLog: "依据此同意的通话", neverUsed: "尚无通话依据此同意。", noFile: "此处只保存 sha256。", company: "企业编号",
    agreedTo: "同意内容", standingConsent: "有效", revoked: "已撤回", endedConsent: "已过期",
    openCase: "新建投诉", reference: "工单号", received: "收到时间", due: "期限", answer: "答复", tell: "告知本人", late: "逾期",
    openState: "待答复", answered: "已答复", closed: "已办结", overdue: "逾期", said: "投诉内容", answerText: "答复内容", close: "已告知本人，办结",
    bundle: "汇集证据", readBundle: "下载证据包", clock: "期限依据：{{source}}({{status}})", answerDays: "答复天数",
    frozenAtOnce: "号码立即冻结，其同意同时撤回。", calls: "通话", refHint: "留空则自动编号",
    pool: "号码池", health: "近 {{days}} 天", dials: "拨出", answers: "接通", short: "短通话", refusedCalls: "拒接", blocked: "被拦截",
    advice: "应为", registrations: "登记", slow: "让需要的号码降频", recover: "恢复休息已满的号码", changed: "已变更：{{numbers}}", nothingChanged: "无需变更。",
    active: "正常", slowed: "降频", resting: "休息", retired: "已停用", norms: "被拒接的号码会减少呼叫，而不是更换。拨出满 {{least}} 通后才评判。",
    explain: "这通电话允许吗？", at: "时间(被叫当地)", purpose: "用途", restFine: "其余条件均满足", allowed: "允许", notAllowed: "拒绝",
    because2: "说明", nextAt: "{{when}} 起允许", never: "不会自动解除", noAdvice: "规则包不构成法律意见。", pack: "规则包", law: "法律", draft: "征求意见稿", norm: "行业规范", contract: "合同", house: "内部规则",
    region: "州或省", marketing: "营销", service: "服务", survey: "调查", notice: "通知", ownPack: "自有", showAll: "显示符合的规则",
    refusals: "未呼叫", recordings: "录音", lists: "名单", knownSince: "首次出现", exportSubject: "导出全部", eraseSubject: "删除",
    eraseWhat: "将删除：{{calls}} 份通话记录、{{recordings}} 段录音、{{lists}} 份名单中的内容。呼叫与决策记录保留，但只剩无从追溯的编号。此操作不可撤销。",
    eraseType: "请输入号码末四位以继续", eraseNow: "永久删除", erasedNow: "已删除，仅保留加密哈希：该号码永不再呼。",
    againstCall: "正在与此人通话。", againstComplaint: "有投诉尚未办结，其证据仍需保留。",
    evCall: "通话", evRefusal: "未呼叫", evConsent: "取得同意", evWithdrawal: "撤回同意", evFreeze: "冻结", evLift: "解冻", evSuspect: "疑似拒绝",
    evComplaint: "投诉", evListed: "进入名单", why: "原因", loadMore: "显示更多", grade: "意向 {{grade}}", wholeNumberNeeded: "您看到的是脱敏号码，请核对末四位。",
    working: "处理中", failed: "失败", done: "完成",
  },
});

const CHANNELS: Record<string, readonly [string, string]> = {
  own: ["told us directly", "直接向我方投诉"], regulator: ["regulator", "监管部门"], carrier: ["carrier", "运营商"], "12321": ["12321", "12321"],
};

const CLOCKS: Record<string, string> = {
  "own intake": "我方自行受理", "put what your line contract says: --answer-days": "请按线路合同填写答复天数",
  "put what its letter says: --answer-days": "请按来函填写答复天数",
};

/** What the due dates of a complaint rest on, which the server says in English where it is no law. */
export function clockWords(source: string): string {
  return language() === "zh" ? (CLOCKS[source] ?? source) : source;
}

/** Where a complaint came from. */
export function channelWords(code: string): string {
  return CHANNELS[code]?.[language() === "zh" ? 1 : 0] ?? code;
}
