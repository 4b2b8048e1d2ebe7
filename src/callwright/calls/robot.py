"""The robot: one call from the dial to the record. It joins a leg, ears, a mouth and a dialogue, and knows none of their engines."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread

from callwright.calls.conversation import Conversation, Seat, causes
from callwright.calls.disposition import disposition
from callwright.calls.ears import EarsParts
from callwright.calls.ladder import rtp_line, signal_line
from callwright.calls.live import LiveCall, LiveCalls
from callwright.calls.log import EventLog
from callwright.calls.model import CallFiles, CallRecord, mask
from callwright.calls.mouth import Prepare
from callwright.calls.outbox import Outbox
from callwright.calls.transcript import as_text, transcript
from callwright.calls.transfer import Switchboard
from callwright.dialogue.engine import Dialogue
from callwright.dialogue.grading import Outcome, outcome
from callwright.dialogue.values import Transfer
from callwright.errors import LineError, RefusedError
from callwright.telephony.port import (
    DialOrder,
    Leg,
    LegAnswered,
    LegDtmf,
    LegEarlyMedia,
    LegEnded,
    LegRejected,
    LegRinging,
    LegSignal,
    LegTrying,
    LineDriver,
    Media,
)

__all__ = ["Robot", "RobotParts"]

_LAST_SIGNALS_S = 1.0


@dataclass(frozen=True, slots=True)
class RobotParts:
    """Everything a robot is made of. Shared by all calls of one script; nothing in it belongs to a single call.

    desk: an order that rings a person of the group, or None when nobody is there; bridge: join two media;
    now: the wall clock (aware); live: the calls that are up, for whoever watches or counts them.
    """

    dialogue: Dialogue
    ears: EarsParts
    prepare: Prepare
    line: LineDriver
    outbox: Outbox
    desk: Callable[[Transfer], Awaitable[DialOrder | None]]
    bridge: Callable[[Media, Media], None]
    now: Callable[[], datetime]
    monotonic_ms: Callable[[], int]
    live: LiveCalls = field(default_factory=LiveCalls)


@dataclass(slots=True)
class _Line:
    """What the line told about the call so far (ms since the dial)."""

    live: LiveCall
    code: int | None = None
    cause: str = ""
    by: str = ""
    ended: bool = False
    conversation: Conversation | None = None
    media: Media | None = None
    ringing_ms: int | None = None
    answered_ms: int | None = None
    ended_ms: int = 0
    q850: int | None = None
    rtp: Mapping[str, Any] = field(default_factory=dict)


class Robot:
    """Places calls. `call` may run many times at once."""

    def __init__(self, parts: RobotParts) -> None:
        self._parts = parts
        self._switchboard = Switchboard(parts.line, parts.desk, parts.bridge)

    async def call(
        self,
        order: DialOrder,
        variables: Mapping[str, str],
        files: CallFiles,
        watch: Callable[[str, str], None] | None = None,
    ) -> CallRecord:
        """Dial, talk, hang up, and leave the record with its files.

        A fault of the line or of the far side ends this call with a named cause; it never raises into the others.

        Args:
            watch: told (state, last sentence) whenever something happens.

        Raises:
            InputError: a variable the script requires is missing; nobody was rung.
        """
        parts = self._parts
        parts.dialogue.start(variables)
        begun = parts.monotonic_ms()
        log = EventLog(files.log, lambda: parts.monotonic_ms() - begun)
        started_at = parts.now()
        log.add(
            "placed",
            number=mask(order.permit.callee),
            call_id=order.call_id,
            decision=order.permit.decision,
            started_at=started_at.isoformat(timespec="seconds"),
        )
        live = LiveCall(order.call_id, parts.dialogue.script.id, mask(order.permit.callee), started_at, log)
        line = _Line(live)
        tell = _telling(live, watch or _nobody)
        with parts.live.during(live):
            record = await self._follow(order, line, log, files, variables, started_at, tell)
        tell(record.disposition, "")
        return record

    async def _follow(
        self,
        order: DialOrder,
        line: _Line,
        log: EventLog,
        files: CallFiles,
        variables: Mapping[str, str],
        started_at: datetime,
        tell: Callable[[str, str], None],
    ) -> CallRecord:
        """The call with its log, from the dial to the record."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(log.run)
            try:
                await self._dial(order, line, log, files, variables, tell)
            except Exception as error:  # noqa: BLE001 - the boundary of one call: its fault must not reach the others
                for cause in causes(error):
                    line.cause = line.cause or _cause_of(cause)
                    known = isinstance(cause, LineError | RefusedError)
                    log.add("fault", message=str(cause) if known else f"{type(cause).__name__}: {cause}")
            finally:
                record = self._record(order, files, log, line, variables, started_at)
                log.add(
                    "ended",
                    disposition=record.disposition,
                    end=record.end,
                    cause=record.cause,
                    grade=record.grade,
                    reason=record.reason,
                )
                log.close()
        return await self._with_files(record, files, log)

    async def _dial(
        self,
        order: DialOrder,
        line: _Line,
        log: EventLog,
        files: CallFiles,
        variables: Mapping[str, str],
        tell: Callable[[str, str], None],
    ) -> None:
        """The call itself; however it is left, the leg is over and its media are closed afterwards."""
        await _make_folder(files.recording.parent, log)
        await log.begun()
        leg = line.live.leg = await self._parts.line.place(order)
        try:
            await self._attend(leg, line, log, order.permit.callee, files, variables, tell)
        except Exception as error:
            line.cause = line.cause or _cause_of(next(causes(error)))
            raise
        finally:
            with anyio.CancelScope(shield=True):
                if not line.ended:
                    line.cause, line.by = line.cause or "cancelled", "us"
                    line.ended_ms = log.now_ms()
                    await leg.hangup("cancelled")
                    await _last_signals(leg, log)
                if line.media is not None:
                    await line.media.close()
                    line.rtp = rtp_line(line.media.stats, line.media.codec)
                    log.add("rtp", line.rtp)
                    if line.media.stats.recording_error:
                        log.add("fault", message=f"recording: {line.media.stats.recording_error}")

    async def _attend(
        self,
        leg: Leg,
        line: _Line,
        log: EventLog,
        number: str,
        files: CallFiles,
        variables: Mapping[str, str],
        tell: Callable[[str, str], None],
    ) -> None:
        """Follow the leg until it has ended; the conversation runs beside it from the answer on."""
        async with anyio.create_task_group() as talking:
            async for event in leg.events(signals=True):
                at_ms = log.now_ms()
                match event:
                    case LegSignal():
                        log.add("sip", signal_line(event))
                    case LegTrying():
                        tell("trying", "")
                    case LegRinging():
                        line.ringing_ms = at_ms if line.ringing_ms is None else line.ringing_ms
                        log.add("ringing")
                        tell("ringing", "")
                    case LegEarlyMedia():
                        log.add("early_media")
                    case LegAnswered():
                        line.answered_ms = at_ms
                        log.add("connected")
                        tell("answered", "")
                        if leg.media is None:
                            raise LineError("answered without audio")
                        line.media = line.live.media = leg.media
                        _record(leg.media, files, log)
                        line.conversation = self._conversation(leg, leg.media, log, number, variables, tell)
                        line.live.take_over = line.conversation.take_over
                        talking.start_soon(line.conversation.run)
                    case LegRejected(code=code, reason=reason, q850=q850):
                        line.code, line.q850 = code, q850
                        log.add("rejected", code=code, text=reason, q850=q850)
                    case LegDtmf(digit=digit):
                        if line.conversation is not None:
                            line.conversation.key(digit)
                    case LegEnded(cause=cause, by=by, detail=detail):
                        line.cause, line.by, line.ended_ms, line.ended = cause, by, at_ms, True
                        line.live.media = line.live.take_over = None
                        log.add("released", cause=cause, by=by, detail=detail)
                        if line.conversation is not None:
                            line.conversation.gone(event)

    def _conversation(
        self,
        leg: Leg,
        media: Media,
        log: EventLog,
        number: str,
        variables: Mapping[str, str],
        tell: Callable[[str, str], None],
    ) -> Conversation:
        parts = self._parts
        handover = self._switchboard.fetch
        seat = Seat(parts.dialogue, parts.ears, parts.prepare, parts.outbox, handover, log, number, variables, tell)
        return Conversation(seat, leg, media, parts.now())

    async def _with_files(self, record: CallRecord, files: CallFiles, log: EventLog) -> CallRecord:
        """Write the transcript; what could not be written is named, and no file stands in the record that is not there."""
        faults = list(record.faults)
        if log.error:
            faults.append(f"log: {log.error}")
        try:
            await anyio.to_thread.run_sync(_write_transcript, files, as_text(transcript(log.lines)))
        except OSError as error:
            faults.append(f"transcript: {error}")
        recorded = bool(record.recording) and await anyio.Path(record.recording).exists()
        return replace(record, recording=record.recording if recorded else "", faults=tuple(faults))

    def _record(
        self,
        order: DialOrder,
        files: CallFiles,
        log: EventLog,
        line: _Line,
        variables: Mapping[str, str],
        started_at: datetime,
    ) -> CallRecord:
        answered, conversation = line.answered_ms is not None, line.conversation
        talk_ms = max(0, line.ended_ms - line.answered_ms) if line.answered_ms is not None else 0
        end = conversation.end if conversation is not None else ""
        result = disposition(answered=answered, end=end, code=line.code, cause=line.cause)
        graded = self._grade(conversation, variables, answered, result, talk_ms)
        answered_at = line.answered_ms if line.answered_ms is not None else line.ended_ms
        faults = tuple(str(event["message"]) for event in log.lines if event["kind"] == "fault")
        return CallRecord(
            call_id=order.call_id,
            number=mask(order.permit.callee),
            script=self._parts.dialogue.script.id,
            started_at=started_at.isoformat(timespec="seconds"),
            disposition=result,
            end=end,
            cause=line.cause,
            code=line.code,
            q850=line.q850,
            answered=answered,
            ring_ms=answered_at - line.ringing_ms if line.ringing_ms is not None else None,
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
            decision=order.permit.decision,
            recording=str(files.recording) if answered else "",
            transcript=str(files.transcript),
            log=str(files.log),
            rtp=line.rtp,
            faults=faults,
        )

    def _grade(
        self, conversation: Conversation | None, variables: Mapping[str, str], answered: bool, result: str, talk_ms: int
    ) -> Outcome:
        dialogue = self._parts.dialogue
        state = conversation.state if conversation is not None else dialogue.start(variables)
        return outcome(dialogue.script, state, connected=answered, result=result, duration_s=talk_ms / 1000)


