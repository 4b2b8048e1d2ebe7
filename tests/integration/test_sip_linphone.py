"""Calls with linphone, an independent softphone, on 127.0.0.1: both ways, keys, hold by either side, encrypted audio over TLS.

Over UDP each runs directly and once more over a network that loses, repeats and reorders a tenth of SIP, RTP and RTCP (`road`).
Attended transfers: test_sip_linphone_transfer.py.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from callwright.telephony.rtp.engine import RtpEngine
from callwright.telephony.sip.driver import SipLine
from callwright.telephony.sip.leg import SipIncomingLeg
from callwright.telephony.sip.tls import TlsSettings
from callwright.testing.certificates import certificate
from callwright.testing.linphone import Linphone, linphone, missing
from callwright.testing.road import ROADS, Road
from callwright.testing.sipp import HOST
from callwright.testing.talk import Talk, until

pytestmark = [pytest.mark.integration, pytest.mark.skipif(bool(missing()), reason=missing() or "-")]

PHONE_HZ = 600

on_both_roads = pytest.mark.parametrize("kind", ROADS)


@asynccontextmanager
async def both(
    folder: Path, road: Road, line: dict[str, Any] | None = None, **phone: Any
) -> AsyncIterator[tuple[Linphone, SipLine]]:
    """The telephone and a line with real audio."""
    async with (
        asyncio.timeout(120),
        linphone(folder, hz=PHONE_HZ, **phone) as made,
        RtpEngine.start() as engine,
        road.line(engine, **(line or {})) as ours,
    ):
        yield made, ours
    if not line:
        road.check()


async def next_call(line: SipLine) -> SipIncomingLeg:
    async for leg in line.incoming():
        return leg
    raise AssertionError("the line is closed")


def heard_again(talk: Talk) -> bool:
    return talk.heard.hz == PHONE_HZ


@on_both_roads
def test_the_phone_is_called_keys_hold_by_either_side_and_reports(tmp_path: Path, kind: str) -> None:
    async def run() -> None:
        road = Road(kind, seed="called")
        async with (
            both(tmp_path, road) as (phone, line),
            Talk.of(await line.place(await road.order(line, phone.port))) as talk,
        ):
            call = await phone.state("StreamsRunning")
            await phone.play(call)
            await until(lambda: heard_again(talk))
            talk.leg.send_keys("18#")
            for key in "18#":
                await phone.event("receiving-tone", f"Tone: {key}")
            await phone.do("dtmf 5")
            await until(lambda: talk.keys == "5")
            await phone.do(f"call-pause {call}")
            await until(lambda: talk.held)
            await phone.state("Paused")
            await phone.do(f"call-resume {call}")
            await until(lambda: not talk.held)
            await phone.state("StreamsRunning")
            await talk.leg.hold()
            await phone.state("PausedByRemote")
            await talk.leg.resume_call()
            await phone.state("StreamsRunning")
            await phone.play(call)
            talk.heard.hz = 0
            await until(lambda: heard_again(talk))
            media = talk.leg.media
            assert media is not None
            await until(lambda: media.stats.far_reports > 0)  # its report by RTCP: it got our audio
            assert media.stats.far_loss < 0.5
            await phone.do(f"terminate {call}")
            assert (await talk.ended()).by == "peer"

    asyncio.run(run())


@on_both_roads
def test_the_phone_calls(tmp_path: Path, kind: str) -> None:
    async def run() -> None:
        road = Road(kind, seed="calls")
        async with both(tmp_path, road) as (phone, line):
            call = await phone.call(road.ours(line))
            leg = await next_call(line)
            assert leg.called == "robot"
            await leg.ring()
            if not road.lossy:  # nobody repeats a lost 180
                await phone.state("OutgoingRinging")
            await leg.answer()
            async with Talk.of(leg) as talk:
                assert await phone.state("StreamsRunning") == call
                await phone.play(call)
                await until(lambda: heard_again(talk))
                await leg.hangup()
                assert (await talk.ended()).by == "us"
            await phone.state("End")

    asyncio.run(run())


@on_both_roads
def test_keys_by_info(tmp_path: Path, kind: str) -> None:
    async def run() -> None:
        road = Road(kind, seed="keys")
        async with (
            both(tmp_path, road, keys="info") as (phone, line),
            Talk.of(await line.place(await road.order(line, phone.port))) as talk,
        ):
            await phone.state("StreamsRunning")
            for key in "7*":
                await phone.do(f"dtmf {key}")
            await until(lambda: talk.keys == "7*")
            assert sum(rung.line.startswith("INFO") and not rung.again for rung in talk.leg.ladder) == 2

    asyncio.run(run())


@on_both_roads
def test_refused_and_given_up(tmp_path: Path, kind: str) -> None:
    async def run() -> None:
        road = Road(kind, seed="refused")
        async with both(tmp_path, road, auto_answer=False) as (phone, line):
            leg = await line.place(await road.order(line, phone.port))
            async with Talk.of(leg) as talk:
                call = await phone.state("IncomingReceived")
                await phone.do(f"terminate {call}")
                assert (await talk.ended()).cause == "rejected"
            leg = await line.place(await road.order(line, phone.port, "attempt-2", ring_timeout_s=2.0))
            async with Talk.of(leg) as talk:
                await phone.state("IncomingReceived")
                assert (await talk.ended()).cause == "no_answer"
                await phone.state("End")

    asyncio.run(run())


def test_encrypted_over_tls_called_by_the_phone(tmp_path: Path) -> None:
    async def run() -> None:
        certificate(tmp_path, HOST)
        tls = TlsSettings(certificate=str(tmp_path / "cert.pem"), key=str(tmp_path / "key.pem"))
        secured = {"transport": "tls", "tls": tls, "srtp": "required"}
        async with both(tmp_path, Road("direct"), secured, transport="tls", encryption="srtp") as (phone, line):
            call = await phone.call(f"sip:robot@{HOST}:{line.address[1]};transport=tls")
            leg = await next_call(line)
            await leg.answer()
            async with Talk.of(leg) as talk:
                await phone.state("StreamsRunning")
                await phone.play(call)
                await until(lambda: heard_again(talk))
                talk.leg.send_keys("3")
                await phone.event("receiving-tone", "Tone: 3")
                await phone.do("dtmf 4")
                await until(lambda: talk.keys == "4")
                await phone.do(f"call-pause {call}")
                await until(lambda: talk.held)
                await phone.state("Paused")
                await phone.do(f"call-resume {call}")
                await phone.state("StreamsRunning")
                await phone.play(call)
                talk.heard.hz = 0
                await until(lambda: heard_again(talk))
                await leg.hangup()

    asyncio.run(run())
