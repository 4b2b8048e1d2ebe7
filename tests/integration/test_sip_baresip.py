"""Calls with baresip, an independent softphone, over UDP, TCP and TLS: both ways, keys, hold, transfer, encrypted audio.

Over UDP each runs directly and once more over a network that loses, repeats and reorders a tenth of SIP, RTP and RTCP (`road`).

baresip 1.0 sends no keys by INFO and cannot transfer to a call it holds (attended transfer): see test_sip_linphone.py.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from callwright.telephony.port import DialOrder, LegAnswered, LegEnded
from callwright.telephony.rtp.engine import RtpEngine
from callwright.telephony.sip.driver import SipLine
from callwright.telephony.sip.leg import SipIncomingLeg, SipLeg
from callwright.telephony.sip.refer import Referred
from callwright.telephony.sip.tls import TlsSettings
from callwright.testing.baresip import Baresip, address, baresip, missing
from callwright.testing.media import FakeMediaEngine
from callwright.testing.road import ROADS, Road
from callwright.testing.sipp import CALLEE, permit
from callwright.testing.talk import Talk, until

pytestmark = [pytest.mark.integration, pytest.mark.skipif(bool(missing("cons")), reason=missing("cons") or "-")]

PHONE_HZ = 600
MODULES = ("g711", "srtp")
LIMIT_S = 120  # over the lossy network a request may be repeated for half a minute

on_both_roads = pytest.mark.parametrize("kind", ROADS)


@asynccontextmanager
async def both(folder: Path, kind: str, seed: str) -> AsyncIterator[tuple[Baresip, SipLine, Road]]:
    """The telephone and a line with real audio, over UDP, and the road between them."""
    road = Road(kind, address(), seed)
    async with (
        asyncio.timeout(LIMIT_S),
        baresip(folder, modules=MODULES, hz=PHONE_HZ) as phone,
        RtpEngine.start() as engine,
        road.line(engine) as line,
    ):
        await phone.work()
        yield phone, line, road
    road.check()


async def next_call(line: SipLine) -> SipIncomingLeg:
    async for leg in line.incoming():
        return leg
    raise AssertionError("the line is closed")


@pytest.mark.parametrize(
    ("transport", "kind"), [("udp", "direct"), ("udp", "lossy"), ("tcp", "direct"), ("tls", "direct")]
)
def test_a_call_with_hold_and_resume(tmp_path: Path, transport: str, kind: str) -> None:
    async def run() -> None:
        seen = []
        road = Road(kind, address(), "hold")
        async with asyncio.timeout(LIMIT_S), baresip(tmp_path, transport) as phone:
            tls = TlsSettings(ca_file=str(tmp_path / "cert.pem")) if transport == "tls" else None
            engine = FakeMediaEngine()
            async with road.line(engine, transport=transport, tls=tls) as line:
                leg = await line.place(await road.order(line, phone.port))
                async for event in leg.events():
                    seen.append(event)
                    if isinstance(event, LegAnswered):
                        await leg.hold()
                        await leg.resume_call()
                        await leg.hangup()
        assert isinstance(seen[-1], LegEnded)
        assert (seen[-1].cause, seen[-1].by) == ("bye", "us")
        assert [item[4] for item in engine.streams[0].configured] == ["sendrecv", "sendonly", "sendrecv"]
        if transport == "udp":
            road.check()

    asyncio.run(run())


@on_both_roads
def test_the_phone_is_called_hears_and_is_heard_holds_and_hangs_up(tmp_path: Path, kind: str) -> None:
    async def run() -> None:
        async with (
            both(tmp_path, kind, "called") as (phone, line, road),
            Talk.of(await line.place(await road.order(line, phone.port))) as talk,
        ):
            await phone.says("incoming rtp for 'audio' established")
            await until(lambda: talk.heard.hz == PHONE_HZ)
            assert talk.leg.media is not None
            talk.leg.media.send_dtmf("18#")
            for key in "18#":
                await phone.says(f"received event: '{key}' (end=1)")
            phone.press("5")
            await until(lambda: talk.keys == "5")
            for key in "x", "X", "x", "X":  # hold, resume, and again
                phone.type(key)
                await phone.says("call: hold" if key == "x" else "call: resume")
                await until(lambda wanted=key: talk.held == (wanted == "x"))  # type: ignore[misc]
            talk.heard.hz = 0
            await until(lambda: talk.heard.hz == PHONE_HZ)  # audio again
            await until(lambda: talk.leg.media is not None and talk.leg.media.stats.rtcp_received > 0)
            phone.type("b")
            ended = await talk.ended()
            assert (ended.cause, ended.by) == ("bye", "peer")

    asyncio.run(run())


@on_both_roads
def test_the_phone_calls(tmp_path: Path, kind: str) -> None:
    async def run() -> None:
        async with both(tmp_path, kind, "calls") as (phone, line, road):
            phone.type(f"/dial {road.ours(line)}\n")
            leg = await next_call(line)
            assert (leg.caller, leg.called) == (CALLEE, "robot")
            await leg.ring()
            if not road.lossy:  # nobody repeats a lost 180
                await phone.says("180 Ringing")
            await leg.answer()
            async with Talk.of(leg) as talk:
                await until(lambda: talk.heard.hz == PHONE_HZ)
                await phone.says("incoming rtp for 'audio' established")
                await leg.hangup()
                end = await talk.ended()
                assert (end.cause, end.by) == ("bye", "us"), (
                    "the telephone answers our BYE; its console does not always say so"
                )

    asyncio.run(run())


@on_both_roads
def test_we_transfer_the_phone(tmp_path: Path, kind: str) -> None:
    async def run() -> None:
        async with (
            both(tmp_path, kind, "we transfer") as (phone, line, road),
            Talk.of(await line.place(await road.order(line, phone.port))) as talk,
        ):
            await phone.says("Call established")
            codes = []

            async def follow() -> None:
                codes.extend([progress.code async for progress in talk.leg.transfer(target)])

            target = road.ours(line, "colleague")
            following = asyncio.create_task(follow())
            new = await next_call(line)
            assert (new.caller, new.called) == (CALLEE, "colleague")
            await new.answer()
            await following
            assert codes[0] == 202
            assert codes[-1] == 200
            async with Talk.of(new) as other:
                await until(lambda: other.heard.hz == PHONE_HZ)
                await new.hangup()
            await talk.leg.hangup()

    asyncio.run(run())


class Allow:
    """Lets the telephone transfer, to wherever it wants."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.new: asyncio.Future[SipLeg] = asyncio.get_running_loop().create_future()

    async def allow(self, leg: SipLeg, request: Referred) -> DialOrder | None:
        self.asked.append(request.target)
        return DialOrder(permit(), request.target, "transferred")

    def placed(self, leg: SipLeg, new: SipLeg) -> None:
        self.new.set_result(new)


