"""The live board of a tenant: all calls of all its workers, followed once for everybody who watches.

    async with boards.watching(tenant) as board:
        async for text in board.messages(words=True):      # JSON: {"set": {call: {...}}, "gone": [...], "workers": 2}
            ...

Nobody watches: nothing is followed. A worker that cannot be reached takes its calls off the board and is tried again.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import httpx

from callwright.calls.standing import Row
from callwright.campaigns.faults import DATABASE_FAULTS
from callwright.desk.fanout import Fanout
from callwright.desk.feed import PERIOD_S
from callwright.desk.links import LOST, Link, open_client
from callwright.desk.store import WORKERS
from callwright.errors import DamagedError
from callwright.http.here import Kept

__all__ = ["Board", "Boards"]

log = logging.getLogger(__name__)

_SEEN = timedelta(seconds=30)  # a worker that was not seen for so long is dead
_LOOK_S = 2.0
_AGAIN_S = 1.0
_BEAT_S = 10.0
_WORDS = frozenset({"said"})  # fields that only those see who may listen


class Board:
    """Of one tenant. Belongs to the event loop."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client
        self.rows: dict[str, Row] = {}
        self.links: dict[str, Link] = {}
        self._of: dict[str, str] = {}  # call -> worker
        self._heard: set[str] = set()  # workers whose calls are known
        self._changed: dict[str, Row] = {}
        self._gone: list[str] = []
        self._news = asyncio.Event()
        self._told = asyncio.Event()
        self.looked = asyncio.Event()  # which workers there are is known
        self._readers = {
            words: Fanout(lambda words=words: self._whole(words), "{}", _BEAT_S)  # type: ignore[misc]
            for words in (False, True)
        }

    def link(self, call: str) -> Link | None:
        """To the worker of a call, None = no such call is live."""
        return self.links.get(self._of.get(call, ""))

    def messages(self, *, words: bool) -> AsyncIterator[str]:
        """The board as JSON, then what changes, at most four times a second. words: what is said may be seen."""
        return self._readers[words].read()

    async def known(self, seconds: float = 2.0) -> None:
        """Wait until every worker has told its calls, but not for long."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not self.links.keys() <= self._heard:
                    self._told.clear()
                    await self._told.wait()

    # ------------------------------------------------------------ from the workers

    def take(self, worker: str, message: Mapping[str, Any]) -> None:
        """A message of a worker's feed."""
        if message.get("whole"):
            self._heard.add(worker)
            self._told.set()
            named = message["set"]
            for call in [call for call, owner in self._of.items() if owner == worker and call not in named]:
                self._drop(call)
        for call, new in message.get("set", {}).items():
            self._of[call] = worker
            self.rows.setdefault(call, {"call": call}).update(new)
            self._changed.setdefault(call, {}).update(new)
            self._news.set()
        for call in message.get("gone", ()):
            if self._of.get(call) == worker:
                self._drop(call)

    def lost(self, worker: str) -> None:
        """It cannot be reached: nobody knows how its calls are."""
        self._heard.discard(worker)
        for call in [call for call, owner in self._of.items() if owner == worker]:
            self._drop(call)
        self._news.set()

    def _drop(self, call: str) -> None:
        self._of.pop(call, None)
        self.rows.pop(call, None)
        self._changed.pop(call, None)
        self._gone.append(call)
        self._news.set()

    # ------------------------------------------------------------ to the browsers

    async def run(self) -> None:
        """Send what has changed, for ever."""
        while True:
            await self._news.wait()
            self._news.clear()
            changed, gone = self._changed, self._gone
            self._changed, self._gone = {}, []
            for words, readers in self._readers.items():
                if len(readers):
                    readers.send(self._message(changed, gone, words))
            await asyncio.sleep(PERIOD_S)

    def _whole(self, words: bool) -> str:
        return self._message(self.rows, [], words, whole=True)

    def _message(self, rows: Mapping[str, Row], gone: list[str], words: bool, *, whole: bool = False) -> str:
        shown = rows if words else {call: _without_words(row) for call, row in rows.items()}
        said: dict[str, Any] = {"set": shown, "gone": gone, "workers": len(self._heard), "whole": whole}
        return json.dumps(said, ensure_ascii=False, separators=(",", ":"))


def _without_words(row: Row) -> Row:
    return {name: value for name, value in row.items() if name not in _WORDS}


class _Watched:
    def __init__(self, board: Board, task: asyncio.Task[None]) -> None:
        self.board, self.task, self.users = board, task, 0


class Boards:
    """One board for each tenant that somebody watches. now: the clock by which workers are alive."""

    def __init__(self, kept: Kept, now: Callable[[], datetime]) -> None:
        self._kept, self._now = kept, now
        self._watched: dict[int, _Watched] = {}

    @asynccontextmanager
    async def watching(self, tenant: int) -> AsyncIterator[Board]:
        """The board, followed as long as anybody is within."""
        watched = self._watched.get(tenant)
        if watched is None:
            board = Board(open_client())
            watched = self._watched[tenant] = _Watched(board, asyncio.create_task(self._follow(tenant, board)))
        watched.users += 1
        try:
            await watched.board.looked.wait()
            yield watched.board
        finally:
            watched.users -= 1
            if not watched.users:
                self._watched.pop(tenant, None)
                watched.task.cancel()
                await asyncio.wait([watched.task])
                await watched.board.client.aclose()

    async def _follow(self, tenant: int, board: Board) -> None:
        """Until nobody watches any more."""
        following: dict[str, asyncio.Task[None]] = {}
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(board.run())
            while True:
                await self._look(tenant, board)
                for worker in following.keys() - board.links.keys():
                    following.pop(worker).cancel()
                    board.lost(worker)
                for worker, link in board.links.items():
                    if worker not in following:
                        following[worker] = tasks.create_task(_read(board, link))
                board.looked.set()
                await asyncio.sleep(_LOOK_S)

    async def _look(self, tenant: int, board: Board) -> None:
        """Which workers there are now."""
        try:
            async with self._kept.database.reading(tenant) as scope:
                found = await scope.all(WORKERS, since=self._now() - _SEEN)
                keys = await self._kept.keyring.tenant(scope)
        except DATABASE_FAULTS as error:
            log.warning("live board: the database cannot be reached: %s", type(error).__name__)
            return
        links: dict[str, Link] = {}
        for row in found:
            try:
                secret = keys.open(row.live_secret, "worker.live_secret").decode()
            except DamagedError as error:
                log.error("live board: worker %s: %s", row.name, error)
                continue
            links[row.name] = board.links.get(row.name) or Link(row.name, row.live_address, secret, board.client)
        board.links = links


async def _read(board: Board, link: Link) -> None:
    """Follow one worker, again and again."""
    while True:
        try:
            async for message in link.lines("/feed"):
                board.take(link.worker, message)
        except (*LOST, KeyError) as error:
            log.info("live board: worker %s: %s", link.worker, type(error).__name__)
        board.lost(link.worker)
        await asyncio.sleep(_AGAIN_S)
