"""Many trunks at work, against sipp over real sockets on 127.0.0.x: registration, failover, limits, breaker, inbound, reload, drain."""

from __future__ import annotations

import asyncio
import random
import re
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from callwright.errors import LineError, RefusedError
from callwright.telephony.port import DialOrder, LegAnswered, LegEnded, LegEvent, LegRejected, LegTrying
from callwright.telephony.sip.driver import SipLine
from callwright.telephony.sip.hops import Hop
from callwright.telephony.sip.leg import SipIncomingLeg
from callwright.telephony.sip.resolver import Resolver
from callwright.telephony.sip.tls import TlsSettings
from callwright.telephony.trunks.attempts import TrunkLeg
from callwright.telephony.trunks.driver import Trunks
from callwright.telephony.trunks.loader import LoadedLine, loads_line
from callwright.testing.dns_server import fake_dns
from callwright.testing.media import FakeMediaEngine
from callwright.testing.sipp import CALLEE, CALLER, HOST, free_port, order, sipp

pytestmark = [pytest.mark.integration, pytest.mark.skipif(shutil.which("sipp") is None, reason="sipp is not installed")]

SCENARIOS = Path(__file__).parent / "sipp"
RINGS = re.compile(r"  <send>(?:(?!</send>).)*180 Ringing.*?</send>\n", re.DOTALL)
SECRETS = {"OFFICE": "right", "CALLERS": "word"}


def trunk(name: str, port: int, **changes: Any) -> dict[str, Any]:
    """A trunk whose server is on a port of 127.0.0.1, without OPTIONS."""
    plain: dict[str, Any] = {"name": name, "proxy": f"sip:{HOST}:{port}", "local": {"host": HOST}, "numbers": [CALLER]}
    return {**plain, "options_s": 0, "no_reply_s": 10, **changes}


def line(*trunks: dict[str, Any], folder: Path = Path()) -> LoadedLine:
    inbound = [{"default": True, "echo": True}]
    text = yaml.safe_dump({"format": "line/1", "trunks": list(trunks), "inbound": inbound})
    return loads_line(text, folder=folder)


@asynccontextmanager
async def opened(loaded: LoadedLine, resolver: Resolver | None = None) -> AsyncIterator[Trunks]:
    """The trunks of a line file, their proxies looked up."""
    engine = FakeMediaEngine()
    async with (
        asyncio.timeout(60),
        Trunks.open(loaded, engine, environ=SECRETS, rng=random.Random(1), resolver=resolver) as trunks,
    ):
        await trunks.until(lambda known: all("looked up" not in status.why for status in known.values()))
        yield trunks
    assert all(stream.closed for stream in engine.streams)


@asynccontextmanager
async def mute() -> AsyncIterator[tuple[int, list[bytes]]]:
    """A server that takes everything and says nothing: its port, and what it got."""
    got: list[bytes] = []

    class Mute(asyncio.DatagramProtocol):
        def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
            got.append(data)

    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(Mute, (HOST, 0))
    try:
        yield transport.get_extra_info("sockname")[1], got
    finally:
        transport.close()


def answering(folder: Path, scenario: str, *arguments: str, calls: int = 1, port: int = 0) -> Any:
    return sipp(folder, SCENARIOS / f"{scenario}.xml", *arguments, calls=calls, port=port)


def refusing(folder: Path, code: int, calls: int = 1, ringing: bool = False) -> Any:
    scenario = folder / f"refuses_{code}.xml"
    text = (SCENARIOS / "uas_reject.xml").read_text().replace("486 Busy Here", f"{code} No")
    scenario.write_text(text if ringing else RINGS.sub("", text, count=1))
    return sipp(folder, scenario, calls=calls)


async def follow(leg: TrunkLeg, hang_up: bool = True) -> list[LegEvent]:
    """Every event; hangs up when the call is answered."""
    seen: list[LegEvent] = []
    async with asyncio.TaskGroup() as tasks:
        async for event in leg.events():
            seen.append(event)
            if hang_up and isinstance(event, LegAnswered):
                tasks.create_task(leg.hangup())
    return seen


def kinds(seen: list[LegEvent]) -> set[type]:
    return {type(event) for event in seen}


