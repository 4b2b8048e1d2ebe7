"""Which of many regular expressions can match a text at all, from the characters a match cannot do without.

A list of some dozens of patterns is tried on every sentence and hardly ever matches. What every match of a pattern must contain is read
off its syntax tree ("one of 别不停, and one of 打拨"); a sentence that lacks it need not be searched.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from importlib import import_module
from typing import Any

__all__ = ["PatternIndex", "needed"]

# The parser of the standard library has no public name. `needed` trusts only the kinds of nodes it knows; others need nothing.
_PARSER: Any = import_module("re._parser")
_SLOTS = 3  # needs of a pattern that are looked at, the rarest first
_REPEATS = frozenset({"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"})


class PatternIndex:
    """Patterns in their order. Immutable; safe to share between threads."""

    def __init__(self, patterns: Iterable[re.Pattern[str]]) -> None:
        self._patterns = tuple(patterns)
        needs = [sorted(needed(pattern), key=lambda chars: (len(chars), sorted(chars))) for pattern in self._patterns]
        self._slots = [_slot([need[slot] if slot < len(need) else None for need in needs]) for slot in range(_SLOTS)]

    def possible(self, text: str) -> list[re.Pattern[str]]:
        """The patterns that may match somewhere in `text`; one that is left out cannot."""
        left = -1
        for without, by_char in self._slots:
            met = without
            for char in text:
                met |= by_char.get(char, 0)
            left &= met
            if not left:
                return []
        return [pattern for number, pattern in enumerate(self._patterns) if left >> number & 1]


def needed(pattern: re.Pattern[str]) -> list[frozenset[str]]:
    """Sets of characters; every match contains at least one character of each set. Empty where nothing is sure."""
    if pattern.flags & re.IGNORECASE:
        return []
    return _needs(_PARSER.parse(pattern.pattern, pattern.flags & ~re.UNICODE))


def _slot(needs: Sequence[frozenset[str] | None]) -> tuple[int, dict[str, int]]:
    """(bits of the patterns that need nothing, bits of the patterns that a character satisfies)."""
    by_char: dict[str, int] = {}
    for number, chars in enumerate(needs):
        for char in chars or ():
            by_char[char] = by_char.get(char, 0) | 1 << number
    return sum(1 << number for number, chars in enumerate(needs) if chars is None), by_char


def _needs(nodes: Iterable[tuple[Any, Any]]) -> list[frozenset[str]]:
    found: list[frozenset[str]] = []
    for kind, value in nodes:
        name = str(kind)
        if name == "LITERAL":
            found.append(frozenset(chr(value)))
        elif name == "IN" and all(str(inner) == "LITERAL" for inner, _ in value):
            found.append(frozenset(chr(code) for _, code in value))
        elif name == "SUBPATTERN" and not value[1] & re.IGNORECASE:
            found += _needs(value[3])
        elif name == "ATOMIC_GROUP":
            found += _needs(value)
        elif name in _REPEATS and value[0] >= 1:
            found += _needs(value[2])
        elif name == "BRANCH":
            branches = [_needs(branch) for branch in value[1]]
            if all(branches):
                found.append(frozenset().union(*(min(branch, key=len) for branch in branches)))
    return found
