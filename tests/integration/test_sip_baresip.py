"""Calls with baresip, an independent softphone, over UDP, TCP and TLS on 127.0.0.1: both ways, keys, hold, transfer, encrypted audio.

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
from callwright.testing.sipp import CALLEE, permit
from callwright.testing.talk import Talk, until

pytestmark = [pytest.mark.integration, pytest.mark.skipif(bool(missing("cons")), reason=missing("cons") or "-")]

PHONE_HZ = 600
MODULES = ("g711", "srtp")


@asynccontextmanager
async def both(folder: Path) -> AsyncIterator[tuple[Baresip, SipLine]]:
    """The telephone and a line with real audio, over UDP."""
    async with (
        asyncio.timeout(60),
        baresip(folder, modules=MODULES, hz=PHONE_HZ) as phone,
        RtpEngine.start() as engine,
        SipLine.open(address(), engine=engine) as line,
    ):
        await phone.work()
        yield phone, line


async def next_call(line: SipLine) -> SipIncomingLeg:
    async for leg in line.incoming():
        return leg
    raise AssertionError("the line is closed")


@pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])
def test_a_call_with_hold_and_resume(tmp_path: Path, transport: str) -> None:
    async def run() -> None:
        seen = []
        async with asyncio.timeout(40), baresip(tmp_path, transport) as phone:
            tls = TlsSettings(ca_file=str(tmp_path / "cert.pem")) if transport == "tls" else None
            engine = FakeMediaEngine()
            async with SipLine.open(address(), engine=engine, transport=transport, tls=tls) as line:  # type: ignore[arg-type]
                leg = await line.place(phone.order())
                async for event in leg.events():
                    seen.append(event)
                    if isinstance(event, LegAnswered):
                        await leg.hold()
                        await leg.resume_call()
                        await leg.hangup()
        assert isinstance(seen[-1], LegEnded)
        assert (seen[-1].cause, seen[-1].by) == ("bye", "us")
        assert [item[4] for item in engine.streams[0].configured] == ["sendrecv", "sendonly", "sendrecv"]

    asyncio.run(run())


def test_the_phone_is_called_hears_and_is_heard_holds_and_hangs_up(tmp_path: Path) -> None:
    async def run() -> None:
        async with both(tmp_path) as (phone, line), Talk.of(await line.place(phone.order())) as talk:
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


def test_the_phone_calls(tmp_path: Path) -> None:
    async def run() -> None:
        async with both(tmp_path) as (phone, line):
            phone.type(f"/dial sip:robot@{address()}:{line.address[1]}\n")
            leg = await next_call(line)
            assert (leg.caller, leg.called) == (CALLEE, "robot")
            await leg.ring()
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


def test_we_transfer_the_phone(tmp_path: Path) -> None:
    async def run() -> None:
        async with both(tmp_path) as (phone, line), Talk.of(await line.place(phone.order())) as talk:
            await phone.says("Call established")
            codes = []

            async def follow() -> None:
                codes.extend([progress.code async for progress in talk.leg.transfer(target)])

            target = f"sip:colleague@{address()}:{line.address[1]}"
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


def test_the_phone_transfers_us(tmp_path: Path) -> None:
    async def run() -> None:
        policy = Allow()
        async with (
            asyncio.timeout(60),
            baresip(tmp_path, hz=PHONE_HZ) as phone,
            RtpEngine.start() as engine,
            SipLine.open(address(), engine=engine, refer=policy) as line,
            SipLine.open(address(), engine=engine) as colleague,
            Talk.of(await line.place(phone.order())) as talk,
        ):
            await phone.work()
            await until(lambda: bool(talk.heard.hz))
            target = f"sip:{CALLEE}@{address()}:{colleague.address[1]}"
            phone.type(f"/transfer {target}\n")
            new = await next_call(colleague)
            await new.answer()
            assert policy.asked == [target]
            async with Talk.of(await policy.new) as ours:
                ended = await talk.ended()  # the telephone hangs up once it hears that it worked
                assert (ended.cause, ended.by) == ("bye", "peer")
                await ours.leg.hangup()

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
