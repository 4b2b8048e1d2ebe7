"""Mandarin recognition errors, simulated: homophones, near sounds, lost characters. Used on test sentences only.

Mixture of facts known from telephone recognisers: 60 % exact homophones, 30 % near sounds, 10 % deletions. Written independently of the
features: readings come from pypinyin in context, near sounds include pairs that the ranker does not fold (f/h, r/l).
"""

from __future__ import annotations

import random
from functools import lru_cache

from pypinyin import Style, lazy_pinyin

__all__ = ["garble"]

_SWAPS = (
    ("zh", "z"),
    ("ch", "c"),
    ("sh", "s"),
    ("n", "l"),
    ("f", "h"),
    ("r", "l"),
    ("ang", "an"),
    ("eng", "en"),
    ("ing", "in"),
)
_COMMON = tuple(
    bytes((high, low)).decode("gb2312", "ignore") for high in range(0xB0, 0xD8) for low in range(0xA1, 0xFF)
)


def garble(text: str, share: float, generator: random.Random) -> str:
    """`text` with `share` of its Chinese characters misheard. Deterministic for the generator's state."""
    readings = lazy_pinyin(text, style=Style.TONE3, neutral_tone_with_five=True, errors=_as_is)  # type: ignore[arg-type]  # its stub knows strings only
    if len(readings) != len(text):
        return text
    return "".join(
        _misheard(c, r, generator) if generator.random() < share else c for c, r in zip(text, readings, strict=True)
    )


def _as_is(foreign: str) -> list[str]:
    """One entry per character that has no reading, so that readings and characters stay side by side."""
    return list(foreign)


def _misheard(char: str, reading: str, generator: random.Random) -> str:
    by_sound = _by_sound()
    if reading == char or reading not in by_sound:
        return char
    kind = generator.random()
    if kind >= 0.9:
        return ""
    sounds = [reading] if kind < 0.6 else [near for near in _near(reading) if near in by_sound]
    choices = [other for sound in sounds for other in by_sound[sound] if other != char]
    return generator.choice(choices) if choices else char


@lru_cache(maxsize=2000)
def _near(reading: str) -> tuple[str, ...]:
    """Readings that differ in the tone, or in one initial or final that is easily confused."""
    syllable, tone = reading[:-1], reading[-1]
    found = [syllable + other for other in "1234" if other != tone]
    for one, two in _SWAPS:
        for a, b in ((one, two), (two, one)):
            at_start = len(one.strip("aeiou")) == len(one)
            if at_start and syllable.startswith(a) and not syllable.startswith(one if a == two else "\0"):
                found.append(b + syllable[len(a) :] + tone)
            if not at_start and syllable.endswith(a):
                found.append(syllable[: -len(a)] + b + tone)
    return tuple(found)


@lru_cache(maxsize=1)
def _by_sound() -> dict[str, list[str]]:
    """The 3,755 characters of GB 2312 level 1 by their commonest reading."""
    found: dict[str, list[str]] = {}
    for char in filter(None, _COMMON):
        found.setdefault(lazy_pinyin(char, style=Style.TONE3, neutral_tone_with_five=True)[0], []).append(char)
    return found
