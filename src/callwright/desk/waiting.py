"""Calls of this worker whose script asks for a person: each waits until an agent accepts it in a browser, or for as long as the script says."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from callwright.dialogue.values import Transfer
from callwright.telephony.port import IncomingLeg, Way

__all__ = ["Anybody", "Waiting"]

Anybody = Callable[[str], Awaitable[bool]]
"""Whether anybody of a group is at the desk."""


class Waiting:
    """Belongs to the event loop. `desk` is what a switchboard asks; `give` hands an agent's browser to a call that waits."""

    def __init__(self, anybody: Anybody) -> None:
        self._anybody = anybody
        self._calls: dict[str, asyncio.Future[Way]] = {}
        self._groups: dict[str, str] = {}

    def __contains__(self, call: str) -> bool:
        return call in self._calls

    def __len__(self) -> int:
        return len(self._calls)

    def of(self, group: str) -> int:
        """How many wait for this group."""
        return sum(self._groups.get(call) == group for call in self._calls)

    async def desk(self, wanted: Transfer, call: str) -> Way | None:
        """See `calls.transfer.Desk`: nobody at the desk, or nobody who accepts in time, is None."""
        if not await self._anybody(wanted.group):
            return None
        found: asyncio.Future[Way] = asyncio.get_running_loop().create_future()
        self._calls[call], self._groups[call] = found, wanted.group
        try:
            async with asyncio.timeout(wanted.wait_s):
                return await found
        except TimeoutError:
            return None
        finally:
            if self._calls.get(call) is found:
                del self._calls[call]
            if call not in self._calls:
                self._groups.pop(call, None)

    def give(self, call: str, leg: IncomingLeg) -> bool:
        """The first one who accepts has the call; False: it does not wait (any more)."""
        found = self._calls.pop(call, None)
        if found is None or found.done():
            return False
        found.set_result(leg)
        return True
