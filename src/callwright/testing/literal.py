"""A fake understander for tests: finds phrases letter by letter, knows no pinyin, no ranker, no negation."""

from __future__ import annotations

import re

from callwright.dialogue.values import Candidate, Context, Signals, Understood
from callwright.script.model import Script

__all__ = ["LiteralUnderstander"]


class LiteralUnderstander:
    """Phrases and patterns as written; a span inside a longer one is dropped. Backchannel: the whole text is such a phrase."""

    def __init__(self, script: Script) -> None:
        self._found: list[tuple[str, str, str, str]] = []
        lexicon = script.lexicon
        for kind in ("affirm", "deny", "refuse"):
            self._found += [(kind, "", "phrase", re.escape(phrase)) for phrase in getattr(lexicon, kind)]
        for kind, items in (("global", script.globals), ("kb", script.kb)):
            for item in items:
                self._add(kind, item.id, item.phrases, item.regex)
        for name, intent in script.intents.items():
            self._add("intent", name, intent.phrases, intent.regex)
        self._backchannel = frozenset(lexicon.backchannel)
        self.contexts: list[Context] = []

    def _add(self, kind: str, id_: str, phrases: tuple[str, ...], regex: tuple[str, ...]) -> None:
        self._found += [(kind, id_, "phrase", re.escape(phrase)) for phrase in phrases]
        self._found += [(kind, id_, "regex", pattern) for pattern in regex]

    def understand(self, text: str, context: Context, alternatives: tuple[str, ...] = ()) -> Understood:
        """Every phrase that stands in `text`; the contexts it was asked under are kept in `contexts`."""
        self.contexts.append(context)
        hits = [
            Candidate(kind, id_, match.span(), source, 1.0, pattern)  # type: ignore[arg-type]
            for kind, id_, source, pattern in self._found
            for match in re.finditer(pattern, text)
        ]
        kept = tuple(h for h in hits if not any(_inside(h.span, other.span) for other in hits))
        return Understood(
            text, text, kept, "accept" if kept else "reject", (), Signals(), text.strip("，。 ") in self._backchannel
        )


def _inside(inner: tuple[int, int], outer: tuple[int, int]) -> bool:
    return outer[0] <= inner[0] and inner[1] <= outer[1] and outer[1] - outer[0] > inner[1] - inner[0]
