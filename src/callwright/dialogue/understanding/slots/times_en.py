"""English time words: "half past seven", "the day after tomorrow", "by friday", "nine to eleven in the morning"."""

from __future__ import annotations

import re

from callwright.dialogue.understanding.later import later

from .moments import Clock, Piece, When
from .numbers_en import numbers
from .scan import Grammar, expressions

__all__ = ["read"]

_HOURS = {
    w: i
    for i, w in enumerate(
        ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"], 1
    )
}
_HOURS |= {str(i): i for i in range(25)}
_MINUTES = {
    "five": 5, "ten": 10, "fifteen": 15, "twenty": 20, "thirty": 30, "forty": 40, "fourty": 40, "fifty": 50, "a quarter": 15, "quarter": 15,
    "half": 30,
}  # fmt: skip
_ONES = {w: i for i, w in enumerate(["one", "two", "three", "four", "five", "six", "seven", "eight", "nine"], 1)}
_TEENS = {
    w: i
    for i, w in enumerate(
        ["eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"], 11
    )
}
_WEEKDAYS = {
    w: i for i, w in enumerate(["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"], 1)
}
_WEEKDAYS |= {"mon": 1, "tue": 2, "tues": 2, "wed": 3, "thu": 4, "thurs": 4, "fri": 5}
_MONTHS = {
    w: i
    for i, w in enumerate(["january", "february", "march", "april", "may", "june", "july", "august",
    "september", "october", "november", "december"], 1)
}  # fmt: skip
_MONTHS |= {w[:3]: i for w, i in _MONTHS.items() if w != "may" and w != "march"} | {"sept": 9}
_ORDINALS = {
    w: i
    for i, w in enumerate(
        [
            "first",
            "second",
            "third",
            "fourth",
            "fifth",
            "sixth",
            "seventh",
            "eighth",
            "ninth",
            "tenth",
            "eleventh",
            "twelfth",
            "thirteenth",
            "fourteenth",
            "fifteenth",
            "sixteenth",
            "seventeenth",
            "eighteenth",
            "nineteenth",
            "twentieth",
        ],
        1,
    )
}
_ORDINALS |= {f"twenty{s}{w}": 20 + i for s in (" ", "-") for w, i in list(_ORDINALS.items()) if i < 10}
_ORDINALS |= {"thirtieth": 30, "thirty first": 31, "thirty-first": 31}
_PARTS = {
    "morning": "morning", "afternoon": "afternoon", "evening": "evening", "night": "night", "lunchtime": "noon", "lunch time": "noon",
    "dawn": "dawn",
}  # fmt: skip
_HOLIDAYS = {
    "christmas eve": "christmas_eve", "christmas day": "christmas", "christmas": "christmas", "new year's eve": "new_years_eve",
    "new years eve": "new_years_eve", "new year's day": "new_year", "new years day": "new_year", "new year": "new_year",
    "thanksgiving": "thanksgiving", "halloween": "halloween", "valentine's day": "valentines", "valentines day": "valentines",
    "chinese new year": "spring_festival", "spring festival": "spring_festival", "national day": "national_day",
}  # fmt: skip


def _any(words: dict[str, int] | dict[str, str]) -> str:
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True))


_HOUR = f"(?:{_any({k: v for k, v in _HOURS.items() if v})}|0)"
_MIN_WORDS = f"(?:twenty|thirty|forty|fourty|fifty)(?:[ -](?:{_any(_ONES)}))?|(?:oh|o)[ -](?:{_any(_ONES)})|ten|{_any(_TEENS)}|[0-5][0-9]"
_PM = r"(?P<half>a\.? ?m\b\.?|p\.? ?m\b\.?)"
_ORD = rf"(?:{_any(_ORDINALS)}|[0-9]{{1,2}}(?:st|nd|rd|th))"
_N = "(?:an?|half an?|half|a couple of|[0-9]{1,3}|[a-z]+(?:[ -](?:five|one|two|three|four|six|seven|eight|nine))?(?: and a half)?)"


def _minute(words: str) -> int:
    words = words.replace("-", " ")
    if words.isdigit():
        return int(words)
    head, _, tail = words.partition(" ")
    if head in ("oh", "o"):
        return _ONES[tail]
    return _MINUTES.get(head, _TEENS.get(head, 0)) + (_ONES.get(tail, 0))


def _clock(match: re.Match[str]) -> Piece | None:
    groups = match.groupdict()
    hour = _HOURS[groups["h"]]
    minute = _minute(groups["m"]) if groups.get("m") else 0
    if to := groups.get("to"):
        minute = _MINUTES.get(to, 0) or _minute(to)
        if groups["dir"] in ("to", "till", "before", "of"):
            hour, minute = (hour - 1) % 24 if hour > 1 else 12, 60 - minute
    if hour > 24 or minute > 59:
        return None
    half = (groups.get("half") or "").replace(".", "").replace(" ", "")
    if half and hour <= 12:
        hour = hour % 12 + (12 if half == "pm" else 0)
    fixed = bool(half) or hour > 12
    start = match.start("h") if not groups.get("to") else match.start("to")
    return Piece(start, match.end(), clock=Clock(hour % 24, minute, fixed), approx=bool(groups.get("ish")))


