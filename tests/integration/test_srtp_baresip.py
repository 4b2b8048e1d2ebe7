"""Encrypted audio with baresip, over UDP and TLS, called and calling: its tone is in our frames, ours in its file."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest

from callwright.telephony.port import Frame, Leg, LegAnswered, LegEnded, LegRejected
from callwright.telephony.rtp.engine import RtpEngine
from callwright.telephony.rtp.g711 import encode
from callwright.telephony.rtp.stream import RtpStream
from callwright.telephony.sip.driver import SipLine
from callwright.telephony.sip.leg import SipLeg
from callwright.telephony.sip.tls import TlsSettings
from callwright.telephony.wire_audio import SrtpPolicy
from callwright.testing.baresip import Baresip, address, baresip, missing, strength
from callwright.testing.certificates import certificate

pytestmark = [pytest.mark.integration, pytest.mark.skipif(bool(missing("srtp")), reason=missing("srtp") or "-")]

MODULES = ("g711", "srtp")
MANDATORY, OPTIONAL = ";mediaenc=srtp-mand", ";mediaenc=srtp"


class Conversation:
    """Plays a tone of 600 Hz on an answered leg and listens for two seconds."""

    def __init__(self) -> None:
        self.frames: list[Frame] = []
        self.ended: list[LegEnded] = []
        self.rejected: list[int] = []
        self.encrypted: bool | None = None
        self.garbage = -1
        self._enough = asyncio.Event()

    def _take(self, frame: Frame) -> None:
        self.frames.append(frame)
        if len(self.frames) >= 100:
            self._enough.set()

    async def hold(self, leg: Leg, *, held: bool = False) -> None:
        async for event in leg.events():
            if isinstance(event, LegRejected):
                self.rejected.append(event.code)
            if isinstance(event, LegEnded):
                self.ended.append(event)
            if isinstance(event, LegAnswered):
                assert isinstance(leg.media, RtpStream)
                said = (8_000 * np.sin(2 * np.pi * 600 * np.arange(10 * 8_000) / 8_000)).astype(np.int16)
                leg.media.listen(self._take, lambda _digit: None)
                leg.media.play(encode(said, leg.media.codec), "tone")
                if held:
                    assert isinstance(leg, SipLeg)
                    await leg.hold()
                    await leg.resume_call()
                    self.frames.clear()
                await self._enough.wait()
                self.encrypted = leg.media.session.wire.srtp is not None
                self.garbage = leg.media.stats.garbage
                await leg.hangup()

    def assert_heard(self) -> None:
        pcm = np.concatenate([frame.pcm for frame in self.frames[-60:-10]])
        assert strength(pcm, 1000, 8000) > 0.8  # garbage has none; a busy machine conceals a frame


@asynccontextmanager
async def line(folder: Path, engine: RtpEngine, transport: str, srtp: SrtpPolicy) -> AsyncIterator[SipLine]:
    tls = TlsSettings(ca_file=str(folder / "cert.pem")) if transport == "tls" else None
    opened = SipLine.open(address(), engine=engine, transport=transport, tls=tls, srtp=srtp)  # type: ignore[arg-type]
    async with opened as made:
        yield made


async def assert_it_heard(phone: Baresip) -> None:
    theirs = await phone.heard()
    assert strength(theirs[-12_000:-4_000], 600, 8000) > 0.9, phone.output


@pytest.mark.parametrize(
    ("transport", "policy", "account", "encrypted"),
    [
        ("tls", "required", MANDATORY, True),
        ("udp", "required", MANDATORY, True),
        ("udp", "optional", OPTIONAL, True),
        ("udp", "optional", "", False),
    ],
)
def test_calling_it(tmp_path: Path, transport: str, policy: SrtpPolicy, account: str, encrypted: bool) -> None:
    async def run() -> Conversation:
        talk = Conversation()
        async with (
            asyncio.timeout(40),
            RtpEngine.start() as engine,
            baresip(tmp_path, transport, modules=MODULES, account=account) as phone,
        ):
            async with line(tmp_path, engine, transport, policy) as ours:
                await talk.hold(await ours.place(phone.order()))
            await assert_it_heard(phone)
        return talk

    talk = asyncio.run(run())
    assert [(end.cause, end.by) for end in talk.ended] == [("bye", "us")]
    assert talk.encrypted == encrypted
    assert talk.garbage < 10  # it speaks before its answer with the keys is there
    talk.assert_heard()


def test_hold_and_resume(tmp_path: Path) -> None:
    async def run() -> Conversation:
        talk = Conversation()
        async with (
            asyncio.timeout(40),
            RtpEngine.start() as engine,
            baresip(tmp_path, modules=MODULES, account=MANDATORY) as phone,
        ):
            async with line(tmp_path, engine, "udp", "required") as ours:
                await talk.hold(await ours.place(phone.order()), held=True)
            assert not [line for line in phone.output if "failed to decrypt" in line]  # it keeps no audio after a hold
        return talk

    talk = asyncio.run(run())
    assert talk.encrypted
    talk.assert_heard()


@pytest.mark.parametrize(("policy", "account"), [("required", ""), ("off", MANDATORY)])
def test_one_side_insists(tmp_path: Path, policy: SrtpPolicy, account: str) -> None:
    """Nobody speaks in the clear with somebody who wants it encrypted."""

    async def run() -> Conversation:
        talk = Conversation()
        async with (
            asyncio.timeout(40),
            RtpEngine.start() as engine,
            baresip(tmp_path, modules=MODULES, account=account) as phone,
            line(tmp_path, engine, "udp", policy) as ours,
        ):
            await talk.hold(await ours.place(phone.order()))
        return talk

    talk = asyncio.run(run())
    assert talk.frames == []
    assert talk.rejected == [488] or talk.ended[0].cause in ("rejected", "protocol_error")


@pytest.mark.parametrize(
    ("transport", "policy", "account"),
    [("udp", "required", MANDATORY), ("udp", "optional", OPTIONAL), ("tls", "required", MANDATORY)],
)
def test_being_called(tmp_path: Path, transport: str, policy: SrtpPolicy, account: str) -> None:
    (tmp_path / "ours").mkdir()
    certificate(tmp_path / "ours", address())

    async def run() -> Conversation:
        talk = Conversation()
        shown = TlsSettings(certificate=str(tmp_path / "ours" / "cert.pem"), key=str(tmp_path / "ours" / "key.pem"))
        tls = shown if transport == "tls" else None
        async with asyncio.timeout(40), RtpEngine.start() as engine:
            opened = SipLine.open(address(), engine=engine, transport=transport, tls=tls, srtp=policy)  # type: ignore[arg-type]
            async with opened as ours:
                to = f"sip:100@{address()}:{ours.address[1]};transport={transport}"
                async with baresip(tmp_path, transport, modules=MODULES, account=account, dial=to) as phone:
                    async for leg in ours.incoming():
                        await leg.answer()
                        await talk.hold(leg)
                        break
                    await assert_it_heard(phone)
        return talk

    talk = asyncio.run(run())
    assert (talk.encrypted, talk.garbage < 10) == (True, True)
    talk.assert_heard()
