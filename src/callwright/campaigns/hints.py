"""A word to workers that something changed. Only a hint: who misses it sees the change at the next look, which is the truth.

PostgreSQL: NOTIFY in the transaction of the change, so nobody is told of what did not happen. SQLite: an event of this process.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg  # type: ignore[import-untyped]
from sqlalchemy import String, bindparam, func, select
from sqlalchemy.engine import make_url

from callwright.store.scope import Scope

__all__ = ["CHANNEL", "Hints", "tell"]

log = logging.getLogger(__name__)

CHANNEL = "callwright"
_NOTIFY = select(func.pg_notify(CHANNEL, bindparam("whose", type_=String())))
_RETRY_S = 2.0
_listening: set[Hints] = set()  # of this process


class Hints:
    """What a worker waits on."""

    def __init__(self, tenant: int) -> None:
        self.tenant = tenant
        self._told = asyncio.Event()

    async def wait(self, seconds: float) -> bool:
        """Until somebody tells, at most so long; whether somebody told."""
        try:
            async with asyncio.timeout(seconds):
                return await self._told.wait()
        except TimeoutError:
            return False
        finally:
            self._told.clear()

    def tell(self) -> None:
        """Something changed."""
        self._told.set()

    @asynccontextmanager
    async def listening(self, url: str) -> AsyncIterator[None]:
        """Told of changes while the body runs. url: of the database, as in settings. A connection that breaks is made anew: meanwhile looking
        has to do."""
        _listening.add(self)
        task = asyncio.create_task(self._listen(url)) if url.startswith("postgres") else None
        try:
            yield
        finally:
            _listening.discard(self)
            if task is not None:
                task.cancel()
                await asyncio.wait([task])

    async def _listen(self, url: str) -> None:
        address = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        while True:
            gone = asyncio.Event()
            try:
                connection = await asyncpg.connect(address)
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                await asyncio.sleep(_RETRY_S)
                continue
            try:
                connection.add_termination_listener(lambda _, gone=gone: gone.set())
                await connection.add_listener(CHANNEL, self._heard)
                await gone.wait()
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                log.info("hints: %s", type(error).__name__)
            finally:
                connection.terminate()

    def _heard(self, _connection: object, _pid: int, _channel: str, payload: object) -> None:
        if payload == str(self.tenant):
            self.tell()


async def tell(scope: Scope) -> None:
    """Say in this transaction that tasks or leads of its tenant changed."""
    if scope.dialect == "postgresql":
        await scope.value(_NOTIFY, whose=str(scope.tenant))
        return
    for hints in list(_listening):
        if hints.tenant == scope.tenant:
            hints.tell()
