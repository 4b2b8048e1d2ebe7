"""Mandarin time words: 明儿上午, 后天下午三点半, 周五之前, 过两个钟头, 差五分八点, 上午九点到十一点."""

from __future__ import annotations

import re

from callwright.dialogue.understanding.later import later

from .days import Day
from .moments import Clock, Piece, When
from .numbers_zh import DIGITS, plain
from .scan import Grammar, expressions

__all__ = ["read"]

_N = "(?:[二三四五]?十[一二三四五六七八九]?|[零〇一二两三四五六七八九]|[0-9]{1,2})"
_HOUR = "(?:二十[一二三四]|二十|十[一二三四五六七八九]|十|[零〇一二两三四五六七八九]|2[0-4]|1[0-9]|0?[0-9])"
_MIN = "(?:[一二两三四五六七八九](?=分)|[二三四五]十[一二三四五六七八九]?|十[一二三四五六七八九]?|零[一二三四五六七八九]|[0-5]?[0-9])"
# not the tail of a longer number (二十五点), but 周三十点 is Wednesday at ten
_FREE = "(?:(?<![二三四五六七八九十百0-9])|(?<=[周期拜][一二三四五六]))"
_DAYNO = (
    "(?:三十一|三十|二十[一二三四五六七八九]?|十[一二三四五六七八九]?|[一二三四五六七八九]|3[01]|[12][0-9]|0?[1-9])"
)
_MONTH = "(?:元|十[一二]|[一二三四五六七八九十]|1[0-2]|0?[1-9])"

_DAYS = {
    "今天": 0, "今儿个": 0, "今儿": 0, "今日": 0, "当天": 0, "明天": 1, "明儿个": 1, "明儿": 1, "明日": 1,
    "后天": 2, "后儿个": 2, "后儿": 2,
    "后日": 2, "大后天": 3, "大后儿": 3, "昨天": -1, "昨儿": -1, "昨日": -1, "前天": -2, "前儿": -2, "大前天": -3,
}  # fmt: skip
_SHORT_DAYS = {"今": 0, "明": 1, "后": 2, "昨": -1}
_PARTS = {
    "凌晨": "dawn", "大清早": "morning", "一大早": "morning", "大早上": "morning", "清早": "morning", "清晨": "morning", "早上": "morning",
    "早晨": "morning", "早间": "morning", "上午": "morning", "午前": "morning", "头午": "morning",
    "中午": "noon", "正午": "noon", "晌午": "noon",
    "午间": "noon", "大中午": "noon", "午饭后": "afternoon", "下午": "afternoon", "午后": "afternoon",
    "后半晌": "afternoon", "傍晚": "evening",
    "傍黑": "evening", "黄昏": "evening", "下班后": "evening", "下班以后": "evening", "下班之后": "evening",
    "晚上": "evening", "晚间": "evening",
    "夜里": "night", "夜晚": "evening", "半夜": "night", "深夜": "night", "大半夜": "night", "大晚上": "evening",
}  # fmt: skip
_SHORT_PARTS = {"早": "morning", "晚": "evening", "早上": "morning", "晚上": "evening"}
_HOLIDAYS = {
    "元旦": "new_year", "春节": "spring_festival", "过年": "spring_festival", "大年初一": "spring_festival", "元宵": "lantern_festival",
    "元宵节": "lantern_festival", "清明": "qingming", "清明节": "qingming", "五一": "labour_day",
    "劳动节": "labour_day", "五一节": "labour_day",
    "端午": "dragon_boat", "端午节": "dragon_boat", "六一": "childrens_day", "儿童节": "childrens_day", "中秋": "mid_autumn",
    "中秋节": "mid_autumn", "国庆": "national_day", "国庆节": "national_day", "十一假期": "national_day", "十一长假": "national_day",
    "十一黄金周": "national_day", "圣诞": "christmas", "圣诞节": "christmas", "平安夜": "christmas_eve", "双十一": "double_eleven",
    "情人节": "valentines", "妇女节": "womens_day", "三八节": "womens_day", "跨年": "new_years_eve",
}  # fmt: skip
_WEEKDAYS = {c: i + 1 for i, c in enumerate("一二三四五六")} | {"日": 7, "天": 7} | {str(i): i for i in range(1, 8)}
_WEEKS = {"这": 0, "本": 0, "这个": 0, "上": -1, "上个": -1, "下": 1, "下个": 1, "下下": 2, "下下个": 2, "下一": 1}
_MONTHS = {"这个": 0, "这": 0, "本": 0, "当": 0, "下": 1, "下个": 1, "下下个": 2, "上个": -1, "上": -1}
_EDGES = {
    "底": "end",
    "末": "end",
    "初": "start",
    "中": "middle",
    "上旬": "first_third",
    "中旬": "second_third",
    "下旬": "last_third",
}


