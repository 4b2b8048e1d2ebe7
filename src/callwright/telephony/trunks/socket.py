"""One socket and the trunks on it: who may call over it, and its life from opening to the end of its last call."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable

from callwright.telephony.sip.accounts import Account
from callwright.telephony.sip.caller import IdentityCheck
from callwright.telephony.sip.challenge import Gate
from callwright.telephony.sip.driver import SipLine
from callwright.telephony.sip.hops import Hop
from callwright.telephony.sip.leg import MediaEngine, SipIncomingLeg
from callwright.telephony.sip.referrals import ReferPolicy
from callwright.telephony.sip.resolver import Resolver
from callwright.telephony.sip.tls import TlsSettings
from callwright.telephony.trunks.loader import LoadedLine
from callwright.telephony.trunks.member import Member
from callwright.telephony.trunks.model import Trunk

__all__ = ["Socket"]

MAX_CALLS = 10_000


class Socket:
    """arrived(socket, leg): a call came in; told: the number of its calls may have changed."""

    def __init__(
        self,
        first: Trunk,
        loaded: LoadedLine,
        engine: MediaEngine,
        resolver: Resolver,
        refer: ReferPolicy | None,
        check: IdentityCheck | None,
        media_timeout_s: float,
        arrived: Callable[[Socket, SipIncomingLeg], None],
    ) -> None:
        self.members: dict[str, Member] = {}
        self.line: SipLine
        self._first = first
        self._tls = _tls(first, loaded)
        self._engine = engine
        self._resolver = resolver
        self._refer = refer
        self._check = check
        self._media_timeout_s = media_timeout_s
        self._arrived = arrived
        self._close = asyncio.Event()
        self._gate: Gate | None = None

    async def serve(self, ready: asyncio.Future[None]) -> None:
        """Open the socket, say so, and serve it until `close`. What goes wrong in opening goes to `ready`."""
        local, trunk = self._first.local, self._first
        try:
            async with SipLine.open(
                local.host,
                local.port,
                engine=self._engine,
                advertise=local.advertise or "",
                allow=frozenset(),
                max_calls=MAX_CALLS,
                transport=trunk.transport,
                tls=self._tls,
                refer=self._refer,
                check=self._check,
                session_expires_s=trunk.session_expires_s,
                media_timeout_s=self._media_timeout_s,
                resolver=self._resolver,
            ) as self.line:
                if not ready.done():  # nobody waits any more when a reload was cut off; `close` was called then
                    ready.set_result(None)
                pump = asyncio.create_task(self._take())
                try:
                    await self._close.wait()
                finally:
                    pump.cancel()
        except Exception as error:
            if ready.done():
                raise
            ready.set_exception(error)

    async def _take(self) -> None:
        async for leg in self.line.incoming():
            self._arrived(self, leg)

    def close(self) -> None:
        """End what is left of its calls, and close."""
        self._close.set()

    def admit(self) -> None:
        """Let in who the trunks on it know, from now on."""
        users = {name: secret for member in self.members.values() for name, secret in member.users.items()}
        accounts = {name: member.way.account for member in self.members.values() for name in member.users}
        asking = next((member.trunk for member in self.members.values() if member.users), None)
        if asking is not None and self._gate is None:
            host = self._first.local.advertise or self._first.local.host
            self._gate = Gate(users, host, secrets.token_bytes(32), lambda: secrets.token_hex(8))
        if asking is not None and self._gate is not None:
            self._gate.users, self._gate.algorithms = users, asking.digest
        self.line.admit(self._account_of, self._gate if users else None, accounts)

    def _account_of(self, source: Hop) -> Account | None:
        members = list(self.members.values())
        found = next((member for member in members if member.is_source(source.host)), None)
        found = found or next((member for member in members if member.owns(source.host)), None)
        return found.way.account if found else None


def _tls(trunk: Trunk, loaded: LoadedLine) -> TlsSettings | None:
    tls = trunk.tls
    if tls is None:
        return None
    ca_file, certificate, key = (
        str(loaded.path(name)) if name else "" for name in (tls.ca_file, tls.certificate, tls.key)
    )
    return TlsSettings(ca_file, certificate, key, tls.server_name or "")
