"""Values of recorded prompts, and how each line of the sheet stands. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from callwright.script.checks.recordings import same_words
from callwright.script.sheet import Line
from callwright.speech.port import Language
from callwright.speech.recordings.judging import Fault, Measured, faults_of, pace_of
from callwright.speech.recordings.reviewing import Review
from callwright.studio.model import Person

__all__ = ["Decision", "Heard", "LineState", "Recording", "Standing", "heard_of", "spoken", "stand", "unheard"]

Heard = Literal["", "same", "differs", "not_heard"]
Decision = Literal["", "accepted", "rejected"]
LineState = Literal["missing", "stale", "recorded"]


@dataclass(frozen=True, slots=True)
class Recording:
    """One recording. file: of the sheet; text: what it was to say when it came; blob: folder of its two blobs; verdict, heard, similarity,
    sounds_like: of the recogniser; decision, note: of a person."""

    id: int
    script: str
    file: str
    text: str
    name: str
    kind: str
    blob: str
    source_sha256: str
    source_bytes: int
    sha256: str
    seconds: float
    measured: Measured
    by: Person
    at: datetime
    verdict: Heard = ""
    heard: str = ""
    similarity: float = 0.0
    sounds_like: str = ""
    decision: Decision = ""
    note: str = ""
    decided_by: str = ""
    decided_at: datetime | None = None

    @property
    def source(self) -> str:
        """The blob of it as it came."""
        return f"{self.blob}/source.{self.kind}"

    @property
    def finished(self) -> str:
        """The blob of it as it is played."""
        return f"{self.blob}/prompt.wav"


@dataclass(frozen=True, slots=True)
class Standing:
    """A line of the sheet with its recording. state: `stale` = the text was changed since; faults: what is wrong with the sound."""

    line: Line
    state: LineState
    recording: Recording | None = None
    faults: tuple[Fault, ...] = ()


def stand(lines: Sequence[Line], recordings: Sequence[Recording], language: Language) -> tuple[Standing, ...]:
    """How each line stands, in their order. recordings: at most one of each file."""
    by_file = {one.file: one for one in recordings}
    there = [(by_file[line.file].text, by_file[line.file].measured) for line in lines if line.file in by_file]
    pace = pace_of(there, language)
    return tuple(_standing(line, by_file.get(line.file), language, pace) for line in lines)


def spoken(standings: Sequence[Standing]) -> tuple[Recording, ...]:
    """The recordings that a version of this script speaks: those that say their text and that nobody rejected. The script has to name them."""
    return tuple(
        one.recording
        for one in standings
        if one.recording is not None
        and one.state == "recorded"
        and one.line.named
        and one.recording.decision != "rejected"
    )


def unheard(recordings: Sequence[Recording]) -> tuple[str, ...]:
    """Files of those that nobody knows to say their text: a recogniser must have heard it, or a person must have accepted it."""
    good = {one.file for one in recordings if one.decision == "accepted" or (one.verdict, one.decision) == ("same", "")}
    return tuple(one.file for one in recordings if one.file not in good)


def heard_of(review: Review) -> Heard:
    """What a recogniser's review comes to."""
    if review.verdict == "right":
        return "same"
    return "differs" if review.heard.strip() and review.verdict != "unreadable" else "not_heard"


def _standing(line: Line, recording: Recording | None, language: Language, pace: float | None) -> Standing:
    if recording is None:
        return Standing(line, "missing")
    state: LineState = "recorded" if same_words(recording.text, line.text) else "stale"
    return Standing(line, state, recording, faults_of(recording.text, language, recording.measured, pace))
