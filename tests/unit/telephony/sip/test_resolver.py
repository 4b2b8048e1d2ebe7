from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable

import pytest

from callwright.errors import LineError
from callwright.telephony.sip.hops import Hop
from callwright.telephony.sip.locate import Place
from callwright.telephony.sip.resolver import Resolver
from callwright.testing.dns_server import FakeDns, fake_dns

ZONE = {
    ("NAPTR", "trunk.test"): ['10 10 "s" "SIP+D2U" "" _sip._udp.trunk.test.'],
    ("SRV", "_sip._udp.trunk.test"): ["20 0 5062 b.trunk.test.", "10 0 5061 a.trunk.test."],
    ("A", "a.trunk.test"): ["127.0.0.11"],
    ("A", "b.trunk.test"): ["127.0.0.12"],
}


def run(
    test: Callable[[FakeDns, Resolver, list[float]], Awaitable[None]], ttl: int = 60, timeout_s: float = 5.0
) -> None:
    async def main() -> None:
        now = [0.0]
        async with asyncio.timeout(30), fake_dns(ZONE, ttl) as server:
            await test(server, Resolver([server.address], timeout_s, random.Random(1), lambda: now[0]), now)

    asyncio.run(main())


def test_service_records_lead_to_addresses_and_are_remembered_for_their_time() -> None:
    async def test(server: FakeDns, resolver: Resolver, now: list[float]) -> None:
        for _ in range(3):
            hops = await resolver.hops(Place("trunk.test"), ("UDP",))
            assert hops == (Hop("127.0.0.11", 5061), Hop("127.0.0.12", 5062))
        assert set(server.asked.values()) == {1}
        now[0] = 61.0
        server.records["A", "a.trunk.test"] = ["127.0.0.13"]
        assert (await resolver.hops(Place("trunk.test"), ("UDP",)))[0].host == "127.0.0.13"
        assert set(server.asked.values()) == {2}

    run(test)


def test_what_is_not_there_is_remembered_too() -> None:
    async def test(server: FakeDns, resolver: Resolver, now: list[float]) -> None:
        for _ in range(3):
            with pytest.raises(LineError, match="does not resolve"):
                await resolver.hops(Place("gone.test", 5060), ("UDP",))
        assert server.asked["A", "gone.test"] == 1

    run(test)


def test_a_silent_name_server_costs_bounded_time() -> None:
    async def test(server: FakeDns, resolver: Resolver, now: list[float]) -> None:
        server.deaf = True
        for _ in range(2):
            with pytest.raises(LineError, match="does not resolve"):
                await resolver.hops(Place("trunk.test"), ("UDP",))
        assert resolver.asked == 1  # one question shows that nobody answers
        server.deaf, now[0] = False, 31.0
        assert (await resolver.hops(Place("trunk.test"), ("UDP",)))[0].host == "127.0.0.11"

    run(test, timeout_s=0.3)


def test_names_of_this_machine_need_no_dns() -> None:
    async def test(server: FakeDns, resolver: Resolver, now: list[float]) -> None:
        assert await resolver.hops(Place("localhost"), ("UDP",)) == (Hop("127.0.0.1", 5060),)
        assert not server.asked

    run(test)