def dial(**changes: Any) -> DialOrder:
    """An order that leaves it to the trunks where it goes."""
    return replace(order(1), **{"target": "", **changes})


# ---------------------------------------------------------------- out


def test_a_registered_trunk_and_one_that_knows_our_address_side_by_side(tmp_path: Path) -> None:
    async def main() -> None:
        async with answering(tmp_path, "uas_register") as registrar, answering(tmp_path, "uas_answer") as plain:
            auth = {"username": "acme", "password_env": "OFFICE"}
            office = trunk(
                "office", registrar.port, auth=auth, register={"address": f"robot@{HOST}"}, numbers=["+861085550009"]
            )
            digits = {"callee": "national", "caller": "digits", "country": "CN"}
            async with opened(line(office, trunk("plain", plain.port, format=digits))) as trunks:
                await trunks.until(lambda known: known["office"].usable and known["plain"].usable)
                leg = await trunks.place(dial())
                seen = await follow(leg)
                assert leg.trunk == "plain"
                assert LegAnswered in kinds(seen)
                assert leg.ladder[0].line.startswith("INVITE sip:*********01@127.0.0.1:")
                with pytest.raises(RefusedError, match="tenant"):
                    await trunks.place(dial(tenant="somebody"))
            await registrar.passed()
            await plain.passed()

    asyncio.run(main())


def test_a_trunk_that_does_not_register_takes_no_calls_and_says_why(tmp_path: Path) -> None:
    scenario = tmp_path / "refuses_register.xml"
    text = (SCENARIOS / "uas_reject.xml").read_text()
    text = (
        RINGS.sub("", text, count=1)
        .replace('request="INVITE"', 'request="REGISTER"')
        .replace("486 Busy Here", "403 No")
    )
    scenario.write_text(re.sub(r'\s*<recv request="ACK".*?/>', "", text))

    async def main() -> None:
        async with sipp(tmp_path, scenario, calls=9) as registrar:
            auth = {"username": "acme", "password_env": "OFFICE"}
            office = trunk("office", registrar.port, auth=auth, register={"address": f"robot@{HOST}"})
            async with opened(line(office)) as trunks:
                await trunks.until(lambda known: "403" in known["office"].why)
                with pytest.raises(LineError, match="office: it is not registered: the registrar says 403"):
                    await trunks.place(dial())

    asyncio.run(main())


def test_the_numbers_are_written_as_the_trunk_wants_them(tmp_path: Path) -> None:
    scenario = tmp_path / "uas_numbers.xml"
    text = (SCENARIOS / "uas_answer.xml").read_text().replace("INVITE sip:", "INVITE sip:913900000001@")
    scenario.write_text(text.replace('regexp="application/sdp"', 'regexp="From: .sip:01085550000@trunk.example"'))

    async def main() -> None:
        async with sipp(tmp_path, scenario) as peer:
            national = {"callee": "national", "caller": "national", "country": "CN", "prefix": "9"}
            async with opened(line(trunk("a", peer.port, format=national, domain="trunk.example"))) as trunks:
                await follow(await trunks.place(dial(target=f"tel:{CALLEE}")))
                with pytest.raises(RefusedError):
                    await trunks.place(dial(target=f"sip:+8613900000002@{HOST}"))
                with pytest.raises(RefusedError):
                    await trunks.place(dial(target=f"sip:{CALLEE}@{HOST}"))  # right number, not as the trunk writes it
            await peer.passed()

    asyncio.run(main())


@pytest.mark.parametrize("code", [503, 500, 408])
def test_a_trunk_that_cannot_is_followed_by_the_next(tmp_path: Path, code: int) -> None:
    async def main() -> None:
        async with refusing(tmp_path, code) as bad, answering(tmp_path, "uas_answer") as good:
            async with opened(line(trunk("bad", bad.port), trunk("good", good.port, priority=20))) as trunks:
                leg = await trunks.place(dial())
                seen = await follow(leg)
                assert leg.trunk == "good"
                assert sum(isinstance(event, LegTrying) for event in seen) <= 1
                assert LegRejected not in kinds(seen)
                assert LegAnswered in kinds(seen)
                assert (leg.call_id, leg.sip.call_id) == (f"attempt-1@{HOST}", f"attempt-1.2@{HOST}")
            await bad.passed()
            await good.passed()

    asyncio.run(main())


