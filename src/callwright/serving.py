"""The composition of a serving process: trunks, media, robots, reception and metrics of one line file."""

from __future__ import annotations

import hashlib
import logging
import re
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path

import anyio
import anyio.to_thread
from prometheus_client import start_http_server

from callwright.app import bridge_media, open_speech, robot_of
from callwright.calls.attendant import Attendant, announce, connect, echo
from callwright.calls.live import LiveCall, LiveCalls
from callwright.calls.metrics import LineMetrics, TrunkState
from callwright.calls.model import CallFiles
from callwright.calls.outbox import FileOutbox
from callwright.calls.reception import Limits, Reception
from callwright.calls.recovery import Recovery, recover
from callwright.calls.robot import Robot
from callwright.calls.service import Bounds, LineService
from callwright.calls.transfer import Switchboard
from callwright.compliance.decision import DialFacts, decide
from callwright.dialogue.values import Transfer
from callwright.errors import InputError, LineError, Place, Problem, ScriptError, SettingsError, WireError
from callwright.open_files import allow_open_files
from callwright.recognisers import Ears, make_ears
from callwright.script.checks import check
from callwright.script.loader import load
from callwright.settings import Settings
from callwright.speech.port import Pcm
from callwright.speech.vad_detector import VoiceDetector
from callwright.speech.vad_silero import VadStats
from callwright.speech.wav import read_wav
from callwright.telephony.port import DialOrder, IncomingLeg, Leg
from callwright.telephony.rtp import g711
from callwright.telephony.rtp.engine import RtpEngine
from callwright.telephony.rtp.strain import Strain
from callwright.telephony.sip.driver import SipLine
from callwright.telephony.sip.fields import parse_uri
from callwright.telephony.sip.leg import SipIncomingLeg
from callwright.telephony.trunks.driver import Trunks
from callwright.telephony.trunks.loader import LoadedLine, load_line
from callwright.telephony.trunks.model import Route

__all__ = ["Serving", "ServingSettings", "open_serving"]

log = logging.getLogger(__name__)
_GUARD_S = 0.5  # between looks at whether the machine keeps up


@dataclass(frozen=True, slots=True)
class ServingSettings:
    """file: the line file; out: where logs and recordings go, a folder a day; desk: whom a script's transfer rings (SIP URI with a
    number, or a number), "" = nobody; metrics: (host, port) they are served on, None = they are not; workers: recognisers a script;
    variables: of every script."""

    file: Path
    out: Path
    limits: Limits = field(default_factory=Limits)
    bounds: Bounds = field(default_factory=Bounds)
    desk: str = ""
    metrics: tuple[str, int] | None = None
    workers: int = 2
    variables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Serving:
    """A process that is ready: `service.run()` serves. found: calls an earlier process left without an end."""

    service: LineService
    loaded: LoadedLine
    found: Recovery
    metrics: LineMetrics
    trunks: Trunks


@asynccontextmanager
async def open_serving(serving: ServingSettings, settings: Settings) -> AsyncIterator[Serving]:
    """Everything a line file asks for, opened; everything is freed on leaving.

    Raises:
        InputError: the file, a script, a recording or the folder cannot be used.
        LineError: a socket cannot be bound, a trunk's name does not resolve.
    """
    allow_open_files(serving.limits.calls)
    loaded = await anyio.to_thread.run_sync(load_line, serving.file)
    found = await anyio.to_thread.run_sync(_recovered, serving.out)
    async with AsyncExitStack() as stack:
        engine = await stack.enter_async_context(
            RtpEngine.start(quiet_dbov=settings.quiet_dbov, core=settings.media_core)
        )
        trunks = await stack.enter_async_context(Trunks.open(loaded, engine))
        local = loaded.line.trunks[0].local
        inside = await stack.enter_async_context(
            SipLine.open(local.host, engine=engine, advertise=local.advertise or "", allow=frozenset())
        )
        house = _House(serving, settings, _Ways(trunks, inside), LiveCalls())
        stack.push_async_callback(house.aclose)
        async with house.planned(loaded):
            pass
        metrics = LineMetrics(house.live, engine.stats, partial(_states, trunks), house.recognisers, house.voice_runs)
        house.live.on_end += [metrics.ended, _told]
        metrics.unfinished.set(len(found.calls))
        reception = Reception(house.route, house.answer, trunk_of, serving.limits, metrics.refused)

        def drain() -> None:
            trunks.drain()
            metrics.draining.set(1)

        async def reload() -> None:
            try:
                fresh = await anyio.to_thread.run_sync(load_line, serving.file)
                async with house.planned(fresh):
                    await trunks.reload(fresh)
            except Exception:
                metrics.reloads.labels("refused").inc()
                raise
            metrics.reloads.labels("done").inc()

        async def close() -> None:
            await trunks.aclose()
            await inside.aclose()

        guard = partial(_guard, Strain(settings.skipped_ticks), engine, trunks, metrics)
        service = LineService(
            reception, trunks.incoming, house.live, drain, close, reload, serving.bounds, house.hand_over, guard
        )
        if serving.metrics is not None:
            stack.callback(_serve_metrics(serving.metrics, metrics))
        yield Serving(service, loaded, found, metrics, trunks)


