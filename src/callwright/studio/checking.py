"""Checks and tests beside the event loop: in processes of their own, which are ended when they take too long."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar

import anyio
import anyio.to_process

from callwright.errors import Place, Problem
from callwright.http.problems import ApiError
from callwright.studio.examining import Checked, Tested, find_problems, run_tests

__all__ = ["TOO_LONG", "Checking"]

T = TypeVar("T")
log = logging.getLogger(__name__)

WITHIN_S = 30.0  # for one script, whatever is asked
AT_ONCE = 2
WAITING = 16
TOO_LONG = "check-too-long"


@dataclass(slots=True)
class Checking:
    """Runs checks beside the loop: `AT_ONCE` at a time, some wait, more are turned away."""

    within_s: float = WITHIN_S
    _limiter: anyio.CapacityLimiter = field(default_factory=lambda: anyio.CapacityLimiter(AT_ONCE))
    _waiting: int = 0

    async def problems(self, text: str, today: date, *, explored: bool) -> Checked:
        """What is wrong with a text; when the model checker takes too long, what the other checks found.

        Raises:
            ApiError: 503, too much is being checked just now.
        """
        found = await self._beside(find_problems, text, today, explored)
        if found is None and explored:
            quick = await self._beside(find_problems, text, today, False)
            found = None if quick is None else Checked((*quick.problems, _stopped(self.within_s)), "stopped")
        return found or Checked((_too_long(self.within_s),), "stopped")

    async def tests(self, text: str, today: date, now: str) -> Tested:
        """Results of the script's own tests.

        Raises:
            ApiError: 503, too much is being checked just now.
        """
        return await self._beside(run_tests, text, today, now) or Tested((), (_too_long(self.within_s),))

    async def _beside(self, do: Callable[..., T], *arguments: object) -> T | None:
        if self._waiting >= WAITING:
            raise ApiError(503, "busy", "too many scripts are being checked just now", headers={"Retry-After": "3"})
        self._waiting += 1
        try:
            async with self._limiter:
                with anyio.move_on_after(self.within_s):
                    return await anyio.to_process.run_sync(do, *arguments, cancellable=True)
            return None
        except anyio.BrokenWorkerProcess as error:
            log.error("the process that checks scripts ended: %s", error)
            raise ApiError(503, "busy", "the check ended before it was done", headers={"Retry-After": "3"}) from error
        finally:
            self._waiting -= 1


def _too_long(seconds: float) -> Problem:
    message = f"the checks were not done within {seconds:.0f} s"
    return Problem(
        "check-too-long", message, Place(), "Shorten phrase lists and patterns, or check it on the command line."
    )


def _stopped(seconds: float) -> Problem:
    message = f"the model checker was not done within {seconds:.0f} s: nothing is proven"
    return Problem(
        "not-explored", message, Place(), "Check it on the command line: callwright script check FILE.", "warning"
    )