def _nobody(state: str, sentence: str) -> None:
    """Nobody watches."""


def _telling(live: LiveCall, watch: Callable[[str, str], None]) -> Callable[[str, str], None]:
    """Tell the watcher, and keep the state where others can see it."""

    def tell(state: str, sentence: str) -> None:
        live.state = state
        watch(state, sentence)

    return tell


def _cause_of(error: BaseException) -> str:
    if isinstance(error, RefusedError):
        return "refused"
    return "transport_error" if isinstance(error, LineError) else "internal_error"


async def _make_folder(folder: Path, log: EventLog) -> None:
    try:
        await anyio.Path(folder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        log.add("fault", message=f"recording: {error}")


def _record(media: Media, files: CallFiles, log: EventLog) -> None:
    """Start the recording; a call that cannot be recorded goes on, and says so in its faults."""
    try:
        media.record(str(files.recording))
        log.add("recording", file=str(files.recording.relative_to(files.folder)))
    except (OSError, LineError) as error:
        log.add("fault", message=f"recording: {error}")


async def _last_signals(leg: Leg, log: EventLog) -> None:
    """What the line still had to tell when nobody listened to it any more: how the hanging up went."""
    with anyio.move_on_after(_LAST_SIGNALS_S):
        async for event in leg.events(signals=True):
            if isinstance(event, LegSignal):
                log.add("sip", signal_line(event))
            elif isinstance(event, LegEnded):
                log.add("released", cause=event.cause, by=event.by, detail=event.detail)


def _write_transcript(files: CallFiles, text: str) -> None:
    files.transcript.parent.mkdir(parents=True, exist_ok=True)
    files.transcript.write_text(text, encoding="utf-8")
