"""One call over the trunks of its tenant, one after the other, seen from outside as one leg. Nobody is rung twice."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING

import anyio

from callwright.errors import CallwrightError
from callwright.telephony.port import (
    LegAnswered,
    LegEarlyMedia,
    LegEnded,
    LegEvent,
    LegRejected,
    LegRinging,
    LegSignal,
    LegTrying,
    Media,
)
from callwright.telephony.sip.leg import SipLeg

if TYPE_CHECKING:
    from callwright.telephony.trunks.member import Member

__all__ = ["Attempt", "TrunkLeg", "is_failure"]

NOT_THE_PERSON = frozenset(("timeout", "transport_error"))
Next = Callable[[], Awaitable["Attempt | None"]]


class Attempt:
    """One INVITE over one trunk. Tells the breaker of the trunk how it went, once."""

    def __init__(self, member: Member, leg: SipLeg, trial: bool) -> None:
        self.member = member
        self.leg = leg
        self._trial = trial
        self._told = False

    def succeeded(self, now_ms: int) -> None:
        """The trunk did its part."""
        if not self._told:
            self._told = True
            self.member.breaker.succeed(now_ms)

    def failed(self, now_ms: int) -> None:
        """The trunk did not."""
        if not self._told:
            self._told = True
            self.member.breaker.fail(now_ms)

    def over(self) -> None:
        """It ended, and nothing is known about the trunk."""
        if not self._told and self._trial:
            self.member.breaker.leave()
        self._told = True


def is_failure(code: int) -> bool:
    """Whether a final answer says something about the trunk, not about the person."""
    return 500 <= code < 600 or code == 408


class TrunkLeg:
    """See `telephony.port.Leg`. trunk: name of the one it goes over now; sip: the leg there, for what only SIP can do (hold, transfer).

    next_attempt: places the call over a further trunk, None = there is none.
    """

    def __init__(self, first: Attempt, next_attempt: Next, now_ms: Callable[[], int]) -> None:
        self.call_id = first.leg.call_id
        self.media: Media | None = None
        self._attempt = first
        self._earlier: list[SipLeg] = []
        self._next_attempt = next_attempt
        self._now_ms = now_ms
        self._queue: asyncio.Queue[LegEvent] = asyncio.Queue()
        self._read_out = self._tried = self._hanging = False
        self._over = asyncio.Event()
        self._placing: anyio.CancelScope | None = None

    @property
    def trunk(self) -> str:
        return self._attempt.member.trunk.name

    @property
    def sip(self) -> SipLeg:
        return self._attempt.leg

    @property
    def ladder(self) -> tuple[LegSignal, ...]:
        """The messages of every attempt."""
        return tuple(rung for leg in (*self._earlier, self._attempt.leg) for rung in leg.ladder)

    async def events(self, *, signals: bool = False) -> AsyncIterator[LegEvent]:
        """Every event once, until and including LegEnded."""
        while not self._read_out:
            event = await self._queue.get()
            self._read_out = isinstance(event, LegEnded)
            if signals or not isinstance(event, LegSignal):
                yield event

    async def hangup(self, reason: str = "") -> None:
        """End the call; no further trunk is tried. Returns when LegEnded is there."""
        self.stay()
        if not self._over.is_set():
            await self._attempt.leg.hangup(reason)
        await self._over.wait()

    def stay(self) -> None:
        """Try no further trunk."""
        self._hanging = True
        if self._placing is not None:
            self._placing.cancel()

    async def ended(self) -> None:
        """Wait until the call is over."""
        await self._over.wait()

    # ------------------------------------------------------------ for Trunks

    async def follow(self) -> None:
        """Hand on what the attempts report, and go to the next trunk when one failed before anybody was rung."""
        while True:
            end, rejected = await self._follow_one(self._attempt)
            failed = is_failure(rejected.code) if rejected else end.cause in NOT_THE_PERSON
            following = None
            if failed and not self._attempt.leg.rung and not self._hanging and end.by != "us":
                following = await self._further()
            if following is None:
                break
            self._earlier.append(self._attempt.leg)
            self._attempt = following
            if self._hanging:
                await following.leg.hangup()
        if rejected is not None:
            self._queue.put_nowait(rejected)
        self._queue.put_nowait(end)
        self._over.set()

    async def _further(self) -> Attempt | None:
        """The next attempt; None when there is none, or the call was hung up meanwhile."""
        with anyio.CancelScope() as self._placing, contextlib.suppress(CallwrightError):
            return await self._next_attempt()
        return None  # what the last trunk said is what is told

    async def _follow_one(self, attempt: Attempt) -> tuple[LegEnded, LegRejected | None]:
        rejected: LegRejected | None = None
        async for event in attempt.leg.events(signals=True):
            self.media = attempt.leg.media
            if isinstance(event, LegEnded):
                self._judge(attempt, event, rejected)
                return event, rejected
            if isinstance(event, LegRejected):
                rejected = event
            elif isinstance(event, LegTrying):
                if not self._tried:
                    self._queue.put_nowait(event)
                self._tried = True
            else:
                if isinstance(event, LegRinging | LegEarlyMedia | LegAnswered):
                    attempt.succeeded(self._now_ms())
                self._queue.put_nowait(event)
        raise AssertionError("a leg ends with LegEnded")

    def _judge(self, attempt: Attempt, end: LegEnded, rejected: LegRejected | None) -> None:
        now_ms = self._now_ms()
        if rejected is not None and not is_failure(rejected.code):
            attempt.succeeded(now_ms)
        elif rejected is not None or (end.cause in NOT_THE_PERSON and end.by == "network"):
            attempt.failed(now_ms)
        else:
            attempt.over()
