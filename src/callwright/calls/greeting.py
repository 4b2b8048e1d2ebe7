"""Did a person or a machine answer? Length and energy rules over the first seconds, then what words and tones tell; pure, fed with 20 ms
voice flags.

A person says a short "hello?" and waits; a machine talks on, or halts between its sentences. Biased to `human`: a person must not be hung up
on because of a doubt. The words come from `answerer`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["CALLED_US", "Greeting", "GreetingRules", "Sign", "Verdict"]

Verdict = Literal["human", "machine", "screening"]
Sign = Literal["screening", "assistant", "voicemail", "menu", "announcement", "beep", "fax"]
_TALKS: frozenset[Sign] = frozenset({"screening", "assistant"})


@dataclass(frozen=True, slots=True)
class GreetingRules:
    """All in ms; voice ends 160 ms after its last frame, so a `gap` of 360 is a pause of half a second.

    wait: silence after which we begin to speak; settle: pause that ends a greeting, long_settle: one that has had `long` of
    voice (people greet shortly, machines halt between sentences); machine: voice longer than that, with pauses up to `gap`, is a machine;
    halting: so much voice before the greeting has ended is one too; words_more: so much more of either where words are known to tell, or were
    a person's; watch: how long a late greeting can still turn out to be a machine by
    its length, words: by words or a beep; beep_after: voice before a beep that tells, late_beep_after: once we have begun to speak;
    turn: pause after which a screener has finished, screener: but at the latest then."""

    wait_ms: int = 900
    settle_ms: int = 450
    long_ms: int = 1500
    long_settle_ms: int = 900
    machine_ms: int = 4000
    gap_ms: int = 360
    halting_ms: int = 6000
    words_more_ms: int = 1200
    watch_ms: int = 7000
    words_ms: int = 12_000
    beep_after_ms: int = 1000
    late_beep_after_ms: int = 2500
    turn_ms: int = 600
    screener_ms: int = 6000


CALLED_US = GreetingRules(
    wait_ms=200, machine_ms=1_000_000_000, long_settle_ms=450, halting_ms=1_000_000_000, words_ms=0
)
"""Whoever calls us waits to be greeted, may say a lot at once, and is never taken for a machine that answered."""


class Greeting:
    """`push(voice)` per 20 ms frame from answer on; the verdict comes once, a late `machine` or `screening` may follow a `human`.
    why: `length`, `halting`, a sign, or `quiet` and `short` for people."""

    def __init__(self, rules: GreetingRules | None = None) -> None:
        self._rules = rules or GreetingRules()
        self._now = 0
        self._voiced = 0  # of the stretch under way, pauses up to `gap` included
        self._spoken = 0  # voice alone, from the beginning
        self._silent = 0
        self._sign: Sign | None = None
        self._sign_at = 0
        self.words_tell = False  # somebody listens to the words, and is known to find machines by them
        self._vouched = False
        self.verdict: Verdict | None = None
        self.why = ""

    @property
    def suspecting(self) -> bool:
        """A sign was given, and its verdict is still to come."""
        return self._sign is not None and self.verdict in (None, "human")

    @property
    def settled(self) -> bool:
        """Nothing changes the verdict any more."""
        return self.verdict in ("machine", "screening") or self._now >= self._rules.words_ms

    @property
    def over(self) -> bool:
        """`push` will never tell anything any more."""
        if self.verdict is None or self.suspecting:
            return False
        return self.settled and self._now > self._rules.watch_ms

    def vouch(self) -> None:
        """These are words of a person: who says at length that they are driving is no machine yet."""
        self._vouched = True

    def suspect(self, sign: Sign) -> None:
        """Words or a tone tell what answered. What comes too late, or after too little voice to be a machine's, is nothing."""
        rules = self._rules
        if self.settled or self._sign is not None:
            return
        late = self.verdict == "human"
        least = 0 if sign == "fax" or not late else rules.long_ms
        if sign == "beep":
            least = rules.late_beep_after_ms if late else rules.beep_after_ms
        if self._spoken >= least:
            self._sign, self._sign_at = sign, self._now

    def push(self, voice: bool) -> Verdict | None:
        """A new verdict, or None when there is nothing new to say."""
        self._now += 20
        if voice:
            self._spoken += 20
            self._voiced += 20 + (self._silent if self._voiced else 0)
            self._silent = 0
        else:
            self._silent += 20
            if self._silent > self._rules.gap_ms:
                self._voiced = 0
        if self.suspecting:
            return self._by_sign()
        if self.verdict in (None, "human"):
            return self._by_length()
        return None

    def _by_sign(self) -> Verdict | None:
        """A machine is told at once; one that talks with callers may finish first."""
        rules, sign = self._rules, self._sign
        assert sign is not None
        if sign not in _TALKS:
            return self._say("machine", sign)
        if self._silent >= rules.turn_ms or self._now - self._sign_at >= rules.screener_ms:
            return self._say("screening", sign)
        return None

    def _by_length(self) -> Verdict | None:
        rules = self._rules
        more_ms = rules.words_more_ms if self.words_tell or self._vouched else 0
        if self.verdict == "human":
            late = self._now <= rules.watch_ms and self._voiced >= rules.machine_ms + more_ms
            return self._say("machine", "length") if late else None
        if self._voiced >= rules.machine_ms + more_ms:
            return self._say("machine", "length")
        if self._spoken >= rules.halting_ms + more_ms:
            return self._say("machine", "halting")
        settle_ms = rules.long_settle_ms if self._spoken >= rules.long_ms else rules.settle_ms
        if self._spoken and self._silent >= settle_ms:
            return self._say("human", "short")
        if not self._spoken and self._now >= rules.wait_ms:
            return self._say("human", "quiet")
        return None

    def _say(self, verdict: Verdict, why: str) -> Verdict:
        self.verdict, self.why = verdict, why
        return verdict