def _any(words: dict[str, int] | dict[str, str]) -> str:
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True))


def _number(words: str) -> int:
    if words == "元":
        return 1
    return DIGITS[words] if words in DIGITS else int(plain(words.lstrip("零〇") or "零"))


def _day(match: re.Match[str], day: Day, part: str = "") -> Piece:
    return Piece(match.start(), match.end(), day=day, part=part)


def _weekday(match: re.Match[str]) -> Piece:
    prefix, which = match["w"], match["d"]
    week = {} if not prefix else {"week": _WEEKS[prefix]}
    if which == "末":
        return _day(match, {"weekend": week.get("week", 0)})
    return _day(match, {"weekday": _WEEKDAYS[which], **week}, _SHORT_PARTS.get(match["p"] or "", ""))


def _month_day(match: re.Match[str]) -> Piece | None:
    day: dict[str, int | str] = {}
    if match["y"]:
        year = int("".join(str(DIGITS[c]) for c in match["y"]))
        day["year"] = year if year > 99 else 2000 + year
    if match["m"]:
        day["month"] = _number(match["m"])
    elif match["rel"]:
        day["months"] = _MONTHS[match["rel"]]
    if day.get("year") and not match["m"]:
        return None
    day["day"] = _number(match["d"])
    return _day(match, day)


def _month_edge(match: re.Match[str]) -> Piece:
    day: dict[str, int | str] = {"months": _MONTHS[match["rel"]] if match["rel"] else 0, "edge": _EDGES[match["edge"]]}
    if match["m"]:
        day = {"month": _number(match["m"]), "edge": _EDGES[match["edge"]]}
    return _day(match, day)


def _clock(match: re.Match[str]) -> Piece | None:
    hour = _number(match["h"])
    minute = 0
    if match["half"]:
        minute = 30
    elif match["quarter"]:
        minute = 15 * DIGITS[match["quarter"]]
    elif match["m"]:
        minute = _number(match["m"])
    if hour > 24 or minute > 59:
        return None
    if match["minus"]:
        minute = -_number(match["minus"])
    elif match["minusq"]:
        minute = -15
    if minute < 0:
        hour, minute = (hour - 1 if hour else 23), 60 + minute
    return Piece(match.start(), match.end(), clock=Clock(hour % 24, minute, hour == 24), approx=bool(match["about"]))


def _figures(match: re.Match[str]) -> Piece:
    hour, minute = int(match[1]), int(match[2])
    return Piece(match.start(), match.end(), clock=Clock(hour, minute, hour > 12 or len(match[1]) == 2))


_OFFSET_UNITS = {
    "分钟": 1,
    "刻钟": 15,
    "小时": 60,
    "钟头": 60,
    "天": 1440,
    "周": 10080,
    "星期": 10080,
    "礼拜": 10080,
    "月": 0,
}


