"""The robot: one call, placed or answered, up to its record. It joins a leg, ears, a mouth and a dialogue, and knows none of their engines."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import anyio
import anyio.to_thread
from anyio.abc import TaskGroup

from callwright.calls.conversation import Conversation
from callwright.calls.course import Course, Party
from callwright.calls.early import EarlyListener, ProgressParts
from callwright.calls.ears import EarsParts
from callwright.calls.ladder import rtp_line, signal_line
from callwright.calls.live import LiveCall, LiveCalls, Placer
from callwright.calls.log import EventLog, LogWriter
from callwright.calls.model import CallFiles, CallRecord, mask
from callwright.calls.mouth import Prepare
from callwright.calls.outbox import Outbox
from callwright.calls.person import causes
from callwright.calls.progress import Evidence
from callwright.calls.seat import Seat
from callwright.calls.transcript import as_text, transcript
from callwright.calls.transfer import Desk, Switchboard
from callwright.dialogue.engine import Dialogue
from callwright.errors import LineError, RefusedError
from callwright.telephony.port import (
    DialOrder,
    IncomingLeg,
    Leg,
    LegAnswered,
    LegDtmf,
    LegEarlyMedia,
    LegEnded,
    LegRejected,
    LegReplaced,
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

    desk: the way to a person of the group, or None when nobody is there; bridge: join two media;
    now: the wall clock (aware); live: the calls that are up, for whoever watches or counts them; progress: listening before the answer,
    None = not at all.
    """

    dialogue: Dialogue
    ears: EarsParts
    prepare: Prepare
    line: LineDriver
    outbox: Outbox
    desk: Desk
    bridge: Callable[[Media, Media], None]
    now: Callable[[], datetime]
    monotonic_ms: Callable[[], int]
    live: LiveCalls = field(default_factory=LiveCalls)
    progress: ProgressParts | None = None


class Robot:
    """Places calls and answers them. `call` and `answer` may run many times at once."""

    def __init__(self, parts: RobotParts) -> None:
        self._parts = parts
        self._switchboard = Switchboard(parts.line, parts.desk, parts.bridge)
        self._logs = LogWriter()

    async def call(
        self,
        order: DialOrder,
        variables: Mapping[str, str],
        files: CallFiles,
        watch: Callable[[str, str], None] | None = None,
        placer: Placer | None = None,
    ) -> CallRecord:
        """Dial, talk, hang up, and leave the record with its files.

        A fault of the line or of the far side ends this call with a named cause; it never raises into the others.

        Args:
            watch: told (state, last sentence) whenever something happens.
            placer: the person of ours who talks first; nobody is rung before he is on the line, nor when he has gone.

        Raises:
            InputError: a variable the script requires is missing; nobody was rung.
        """
        party = Party(order.call_id, order.permit.callee, decision=order.permit.decision)
        course = self._course(party, variables, files, watch)
        course.placer = placer

        async def place() -> Leg:
            if placer is not None:
                await placer.there()
            leg = course.live.leg = await self._parts.line.place(order)
            if placer is not None and not placer.here:
                await leg.hangup("nobody of ours")
            return leg

        return await self._follow(course, place)

    async def answer(
        self,
        leg: IncomingLeg,
        variables: Mapping[str, str],
        files: CallFiles,
        watch: Callable[[str, str], None] | None = None,
        trunk: str = "",
    ) -> CallRecord:
        """Ring, answer, talk, hang up, and leave the record with its files: `call` the other way round, with the same faults.

        Raises:
            InputError: a variable the script requires is missing; the leg is still unanswered, and the caller's to look after.
        """
        party = Party(leg.call_id, leg.caller, "in", leg.called, trunk=trunk)
        course = self._course(party, variables, files, watch)
        course.live.leg = leg

        async def pick_up() -> Leg:
            try:
                await leg.ring()
                await leg.answer()
            except LineError as error:  # the caller has gone, or nothing can be heard: the leg's last event says so
                course.log.add("fault", message=str(error))
                await leg.reject(503)
            return leg

        return await self._follow(course, pick_up)

    async def rehearse(
        self,
        leg: Leg,
        variables: Mapping[str, str],
        *,
        incoming: bool = False,
        watch: Callable[[str, str], None] | None = None,
    ) -> CallRecord:
        """Talk over a leg that is there already, as if it had been called (incoming: as if it had called us). For whoever tries a script: nobody
        is dialled, and nothing is kept, no log, no recording, no transcript.

        Raises:
            InputError: a variable the script requires is missing; the leg is the caller's to look after.
        """
        course = self._course(Party(leg.call_id, "", "in" if incoming else "out"), variables, None, watch)
        course.live.leg = leg

        async def there() -> Leg:
            return leg

        return await self._follow(course, there)

    def _course(
        self,
        party: Party,
        variables: Mapping[str, str],
        files: CallFiles | None,
        watch: Callable[[str, str], None] | None,
    ) -> Course:
        parts = self._parts
        parts.dialogue.start(variables)
        begun, started_at = parts.monotonic_ms(), parts.now()
        path = files.log if files is not None else None
        log = EventLog(path, lambda: parts.monotonic_ms() - begun, self._logs)
        live = LiveCall(party.call_id, parts.dialogue.script.id, mask(party.number), started_at, log)
        live.direction, live.trunk = party.direction, party.trunk
        tell = _telling(live, watch or _nobody)
        course = Course(party, parts.dialogue, variables, files, log, live, started_at, tell)
        live.look = course.look
        course.begin()
        return course

    async def _follow(self, course: Course, begin: Callable[[], Awaitable[Leg]]) -> CallRecord:
        """The call with its log, from the first line to the record. begin: dials, or picks up."""
        log = course.log
        with self._parts.live.during(course.live):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(log.run)
                try:
                    await self._hold(course, begin)
                except Exception as error:  # noqa: BLE001 - the boundary of one call: its fault must not reach the others
                    for cause in causes(error):
                        course.cause = course.cause or _cause_of(cause)
                        known = isinstance(cause, LineError | RefusedError)
                        log.add("fault", message=str(cause) if known else f"{type(cause).__name__}: {cause}")
                finally:
                    try:
                        record = course.end()
                    finally:
                        log.close()
            record = await _with_files(record, course)
        course.tell(record.disposition, "")
        return record

    async def _hold(self, course: Course, begin: Callable[[], Awaitable[Leg]]) -> None:
        """The call itself; however it is left, the leg is over and its media are closed afterwards."""
        try:
            if course.files is not None:
                await _make_folder(course.files.recording.parent, course.log)
            await course.log.begun()
            await self._attend(await begin(), course)
        except Exception as error:
            course.cause = course.cause or _cause_of(next(causes(error)))
            raise
        finally:
            with anyio.CancelScope(shield=True):
                await _leave(course)

    async def _attend(self, leg: Leg, course: Course) -> None:
        """Follow the leg until it has ended; the conversation runs beside it from the answer on."""
        log, live, tell = course.log, course.live, course.tell
        early: EarlyListener | None = None
        async with anyio.create_task_group() as talking:
            async for event in leg.events(signals=True):
                at_ms = log.now_ms()
                match event:
                    case LegSignal():
                        log.add("sip", signal_line(event))
                    case LegTrying():
                        tell("trying", "")
                    case LegRinging():
                        course.ringing_ms = at_ms if course.ringing_ms is None else course.ringing_ms
                        log.add("ringing")
                        tell("ringing", "")
                    case LegEarlyMedia():
                        log.add("early_media")
                        if early is None and leg.media is not None and self._parts.progress is not None:
                            early = _listen_early(self._parts.progress, leg, leg.media, course, talking)
                    case LegAnswered():
                        course.answered_ms = at_ms
                        if early is not None:
                            early.stop()
                        log.add("connected")
                        tell("answered", "")
                        if leg.media is None:
                            raise LineError("answered without audio")
                        course.media = live.media = leg.media
                        if course.files is not None:
                            _record(leg.media, course.files, log)
                        course.conversation = self._conversation(leg, leg.media, course)
                        live.take_over, live.wind_up = course.conversation.take_over, course.conversation.wind_up
                        live.give_back = course.conversation.give_back
                        talking.start_soon(course.conversation.run)
                    case LegRejected(code=code, reason=reason, q850=q850):
                        course.code, course.q850 = code, q850
                        log.add("rejected", code=code, text=reason, q850=q850)
                    case LegReplaced():
                        log.add("replaced")
                        if course.conversation is not None:
                            course.conversation.replaced()
                    case LegDtmf(digit=digit):
                        if course.conversation is not None:
                            course.conversation.key(digit)
                    case LegEnded(cause=cause, by=by, detail=detail):
                        course.cause, course.ended_ms, course.ended = cause, at_ms, True
                        live.ended()
                        log.add("released", cause=cause, by=by, detail=detail)
                        if course.conversation is not None:
                            course.conversation.gone(event)
                        elif early is not None:
                            await early.last_words()

    def _conversation(self, leg: Leg, media: Media, course: Course) -> Conversation:
        parts, party = self._parts, course.party
        seat = Seat(
            parts.dialogue,
            parts.ears,
            parts.prepare,
            parts.outbox,
            self._switchboard.fetch,
            course.log,
            party.number,
            course.variables,
            course.tell,
            incoming=party.direction == "in",
            placer=course.placer,
        )
        return Conversation(seat, leg, media, parts.now())


