"""The composition of a worker: trunks of a line file, a robot for each script version that is spoken, and what becomes of their calls."""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import anyio
import anyio.to_thread
import httpx
from sqlalchemy import Row

from callwright.accounts.model import Viewer
from callwright.app import open_speech, robot_of, supervise_media
from callwright.calls.agreed import agreed_at
from callwright.calls.labels import mark
from callwright.calls.live import LiveCalls, Placer
from callwright.calls.log import read_log
from callwright.calls.model import CallFiles, CallRecord
from callwright.calls.outbox import FileOutbox
from callwright.calls.robot import Robot
from callwright.calls.supervision import Supervision
from callwright.campaigns import deliveries, number_health, pre_dial
from callwright.campaigns.accounting import Witness
from callwright.campaigns.claims import Claimed
from callwright.campaigns.clocks import DatabaseClock
from callwright.campaigns.complaint_news import tell_late
from callwright.campaigns.delivery_store import PRE_DIAL
from callwright.campaigns.dispatch import Dial, Ended, Veto
from callwright.campaigns.dispatch_store import SCRIPT_TEXT
from callwright.campaigns.ended import disposition_of
from callwright.campaigns.facts import versions
from callwright.campaigns.faults import DATABASE_FAULTS
from callwright.campaigns.hints import Hints
from callwright.campaigns.keeping import keep_files
from callwright.campaigns.mail import SmtpPost
from callwright.campaigns.model import plan_from
from callwright.campaigns.story import Story, story_of
from callwright.campaigns.takeovers import say
from callwright.campaigns.task_store import WANTED
from callwright.campaigns.terms import LEASE, QUIET, Terms
from callwright.campaigns.worker import Came, Tell, Vetoes, Worker, WorkerSettings
from callwright.compliance.pack_file import load_packs
from callwright.desk.feed import Feed
from callwright.desk.joining import Joining
from callwright.desk.model import takes
from callwright.desk.placing import ByName, Placing
from callwright.desk.port import open_port
from callwright.desk.service import agents
from callwright.desk.settings import chosen
from callwright.desk.waiting import Waiting
from callwright.errors import CallwrightError, InputError, LineError, Place, Problem, SettingsError, StoreError
from callwright.insight.gathering import gather, waiting
from callwright.script.loader import loads
from callwright.settings import Settings
from callwright.speech.vad_detector import VoiceDetector
from callwright.store.blobs import Blobs, TenantBlobs
from callwright.store.crypto import TenantKeys
from callwright.store.database import Database
from callwright.store.scope import Scope
from callwright.studio.recordings import store as recorded
from callwright.studio.recordings.pinning import bring
from callwright.telephony.port import DialOrder, LineDriver
from callwright.telephony.rtp.engine import RtpEngine
from callwright.telephony.rtp.strain import Strain
from callwright.telephony.trunks.driver import Trunks
from callwright.telephony.trunks.loader import load_line
from callwright.telephony.webrtc.leg import BrowserLeg

__all__ = ["Calling", "open_calling", "worker_name"]

log = logging.getLogger(__name__)

_WARM_AGAIN_S = 30.0

_GATHERED_AT_ONCE = 25
_ALWAYS = ("default", "desk")  # groups that plans and scripts name when nobody chose one


@dataclass(frozen=True, slots=True)
class Calling:
    """line: the line file; out: where logs and recordings go, a folder a day; tenant: of the trunks, in the line file; packs: folder of rule
    packs of one's own; robots: calls at once; drain_s: how long calls may go on when it is stopped; accounting: the log of a Kamailio that every
    call of these trunks passes; lease, quiet: see `Terms`; live: the address its live port is bound to, where the API reaches it."""

    line: Path
    out: Path
    robots: int
    tenant: str = "default"
    packs: Path | None = None
    drain_s: float = 120.0
    recognisers: int = 2
    accounting: Path | None = None
    lease: timedelta = LEASE
    quiet: timedelta = QUIET
    live: str = "127.0.0.1"


