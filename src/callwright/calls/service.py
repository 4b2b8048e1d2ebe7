"""The life of a serving process: it answers until it is told to stop, lets live calls finish, then says goodbye. SIGHUP reads its file anew."""

from __future__ import annotations

import logging
import signal
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

import anyio

from callwright.calls.live import LiveCall, LiveCalls
from callwright.calls.reception import Arrivals, Reception
from callwright.errors import CallwrightError

__all__ = ["Bounds", "LineService"]

log = logging.getLogger(__name__)

HandOver = Callable[[LiveCall], Awaitable[bool]]


@dataclass(frozen=True, slots=True)
class Bounds:
    """How long stopping takes at most, in s. finish: live calls may go on; goodbye: they may say it; records: they may write theirs."""

    finish: float = 120.0
    goodbye: float = 15.0
    records: float = 5.0


class LineService:
    """`run` until it was told to stop.

    refuse_new: the line answers new calls and OPTIONS with 503 from now on; close: it hangs up on every call and closes; reload: read
    the file anew, raises CallwrightError and changes nothing when it is wrong; hand_over: move a call to a person (False: it stays),
    None = nobody can.
    """

    def __init__(
        self,
        reception: Reception,
        arrivals: Arrivals,
        live: LiveCalls,
        refuse_new: Callable[[], None],
        close: Callable[[], Awaitable[None]],
        reload: Callable[[], Awaitable[None]],
        bounds: Bounds,
        hand_over: HandOver | None = None,
        guard: Callable[[], Coroutine[Any, Any, None]] = anyio.sleep_forever,
    ) -> None:
        """guard: runs beside the calls as long as they do."""
        self._reception = reception
        self._arrivals = arrivals
        self._live = live
        self._refuse_new = refuse_new
        self._close = close
        self._reload = reload
        self._bounds = bounds
        self._hand_over = hand_over
        self._guard = guard
        self._stops = 0
        self._stopping = anyio.Event()
        self._at_once = anyio.Event()
        self._wanted = anyio.Event()

    def stop(self) -> None:
        """The first time: take no new call, let the live ones finish. The second time: end them at once."""
        self._stops += 1
        self._stopping.set()
        if self._stops > 1:
            self._at_once.set()

    def reload(self) -> None:
        """Read the line file anew, soon."""
        self._wanted.set()

    async def run(self) -> None:
        """Serve; returns when the last call is over after `stop`. Every leg is hung up then, and nothing is left running."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._reception.serve, self._arrivals)
            tasks.start_soon(self._reloading)
            tasks.start_soon(self._guard)
            await self._stopping.wait()
            self._reception.draining = True
            self._refuse_new()
            log.info("draining: no new calls, %d live", len(self._live))
            async with anyio.create_task_group() as draining:
                draining.start_soon(self._drain, draining.cancel_scope)
                await self._at_once.wait()
                draining.cancel_scope.cancel()
            await self._hang_up()
            tasks.cancel_scope.cancel()
        log.info("every call is over")

    async def signals(self) -> None:
        """Stop on SIGTERM and SIGINT, reload on SIGHUP; until cancelled."""
        with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT, signal.SIGHUP) as received:
            async for number in received:
                if number == signal.SIGHUP:
                    self.reload()
                else:
                    self.stop()

    # ------------------------------------------------------------ reload

    async def _reloading(self) -> None:
        while True:
            await self._wanted.wait()
            self._wanted = anyio.Event()
            try:
                await self._reload()
            except CallwrightError as error:
                log.error("not reloaded, what was there goes on: %s", error)
            else:
                log.info("reloaded")

    # ------------------------------------------------------------ stop

    async def _drain(self, scope: anyio.CancelScope) -> None:
        """Wait for the calls; half-way move those to a person that can be, at the end ask the rest to say goodbye."""
        bounds = self._bounds
        with anyio.move_on_after(bounds.finish / 2):
            await self._live.empty()
        await self._hand_over_all(bounds.finish / 2)
        talking = [call for call in self._live if call.wind_up is not None and call.state != "with a person"]
        if talking:
            log.info("time is over: %d live calls say goodbye", len(talking))
            for call in talking:
                if call.wind_up is not None:
                    call.wind_up()
            with anyio.move_on_after(bounds.goodbye):
                await self._live.over(talking)
        scope.cancel()

    async def _hand_over_all(self, seconds: float) -> None:
        with anyio.move_on_after(seconds):
            async with anyio.create_task_group() as handing:
                for call in self._live if self._hand_over is not None else ():
                    handing.start_soon(self._hand, call)
                await self._live.empty()
                handing.cancel_scope.cancel()

    async def _hand(self, call: LiveCall) -> None:
        try:
            if self._hand_over is not None and await self._hand_over(call):
                log.info("call with %s goes on with a person", call.number)
        except CallwrightError as error:
            log.warning("call with %s stays with the robot: %s", call.number, error)

    async def _hang_up(self) -> None:
        """Whatever is still live is hung up; what the far side does not confirm is over all the same."""
        if len(self._live):
            log.warning("hanging up on %d live calls", len(self._live))
        await self._close()
        with anyio.move_on_after(self._bounds.records):
            await self._live.empty()