async def _guard(strain: Strain, engine: RtpEngine, trunks: Trunks, metrics: LineMetrics) -> None:
    """Let no new call in while the machine does not keep up with the media of those that are up."""
    rests = False
    while True:
        if strain.look(time.monotonic(), engine.stats.skipped) != rests:
            rests = not rests
            trunks.rest(rests)
            metrics.resting.set(rests)
            if rests:
                metrics.rests.inc()
                log.warning("no new call is taken: this machine does not keep up with the media of those that are up")
            else:
                log.info("new calls are taken again")
        await anyio.sleep(_GUARD_S)


def _recovered(out: Path) -> Recovery:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(
            Problem("out-folder", f"{out} cannot be used: {error.strerror}", hint="choose another folder with --out")
        ) from None
    return recover(out, datetime.now().astimezone())


def _serve_metrics(address: tuple[str, int], metrics: LineMetrics) -> Callable[[], None]:
    """Serve them; returns how to stop. Raises SettingsError: the address cannot be bound."""
    host, port = address
    try:
        server, thread = start_http_server(port, host, metrics.registry)
    except OSError as error:
        message = f"metrics cannot be served on {host}:{port}: {error.strerror}"
        raise SettingsError(Problem("metrics", message, hint="choose another --metrics address")) from None

    def stop() -> None:
        server.shutdown()
        server.server_close()
        thread.join()

    return stop


def trunk_of(leg: IncomingLeg) -> str:
    """The name of the trunk a call came by."""
    return leg.account.name if isinstance(leg, SipIncomingLeg) else ""


def _states(trunks: Trunks) -> Iterator[TrunkState]:
    for status in trunks.status():
        health, registration = status.health, status.registration
        yield TrunkState(
            status.name,
            registered=None if registration is None else registration.state == "registered",
            alive=None if health is None else health.alive,
            round_trip_ms=0 if health is None else health.round_trip_ms,
            breaker=status.breaker,
        )


def _told(call: LiveCall) -> None:
    """A line in the log of the process for each call that is over."""
    last = call.log.lines[-1]
    log.info(
        "call %s %s over %s, %s: %s",
        "from" if call.direction == "in" else "to",
        call.number,
        call.trunk or "-",
        call.script,
        last.get("disposition", "unknown"),
    )


class _Ways:
    """Numbers go over the trunks, SIP addresses straight to their host."""

    def __init__(self, trunks: Trunks, inside: SipLine) -> None:
        self._trunks = trunks
        self._inside = inside

    async def place(self, order: DialOrder) -> Leg:
        """See LineDriver."""
        return await (self._inside if order.target else self._trunks).place(order)

    def incoming(self) -> AsyncIterator[IncomingLeg]:
        """See LineDriver."""
        return self._trunks.incoming()

    async def aclose(self) -> None:
        """See LineDriver."""
        await self._trunks.aclose()
        await self._inside.aclose()


# ---------------------------------------------------------------- what answers


@dataclass(slots=True, eq=False)
class _Plan:
    """What one reading of the line file needs: robots by script, sounds by file. Closed when it is old and its last call is over."""

    loaded: LoadedLine
    stack: AsyncExitStack
    robots: dict[str, Robot] = field(default_factory=dict)
    sounds: dict[str, Pcm] = field(default_factory=dict)
    recognisers: list[Callable[[], int]] = field(default_factory=list)
    variables: dict[str, dict[str, str]] = field(default_factory=dict)
    users: int = 0
    old: bool = False

    @contextmanager
    def used(self) -> Iterator[None]:
        self.users += 1
        try:
            yield
        finally:
            self.users -= 1

    async def close_if_idle(self) -> None:
        if self.old and not self.users:
            await self.stack.aclose()


