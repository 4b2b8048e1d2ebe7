"""What stays symbolic when today is unknown, and the corners of time, date and the other types."""

from __future__ import annotations

from typing import Any

import pytest

from callwright.dialogue.understanding.slots import read_slots


@pytest.mark.parametrize(
    ("lang", "text", "kind", "wanted"),
    [
        ("zh", "后天下午三点半", "time", {"part": "afternoon", "time": "15:30", "relative": {"days": 2}}),
        ("zh", "下下周三", "time", {"relative": {"weekday": 3, "week": 2}}),
        ("zh", "半小时后", "time", {"relative": {"minutes": 30}}),
        ("zh", "周一到周五", "date", {"relative": {"weekday": 1, "to": {"weekday": 5}}}),
        ("zh", "二月三十号", "time", None),
        ("zh", "二零二六年二月三十号", "date", None),
        ("zh", "2026-12-03", "date", "2026-12-03"),
        ("zh", "国庆", "date", {"relative": {"holiday": "national_day"}}),
        ("zh", "七点", "time", {"time": "19:00"}),
        ("en", "next tuesday", "time", {"relative": {"weekday": 2, "week": 1}}),
        ("en", "noon", "time", {"time": "12:00"}),
        ("en", "by friday", "date", {"bound": "before", "relative": {"weekday": 5}}),
    ],
)
@pytest.mark.parametrize("now", ["", "not a minute"])
def test_relative_days_stay_symbolic(lang: str, text: str, kind: str, wanted: Any, now: str) -> None:
    got = read_slots(text, frozenset({kind}), lang, now)
    assert [value.value for value in got] == ([] if wanted is None else [wanted])


@pytest.mark.parametrize(
    ("lang", "text", "kind", "wanted"),
    [
        ("zh", "凌晨十二点", "time", {"date": "2026-11-21", "part": "dawn", "time": "00:00"}),
        ("zh", "半夜两点", "time", {"date": "2026-11-21", "part": "night", "time": "02:00"}),
        ("zh", "深夜十一点", "time", {"date": "2026-11-20", "part": "night", "time": "23:00"}),
        ("zh", "十二点", "time", {"date": "2026-11-21", "time": "12:00"}),
        ("zh", "八点差十分", "time", {"date": "2026-11-20", "time": "19:50"}),
        ("zh", "九十八年五月", "date", None),
        ("zh", "半天后", "time", None),
        ("zh", "半个月后", "time", {"date": "2026-12-05"}),
        ("zh", "明年年底", "time", {"date": "2026-12-31", "approx": True}),
        ("zh", "周三十点", "time", {"date": "2026-11-25", "time": "10:00"}),
        ("en", "yesterday", "date", "2026-11-19"),
        ("en", "last monday", "date", "2026-11-09"),
        ("en", "monday week", "date", "2026-11-23"),
        ("en", "the end of the year", "date", {"date": "2026-12-31", "approx": True}),
        ("en", "december 5th 2027", "date", "2027-12-05"),
        ("en", "in a month", "time", {"date": "2026-12-20"}),
        ("en", "in half a month", "time", {"date": "2026-12-05"}),
        ("en", "next sunday", "date", "2026-11-29"),
        ("en", "2026-12-24", "date", "2026-12-24"),
        ("en", "seven oh five pm", "time", {"date": "2026-11-20", "time": "19:05"}),
        ("en", "twenty five past six pm", "time", {"date": "2026-11-20", "time": "18:25"}),
        ("en", "quarter to one", "time", {"date": "2026-11-21", "time": "12:45"}),
        ("en", "in ten weeks", "date", "2027-01-29"),
        ("en", "midnight", "time", {"date": "2026-11-21", "time": "00:00"}),
        ("en", "right now", "time", {"date": "2026-11-20", "time": "17:00"}),
        ("en", "in a blue hour", "time", None),
    ],
)
def test_corners(lang: str, text: str, kind: str, wanted: Any) -> None:
    got = read_slots(text, frozenset({kind}), lang, "2026-11-20T17:00", ("09:00", "20:00"))
    assert [value.value for value in got] == ([] if wanted is None else [wanted])


def test_values_of_several_types_come_in_text_order() -> None:
    got = read_slots(
        "我叫李雷,孩子八岁,周六上午十点来", frozenset({"name", "age", "time", "text"}), "zh", "2026-11-20T17:00"
    )
    assert [(value.type, value.raw) for value in got] == [("name", "李雷"), ("age", "八岁"), ("time", "周六上午十点")]


def test_white_space_of_a_recogniser_does_not_hide_a_value() -> None:
    (value,) = read_slots("下 周三 下午 三 点", frozenset({"time"}), "zh", "2026-11-20T17:00")
    assert value.value == {"date": "2026-11-25", "part": "afternoon", "time": "15:00"}
    assert value.raw == "下 周三 下午 三 点"
