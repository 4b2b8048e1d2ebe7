"""What is left of a call when it is over: one record, and the files beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

__all__ = ["CallFiles", "CallRecord", "Direction", "mask"]

Direction = Literal["out", "in"]  # who called: we, or they


@dataclass(frozen=True, slots=True)
class CallFiles:
    """The files of one call in its folder. audio: what the recording is, `wav` or `opus`."""

    folder: Path
    name: str
    audio: str = "wav"

    @property
    def recording(self) -> Path:
        return self.folder / "recordings" / f"{self.name}.{self.audio}"

    @property
    def transcript(self) -> Path:
        return self.folder / "transcripts" / f"{self.name}.txt"

    @property
    def log(self) -> Path:
        return self.folder / "events" / f"{self.name}.jsonl"


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One call, finished. Times in ms since it was placed (None = never happened); number is masked; reason says why this grade;
    code, q850: SIP status and Q.850 cause of a refusal; rtp: counters of its audio (see the log's `rtp` line)."""

    call_id: str
    number: str
    script: str
    started_at: str
    disposition: str
    direction: Direction = "out"
    end: str = ""
    cause: str = ""
    code: int | None = None
    q850: int | None = None
    answered: bool = False
    ring_ms: int | None = None
    talk_ms: int = 0
    turns: int = 0
    grade: str | None = None
    grade_title: str = ""
    reason: str = ""
    follow_up: str = ""
    slots: Mapping[str, Any] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    kb: tuple[str, ...] = ()
    portrait: Mapping[str, Any] = field(default_factory=dict)
    learn: tuple[str, ...] = ()
    decision: str = ""
    recording: str = ""
    transcript: str = ""
    log: str = ""
    rtp: Mapping[str, Any] = field(default_factory=dict)
    evidence: tuple[
        Mapping[str, Any], ...
    ] = ()  # what was heard before the answer (`progress.Evidence`), the surest first
    faults: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """JSON-ready mapping."""
        return asdict(self)


def mask(number: str) -> str:
    """`+12025550123` -> `+1202***0123`: enough to tell calls apart, too little to ring somebody."""
    return f"{number[:5]}***{number[-4:]}" if len(number) > 9 else "***"
