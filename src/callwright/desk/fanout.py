"""One source, many readers: each has a queue of its own, and one that cannot follow begins anew instead of holding up the others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Generic, TypeVar

__all__ = ["Fanout"]

T = TypeVar("T")


class Fanout(Generic[T]):
    """Belongs to the event loop. whole: everything as it is now, for whoever is new or has lagged; beat: what to say when nothing happened
    for beat_s; longest: messages that may wait for a reader."""

    def __init__(self, whole: Callable[[], T], beat: T, beat_s: float, longest: int = 40) -> None:
        self._whole, self._beat, self._beat_s, self._longest = whole, beat, beat_s, longest
        self._readers: set[asyncio.Queue[T | None]] = set()

    def __len__(self) -> int:
        return len(self._readers)

    def send(self, message: T) -> None:
        """To every reader."""
        for queue in self._readers:
            if queue.full():
                while not queue.empty():
                    queue.get_nowait()
                queue.put_nowait(None)
            else:
                queue.put_nowait(message)

    async def read(self) -> AsyncIterator[T]:
        """The whole, then every message from now on, until nobody wants them."""
        queue: asyncio.Queue[T | None] = asyncio.Queue(self._longest)
        self._readers.add(queue)
        try:
            yield self._whole()
            while True:
                try:
                    message = await asyncio.wait_for(queue.get(), self._beat_s)
                except TimeoutError:
                    yield self._beat
                    continue
                yield self._whole() if message is None else message
        finally:
            self._readers.discard(queue)
