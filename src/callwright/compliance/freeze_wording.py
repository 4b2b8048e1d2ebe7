"""What is said about lists for the freeze library (冻结库), in English and in Chinese: what is wrong, and how to mend it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from callwright.compliance.telling import Language
from callwright.errors import Place, Problem

__all__ = ["WORDS", "Wrong", "told"]


class Wrong(NamedTuple):
    """What is wrong with a freeze: a key of `WORDS`, the value it names, and what could stand there."""

    key: str
    value: object = ""
    known: Iterable[str] = ()


WORDS: dict[str, tuple[str, dict[Language, tuple[str, str]]]] = {
    "too-large": (
        "too-large",
        {
            "en": ("this is larger than 64 MB", "split it, or use `callwright freeze import`"),
            "zh": ("文件大于 64 MB", "拆成几份，或用 callwright freeze import"),
        },
    ),
    "other-sheets": (
        "other-sheets",
        {
            "en": (
                "only the first sheet was read, there are others: {value}",
                "import each with --sheet NAME, or as a file of its own",
            ),
            "zh": ("只读取了第一个工作表，还有：{value}", "用 --sheet 名称 逐个导入，或各存为一个文件"),
        },
    ),
    "too-long": (
        "too-long",
        {"en": ("the rest was not read", "mend or split the file"), "zh": ("后面的行没有读取", "改正或拆分文件")},
    ),
    "unknown-column": (
        "unknown-column",
        {
            "en": ("there is no column {value!r}", "columns: {known}"),
            "zh": ("没有 {value!r} 这一列", "可用的列：{known}"),
        },
    ),
    "twice": (
        "twice",
        {"en": ("two columns are {value!r}", "leave one of them out"), "zh": ("有两列都是 {value!r}", "去掉其中一列")},
    ),
    "no-number": (
        "no-number",
        {
            "en": ("the first line names no column `number`", "columns: {known}"),
            "zh": ("第一行没有号码列（number、号码、手机号）", "可用的列：{known}"),
        },
    ),
    "number": (
        "number",
        {
            "en": ("this is no number with its country code", "write +8613900000001"),
            "zh": ("不是带国家代码的号码", "写成 +8613900000001"),
        },
    ),
    "over": (
        "over",
        {
            "en": ("this freeze is over already", "leave it out, or give it a later end"),
            "zh": ("这条冻结已经到期", "去掉这一行，或改成更晚的到期时间"),
        },
    ),
    "until": ("until", {"en": ("until is no date", "write 2027-03-01"), "zh": ("到期时间不是日期", "写成 2027-03-01")}),
    "until-zone": (
        "until",
        {
            "en": ("the end of a freeze has a time zone", "write 2027-03-01T00:00:00+08:00"),
            "zh": ("到期时间须带时区", "写成 2027-03-01T00:00:00+08:00"),
        },
    ),
    "scope": (
        "scope",
        {"en": ("there is no scope {value!r}", "one of {known}"), "zh": ("没有 {value!r} 这种范围", "可用：{known}")},
    ),
    "reason": (
        "reason",
        {"en": ("there is no reason {value!r}", "one of {known}"), "zh": ("没有 {value!r} 这种原因", "可用：{known}")},
    ),
    "scope-id": (
        "scope-id",
        {
            "en": ("scope_id is the id of a company or task", "leave it empty for every other scope"),
            "zh": ("范围编号是公司或任务的编号", "其他范围请留空"),
        },
    ),
    "scope-needs-id": (
        "scope-id",
        {
            "en": (
                "a freeze for a company or task names it by its id, and no other does",
                "scope company or task with a scope_id, every other scope without",
            ),
            "zh": ("公司或任务范围的冻结须写编号，其他范围不写", "范围为公司或任务时填写范围编号，其他范围留空"),
        },
    ),
    "no-company": (
        "scope-id",
        {
            "en": ("there is no company {value}", "see: callwright company list"),
            "zh": ("没有编号为 {value} 的公司", "见 callwright company list"),
        },
    ),
    "no-task": (
        "scope-id",
        {
            "en": ("there is no task {value}", "see: callwright task list"),
            "zh": ("没有编号为 {value} 的任务", "见 callwright task list"),
        },
    ),
}
"""By key: the code of the problem, and what is wrong with how to mend it."""


def told(wrong: Wrong, lang: Language = "en", place: Place | None = None) -> Problem:
    """As a problem, in this language."""
    code, words = WORDS[wrong.key]
    what, hint = (text.format(value=wrong.value, known=", ".join(wrong.known)) for text in words[lang])
    return Problem(code, what, place or Place(), hint)
