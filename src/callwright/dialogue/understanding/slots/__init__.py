"""Values in a sentence: numbers, times, sums, phone numbers, ages and names as people say them, in Mandarin and English.

The shapes of the values are in docs/reference/slots.md. Everything here is pure and total: any text gives a tuple, never an exception.
"""

from __future__ import annotations

from ...values import SlotValue
from . import age, durations, money, name, numbers_en, numbers_zh, phone, times_en, times_zh
from .moments import read_date, read_time
from .spans import Reading, compact, longest

__all__ = ["TYPES", "read_slots"]

TYPES = frozenset({"number", "int", "time", "date", "duration", "money", "phone", "age", "name"})
MAX_CHARS = 2000  # an utterance is never longer; what comes after is not read


def _numbers(text: str, lang: str, whole: bool) -> list[Reading]:
    found = []
    for spoken in numbers_zh.numbers(text) if lang == "zh" else numbers_en.numbers(text):
        values = [spoken.low] if spoken.high is None else [spoken.low, spoken.high]
        if whole:
            values = [v for v in values if v == int(v)]
        if values and values[0] == spoken.low:
            found.append(Reading(spoken.start, spoken.end, values[0], tuple(values[1:])))
    return found


def _moments(text: str, lang: str, kind: str, now: str, window: tuple[str, str] | None) -> list[Reading]:
    found = []
    for when in times_zh.read(text) if lang == "zh" else times_en.read(text):
        if kind == "date" and not when.first.day:
            continue
        read = read_date(when, now) if kind == "date" else read_time(when, now, window)
        if read:
            found.append(Reading(*when.span, *read))
    return found


def _read(text: str, kind: str, lang: str, now: str, window: tuple[str, str] | None) -> list[Reading]:
    if kind in ("number", "int"):
        return _numbers(text, lang, kind == "int")
    if kind in ("time", "date"):
        return _moments(text, lang, kind, now, window)
    reader = {
        "duration": durations.read,
        "money": money.read,
        "phone": phone.read,
        "age": age.read,
        "name": name.read,
    }.get(kind)
    return reader(text, lang) if reader else []


def read_slots(
    text: str, types: frozenset[str], lang: str, now: str = "", window: tuple[str, str] | None = None
) -> tuple[SlotValue, ...]:
    """Values of the given types in normalised text, in text order.

    types: any of `TYPES`; others (`text`, `enum`) are read elsewhere and ignored here. lang: `zh` or `en`.
    now: ISO minute ("2026-11-20T17:00"); "" leaves relative days symbolic. window: calling hours a bare 七点 is looked for in.
    The longest reading wins; values of one type never overlap, values of different types may.
    """
    text = text[:MAX_CHARS]
    words, places = compact(text) if lang == "zh" else (text, list(range(len(text))))
    values = []
    for kind in sorted(types & TYPES):
        for reading in longest(_read(words, kind, lang, now, window)):
            begin, end = places[reading.start], places[reading.end - 1] + 1
            values.append(SlotValue(kind, reading.value, text[begin:end], (begin, end), reading.ambiguous))
    return tuple(sorted(values, key=lambda v: (v.span, v.type)))
