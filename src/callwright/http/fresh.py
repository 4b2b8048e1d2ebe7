"""What many look at at once is read once: counters of a live page, shared by all its viewers.

    counts = await fresh_of(here).value(("task", tenant, task), read)

A value is good for a second, and for longer when it is dear to read: never more than a twentieth of the time goes into reading it.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

import anyio

from callwright.http.here import Outside

__all__ = ["Fresh", "fresh_of"]

T = TypeVar("T")

LEAST_S = 1.0
DEAR = 20.0
MOST_S = 60.0
_REMEMBERED = 1000


@dataclass(slots=True)
class _Slot:
    until: float = 0.0
    value: Any = None
    lock: anyio.Lock = field(default_factory=anyio.Lock)


class Fresh:
    """Values that were just read. Keys begin with the tenant's id, or another tenant would see them."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._slots: OrderedDict[Hashable, _Slot] = OrderedDict()

    async def value(self, key: Hashable, read: Callable[[], Awaitable[T]], least_s: float = LEAST_S) -> T:
        """The value, read anew when it is old. Whoever comes while it is being read waits for that reading."""
        slot = self._slots.setdefault(key, _Slot())
        self._slots.move_to_end(key)
        if len(self._slots) > _REMEMBERED:
            self._slots.popitem(last=False)
        async with slot.lock:
            begun = self._clock()
            if begun >= slot.until:
                slot.value = await read()
                ended = self._clock()
                slot.until = ended + min(MOST_S, max(least_s, DEAR * (ended - begun)))
            return cast(T, slot.value)


def fresh_of(outside: Outside) -> Fresh:
    """The values of the application that answers."""
    return cast(Fresh, outside.request.app.state.fresh)
