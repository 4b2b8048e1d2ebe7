"""Many trunks as one line: which one a call takes, what is tried when it fails, who may call in; reload and drain without losing a call.

async with Trunks.open(load_line(path), engine) as trunks:
    leg = await trunks.place(order)
    async for leg in trunks.incoming(): trunks.route_of(leg) says what answers
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

import anyio

from callwright.compliance.decision import Permit
from callwright.errors import LineError, RefusedError
from callwright.telephony.port import DialOrder
from callwright.telephony.sip.caller import IdentityCheck
from callwright.telephony.sip.digest import Credentials
from callwright.telephony.sip.leg import MediaEngine, SipIncomingLeg, SipLeg
from callwright.telephony.sip.referrals import ReferPolicy
from callwright.telephony.sip.resolver import Resolver
from callwright.telephony.sip.wire import Headers
from callwright.telephony.trunks.attempts import Attempt, TrunkLeg
from callwright.telephony.trunks.checks import socket_of
from callwright.telephony.trunks.choice import in_order
from callwright.telephony.trunks.further import Further
from callwright.telephony.trunks.loader import LoadedLine
from callwright.telephony.trunks.member import Member, TrunkStatus
from callwright.telephony.trunks.model import Route, Trunk
from callwright.telephony.trunks.numbers import ANONYMOUS
from callwright.telephony.trunks.socket import Socket

__all__ = ["Trunks"]

log = logging.getLogger(__name__)

GRACE_S = 4.0
ROBOT = "callwright"  # the user of our Contact: a registrar sends calls there, and the number stands in To


class Trunks:
    """Made by `Trunks.open`. Implements `LineDriver`."""

    def __init__(
        self,
        engine: MediaEngine,
        resolver: Resolver,
        rng: random.Random,
        refer: ReferPolicy | None,
        check: IdentityCheck | None,
        media_timeout_s: float,
        environ: Mapping[str, str] | None,
    ) -> None:
        self._engine = engine
        self._resolver = resolver
        self._rng = rng
        self._refer = refer
        self._check = check
        self._media_timeout_s = media_timeout_s
        self._environ = environ
        self._tasks = asyncio.TaskGroup()
        self._sockets: dict[tuple[object, ...], Socket] = {}
        self._leaving: set[Socket] = set()
        self._serving: set[asyncio.Task[None]] = set()
        self._members: dict[str, Member] = {}
        self._incoming: asyncio.Queue[SipIncomingLeg | None] = asyncio.Queue()
        self._legs: set[TrunkLeg | SipLeg] = set()
        self._told = asyncio.Event()
        self._reloading = asyncio.Lock()
        self._draining = self._resting = self._closed = False
        self.loaded: LoadedLine

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        loaded: LoadedLine,
        engine: MediaEngine,
        *,
        resolver: Resolver | None = None,
        refer: ReferPolicy | None = None,
        check: IdentityCheck | None = None,
        media_timeout_s: float = 30.0,
        rng: random.Random | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> AsyncGenerator[Trunks, None]:
        """Every trunk of a line file. Leaving ends every call and frees everything. A trunk that is down does not keep the others.

        resolver: looks up host names; refer: decides on transfers the far side asks for; check, media_timeout_s: see `SipLine.open`;
        rng: the choice by weight; environ: where passwords are (None = the environment of the process).

        Raises:
            LineError: an address cannot be bound, or a TLS file cannot be used.
            LineFileError: a password cannot be read.
        """
        trunks = cls(engine, resolver or Resolver(), rng or random.Random(), refer, check, media_timeout_s, environ)
        failure: BaseException | None = None
        async with trunks._tasks:
            try:
                await trunks.reload(loaded)
                yield trunks
            except BaseException as error:  # noqa: BLE001 -- kept, so that the task group does not wrap it; raised below
                failure = error
            finally:
                await trunks.aclose()
        if failure is not None:
            raise failure

    # ------------------------------------------------------------ LineDriver

    async def place(self, order: DialOrder) -> TrunkLeg:
        """Place a call over the best trunk of its tenant that owns the caller number; goes on to the next one as `TrunkLeg` tells.

        The Call-ID is `order.call_id@host`; over the second trunk `order.call_id.2@host`, and so on. An empty target, or `tel:` and the
        permit's callee, is dialled as each trunk writes it.

        Raises:
            RefusedError: no permit, or no trunk of the tenant may show its caller number.
            LineError: no trunk can take the call now; the text says for each of them why.
        """
        first, further = await self._first(order)
        leg = TrunkLeg(first, further, self.now_ms)
        self._legs.add(leg)
        self._tasks.create_task(self._follow(leg))
        return leg

    async def _first(self, order: DialOrder, referred: Headers = ()) -> tuple[Attempt, Further]:
        """The first attempt that a trunk took, and what follows it."""
        if not isinstance(order.permit, Permit):
            raise RefusedError("a call is only placed with a permit")
        if self._closed or self._draining:
            raise LineError("the line takes no new calls")
        mine = [member for member in self._members.values() if member.trunk.tenant == order.tenant]
        owning = {member.trunk.name: member for member in mine if order.permit.caller in member.trunk.numbers}
        if not owning:
            raise RefusedError("no trunk of this tenant may show the permit's caller number")
        names = [trunk.name for trunk in in_order((member.trunk for member in owning.values()), self._rng)]
        further = Further(
            order, referred, names, self._members.get, lambda: self._draining or self._closed, self.now_ms
        )
        first = await further()
        if first is None:
            raise LineError(f"no trunk can take the call: {further.reasons}")
        return first, further

    async def _place_referred(self, leg: SipLeg, order: DialOrder, referred: Headers) -> SipLeg:
        """The call of a transfer that a policy allowed: over the trunks like any other, but for the next trunk."""
        attempt, _ = await self._first(order, referred)
        self._legs.add(attempt.leg)
        self._tasks.create_task(self._watch(attempt))
        return attempt.leg

    async def _watch(self, attempt: Attempt) -> None:
        await attempt.leg.ended()
        self._legs.discard(attempt.leg)
        attempt.over()
        self._tell()

    async def _follow(self, leg: TrunkLeg) -> None:
        try:
            await leg.follow()
        finally:
            self._legs.discard(leg)
            self._tell()

    def incoming(self) -> AsyncIterator[SipIncomingLeg]:
        """Calls that come in over any trunk, until the line is closed: `leg.account.name` is the trunk; caller and called are E.164,
        or what the trunk sent when that is no number; a withheld caller is `anonymous`."""
        return self._arrivals()

    async def _arrivals(self) -> AsyncIterator[SipIncomingLeg]:
        while (leg := await self._incoming.get()) is not None:
            yield leg
        self._incoming.put_nowait(None)

    def route_of(self, leg: SipIncomingLeg) -> Route | None:
        """What answers a call that came in; None = nothing does."""
        return self.loaded.line.route(leg.called, leg.account.name)

    def _arrived(self, socket: Socket, leg: SipIncomingLeg) -> None:
        member = socket.members.get(leg.account.name)
        if member is not None:
            dialled = leg.to if leg.called in ("", ROBOT) else leg.called
            leg.caller = ANONYMOUS if leg.origin.withheld else member.numbers.incoming_caller(leg.origin.number)
            leg.called = member.numbers.incoming_called(dialled)
        self._legs.add(leg)
        self._tasks.create_task(self._remember(leg))
        self._incoming.put_nowait(leg)

    async def _remember(self, leg: SipIncomingLeg) -> None:
        await leg.ended()
        self._legs.discard(leg)
        self._tell()

    # ------------------------------------------------------------ status

    def now_ms(self) -> int:
        return int(asyncio.get_running_loop().time() * 1000)

    def status(self) -> list[TrunkStatus]:
        """Every trunk, in the order of the file."""
        return [self._members[trunk.name].status for trunk in self.loaded.line.trunks if trunk.name in self._members]

    async def changed(self) -> None:
        """Wait until `status` may have changed."""
        self._told.clear()
        await self._told.wait()

    async def until(self, holds: Callable[[dict[str, TrunkStatus]], bool]) -> None:
        """Wait until something holds of the statuses by name; looks again once a second, for what only time changes."""
        while not holds({status.name: status for status in self.status()}):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1):
                    await self.changed()

    def _tell(self) -> None:
        self._told.set()

    # ------------------------------------------------------------ reload

    async def reload(self, new: LoadedLine) -> None:
        """Go on with another line file, without dropping a call: settings that need no other socket change in place; a socket that is
        not needed any more takes no new calls and closes after its last one. All of it happens, or nothing does.

        Raises:
            LineError: a new socket cannot be opened (a port stays taken while calls of its old settings are up), or the line is closed.
            LineFileError: a password cannot be read.
        """
        async with self._reloading:
            if self._closed:
                raise LineError("the line is closed")
            secrets = [self._secrets(new, at, trunk) for at, trunk in enumerate(new.line.trunks)]
            fresh = await self._open_sockets(new)
            self.loaded = new
            kept = {trunk.name for trunk in new.line.trunks}
            for name in [name for name in self._members if name not in kept]:
                self._retire(self._members.pop(name))
            for trunk, (credentials, users) in zip(new.line.trunks, secrets, strict=True):
                self._settle(trunk, credentials, users, {**self._sockets, **fresh})
            self._sockets.update(fresh)
            for key, socket in list(self._sockets.items()):
                if socket.members:
                    socket.admit()
                else:
                    self._leave(key, socket)
            self._tell()

    async def _open_sockets(self, new: LoadedLine) -> dict[tuple[object, ...], Socket]:
        """Those of the new file that are not open yet; all of them or none."""
        fresh: dict[tuple[object, ...], Socket] = {}
        try:
            for trunk in new.line.trunks:
                key = socket_of(trunk)
                if key in self._sockets or key in fresh:
                    continue
                socket = fresh[key] = Socket(
                    trunk,
                    new,
                    self._engine,
                    self._resolver,
                    self._refer,
                    self._check,
                    self._media_timeout_s,
                    self._arrived,
                )
                ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
                serving = self._tasks.create_task(socket.serve(ready))
                self._serving.add(serving)
                serving.add_done_callback(self._serving.discard)
                await ready
                if self._closed:
                    raise LineError("the line is closed")
                socket.line.refer_over = self._place_referred
                if self._draining:
                    socket.line.drain()
                socket.line.rest(self._resting)
        except BaseException:
            for socket in fresh.values():
                socket.close()
            raise
        return fresh

    def _secrets(self, new: LoadedLine, at: int, trunk: Trunk) -> tuple[Credentials | None, dict[str, Credentials]]:
        field = f"trunks[{at}]"
        credentials = new.credentials(trunk.auth, f"{field}.auth", self._environ) if trunk.auth else None
        users = {
            user.username: new.credentials(user, f"{field}.users[{index}]", self._environ)
            for index, user in enumerate(trunk.users)
        }
        return credentials, users

    def _settle(
        self,
        trunk: Trunk,
        credentials: Credentials | None,
        users: dict[str, Credentials],
        sockets: Mapping[tuple[object, ...], Socket],
    ) -> None:
        """Put one trunk of the new file to work: the one that runs, changed; or a new one on its socket."""
        socket, member = sockets[socket_of(trunk)], self._members.get(trunk.name)
        if member is not None and member.line is socket.line:
            member.change(trunk, credentials, users)
            return
        if member is not None:
            self._retire(member)
        member = self._members[trunk.name] = Member(
            trunk, credentials, users, socket.line, self._tasks.create_task, self._tell
        )
        socket.members[trunk.name] = member
        member.begin()

    def _retire(self, member: Member) -> None:
        """No new calls over this trunk; those that are up go on."""
        member.placing = False
        member.stop()
        for socket in self._sockets.values():
            if socket.members.get(member.trunk.name) is member:
                del socket.members[member.trunk.name]
                socket.admit()

    def _leave(self, key: tuple[object, ...], socket: Socket) -> None:
        """A socket nobody needs any more: it closes after its last call."""
        del self._sockets[key]
        socket.line.drain()
        self._leaving.add(socket)
        self._tasks.create_task(self._close_when_quiet(socket))

    async def _close_when_quiet(self, socket: Socket) -> None:
        while socket.line.live and not self._closed:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1):
                    await self.changed()
        self._leaving.discard(socket)
        socket.close()
        self._tell()

    # ------------------------------------------------------------ the end

    def drain(self) -> None:
        """Take no new calls from now on: INVITE and OPTIONS get 503, registrations are taken back. Calls that are up go on."""
        self._draining = True
        for member in self._members.values():
            member.stop()
        for socket in self._sockets.values():
            socket.line.drain()

    def rest(self, resting: bool) -> None:
        """While resting, INVITE and OPTIONS that come in get 503; registrations stay, calls that are up go on, and ours may be placed."""
        self._resting = resting
        for socket in self._sockets.values():
            socket.line.rest(resting)

    async def drained(self, timeout_s: float) -> int:
        """After `drain`: wait for the calls that are up, at most so long, then hang them up; how many that were. Far sides that do not answer
        the BYE are waited for 4 s; `aclose` ends those calls."""
        with anyio.move_on_after(timeout_s):
            while self._legs:
                await self.changed()
        left = list(self._legs)
        with anyio.move_on_after(GRACE_S):
            await asyncio.gather(*(leg.hangup("the service is being stopped") for leg in left))
        return len(left)

    async def aclose(self) -> None:
        """End every call (BYE, CANCEL, 603), close every socket. Safe to call twice."""
        if self._closed:
            return
        self._closed = True
        for member in self._members.values():
            member.stop()
        for leg in self._legs:
            if isinstance(leg, TrunkLeg):
                leg.stay()
        for socket in (*self._sockets.values(), *self._leaving):
            socket.close()
        self._tell()
        self._incoming.put_nowait(None)
        if self._serving:
            await asyncio.wait(self._serving)