def test_a_silent_trunk_is_followed_by_the_next_and_not_asked_again(tmp_path: Path) -> None:
    async def main() -> None:
        async with mute() as (port, got), answering(tmp_path, "uas_answer") as good:
            async with opened(
                line(trunk("mute", port, no_reply_s=0.4), trunk("good", good.port, priority=20))
            ) as trunks:
                seen = await follow(await trunks.place(dial()))
                assert LegAnswered in kinds(seen)
                assert [data[:6] for data in got] == [b"INVITE"]
            await good.passed()

    asyncio.run(main())


def test_once_it_rang_no_other_trunk_is_tried(tmp_path: Path) -> None:
    async def main() -> None:
        async with refusing(tmp_path, 503, ringing=True) as first, mute() as (port, got):
            async with opened(line(trunk("a", first.port), trunk("b", port, priority=20))) as trunks:
                seen = await follow(await trunks.place(dial()))
                assert [event.code for event in seen if isinstance(event, LegRejected)] == [503]
                assert not got
            await first.passed()

    asyncio.run(main())


@pytest.mark.parametrize("code", [486, 603, 404])
def test_what_the_person_says_is_final(tmp_path: Path, code: int) -> None:
    async def main() -> None:
        async with refusing(tmp_path, code) as first, mute() as (port, got):
            async with opened(line(trunk("a", first.port), trunk("b", port, priority=20))) as trunks:
                seen = await follow(await trunks.place(dial()))
                rejected = [event for event in seen if isinstance(event, LegRejected)]
                assert [event.code for event in rejected] == [code]
                assert not got
                assert {status.breaker for status in trunks.status()} == {"closed"}
            await first.passed()

    asyncio.run(main())


def test_every_trunk_failed_tells_what_the_last_one_said(tmp_path: Path) -> None:
    async def main() -> None:
        async with (
            mute() as (port, _),
            refusing(tmp_path, 503) as bad,
            opened(line(trunk("a", port, no_reply_s=0.4), trunk("b", bad.port, priority=20))) as trunks,
        ):
            seen = await follow(await trunks.place(dial()))
            assert [event.code for event in seen if isinstance(event, LegRejected)] == [503]
            assert isinstance(seen[-1], LegEnded)

    asyncio.run(main())


def test_the_servers_of_a_domain_are_tried_in_the_order_dns_gives(tmp_path: Path) -> None:
    async def main() -> None:
        async with mute() as (port, got), answering(tmp_path, "uas_answer") as good:
            zone = {
                ("NAPTR", "trunk.test"): ['1 1 "s" "SIP+D2U" "" _sip._udp.trunk.test.'],
                ("SRV", "_sip._udp.trunk.test"): [f"1 0 {port} a.trunk.test.", f"2 0 {good.port} a.trunk.test."],
                ("A", "a.trunk.test"): [HOST],
            }
            async with fake_dns(zone) as server:
                loaded = line(trunk("domain", 1, proxy="trunk.test", no_reply_s=2))
                async with opened(loaded, Resolver([server.address])) as trunks:
                    leg = await trunks.place(dial())
                    seen = await follow(leg)
                    assert LegAnswered in kinds(seen)
                    assert leg.sip.call_id == f"attempt-1@{HOST}"  # one call, another server
                    assert got[0].startswith(b"INVITE sip:+8613900000001@trunk.test SIP/2.0")
            await good.passed()

    asyncio.run(main())


