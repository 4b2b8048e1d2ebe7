"""Trunks over sockets of 127.0.0.1, where no peer has to answer: whose fault a failure is, drain, closing while reloading."""

from __future__ import annotations

import asyncio
import random
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
import yaml

from callwright.errors import LineError
from callwright.telephony.port import DialOrder
from callwright.telephony.sip.driver import SipLine
from callwright.telephony.sip.leg import SipLeg
from callwright.telephony.sip.resolver import Resolver
from callwright.telephony.trunks.driver import Trunks
from callwright.telephony.trunks.loader import LoadedLine, loads_line
from callwright.testing.media import FakeMediaEngine, FakeMediaStream
from callwright.testing.sipp import CALLER, HOST, free_port, order


class Engine(FakeMediaEngine):
    """A fake engine whose ports may run out."""

    full = False

    async def open(self, host: str) -> FakeMediaStream:
        if self.full:
            raise LineError("no audio port is free")
        return await super().open(host)


def line(port: int, **changes: Any) -> LoadedLine:
    plain = {"name": "a", "proxy": f"sip:{HOST}:{port}", "local": {"host": HOST}, "numbers": [CALLER]}
    limits = {"calls_per_second": 100}
    item = {**plain, "limits": limits, "options_s": 0, "no_reply_s": 10, **changes}
    return loads_line(yaml.safe_dump({"format": "line/1", "trunks": [item]}), folder=Path())


@asynccontextmanager
async def opened(
    loaded: LoadedLine, engine: FakeMediaEngine | None = None, resolver: Resolver | None = None
) -> AsyncIterator[Trunks]:
    async with (
        asyncio.timeout(30),
        Trunks.open(loaded, engine or FakeMediaEngine(), rng=random.Random(1), resolver=resolver) as trunks,
    ):
        yield trunks


def known(trunks: Trunks) -> Any:
    return trunks.until(lambda all_of: all("looked up" not in status.why for status in all_of.values()))


def dial(**changes: Any) -> DialOrder:
    return replace(order(1), **{"target": "", **changes})


@pytest.mark.parametrize("full", [True, False])
def test_our_own_faults_open_no_breaker(full: bool) -> None:
    """No audio port left, or an order that cannot be dialled at all: the trunk has not failed."""

    async def main() -> None:
        engine = Engine()
        breaker = {"failures": 1, "window_s": 10, "rest_s": 60}
        async with opened(line(free_port(), breaker=breaker), engine) as trunks:
            await known(trunks)
            engine.full = full
            bad = dial() if full else dial(headers=(("Via", "x"),))
            for _ in range(2):
                with pytest.raises(LineError, match="audio port" if full else "Via"):
                    await trunks.place(bad)
            assert [(status.breaker, status.usable) for status in trunks.status()] == [("closed", True)]

    asyncio.run(main())


def test_a_proxy_that_cannot_be_connected_to_does() -> None:
    async def main() -> None:
        breaker = {"failures": 1, "window_s": 10, "rest_s": 60}
        loaded = line(free_port(), proxy=f"sip:{HOST}:{free_port()};transport=tcp", breaker=breaker)
        async with opened(loaded) as trunks:
            await known(trunks)
            with pytest.raises(LineError, match="cannot connect"):
                await trunks.place(dial())
            assert [status.breaker for status in trunks.status()] == ["open"]

    asyncio.run(main())


@pytest.mark.parametrize("how", ["drain", "rest"])
def test_while_draining_or_resting_the_proxy_is_answered_503(how: str) -> None:
    """Known by the address of its proxy, not by `sources`: silence would let its callers wait."""

    async def main() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
            peer.setblocking(False)
            peer.bind((HOST, 0))
            port = free_port()
            loaded = line(peer.getsockname()[1], local={"host": HOST, "port": port})
            async with opened(loaded) as trunks:
                await known(trunks)
                if how == "drain":
                    trunks.drain()
                else:
                    trunks.rest(True)
                here = f"{HOST}:{peer.getsockname()[1]}"
                text = (
                    f"INVITE sip:100@{HOST} SIP/2.0\r\nVia: SIP/2.0/UDP {here};branch=z9hG4bK1\r\nFrom: <sip:1@h>;tag=1\r\n"
                    f"To: <sip:100@{HOST}>\r\nCall-ID: i\r\nCSeq: 1 INVITE\r\nContact: <sip:1@{here}>\r\nContent-Length: 0\r\n\r\n"
                )
                loop = asyncio.get_running_loop()
                await loop.sock_sendto(peer, text.encode(), (HOST, port))
                async with asyncio.timeout(5):
                    assert (await loop.sock_recv(peer, 4_000)).startswith(b"SIP/2.0 503")

    asyncio.run(main())


def test_closing_while_a_reload_opens_sockets_leaves_none_behind() -> None:
    async def main() -> None:
        async with opened(line(free_port())) as trunks:
            port = free_port()
            reload = asyncio.ensure_future(trunks.reload(line(free_port(), local={"host": HOST, "port": port})))
            await asyncio.sleep(0)
            await trunks.aclose()
            with pytest.raises(LineError, match="closed"):
                await reload
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
            free.bind((HOST, port))

    asyncio.run(main())


def test_a_cancelled_reload_leaves_no_socket_behind() -> None:
    async def main() -> None:
        async with opened(line(free_port())) as trunks:
            port = free_port()
            reload = asyncio.ensure_future(trunks.reload(line(free_port(), local={"host": HOST, "port": port})))
            await asyncio.sleep(0)
            reload.cancel()
            with pytest.raises(asyncio.CancelledError):
                await reload
            assert [status.name for status in trunks.status()] == ["a"]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
            free.bind((HOST, port))

    asyncio.run(main())


def test_the_call_of_a_transfer_is_waited_for_too() -> None:
    async def main() -> None:
        async with SipLine.open(HOST, engine=FakeMediaEngine()) as peer, opened(line(peer.address[1])) as trunks:
            await known(trunks)
            placed = await trunks._place_referred(cast("SipLeg", None), dial(), ())
            trunks.drain()
            waiting = asyncio.ensure_future(trunks.drained(20))
            await (await anext(peer.incoming())).reject(486)
            await placed.ended()
            assert await waiting == 0

            assert not trunks._legs

    asyncio.run(main())


def test_the_call_of_a_transfer_is_hung_up_when_time_is_over() -> None:
    async def main() -> None:
        async with SipLine.open(HOST, engine=FakeMediaEngine()) as peer, opened(line(peer.address[1])) as trunks:
            await known(trunks)
            placed = await trunks._place_referred(cast("SipLeg", None), dial(), ())
            await (await anext(peer.incoming())).ring()
            trunks.drain()
            assert await trunks.drained(0) == 1
            await placed.ended()

    asyncio.run(main())
