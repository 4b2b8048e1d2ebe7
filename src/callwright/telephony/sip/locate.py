"""Where a SIP server is (RFC 3263): which DNS questions to ask, and in which order to try what comes back. Pure: no socket, no clock.

`locate` is a generator: it yields a Question, is sent the records found (empty = none), and returns the hops in order.
"""

from __future__ import annotations

import ipaddress
import random
from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from callwright.errors import LineError
from callwright.telephony.sip.fields import Uri
from callwright.telephony.sip.hops import Hop, Transport

__all__ = ["MAX_HOPS", "Naptr", "Place", "Question", "Record", "Srv", "locate", "place_of", "srv_order"]

MAX_HOPS = 10
MAX_SERVERS = 8

Kind = Literal["NAPTR", "SRV", "ADDRESS"]
_SERVICES: dict[str, Transport] = {"sip+d2u": "UDP", "sip+d2t": "TCP", "sips+d2t": "TLS"}
_SRV_NAMES: dict[Transport, str] = {"UDP": "_sip._udp.", "TCP": "_sip._tcp.", "TLS": "_sips._tcp."}


@dataclass(frozen=True, slots=True)
class Place:
    """What is looked for: a host (name or IP address); port and transport None = DNS may say."""

    host: str
    port: int | None = None
    transport: Transport | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """kind ADDRESS asks for IP addresses of the family the line speaks."""

    kind: Kind
    name: str


@dataclass(frozen=True, slots=True)
class Naptr:
    order: int
    preference: int
    flags: str
    service: str
    replacement: str


@dataclass(frozen=True, slots=True)
class Srv:
    priority: int
    weight: int
    port: int
    host: str


Record = Naptr | Srv | str
Search = Generator[Question, Sequence[Record], tuple[Hop, ...]]


def place_of(uri: Uri) -> Place:
    """What a URI leads to; a `maddr` goes before its host (RFC 3261 section 19.1.1)."""
    parameters = dict(uri.parameters)
    wanted = (parameters.get("transport") or "").upper()
    transport: Transport | None = "TLS" if uri.scheme == "sips" else next((t for t in _SRV_NAMES if t == wanted), None)
    return Place(parameters.get("maddr") or uri.host, uri.port, transport)


def locate(place: Place, transports: Sequence[Transport], rng: random.Random) -> Search:
    """The hops to try, best first, at most ten; transports: those the line can use, preferred first.

    Raises:
        LineError: the place can only be reached over another transport, or nothing was found. Names are in the text, numbers never.
    """
    if place.transport is not None and place.transport not in transports:
        raise LineError(
            f"{place.host} is to be reached over {place.transport}, the line speaks {' and '.join(transports)}"
        )
    way = place.transport or transports[0]
    if _is_address(place.host):
        return (Hop(place.host, place.port or _default_port(way), way),)
    if place.port is not None:
        return _found(place, (yield from _addresses(place.host, place.port, way)))
    if "." in place.host:  # a name without a dot is of this machine or network: DNS has no service records for it
        servers = yield from _servers(place, transports)
        if servers is not None:
            hops: list[Hop] = []
            for transport, records in servers:
                for record in srv_order(records, rng)[:MAX_SERVERS]:
                    hops += yield from _addresses(record.host, record.port, transport)
            return _found(place, hops)
    return _found(place, (yield from _addresses(place.host, _default_port(way), way)))


def srv_order(records: Iterable[Srv], rng: random.Random) -> list[Srv]:
    """By priority; within one, drawn by weight, the small ones last but never left out (RFC 2782)."""
    ordered: list[Srv] = []
    by_priority: dict[int, list[Srv]] = {}
    for record in records:
        by_priority.setdefault(record.priority, []).append(record)
    for _, group in sorted(by_priority.items()):
        left = sorted(group, key=lambda record: (record.weight, record.host, record.port))
        while left:
            mark, total = rng.randint(0, sum(record.weight for record in left)), 0
            for record in left:
                total += record.weight
                if total >= mark:
                    break
            left.remove(record)
            ordered.append(record)
    return ordered


def _servers(
    place: Place, transports: Sequence[Transport]
) -> Generator[Question, Sequence[Record], list[tuple[Transport, list[Srv]]] | None]:
    """SRV records by transport, best first (sections 4.1, 4.2); None = the domain has none: its own address is the server."""
    names: list[tuple[Transport, str]] = []
    if place.transport is None:
        found = yield Question("NAPTR", place.host)
        offered = sorted(
            (record for record in found if isinstance(record, Naptr) and record.service.lower() in _SERVICES),
            key=lambda record: (record.order, record.preference),
        )
        names = [
            (_SERVICES[record.service.lower()], record.replacement)
            for record in offered
            if record.flags.lower() == "s" and _SERVICES[record.service.lower()] in transports
        ]
        if offered and not names:
            offers = ", ".join(sorted({_SERVICES[record.service.lower()] for record in offered}))
            raise LineError(f"{place.host} offers SIP over {offers} only, the line speaks {' and '.join(transports)}")
    if not names:
        wanted = [place.transport] if place.transport is not None else list(transports)
        names = [(transport, f"{_SRV_NAMES[transport]}{place.host}") for transport in wanted]
    servers: list[tuple[Transport, list[Srv]]] = []
    seen = False
    for transport, name in names[:MAX_SERVERS]:
        records = [record for record in (yield Question("SRV", name)) if isinstance(record, Srv)]
        seen = seen or bool(records)
        offering = [record for record in records if record.host.rstrip(".") and 0 < record.port < 65536]
        if offering:
            servers.append((transport, offering))
    if seen and not servers:
        raise LineError(f"{place.host} says that it offers no SIP")  # a target of `.` (RFC 2782)
    return servers or None


def _addresses(host: str, port: int, transport: Transport) -> Generator[Question, Sequence[Record], list[Hop]]:
    if _is_address(host):
        return [Hop(host, port, transport)]
    found = yield Question("ADDRESS", host.rstrip("."))
    return [Hop(address, port, transport) for address in found if isinstance(address, str)]


def _found(place: Place, hops: Sequence[Hop]) -> tuple[Hop, ...]:
    unique = tuple(dict.fromkeys(hops))[:MAX_HOPS]
    if not unique:
        raise LineError(f"{place.host} does not resolve: check the name, and that DNS can be reached")
    return unique


def _default_port(transport: Transport) -> int:
    return 5061 if transport == "TLS" else 5060


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