@pytest.mark.parametrize("known", [True, False])
def test_a_host_name_in_a_contact_is_looked_up_within_the_call(tmp_path: Path, known: bool) -> None:
    scenario = tmp_path / "uas_named.xml"
    text = (SCENARIOS / "uas_answer.xml").read_text()
    scenario.write_text(text.replace("sip:peer@[local_ip]:[local_port]", "sip:peer@peer.test:[local_port]"))

    async def main() -> None:
        async with sipp(tmp_path, scenario) as peer, fake_dns({("A", "peer.test"): [HOST]} if known else {}) as server:
            async with opened(line(trunk("a", peer.port)), Resolver([server.address])) as trunks:
                leg = await trunks.place(dial())
                assert LegAnswered in kinds(await follow(leg))
                assert any(rung.line.startswith("BYE sip:**er@peer.test:") for rung in leg.ladder)
                assert server.asked["A", "peer.test"] >= 1
            await peer.passed()  # ACK and BYE came: by the name where DNS knows it, else where the answer came from

    asyncio.run(main())


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_a_tls_trunk_behind_a_domain_shows_the_name_of_the_domain(tmp_path: Path) -> None:
    subject = ("-subj", "/CN=trunk.test", "-addext", "subjectAltName=DNS:trunk.test", "-days", "2")
    key = (
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-keyout",
        "key.pem",
        "-out",
        "cert.pem",
    )
    subprocess.run(["openssl", "req", "-x509", *key, *subject], cwd=tmp_path, check=True, capture_output=True)
    shown = TlsSettings(certificate=str(tmp_path / "cert.pem"), key=str(tmp_path / "key.pem"))

    async def main() -> None:
        async with SipLine.open(HOST, engine=FakeMediaEngine(), transport="tls", tls=shown) as far:
            zone = {
                ("SRV", "_sips._tcp.trunk.test"): [
                    f"1 0 {free_port()} a.trunk.test.",
                    f"2 0 {far.address[1]} a.trunk.test.",
                ],
                ("A", "a.trunk.test"): [HOST],
            }
            settings = {"proxy": "sip:trunk.test;transport=tls", "tls": {"ca_file": "cert.pem"}, "options_s": 0.5}
            async with fake_dns(zone) as server:
                loaded = line(trunk("secure", 1, **settings), folder=tmp_path)
                async with opened(loaded, Resolver([server.address])) as trunks:
                    await trunks.until(lambda known: bool((health := known["secure"].health) and health.alive))
                    calls = asyncio.ensure_future(anext(far.incoming()))
                    leg = await trunks.place(dial())
                    await (await calls).answer()
                    assert LegAnswered in kinds(await follow(leg))
                    assert leg.ladder[0].transport == "TLS"

    asyncio.run(main())


def test_concurrency_and_pace(tmp_path: Path) -> None:
    async def main() -> None:
        async with answering(tmp_path, "uas_answer", calls=3) as peer:
            limits = {"calls": 2, "calls_per_second": 2, "wait_s": 0.6}
            async with opened(line(trunk("a", peer.port, limits=limits))) as trunks:
                began = trunks.now_ms()
                legs = [await trunks.place(dial(call_id=f"c{number}")) for number in range(2)]
                assert trunks.now_ms() - began >= 490  # two a second
                with pytest.raises(LineError, match="all of its 2 calls are up"):
                    await trunks.place(dial(call_id="c2"))
                for leg in legs:
                    await follow(leg)
                third = await trunks.place(dial(call_id="c3"))
                await follow(third)
            await peer.passed()

    asyncio.run(main())


def test_too_many_at_once_are_told_so(tmp_path: Path) -> None:
    async def main() -> None:
        async with mute() as (port, _):
            limits = {"calls": 50, "calls_per_second": 1, "burst": 2, "wait_s": 0.2}
            async with opened(line(trunk("a", port, limits=limits, no_reply_s=0.4))) as trunks:
                done = await asyncio.gather(
                    *(trunks.place(dial(call_id=f"c{number}")) for number in range(6)), return_exceptions=True
                )
                assert sum(isinstance(item, LineError) and "calls a second" in str(item) for item in done) == 4
                legs = [item for item in done if isinstance(item, TrunkLeg)]
                assert len(legs) == 2
                for leg in legs:
                    await leg.ended()

    asyncio.run(main())


def test_the_breaker_opens_and_recovers_by_options(tmp_path: Path) -> None:
    async def main() -> None:
        port = free_port()
        breaker = {"failures": 1, "window_s": 10, "rest_s": 0.2}
        loaded = line(trunk("a", port, options_s=0.3, no_reply_s=6, breaker=breaker))
        async with opened(loaded) as trunks:
            await trunks.until(lambda known: known["a"].breaker == "open")
            with pytest.raises(LineError, match="a: it does not answer OPTIONS"):
                await trunks.place(dial())
            async with answering(tmp_path, "uas_options", calls=9, port=port):
                await trunks.until(lambda known: known["a"].usable and known["a"].breaker == "closed")
                assert LegAnswered in kinds(await follow(await trunks.place(dial())))
            await trunks.until(lambda known: known["a"].breaker == "open")

    asyncio.run(main())