def worker_name() -> str:
    """New at every start: what an earlier process of this machine held is not ours."""
    return f"{socket.gethostname()[:30]}-{os.getpid()}-{secrets.token_hex(4)}"


@asynccontextmanager
async def open_calling(
    calling: Calling,
    settings: Settings,
    database: Database,
    tenant: int,
    keys: TenantKeys,
    digests: Sequence[str] | None = None,
) -> AsyncIterator[Worker]:
    """A worker that is ready: `run()` works. Everything is freed on leaving. digests: script versions that are made ready to be spoken at
    once, None = those of tasks that run or will.

    Raises:
        InputError: the line file, a rule pack or the folder cannot be used.
        LineError: a socket cannot be bound.
    """
    packs = await anyio.to_thread.run_sync(load_packs, calling.packs)
    terms = Terms(packs, lease=calling.lease, quiet=calling.quiet)
    loaded = await anyio.to_thread.run_sync(load_line, calling.line)
    owners = sorted({trunk.tenant for trunk in loaded.line.trunks})
    if calling.tenant not in owners:
        hint = f"--trunks takes the `tenant` of a trunk: {', '.join(owners)}"
        what = f"no trunk of this file is for `{calling.tenant}`"
        raise InputError(Problem("no-trunk", what, Place(str(calling.line), field="trunks"), hint))
    async with AsyncExitStack() as stack:
        engine = await stack.enter_async_context(
            RtpEngine.start(quiet_dbov=settings.quiet_dbov, core=settings.media_core)
        )
        trunks = await stack.enter_async_context(Trunks.open(loaded, engine))
        blobs = (await stack.enter_async_context(Blobs.open(settings.blobs))).of(tenant)
        live = LiveCalls()
        feed = Feed(live)
        tasks = await stack.enter_async_context(asyncio.TaskGroup())
        answering = partial(BrowserLeg.answer_to, engine, ice=settings.ice)
        waiting_calls = Waiting(partial(_anybody, database, tenant))
        supervision = Supervision(trunks, live, supervise_media)
        joining = Joining(live, feed, supervision, answering, tasks, waiting_calls)
        placing = Placing(live, joining)
        stack.callback(joining.close)
        extra = (*joining.routes, *placing.routes)
        port = await stack.enter_async_context(open_port(live, feed, host=calling.live, extra=extra))
        house = _House(database, tenant, trunks, live, feed, blobs, waiting_calls)
        robots = await stack.enter_async_context(_Robots.open(calling, settings, house))
        client = await stack.enter_async_context(deliveries.open_client())
        hints = Hints(tenant)
        await stack.enter_async_context(hints.listening(settings.database))
        await robots.warm(digests)
        clock = DatabaseClock(database, tenant)
        await clock.sync()
        name = worker_name()
        strain = Strain(settings.skipped_ticks)
        post = SmtpPost.from_url(settings.smtp) if settings.smtp else None
        sender = deliveries.Sender(database, keys, tenant, name, client, clock.now, post, settings.mail_from)
        beside = await stack.enter_async_context(anyio.create_task_group())
        stack.callback(beside.cancel_scope.cancel)
        beside.start_soon(_again, "deliveries", 1.0, sender.round)
        beside.start_soon(_again, "a look around", 60.0, partial(_look_around, database, tenant, keys, clock))
        beside.start_soon(_again, "results", 2.0, partial(_gather, database, tenant, keys))
        if calling.accounting is not None:
            names = [trunk.name for trunk in loaded.line.trunks]
            witness = Witness(database, tenant, calling.accounting, names)
            await witness.round()
            beside.start_soon(witness.follow)
        beside.start_soon(
            _again, "people at the desk", 5.0, partial(_say_who_is_free, database, tenant, clock, waiting_calls)
        )
        asking = _Asking(database, tenant, keys, client, clock, robots)
        worker = Worker(
            database,
            tenant,
            keys,
            terms,
            robots.place,
            WorkerSettings(
                name,
                calling.robots,
                drain_s=calling.drain_s,
                live_address=port.address,
                live_secret=port.secret,
            ),
            clock,
            hints,
            asking,
            lambda: strain.look(time.monotonic(), engine.stats.skipped),
        )
        lines = frozenset(trunk.name for trunk in loaded.line.trunks)
        placing.place = ByName(
            worker,
            database,
            tenant,
            keys,
            tasks,
            robots.ready,
            asking.about,
            lines,
            robots.placers,
        )
        yield worker


