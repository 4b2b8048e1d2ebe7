"""Sentences that only show that someone listens ("嗯嗯", "mm hmm"): nothing to answer, nothing to interrupt for."""

from __future__ import annotations

from collections.abc import Iterable

from callwright.dialogue.understanding.normalise import Language, normalise

__all__ = ["Backchannel"]


class Backchannel:
    """Knows whether a sentence is made of backchannel items and nothing else."""

    def __init__(self, items: Iterable[str], lang: Language) -> None:
        self._items = frozenset(self._units(normalise(item, lang), lang) for item in items) - {()}
        self._known = frozenset(unit for item in self._items for unit in item)
        self._begins = frozenset(unit[0] for unit in self._known)
        self._longest = max(map(len, self._items), default=0)
        self._lang: Language = lang

    def only(self, text: str) -> bool:
        """`text` (normalised) can be cut into items without rest. Silence is no backchannel."""
        if text[:1] not in self._begins:
            return False
        units = self._units(text, self._lang)
        if not units or any(unit not in self._known for unit in units):
            return False
        reachable = [True] + [False] * len(units)
        for end in range(1, len(units) + 1):
            reachable[end] = any(
                reachable[begin] and units[begin:end] in self._items
                for begin in range(max(0, end - self._longest), end)
            )
        return reachable[-1]

    @staticmethod
    def _units(text: str, lang: Language) -> tuple[str, ...]:
        return tuple(text.replace(",", " ").split()) if lang == "en" else tuple(c for c in text if c not in ", ")
