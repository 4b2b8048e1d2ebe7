"""A fake clock for asyncio: time passes only when nothing is left to do, and then at once. For tests without waiting."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar
from unittest import mock

import anyio.lowlevel

__all__ = ["VirtualLoop", "run_virtual"]

T = TypeVar("T")
_REAL_PATIENCE_S = 10.0


class VirtualLoop(asyncio.SelectorEventLoop):
    """`time()` starts at 0 and leaps to the next timer. Threads take no virtual time; results of real sockets come as they come."""

    def __init__(self) -> None:
        self._virtual = 0.0
        super().__init__(_LeapingSelector(self))

    def time(self) -> float:
        return self._virtual

    def leap(self, seconds: float) -> None:
        self._virtual += seconds


class _LeapingSelector(selectors.DefaultSelector):
    """Instead of waiting it moves the clock on; with no timer at all it waits for threads, for a while."""

    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            ready = super().select(_REAL_PATIENCE_S)
            if not ready:
                raise RuntimeError("nothing is left that could happen: somebody waits for ever")
            return ready
        ready = super().select(0)
        if not ready and timeout > 0:
            self._loop.leap(timeout)
        return ready


def run_virtual(main: Coroutine[Any, Any, T]) -> T:
    """Run to the end in virtual time; tasks left over are cancelled, as `asyncio.run` does. What would run in a thread runs at once."""
    with mock.patch("anyio.to_thread.run_sync", _at_once), asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)


async def _at_once(function: Callable[..., T], *arguments: Any, **options: Any) -> T:
    """In place of a thread: the clock would leap to the next timer while it works."""
    await anyio.lowlevel.checkpoint()
    return function(*arguments)