async def _again(what: str, seconds: float, act: Callable[[], Awaitable[object]]) -> None:
    """For ever; a database that is not there is waited for."""
    while True:
        try:
            if await act():
                continue
        except DATABASE_FAULTS as error:
            log.warning("%s: the database cannot be reached: %s", what, type(error).__name__)
        await anyio.sleep(seconds)


async def _gather(database: Database, tenant: int, keys: TenantKeys) -> None:
    """Index and count calls that are over, few at a time: audio is due every 20 ms in this process."""
    async with database.reading(tenant) as scope:
        if not await waiting(scope):
            return
    async with database.scope(tenant) as scope:
        await gather(scope, keys, _GATHERED_AT_ONCE)


async def _look_around(database: Database, tenant: int, keys: TenantKeys, clock: DatabaseClock) -> None:
    async with database.scope(tenant) as scope:
        await number_health.adjust(scope, keys, Viewer.system(tenant, "worker"), clock.now())
    async with database.scope(tenant) as scope:
        await tell_late(scope, keys, clock.now())


@dataclass(frozen=True, slots=True)
class _House:
    """What all robots of a worker share."""

    database: Database
    tenant: int
    line: LineDriver
    live: LiveCalls
    feed: Feed
    blobs: TenantBlobs
    waiting: Waiting


