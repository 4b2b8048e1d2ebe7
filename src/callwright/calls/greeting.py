"""Did a person or a machine answer? Length and energy rules over the first seconds; pure, fed with 20 ms voice flags.

A person says a short "hello?" and waits; a machine talks on. Biased to `human`: a person must not be hung up on because of a doubt.
Phrase rules and tones complete this in the call-progress room.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["CALLED_US", "Greeting", "GreetingRules"]


@dataclass(frozen=True, slots=True)
class GreetingRules:
    """All in ms. wait: silence after which we begin to speak; settle: pause that ends a greeting; machine: voice longer than that is a machine;
    watch: how long a late greeting can still turn out to be a machine."""

    wait_ms: int = 900
    settle_ms: int = 450
    machine_ms: int = 3200
    gap_ms: int = 500
    watch_ms: int = 7000


CALLED_US = GreetingRules(wait_ms=200, machine_ms=1_000_000_000)
"""Whoever calls us waits to be greeted, may say a lot at once, and is never taken for a machine that answered."""


class Greeting:
    """`push(voice)` per 20 ms frame from answer on; the verdict comes once, a late `machine` may follow a `human`."""

    def __init__(self, rules: GreetingRules | None = None) -> None:
        self._rules = rules or GreetingRules()
        self._now = 0
        self._voiced = 0
        self._silent = 0
        self._begun = False
        self.verdict: Literal["human", "machine"] | None = None

    def push(self, voice: bool) -> Literal["human", "machine"] | None:
        """A new verdict, or None when there is nothing new to say."""
        self._now += 20
        if self.verdict == "machine" or (self.verdict == "human" and self._now > self._rules.watch_ms):
            return None
        if voice:
            self._begun = True
            self._voiced += 20 + (self._silent if self._voiced else 0)
            self._silent = 0
        else:
            self._silent += 20
            if self._silent > self._rules.gap_ms:
                self._voiced = 0
        if self._voiced >= self._rules.machine_ms:
            return self._say("machine")
        if self.verdict is None and (
            (self._begun and self._silent >= self._rules.settle_ms)
            or (not self._begun and self._now >= self._rules.wait_ms)
        ):
            return self._say("human")
        return None

    def _say(self, verdict: Literal["human", "machine"]) -> Literal["human", "machine"]:
        self.verdict = verdict
        return verdict