class _House:
    """Who answers: robots, recordings, the echo, people."""

    def __init__(self, serving: ServingSettings, settings: Settings, ways: _Ways, live: LiveCalls) -> None:
        self.live = live
        self._serving = serving
        self._voices: VoiceDetector | None = None  # of the process, whatever lines are read again
        self._hearing: Ears | None = None  # of the process too, when it is no matter of each script
        self._settings = settings
        self._ways = ways
        self._outbox = FileOutbox(serving.out / "outbox.jsonl")
        self._attendant = Attendant(_now, _monotonic_ms, live)
        self._switchboard = Switchboard(ways, self._desk, bridge_media)
        self._plan: _Plan | None = None
        self._with_people: set[str] = set()  # scripts with a way to a person

    @asynccontextmanager
    async def planned(self, loaded: LoadedLine) -> AsyncIterator[None]:
        """Get ready to answer as this file says, and do so once the body has gone well; calls that are up go on as they began.

        Raises:
            InputError: a script, a recording or a target cannot be used; then nothing has changed.
        """
        plan = _Plan(loaded, AsyncExitStack())
        try:
            for at, route in enumerate(loaded.line.inbound):
                await self._prepare(plan, route, at)
            if self._serving.desk:
                self._check(self._serving.desk, loaded, Place("--desk"))
            yield
        except BaseException:
            await plan.stack.aclose()
            raise
        before, self._plan = self._plan, plan
        if before is not None:
            before.old = True
            await before.close_if_idle()

    async def aclose(self) -> None:
        """Let go of recognisers and voices."""
        if self._plan is not None:
            self._plan.old = True
            await self._plan.close_if_idle()
        if self._hearing is not None:
            await self._hearing.recogniser.aclose()

    def _shared_hearing(self) -> Ears | None:
        """One recogniser for all scripts: a large model is loaded once, and a server's limit counts for all calls. None: each script has an
        embedded one of its own."""
        if self._hearing is None and self._settings.asr not in ("", "pocketsphinx"):
            self._hearing = make_ears(self._settings.asr, self._settings.models, self._serving.workers)
        return self._hearing

    async def _prepare(self, plan: _Plan, route: Route, at: int) -> None:
        if route.script is not None and route.script not in plan.robots:
            plan.robots[route.script] = await self._robot(plan, route.script, at)
        elif route.announcement is not None and route.announcement not in plan.sounds:
            path = plan.loaded.path(route.announcement)
            plan.sounds[route.announcement] = await anyio.to_thread.run_sync(read_wav, path)
        elif route.transfer is not None:
            self._check(route.transfer, plan.loaded, plan.loaded.place(f"inbound[{at}].transfer"))

    def _check(self, target: str, loaded: LoadedLine, place: Place) -> None:
        """Whether our own people can be rung there."""
        if _number(target) is None:
            hint = "write a number (+861085550001), or sip:NUMBER@HOST"
            raise InputError(Problem("transfer", f"`{target}` has no number to dial", place, hint))
        if not any(trunk.numbers for trunk in loaded.line.trunks):
            message = f"no trunk has a caller number to ring `{target}` with"
            raise InputError(Problem("transfer", message, place, "give a trunk its `numbers`"))

    async def _robot(self, plan: _Plan, name: str, at: int) -> Robot:
        read = await anyio.to_thread.run_sync(load, plan.loaded.path(name))
        if any(rule.role == "transfer" for rule in read.script.globals):
            self._with_people.add(read.script.id)
        errors = [problem for problem in check(read, _now().date()) if problem.severity == "error"]
        if errors:
            raise ScriptError(errors)
        given = self._serving.variables
        needed = [var for var, about in read.script.vars.items() if about.required and not given.get(var)]
        if needed:
            message = f"the script {name} has no value for {', '.join(needed)}"
            place = plan.loaded.place(f"inbound[{at}].script")
            raise InputError(Problem("missing-variable", message, place, f"give one with --var {needed[0]}=VALUE"))
        plan.variables[name] = {var: given[var] for var in read.script.vars if var in given}
        if self._voices is None:
            self._voices = await anyio.to_thread.run_sync(VoiceDetector.open, self._settings.vad)
        speech = await plan.stack.enter_async_context(
            open_speech(
                read.script,
                self._settings,
                recordings=read.folder,
                workers=self._serving.workers,
                voices=self._voices,
                hearing=self._shared_hearing(),
            )
        )
        if self._hearing is None:
            plan.recognisers.append(speech.recognisers)
        return robot_of(speech, self._ways, self._outbox, self._desk, self.live)

    def recognisers(self) -> int:
        """How many recogniser processes listen for the scripts that answer now."""
        if self._hearing is not None:
            return self._hearing.processes()
        return sum(count() for count in self._plan.recognisers) if self._plan is not None else 0

    def voice_runs(self) -> VadStats | None:
        """Counters of the voice detector, once there is a script that listens."""
        return self._voices.stats if self._voices is not None else None

    # ------------------------------------------------------------ one call

    def route(self, called: str, trunk: str) -> Route | None:
        return self._plan.loaded.line.route(called, trunk) if self._plan is not None else None

    async def answer(self, leg: IncomingLeg, route: Route) -> None:
        """Answer as the route says, with the plan of this moment."""
        plan = self._plan
        assert plan is not None
        now, trunk = _now(), trunk_of(leg)
        name = f"{now:%H%M%S}-{_short(leg.call_id)}"
        files = CallFiles(self._serving.out / f"{now:%Y-%m-%d}", name, self._settings.recordings)
        try:
            with plan.used():
                if route.script is not None:
                    variables = plan.variables[route.script]
                    await plan.robots[route.script].answer(leg, variables, files, trunk=trunk)
                elif route.announcement is not None:
                    talk = announce(plan.sounds[route.announcement], g711.encode)
                    await self._attendant.answer(leg, "announcement", files, talk, trunk)
                elif route.echo:
                    await self._attendant.answer(leg, "echo", files, echo(g711.encode), trunk)
                elif route.transfer is not None:
                    target, loaded = route.transfer, plan.loaded
                    talk = connect(self._switchboard, lambda leg: _order(target, loaded, trunk))
                    await self._attendant.answer(leg, "transfer", files, talk, trunk)
        finally:
            with anyio.CancelScope(shield=True):
                await plan.close_if_idle()

    # ------------------------------------------------------------ people

    async def _desk(self, act: Transfer, call_id: str = "") -> DialOrder | None:
        """Whom a script's transfer rings."""
        if not self._serving.desk or self._plan is None:
            return None
        return _order(self._serving.desk, self._plan.loaded, "", act.wait_s)

    async def hand_over(self, call: LiveCall) -> bool:
        """Move a robot's call to the desk while the process stops: only where the script has a way to a person."""
        if not self._serving.desk or call.take_over is None or call.script not in self._with_people:
            return False
        return await call.take_over(Transfer("desk"), None)


