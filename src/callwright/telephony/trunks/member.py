"""One trunk at work: its registration and health, its limits, its breaker. It lives on a socket that it may share."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
from collections.abc import Callable, Coroutine
from dataclasses import dataclass

from callwright.errors import LineError
from callwright.telephony.sip.accounts import Account, Way
from callwright.telephony.sip.digest import Credentials
from callwright.telephony.sip.driver import SipLine
from callwright.telephony.sip.hops import Hop, Transport
from callwright.telephony.sip.keepalive import Health, Keepalive
from callwright.telephony.sip.locate import Place
from callwright.telephony.sip.registration import Registration, RegistrationStatus
from callwright.telephony.trunks.breaker import BreakerState, CircuitBreaker
from callwright.telephony.trunks.model import Trunk
from callwright.telephony.trunks.numbers import Numbers
from callwright.telephony.trunks.pace import Pace

__all__ = ["Member", "TrunkStatus"]

LOOKUP_AGAIN_S = 5.0
_WAYS: dict[str, Transport] = {"udp": "UDP", "tcp": "TCP", "tls": "TLS"}


@dataclass(frozen=True, slots=True)
class TrunkStatus:
    """usable: takes a call now; why: the reason when not, without any number; calls: up now, both directions; breaker: `closed`, `open`,
    `half_open`; health: what OPTIONS found, None = not asked; registration: None = it does not register."""

    name: str
    tenant: str
    usable: bool
    why: str
    calls: int
    breaker: BreakerState
    health: Health | None
    registration: RegistrationStatus | None


class Member:
    """users: who may call with a password; spawn: starts a task that somebody owns; tell: is called when the status may have changed."""

    def __init__(
        self,
        trunk: Trunk,
        credentials: Credentials | None,
        users: dict[str, Credentials],
        line: SipLine,
        spawn: Callable[[Coroutine[None, None, None]], asyncio.Task[None]],
        tell: Callable[[], None],
    ) -> None:
        self.line = line
        self.pending = 0  # calls that have been let through and are not placed yet
        self.placing = True
        self._spawn = spawn
        self._tell = tell
        self._hops: tuple[Hop, ...] = ()
        self._at = 0
        self._problem = "its proxy is being looked up"
        self._keepalive: Keepalive | None = None
        self._registration: Registration | None = None
        self._task: asyncio.Task[None] | None = None
        self._again: asyncio.Task[None] | None = None
        breaker = trunk.breaker
        self.breaker = CircuitBreaker(breaker.failures, int(breaker.window_s * 1000), int(breaker.rest_s * 1000))
        self.pace = Pace(trunk.limits.calls_per_second, trunk.limits.burst)
        self._use(trunk, credentials, users)

    def _use(self, trunk: Trunk, credentials: Credentials | None, users: dict[str, Credentials]) -> None:
        self.trunk = trunk
        self.users = users
        self.numbers = Numbers(trunk.format)
        self._credentials = credentials
        self._networks = tuple(ipaddress.ip_network(source) for source in trunk.sources)
        way = _WAYS[trunk.proxy.transport] if trunk.proxy.transport else None
        domain = trunk.from_domain
        account = Account(
            trunk.name,
            domain,
            credentials,
            trunk.codecs,
            trunk.srtp,
            self.numbers,
            lambda: self.room() == "",
            trunk.trusted,
        )
        self.way = Way(account, Place(trunk.proxy.host, trunk.proxy.port, way), trunk.no_reply_s)

    def change(self, trunk: Trunk, credentials: Credentials | None, users: dict[str, Credentials]) -> None:
        """Go on with other settings of the same socket: calls that are up do not notice."""
        old, old_credentials = self.trunk, self._credentials
        self._use(trunk, credentials, users)
        self.pace.change(trunk.limits.calls_per_second, trunk.limits.burst)
        if trunk.breaker != old.breaker:
            breaker = trunk.breaker
            self.breaker = CircuitBreaker(breaker.failures, int(breaker.window_s * 1000), int(breaker.rest_s * 1000))
        outside = ("proxy", "register_", "domain", "options_s", "no_reply_s")
        if credentials != old_credentials or any(getattr(trunk, key) != getattr(old, key) for key in outside):
            self.stop()
            if trunk.proxy != old.proxy:
                self._hops = ()  # who answers there is nobody of ours any more
            self.begin()

    # ------------------------------------------------------------ looked up, registered, asked

    def begin(self) -> None:
        """Look the proxy up, then register and ask by OPTIONS, as the settings say; goes on by itself."""
        self._problem = "its proxy is being looked up"
        self._task = self._spawn(self._find())

    async def _find(self) -> None:
        while self._problem:
            try:
                self._hops = await self.line.find(self.way.place)
                self._problem = ""
            except LineError as error:
                self._problem = str(error)
                self._tell()
                await asyncio.sleep(LOOKUP_AGAIN_S)
        trunk, hop = self.trunk, self._hops[0]
        if trunk.options_s:
            self._keepalive = self.line.watch(self.way, hop, trunk.options_s, trunk.no_reply_s, self._asked)
        if trunk.register_ is not None:
            user, _, registrar = trunk.register_.address.rpartition("@")
            expires_s = trunk.register_.expires_s
            self._registration = self.line.register(self.way, user, registrar, hop, expires_s, self._registered)
        self._tell()

    async def _find_again(self) -> None:
        """Nobody answers where the proxy was: DNS may know better by now."""
        with contextlib.suppress(LineError):
            self._hops = await self.line.find(self.way.place)

    def _asked(self) -> None:
        """OPTIONS was answered, or was not: another server of the trunk is asked next, and when none of them answers it is down."""
        health = self._keepalive.health if self._keepalive else None
        if health is None or self._keepalive is None:
            return
        if health.alive:
            self.breaker.probe(True, self.line.now_ms())
        else:
            self._at += 1
            self._keepalive.move(self._hops[self._at % len(self._hops)])
            if health.failures >= len(self._hops):
                self.breaker.probe(False, self.line.now_ms())
                if self._again is None or self._again.done():
                    self._again = self._spawn(self._find_again())
        self._tell()

    def _registered(self) -> None:
        registration = self._registration
        if registration is not None and registration.status.state == "failed" and len(self._hops) > 1:
            self._at += 1
            registration.hop = self._hops[self._at % len(self._hops)]
        self._tell()

    def stop(self) -> None:
        """Ask and register no more; the registration is taken back. Its proxy is still known: it may ask us something."""
        for task in (self._task, self._again):
            if task is not None:
                task.cancel()
        if self._keepalive is not None:
            self._keepalive.close()
        if self._registration is not None:
            self._registration.close(self.line.now_ms())
            self.line.pump()
        self._keepalive = self._registration = self._task = self._again = None
        self._at = 0

    # ------------------------------------------------------------ what it takes

    def owns(self, address: str) -> bool:
        """Whether an address is one of the trunk's sources, or a server of its proxy."""
        return self.is_source(address) or any(hop.host == address for hop in self._hops)

    def is_source(self, address: str) -> bool:
        """Whether an address is one of its `sources`."""
        try:
            ip = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(ip.version == network.version and ip in network for network in self._networks)

    def room(self) -> str:
        """Why there is no room for a further call, "" = there is."""
        if not self.placing:
            return "it is being taken out of service"
        full = self.line.live_of(self.trunk.name) + self.pending >= self.trunk.limits.calls
        return f"all of its {self.trunk.limits.calls} calls are up" if full else ""

    def refusal(self, now_ms: int) -> str:
        """Why no call can be placed now, "" = one can."""
        if why := self._problem or self.room():
            return why
        status = self._registration.status if self._registration else None
        if self.trunk.register_ is not None and not _stands(status, now_ms):
            said = f": the registrar says {status.code}" if status and status.code else ""
            return f"it is not registered{said}"
        if not self.breaker.allows(now_ms):
            return "it rests after failures" if self._alive() else "it does not answer OPTIONS"
        return ""

    def _alive(self) -> bool:
        return self._keepalive is None or self._keepalive.health.alive is not False

    @property
    def status(self) -> TrunkStatus:
        now_ms = self.line.now_ms()
        why = self.refusal(now_ms)
        return TrunkStatus(
            self.trunk.name,
            self.trunk.tenant,
            not why,
            why,
            self.line.live_of(self.trunk.name),
            self.breaker.state(now_ms),
            self._keepalive.health if self._keepalive else None,
            self._registration.status if self._registration else None,
        )


def _stands(status: RegistrationStatus | None, now_ms: int) -> bool:
    return status is not None and (status.state == "registered" or status.expires_at_ms > now_ms)
