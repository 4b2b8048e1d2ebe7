# ruff: noqa: E501, RUF005, SIM905 - word lists
"""Slots and signals hold for any text: total, deterministic, spans true; numbers come back as they were spoken."""

from __future__ import annotations

import itertools
import json

from hypothesis import given, settings
from hypothesis import strategies as st

from callwright.dialogue.understanding.signals import marks, read_signals, wants_human, wants_no_calls
from callwright.dialogue.understanding.slots import TYPES, read_slots

ZH_WORDS = list("零一二两三四五六七八九十百千万亿点半几多来个块毛分元岁月日号年周天上下午早晚差刻到后前大明今我姓叫王李是,， 0123456789%.:-+底末初折负俩仨幺洞") + [
    "星期", "礼拜", "小时", "钟头", "分钟", "百分之", "之前", "以后", "左右", "先生", "别打", "转人工", "不是", "美元", "国庆",
]  # fmt: skip
EN_WORDS = (
    "zero one two three five ten eleven twelve fifteen twenty ninety hundred thousand million and a an half quarter couple of few point percent "
    "to past at by in on from between minutes hours days weeks months years old dollars cents o'clock pm am tomorrow next friday week the fifth "
    "december my name is i'm he's double plus oh k 15 7:30 2:70 % $ 1,000 minus end month until stop calling me not busy human"
).split()
TEXTS = st.one_of(
    st.text(max_size=40).map(lambda text: ("zh", text)),
    st.text(max_size=40).map(lambda text: ("en", text)),
    st.lists(st.sampled_from(ZH_WORDS), max_size=14).map(lambda words: ("zh", "".join(words))),
    st.lists(st.sampled_from(EN_WORDS), max_size=14).map(lambda words: ("en", " ".join(words))),
)
NOWS = st.sampled_from(["", "2026-11-20T17:00", "2026-01-31T23:59", "2028-02-29T00:00", "2027-12-31T08:30", "nonsense"])
WINDOWS = st.sampled_from([None, ("09:00", "20:00"), ("08:00", "08:00"), ("x", "")])

_FIGURES = "零一二三四五六七八九"
_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
).split()
_TENS = "- - twenty thirty forty fifty sixty seventy eighty ninety".split()


def zh_section(number: int) -> str:
    spoken, gap = "", False
    for unit, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        figure = number // unit % 10
        if figure:
            spoken += ("零" if gap and spoken else "") + _FIGURES[figure] + name
        gap = not figure
    return spoken


def zh(number: int) -> str:
    """How the number is said in full Mandarin; written for this test, not taken from the reader."""
    high, low = divmod(number, 10_000)
    spoken = zh_section(high) + "万" if high else ""
    if low:
        spoken += ("零" if high and low < 1000 else "") + zh_section(low)
    spoken = spoken or "零"
    return spoken[1:] if spoken.startswith("一十") else spoken


def en(number: int) -> str:
    if number < 20:
        return _ONES[number]
    if number < 100:
        return _TENS[number // 10] + (f" {_ONES[number % 10]}" if number % 10 else "")
    if number < 1000:
        return _ONES[number // 100] + " hundred" + (f" and {en(number % 100)}" if number % 100 else "")
    size, name = (10**6, "million") if number >= 10**6 else (1000, "thousand")
    rest = number % size
    return en(number // size) + f" {name}" + ((" and " if rest < 100 else " ") + en(rest) if rest else "")


@settings(max_examples=250, deadline=None)
@given(TEXTS, NOWS, WINDOWS)
def test_any_text_gives_true_spans_and_json_values(
    spoken: tuple[str, str], now: str, window: tuple[str, str] | None
) -> None:
    lang, text = spoken
    values = read_slots(text, TYPES, lang, now, window)
    assert values == read_slots(text, TYPES, lang, now, window)
    for value in values:
        begin, end = value.span
        assert 0 <= begin < end <= len(text)
        assert value.raw == text[begin:end]
        json.dumps([value.value, value.ambiguous], allow_nan=False)
    for kind in TYPES:
        spans = [value.span for value in values if value.type == kind]
        assert all(a[1] <= b[0] for a, b in itertools.pairwise(spans))


@settings(max_examples=150, deadline=None)
@given(TEXTS)
def test_signals_hold_for_any_text(spoken: tuple[str, str]) -> None:
    lang, text = spoken
    signals = read_signals(text, lang)
    assert signals == read_signals(text, lang)
    assert signals.wants_human == (wants_human(text, lang) is not None)
    assert wants_no_calls(text, lang) is None or signals.refusal
    assert all(0 <= mark.start < mark.end <= len(text) for mark in marks(text, lang))


NUMBERS = st.one_of(st.integers(0, 99_999_999), *(st.integers(0, 10**k - 1) for k in (2, 3, 4, 5, 6)))


@settings(max_examples=400, deadline=None)
@given(NUMBERS)
def test_spoken_whole_numbers_come_back(number: int) -> None:
    for lang, text in (("zh", zh(number)), ("en", en(number))):
        for kind in ("number", "int"):
            (value,) = read_slots(text, frozenset({kind}), lang)
            assert (value.value, value.ambiguous, value.span) == (number, (), (0, len(text)))


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 9999), st.text("0123456789", min_size=1, max_size=4).filter(lambda digits: set(digits) != {"0"}))
def test_spoken_decimals_come_back(whole: int, digits: str) -> None:
    wanted = float(f"{whole}.{digits}")
    spoken_zh = f"{zh(whole)}点{''.join(_FIGURES[int(d)] for d in digits)}"
    spoken_en = f"{en(whole)} point {' '.join(_ONES[int(d)] for d in digits)}"
    for lang, text in (("zh", spoken_zh), ("en", spoken_en)):
        (value,) = read_slots(text, frozenset({"number"}), lang)
        assert abs(value.value - wanted) < 1e-6
        assert value.span == (0, len(text))


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 23), st.integers(0, 59))
def test_spoken_clocks_come_back(hour: int, minute: int) -> None:
    text = f"明天{zh(hour)}点{zh(minute) + '分' if minute else '整'}"
    (value,) = read_slots(text, frozenset({"time"}), "zh", "2026-11-20T17:00", ("09:00", "20:00"))
    readings = [value.value["time"], *(other["time"] for other in value.ambiguous)]
    assert f"{hour:02d}:{minute:02d}" in readings
