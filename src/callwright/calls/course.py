"""The course of one call: who it is with, what the line has told about it so far, and the record that comes of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from callwright.calls.conversation import Conversation
from callwright.calls.disposition import Disposition, disposition
from callwright.calls.live import LiveCall, Look, Placer
from callwright.calls.log import EventLog
from callwright.calls.model import CallFiles, CallRecord, Direction, mask
from callwright.calls.progress import Progress
from callwright.dialogue.engine import Dialogue
from callwright.dialogue.grading import Outcome, outcome
from callwright.telephony.port import Media

__all__ = ["Course", "Party"]


@dataclass(frozen=True, slots=True)
class Party:
    """Who the call is with. number: theirs, E.164 where the line knows it; called: the number of ours that they rang."""

    call_id: str
    number: str
    direction: Direction = "out"
    called: str = ""
    decision: str = ""
    trunk: str = ""


@dataclass(slots=True)
class Course:
    """One call from its first line on. Times in ms of the log's clock; None = has not happened."""

    party: Party
    dialogue: Dialogue
    variables: Mapping[str, str]
    files: CallFiles | None  # None: nothing is kept
    log: EventLog
    live: LiveCall
    started_at: datetime
    tell: Callable[[str, str], None]
    code: int | None = None
    q850: int | None = None
    cause: str = ""
    ended: bool = False
    conversation: Conversation | None = None
    media: Media | None = None
    ringing_ms: int | None = None
    answered_ms: int | None = None
    ended_ms: int = 0
    placer: Placer | None = None
    progress: Progress | None = None  # what was heard before the answer
    rtp: Mapping[str, Any] = field(default_factory=dict)

    def begin(self) -> None:
        """The first line of the log: enough to know the call again if the process is killed."""
        party = self.party
        incoming = party.direction == "in"
        about = {"called": mask(party.called)} if incoming else {"decision": party.decision}
        known = {
            "number": mask(party.number),
            "call_id": party.call_id,
            **about,
            **({"trunk": party.trunk} if party.trunk else {}),
        }
        self.log.add(
            "came_in" if incoming else "placed", known, started_at=self.started_at.isoformat(timespec="seconds")
        )

    def end(self) -> CallRecord:
        """The last line of the log, and the record."""
        record = self.record()
        told = ("disposition", "end", "cause", "grade", "reason")
        self.log.add("ended", {name: getattr(record, name) for name in told})
        return record

    def look(self) -> Look:
        """What is known so far; the grade is the one it would get if it ended well now."""
        conversation = self.conversation
        if conversation is None or self.answered_ms is None:
            return Look()
        graded = self._grade(True, "completed", max(0, self.log.now_ms() - self.answered_ms))
        return Look(
            conversation.state.node,
            graded.grade or "",
            graded.grade_title,
            graded.reason,
            tuple(graded.tags),
            dict(graded.slots),
            conversation.turns,
        )

    def record(self) -> CallRecord:
        """What is left of it, from what is known now."""
        answered, conversation, party = self.answered_ms is not None, self.conversation, self.party
        files = self.files
        talk_ms = max(0, self.ended_ms - self.answered_ms) if self.answered_ms is not None else 0
        end = conversation.end if conversation is not None else ""
        result = self._disposition(answered, end)
        graded = self._grade(answered, result, talk_ms)
        answered_at = self.answered_ms if self.answered_ms is not None else self.ended_ms
        return CallRecord(
            call_id=party.call_id,
            number=mask(party.number),
            direction=party.direction,
            script=self.dialogue.script.id,
            started_at=self.started_at.isoformat(timespec="seconds"),
            disposition=result,
            end=end,
            cause=self.cause,
            code=self.code,
            q850=self.q850,
            answered=answered,
            ring_ms=answered_at - self.ringing_ms if self.ringing_ms is not None else None,
            talk_ms=talk_ms,
            turns=conversation.turns if conversation is not None else 0,
            grade=graded.grade,
            grade_title=graded.grade_title,
            reason=graded.reason,
            follow_up=graded.follow_up or "",
            slots=dict(graded.slots),
            tags=tuple(graded.tags),
            kb=tuple(graded.kb),
            portrait={item.key: asdict(item) for item in graded.portrait},
            learn=tuple(str(item.get("sentence", item)) for item in graded.learn),
            decision=party.decision,
            recording=str(files.recording) if answered and files is not None else "",
            transcript=str(files.transcript) if files is not None else "",
            log=str(files.log) if files is not None else "",
            rtp=self.rtp,
            evidence=tuple(one.to_json() for one in self.progress.found) if self.progress is not None else (),
            faults=tuple(str(event["message"]) for event in self.log.lines if event["kind"] == "fault"),
        )

    def _disposition(self, answered: bool, end: str) -> Disposition:
        verdict = self.progress.verdict if self.progress is not None else None
        rang_ms = None
        if self.ringing_ms is not None:  # an announcement is no ringing any more
            rang_ms = max(0, (verdict.begin_ms if verdict is not None else self.ended_ms) - self.ringing_ms)
        return disposition(
            answered=answered,
            end=end,
            code=self.code,
            cause=self.cause,
            q850=self.q850,
            evidence=verdict,
            ring_ms=rang_ms,
        )

    def _grade(self, answered: bool, result: str, talk_ms: int) -> Outcome:
        conversation = self.conversation
        state = conversation.state if conversation is not None else self.dialogue.start(self.variables)
        return outcome(self.dialogue.script, state, connected=answered, result=result, duration_s=talk_ms / 1000)
