"""Calls that are answered without a dialogue: an announcement, an echo, a person. The same log as a call of the robot, no grade."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

import anyio

from callwright.calls.ladder import rtp_line, signal_line
from callwright.calls.live import LiveCall, LiveCalls
from callwright.calls.log import EventLog
from callwright.calls.model import CallFiles, mask
from callwright.calls.person import causes
from callwright.calls.transfer import Switchboard
from callwright.dialogue.values import Transfer
from callwright.errors import CallwrightError, LineError
from callwright.speech.port import Pcm
from callwright.telephony.port import (
    Codec,
    DialOrder,
    Frame,
    IncomingLeg,
    LegAnswered,
    LegDtmf,
    LegEnded,
    LegReplaced,
    LegSignal,
    Media,
)

__all__ = ["Attendant", "Encode", "Talk", "announce", "connect", "echo"]

Encode = Callable[[Pcm, Codec], bytes]
Talk = Callable[[IncomingLeg, Media, EventLog], Awaitable[None]]
"""What happens between the answer and the end. The leg is hung up when it returns, and it is cancelled when the leg has ended."""

_TRANSFER_WAIT_S = 60


@dataclass(frozen=True, slots=True)
class Attendant:
    """`answer` may run many times at once. now: the wall clock (aware); live: where the calls that are up are found."""

    now: Callable[[], datetime]
    monotonic_ms: Callable[[], int]
    live: LiveCalls

    async def answer(self, leg: IncomingLeg, name: str, files: CallFiles, talk: Talk, trunk: str = "") -> str:
        """Ring, answer, let `talk` talk, hang up. Returns the disposition: `completed`, `hung_up` (by them, before `talk` was done),
        `no_answer` (they gave up), `interrupted_by_fault`, `network_fault` (it could not be answered).

        Args:
            name: what answers, for whoever looks at the live calls.
        """
        begun, started_at = self.monotonic_ms(), self.now()
        log = EventLog(files.log, lambda: self.monotonic_ms() - begun)
        known = {"number": mask(leg.caller), "call_id": leg.call_id, "called": mask(leg.called), "answer": name}
        log.add("came_in", known, started_at=started_at.isoformat(timespec="seconds"))
        call = LiveCall(leg.call_id, name, mask(leg.caller), started_at, log, leg=leg, direction="in", trunk=trunk)
        course = _Course(leg, log, call)
        with self.live.during(call):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(log.run)
                try:
                    await log.begun()
                    await course.follow(talk)
                except Exception as error:  # noqa: BLE001 - the boundary of one call: its fault must not reach the others
                    course.fault(error)
                finally:
                    try:
                        with anyio.CancelScope(shield=True):
                            await course.leave()
                        log.add("ended", disposition=course.disposition, cause=course.cause)
                    finally:
                        log.close()
        return course.disposition


class _Course:
    """What has become of one call."""

    def __init__(self, leg: IncomingLeg, log: EventLog, live: LiveCall) -> None:
        self._leg = leg
        self._log = log
        self._live = live
        self._media: Media | None = None
        self._done = False
        self._failed = False
        self._ended = False
        self.cause = ""

    @property
    def disposition(self) -> str:
        if self._media is None:
            return "network_fault" if self._failed else "no_answer"
        if self._failed or self.cause not in ("bye", "cancelled"):
            return "interrupted_by_fault"
        return "completed" if self._done else "hung_up"

    async def follow(self, talk: Talk) -> None:
        leg, log = self._leg, self._log
        try:
            await leg.ring()
            await leg.answer()
        except LineError as error:  # they have gone, or no audio is to be had: the leg's last event says so
            log.add("fault", message=str(error))
            await leg.reject(503)
        async with anyio.create_task_group() as talking:
            async for event in leg.events(signals=True):
                match event:
                    case LegSignal():
                        log.add("sip", signal_line(event))
                    case LegAnswered():
                        log.add("connected")
                        if leg.media is None:
                            raise LineError("answered without audio")
                        self._media = self._live.media = leg.media
                        self._live.state = "answered"
                        talking.start_soon(self._talk, talk, leg.media)
                    case LegReplaced():
                        log.add("replaced")
                    case LegDtmf(digit=digit):
                        log.add("key", digit=digit)
                    case LegEnded(cause=cause, by=by, detail=detail):
                        self.cause, self._ended, self._live.media = cause, True, None
                        self._failed = self._failed or (by == "us" and cause == "rejected")
                        log.add("released", cause=cause, by=by, detail=detail)
            talking.cancel_scope.cancel()

    async def _talk(self, talk: Talk, media: Media) -> None:
        try:
            await talk(self._leg, media, self._log)
            self._done = True
        except Exception as error:  # noqa: BLE001 - as above: named, and the call is hung up
            self.fault(error)
        await self._leg.hangup("done")

    def fault(self, error: BaseException) -> None:
        self._failed = True
        for cause in causes(error):
            known = isinstance(cause, CallwrightError)
            self._log.add("fault", message=str(cause) if known else f"{type(cause).__name__}: {cause}")

    async def leave(self) -> None:
        """However it was left: the leg is over, its media are closed."""
        if not self._ended:
            self.cause = self.cause or "cancelled"
            await self._leg.reject(500)  # nothing when it was answered
            await self._leg.hangup("cancelled")
        if self._media is not None:
            await self._media.close()
            self._log.add("rtp", rtp_line(self._media))


# ---------------------------------------------------------------- what can be done


def announce(pcm: Pcm, encode: Encode) -> Talk:
    """Play a recording once."""

    async def talk(leg: IncomingLeg, media: Media, log: EventLog) -> None:
        media.play(encode(pcm, media.codec), "announcement")
        await media.drained()

    return talk


def echo(encode: Encode) -> Talk:
    """Give back what is said, until they hang up: the line test."""

    async def talk(leg: IncomingLeg, media: Media, log: EventLog) -> None:
        media.listen(lambda frame: _give_back(frame, media, encode), lambda digit: None)
        await anyio.sleep_forever()

    return talk


def _give_back(frame: Frame, media: Media, encode: Encode) -> None:
    try:
        media.play(encode(frame.pcm, media.codec))
    except LineError:  # the call has just ended
        media.listen(lambda frame: None, lambda digit: None)


def connect(switchboard: Switchboard, order: Callable[[IncomingLeg], DialOrder]) -> Talk:
    """Ring somebody and join the two until one hangs up. order: raises RefusedError or LineError when that is not possible.

    Nobody comes: that is a fault of the call, and said in its log.
    """

    async def talk(leg: IncomingLeg, media: Media, log: EventLog) -> None:
        transfer = Transfer("inbound", wait_s=_TRANSFER_WAIT_S)
        if not await switchboard.fetch(leg, transfer, log, lambda: None, order(leg)):
            raise LineError("nobody came to the phone")

    return talk
