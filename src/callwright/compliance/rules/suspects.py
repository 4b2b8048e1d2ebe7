"""suspects: somebody said words that may be a refusal. Until a person has decided, nobody calls; if they say yes, the number is frozen."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

from pydantic import Field

from callwright.compliance.facts import CallOutcome, DialFacts, Suspect
from callwright.compliance.pack_model import Strict
from callwright.compliance.rules.check import Finding, blocked, good, unknown

__all__ = ["Suspects", "SuspectsParams"]

_NONE = good("nothing waits for a person's judgement")


class SuspectsParams(Strict):
    """words: looked for in what the person said, without regard to case and blanks; freeze_days: length of the freeze once confirmed."""

    words: Annotated[tuple[str, ...], Field(max_length=500)]
    freeze_days: int = Field(ge=1, le=3660)


class Suspects:
    def __init__(self, params: SuspectsParams) -> None:
        self._words = {_folded(word): word for word in params.words}
        self._length = timedelta(days=params.freeze_days)

    def look(self, facts: DialFacts, now: datetime) -> Finding:
        if facts.suspects is None:
            return unknown("whether words of this person wait for judgement")
        if facts.suspects == 0:
            return _NONE
        return blocked(f"{facts.suspects} suspected refusals wait for a person's judgement")

    def concerns(self, outcome: CallOutcome) -> bool:
        return bool(self._found(outcome))

    def after_call(self, facts: DialFacts, outcome: CallOutcome) -> Suspect | None:
        found = self._found(outcome)
        return Suspect(found, "", outcome.ended_at + self._length) if found else None

    def _found(self, outcome: CallOutcome) -> tuple[str, ...]:
        said = [_folded(turn) for turn in outcome.said]
        return (
            tuple(word for folded, word in self._words.items() if any(folded in turn for turn in said)) if said else ()
        )


def _folded(text: str) -> str:
    return "".join(text.split()).casefold()
