"""Fetching a person: ring somebody of the group, join the two, part them when either side has hung up."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import anyio

from callwright.calls.ladder import rtp_line, signal_line
from callwright.calls.log import EventLog
from callwright.dialogue.values import Transfer
from callwright.errors import CallwrightError
from callwright.telephony.port import DialOrder, Leg, LegAnswered, LegSignal, LineDriver, Media, Way

__all__ = ["Desk", "Switchboard"]

Desk = Callable[[Transfer, str], Awaitable[Way | None]]
"""Finds a person of a group for the call with this id (SIP Call-ID); None when nobody comes. It may take as long as `wait_s`."""

RELEASE_S = 2.0  # how long the caller waits for a desk to confirm that it was released; the line goes on without us


@dataclass(frozen=True, slots=True)
class Switchboard:
    """desk: the way to a person of the group, or None when nobody is there; bridge: join two media."""

    line: LineDriver
    desk: Desk
    bridge: Callable[[Media, Media], None]

    async def fetch(
        self, leg: Leg, act: Transfer, log: EventLog, joined: Callable[[], None], order: Way | None = None
    ) -> bool:
        """Ring a person and join the two until one hangs up; False when nobody came within `wait_s`, whatever the reason.

        Args:
            joined: called once, when the two hear each other.
            order: the way to a certain person, in place of whom the desk names.
        """
        met = False

        def join(first: Media, second: Media) -> None:
            nonlocal met
            self.bridge(first, second)
            met = True
            log.add("bridged", group=act.group)
            joined()

        try:
            order = order or await self.desk(act, leg.call_id)
            if order is not None and leg.media is not None:
                await self._ring(order, leg.media, act.wait_s, join, log)
        except CallwrightError as error:
            log.add("fault", message=f"desk: {error}")
        return met

    async def _ring(
        self, order: Way, caller: Media, wait_s: float, join: Callable[[Media, Media], None], log: EventLog
    ) -> None:
        second: Leg = await self.line.place(order) if isinstance(order, DialOrder) else order
        try:
            with anyio.move_on_after(wait_s) as patience:
                async for event in second.events(signals=True):
                    if isinstance(event, LegSignal):
                        log.add("sip", signal_line(event, "desk"))
                    elif isinstance(event, LegAnswered) and second.media is not None:
                        patience.deadline = math.inf
                        join(caller, second.media)
        finally:
            with anyio.move_on_after(RELEASE_S, shield=True):
                await second.hangup("over")
            if second.media is not None:
                log.add("rtp", rtp_line(second.media), leg="desk")
