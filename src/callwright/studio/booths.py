"""Booths: each a process in which one author talks to a draft by microphone (`callwright.rehearsal`). Few at a time, and none for long.

A process of its own, because audio is due every 20 ms and must not wait for a list of results, nor a list for it; and because a process can be
ended whatever it does. It ends with the conversation, with this application, and when nobody follows it any more.
"""

from __future__ import annotations

import json
import logging
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import anyio
from anyio.abc import ByteReceiveStream, Process, TaskGroup
from anyio.streams.buffered import BufferedByteReceiveStream

from callwright.http.problems import ApiError, absent, conflict
from callwright.studio.spoken import Rehearsal
from callwright.studio.talks import Owner

__all__ = ["Booth", "Booths", "Bounds"]

log = logging.getLogger(__name__)

COMMAND = (sys.executable, "-m", "callwright.rehearsal")
_HIDDEN = frozenset(
    {"CALLWRIGHT_DATABASE_URL", "CALLWRIGHT_KEY_FILE", "CALLWRIGHT_BLOBS", "CALLWRIGHT_SMTP_URL", "CALLWRIGHT_TOKEN"}
)
_HIDDEN_KINDS = ("AWS_", "PG")  # of the blob store and of PostgreSQL
_LONGEST = 1024 * 1024  # bytes of one event
_MOST = 20_000  # events of one conversation


@dataclass(frozen=True, slots=True)
class Bounds:
    """of_tenant, all: conversations at once; seconds: how long one lasts at most; ready: until the robot must be there; late: how much later
    than `seconds` the process is ended; alone: how long one goes on that nobody follows; goodbye: for the process to end by itself; kept: how
    long what was said can be read again (a connection that broke)."""

    of_tenant: int = 2
    all: int = 4
    seconds: float = 600.0
    ready: float = 60.0
    late: float = 30.0
    alone: float = 20.0
    goodbye: float = 5.0
    kept: float = 60.0


@dataclass(eq=False, slots=True)
class Booth:
    """One conversation. events: all so far, as JSON; over: nothing more will come; at: since when nobody follows it, or when it was over."""

    id: str
    owner: Owner
    begun: float
    at: float
    events: list[str] = field(default_factory=list, repr=False)
    answer: str = field(default="", repr=False)
    refused: dict[str, Any] | None = None
    over: bool = False
    followers: int = 0
    _changed: anyio.Event = field(default_factory=anyio.Event, repr=False)
    _orders: list[bytes] = field(default_factory=list, repr=False)
    _ordered: anyio.Event = field(default_factory=anyio.Event, repr=False)
    _scope: anyio.CancelScope = field(default_factory=anyio.CancelScope, repr=False)

    def end(self) -> None:
        """End it now."""
        self._scope.cancel()

    def order(self, **what: str) -> None:
        """Ask the robot's process for something: `keys`, or `do` = `hang_up`.

        Raises:
            ApiError: 409, the conversation is over.
        """
        if self.over:
            raise conflict("over", "the conversation is over", "Begin a new one.")
        self._orders.append(json.dumps(what).encode() + b"\n")
        self._ordered.set()

    async def orders(self) -> AsyncIterator[bytes]:
        """What was asked for, as it comes."""
        while True:
            while self._orders:
                yield self._orders.pop(0)
            self._ordered = anyio.Event()
            await self._ordered.wait()

    def tell(self, event: dict[str, Any]) -> None:
        """Add an event."""
        self.events.append(json.dumps(event, ensure_ascii=False))
        self.changed()

    def changed(self) -> None:
        """Wake whoever waits for something new."""
        self._changed.set()
        self._changed = anyio.Event()

    async def change(self) -> None:
        """Wait for something new."""
        await self._changed.wait()

    @property
    def decided(self) -> bool:
        """It has answered, or will not."""
        return bool(self.answer) or self.refused is not None or self.over


