"""The calls that are up at this moment: who is talked to, since when, in which state. For supervision, metrics and drain."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

import anyio

from callwright.calls.log import EventLog
from callwright.calls.model import Direction
from callwright.dialogue.values import Transfer
from callwright.telephony.port import Leg, Media, Way

__all__ = ["LiveCall", "LiveCalls", "Look", "Placer", "TakeOver"]

TakeOver = Callable[[Transfer, Way | None], Awaitable[bool]]
"""Move the call to a person: (whom to ring, the way to them; None: whoever the desk names). Returns when the person has gone again; False:
nobody came, or the person gave the call back, and the robot has gone on talking."""


class Placer(Protocol):
    """A person of ours who places a call himself: a robot carries it, and is silent as long as that person talks."""

    @property
    def here(self) -> bool:
        """He is on the line (still)."""

    async def there(self) -> None:
        """Wait until he is on the line: nobody is rung before. Raises LineError: he did not come, or has gone again."""

    async def talk(self) -> bool:
        """The far side has answered: bring the two together; see `TakeOver`."""


@dataclass(frozen=True, slots=True)
class Look:
    """What is known about a call so far: grade as the script would give it now; slots: what was found out; interest: why the grade."""

    node: str = ""
    grade: str = ""
    grade_title: str = ""
    reason: str = ""
    tags: tuple[str, ...] = ()
    slots: Mapping[str, Any] = field(default_factory=dict)
    turns: int = 0


@dataclass(slots=True, eq=False)
class LiveCall:
    """One call from the dial to its record. number is masked; state is the last word of the robot's watcher (`dialling`, `trying`,
    `ringing`, `answered`, `speaking`, `heard`, `transferring`, `with a person`).

    leg: from the dial on; media, take_over, give_back (the person leaves it to the robot again; False: none talks) and wind_up (say goodbye,
    as when the script's time is over): while the call is answered. look: what is known so far.
    direction: who called; trunk: the way it goes, "" where there is only one.
    """

    call_id: str
    script: str
    number: str
    started_at: datetime
    log: EventLog
    state: str = "dialling"
    leg: Leg | None = None
    media: Media | None = None
    take_over: TakeOver | None = None
    give_back: Callable[[], bool] | None = None
    look: Callable[[], Look] | None = None
    wind_up: Callable[[], None] | None = None
    direction: Direction = "out"
    trunk: str = ""
    _at_end: list[Callable[[], None]] = field(default_factory=list, repr=False)

    @property
    def answered(self) -> bool:
        return self.media is not None

    @contextmanager
    def until_over(self, action: Callable[[], None]) -> Iterator[None]:
        """`action` is called when the call ends while the body runs."""
        self._at_end.append(action)
        try:
            yield
        finally:
            self._at_end.remove(action)

    def ended(self) -> None:
        """Its leg is over: nobody can join it or take it over any more. Safe to call twice."""
        self.media = self.take_over = self.give_back = self.wind_up = None
        for action in tuple(self._at_end):
            action()


class LiveCalls:
    """A registry of one process. Belongs to the event loop. on_begin: told of every call before anything is done about it; on_end: of every
    call whose last line is in its log."""

    def __init__(self) -> None:
        self.on_begin: list[Callable[[LiveCall], None]] = []
        self.on_end: list[Callable[[LiveCall], None]] = []
        self._calls: dict[str, LiveCall] = {}
        self._empty = anyio.Event()
        self._empty.set()
        self._left = anyio.Event()

    def __len__(self) -> int:
        return len(self._calls)

    def __iter__(self) -> Iterator[LiveCall]:
        return iter(tuple(self._calls.values()))

    def get(self, call_id: str) -> LiveCall | None:
        """The call, or None when it is over or never was."""
        return self._calls.get(call_id)

    @contextmanager
    def during(self, call: LiveCall) -> Iterator[LiveCall]:
        """`call` is live while the body runs. A call id that is used twice at once stands for the newer call."""
        if not self._calls:
            self._empty = anyio.Event()
        self._calls[call.call_id] = call
        for tell in self.on_begin:
            tell(call)
        try:
            yield call
        finally:
            call.ended()
            if self._calls.get(call.call_id) is call:
                del self._calls[call.call_id]
            if not self._calls:
                self._empty.set()
            self._left.set()
            self._left = anyio.Event()
            for tell in self.on_end:
                tell(call)

    async def empty(self) -> None:
        """Wait until no call is up (returns at once when none is)."""
        while self._calls:
            await self._empty.wait()

    async def over(self, calls: Collection[LiveCall]) -> None:
        """Wait until none of these calls is up."""
        while any(call in calls for call in self):
            await self._left.wait()
