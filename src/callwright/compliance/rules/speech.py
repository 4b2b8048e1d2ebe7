"""disclosure, recording, label, script: what is said in the call, and who looked at it before."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from callwright.compliance.facts import DialFacts
from callwright.compliance.pack_model import Strict
from callwright.compliance.rules.check import Finding, blocked, good, unknown
from callwright.compliance.rules.consent import in_force

__all__ = [
    "Disclosure", "DisclosureParams", "Label", "LabelParams", "Recording", "RecordingParams", "ScriptReviewed", "ScriptReviewedParams",
]  # fmt: skip


class DisclosureParams(Strict):
    """must: what the script surely says before anything else."""

    must: Annotated[tuple[Literal["ai", "company", "purpose", "recording", "opt_out"], ...], Field(min_length=1)]


class Disclosure:
    def __init__(self, params: DisclosureParams) -> None:
        self._must = frozenset(params.must)
        self._good = good(f"the script says {', '.join(params.must)}")

    def look(self, facts: DialFacts, now: datetime) -> Finding:
        if facts.script is None or facts.script.says is None:
            return unknown("what the script says at the beginning")
        missing = sorted(self._must - facts.script.says)
        return blocked(f"the script does not say {', '.join(missing)}") if missing else self._good


class RecordingParams(Strict):
    """mode: `notice` = the script says that it records; `consent` = and a consent covers `recording`."""

    mode: Literal["notice", "consent"]


class Recording:
    def __init__(self, params: RecordingParams) -> None:
        self._consent = params.mode == "consent"
        self._good = good("recording is agreed to" if self._consent else "the script says that it records")
        self._none = good("not recorded")

    def look(self, facts: DialFacts, now: datetime) -> Finding:
        script = facts.script
        if script is None or script.records is None:
            return unknown("whether the call is recorded")
        if not script.records:
            return self._none
        if script.says is None or "recording" not in script.says:
            return (
                blocked("it records and does not say so")
                if script.says is not None
                else unknown("what the script says")
            )
        if self._consent and not any("recording" in each.scope for each in in_force(facts, now) or ()):
            return blocked("no consent covers recording")
        return self._good


class LabelParams(Strict):
    """audible: a mark for the ear; metadata: a mark in the audio file. Of a synthetic voice."""

    audible: bool = True
    metadata: bool = True


class Label:
    def __init__(self, params: LabelParams) -> None:
        self._params = params
        self._human = good("no synthetic voice")
        self._good = good("the synthetic voice is marked")

    def look(self, facts: DialFacts, now: datetime) -> Finding:
        script = facts.script
        if script is None or script.voice is None:
            return unknown("whose voice speaks")
        if script.voice != "synthetic":
            return self._human
        for wanted, there, name in (
            (self._params.audible, script.label_audible, "for the ear"),
            (self._params.metadata, script.label_metadata, "in the file"),
        ):
            if wanted and not there:
                text = f"the mark of the synthetic voice {name}"
                return unknown(text) if there is None else blocked(f"{text} is missing")
        return self._good


class ScriptReviewedParams(Strict):
    """Nothing to set."""


class ScriptReviewed:
    """script: a person has approved this very version."""

    def __init__(self, params: ScriptReviewedParams) -> None:
        self._good = good("the script version was reviewed")

    def look(self, facts: DialFacts, now: datetime) -> Finding:
        if facts.script is None or facts.script.reviewed is None:
            return unknown("whether the script was reviewed")
        return self._good if facts.script.reviewed else blocked("nobody has reviewed this version of the script")
