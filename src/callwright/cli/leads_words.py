"""What `callwright leads` says, in English and in Chinese."""

from __future__ import annotations

__all__ = ["WORDS"]

WORDS = {
    "en": {
        "read": "read as {form}",
        "variable": "variable {name}",
        "left out": "left out",
        "by": "{count} by {basis}",
        "checked": "{file}: {count} people; {people}",
        "lacks": "no {names}: would not be called",
        "usable": "{count} of {of} have what {script} needs",
        "imported": "list {name}: {people} people; of {rows} rows {imported} are new, {already} stood on it already",
        "left": "  {count} left out: {why}",
        "bad": "the row has a mistake",
        "duplicates": "the number stands twice",
        "suppressed": "the person was erased",
        "frozen": "the number is frozen",
        "elsewhere": "on another list",
        "in-task": "in the task already",
        "exported": "{count} people written to {file}",
        "no lists": "no lists: callwright leads import FILE --list NAME",
        "columns": "name|state|people|rows|twice|left out|created",
    },
    "zh": {
        "read": "读取方式：{form}",
        "variable": "变量 {name}",
        "left out": "不导入",
        "by": "{basis} {count} 人",
        "checked": "{file}：{count} 人；{people}",
        "lacks": "缺少 {names}：不会呼叫",
        "usable": "{of} 人中 {count} 人具备 {script} 所需的变量",
        "imported": "名单 {name}：共 {people} 人；{rows} 行中新增 {imported} 人，{already} 人已在名单上",
        "left": "  未导入 {count} 行：{why}",
        "bad": "有错误",
        "duplicates": "号码重复",
        "suppressed": "本人已要求删除",
        "frozen": "号码在冻结库中",
        "elsewhere": "已在另一份名单上",
        "in-task": "已在该任务中",
        "exported": "已写出 {count} 人：{file}",
        "no lists": "还没有名单：callwright leads import 文件 --list 名称",
        "columns": "名称|状态|人数|行数|重复|未导入|建立时间",
    },
}
"""By language and by what is said."""