class _Robots:
    """A robot for each script version, made when the first call speaks it."""

    def __init__(self, calling: Calling, settings: Settings, house: _House) -> None:
        self._calling, self._settings, self._house = calling, settings, house
        self._outbox = FileOutbox(calling.out / "outbox.jsonl")
        self._stack = AsyncExitStack()
        self._folder: TemporaryDirectory[str] = TemporaryDirectory(prefix="callwright-recordings-")
        self._stack.enter_context(self._folder)
        self._making = anyio.Lock()
        self._warmed: tuple[float, frozenset[int]] = (0.0, frozenset())
        self._robots: dict[str, Robot] = {}
        self._unspeakable: dict[str, str] = {}  # what was said last of a version that cannot be spoken
        self._voices: VoiceDetector | None = None
        self.placers: dict[str, Placer] = {}  # of calls that a person of ours places, until they begin

    @classmethod
    @asynccontextmanager
    async def open(cls, calling: Calling, settings: Settings, house: _House) -> AsyncIterator[_Robots]:
        try:
            await anyio.Path(calling.out).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            what, hint = f"{calling.out} cannot be used: {error.strerror}", "choose another folder with --out"
            raise SettingsError(Problem("out-folder", what, hint=hint)) from None
        robots = cls(calling, settings, house)
        async with robots._stack:
            yield robots

    async def ready(self, digest: str) -> None:
        """Make the robot of one version. Raises LineError: it cannot be spoken here, so nobody is called with it."""
        async with self._house.database.scope(self._house.tenant) as scope:
            found = await versions(scope, [digest])
        for one, version in found.items():
            try:
                await self._robot(one, version.id)
            except CallwrightError as error:
                raise LineError(f"the script cannot be spoken: {error}") from error

    async def warm(self, digests: Sequence[str] | None) -> None:
        """Make robots before somebody is dialled, so that nobody's permit grows old meanwhile."""
        async with self._house.database.scope(self._house.tenant) as scope:
            if digests is None:
                plans = [plan_from(row.plan) for row in await scope.all(WANTED)]
                digests = sorted({share.digest for plan in plans for share in plan.scripts if share.digest})
            found = await versions(scope, digests) if digests else {}
        for digest, version in found.items():
            try:
                await self._robot(digest, version.id)
            except CallwrightError as error:
                if self._unspeakable.get(digest) != str(error):  # tried again every half minute, told once
                    log.error("the script version %d cannot be spoken: %s", version.id, error)
                self._unspeakable[digest] = str(error)
            else:
                self._unspeakable.pop(digest, None)

    async def warm_for(self, tasks: frozenset[int]) -> None:
        """The same for tasks that are about to dial, as soon as one is new here, and every half minute: plans change."""
        at, known = self._warmed
        now = time.monotonic()
        if tasks <= known and now - at < _WARM_AGAIN_S:
            return
        await self.warm(None)
        self._warmed = (now, known | tasks)

    async def _robot(self, digest: str, version: int) -> Robot:
        async with self._making:
            if digest not in self._robots:
                async with self._house.database.scope(self._house.tenant) as scope:
                    text = await scope.value(SCRIPT_TEXT, script=version)
                    recordings = await recorded.of_version(scope, version)
                if text is None:
                    raise StoreError(f"the script version {version} is not there")
                folder = await bring(self._house.blobs, text, recordings, Path(self._folder.name) / digest)
                if self._voices is None:
                    self._voices = await anyio.to_thread.run_sync(VoiceDetector.open, self._settings.vad)
                speech = await self._stack.enter_async_context(
                    open_speech(
                        loads(text).script,
                        self._settings,
                        recordings=folder,
                        workers=self._calling.recognisers,
                        voices=self._voices,
                    )
                )
                self._robots[digest] = robot_of(
                    speech, self._house.line, self._outbox, self._house.waiting.desk, self._house.live
                )
            return self._robots[digest]

    async def place(self, order: Dial, tell: Tell, now: Callable[[], datetime]) -> Came:
        """See `worker.Place`."""
        asked, placer = time.monotonic(), self.placers.pop(order.attempt, None)
        try:
            robot = await self._robot(order.digest, order.script_version)
        except CallwrightError as error:
            # Nothing has left, so nobody has to ask what became of it; the task's breaker sees faults, not a finished list.
            log.error("call %s: the script version %d cannot be spoken: %s", order.attempt, order.script_version, error)
            return Came(_not_placed(order, now(), "robot_not_ready"))
        begun = now()
        if time.monotonic() - asked > self._calling.lease.total_seconds() / 4:
            # with the other part, spent before, the permit is too old: nothing has left
            return Came(_not_placed(order, begun, "permit_too_old"))
        files = CallFiles(self._calling.out / f"{begun:%Y-%m-%d}", order.attempt)  # WAV: it can be marked

        def watch(state: str, sentence: str) -> None:
            if state == "ringing":
                tell("ringing")
            elif state == "answered":
                tell("answered")

        ring = DialOrder(order.permit, "", order.attempt, ring_timeout_s=order.ring_s, tenant=self._calling.tenant)
        with self._house.feed.about(order.attempt, task=order.task_id, lead=order.lead_id):
            record = await robot.call(ring, order.variables, files, watch, placer)
        story, agreed = await anyio.to_thread.run_sync(_after, files, record, order)
        kept = await keep_files(self._house.blobs, files, record, f"{begun:%Y-%m-%d}", order.attempt)
        said = tuple(line.text for line in story.lines if line.who == "caller")
        return Came(_ended(order, record, said, agreed, begun, now()), record, kept, story)