def test_the_breaker_opens_after_failed_calls(tmp_path: Path) -> None:
    async def main() -> None:
        async with refusing(tmp_path, 503, calls=3) as bad, answering(tmp_path, "uas_answer", calls=4) as good:
            breaker = {"failures": 3, "window_s": 60, "rest_s": 600}
            limits = {"calls_per_second": 100}
            first = trunk("bad", bad.port, breaker=breaker, limits=limits)
            async with opened(line(first, trunk("good", good.port, priority=20, limits=limits))) as trunks:
                for number in range(4):
                    assert LegAnswered in kinds(await follow(await trunks.place(dial(call_id=f"c{number}"))))
                assert [status.breaker for status in trunks.status()] == ["open", "closed"]
            await bad.passed()  # three calls, and no fourth
            await good.passed()

    asyncio.run(main())


# ---------------------------------------------------------------- in


async def serve(trunks: Trunks, seen: list[SipIncomingLeg], act: Callable[[SipIncomingLeg], Awaitable[None]]) -> None:
    async with asyncio.TaskGroup() as tasks:
        async for leg in trunks.incoming():
            seen.append(leg)
            tasks.create_task(act(leg))  # type: ignore[arg-type]


async def answer(leg: SipIncomingLeg) -> None:
    await leg.answer()
    await leg.ended()


def port_of(trunks: Trunks, name: str) -> int:
    return trunks._members[name].line.address[1]


async def called(tmp_path: Path, loaded: LoadedLine, scenario: str, *arguments: str) -> list[tuple[str, str, str, Any]]:
    """sipp calls the trunk `a`; (trunk, caller, called, route) of every call that came in."""
    seen: list[SipIncomingLeg] = []
    async with opened(loaded) as trunks:
        task = asyncio.create_task(serve(trunks, seen, answer))
        target = f"{HOST}:{port_of(trunks, 'a')}"
        async with answering(tmp_path, scenario, target, *arguments) as peer:
            await peer.passed()
        found = [(leg.account.name, leg.caller, leg.called, trunks.route_of(leg)) for leg in seen]
    await task
    return found


def test_a_known_source_is_answered_with_numbers_and_route(tmp_path: Path) -> None:
    away = f"sip:127.0.0.8:{free_port()}"
    loaded = line(trunk("a", 1, proxy=away, sources=["127.0.0.0/29"], format={"country": "CN", "incoming": "national"}))
    found = asyncio.run(called(tmp_path, loaded, "uac_call"))
    assert [(name, caller, number) for name, caller, number, _ in found] == [("a", "+8613900000001", "robot")]
    assert found[0][3] is loaded.line.inbound[0]


def test_a_call_to_our_registered_contact_and_a_caller_the_network_vouches_for(tmp_path: Path) -> None:
    text = (SCENARIOS / "uac_call.xml").read_text().replace("INVITE sip:robot@", "INVITE sip:callwright@")
    text = text.replace("To: <sip:robot@", "To: <sip:01085550001@")
    asserted = "P-Asserted-Identity: <sip:01085559999@trunk.example>\n      Content-Type: application/sdp"
    (tmp_path / "registered.xml").write_text(text.replace("Content-Type: application/sdp", asserted, 1))
    national = {"callee": "national", "caller": "national", "country": "CN"}
    plain = trunk("a", 1, proxy=f"sip:127.0.0.8:{free_port()}", sources=[HOST], format=national)
    for trusted, caller in ((True, "+861085559999"), (False, "+8613900000001")):
        loaded = line({**plain, "trusted": trusted})
        found = asyncio.run(called(tmp_path, loaded, str(tmp_path / "registered")))
        assert [item[:3] for item in found] == [("a", caller, "+861085550001")]


