"""Lines over TCP and TLS, one calling another on 127.0.0.1."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from callwright.compliance.decision import DialFacts, decide
from callwright.errors import LineError
from callwright.telephony.port import DialOrder, LegAnswered, LegEnded, LegRejected
from callwright.telephony.sip.driver import SipLine
from callwright.telephony.sip.hops import Hop
from callwright.telephony.sip.leg import SipLeg
from callwright.telephony.sip.streams import Streams
from callwright.telephony.sip.tls import TlsSettings, client_context, server_context
from callwright.telephony.sip.wire import parse
from callwright.testing.media import FakeMediaEngine
from callwright.testing.sip_peer import LOCAL, PEER, SDP, Bench, answer, methods

HOST = "127.0.0.1"
TCP = Hop(*PEER, "TCP")
CALLEE, CALLER = "+8613900000001", "+861085550000"


def order(port: int, call_id: str = "one", **changes: Any) -> DialOrder:
    noon = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
    facts = DialFacts(
        CALLEE, CALLER, frozenset({CALLER}), "service", "contract", local_time=noon, frozen=False, calls_today=0
    )
    return DialOrder(decide(facts, noon).permit(), f"sip:{CALLEE}@{HOST}:{port}", call_id, **changes)


@asynccontextmanager
async def answering(**line: Any) -> AsyncIterator[SipLine]:
    """A line that answers everything."""

    async def serve() -> None:
        async for leg in theirs.incoming():
            await leg.ring()
            await leg.answer()

    async with (
        asyncio.timeout(20),
        asyncio.TaskGroup() as tasks,
        SipLine.open(HOST, engine=FakeMediaEngine(), **line) as theirs,
    ):
        tasks.create_task(serve())
        yield theirs


async def talk(leg: SipLeg) -> LegEnded:
    async for event in leg.events():
        if isinstance(event, LegAnswered):
            await leg.hangup()
        elif isinstance(event, LegEnded):
            return event
    raise AssertionError("no end")


# ---------------------------------------------------------------- sans-IO


def test_over_tcp_nothing_is_sent_again() -> None:
    bench = Bench(transport="TCP")
    call = bench.agent.place("id@h", "sip:200@192.0.2.2", "+8610", TCP, LOCAL, 0)
    sent = bench.agent.datagrams()
    assert (sent[0].to, sent[0].transport) == (PEER, "TCP")
    assert b"Via: SIP/2.0/TCP 192.0.2.1:5060" in sent[0].data
    assert b";transport=tcp>" in sent[0].data
    assert bench.at(20_000) == []
    assert call.state == "calling"
    bench.at(32_000)
    assert isinstance(bench.events[-1], LegEnded)


def large(bench: Bench) -> None:
    extra = (("X-Long", "x" * 1_300),)
    bench.agent.place("id@h", "sip:200@192.0.2.2", "+8610", PEER, LOCAL, 0, extra=extra)


def test_large_requests_go_by_tcp_and_by_udp_when_that_fails() -> None:
    bench = Bench(tcp=True)
    large(bench)
    first = bench.agent.datagrams()[0]
    assert first.transport == "TCP"
    assert b"Via: SIP/2.0/TCP" in first.data
    bench.agent.connection_failed(TCP, 0)
    second = bench.agent.datagrams()[0]
    assert (second.transport, second.to) == ("UDP", PEER)
    assert b"Via: SIP/2.0/UDP" in second.data
    assert methods(bench.at(500)) == ["INVITE"]


def test_a_cancel_goes_the_way_of_its_invite_and_small_requests_stay_with_udp() -> None:
    bench = Bench(tcp=True)
    _, invite = bench.place()
    assert len(invite.body) < 1_300
    other = Bench(tcp=True)
    large(other)
    sent = other.agent.datagrams()[0]
    message = parse(sent.data)
    other.say(answer(message, 180))
    call = next(iter(other.calls))
    call.hang_up(0)  # type: ignore[attr-defined]
    cancel = other.agent.datagrams()[0]
    assert cancel.data.startswith(b"CANCEL")
    assert cancel.transport == "TCP"
    assert b"Via: SIP/2.0/TCP" in cancel.data


def test_a_broken_connection_loses_only_what_nothing_came_for() -> None:
    bench = Bench(transport="TCP")
    for number in (1, 2):
        bench.agent.place(f"{number}@h", "sip:2@192.0.2.2", "+8610", TCP, LOCAL, 0)
    first, _ = bench.out()
    bench.say(answer(first, 180))
    bench.agent.connection_failed(TCP, 0)
    bench.out()
    ends = [event for event in bench.events if isinstance(event, LegEnded)]
    assert [end.cause for end in ends] == ["transport_error"]
    assert methods(bench.say(answer(first, 200, SDP))) == ["ACK"]


# ---------------------------------------------------------------- TCP


def test_calls_over_one_tcp_connection() -> None:
    async def run() -> None:
        async with answering(transport="tcp") as theirs:
            async with SipLine.open(
                HOST, engine=FakeMediaEngine(), transport="tcp", keepalive_s=0.05, proxy=theirs.address
            ) as ours:
                for number in range(3):
                    end = await talk(await ours.place(order(theirs.address[1], str(number))))
                    assert (end.cause, end.by) == ("bye", "us")
                while ours.health is None or not ours.health.alive:
                    await ours.changed()
                assert len(ours._streams._by_hop) == 1
            await theirs.aclose()

    asyncio.run(run())


def test_the_far_side_hangs_up_over_the_connection_it_knows() -> None:
    async def run() -> None:
        async with (
            asyncio.timeout(20),
            SipLine.open(HOST, engine=FakeMediaEngine(), transport="tcp") as theirs,
            SipLine.open(HOST, engine=FakeMediaEngine(), transport="tcp") as ours,
        ):
            leg = await ours.place(order(theirs.address[1]))
            other = await anext(theirs.incoming())
            await other.answer()
            async for event in other.events():
                if isinstance(event, LegAnswered):
                    await other.hangup()
            end = [event async for event in leg.events()][-1]
            assert isinstance(end, LegEnded)
            assert (end.cause, end.by) == ("bye", "peer")

    asyncio.run(run())


def test_a_lost_connection_is_opened_again() -> None:
    async def run() -> None:
        async with answering(transport="tcp") as theirs:
            async with SipLine.open(HOST, engine=FakeMediaEngine(), transport="tcp") as ours:
                leg = await ours.place(order(theirs.address[1]))
                async for event in leg.events():
                    if isinstance(event, LegAnswered):
                        break
                for connection in list(ours._streams._by_hop.values()):
                    connection.close()
                for _ in range(1_000):
                    await asyncio.sleep(0)
                assert not ours._streams._by_hop
                await leg.hangup()
                end = [event async for event in leg.events()][-1]
                assert isinstance(end, LegEnded)
                assert (end.cause, end.by) == ("bye", "us")
            await theirs.aclose()

    asyncio.run(run())


def test_nobody_listens() -> None:
    async def run() -> None:
        with socket.socket() as probe:
            probe.bind((HOST, 0))
            closed = probe.getsockname()[1]
        async with SipLine.open(HOST, engine=FakeMediaEngine(), transport="tcp") as ours:
            with pytest.raises(LineError, match=r"cannot connect to 127\.0\.0\.1"):
                await ours.place(order(closed))
            with pytest.raises(LineError, match="reached over TCP"):
                await udp_target(ours)
        with pytest.raises(LineError, match="cannot connect"):
            async with SipLine.open(HOST, engine=FakeMediaEngine(), transport="tcp", proxy=(HOST, closed)):
                raise AssertionError("opened")

    async def udp_target(ours: SipLine) -> None:
        noon = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
        facts = DialFacts(
            CALLEE, CALLER, frozenset({CALLER}), "service", "contract", local_time=noon, frozen=False, calls_today=0
        )
        await ours.place(DialOrder(decide(facts, noon).permit(), f"sip:{CALLEE}@{HOST};transport=udp", "x"))

    asyncio.run(run())


def test_large_requests_over_real_sockets() -> None:
    async def run() -> None:
        long: dict[str, Any] = {"headers": (("X-Long", "x" * 1_300),)}
        async with answering(tcp=True) as theirs, SipLine.open(HOST, engine=FakeMediaEngine(), tcp=True) as ours:
            assert (await talk(await ours.place(order(theirs.address[1], **long)))).cause == "bye"
            assert len(ours._streams._by_hop) == 1
            await theirs.aclose()
        async with answering() as theirs, SipLine.open(HOST, engine=FakeMediaEngine(), tcp=True) as ours:
            assert (await talk(await ours.place(order(theirs.address[1], **long)))).cause == "bye"
            await theirs.aclose()

    asyncio.run(run())


def test_strangers_are_not_connected() -> None:
    async def run() -> None:
        allow = frozenset({"192.0.2.7"})
        async with (
            asyncio.timeout(10),
            SipLine.open(HOST, engine=FakeMediaEngine(), transport="tcp", allow=allow) as line,
        ):
            reader, writer = await asyncio.open_connection(*line.address)
            with contextlib.suppress(ConnectionResetError):
                assert await reader.read() == b""
            writer.close()

    asyncio.run(run())


def test_garbage_and_keepalives_on_a_connection() -> None:
    async def run() -> None:
        async with asyncio.timeout(10), SipLine.open(HOST, engine=FakeMediaEngine(), transport="tcp") as line:
            reader, writer = await asyncio.open_connection(*line.address)
            writer.write(b"\r\n\r\n")
            assert await reader.readexactly(2) == b"\r\n"
            writer.write(b"X" * 70_000)
            with contextlib.suppress(ConnectionResetError):
                assert await reader.read() == b""
            writer.close()
            assert line._agent.garbage == 0
            assert not line._streams._by_flow

    asyncio.run(run())


# ---------------------------------------------------------------- TLS

needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """ca.pem; server, client (signed by it, for 127.0.0.1) and named (for trunk.example); other-ca.pem."""
    folder = tmp_path_factory.mktemp("pki")

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True, timeout=30)

    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2")
    for name in ("ca", "other-ca"):
        openssl("req", "-x509", *curve, "-keyout", f"{name}.key", "-out", f"{name}.pem", "-subj", f"/CN={name}")
    for name, alternative in (("server", "IP:127.0.0.1"), ("client", "IP:127.0.0.1"), ("named", "DNS:trunk.example")):
        openssl(
            *("req", "-x509", *curve, "-keyout", f"{name}.key", "-out", f"{name}.pem", "-subj", f"/CN={name}"),
            *("-CA", "ca.pem", "-CAkey", "ca.key", "-addext", f"subjectAltName={alternative}"),
            *("-addext", "basicConstraints=critical,CA:FALSE"),
        )
    return folder


def settings(pki: Path, name: str = "", ca: str = "", **more: str) -> TlsSettings:
    own = {"certificate": str(pki / f"{name}.pem"), "key": str(pki / f"{name}.key")} if name else {}
    return TlsSettings(ca_file=str(pki / f"{ca}.pem") if ca else "", **own, **more)


@needs_openssl
@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ({"name": "server"}, {"ca": "ca"}),
        ({"name": "server", "ca": "ca"}, {"ca": "ca", "name": "client"}),
        ({"name": "named"}, {"ca": "ca", "server_name": "trunk.example"}),
    ],
)
def test_a_call_over_tls(pki: Path, theirs: dict[str, str], ours: dict[str, str]) -> None:
    async def run() -> None:
        async with answering(transport="tls", tls=settings(pki, **theirs)) as far:
            async with SipLine.open(
                HOST, engine=FakeMediaEngine(), transport="tls", tls=settings(pki, **ours), proxy=far.address
            ) as near:
                leg = await near.place(order(far.address[1]))
                assert (await talk(leg)).cause == "bye"
            await far.aclose()

    asyncio.run(run())


@needs_openssl
@pytest.mark.parametrize("ours", [{"ca": "other-ca"}, {}, {"ca": "ca", "server_name": "elsewhere.example"}])
def test_a_wrong_certificate_is_named(pki: Path, ours: dict[str, str]) -> None:
    async def run() -> None:
        async with answering(transport="tls", tls=settings(pki, "server")) as far:
            async with SipLine.open(HOST, engine=FakeMediaEngine(), transport="tls", tls=settings(pki, **ours)) as near:
                with pytest.raises(LineError, match="certificate is not accepted"):
                    await near.place(order(far.address[1]))
            await far.aclose()

    asyncio.run(run())


@needs_openssl
def test_without_our_certificate_where_one_is_demanded(pki: Path) -> None:
    """In TLS 1.3 the refusal comes after the handshake: the call ends, it does not hang."""

    async def run() -> None:
        async with answering(transport="tls", tls=settings(pki, "server", "ca")) as far:
            async with SipLine.open(
                HOST, engine=FakeMediaEngine(), transport="tls", tls=settings(pki, ca="ca")
            ) as near:
                try:
                    leg = await near.place(order(far.address[1]))
                except LineError:
                    return
                seen = [event async for event in leg.events()]
                assert not any(isinstance(event, LegAnswered | LegRejected) for event in seen)
                assert isinstance(seen[-1], LegEnded)
                assert seen[-1].cause == "transport_error"
            await far.aclose()

    asyncio.run(run())


@needs_openssl
def test_files_that_cannot_be_used(pki: Path, tmp_path: Path) -> None:
    (tmp_path / "no.pem").write_text("nothing")
    with pytest.raises(LineError, match="CA file"):
        client_context(TlsSettings(ca_file=str(tmp_path / "missing.pem")))
    with pytest.raises(LineError, match="CA file"):
        client_context(TlsSettings(ca_file=str(tmp_path / "no.pem")))
    with pytest.raises(LineError, match="certificate"):
        server_context(TlsSettings(certificate=str(tmp_path / "no.pem")))
    with pytest.raises(LineError, match="CA file"):
        server_context(settings(pki, "server", "missing"))
    assert server_context(TlsSettings()) is None


def test_connections_leave_from_the_address_of_the_line() -> None:
    async def run() -> None:
        async with (
            answering(transport="tcp", allow=frozenset({"127.0.0.5"})) as theirs,
            SipLine.open("127.0.0.5", engine=FakeMediaEngine(), transport="tcp") as line,
        ):
            assert (await talk(await line.place(order(theirs.address[1])))).cause == "bye"

    asyncio.run(run())


def test_what_waits_for_a_connection_that_fails_is_told() -> None:
    """A second call goes the way the first one opens; when that leads nowhere, it hears of it at once, not after 32 s."""

    async def run() -> None:
        failed: list[Hop] = []
        hung_up = asyncio.Event()

        async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await hung_up.wait()
            writer.transport.abort()

        server = await asyncio.start_server(refuse, HOST, 0)
        port = server.sockets[0].getsockname()[1]
        async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
            tls = client_context(TlsSettings())
            streams = Streams(tasks, lambda _m, _h: None, lambda hop, _r: failed.append(hop), tls, HOST)
            hop = Hop(HOST, port, "TLS")

            async def second_call() -> None:
                streams.send(b"INVITE of the second call", hop)
                hung_up.set()

            asyncio.get_running_loop().call_soon(lambda: tasks.create_task(second_call()))
            with pytest.raises(LineError, match="cannot connect"):
                await streams.connect(hop)
            streams.close()
        server.close()
        assert failed == [hop]

    asyncio.run(run())


def test_who_connects_and_says_nothing_is_parted_from(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("callwright.telephony.sip.streams.FIRST_MESSAGE_S", 0.05)

    async def run() -> None:
        async with SipLine.open(HOST, engine=FakeMediaEngine(), tcp=True) as line, asyncio.timeout(20):
            reader, writer = await asyncio.open_connection(HOST, line.address[1])
            writer.write(b"\r\n\r\nOPTIO")
            assert (await reader.read()).replace(b"\r\n", b"") == b""
            writer.close()

    asyncio.run(run())


def test_names_for_certificates_are_kept_of_the_latest_hosts_only() -> None:
    async def main() -> None:
        async with asyncio.TaskGroup() as tasks:
            streams = Streams(tasks, lambda data, hop: None, lambda hop, reason: None, None, "")
            for number in range(2_000):
                streams.known_as(Hop(f"10.0.{number // 256}.{number % 256}", 5061, "TLS"), f"h{number}.example")
                streams.known_as(Hop("192.0.2.1", 5061, "TLS"), "often.example")
            assert len(streams._names) == 1_000
            assert streams._names["192.0.2.1"] == "often.example"

    asyncio.run(main())
