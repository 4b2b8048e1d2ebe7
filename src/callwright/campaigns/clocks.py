"""What time it is for leases: the database's time, carried on by a clock that never jumps.

Workers on many machines agree on the database's clock alone. Between two looks at it time is counted by the monotonic clock. A time that is
suddenly another one is not believed before it has stood for a while: written into a retry or a lease, an hour that was wrong for a second would
ring somebody again at once, or hold a lead for an hour. As long as it is in doubt nobody may begin a call, for the new time may be the right one
(a machine that slept, and it is night).
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
_BELIEVED_S = 10.0  # a jump that stands for so long was meant


def wall() -> datetime:
    """This machine's wall clock: the database's own where it is a file."""
    return datetime.now(UTC)


class DatabaseClock:
    """`now()` is right once `sync` has gone well. jumps: how often the time was not what it should have been; doubted: it is not now."""

    def __init__(
        self,
        database: Database,
        tenant: int,
        monotonic: Callable[[], float] = time.monotonic,
        local: Callable[[], datetime] = wall,
    ) -> None:
        self._database, self._tenant, self._monotonic, self._local = database, tenant, monotonic, local
        self._known: tuple[float, datetime] | None = None
        self._other: tuple[float, float] | None = None  # since when the time is another one, and by how much (s)
        self._set_at: float | None = None  # when a jump was believed
        self.jumps = 0

    @property
    def doubted(self) -> bool:
        """The time jumped, and it is not known yet which one is right."""
        return self._other is not None

    def unsettled(self, lease: timedelta) -> bool:
        """It jumped lately: others may still go by the time before, and what they hold looks as if it were over."""
        since = self._set_at
        return self.doubted or (since is not None and self._monotonic() - since < lease.total_seconds() + _BELIEVED_S)

    async def sync(self) -> datetime:
        """Ask the database; the time that is believed. Whatever error it raises when it is not there."""
        begun = self._monotonic()
        if self._database.dialect == "postgresql":
            async with self._database.scope(self._tenant) as scope:
                found: datetime = (await scope.value(_TIME)).astimezone(UTC)
        else:
            found = self._local()
        if self._known is None or self._believe(begun, (found - self.now()).total_seconds()):
            self._known, self._other = (begun, found), None
        return self.now()

    def _believe(self, begun: float, off: float) -> bool:
        """off: by how many seconds the time found is ahead of ours; it was asked for at `begun`."""
        if abs(off) <= _JUMP_S + self._monotonic() - begun:
            return True
        if self._other is None or abs(self._other[1] - off) > _JUMP_S + self._monotonic() - begun:
            self.jumps += 1
            self._other = (begun, off)
            log.warning(
                "the clock of the database jumped by %.1f s: no call is begun before it is known which is right", off
            )
            return False
        if begun - self._other[0] < _BELIEVED_S:
            return False
        log.warning("the clock of the database stays %.1f s away: from now on it is believed", off)
        self._set_at = begun
        return True

    def now(self) -> datetime:
        """Raises RuntimeError: nobody asked the database yet."""
        if self._known is None:
            raise RuntimeError("the time is not known before the first sync")
        return self._known[1] + timedelta(seconds=self._monotonic() - self._known[0])