def test_an_unknown_source_gets_no_answer_at_all(tmp_path: Path) -> None:
    async def main() -> None:
        loaded = line(trunk("a", 1, proxy=f"sip:127.0.0.8:{free_port()}", sources=["127.0.0.9"]))
        async with opened(loaded) as trunks:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
                stranger.bind((HOST, 0))
                stranger.setblocking(False)
                port = stranger.getsockname()[1]
                for method in ("INVITE", "OPTIONS", "REGISTER", "BYE", "MESSAGE", "NONSENSE"):
                    text = (
                        f"{method} sip:100@{HOST} SIP/2.0\r\nVia: SIP/2.0/UDP {HOST}:{port};branch=z9hG4bK{method}\r\n"
                        f"From: <sip:1@h>;tag=1\r\nTo: <sip:100@{HOST}>\r\nCall-ID: {method}\r\nCSeq: 1 {method}\r\n"
                        f"Contact: <sip:1@{HOST}:{port}>\r\nContent-Length: 0\r\n\r\n"
                    )
                    stranger.sendto(text.encode(), (HOST, port_of(trunks, "a")))
                await asyncio.sleep(
                    0.3
                )  # long enough for an answer over loopback; silence cannot be waited for otherwise
                with pytest.raises(BlockingIOError):
                    stranger.recv(1)
            assert trunks._members["a"].line.idle

    asyncio.run(main())


def test_a_caller_with_a_password_is_let_in_and_one_without_is_not(tmp_path: Path) -> None:
    users = {"users": [{"username": "desk", "password_env": "CALLERS"}], "digest": ["MD5"]}  # sipp knows no other
    loaded = line(trunk("a", 1, proxy=f"sip:127.0.0.8:{free_port()}", **users))
    found = asyncio.run(called(tmp_path, loaded, "uac_password", "-au", "desk", "-ap", "word"))
    assert [item[0] for item in found] == ["a"]
    text = (SCENARIOS / "uac_password.xml").read_text()
    asked, again = (
        part.start() for part in re.finditer(r'  <recv response="(?:401" auth="true|100" optional="true)"/>', text)
    )
    acknowledge = text[text.index("  <send>", asked) : text.index("  <send retrans", asked)].replace("1 ACK", "2 ACK")
    (tmp_path / "wrong.xml").write_text(f'{text[:again]}  <recv response="401"/>\n{acknowledge}</scenario>\n')
    wrong = called(tmp_path, loaded, str(tmp_path / "wrong"), "-au", "desk", "-ap", "wrong")
    assert asyncio.run(wrong) == []


# ---------------------------------------------------------------- reload, drain


def test_reload_in_mid_call(tmp_path: Path) -> None:
    async def main() -> None:
        async with (
            answering(tmp_path, "uas_answer") as one,
            answering(tmp_path, "uas_answer") as two,
            answering(tmp_path, "uas_answer") as three,
        ):
            stays, goes = trunk("stays", one.port), trunk("goes", two.port, priority=20, limits={"calls": 1})
            async with opened(line(stays, goes)) as trunks:
                first = await trunks.place(dial(call_id="c1"))
                await anext(event async for event in first.events() if isinstance(event, LegAnswered))
                await trunks.reload(line({**stays, "limits": {"calls": 1}}, goes))
                second = await trunks.place(dial(call_id="c2"))  # the limit of the first counts already
                assert second.trunk == "goes"
                await anext(event async for event in second.events() if isinstance(event, LegAnswered))

                moved = {**goes, "local": {"host": "127.0.0.2"}, "proxy": f"sip:{HOST}:{three.port}"}
                await trunks.reload(line({**stays, "limits": {"calls": 1}}, moved))
                await trunks.until(lambda known: known["goes"].usable)
                third = await trunks.place(dial(call_id="c3"))
                assert third.trunk == "goes"
                await follow(third)
                assert {status.calls for status in trunks.status()} == {0, 1}

                await trunks.reload(line(moved))
                assert [status.name for status in trunks.status()] == ["goes"]
                for leg in (first, second):
                    await leg.hangup()
                    assert isinstance([event async for event in leg.events()][-1], LegEnded)
                while trunks._leaving:
                    await trunks.changed()
            for peer in (one, two, three):
                await peer.passed()

    asyncio.run(main())


