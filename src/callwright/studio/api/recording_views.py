"""What the routes of recorded prompts answer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from callwright.accounts.model import Viewer
from callwright.http.problems import detail_of
from callwright.speech.port import Language
from callwright.speech.recordings.differing import Stretch, compare
from callwright.speech.recordings.judging import Fault
from callwright.studio.recordings.model import Decision, Heard, LineState, Recording, Standing
from callwright.studio.recordings.service import Came, is_own

__all__ = ["RecordingsView", "came_view", "recordings_view"]


class FaultView(BaseModel):
    """code: `clipped`, `too-loud`, `too-quiet`, `noisy`, `low-rate`, `too-short` or `too-long`."""

    code: str = Field(examples=["too-quiet"])
    message: str


class StretchView(BaseModel):
    """A part of a text. same: the other text has these words too."""

    text: str
    same: bool


class RecordingView(BaseModel):
    """text: what it was to say when it came; name: as its sender called it; seconds: as it is played; level: dBFS of the speech as it came;
    verdict: of the recogniser, "" = it has not listened; written, heard: both texts with what differs; decision: of a person;
    own: whoever asks uploaded it, and can only reject it."""

    id: int
    file: str = Field(examples=["opening.1.wav"])
    text: str
    name: str = Field(examples=["opening 1.mp3"])
    kind: str = Field(examples=["mp3"])
    bytes: int
    seconds: float
    level: float
    by: str
    own: bool
    at: datetime
    faults: list[FaultView]
    verdict: Heard
    written: list[StretchView]
    heard: list[StretchView]
    similarity: float
    sounds_like: str = Field(description="another file of the sheet, which it sounds like", examples=["greeting.1.wav"])
    decision: Decision
    note: str
    decided_by: str
    decided_at: datetime | None


class RecordingLine(BaseModel):
    """A line of the sheet. state: `stale` = the text was changed since it was recorded; named: whether the script names this file in `audio`
    (else it is not played)."""

    file: str = Field(examples=["opening.1.wav"])
    text: str
    whole: str
    where: str
    named: bool
    state: LineState
    recording: RecordingView | None


class RecordingsView(BaseModel):
    """leftover: recordings that no line of the sheet asks for; spoken: texts that are always synthesised."""

    language: str
    lines: list[RecordingLine]
    leftover: list[RecordingView]
    spoken: list[str]


def recordings_view(
    standings: Sequence[Standing],
    recordings: Sequence[Recording],
    language: Language,
    spoken: Sequence[str],
    viewer: Viewer,
) -> RecordingsView:
    """The whole sheet, for this viewer."""
    files = {one.line.file for one in standings}
    lines = [
        RecordingLine(
            file=one.line.file, text=one.line.text, whole=one.line.whole, where=one.line.where, named=one.line.named, state=one.state,
            recording=None if one.recording is None else _view(one.recording, one.faults, language, viewer),
        )
        for one in standings
    ]  # fmt: skip
    leftover = [_view(one, (), language, viewer) for one in recordings if one.file not in files]
    return RecordingsView(language=language, lines=lines, leftover=leftover, spoken=list(spoken))


def came_view(came: Sequence[Came]) -> dict[str, Any]:
    """What an import came to, as the result of its job."""
    counts = {state: sum(one.state == state for one in came) for state in ("imported", "unchanged", "failed")}
    items = [
        {
            "name": one.name,
            "file": one.file,
            "state": one.state,
            "problem": None if one.problem is None else detail_of(one.problem).model_dump(),
        }
        for one in came
    ]
    return {**counts, "items": items}


def _view(one: Recording, faults: Sequence[Fault], language: Language, viewer: Viewer) -> RecordingView:
    written, heard = compare(one.text, one.heard, language) if one.verdict else ((), ())
    return RecordingView(
        id=one.id, file=one.file, text=one.text, name=one.name, kind=one.kind, bytes=one.source_bytes, seconds=round(one.seconds, 2),
        level=round(one.measured.speech, 1), by=one.by.name, own=is_own(one, viewer), at=one.at,
        faults=[FaultView(code=each.code, message=each.message) for each in faults], verdict=one.verdict,
        written=_stretches(written), heard=_stretches(heard), similarity=one.similarity, sounds_like=one.sounds_like,
        decision=one.decision, note=one.note, decided_by=one.decided_by, decided_at=one.decided_at,
    )  # fmt: skip


def _stretches(found: Sequence[Stretch]) -> list[StretchView]:
    return [StretchView(text=each.text, same=each.same) for each in found]
