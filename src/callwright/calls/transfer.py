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
from callwright.telephony.port import DialOrder, Leg, LegAnswered, LegSignal, LineDriver, Media

__all__ = ["Switchboard"]

RELEASE_S = 2.0  # how long the caller waits for a desk to confirm that it was released; the line goes on without us


@dataclass(frozen=True, slots=True)
class Switchboard:
    """desk: an order that rings a person of the group, or None when nobody is there; bridge: join two media."""

    line: LineDriver
    desk: Callable[[Transfer], Awaitable[DialOrder | None]]
    bridge: Callable[[Media, Media], None]

    async def fetch(
        self, leg: Leg, act: Transfer, log: EventLog, joined: Callable[[], None], order: DialOrder | None = None
    ) -> bool:
        """Ring a person and join the two until one hangs up; False when nobody came within `wait_s`, whatever the reason.

        Args:
            joined: called once, when the two hear each other.
            order: rings a certain person, in place of whom the desk names.
        """
        met = False

        def join(first: Media, second: Media) -> None:
            nonlocal met
            self.bridge(first, second)
            met = True
            log.add("bridged", group=act.group)
            joined()

        try:
            order = order or await self.desk(act)
            if order is not None and leg.media is not None:
                await self._ring(order, leg.media, act.wait_s, join, log)
        except CallwrightError as error:
            log.add("fault", message=f"desk: {error}")
        return met

    async def _ring(
        self, order: DialOrder, caller: Media, wait_s: float, join: Callable[[Media, Media], None], log: EventLog
    ) -> None:
        second = await self.line.place(order)
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