def _ordinal(words: str) -> int:
    return _ORDINALS[words] if words in _ORDINALS else int(re.sub("[a-z]", "", words))


def _month_day(match: re.Match[str]) -> Piece:
    words = match["d"]
    day: dict[str, int | str] = {
        "month": _MONTHS[match["m"]],
        "day": int(words) if words.isdigit() else _ordinal(words),
    }
    if match["y"]:
        day["year"] = int(match["y"])
    return Piece(match.start(), match.end(), day=day)


def _weekday(match: re.Match[str]) -> Piece:
    day: dict[str, int | str] = {
        "weekday": _WEEKDAYS[match["d"].rstrip("s") if match["d"] not in _WEEKDAYS else match["d"]]
    }
    if match["w"] == "next":
        day |= {"week": 1, "loose": 1}
    elif match["w"] == "last":
        day |= {"week": -1}
    elif match["after"]:
        day |= {"week": 1}
    return Piece(match.start(), match.end(), day=day)


def _amount(words: str) -> float | None:
    if words in ("a", "an"):
        return 1
    if words.startswith("half"):
        return 0.5
    found = numbers(words)
    return float(found[0].low) if found and found[0].start == 0 and found[0].end == len(words) else None


def _offset(match: re.Match[str]) -> Piece | None:
    amount = _amount(match["n"])
    if amount is None:
        return None
    unit = match["unit"]
    if match["plus"]:
        amount += 0.5
    start, end = match.span()
    if unit in ("minute", "hour"):
        return Piece(start, end, offset=int(amount * (60 if unit == "hour" else 1)))
    if unit == "month":
        return Piece(start, end, day={"months_on": int(amount)}) if amount >= 1 else Piece(start, end, day={"days": 15})
    if unit == "week" and amount == int(amount):
        return Piece(start, end, day={"weeks": int(amount)})
    days = int(amount * (7 if unit == "week" else 1))
    return Piece(start, end, day={"days": days}) if days else None


def _edge(match: re.Match[str]) -> Piece:
    edge = {"end": "end", "beginning": "start", "start": "start", "middle": "middle", "mid": "middle"}[match[1]]
    if match[3] == "year":
        return Piece(
            match.start(),
            match.end(),
            day={"year_edge": "start" if edge == "start" else "end", "years": int(match[2] == "next ")},
        )
    return Piece(match.start(), match.end(), day={"months": int(match[2] == "next "), "edge": edge})


def _rule(pattern: str, build: object) -> tuple[re.Pattern[str], object]:
    return later(rf"\b(?:{pattern})(?!\w)"), build


def _fixed_day(days: int, part: str = "") -> object:
    return lambda m: Piece(m.start(), m.end(), day={"days": days}, part=part)