def _order(target: str, loaded: LoadedLine, trunk: str, wait_s: float = 30.0) -> DialOrder:
    """An order for one of our own people, shown the number of the trunk the call came by, or of the first one that has any.

    Raises:
        LineError: the target has no number, or no trunk has one to show.
        RefusedError: it may not be dialled now.
    """
    callee = _number(target)
    able = [one for one in loaded.line.trunks if one.numbers]
    if callee is None or not able:
        raise LineError("there is no number to ring, or none of ours to show")
    shown = next((one for one in able if one.name == trunk), able[0])
    now = _now()
    facts = DialFacts(
        callee=callee,
        caller=shown.numbers[0],
        owned_callers=frozenset(shown.numbers),
        purpose="internal",
        basis="staff",
        local_time=now,
        frozen=False,  # our own people are on no list
        calls_today=0,
    )
    uri = "" if target.startswith("+") else target
    permit = decide(facts, now).permit()
    return DialOrder(permit, uri, uuid.uuid4().hex, ring_timeout_s=wait_s, tenant=shown.tenant)


def _number(target: str) -> str | None:
    """The number that a transfer target dials; None when it dials none."""
    if target.startswith("+"):
        return target
    try:
        user = parse_uri(target).user
    except WireError:
        return None
    return user if re.fullmatch(r"\+?[0-9]{2,20}", user) else None


def _short(call_id: str) -> str:
    """A name for files: a Call-ID may hold anything."""
    return hashlib.sha256(call_id.encode("utf-8", "backslashreplace")).hexdigest()[:10]


def _now() -> datetime:
    return datetime.now().astimezone()


def _monotonic_ms() -> int:
    return time.monotonic_ns() // 1_000_000
