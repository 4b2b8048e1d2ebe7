"""The proxy's other sides: phones that register, calls out to trunks, and strangers, who hear nothing. Our own line on every side."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from callwright.compliance.decision import DialFacts, decide
from callwright.telephony.port import DialOrder, LegAnswered, LegDtmf, LegEnded, LegRejected
from callwright.telephony.rtp.engine import RtpEngine
from callwright.telephony.sip.digest import Credentials
from callwright.telephony.sip.driver import SipLine
from callwright.telephony.sip.leg import SipLeg
from callwright.telephony.sip.tls import TlsSettings
from callwright.testing.scaleout import DOMAIN, INSIDE, OUTSIDE, STRANGER, TRUNK, Front, front, missing
from callwright.testing.sipp import free_port
from callwright.testing.talk import until
from callwright.testing.tone import HeardTone, tone

DEPLOY = Path(__file__).resolve().parents[3] / "deploy"
PHONE, ROBOT, PERSON = "+861085550001", "+861085550000", "+8613900000001"
SECRET = "not-to-be-guessed"

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(bool(missing()), reason=f"not installed: {missing()}"),
]


def order(caller: str, callee: str, name: str) -> DialOrder:
    noon = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
    facts = DialFacts(
        callee, caller, frozenset({caller}), "service", "contract", local_time=noon, frozen=False, calls_today=0
    )
    return DialOrder(decide(facts, noon).permit(), f"sip:{callee}@{DOMAIN}", name)


@asynccontextmanager
async def answering(line: SipLine, hz: int) -> AsyncIterator[list[str]]:
    """The line answers everything with a tone and says by key 1 that it heard one; gives who called."""
    callers: list[str] = []

    async def serve() -> None:
        async for leg in line.incoming():
            callers.append(leg.caller)
            await leg.answer()
            tasks.create_task(talk(leg, hz))

    async with asyncio.TaskGroup() as tasks:
        serving = tasks.create_task(serve())
        yield callers
        serving.cancel()


async def talk(leg: SipLeg, hz: int, *, hang_up: bool = False) -> tuple[int, int, LegEnded]:
    """Play a tone, press 1 when one is heard; hang up when the far side pressed 1 as well. Gives code, tone heard, end."""
    heard, code, key = HeardTone(), 0, asyncio.Event()

    async def finish() -> None:
        while not heard.hz:  # noqa: ASYNC110 -- the tone is heard in the event loop, frame by frame
            await asyncio.sleep(0.02)
        assert leg.media is not None
        leg.media.send_dtmf("1")
        if hang_up:
            await key.wait()
            await leg.hangup()

    async with asyncio.timeout(40), asyncio.TaskGroup() as tasks:
        doing = None
        async for event in leg.events():
            if isinstance(event, LegAnswered):
                code = 200
                assert leg.media is not None
                leg.media.listen(heard.take, lambda _digit: None)
                leg.media.play(tone(hz, 60, leg.media.codec))
                doing = tasks.create_task(finish())
            elif isinstance(event, LegDtmf):
                key.set()
            elif isinstance(event, LegRejected):
                code = event.code
        if doing is not None and not hang_up:
            doing.cancel()
    assert isinstance(event, LegEnded)
    return code, heard.hz, event


@asynccontextmanager
async def house(
    folder: Path, trunks: str = "", phones: dict[str, str] | None = None
) -> AsyncIterator[tuple[Front, SipLine, RtpEngine]]:
    """The proxy with one worker, which is a line of this process."""
    async with RtpEngine.start((40_000, 48_998)) as engine:
        worker, proxy = free_port(), free_port()
        settings = {"SIP_INSIDE_PORT": str(proxy)}
        async with (
            front(DEPLOY, folder, f"1 sip:{INSIDE}:{worker}\n{trunks}", phones=phones, settings=settings) as made,
            SipLine.open(INSIDE, worker, engine=engine, proxy=(INSIDE, proxy), domain=DOMAIN) as line,
        ):
            yield made, line, engine


@asynccontextmanager
async def carried(folder: Path, before: str = "") -> AsyncIterator[tuple[Front, SipLine, list[str], str]]:
    """The same with a trunk that answers everything, behind those of `before`: proxy, worker, who called the trunk, its URI."""
    port = free_port()
    async with (
        house(folder, f"{before}2 sip:{TRUNK}:{port} 0 5 sockname=out_udp\n") as (proxy, worker, engine),
        SipLine.open(TRUNK, port, engine=engine, allow=frozenset({OUTSIDE})) as carrier,
        answering(carrier, 600) as callers,
    ):
        yield proxy, worker, callers, f"sip:{TRUNK}:{port}"


async def registered(line: SipLine) -> str:
    """What the registration comes to."""
    async with asyncio.timeout(30):
        while line.registration is None or line.registration.state == "registering":
            await line.changed()
    return line.registration.state


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_a_phone_registers_is_called_and_calls(tmp_path: Path, transport: str) -> None:
    async def run() -> None:
        async with (
            house(tmp_path, phones={PHONE: SECRET}) as (proxy, worker, engine),
            SipLine.open(
                STRANGER,
                engine=engine,
                proxy=(OUTSIDE, proxy.outside),
                credentials=Credentials(PHONE, SECRET),
                domain=DOMAIN,
                register=f"{PHONE}@{DOMAIN}",
                transport=transport,  # type: ignore[arg-type]
            ) as phone,
        ):
            assert await registered(phone) == "registered"
            async with answering(phone, 600) as callers:
                to_phone = await talk(await worker.place(order(ROBOT, PHONE, "to-phone")), 440, hang_up=True)
            async with answering(worker, 440):
                way = order(PHONE, ROBOT, "from-phone")
                from_phone = await talk(await phone.place(way), 600, hang_up=True) if transport == "udp" else None
            assert to_phone[:2] == (200, 600)
            assert callers == [ROBOT]
            assert from_phone is None or from_phone[:2] == (200, 440)
            await until(lambda: proxy.calls().get(f"to-phone@{INSIDE}") == "phone")
            assert {line["from_side"] for line in proxy.accounts()} <= {"worker", "phone"}

    asyncio.run(run())


def test_audio_of_a_phone_over_tls_is_encrypted_outside_only(tmp_path: Path) -> None:
    async def run() -> None:
        async with house(tmp_path, phones={PHONE: SECRET}) as (proxy, worker, engine):
            tls = TlsSettings(ca_file=str(tmp_path / "cert.pem"))
            async with (
                SipLine.open(
                    STRANGER,
                    engine=engine,
                    proxy=(OUTSIDE, proxy.tls),
                    credentials=Credentials(PHONE, SECRET),
                    domain=DOMAIN,
                    register=f"{PHONE}@{DOMAIN}",
                    transport="tls",
                    tls=tls,
                    srtp="required",
                ) as phone,
            ):
                assert await registered(phone) == "registered"
                async with answering(phone, 600):
                    to_phone = await talk(await worker.place(order(ROBOT, PHONE, "to-phone")), 440, hang_up=True)
                async with answering(worker, 440):
                    way = order(PHONE, ROBOT, "from-phone")
                    secured = replace(way, target=f"{way.target};transport=tls")
                    from_phone = await talk(await phone.place(secured), 600, hang_up=True)
            assert (to_phone[:2], from_phone[:2]) == ((200, 600), (200, 440))

    asyncio.run(run())


def test_a_wrong_password_does_not_register(tmp_path: Path) -> None:
    async def run() -> None:
        async with (
            house(tmp_path, phones={PHONE: SECRET}) as (proxy, worker, engine),
            SipLine.open(
                STRANGER,
                engine=engine,
                proxy=(OUTSIDE, proxy.outside),
                credentials=Credentials(PHONE, "guessed"),
                register=f"{PHONE}@{DOMAIN}",
            ) as phone,
        ):
            assert await registered(phone) == "failed"
            code, _, _ = await talk(await worker.place(order(ROBOT, PHONE, "nobody")), 440)
            assert code == 503  # no phone, and there is no trunk either
            await until(lambda: list(proxy.outcomes("INVITE").values()) == ["503"])
            assert not proxy.calls()

    asyncio.run(run())


def test_calls_go_out_by_the_next_trunk_when_the_first_is_silent(tmp_path: Path) -> None:
    async def run() -> None:
        silent = f"2 sip:{TRUNK}:{free_port()} 0 10 sockname=out_udp\n"
        async with carried(tmp_path, silent) as (proxy, worker, callers, trunk):
            seen = await talk(await worker.place(order(ROBOT, PERSON, "out")), 440, hang_up=True)
            assert seen[:2] == (200, 600)
            assert callers == [ROBOT]
            await until(lambda: proxy.calls() == {f"out@{INSIDE}": trunk})

    asyncio.run(run())


def test_a_caller_is_told_that_it_is_tried_while_rtpengine_stands_still(tmp_path: Path) -> None:
    """Who asks rtpengine waits for it, whatever comes meanwhile: without a word a robot takes the trunk for silent after 6 s."""

    async def run() -> None:
        async with carried(tmp_path) as (proxy, worker, callers, _):
            os.kill(proxy.media, signal.SIGSTOP)
            leg = await worker.place(order(ROBOT, PERSON, "out"))
            await until(lambda: any(one.direction == "<-" and " 100 " in one.line for one in leg.ladder))
            assert callers == []
            os.kill(proxy.media, signal.SIGCONT)
            seen = await talk(leg, 440, hang_up=True)
            assert seen[:2] == (200, 600)
            assert callers == [ROBOT]

    asyncio.run(run())


def test_who_hangs_up_while_rtpengine_stands_still_rings_nobody(tmp_path: Path) -> None:
    async def run() -> None:
        async with carried(tmp_path) as (proxy, worker, callers, trunk):
            os.kill(proxy.media, signal.SIGSTOP)
            leg = await worker.place(order(ROBOT, PERSON, "away"))
            await until(lambda: any(one.direction == "<-" and " 100 " in one.line for one in leg.ladder))
            await leg.hangup()
            assert any(" 487 " in one.line for one in leg.ladder)
            os.kill(proxy.media, signal.SIGCONT)
            # The next call finds all as it was, and it is the only one that left.
            seen = await talk(await worker.place(order(ROBOT, PERSON, "out")), 440, hang_up=True)
            assert seen[:2] == (200, 600)
            assert callers == [ROBOT]
            await until(lambda: proxy.calls() == {f"out@{INSIDE}": trunk})
            assert proxy.outcomes("INVITE") == {f"away@{INSIDE}": "487", f"out@{INSIDE}": "200"}

    asyncio.run(run())


def test_nobody_is_rung_when_rtpengine_is_gone(tmp_path: Path) -> None:
    async def run() -> None:
        async with carried(tmp_path) as (proxy, worker, callers, _):
            os.kill(proxy.media, signal.SIGKILL)
            for name in ("first", "second"):
                code, _, _ = await talk(await worker.place(order(ROBOT, PERSON, name)), 440)
                assert code == 503
            assert callers == []
            await until(lambda: list(proxy.outcomes("INVITE").values()) == ["503", "503"])

    asyncio.run(run())


def message(method: str, agent: str, domain: str, host: str, port: int) -> bytes:
    """What a scanner sends."""
    number = "1 " + method
    lines = (
        f"{method} sip:100@{domain} SIP/2.0",
        f"Via: SIP/2.0/UDP {host}:{port};branch=z9hG4bK{method}{domain};rport",
        "Max-Forwards: 70",
        f"From: <sip:100@{domain}>;tag=1",
        f"To: <sip:100@{domain}>",
        f"Call-ID: {method}-{domain}",
        f"CSeq: {number}",
        f"Contact: <sip:100@{host}:{port}>",
        f"User-Agent: {agent}",
        "Content-Length: 0",
    )
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def test_strangers_hear_nothing(tmp_path: Path) -> None:
    async def run() -> None:
        async with house(tmp_path, phones={PHONE: SECRET}) as (proxy, worker, _), answering(worker, 440) as callers:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
                stranger.bind(("127.0.0.7", 0))
                stranger.setblocking(False)
                host, port = stranger.getsockname()
                target = (OUTSIDE, proxy.outside)
                for method in ("OPTIONS", "INVITE", "REGISTER", "SUBSCRIBE", "BYE", "NONSENSE"):
                    stranger.sendto(message(method, "phone", OUTSIDE, host, port), target)
                stranger.sendto(b"nonsense\r\n\r\n", target)
                # Only who knows our domain is asked who he is: the first answer that comes at all.
                stranger.sendto(message("REGISTER", "phone", DOMAIN, host, port), target)
                first = await asyncio.wait_for(asyncio.get_running_loop().sock_recv(stranger, 65_535), 20)
                assert first.startswith(b"SIP/2.0 401")
                assert DOMAIN.encode() in first
                assert not re.search(rb"(?i)\r\n(server|user-agent):|kamailio|5\.6", first)
                assert not callers
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as scanner:
                scanner.bind(("127.0.0.8", 0))
                scanner.setblocking(False)
                host, port = scanner.getsockname()
                scanner.sendto(message("OPTIONS", "friendly-scanner", DOMAIN, host, port), target)
                for _ in range(500):
                    if "127.0.0.8 is a scanner" in proxy.log():
                        break
                    await asyncio.sleep(0.02)
                scanner.sendto(message("REGISTER", "phone", DOMAIN, host, port), target)  # not heard any more
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(asyncio.get_running_loop().sock_recv(scanner, 65_535), 1.0)

    asyncio.run(run())