_RULES = [
    _rule("today", _fixed_day(0)),
    _rule("tonight|this evening", _fixed_day(0, "evening")),
    _rule("this morning", _fixed_day(0, "morning")),
    _rule("this afternoon", _fixed_day(0, "afternoon")),
    _rule("tomorrow|tmrw", _fixed_day(1)),
    _rule("tomorrow night", _fixed_day(1, "evening")),
    _rule("(?:the )?day after tomorrow", _fixed_day(2)),
    _rule("yesterday", _fixed_day(-1)),
    _rule(rf"(?:(?P<w>next|this|last|coming)(?: coming)? )?(?P<d>(?:{_any(_WEEKDAYS)})s?)(?P<after> week)?", _weekday),
    _rule("(this|next|the)? ?weekend", lambda m: Piece(m.start(), m.end(), day={"weekend": int(m[1] == "next")})),
    _rule("(this|next) week", lambda m: Piece(m.start(), m.end(), day={"week": int(m[1] == "next")})),
    _rule("(?:the )?week after next", lambda m: Piece(m.start(), m.end(), day={"week": 2})),
    _rule("(this|next) month", lambda m: Piece(m.start(), m.end(), day={"months": int(m[1] == "next")})),
    _rule("(?:the )?(end|beginning|start|middle|mid) of (?:(the |this |next )?)(month|year)", _edge),
    _rule(rf"(?:the )?(?P<d>{_ORD}|[0-9]{{1,2}}) (?:of )?(?P<m>{_any(_MONTHS)})(?:,? (?P<y>20[0-9]{{2}}))?", _month_day),
    _rule(rf"(?P<m>{_any(_MONTHS)}) (?:the )?(?P<d>{_ORD}|[0-9]{{1,2}})(?:,? (?P<y>20[0-9]{{2}}))?", _month_day),
    _rule(rf"the (?P<d>{_ORD})(?: of (?P<r>this|next|the) month)?(?! (?:time|one|person|thing|floor|option|call|week|day))",
          lambda m: Piece(m.start(), m.end(), day={"day": _ordinal(m["d"])} if m["r"] in (None, "the")
                          else {"months": int(m["r"] == "next"), "day": _ordinal(m["d"])})),
    _rule("([12][0-9]{3})-([0-9]{1,2})-([0-9]{1,2})",
          lambda m: Piece(m.start(), m.end(), day={"year": int(m[1]), "month": int(m[2]), "day": int(m[3])})),
    _rule(_any(_HOLIDAYS), lambda m: Piece(m.start(), m.end(), day={"holiday": _HOLIDAYS[m[0]]})),
    _rule(f"(?:(?:in|at) )?(?:the )?(?:early |late )?(?P<p>{_any(_PARTS)})", lambda m: Piece(m.start(), m.end(), part=_PARTS[m["p"]])),
    _rule("(?:at )?(?:12 |twelve )?noon|midday", lambda m: Piece(m.start(), m.end(), clock=Clock(12, 0, True))),
    _rule("(?:at )?midnight", lambda m: Piece(m.start(), m.end(), clock=Clock(0, 0, True))),
    _rule(rf"(?P<to>half|a quarter|quarter|twenty[ -]five|five|ten|twenty|[0-9]{{1,2}}"
        rf"|{_any(_TEENS)})(?: minutes)? (?P<dir>past|to|till|before|after) (?P<h>{_HOUR})(?: o'?clock)?(?: {_PM})?",
          _clock),
    _rule(rf"(?P<to>half) (?P<dir>)(?P<h>{_HOUR})", _clock),
    _rule(rf"(?P<h>{_HOUR})(?::|\.| )(?P<m>{_MIN_WORDS})(?: ?{_PM})?(?! (?:percent|dollars|bucks|years?|minutes"
        rf"|hours?|days|weeks|months|pounds|euros|yuan))", _clock),
    _rule(rf"(?P<h>{_HOUR}) ?(?:o'? ?clock)(?: {_PM})?", _clock),
    _rule(rf"(?P<h>{_HOUR}) ?{_PM}", _clock),
    _rule(rf"(?P<h>{_HOUR})[ -]?(?P<ish>ish)", _clock),
    _rule(rf"(?:at|around|about|by|after|before|until|till) (?P<h>{_HOUR})(?! (?:percent|dollars|bucks|years?"
        rf"|minutes?|hours?|days?|weeks?|months?|hundred|thousand|pounds|euros|yuan|point|of|and|people|times|or|to))",
          _clock),
    _rule(rf"(?P<h>{_HOUR})(?= (?:in the (?:morning|afternoon|evening)|at night|tomorrow|tonight|on (?:{_any(_WEEKDAYS)})))", _clock),
    _rule(rf"(?P<h>{_HOUR})(?= (?:to|till|until|and|-) (?:{_HOUR})(?: ?[ap]\.? ?m\b| o'?clock|(?:[ :](?:thirty"
        rf"|fifteen|30|15))? (?:in the (?:morning|afternoon|evening)|at night|tomorrow)))", _clock),
    _rule(rf"(?:between|from) (?P<h>{_HOUR})(?= (?:and|to|till|until) (?:{_HOUR}))", _clock),
    _rule(rf"(?:between|from) (?:{_HOUR})(?: ?[ap]\.? ?m\b)? (?:and|to|till|until) (?P<h>{_HOUR})", _clock),
    _rule(rf"in (?P<n>{_N}) (?P<unit>minute|hour|day|week|month)s?(?:'s? time)?(?P<plus> and a half)?", _offset),
    _rule(rf"(?P<n>{_N}) (?P<unit>minute|hour|day|week|month)s?(?P<plus> and a half)? (?:from now|later)", _offset),
    _rule("right now|now|straight away|immediately|right away", lambda m: Piece(m.start(), m.end(), offset=0)),
    _rule("about|around|roughly|approximately|or so|ish", lambda m: Piece(m.start(), m.end(), approx=True)),
    _rule("by|before|until|till|no later than", lambda m: Piece(m.start(), m.end(), bound="before")),
    _rule("after|from|no earlier than|any ?time after", lambda m: Piece(m.start(), m.end(), bound="after")),
]  # fmt: skip

_WHOLE_HOUR = later(rf"(?:um |uh |er |maybe |say |at )?(?P<h>{_HOUR})(?: please| then)?")

GRAMMAR = Grammar(
    rules=_RULES,  # type: ignore[arg-type]
    linker=later(r"[ ,]*(?:(?:on|in|at|the|of|that|maybe|say|sometime|some|for) ?){0,3} *"),
    connector=later(r" ?(?:to|till|until|through|and|-) ?"),
)


def read(text: str) -> list[When]:
    """Time expressions of a normalised text. A bare hour counts only after a preposition or as the whole answer."""
    whole = _WHOLE_HOUR.fullmatch(text.strip())
    if whole and text == text.strip():
        piece = _clock(whole)
        return [When(piece)] if piece else []
    return expressions(text, GRAMMAR)