def _after(files: CallFiles, record: CallRecord, order: Dial) -> tuple[Story, datetime | None]:
    """Mark the recording; what the log tells, and the time of a callback that was agreed."""
    try:
        if record.recording:
            mark(Path(record.recording), order.attempt)
        events = read_log(files.log)
    except OSError as error:
        log.warning("call %s: %s", order.attempt, error.strerror)
        return Story(), None
    return story_of(events), agreed_at(events, record.slots, datetime.now(UTC), order.zones)


def _not_placed(order: Dial, now: datetime, cause: str) -> Ended:
    return Ended(order.attempt, order.owner, order.fence, "network_fault", now, cause=cause)


def _ended(
    order: Dial, record: CallRecord, said: tuple[str, ...], agreed: datetime | None, begun: datetime, now: datetime
) -> Ended:
    rang = timedelta(milliseconds=record.ring_ms or 0)
    return Ended(
        order.attempt,
        order.owner,
        order.fence,
        disposition_of(record.disposition),
        now,
        begun + rang if record.answered else None,
        record.talk_ms,
        record.code,
        record.cause,
        frozenset(record.tags),
        said=said,
        callback_at=agreed,
    )


async def _anybody(database: Database, tenant: int, group: str) -> bool:
    """Whether an agent of the group is at the desk."""
    async with database.reading(tenant) as scope:
        _, there = takes(await agents(scope), group, datetime.now(UTC))
    return there > 0


async def _say_who_is_free(database: Database, tenant: int, clock: DatabaseClock, waiting: Waiting) -> None:
    """Tell pacing how many agents each group has. One without a group is in all: also in those that nobody has made, but a task may name."""
    async with database.scope(tenant) as scope:
        known = await agents(scope)
        if not known:
            return
        now, made = clock.now(), (await chosen(scope)).groups
        for group in sorted({*_ALWAYS, *(one.name for one in made), *(group for one in known for group in one.groups)}):
            free, _ = takes(known, group, now)
            await say(scope, group, free, waiting.of(group), 0.0, now)


class _Asking:
    """Before a dial: the robots that will speak are made, and the customer's pre-dial webhook is asked about every lead."""

    def __init__(
        self,
        database: Database,
        tenant: int,
        keys: TenantKeys,
        client: httpx.AsyncClient,
        clock: DatabaseClock,
        robots: _Robots,
    ) -> None:
        self._database, self._tenant, self._keys, self._client, self._clock = database, tenant, keys, client, clock
        self._robots = robots

    async def prepare(self, task: int) -> None:
        """The robots that its calls need."""
        await self._robots.warm_for(frozenset({task}))

    async def vetoes(self, scope: Scope) -> Vetoes | None:
        """The webhooks that are asked about every lead, None = there is none."""
        asked = await scope.all(PRE_DIAL)
        return partial(self._about_all, asked) if asked else None

    async def _about_all(self, asked: Sequence[Row[Any]], claimed: Sequence[Claimed]) -> dict[int, Veto]:
        found: dict[int, Veto] = {}

        async def one(lead: Claimed) -> None:
            veto = await self._ask(asked, {"task": lead.task_id, "lead": lead.lead_id, "attempt": lead.attempts + 1})
            if veto is not None:
                found[lead.lead_id] = veto

        async with anyio.create_task_group() as tasks:
            for lead in claimed:
                tasks.start_soon(one, lead)
        return found

    async def about(self, data: Mapping[str, object]) -> Veto | None:
        """The same about one call that somebody asks for. None = nothing stands against it."""
        async with self._database.reading(self._tenant) as scope:
            asked = await scope.all(PRE_DIAL)
        return await self._ask(asked, data) if asked else None

    async def _ask(self, endpoints: Sequence[Row[Any]], data: Mapping[str, object]) -> Veto | None:
        now = self._clock.now()
        verdict = await pre_dial.ask(self._client, self._keys, endpoints, data, now)
        if verdict.allow:
            return None
        wait = verdict.retry_after_s
        return Veto(verdict.reason, None if wait is None else now + timedelta(seconds=wait))
