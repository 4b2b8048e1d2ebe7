"""The one thing the turn engine needs from understanding. Rules alone, rules with a ranker, and test doubles all fit it."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from callwright.dialogue.values import Context, Understood

__all__ = ["Understander"]


@runtime_checkable
class Understander(Protocol):
    """Says what a sentence may mean. Pure: the same arguments give the same answer; safe to call from several threads."""

    def understand(self, text: str, context: Context, alternatives: tuple[str, ...] = ()) -> Understood:
        """Read `text` as it was recognised (any text at all, also empty; never raises).

        context: what the node expects; masks the ranker and limits nothing else.
        alternatives: other readings by the recogniser (n-best), best first, without `text` itself.
        """
        ...