def _listen_early(parts: ProgressParts, leg: Leg, media: Media, course: Course, tasks: TaskGroup) -> EarlyListener:
    """Listen to what is played before the answer, beside the leg."""

    def definite(found: Evidence) -> None:
        course.log.add("given_up", why=found.kind)
        tasks.start_soon(leg.hangup, "announcement")

    early = EarlyListener(parts, course.log, definite)
    course.progress = early.progress
    early.attach(media)
    tasks.start_soon(early.run)
    return early


async def _leave(course: Course) -> None:
    """Hang up when nobody has, close the media, and say how it went."""
    leg, log = course.live.leg, course.log
    if leg is not None and not course.ended:
        course.cause = course.cause or "cancelled"
        course.ended_ms = log.now_ms()
        await leg.hangup("cancelled")
        await _last_signals(leg, log)
    media = course.media
    if media is not None:
        await media.close()
        course.rtp = rtp_line(media)
        log.add("rtp", course.rtp)
        if media.stats.recording_error:
            log.add("fault", message=f"recording: {media.stats.recording_error}")


async def _with_files(record: CallRecord, course: Course) -> CallRecord:
    """Write the transcript; what could not be written is named, and no file stands in the record that is not there."""
    if course.files is None:
        return record
    faults, log = list(record.faults), course.log
    if log.error:
        faults.append(f"log: {log.error}")
    try:
        await anyio.to_thread.run_sync(_write_transcript, course.files, as_text(transcript(log.lines)))
    except OSError as error:
        faults.append(f"transcript: {error}")
    recorded = bool(record.recording) and await anyio.Path(record.recording).exists()
    return replace(record, recording=record.recording if recorded else "", faults=tuple(faults))


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
    file = os.open(files.transcript, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)  # only for its owner
    with os.fdopen(file, "w", encoding="utf-8") as opened:
        opened.write(text)
