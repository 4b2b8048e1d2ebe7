"""What is said about lists of people, in English and in Chinese: what is wrong, and how to mend it. `{name}` stands for a value."""

from __future__ import annotations

from typing import Literal

from callwright.errors import Place, Problem

__all__ = ["CODES", "FIELD_WORDS", "Language", "problem", "say"]

Language = Literal["en", "zh"]

_E164 = "write it as E.164: + country code and number, for example +12025550123"
_E164_ZH = "写成国际格式：加号、国家代码、号码，例如 +8613800138000；国内号码请加 --region CN"

CODES: dict[str, dict[Language, tuple[str, str]]] = {
    # the file
    "no-file": {"en": ("there is no such file", "check the path"), "zh": ("没有这个文件", "检查路径")},
    "unreadable": {"en": ("cannot be read: {why}", "check its permissions"), "zh": ("无法读取：{why}", "检查文件权限")},
    "too-large": {
        "en": ("{size} bytes; at most {most}", "split the list"),
        "zh": ("{size} 字节，最多 {most}", "把名单拆成几份"),
    },
    "unknown-kind": {
        "en": ("this is no list: {why}", "save it as CSV UTF-8, XLSX or JSON"),
        "zh": ("不是名单文件：{why}", "另存为 CSV UTF-8、XLSX 或 JSON"),
    },
    "unknown-encoding": {
        "en": ("its text is neither UTF-8, UTF-16 nor GB18030", "save it as CSV UTF-8, or name the encoding"),
        "zh": ("文字编码不是 UTF-8、UTF-16 或 GB18030", "另存为 CSV UTF-8，或用 --encoding 指明编码"),
    },
    "no-encoding": {
        "en": ("{name!r} is no encoding of lists", "one of {known}"),
        "zh": ("{name!r} 不是可用的编码", "可用：{known}"),
    },
    "bad-encoding": {
        "en": ("byte {byte} is no {encoding}", "name the right encoding, or save it as CSV UTF-8"),
        "zh": ("第 {byte} 个字节不是 {encoding}", "指明正确的编码，或另存为 CSV UTF-8"),
    },
    "not-xlsx": {
        "en": ("not readable as XLSX: {why}", "open it in a spreadsheet and save it as XLSX, or as CSV UTF-8"),
        "zh": ("无法按 XLSX 读取：{why}", "用表格软件打开后另存为 XLSX 或 CSV UTF-8"),
    },
    "zip-bomb": {
        "en": ("unpacks to more than a list of people can be: {why}", "save the sheet anew, or export it as CSV UTF-8"),
        "zh": ("解压后大得不像名单：{why}", "重新保存表格，或导出为 CSV UTF-8"),
    },
    "no-sheet": {
        "en": ("there is no sheet {sheet}; it has {sheets}", "name one of them"),
        "zh": ("没有工作表 {sheet}；现有 {sheets}", "从中选一个"),
    },
    "not-json": {
        "en": ("not readable as JSON: {why}", "an array of objects, or one object on each line"),
        "zh": ("无法按 JSON 读取：{why}", "应为对象数组，或每行一个对象"),
    },
    "too-many": {
        "en": ("more than {most} rows", "split the list"),
        "zh": ("超过 {most} 行", "把名单拆成几份"),
    },
    "too-many-columns": {
        "en": ("more than {most} columns", "keep the columns that a script needs"),
        "zh": ("超过 {most} 列", "只保留话术用得到的列"),
    },
    "empty": {
        "en": ("no rows", "add at least one person below the header"),
        "zh": ("没有数据行", "表头下至少写一个人"),
    },
    "no-header": {
        "en": (
            "the first line is a person, not the names of columns",
            "the first line names the columns, for example: number,basis,consent_at,scope,name,company",
        ),
        "zh": ("第一行是数据，不是列名", "第一行写列名，例如：手机号,依据,同意时间,姓名,公司"),
    },
    "no-column": {
        "en": (
            "column {field} missing",
            "the first line names the columns, for example: number,basis,consent_at,scope,name,company; "
            "or say which one it is: --mapping COLUMN={field}",
        ),
        "zh": (
            "缺少列：{field}",
            "第一行写列名，例如：手机号,依据,同意时间,姓名,公司；或指明是哪一列：--mapping 列名={field}",
        ),
    },
    "column-twice": {
        "en": (
            "column {column} stands twice",
            "remove one of them, or say what each is: --mapping COLUMN={field} (- = leave out)",
        ),
        "zh": ("列重复：{column}", "删去一列，或指明各列含义：--mapping 列名={field}（- 表示不导入）"),
    },
    "unknown-column": {
        "en": ("the mapping names a column {column}; the list has {columns}", "write it as in the first line"),
        "zh": ("映射里的列 {column} 不存在；现有 {columns}", "按第一行的写法填写"),
    },
    # a row
    "not-csv": {
        "en": ("not readable as CSV: {why}", "check quotes and line breaks"),
        "zh": ("无法按 CSV 读取：{why}", "检查引号和换行"),
    },
    "not-an-object": {
        "en": ("not an object with plain values", 'write {{"number": "+12025550123", "basis": "contract"}}'),
        "zh": ("不是由简单值组成的对象", '写成 {{"number": "+8613800138000", "basis": "contract"}}'),
    },
    "too-many-cells": {
        "en": ("the row has more cells than the header", "check for unquoted commas"),
        "zh": ("这一行的格子比表头多", "检查未加引号的逗号"),
    },
    "cell-too-long": {
        "en": ("{length} characters", "at most {most}"),
        "zh": ("{length} 个字符", "最多 {most} 个"),
    },
    "bad-character": {
        "en": ("a character that cannot be shown or spoken", "remove it"),
        "zh": ("含有无法显示或朗读的字符", "删去该字符"),
    },
    "no-number": {"en": ("no number", _E164), "zh": ("没有号码", _E164_ZH)},
    "bad-number": {"en": ("not a phone number that exists", _E164), "zh": ("不是存在的电话号码", _E164_ZH)},
    "rounded-number": {
        "en": (
            "a spreadsheet made a rounded figure of the number; its last digits are lost",
            "format the column as text in the spreadsheet, paste the numbers again, and export it anew",
        ),
        "zh": ("表格软件把号码变成了科学计数，末几位已丢失", "在表格软件里把该列设为文本，重新粘贴号码后再导出"),
    },
    "bad-basis": {
        "en": ("{basis} is no basis for a call", "one of {bases}"),
        "zh": ("“{basis}” 不是呼叫依据", "填其中之一：{bases}（同意、合同、法定义务、老客户）"),
    },
    "no-basis": {
        "en": ("no basis for a call", "one of {bases}"),
        "zh": ("没有呼叫依据", "填其中之一：{bases}（同意、合同、法定义务、老客户）"),
    },
    "bad-time": {
        "en": ("not a date", "write 2026-11-03 or 2026-11-03T09:30:00+08:00"),
        "zh": ("不是日期", "写成 2026-11-03 或 2026-11-03T09:30:00+08:00"),
    },
    "future-time": {
        "en": ("a day that has not come yet", "give the day the person consented"),
        "zh": ("日期在将来", "填本人同意的日期"),
    },
    "over": {
        "en": ("the consent is no longer valid", "ask the person again, or leave the row out"),
        "zh": ("同意已过期", "重新取得同意，或删去该行"),
    },
    "no-consent-date": {
        "en": ("consent without a date proves nothing", "give the day the person consented"),
        "zh": ("没有日期的同意不能作为证明", "填本人同意的日期"),
    },
    "bad-zone": {
        "en": ("{zone} is no time zone", "an IANA name, for example Asia/Shanghai"),
        "zh": ("“{zone}” 不是时区", "用 IANA 名称，例如 Asia/Shanghai"),
    },
    "duplicate": {
        "en": ("the number stands in line {line} too", "keep one of the rows"),
        "zh": ("号码与第 {line} 行重复", "保留其中一行"),
    },
    # kept out by what is known already
    "suppressed": {
        "en": ("this person was erased and may not be called again", "leave the row out"),
        "zh": ("此人已要求删除，不得再呼叫", "删去该行"),
    },
    "frozen": {
        "en": ("the number is frozen", "leave the row out; `callwright freeze` tells why and until when"),
        "zh": ("号码在冻结库中", "删去该行；用 callwright freeze 查看原因和期限"),
    },
    "elsewhere": {
        "en": ("the person stands on another list", "leave the row out, or import without --not-elsewhere"),
        "zh": ("此人已在另一份名单上", "删去该行，或去掉 --not-elsewhere 再导入"),
    },
    "in-task": {
        "en": ("the person is in task {task} already", "leave the row out, or import without --not-in-task"),
        "zh": ("此人已在任务 {task} 中", "删去该行，或去掉 --not-in-task 再导入"),
    },
    # the import
    "more": {
        "en": ("{count} more rows have mistakes", "--errors FILE writes all of them"),
        "zh": ("还有 {count} 行有错", "用 --errors 文件名 写出全部"),
    },
    "unfinished": {
        "en": (
            "an import of another file into the list {name} was not finished",
            "import that file again first ({file}), or take another name",
        ),
        "zh": ("名单 {name} 有另一个文件没有导完", "先重新导入那个文件（{file}），或换一个名单名"),
    },
    "gone": {
        "en": ("the list {name} was taken away while people were imported", "import the file again if it is wanted"),
        "zh": ("导入期间名单 {name} 被删除", "如仍需要，请重新导入该文件"),
    },
    "no-company": {
        "en": ("there is no company {company}", "`callwright company list` shows all of them"),
        "zh": ("没有公司 {company}", "用 callwright company list 查看全部公司"),
    },
    "no-task": {
        "en": ("there is no task {task}", "`callwright task list` shows all of them"),
        "zh": ("没有任务 {task}", "用 callwright task list 查看全部任务"),
    },
    "no-list": {
        "en": ("there is no list {name}", "`callwright leads lists` shows all of them"),
        "zh": ("没有名单 {name}", "用 callwright leads lists 查看全部名单"),
    },
    "bad-name": {
        "en": ("{name!r} is no name for a list", "1 to 200 characters that can be shown"),
        "zh": ("{name!r} 不能作名单名", "1 到 200 个可显示的字符"),
    },
}
"""By code: what is wrong and how to mend it."""

FIELD_WORDS: dict[Language, tuple[str, ...]] = {
    "en": ("line", "field", "code", "what", "how to mend it"),
    "zh": ("行", "字段", "代码", "问题", "怎么改"),
}
"""Header of the file of errors."""


def say(code: str, lang: Language, **values: object) -> tuple[str, str]:
    """What is wrong, and how to mend it."""
    what, hint = CODES[code][lang]
    return what.format(**values), hint.format(**values)


def problem(code: str, lang: Language, place: Place, **values: object) -> Problem:
    """As a problem with a place."""
    what, hint = say(code, lang, **values)
    return Problem(code, what, place, hint)
