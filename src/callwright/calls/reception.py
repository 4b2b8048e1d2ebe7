"""Calls that come in: each finds its route, is answered as the route says, and is over when its time is. Nothing is answered while draining."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import anyio

from callwright.errors import CallwrightError
from callwright.telephony.port import IncomingLeg
from callwright.telephony.trunks.model import Route

__all__ = ["Answer", "Arrivals", "Limits", "Reception"]

log = logging.getLogger(__name__)

Answer = Callable[[IncomingLeg, Route], Awaitable[None]]
"""Answers a call as the route says; returns when it is over. Whatever it leaves open is hung up."""
Arrivals = Callable[[], AsyncIterator[IncomingLeg]]

BUSY, NO_ROUTE, FAULT = 503, 404, 500


@dataclass(frozen=True, slots=True)
class Limits:
    """calls: answered at once, more get 503; seconds: after which a call is hung up, whatever it is doing."""

    calls: int = 100
    seconds: float = 3_600.0


class Reception:
    """`serve` takes calls until the line is closed. route: what answers (called number, trunk), None = nothing does (404);
    trunk: the trunk a leg came by; refused: told the code of every call that is not answered."""

    def __init__(
        self,
        route: Callable[[str, str], Route | None],
        answer: Answer,
        trunk: Callable[[IncomingLeg], str],
        limits: Limits,
        refused: Callable[[str, int], None] = lambda trunk, code: None,
    ) -> None:
        self.route = route
        self.draining = False
        self._answer = answer
        self._trunk = trunk
        self._limits = limits
        self._refused = refused
        self._legs: set[IncomingLeg] = set()

    def __len__(self) -> int:
        """Calls that are being answered."""
        return len(self._legs)

    async def serve(self, arrivals: Arrivals) -> None:
        """Take every call that arrives, each in a task of its own."""
        async with anyio.create_task_group() as calls:
            async for leg in arrivals():
                calls.start_soon(self._take, leg)

    async def _take(self, leg: IncomingLeg) -> None:
        trunk = self._trunk(leg)
        if self.draining or len(self._legs) >= self._limits.calls:
            await self._refuse(leg, trunk, BUSY)
            return
        route = self.route(leg.called, trunk)
        if route is None or route.reject is not None:
            await self._refuse(leg, trunk, NO_ROUTE if route is None else route.reject or NO_ROUTE)
            return
        self._legs.add(leg)
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._limit, leg)
                try:
                    await self._answer(leg, route)
                finally:
                    tasks.cancel_scope.cancel()
        except Exception as error:  # noqa: BLE001 - the boundary of one call: its fault must not reach the others
            self._complain(trunk, error)
        finally:
            self._legs.discard(leg)
            with anyio.CancelScope(shield=True):
                await leg.reject(FAULT)  # nothing when it was answered, or is over
                await leg.hangup("over")

    async def _limit(self, leg: IncomingLeg) -> None:
        await anyio.sleep(self._limits.seconds)
        await leg.hangup("max_duration")

    async def _refuse(self, leg: IncomingLeg, trunk: str, code: int) -> None:
        self._refused(trunk, code)
        try:
            await leg.reject(code)
        except CallwrightError as error:
            self._complain(trunk, error)

    def _complain(self, trunk: str, error: BaseException) -> None:
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        told = str(error) if isinstance(error, CallwrightError) else f"{type(error).__name__}: {error}"
        log.error("a call over trunk %s could not be answered: %s", trunk or "-", told)