def _offset(match: re.Match[str]) -> Piece | None:
    if not match["pre"] and not match["post"]:
        return None
    unit = next(u for u in _OFFSET_UNITS if match["unit"].endswith(u))
    half = 0.5 if match["half"] or match["tail"] else 0.0
    amount = half if match["n"] is None else _number(match["n"]) + half
    if unit == "月":
        return _day(match, {"months_on": int(amount)}) if amount >= 1 else _day(match, {"days": 15})
    minutes = int(amount * _OFFSET_UNITS[unit])
    if minutes % 10080 == 0 and unit in ("周", "星期", "礼拜"):
        return _day(match, {"weeks": minutes // 10080})
    if unit in ("天", "周", "星期", "礼拜"):
        return _day(match, {"days": minutes // 1440}) if minutes >= 1440 else None
    return Piece(match.start(), match.end(), offset=minutes)


def _rule(pattern: str, build: object) -> tuple[re.Pattern[str], object]:
    return later(pattern), build


_RULES = [
    _rule(f"(?:{_any(_DAYS)})", lambda m: _day(m, {"days": _DAYS[m[0]]})),
    _rule("([今明后昨])(早上|晚上|早|晚)(?!点[吧再给])", lambda m: _day(m, {"days": _SHORT_DAYS[m[1]]}, _SHORT_PARTS[m[2]])),
    _rule(f"(?P<w>{_any(_WEEKS)})?(?:周|星期|礼拜)(?P<d>[一二三四五六日天末1-7])(?P<p>早(?!上|晨|间|点|一点)"
        f"|晚(?!上|间|点|一点))?(?![0-9])", _weekday),
    _rule("(?<![一二两三四五六七八九十])(这个?|本|下个?|下下个?)(?:周|星期"
        "|礼拜)(?![一二三四五六日天末1-7])", lambda m: _day(m, {"week": _WEEKS[m[1]]})),
    _rule(
        f"(?:(?P<y>[12二一][0-9零〇一二三四五六七八九]{{3}}|[0-9]{{2}})年)?(?:(?P<m>{_MONTH})月(?:份)?"
            f"|(?P<rel>{_any(_MONTHS)})月(?:份)?的?)?(?P<d>{_DAYNO})[号日](?!线|楼|店|院|房|机|码|门)",
        _month_day,
    ),
    _rule("(?<![0-9])([12][0-9]{3})[-/]([0-9]{1,2})[-/]([0-9]{1,2})(?![0-9])",
          lambda m: _day(m, {"year": int(m[1]), "month": int(m[2]), "day": int(m[3])})),
    _rule(f"(?:(?P<m>{_MONTH})|(?P<rel>{_any(_MONTHS)})?)月(?:份)?(?P<edge>底|末|初|中旬|上旬|下旬|中)", _month_edge),
    _rule("(下个?|这个|本)月(?!底|末|初|中|上旬|下旬"
        "|份?的?[0-9一二三四五六七八九十]+[号日])份?", lambda m: _day(m, {"months": _MONTHS[m[1]]})),
    _rule("(今|明)?年(底|末|初)", lambda m: _day(m, {"year_edge": "start" if m[2] == "初" else "end", "years": int(m[1] == "明")})),
    _rule(f"(?:{_any(_HOLIDAYS)})(?:那天|当天|期间|假期)?(?![0-9点号个块])",
          lambda m: _day(m, {"holiday": _HOLIDAYS[re.sub("那天|当天|期间|(?<!十一)假期", "", m[0])]})),
    _rule(f"(?:{_any(_PARTS)})", lambda m: Piece(m.start(), m.end(), part=_PARTS[m[0]])),
    _rule(
        f"(?:差(?:(?P<minusq>一刻)"
            f"|(?P<minus>{_MIN})分?钟?)(?:到)?)?{_FREE}(?P<h>{_HOUR})点(?<![有早晚快慢多少好高低近远]一点)(?!儿|也|都|没|不|[吧啊呢]?再)"
        f"(?:(?P<half>半)|(?P<quarter>[一三])刻钟?|过?(?P<m>{_MIN})(?:分(?!钟后|钟之后))?(?!个|折|块|年|月|天)|整"
            f"|钟(?!头))?(?P<about>多|来钟)?(?P<post>)",
        _clock,
    ),
    _rule(f"(?P<h>{_HOUR})点(?P<half>)(?P<quarter>)(?P<m>)差(?:(?P<minusq>一刻)|(?P<minus>{_MIN})分)(?P<about>)", _clock),
    _rule("(?<![0-9:])([01]?[0-9]|2[0-3]):([0-5][0-9])(?![0-9:])", _figures),
    _rule(
        f"(?P<pre>(?:再|等)?过|再等|等)?(?:(?:(?P<n>{_N})个?(?P<half>半)?|(?P<tail>半)个?)(?P<unit>分钟|刻钟|小时|钟头|天|周|星期|礼拜|月))"
        "(?P<post>(?:之|以|过)?后)?",
        _offset,
    ),
    _rule("现在|马上|立刻|这会儿", lambda m: Piece(m.start(), m.end(), offset=0)),
    _rule("左右|前后|上下|差不多|大概|大约|约莫|约", lambda m: Piece(m.start(), m.end(), approx=True)),
    _rule("(?:之|以)前|前(?=$|[,。给再打来都行可])|为止|最晚|最迟|不晚于|截止到?", lambda m: Piece(m.start(), m.end(), bound="before")),
    _rule("(?:之|以|过)后|过(?=$|了)|后(?=$|[,。给再打来都行可])|最早|起$", lambda m: Piece(m.start(), m.end(), bound="after")),
]  # fmt: skip

GRAMMAR = Grammar(
    rules=_RULES,  # type: ignore[arg-type]
    linker=later("(?:的时候|那天|的话|[的吧啊呢嗯呃额哦,、就在是那个]){0,4}"),
    connector=later("[的,吧]?(?:一?直?到|至|~|-|—)"),
)


def read(text: str) -> list[When]:
    """Time expressions of a text without white space. Impossible clocks (25点) are none."""
    return expressions(text, GRAMMAR)
