"""A fake name server on loopback: answers what it was told, over UDP, and counts what it was asked. For tests."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import cast

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

__all__ = ["FakeDns", "fake_dns"]


class FakeDns(asyncio.DatagramProtocol):
    """records: {("SRV", "_sip._udp.trunk.test"): ["10 5 5060 a.trunk.test."]}; may be changed while it runs. Silent when `deaf`."""

    def __init__(self, records: Mapping[tuple[str, str], Sequence[str]], ttl: int) -> None:
        self.records = dict(records)
        self.ttl = ttl
        self.deaf = False
        self.asked: Counter[tuple[str, str]] = Counter()
        self.address = ("", 0)
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)
        self.address = transport.get_extra_info("sockname")

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        query = dns.message.from_wire(data)
        question = query.question[0]
        kind, name = dns.rdatatype.to_text(question.rdtype), str(question.name).rstrip(".").lower()
        self.asked[kind, name] += 1
        if self.deaf or self._transport is None:
            return
        response = dns.message.make_response(query)
        response.flags |= dns.flags.RA
        texts = self.records.get((kind, name))
        if texts:
            response.answer.append(dns.rrset.from_text(question.name, self.ttl, "IN", kind, *texts))
        elif not any(known == name for _, known in self.records):
            response.set_rcode(dns.rcode.NXDOMAIN)
        self._transport.sendto(response.to_wire(), addr)


@asynccontextmanager
async def fake_dns(records: Mapping[tuple[str, str], Sequence[str]], ttl: int = 60) -> AsyncIterator[FakeDns]:
    """The server, running on a free port of 127.0.0.1."""
    server = FakeDns(records, ttl)
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(lambda: server, ("127.0.0.1", 0))
    try:
        yield server
    finally:
        transport.close()
