"""Supervision of a live call: somebody listens on a telephone, whispers to the agent, joins in, or moves the call to a person.

The person called hears a supervisor in `barge` only; that is kept where audio is added up (`telephony.rtp.mixing`), not here. Everything is in
the event log of the call: `supervised` for each stretch in one mode, `takeover` when somebody moves the call.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import anyio

from callwright.calls.live import LiveCall, LiveCalls
from callwright.calls.transfer import RELEASE_S
from callwright.dialogue.values import Transfer
from callwright.errors import LineError
from callwright.telephony.port import (
    DialOrder,
    Leg,
    LegAnswered,
    LineDriver,
    Media,
    Supervised,
    SupervisionMode,
    Way,
)

__all__ = ["Supervise", "Supervision", "Watching"]

Supervise = Callable[[Media, Media, SupervisionMode, Callable[[], None]], Supervised]
"""Put (the media of the person called, those of the supervisor) together in a mode; the last is called once when that is over."""

_PATIENCE_S = 60.0  # for the answer of a call that came in by itself


class Watching:
    """A supervisor on a call. `mode` and `end` may be called until it is over."""

    def __init__(self, call: LiveCall, who: str, mode: SupervisionMode) -> None:
        self.call = call
        self.who = who
        self._mode = mode
        self._since_ms = call.log.now_ms()
        self._audio: Supervised | None = None
        self._over = False

    def begin(self, audio: Supervised) -> None:
        """The supervisor is on the line."""
        self._audio = audio
        self.call.log.add("supervising", who=self.who, mode=self._mode)

    @property
    def over(self) -> bool:
        return self._over

    def mode(self, mode: SupervisionMode) -> None:
        """Change it from the next frame on. Raises LineError: it is over, or whisper while only the robot talks."""
        if self._over or self._audio is None:
            raise LineError("supervision: it is over")
        self._audio.mode(mode)
        if mode != self._mode:
            self._write()
            self._mode = mode

    def end(self) -> None:
        """The call goes on without the supervisor. Safe to call twice."""
        if self._audio is not None:
            self._audio.end()

    def ended(self) -> None:
        """From the audio: it is over, whoever ended it."""
        if not self._over:
            self._over = True
            self._write(over=True)

    def _write(self, *, over: bool = False) -> None:
        now_ms = self.call.log.now_ms()
        ends = {"over": True} if over else {}
        self.call.log.add("supervised", ends, who=self.who, mode=self._mode, from_ms=self._since_ms, to_ms=now_ms)
        self._since_ms = now_ms


@dataclass(frozen=True, slots=True)
class Supervision:
    """What may be done to the calls of one process from outside. `who` names a supervisor in the log: a name or an id, never a number."""

    line: LineDriver
    live: LiveCalls
    supervise: Supervise

    async def join(
        self,
        call_id: str,
        way: Way,
        mode: SupervisionMode,
        who: str,
        joined: Callable[[Watching], None] = lambda watching: None,
    ) -> bool:
        """Bring a supervisor onto a live call and stay until the supervisor or the call hangs up; False: the supervisor did not answer
        while the call was up.

        Cancelling it takes the supervisor off the call and frees the leg.

        Args:
            way: rings the supervisor's telephone, or the supervisor's call that came in and is still to be answered.
            joined: given what changes the mode and ends it, once the supervisor hears the call.

        Raises:
            LineError: no such answered call; it is supervised already; whisper while only the robot talks; no way to the supervisor.
        """
        call = self._answered(call_id)
        incoming = None if isinstance(way, DialOrder) else way
        leg: Leg = await self.line.place(way) if isinstance(way, DialOrder) else way
        watching: Watching | None = None
        try:
            with anyio.move_on_after(way.ring_timeout_s if isinstance(way, DialOrder) else _PATIENCE_S) as patience:
                with call.until_over(patience.cancel):
                    if not call.answered:  # it has ended while the way to the supervisor was looked for
                        return False
                    if incoming is not None:
                        await incoming.answer()
                    async for event in leg.events():
                        if isinstance(event, LegAnswered) and leg.media is not None and watching is None:
                            patience.deadline = math.inf
                            watching = self._put_together(call, leg.media, mode, who, patience.cancel)
                            joined(watching)
        finally:
            if watching is not None:
                watching.end()
            with anyio.move_on_after(RELEASE_S, shield=True):
                await leg.hangup("over")
        return watching is not None

    async def take_over(self, call_id: str, who: str, to: Transfer, order: Way | None = None) -> bool:
        """Move a live robot call to a person: the robot talks on until that person answers, then it is silent and the two are bridged.

        Returns when the person or the caller has hung up; False: nobody came within `to.wait_s`, or the person gave the call back: the
        robot has gone on.

        Args:
            to: the group in the log and how long to ring.
            order: the way to a certain person, in place of whom the desk names for the group.

        Raises:
            LineError: no such answered call, or it is with a person already.
        """
        call = self._answered(call_id)
        if call.take_over is None:
            raise LineError("takeover: nobody can take this call over now")
        call.log.add("takeover", who=who, group=to.group)
        return await call.take_over(to, order)

    def _answered(self, call_id: str) -> LiveCall:
        call = self.live.get(call_id)
        if call is None or call.media is None:
            raise LineError(f"supervision: there is no answered call {call_id}")
        return call

    def _put_together(
        self, call: LiveCall, media: Media, mode: SupervisionMode, who: str, over: Callable[[], None]
    ) -> Watching:
        if call.media is None:
            raise LineError(f"supervision: there is no answered call {call.call_id}")
        watching = Watching(call, who, mode)

        def ended() -> None:
            watching.ended()
            over()

        watching.begin(self.supervise(call.media, media, mode, ended))
        return watching
