// Words of the studio.
import { addProblemWords } from "@/ui/problems";
import { words } from "@/words";

addProblemWords({
  "changed-meanwhile": { en: "Somebody else saved this draft meanwhile", zh: "该草稿已被他人修改" },
  "own-work": { en: "Nobody approves what they wrote themselves", zh: "不能审核自己编写或提交的话术" },
  "not-waiting": { en: "This version does not wait for a reviewer", zh: "该版本不在待审核状态" },
  "not-approved": { en: "Nobody approved this version yet", zh: "该版本尚未通过审核" },
  "tests-fail": { en: "The script's own tests do not pass", zh: "话术自带的对话测试未通过" },
  exists: { en: "There is one of this name already", zh: "同名话术已存在" },
  busy: { en: "Too much is being checked just now; try again in a moment", zh: "当前检查任务过多,请稍后再试" },
});

export const useWords = words("studio", {
  en: {
    title: "Scripts", search: "Id or title", new: "New script", script: "Script", state: "State", language: "Language", purpose: "Purpose",
    changed: "Changed", by: "by", spoken: "Spoken version", none: "none", versions: "Versions", reviews: "To review", empty: "No scripts yet: begin one from a template",
    "state.draft": "draft", "state.in_review": "in review", "state.rejected": "sent back", "state.approved": "approved", "state.published": "published",
    "state.withdrawn": "withdrawn",
    "purpose.marketing": "marketing", "purpose.service": "service", "purpose.survey": "survey", "purpose.notice": "notice", "purpose.inbound": "inbound",
    "purpose.screening": "screening", "purpose.chat": "chat",
    name: "Name (id)", nameHint: "Letters, digits, - _ . ; tasks name the script by it", template: "Template", create: "Create", fromText: "From a file",
    fromTemplate: "From a template", choose: "Choose a .yaml file", cancel: "Cancel", open: "Open",
  },
  zh: {
    title: "话术", search: "编号或标题", new: "新建话术", script: "话术", state: "状态", language: "语言", purpose: "用途",
    changed: "最近修改", by: "修改人", spoken: "线上版本", none: "无", versions: "版本数", reviews: "待审核", empty: "还没有话术,从模板新建一个吧",
    "state.draft": "草稿", "state.in_review": "审核中", "state.rejected": "已驳回", "state.approved": "已通过", "state.published": "已发布",
    "state.withdrawn": "已下线",
    "purpose.marketing": "营销", "purpose.service": "服务", "purpose.survey": "调查回访", "purpose.notice": "通知", "purpose.inbound": "呼入",
    "purpose.screening": "来电筛查", "purpose.chat": "在线对话",
    name: "编号", nameHint: "字母、数字、- _ . ;外呼任务按此编号引用话术", template: "模板", create: "新建", fromText: "从文件导入",
    fromTemplate: "从模板新建", choose: "选择 .yaml 文件", cancel: "取消", open: "打开",
  },
});