def test_sources_and_limits_change_in_place(tmp_path: Path) -> None:
    away = f"sip:127.0.0.8:{free_port()}"

    async def main() -> None:
        async with opened(line(trunk("a", 1, proxy=away))) as trunks:
            port, seen = port_of(trunks, "a"), list[SipIncomingLeg]()
            serving = asyncio.create_task(serve(trunks, seen, answer))
            await trunks.reload(line(trunk("a", 1, proxy=away, sources=[HOST])))
            assert port_of(trunks, "a") == port
            async with answering(tmp_path, "uac_call", f"{HOST}:{port}") as peer:
                await peer.passed()
            assert len(seen) == 1
            await trunks.reload(line(trunk("a", 1, proxy=away, sources=["127.0.0.9"])))
            assert trunks._members["a"].line._agent.admit(Hop(HOST, 5060)) is None
        await serving

    asyncio.run(main())


def test_a_reload_that_cannot_be_done_changes_nothing(tmp_path: Path) -> None:
    async def main() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
            taken.bind((HOST, 0))
            port = taken.getsockname()[1]
            async with mute() as (peer, _), opened(line(trunk("a", peer))) as trunks:
                with pytest.raises(LineError, match="cannot listen"):
                    await trunks.reload(line(trunk("b", peer), trunk("c", peer, local={"host": HOST, "port": port})))
                assert [status.name for status in trunks.status()] == ["a"]

    asyncio.run(main())


def test_drain_lets_calls_end_and_takes_no_new_ones(tmp_path: Path) -> None:
    async def main() -> None:
        async with answering(tmp_path, "uas_answer", calls=2) as peer:
            loaded = line(trunk("a", peer.port, limits={"calls_per_second": 100}, sources=[HOST]))
            async with opened(loaded) as trunks:
                legs: list[TrunkLeg] = []
                for number in range(2):
                    legs.append(await trunks.place(dial(call_id=f"c{number}")))
                    await anext(event async for event in legs[-1].events() if isinstance(event, LegAnswered))
                trunks.drain()
                with pytest.raises(LineError, match="no new calls"):
                    await trunks.place(dial(call_id="c9"))
                assert await ask(port_of(trunks, "a"), "OPTIONS") == (503, "")
                assert await ask(port_of(trunks, "a"), "INVITE") == (503, "5")
                await legs[0].hangup()
                assert await trunks.drained(0.7) == 1  # the other one was hung up when the time was over
                ends = [event async for event in legs[1].events() if isinstance(event, LegEnded)]
                assert [(end.cause, end.by) for end in ends] == [("bye", "us")]
            await peer.passed()

    asyncio.run(main())


def test_closing_ends_every_call_before_it_returns(tmp_path: Path) -> None:
    async def main() -> None:
        async with answering(tmp_path, "uas_answer") as peer:
            async with opened(line(trunk("a", peer.port))) as trunks:
                leg = await trunks.place(dial())
                await anext(event async for event in leg.events() if isinstance(event, LegAnswered))
                await trunks.aclose()
                end = [event async for event in leg.events()][-1]
                assert isinstance(end, LegEnded)
                assert (end.cause, end.by) == ("shutdown", "us")
                with pytest.raises(LineError, match="no new calls"):
                    await trunks.place(dial(call_id="late"))
            await peer.passed()

    asyncio.run(main())


async def ask(port: int, method: str) -> tuple[int, str]:
    """(code, Retry-After) of the answer to a request from 127.0.0.1."""
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.setblocking(False)
        peer.bind((HOST, 0))
        here = f"{HOST}:{peer.getsockname()[1]}"
        text = (
            f"{method} sip:100@{HOST} SIP/2.0\r\nVia: SIP/2.0/UDP {here};branch=z9hG4bK{method}\r\nFrom: <sip:1@h>;tag=1\r\n"
            f"To: <sip:100@{HOST}>\r\nCall-ID: {method}\r\nCSeq: 1 {method}\r\nContact: <sip:1@{here}>\r\nContent-Length: 0\r\n\r\n"
        )
        await loop.sock_sendto(peer, text.encode(), (HOST, port))
        answer = (await loop.sock_recv(peer, 4_000)).decode()
    retry = [item.partition(":")[2].strip() for item in answer.split("\r\n") if item.startswith("Retry-After")]
    return int(answer.split(" ")[1]), "".join(retry)