class Booths:
    """All booths of an application. clock: seconds, for expiry."""

    def __init__(self, tasks: TaskGroup, command: Sequence[str], bounds: Bounds, clock: Callable[[], float]) -> None:
        self._tasks, self._command, self._clock = tasks, tuple(command), clock
        self._booths: dict[str, Booth] = {}
        self.bounds = bounds

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        command: Sequence[str] = COMMAND,
        bounds: Bounds | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> AsyncIterator[Booths]:
        """Booths that end with the body."""
        async with anyio.create_task_group() as tasks:
            try:
                yield cls(tasks, command, bounds or Bounds(), clock)
            finally:
                tasks.cancel_scope.cancel()

    async def begin(self, owner: Owner, rehearsal: Rehearsal) -> Booth:
        """A conversation whose robot is ready; an earlier one of this viewer is ended.

        Raises:
            ApiError: 503, no place is free, or the robot cannot be made ready now; 409, it cannot speak or hear this script, with the cure.
        """
        await self._make_room(owner)
        now = self._clock()
        booth = Booth(secrets.token_urlsafe(18), owner, now, now)
        self._booths[booth.id] = booth
        self._tasks.start_soon(self._run, booth, rehearsal)
        try:
            with anyio.move_on_after(self.bounds.ready):
                while not booth.decided:
                    await booth.change()
            if not booth.answer:
                raise _refusal(booth.refused)
        except BaseException:
            booth.end()
            raise
        booth.at = self._clock()
        return booth

    def find(self, owner: Owner, which: str) -> Booth:
        """A conversation of this viewer.

        Raises:
            ApiError: 404, there is none (any more), or it is somebody else's.
        """
        self._sweep()
        booth = self._booths.get(which)
        if booth is None or booth.owner != owner:
            raise absent("conversation", "Begin a new one.")
        return booth

    async def follow(self, booth: Booth) -> AsyncGenerator[str, None]:
        """Its events from the beginning, as they come; returns after the last one."""
        booth.followers += 1
        try:
            at = 0
            while True:
                while at < len(booth.events):
                    yield booth.events[at]
                    at += 1
                if booth.over:
                    return
                await booth.change()
        finally:
            booth.followers -= 1
            if not booth.over:
                booth.at = self._clock()

    # ------------------------------------------------------------ room

    async def _make_room(self, owner: Owner) -> None:
        self._sweep()
        while (mine := next((one for one in self._booths.values() if one.owner == owner), None)) is not None:
            mine.end()  # also one that was begun while another one of theirs was ending
            while not mine.over:
                await mine.change()
            self._booths.pop(mine.id, None)
        running = [one for one in self._booths.values() if not one.over]
        ours = sum(one.owner[0] == owner[0] for one in running)
        if len(running) >= self.bounds.all or ours >= self.bounds.of_tenant:
            hint = "Wait until somebody has finished, or talk by keyboard."
            message = "as many people as can be served at once are talking to scripts just now"
            raise ApiError(503, "no-place", message, hint=hint, headers={"Retry-After": "30"})

    def _sweep(self) -> None:
        before = self._clock() - self.bounds.kept
        for old in [one.id for one in self._booths.values() if one.over and one.at < before]:
            del self._booths[old]

    # ------------------------------------------------------------ the process

    async def _run(self, booth: Booth, rehearsal: Rehearsal) -> None:
        try:
            with booth._scope:
                process = await anyio.open_process(
                    self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=None, start_new_session=True,
                    env=_environment(os.environ),
                )  # fmt: skip
                try:
                    async with anyio.create_task_group() as tasks:
                        tasks.start_soon(self._bound, booth)
                        tasks.start_soon(_order, process, booth, rehearsal)
                        await _read(process, booth)
                        tasks.cancel_scope.cancel()
                finally:
                    await self._finish(process)
        except Exception as error:
            log.exception("a talk by microphone: %s", type(error).__name__)  # its fault must not reach the others
        finally:
            if booth.answer and not (booth.events and '"what": "over"' in booth.events[-1]):
                booth.tell(
                    {"what": "over", "why": "left" if booth._scope.cancel_called else "fault", "end": "", "seconds": 0}
                )
            booth.over, booth.at = True, self._clock()
            booth.changed()

    async def _bound(self, booth: Booth) -> None:
        """End it when its time is over, however it hangs, or when nobody follows it."""
        while True:
            await anyio.sleep(min(1.0, self.bounds.alone / 2))
            now = self._clock()
            alone = booth.answer and not booth.followers and now - booth.at > self.bounds.alone
            if alone or now - booth.begun > self.bounds.ready + self.bounds.seconds + self.bounds.late:
                booth.end()

    async def _finish(self, process: Process) -> None:
        """The process has its stdin closed, which ends it; one that hangs is killed."""
        with anyio.CancelScope(shield=True):
            if process.stdin is not None:
                await process.stdin.aclose()
            with anyio.move_on_after(self.bounds.goodbye):
                await process.wait()
            if process.returncode is None:
                log.warning("the process of a talk by microphone hangs: it is killed")
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)  # with what it has begun: its session is its own
                await process.wait()
            if process.stdout is not None:
                await process.stdout.aclose()


def _environment(ours: Mapping[str, str]) -> dict[str, str]:
    """Ours without what opens the database, the blobs and the mail: it reads none of them. The rest stays: the token of a recogniser may have
    any name."""
    return {name: value for name, value in ours.items() if name not in _HIDDEN and not name.startswith(_HIDDEN_KINDS)}


async def _order(process: Process, booth: Booth, rehearsal: Rehearsal) -> None:
    assert process.stdin is not None
    try:
        await process.stdin.send(rehearsal.to_line())
        async for line in booth.orders():
            await process.stdin.send(line)
    except (anyio.BrokenResourceError, anyio.ClosedResourceError):
        return  # it has ended: whoever reads is told


async def _read(process: Process, booth: Booth) -> None:
    """Until it writes nothing more."""
    assert process.stdout is not None
    async for line in _lines(process.stdout):
        event = json.loads(line)
        match event["what"]:
            case "answer":
                booth.answer = event["sdp"]
            case "refused" if not booth.answer:
                booth.refused = event
            case "refused":
                log.error("a talk by microphone broke: %s", event["code"])
            case _:
                booth.tell(event)
        booth.changed()
        if len(booth.events) > _MOST:
            return


async def _lines(source: ByteReceiveStream) -> AsyncIterator[bytes]:
    buffered = BufferedByteReceiveStream(source)
    try:
        while True:
            yield await buffered.receive_until(b"\n", _LONGEST)
    except (anyio.IncompleteRead, anyio.EndOfStream, anyio.DelimiterNotFound):
        return


def _refusal(said: dict[str, Any] | None) -> ApiError:
    if said is None:
        message = "the robot could not be made ready"
        return ApiError(503, "not-ready", message, hint="Try again in a moment.", headers={"Retry-After": "10"})
    code, message, hint = str(said["code"]), str(said["message"]), str(said["hint"])
    return ApiError(503 if code == "no-speech" else 409, code, message, hint=hint)
