"""What a script version brings into the decision: purpose, consent it needs, what it says first, whose voice. Read once for each text."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

from callwright.compliance.facts import ScriptFacts
from callwright.errors import ScriptError
from callwright.script.loader import loads
from callwright.script.model import Script

__all__ = ["Spoken", "read_spoken", "spoken"]


@dataclass(frozen=True, slots=True)
class Spoken:
    """facts: `reviewed` is unknown here; required: variables it cannot do without; per_day, per_30_days: its own caps."""

    script: Script
    facts: ScriptFacts
    purpose: str
    needed_scope: frozenset[str]
    max_age_days: int | None
    window: tuple[str, str] | None
    required: tuple[str, ...]
    per_day: int | None
    per_30_days: int | None

    def as_reviewed(self, reviewed: bool) -> ScriptFacts:
        """The facts of a version that was, or was not, reviewed."""
        return replace(self.facts, reviewed=reviewed)


@lru_cache(maxsize=256)
def read_spoken(text: str, digest: str) -> Spoken | None:
    """What the text of a version says; None when it is no valid script (then nothing is known, and nobody is called)."""
    try:
        return spoken(loads(text).script, digest)
    except ScriptError:
        return None


def spoken(script: Script, digest: str) -> Spoken:
    """The same of a script that was read. Ours is always a synthetic or recorded voice; calls are recorded."""
    house = script.compliance
    first = house.disclosure
    facts = ScriptFacts(
        digest=digest,
        says=None if first is None else frozenset(first.must),
        voice="synthetic",
        records=True,
        label_audible=first is not None and "ai" in first.must,
        label_metadata=True,  # calls/labels.py marks each recording
    )
    window = None if house.window is None else (str(house.window.from_), str(house.window.to))
    return Spoken(
        script,
        facts,
        script.purpose,
        frozenset(house.consent.scope),
        house.consent.max_age_days,
        window,
        tuple(name for name, about in script.vars.items() if about.required),
        house.max_calls.per_day,
        house.max_calls.per_30_days,
    )
