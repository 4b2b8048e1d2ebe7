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
    },
    "zh": {
        "read": "读取方式：{form}",
        "variable": "变量 {name}",
        "left out": "不导入",
        "by": "{basis} {count} 人",
        "checked": "{file}：{count} 人；{people}",
        "lacks": "缺少 {names}：不会呼叫",
        "usable": "{of} 人中 {count} 人具备 {script} 所需的变量",
    },
}
"""By language and by what is said."""
