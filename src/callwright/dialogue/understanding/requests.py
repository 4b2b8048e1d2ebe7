"""The two requests that come before everything: no more calls, and a person instead of the robot.

A grammar per language (`requests_zh`, `requests_en`) composes small groups into regular expressions; a match counts unless what stands
around it excuses it (a time limit, another number, a denial, a report). Mandarin is tried twice: as written, and with characters that
merely sound like those of the grammar replaced by them, where most of the match must have been written right. Pure and total.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from types import ModuleType

from callwright.dialogue.understanding import requests_en, requests_zh
from callwright.dialogue.understanding.pattern_index import PatternIndex
from callwright.dialogue.understanding.pinyin import readings, sound

__all__ = ["Found", "find_requests"]

Found = tuple[str, str, int, int]
"""(kind `opt_out` or `human`, the wording meant, start, end)."""

_WRONG_AT_MOST = 0.34  # share of a match that may be heard rather than written
_HEARD_FROM = {"opt_out": 4, "human": 3}  # characters; shorter matches must be written right
_CONTEXT = 24  # characters before a match that can excuse it


class _Grammar:
    """The compiled patterns of one language."""

    def __init__(self, source: ModuleType) -> None:
        self.triggers = {kind: re.compile(words) for kind, words in source.TRIGGERS.items()}
        self.patterns = {"opt_out": _compiled(source.OPT_OUT), "human": _compiled(source.HUMAN)}
        self.index = {kind: PatternIndex(patterns) for kind, patterns in self.patterns.items()}
        self.before = {kind: _compiled(lines) for kind, lines in source.EXCUSED_BEFORE.items()}
        self.after = {kind: _compiled(lines) for kind, lines in source.EXCUSED_AFTER.items()}
        self.excusable = {kind: re.compile(words) for kind, words in source.EXCUSABLE.items()}
        self.firm = {kind: re.compile(words) for kind, words in source.FIRM.items()}
        self.lasting = re.compile(source.LASTING)
        self.guarded = re.compile("|".join(map(re.escape, source.GUARDED)))

    def find(self, text: str, kind: str) -> Iterator[tuple[int, int]]:
        """Spans of unexcused matches of a kind, at most one per pattern."""
        possible = self.index[kind].possible(text) if self.triggers[kind].search(text) else []
        if not possible:
            return
        guards = [found.span() for found in self.guarded.finditer(text)]
        for pattern in possible:
            for match in pattern.finditer(text):
                begin, end = match.span()
                end -= text[begin:end].endswith(",")
                if any(a < end and begin < b and (a <= begin or b >= end) for a, b in guards):
                    continue
                if not self._excused(text, kind, begin, end):
                    yield begin, end
                    break

    def _excused(self, text: str, kind: str, begin: int, end: int) -> bool:
        if kind == "opt_out" and self.lasting.search(text, max(0, begin - _CONTEXT), end):
            return any(pattern.search(text[max(0, begin - _CONTEXT) : begin]) for pattern in self.before[kind][1:])
        clause = text[max(0, begin - _CONTEXT) : begin]
        limits = self.before[kind][1:] if self.firm[kind].search(text[begin:end]) else self.before[kind]
        if any(pattern.search(clause) for pattern in limits):
            return True
        if not self.excusable[kind].search(text[begin:end]):
            return False
        rest = text[end : end + _CONTEXT]
        return any(pattern.search(rest) for pattern in self.after[kind])


def _compiled(lines: tuple[str, ...]) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(line) for line in lines)


@lru_cache(maxsize=2)
def _grammar(lang: str) -> _Grammar:
    return _Grammar(requests_zh if lang == "zh" else requests_en)


@lru_cache(maxsize=1)
def _heard() -> dict[int, str]:
    """For each character that sounds like one of `HEARD` and is none itself: the character meant."""
    meant: dict[str, str] = {}
    for char in requests_zh.HEARD:
        meant.setdefault(sound(char)[0], char)
    known = set(requests_zh.HEARD) | set(requests_zh.AS_IS)
    table: dict[int, str] = {}
    for point in readings():
        char = chr(point)
        char_sound = sound(char)[0]
        if char_sound in meant and char not in known:
            table[point] = meant[char_sound]
    return table


_DIALLED = re.compile("[大答搭达](?=电话|给|我|了|来|过来|扰|搅)")
_ALWAYS_MEANT = str.maketrans({"在": "再", "专": "转", "赚": "转"})


@lru_cache(maxsize=256)
def find_requests(text: str, lang: str) -> tuple[Found, ...]:
    """The requests in normalised text, as the longest match of each kind comes first. `lang` other than `zh` means English."""
    grammar = _grammar("zh" if lang == "zh" else "en")
    found: list[Found] = []
    meant = _DIALLED.sub("打", text).translate(_heard()) if lang == "zh" else text
    for kind in grammar.patterns:
        spans = list(grammar.find(text, kind))
        found += (
            (kind, text[a:b].translate(_ALWAYS_MEANT) if lang == "zh" else text[a:b].strip(), a, b) for a, b in spans
        )
        if not spans and meant != text:
            for a, b in grammar.find(meant, kind):
                wrong = sum(x != y for x, y in zip(text[a:b], meant[a:b], strict=True))
                if b - a >= _HEARD_FROM[kind] and 0 < wrong <= _WRONG_AT_MOST * (b - a):
                    found.append((kind, meant[a:b].translate(_ALWAYS_MEANT), a, b))
    return tuple(sorted(found, key=lambda f: f[2] - f[3]))
