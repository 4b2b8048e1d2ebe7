"""A rough pronunciation of an English word from its spelling, for names and brands that the dictionary lacks.

Longest-match rules in the manner of Elovitz et al. 1976 (NRL report 7948), much shortened: good enough to let the recogniser find a word among
the phrases of a script, not to speak it.
"""

from __future__ import annotations

import re

__all__ = ["phones_by_spelling"]

_RULES: dict[str, str] = {
    "tion": "SH AH N", "sion": "ZH AH N", "ough": "AO", "augh": "AO", "eigh": "EY", "tch": "CH", "sch": "S K", "igh": "AY", "air": "EH R",
    "ear": "IH R", "eer": "IH R", "our": "AW R", "oor": "AO R", "ght": "T", "qu": "K W", "ch": "CH", "sh": "SH", "th": "TH", "ph": "F",
    "wh": "W", "ck": "K", "ng": "NG", "kn": "N", "wr": "R", "ps": "S", "ee": "IY", "ea": "IY", "oo": "UW", "ou": "AW", "ow": "OW", "oa": "OW",
    "oi": "OY", "oy": "OY", "ai": "EY", "ay": "EY", "au": "AO", "aw": "AO", "ei": "EY", "ey": "IY", "ie": "IY", "ue": "UW", "ew": "UW",
    "ar": "AA R", "er": "ER", "ir": "ER", "or": "AO R", "ur": "ER", "ce": "S EH", "ci": "S IH", "cy": "S IY", "ge": "JH EH", "gi": "JH IH",
    "a": "AE", "b": "B", "c": "K", "d": "D", "e": "EH", "f": "F", "g": "G", "h": "HH", "i": "IH", "j": "JH", "k": "K", "l": "L", "m": "M",
    "n": "N", "o": "AA", "p": "P", "q": "K", "r": "R", "s": "S", "t": "T", "u": "AH", "v": "V", "w": "W", "x": "K S", "y": "Y", "z": "Z",
}  # fmt: skip
_LONG = {"a": "EY", "e": "IY", "i": "AY", "o": "OW", "u": "UW"}
_VOWELS = "aeiou"


def phones_by_spelling(word: str) -> tuple[str, ...]:
    """CMU phones (no stress) of a lower-case word; () when it has no letters."""
    rest = re.sub(r"[^a-z]", "", word)
    rest = re.sub(r"([bcdfgklmnprstz])\1", r"\1", rest)
    phones: list[str] = []
    at = 0
    while at < len(rest):
        tail = rest[at:]
        if tail == "e" and len(rest) > 2:
            break
        if len(tail) == 3 and tail[0] in _LONG and tail[1] not in _VOWELS + "wxyr" and tail[2] == "e":
            phones.append(_LONG[tail[0]])  # magic e: -ate, -ine
            at += 1
            continue
        if tail == "y" and len(rest) > 1:
            phones.append("IY")
            break
        length = next(n for n in (4, 3, 2, 1) if tail[:n] in _RULES)
        phones += _RULES[tail[:length]].split()
        at += length
    return tuple(phones)
