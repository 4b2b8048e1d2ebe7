"""What the studio keeps in memory, as long as the application lives: who checks, and the conversations people have with their drafts."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

import anyio
import anyio.to_thread

from callwright.http.here import Here
from callwright.studio.checking import Checking
from callwright.studio.talks import Talks

__all__ = ["Workshop", "workshop"]

T = TypeVar("T")


@dataclass(slots=True)
class Workshop:
    """One for each application."""

    checking: Checking = field(default_factory=Checking)
    talks: Talks = field(default_factory=lambda: Talks(time.monotonic))
    _threads: anyio.CapacityLimiter = field(default_factory=lambda: anyio.CapacityLimiter(4))

    async def beside(self, do: Callable[..., T], *arguments: object) -> T:
        """In a thread: what takes up to some hundred milliseconds."""
        return await anyio.to_thread.run_sync(do, *arguments, limiter=self._threads)


def workshop(here: Here) -> Workshop:
    """The application's own; made when it is first asked for."""
    state = here.request.app.state
    found = getattr(state, "workshop", None)
    if not isinstance(found, Workshop):
        found = state.workshop = Workshop()
    return found
