"""What time it is for leases: the database's time, carried on by a clock that never jumps.

Workers on many machines agree on the database's clock alone. Between two looks at it time is counted by the monotonic clock, so that somebody
who sets the wall clock changes nothing until the next look, and then for nobody in particular.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select

from callwright.store.database import Database

__all__ = ["DatabaseClock", "wall"]

log = logging.getLogger(__name__)

_TIME = select(func.clock_timestamp())
_JUMP_S = 2.0


def wall() -> datetime:
    """This machine's wall clock: the database's own where it is a file."""
    return datetime.now(UTC)


class DatabaseClock:
    """`now()` is right once `sync` has gone well. jumps: how often the time was not what it should have been."""

    def __init__(
        self,
        database: Database,
        tenant: int,
        monotonic: Callable[[], float] = time.monotonic,
        local: Callable[[], datetime] = wall,
    ) -> None:
        self._database, self._tenant, self._monotonic, self._local = database, tenant, monotonic, local
        self._known: tuple[float, datetime] | None = None
        self.jumps = 0

    async def sync(self) -> datetime:
        """Ask the database. Whatever error it raises when it is not there."""
        begun = self._monotonic()
        if self._database.dialect == "postgresql":
            async with self._database.scope(self._tenant) as scope:
                found: datetime = (await scope.value(_TIME)).astimezone(UTC)
        else:
            found = self._local()
        if self._known is not None:
            off = (found - self.now()).total_seconds()
            if abs(off) > _JUMP_S + self._monotonic() - begun:
                self.jumps += 1
                log.warning("the clock of the database jumped by %.1f s", off)
        self._known = (begun, found)
        return found

    def now(self) -> datetime:
        """Raises RuntimeError: nobody asked the database yet."""
        if self._known is None:
            raise RuntimeError("the time is not known before the first sync")
        return self._known[1] + timedelta(seconds=self._monotonic() - self._known[0])
