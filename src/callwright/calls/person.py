"""The person a call may be handed to: rung because the script wants it or because somebody watching takes the call over. One talks at most."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator

import anyio
from anyio.abc import TaskGroup

from callwright.calls.log import EventLog
from callwright.dialogue.values import Transfer
from callwright.errors import LineError
from callwright.telephony.port import Leg, Way

__all__ = ["Handover", "Person", "causes"]

Handover = Callable[
    [Leg, Transfer, EventLog, Callable[[], None], Way | None], Awaitable[bool]
]  # returns when the person has gone again


class Person:
    """`fetch` and `take_over` ring; `talks` once one has come."""

    def __init__(
        self,
        leg: Leg,
        handover: Handover,
        log: EventLog,
        *,
        before: Callable[[], Awaitable[None]],
        joined: Callable[[str], None],
        done: Callable[[bool], None],
        back: Callable[[], None],
    ) -> None:
        """before: what the robot still says before the script's transfer rings; joined: told the group when the two hear each other, the robot
        is silent from then on; done: told whether a person was there when a transfer is over; back: the person gave the call back to the
        robot."""
        self._leg = leg
        self._handover = handover
        self._log = log
        self._before = before
        self._joined = joined
        self._done = done
        self._back = back
        self._talking: anyio.CancelScope | None = None
        self._fetching: tuple[Transfer, anyio.CancelScope] | None = None
        self._taking_over: anyio.CancelScope | None = None
        self.talks = False

    @property
    def rung(self) -> Transfer | None:
        """The script's transfer that is under way."""
        return self._fetching[0] if self._fetching is not None else None

    def fetch(self, tasks: TaskGroup, act: Transfer, tell: Callable[[str, str], None]) -> None:
        """Ring a person as the script wants, beside the conversation."""
        if self._fetching is not None and self._fetching[0].group == act.group:
            return  # it is ringing there already
        self.stop()
        scope = anyio.CancelScope()
        self._fetching = (act, scope)
        tasks.start_soon(self._hand_over, act, scope, tell)

    def stop(self) -> None:
        """The conversation went another way while a person was rung."""
        if self._fetching is not None and not self.talks:
            self._fetching[1].cancel()
            self._fetching = None

    async def _hand_over(self, act: Transfer, scope: anyio.CancelScope, tell: Callable[[str, str], None]) -> None:
        """Ring a person; once one talks, the robot is silent until either side has hung up."""
        with scope:
            await self._before()
            tell("transferring", act.group)
            met = await self._ring(act, scope)
            if self._fetching is not None and self._fetching[1] is scope:
                self._fetching = None
            if not met:
                self._log.add("nobody_came", group=act.group)
            self._done(met)

    def give_back(self) -> bool:
        """The person who talks leaves, and the robot goes on; False: no person talks."""
        scope, self._talking = self._talking, None
        if not self.talks or scope is None:
            return False
        self.talks = False
        if self._fetching is not None and self._fetching[1] is scope:
            self._fetching = None
        scope.cancel()
        self._log.add("given_back")
        self._back()
        return True

    async def take_over(self, tasks: TaskGroup, act: Transfer, order: Way | None = None) -> bool:
        """Somebody watching moves the call to a person (see `calls.live.TakeOver`). The robot goes on talking until that person talks.

        Raises LineError: a person talks already, or is being rung for another takeover.
        """
        if self.talks or self._taking_over is not None:
            raise LineError("takeover: the call is with a person, or one is being rung for it")
        self._taking_over = scope = anyio.CancelScope()
        done, met = anyio.Event(), False

        async def ring() -> None:
            nonlocal met
            try:
                with scope:
                    met = await self._ring(act, scope, order)
            finally:  # the person may have come, and the caller hung up since
                met = met or (self.talks and not scope.cancel_called)
                self._taking_over = None
                done.set()

        tasks.start_soon(ring)
        try:
            await done.wait()
        finally:
            if not self.talks:
                scope.cancel()
        if met:
            self._done(True)
        return met

    async def _ring(self, act: Transfer, scope: anyio.CancelScope, order: Way | None = None) -> bool:
        """Returns when the person has gone again (True), or did not come. Whoever comes first is the one: the other is not rung any more."""

        def joined() -> None:
            self.talks, self._talking = True, scope
            self._joined(act.group)
            for other in (self._taking_over, self._fetching[1] if self._fetching is not None else None):
                if other is not None and other is not scope:
                    other.cancel()

        try:
            return await self._handover(self._leg, act, self._log, joined, order)
        except Exception as error:  # noqa: BLE001 - a desk that fails is a desk where nobody answers
            for cause in causes(error):
                self._log.add("fault", message=f"desk: {type(cause).__name__}: {cause}")
            return self.talks


def causes(error: BaseException) -> Iterator[BaseException]:
    """The exceptions a task group wrapped, or the one that is none."""
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from causes(inner)
    else:
        yield error
