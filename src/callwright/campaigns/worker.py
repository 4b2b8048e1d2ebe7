"""A worker: as many robots as it was given, each with a call that may be placed, for every running task of one tenant.

It looks for leads as long as a robot is free, renews its leases, writes how calls go and came out, and clears up behind workers that died.
When it cannot reach the database it begins no call: a permit is only good for a part of the lease it was written with.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol

from callwright.calls.model import CallRecord, mask
from callwright.campaigns import dispatch_store as rows
from callwright.campaigns import lease_store as leases
from callwright.campaigns.at_once import claim_and_dial, lock_task
from callwright.campaigns.claims import Claimed, claim
from callwright.campaigns.clocks import DatabaseClock
from callwright.campaigns.ended import Ended
from callwright.campaigns.events import post
from callwright.campaigns.faults import DATABASE_FAULTS
from callwright.campaigns.finishing import finish
from callwright.campaigns.gate import dial
from callwright.campaigns.hints import Hints
from callwright.campaigns.intents import Dial, Refused, Veto
from callwright.campaigns.pacing import Claim, shares
from callwright.campaigns.reaping import Reaped, reap
from callwright.campaigns.reconcile import Account, keep
from callwright.campaigns.results import for_webhook, without_robot
from callwright.campaigns.results import keep as keep_result
from callwright.campaigns.service import settle
from callwright.campaigns.story import Story
from callwright.campaigns.takeover_store import ROBOTS
from callwright.campaigns.terms import Terms
from callwright.errors import CallwrightError, LineError
from callwright.store.crypto import TenantKeys
from callwright.store.database import Database
from callwright.store.scope import Scope

__all__ = ["Before", "Came", "Place", "Tell", "Vetoes", "Worker", "WorkerSettings", "done_with"]

log = logging.getLogger(__name__)

Step = Literal["ringing", "answered"]
Tell = Callable[[Step], None]
_GOODBYE_S = 10.0
_RENEWED_TOGETHER = 500
_SOON = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Came:
    """How a call came out: `ended`, and what the robot left behind, if it got so far. story: what its log tells."""

    ended: Ended
    record: CallRecord | None = None
    blobs: Mapping[str, str] = field(default_factory=dict)
    story: Story | None = None


class Place(Protocol):
    """Who places a call and talks."""

    async def __call__(self, order: Dial, tell: Tell, now: Callable[[], datetime]) -> Came:
        """Ring, talk, hang up. tell: it rings, it was answered. Whatever it raises is an outcome nobody knows."""


Vetoes = Callable[[Sequence[Claimed]], Awaitable[Mapping[int, Veto]]]
"""Asked between claim and dial, outside of any transaction: the pre-dial webhook."""


class Before(Protocol):
    """What comes before calls of a task, besides the rules."""

    async def prepare(self, task: int) -> None:
        """What its calls need is made. Asked before each claim."""

    async def vetoes(self, scope: Scope) -> Vetoes | None:
        """Who has to be asked about each call; None = nobody. Asked in the transaction that dials if nobody has to be."""


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """name: of the process, new at each start; robots: calls at once; batch: leads claimed together; poll_s: between looks when nothing is due;
    keep_s: between renewals; reap_s: between clearing up; drain_s: how long calls may go on once it is told to stop; live_address: where the
    API reaches its calls (`desk.port`), "" = nowhere; live_secret: what opens that."""

    name: str
    robots: int
    batch: int = 10
    poll_s: float = 0.5
    keep_s: float = 1.0
    reap_s: float = 5.0
    drain_s: float = 120.0
    live_address: str = ""
    live_secret: str = field(default="", repr=False)


@dataclass(slots=True)
class _Told:
    """What is to be written: a step of a call, or its end."""

    order: Dial
    at: datetime
    step: Step | None = None
    came: Came | None = None


def done_with(answers: Sequence[Dial | Refused], now: datetime) -> int:
    """How many of these leads are called, or do not come back soon. Those that do (none of our numbers is free) are not looked at again and
    again as fast as the database can."""
    soon = now + _SOON
    return sum(
        isinstance(one, Dial) or (one.reason != "lost" and (one.next_allowed_at is None or one.next_allowed_at > soon))
        for one in answers
    )


class Worker:
    """`run` until `stop`."""

    def __init__(
        self,
        database: Database,
        tenant: int,
        keys: TenantKeys,
        terms: Terms,
        place: Place,
        settings: WorkerSettings,
        clock: DatabaseClock,
        hints: Hints | None = None,
        before: Before | None = None,
        strained: Callable[[], bool] = lambda: False,
    ) -> None:
        """strained: asked before each look; while it holds, this worker begins no call and counts as one without robots."""
        self._database, self._tenant, self._keys, self._terms = database, tenant, keys, terms
        self._place, self._settings, self._clock = place, settings, clock
        self._hints = hints or Hints(tenant)
        self._before = before
        self._strained = strained
        self._rests = False
        self._live: dict[str, asyncio.Task[Came]] = {}
        self._told: asyncio.Queue[_Told] = asyncio.Queue()
        self._mine: set[str] = set()  # attempts whose leases are renewed: from their dial until their end is written
        self._working = asyncio.Event()
        self._stopping = asyncio.Event()
        self._renewed = float("-inf")  # monotonic, when the last renewal that went well began
        self.dialled = 0
        self.reaped = Reaped()

    # ------------------------------------------------------------ life

    async def run(self) -> None:
        """Work until told to stop and the last call is over (or `drain_s` later)."""
        await self._begin()
        async with asyncio.TaskGroup() as tasks:
            around = [
                tasks.create_task(self._every(self._settings.keep_s, self._keep)),
                tasks.create_task(self._every(self._settings.reap_s, self._clear_up)),
                tasks.create_task(self._write()),
            ]
            looking = tasks.create_task(self._look(tasks))
            await self._stopping.wait()
            await asyncio.wait([looking])
            await self._drain()
            for each in around:
                each.cancel()

    async def begun(self) -> None:
        """Wait until `run` is at work."""
        await self._working.wait()

    def now(self) -> datetime:
        """The database's time, once it has begun. Raises LineError: it jumped, and nobody may be called before it is known which is right."""
        if self._clock.doubted:
            raise LineError(
                "the clock of this machine or of its database was set a moment ago: try again in a quarter of a minute"
            )
        return self._clock.now()

    @property
    def terms(self) -> Terms:
        """What it dials by."""
        return self._terms

    def stop(self) -> None:
        """Begin no call any more; those that are up may go on."""
        self._stopping.set()
        self._hints.tell()

    @property
    def live(self) -> int:
        """How many calls are up."""
        return len(self._live)

    async def _begin(self) -> None:
        begun = self._terms.monotonic()
        now = await self._clock.sync()
        async with self._database.scope(self._tenant) as scope:
            settings = self._settings
            secret = self._keys.seal(settings.live_secret, "worker.live_secret") if settings.live_secret else b""
            await scope.run(
                leases.ADD_WORKER,
                name=settings.name,
                seen_at=now,
                robots=settings.robots,
                started_at=now,
                live_address=settings.live_address,
                live_secret=secret,
            )
        self._renewed = begun
        self._working.set()

    async def _drain(self) -> None:
        if self._live:
            await asyncio.wait(list(self._live.values()), timeout=self._settings.drain_s)
        left = list(self._live.values())
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(left, timeout=_GOODBYE_S)
        try:
            async with asyncio.timeout(_GOODBYE_S):
                await self._told.join()
        except TimeoutError:
            log.error("%s: results of calls could not be written", self._settings.name)

    async def _every(self, seconds: float, act: Callable[[], Awaitable[None]]) -> None:
        """For ever; a database that is not there is waited for."""
        while True:
            try:
                await act()
            except DATABASE_FAULTS as error:
                log.warning("%s: the database cannot be reached: %s", self._settings.name, _kind(error))
            except CallwrightError as error:
                log.error("%s: %s", self._settings.name, error)
            await asyncio.sleep(seconds)

    # ------------------------------------------------------------ leases

    async def _keep(self) -> None:
        """Look at the time and renew what this worker holds."""
        begun = self._terms.monotonic()
        now = await self._clock.sync()
        until = now + self._terms.lease
        mine = sorted(self._mine)
        async with self._database.scope(self._tenant) as scope:
            for at in range(0, len(mine), _RENEWED_TOGETHER):
                some = mine[at : at + _RENEWED_TOGETHER]
                await scope.run(leases.RENEW_LEASES, of_owner=self._settings.name, new_until=until, attempts=some)
            rests = self._resting()
            robots = 0 if rests else self._settings.robots
            # One without robots of its own, for calls by name, has nothing to rest from.
            rests = rests and self._settings.robots > 0
            await scope.run(leases.SEEN, of_name=self._settings.name, at=now, count=robots, rests=rests)
        self._renewed = begun

    def _held(self) -> bool:
        """Whether the leases of this worker were renewed lately enough for it to begin calls, and it knows what time it is."""
        return (
            not self._clock.doubted and self._terms.monotonic() - self._renewed < self._terms.lease.total_seconds() / 2
        )

    def _resting(self) -> bool:
        """Whether this machine has all it can carry; said once at the beginning and once at the end."""
        rests = self._strained()
        if rests and not self._rests:
            log.warning(
                "%s rests: this machine does not keep up with the media of %d calls", self._settings.name, self.live
            )
        elif self._rests and not rests:
            log.info("%s goes on", self._settings.name)
        self._rests = rests
        return rests

    def check_rested(self) -> None:
        """Raises LineError: this machine has all the calls it can carry."""
        if self._resting():
            raise LineError("this worker's machine does not keep up with the calls it has: try again in a minute")

    async def _clear_up(self) -> None:
        # By a time that was just believed, the leases of whoever does not believe it yet are over.
        if self._clock.unsettled(self._terms.lease):
            return
        now = self._clock.now()
        done = await reap(self._database, self._tenant, self._keys, self._terms, now)
        self.reaped.released += done.released
        self.reaped.lost += done.lost
        self.reaped.settled += done.settled
        async with self._database.scope(self._tenant) as scope:
            await settle(scope, self._keys, now)

    # ------------------------------------------------------------ claim and dial

    async def _look(self, tasks: asyncio.TaskGroup) -> None:
        """As long as robots are free and leads are due."""
        while not self._stopping.is_set():
            begun = 0
            try:
                if self._held() and not self._resting():
                    begun = await self._round(tasks)
            except DATABASE_FAULTS as error:
                log.warning("%s: nothing is dialled: %s", self._settings.name, _kind(error))
            if not begun:
                await self._hints.wait(self._settings.poll_s)

    async def _round(self, tasks: asyncio.TaskGroup) -> int:
        """One look at every running task: first what is its share of all robots, then robots that nobody else wants; how many leads
        are called, or out of the way."""
        async with self._database.scope(self._tenant) as scope:
            running = await scope.all(rows.RUNNING_TASKS)
            since = self._clock.now() - self._terms.lease
            robots = int(await scope.value(ROBOTS, since=since) or 0) or self._settings.robots
        own = [Claim(row.id, row.priority, row.guaranteed_robots, row.max_robots, row.max_robots) for row in running]
        given = shares(own, robots) if len(own) > 1 else {row.id: row.max_robots for row in running}
        order = sorted(running, key=lambda row: (row.active >= row.guaranteed_robots, row.priority, row.id))
        decided = 0
        rooms = [(row, given[row.id] - row.active) for row in order]
        for row, most in [*rooms, *((row, self._settings.robots) for row, most in rooms if most <= 0)]:
            room = min(self._settings.batch, self._settings.robots - len(self._live), most)
            if self._stopping.is_set():
                break
            if room <= 0:
                continue
            try:
                decided += await self._batch(tasks, row.id, room)
            except CallwrightError as error:
                log.error("task %d: nothing is dialled: %s", row.id, error)
            except ValueError:
                log.exception("task %d: nothing is dialled", row.id)
        return decided

    async def _batch(self, tasks: asyncio.TaskGroup, task: int, room: int) -> int:
        if self._before is not None:
            await self._before.prepare(task)
        if not self._held():  # that took its time
            return 0
        name, permitted, vetoes = self._settings.name, self._terms.monotonic(), None
        answers: Sequence[Dial | Refused] = ()
        async with self._database.scope(self._tenant, keyed=True) as scope:
            row = await lock_task(scope, task)
            if self._before is not None:
                vetoes = await self._before.vetoes(scope)
            if row is not None and vetoes is None and self._held():
                # The time of now, however long somebody else had the task.
                permitted, now = self._terms.monotonic(), self._clock.now()
                answers = await claim_and_dial(scope, self._keys, self._terms, row, name, room, now)
            scope.lasting = bool(answers)  # to have locked a task is nothing that has to be on the disk
        if vetoes is not None:
            permitted, answers = await self._asked(task, room, vetoes)
        # Committed: from here on each attempt is on record, whatever becomes of us.
        for order in answers:
            if isinstance(order, Dial):
                self._mine.add(order.attempt)
                self._live[order.attempt] = tasks.create_task(self._call(order, permitted))
        return done_with(answers, self._clock.now())

    async def _asked(self, task: int, room: int, vetoes: Vetoes) -> tuple[float, Sequence[Dial | Refused]]:
        """Claim, ask, dial; monotonic before the dial was written, and the answers."""
        # A claim that a power cut undoes never was: nothing rings before the transaction of the dial, which lasts, and this one with it.
        async with self._database.scope(self._tenant, keyed=True, lasting=False) as scope:
            claimed = await claim(scope, self._terms, task, self._settings.name, room, self._clock.now())
        against = await vetoes(claimed) if claimed else {}
        permitted = self._terms.monotonic()
        # While the vetoes were asked for, the time may have become another one: the claims lapse by themselves then.
        if not claimed or not self._held():
            return permitted, ()
        async with self._database.scope(self._tenant, keyed=True) as scope:
            return permitted, await dial(scope, self._keys, self._terms, claimed, self._clock.now(), against)

    async def call(self, order: Dial, permitted: float) -> Came:
        """Place a call that somebody asked for by name, while `run` goes on; returns when its end is written. permitted: see `_call`."""
        self._mine.add(order.attempt)
        task = asyncio.create_task(self._call(order, permitted))
        self._live[order.attempt] = task
        await asyncio.wait([task])
        await self._told.join()
        return task.result()

    @property
    def name(self) -> str:
        """Whose attempts its calls are."""
        return self._settings.name

    async def _call(self, order: Dial, permitted: float) -> Came:
        """One call, up to its outcome. permitted: monotonic, before its dial was written."""
        try:
            if self._clock.doubted:  # the law was asked about another time, perhaps: nothing has left
                came = Came(self._ended(order, "network_fault", "clock_in_doubt"))
            elif self._terms.monotonic() - permitted > self._terms.lease.total_seconds() / 2:
                came = Came(self._ended(order, "network_fault", "permit_too_old"))  # stopped since: nothing has left
            else:
                self.dialled += 1
                came = await self._place(order, lambda step: self._tell(order, step), self._clock.now)
        except asyncio.CancelledError:
            came = Came(self._ended(order, "unknown", "worker_stopped"))
        except Exception as error:
            log.exception("call %s", order.attempt)
            came = Came(self._ended(order, "unknown", type(error).__name__))
        finally:
            self._live.pop(order.attempt, None)
        self._put(_Told(order, self._clock.now(), came=came))
        self._hints.tell()  # a robot is free
        return came

    def _ended(self, order: Dial, disposition: Any, cause: str) -> Ended:
        return Ended(order.attempt, order.owner, order.fence, disposition, self._clock.now(), cause=cause)

    # ------------------------------------------------------------ writing

    def _tell(self, order: Dial, step: Step) -> None:
        self._put(_Told(order, self._clock.now(), step=step))

    def _put(self, told: _Told) -> None:
        self._told.put_nowait(told)

    async def _write(self) -> None:
        """Everything that was told, many at a time, until the database has taken it."""
        while True:
            batch = [await self._told.get()]
            while not self._told.empty() and len(batch) < 50:
                batch.append(self._told.get_nowait())
            await self._until_written(batch)
            self._mine.difference_update(told.order.attempt for told in batch if told.came is not None)
            for _ in batch:
                self._told.task_done()

    async def _until_written(self, batch: Sequence[_Told]) -> None:
        wait = 0.05
        while True:
            try:
                async with self._database.scope(self._tenant, keyed=True) as scope:
                    await self._write_batch(scope, batch)
            except DATABASE_FAULTS as error:
                log.warning("%s: %d results wait: %s", self._settings.name, len(batch), _kind(error))
                await asyncio.sleep(wait)
                wait = min(wait * 2, 2.0)
            except Exception:
                if len(batch) > 1:  # what is wrong with one must not be the end of the others
                    for told in batch:
                        await self._until_written([told])
                    return
                log.exception("%s: the result of a call cannot be written", self._settings.name)
                return  # the attempt will be unknown: nobody is dialled again
            else:
                return

    async def _write_batch(self, scope: Scope, batch: Sequence[_Told]) -> None:
        over = [told for told in batch if told.came is not None]
        tasks = [told.order.task_id for told in over if told.order.task_id is not None]
        done = await finish(
            scope, self._keys, self._terms, [told.came.ended for told in over if told.came], tasks, self._clock.now()
        )
        for told, end in zip(over, done, strict=True):
            if end.fresh and told.came is not None:
                await self._write_result(scope, told, told.came)
        finished = {told.order.attempt for told in over}
        steps = [told for told in batch if told.step is not None]
        await scope.run(
            rows.ADVANCE,
            [
                {
                    "of_attempt": told.order.attempt, "of_owner": told.order.owner, "new_state": told.step,
                    "new_state_again": told.step, "at": told.at,
                }
                for told in steps
                if told.order.attempt not in finished
            ],
        )  # fmt: skip
        codes = {"ringing": 180, "answered": 200}
        await keep(
            scope, [Account(told.order.attempt, "INVITE", codes[told.step or ""], told.at, "line") for told in steps]
        )

    async def _write_result(self, scope: Scope, told: _Told, came: Came) -> None:
        order, record = told.order, came.record
        if record is None:  # nothing was placed, or the robot failed
            number = mask(order.permit.callee)
            body = without_robot(came.ended, number, order.task_id, order.lead_id)
        else:
            await keep_result(scope, self._keys, order.attempt, record, came.blobs, told.at, came.story)
            body = for_webhook(record, order.attempt, order.task_id, {"id": order.lead_id})
        await post(scope, self._keys, "call.ended", body, told.at, self._keys.index(order.permit.callee))


def _kind(error: BaseException) -> str:
    """What is wrong with the database, without the values its message may hold."""
    inner = getattr(error, "orig", None)
    return (
        type(error).__name__ if inner is None else f"{type(error).__name__} ({type(inner.__cause__ or inner).__name__})"
    )
