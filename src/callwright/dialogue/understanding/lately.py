"""What was understood lately is not worked out again: partials come again as finals, finals go to turn-taking and to the dialogue, and many
callers say the same.
"""

from __future__ import annotations

from functools import lru_cache

from callwright.dialogue.understanding.port import Understander
from callwright.dialogue.values import Context, Understood

__all__ = ["Lately"]

_REMEMBERED = 2000  # sentences


class Lately:
    """An `Understander` that asks another one, and keeps its latest answers. They are values that nobody changes."""

    def __init__(self, understander: Understander) -> None:
        @lru_cache(_REMEMBERED)
        def answer(
            text: str,
            alternatives: tuple[str, ...],
            kb: frozenset[str] | None,
            intents: frozenset[str] | None,
            classes: frozenset[str],
        ) -> Understood:
            return understander.understand(text, Context(kb, intents, classes), alternatives)

        self._answer = answer

    def understand(self, text: str, context: Context, alternatives: tuple[str, ...] = ()) -> Understood:
        """See `Understander`. The time and the calling window are for slots, understanding does not look at them."""
        return self._answer(text, alternatives, context.kb, context.intents, context.classes)
