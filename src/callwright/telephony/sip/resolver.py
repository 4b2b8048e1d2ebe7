"""The rim of `locate`: asks DNS (dnspython, asynchronously, with bounded time), and remembers what it said for as long as it may.

Names that DNS does not know are asked of the system too (hosts file). What cannot be asked is as if it were not there; name servers that
do not answer are left alone for a while.
"""

from __future__ import annotations

import asyncio
import logging
import random
import socket
from collections import OrderedDict
from collections.abc import Callable, Sequence

import dns.asyncresolver
import dns.exception
import dns.name
import dns.rdatatype
import dns.resolver

from callwright.errors import LineError
from callwright.telephony.sip.hops import Hop, Transport
from callwright.telephony.sip.locate import Naptr, Place, Question, Record, Srv, locate

__all__ = ["Resolver"]

log = logging.getLogger(__name__)

TIMEOUT_S = 2.0
WHOLE_S = 6.0
NOTHING_S = 30.0
DEAF_S = 5.0
LEAST_S = 1.0
LONGEST_S = 3_600.0
MAX_CACHED = 2_000


class Resolver:
    """servers: (ip, port) of name servers, None = those of the system; timeout_s: for one question, over all servers.

    One resolver may serve many lines. `clock` gives seconds.
    """

    def __init__(
        self,
        servers: Sequence[tuple[str, int]] | None = None,
        timeout_s: float = TIMEOUT_S,
        rng: random.Random | None = None,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self._timeout_s = timeout_s
        self._rng = rng or random.Random()
        self._clock = clock or (lambda: asyncio.get_running_loop().time())
        self._cache: OrderedDict[tuple[str, str, int], tuple[float, tuple[Record, ...]]] = OrderedDict()
        self._dns = _dns(servers)
        self._deaf_until = float("-inf")
        self.asked = 0

    async def hops(
        self, place: Place, transports: Sequence[Transport], family: int = socket.AF_INET
    ) -> tuple[Hop, ...]:
        """Where to try, best first. Raises LineError: see `locate`; also when DNS took too long altogether."""
        search = locate(place, transports, self._rng)
        try:
            async with asyncio.timeout(WHOLE_S):
                question = next(search)
                while True:
                    question = search.send(await self._ask(question, family))
        except StopIteration as end:
            found: tuple[Hop, ...] = end.value
            return found
        except TimeoutError:
            raise LineError(f"{place.host} does not resolve: DNS did not answer in time") from None

    async def _ask(self, question: Question, family: int) -> tuple[Record, ...]:
        key = (question.kind, question.name.lower(), family)
        known = self._cache.get(key)
        if known is not None and self._clock() < known[0]:
            self._cache.move_to_end(key)
            return known[1]
        lasts_s, records = await self._look_up(question, family)
        self._cache[key] = (self._clock() + min(max(lasts_s, LEAST_S), LONGEST_S), records)
        self._cache.move_to_end(key)
        while len(self._cache) > MAX_CACHED:
            self._cache.popitem(last=False)
        return records

    async def _look_up(self, question: Question, family: int) -> tuple[float, tuple[Record, ...]]:
        """(seconds it may be remembered, records)."""
        kind = question.kind if question.kind != "ADDRESS" else "AAAA" if family == socket.AF_INET6 else "A"
        lasts_s = NOTHING_S
        records: tuple[Record, ...] = ()
        if self._clock() < self._deaf_until:
            lasts_s = LEAST_S
        elif self._dns is not None and "." in question.name:
            lasts_s, records = await self._of_dns(self._dns, question.name, kind)
        if not records and question.kind == "ADDRESS":
            records = await self._of_system(question.name, family)
        return lasts_s, records

    async def _of_dns(
        self, resolver: dns.asyncresolver.Resolver, name: str, kind: str
    ) -> tuple[float, tuple[Record, ...]]:
        self.asked += 1
        try:
            absolute = dns.name.from_text(name if name.endswith(".") else f"{name}.")
            answer = await resolver.resolve(absolute, kind, lifetime=self._timeout_s, raise_on_no_answer=False)
        except (dns.exception.DNSException, OSError, UnicodeError, ValueError) as error:
            if isinstance(error, dns.exception.Timeout | dns.resolver.NoNameservers):
                self._deaf_until = self._clock() + DEAF_S  # not once more for every question of the same search
            if not isinstance(error, dns.resolver.NXDOMAIN):
                log.warning("sip: DNS has no answer about %s %s: %s", kind, name, type(error).__name__)
            return NOTHING_S, ()
        if answer.rrset is None:
            return NOTHING_S, ()
        return float(answer.rrset.ttl), tuple(_record(item, kind) for item in answer.rrset)

    async def _of_system(self, name: str, family: int) -> tuple[Record, ...]:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._timeout_s):
                found = await loop.getaddrinfo(name, None, family=family, type=socket.SOCK_DGRAM)
        except (OSError, UnicodeError, TimeoutError):
            return ()
        return tuple(dict.fromkeys(str(item[4][0]) for item in found))


def _dns(servers: Sequence[tuple[str, int]] | None) -> dns.asyncresolver.Resolver | None:
    if servers is None:
        try:
            return dns.asyncresolver.Resolver()
        except (dns.resolver.NoResolverConfiguration, OSError):
            return None
    resolver = dns.asyncresolver.Resolver(configure=False)
    resolver.nameservers = [dns.nameserver.Do53Nameserver(host, port) for host, port in servers]
    return resolver


def _record(item: dns.rdata.Rdata, kind: str) -> Record:
    if kind == "NAPTR":
        flags, service = (getattr(item, key).decode("ascii", "replace") for key in ("flags", "service"))
        replacement = str(getattr(item, "replacement")).rstrip(".")  # noqa: B009 -- dnspython types records by name only
        return Naptr(int(getattr(item, "order")), int(getattr(item, "preference")), flags, service, replacement)  # noqa: B009
    if kind == "SRV":
        host = str(getattr(item, "target")).rstrip(".")  # noqa: B009
        priority, weight, port = (int(getattr(item, key)) for key in ("priority", "weight", "port"))
        return Srv(priority, weight, port, host)
    return str(getattr(item, "address"))  # noqa: B009