@on_both_roads
def test_the_phone_transfers_us(tmp_path: Path, kind: str) -> None:
    async def run() -> None:
        policy, road = Allow(), Road(kind, address(), "it transfers")
        async with (
            asyncio.timeout(LIMIT_S),
            baresip(tmp_path, hz=PHONE_HZ) as phone,
            RtpEngine.start() as engine,
            road.line(engine, refer=policy) as line,
            road.line(engine) as colleague,
            Talk.of(await line.place(await road.order(line, phone.port))) as talk,
        ):
            await phone.work()
            await until(lambda: bool(talk.heard.hz))
            target = road.ours(colleague, CALLEE)
            phone.type(f"/transfer {target}\n")
            new = await next_call(colleague)
            await new.answer()
            assert policy.asked == [target]
            async with Talk.of(await policy.new) as ours:
                ended = await talk.ended()  # the telephone hangs up once it hears that it worked
                assert (ended.cause, ended.by) == ("bye", "peer")
                await ours.leg.hangup()
        road.check()

    asyncio.run(run())


def test_encrypted_over_tls(tmp_path: Path) -> None:
    async def run() -> None:
        account = ";mediaenc=srtp-mand"
        async with (
            asyncio.timeout(60),
            baresip(tmp_path, "tls", account=account, modules=MODULES, hz=PHONE_HZ) as phone,
        ):
            await phone.work()
            tls = TlsSettings(ca_file=str(tmp_path / "cert.pem"))
            async with (
                RtpEngine.start() as engine,
                SipLine.open(address(), engine=engine, transport="tls", tls=tls, srtp="required") as line,
                Talk.of(await line.place(phone.order())) as talk,
            ):
                await until(lambda: talk.heard.hz == PHONE_HZ)
                assert talk.leg.media is not None
                talk.leg.media.send_dtmf("3")
                await phone.says("received event: '3' (end=1)")
                phone.press("4")
                await until(lambda: talk.keys == "4")
                await talk.leg.hold()
                await talk.leg.resume_call()
                talk.heard.hz = 0
                await until(lambda: talk.heard.hz == PHONE_HZ)
                await talk.leg.hangup()

    asyncio.run(run())
