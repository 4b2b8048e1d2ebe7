"""Calls with sipp, an independent SIP implementation, over real UDP sockets on 127.0.0.1."""

from __future__ import annotations

import asyncio
import shutil
import socket
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from callwright.telephony.port import (
    DialOrder,
    LegAnswered,
    LegDtmf,
    LegEarlyMedia,
    LegEnded,
    LegEvent,
    LegRejected,
    LegRinging,
    LegTrying,
)
from callwright.telephony.sip.digest import Credentials
from callwright.telephony.sip.driver import SipLine
from callwright.telephony.sip.leg import SipIncomingLeg, SipLeg
from callwright.testing.media import FakeMediaEngine
from callwright.testing.sipp import CALLEE, HOST, Sipp, order, permit
from callwright.testing.sipp import sipp as run_sipp

pytestmark = [pytest.mark.integration, pytest.mark.skipif(shutil.which("sipp") is None, reason="sipp is not installed")]

SCENARIOS = Path(__file__).parent / "sipp"


def sipp(tmp_path: Path, scenario: str, *arguments: str, calls: int = 1) -> AbstractAsyncContextManager[Sipp]:
    return run_sipp(tmp_path, SCENARIOS / f"{scenario}.xml", *arguments, calls=calls)


async def follow(leg: SipLeg, hang_up_after: type | None = None) -> list[LegEvent]:
    """Every event of the leg; hangs up when an event of the given kind comes."""
    seen: list[LegEvent] = []
    async with asyncio.timeout(50), asyncio.TaskGroup() as tasks:
        async for event in leg.events():
            seen.append(event)
            if hang_up_after is not None and isinstance(event, hang_up_after):
                tasks.create_task(leg.hangup())
    return seen


async def until(leg: SipLeg, direction: str, word: str, count: int) -> None:
    """Wait until the ladder holds that many messages beginning with `word`."""
    for _ in range(1_000):
        if sum(rung.direction == direction and rung.line.startswith(word) for rung in leg.ladder) >= count:
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"fewer than {count} times {direction} {word}")


async def call(
    tmp_path: Path,
    scenario: str,
    *arguments: str,
    hang_up_after: type | None = None,
    engine: FakeMediaEngine | None = None,
    credentials: Credentials | None = None,
    calls: int = 1,
    **changes: object,
) -> tuple[SipLeg, list[LegEvent]]:
    engine = engine or FakeMediaEngine()
    async with (
        sipp(tmp_path, scenario, *arguments, calls=calls) as peer,
        SipLine.open(HOST, engine=engine, credentials=credentials) as line,
    ):
        leg = await line.place(order(peer.port, **changes))
        seen = await follow(leg, hang_up_after)
        await peer.passed()
    assert all(stream.closed for stream in engine.streams)
    assert sum(isinstance(event, LegEnded) for event in seen) == 1
    assert isinstance(seen[-1], LegEnded)
    return leg, seen


def kinds(seen: list[LegEvent]) -> list[type]:
    return [type(event) for event in seen]


def ended(seen: list[LegEvent]) -> LegEnded:
    assert isinstance(seen[-1], LegEnded)
    return seen[-1]


def test_answered_call_that_we_end(tmp_path: Path) -> None:
    engine = FakeMediaEngine()
    leg, seen = asyncio.run(call(tmp_path, "uas_answer", hang_up_after=LegAnswered, engine=engine))
    assert kinds(seen) == [LegTrying, LegRinging, LegAnswered, LegEnded]
    assert (ended(seen).cause, ended(seen).by) == ("bye", "us")
    assert engine.streams[0].configured == [((HOST, 16000), "PCMA", 8, 97, "sendrecv")]
    assert leg.call_id == f"attempt-1@{HOST}"
    lines = [rung.line for rung in leg.ladder]
    assert lines[0].startswith("INVITE sip:************01@127.0.0.1:")
    assert not any(CALLEE[3:] in line for line in lines)


def test_answered_call_that_the_peer_ends(tmp_path: Path) -> None:
    _, seen = asyncio.run(call(tmp_path, "uas_peer_bye"))
    assert kinds(seen) == [LegTrying, LegAnswered, LegEnded] or kinds(seen) == [LegAnswered, LegEnded]
    assert (ended(seen).cause, ended(seen).by) == ("bye", "peer")
    assert "cause=16" in ended(seen).detail


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (486, "Busy Here"),
        (603, "Decline"),
        (404, "Not Found"),
        (480, "Temporarily Unavailable"),
        (503, "Service Unavailable"),
        (302, "Moved Temporarily"),
    ],
)
def test_rejections_are_acknowledged_and_reported(tmp_path: Path, code: int, reason: str) -> None:
    written = (SCENARIOS / "uas_reject.xml").read_text().replace("486 Busy Here", f"{code} {reason}")
    scenario = tmp_path / "uas_reject.xml"
    scenario.write_text(written)
    _, seen = asyncio.run(call(tmp_path, str(scenario.with_suffix(""))))
    rejected = seen[-2]
    assert isinstance(rejected, LegRejected)
    assert (rejected.code, rejected.reason, rejected.q850) == (code, reason, 17)
    assert (ended(seen).cause, ended(seen).by) == ("rejected", "peer")


def test_early_media_is_connected_before_the_answer(tmp_path: Path) -> None:
    engine = FakeMediaEngine()
    _, seen = asyncio.run(call(tmp_path, "uas_early_media", hang_up_after=LegAnswered, engine=engine))
    assert kinds(seen) == [LegTrying, LegEarlyMedia, LegAnswered, LegEnded]
    assert len(engine.streams[0].configured) == 1


def test_no_answer_is_cancelled(tmp_path: Path) -> None:
    _, seen = asyncio.run(call(tmp_path, "uas_no_answer", ring_timeout_s=0.4))
    assert kinds(seen) == [LegTrying, LegRinging, LegEnded]
    assert (ended(seen).cause, ended(seen).by) == ("no_answer", "us")


def test_a_200_that_crosses_our_cancel_is_acknowledged_and_hung_up(tmp_path: Path) -> None:
    _, seen = asyncio.run(call(tmp_path, "uas_cancel_race", ring_timeout_s=0.4))
    assert kinds(seen) == [LegTrying, LegRinging, LegEnded]
    assert ended(seen).cause == "no_answer"


def test_digest_on_invite_and_on_bye(tmp_path: Path) -> None:
    secret = Credentials("robot", "secret")
    leg, seen = asyncio.run(call(tmp_path, "uas_digest", hang_up_after=LegAnswered, credentials=secret))
    assert ended(seen).cause == "bye"
    assert [rung.line.split(" ")[0] for rung in leg.ladder if rung.direction == "->"] == [
        *("INVITE", "ACK"),
        *("INVITE", "ACK"),
        *("INVITE", "ACK"),
        *("BYE", "BYE"),
    ]


def test_late_answer_and_lost_ack(tmp_path: Path) -> None:
    async def run() -> tuple[SipLeg, list[LegEvent]]:
        engine = FakeMediaEngine()
        async with sipp(tmp_path, "uas_lost_ack") as peer, SipLine.open(HOST, engine=engine) as line:
            leg = await line.place(order(peer.port))
            async with asyncio.timeout(20):
                async for event in leg.events():
                    if isinstance(event, LegAnswered):
                        break
                await until(leg, "->", "ACK", 2)  # the peer repeats its 200
                await leg.hangup()
                rest = [event async for event in leg.events()]
            await peer.passed()
        return leg, rest

    leg, rest = asyncio.run(run())
    assert ended(rest).cause == "bye"
    sent = [rung.line.split(" ")[0] for rung in leg.ladder if rung.direction == "->"]
    assert sent.count("INVITE") == 2
    assert sent.count("ACK") >= 2


def test_record_route_and_contact_are_followed(tmp_path: Path) -> None:
    _, seen = asyncio.run(call(tmp_path, "uas_record_route", hang_up_after=LegAnswered))
    assert ended(seen).cause == "bye"


def test_requests_of_the_peer_within_the_call(tmp_path: Path) -> None:
    engine = FakeMediaEngine()
    _, seen = asyncio.run(call(tmp_path, "uas_requests", engine=engine))
    assert [event.digit for event in seen if isinstance(event, LegDtmf)] == ["5"]
    assert [item[4] for item in engine.streams[0].configured] == ["sendrecv", "recvonly", "sendrecv"]
    assert ended(seen).by == "peer"


def test_max_duration_ends_the_call(tmp_path: Path) -> None:
    _, seen = asyncio.run(call(tmp_path, "uas_answer", max_duration_s=0.3))
    assert (ended(seen).cause, ended(seen).by, ended(seen).detail) == ("bye", "us", "max_duration")


def test_silence_ends_the_call(tmp_path: Path) -> None:
    engine = FakeMediaEngine()

    async def run() -> list[LegEvent]:
        async with sipp(tmp_path, "uas_answer") as peer, SipLine.open(HOST, engine=engine, media_timeout_s=7) as line:
            leg = await line.place(order(peer.port))
            seen = []
            async with asyncio.timeout(20):
                async for event in leg.events():
                    seen.append(event)
                    if isinstance(event, LegAnswered):
                        assert engine.streams[0].watching_ms == 7000
                        assert engine.streams[0].silent is not None
                        engine.streams[0].silent()
            await peer.passed()
        return seen

    end = ended(asyncio.run(run()))
    assert (end.cause, end.by) == ("media_timeout", "network")


def test_a_peer_that_vanishes_ends_by_name(tmp_path: Path) -> None:
    _, seen = asyncio.run(call(tmp_path, "uas_vanish", hang_up_after=LegAnswered))
    assert (ended(seen).cause, ended(seen).by, ended(seen).detail) == ("timeout", "network", "no answer to BYE")


def test_lossy_peer(tmp_path: Path) -> None:
    async def run() -> list[list[LegEvent]]:
        engine = FakeMediaEngine()
        async with (
            sipp(tmp_path, "uas_answer", "-nd", "-lost", "10", calls=8) as peer,
            SipLine.open(HOST, engine=engine) as line,
        ):
            legs = [
                await line.place(DialOrder(permit(), f"sip:{CALLEE}@{HOST}:{peer.port}", f"attempt-{number}"))
                for number in range(8)
            ]
            return await asyncio.gather(*(follow(leg, LegAnswered) for leg in legs))

    for seen in asyncio.run(run()):
        assert LegAnswered in kinds(seen)
        assert ended(seen).cause in ("bye", "timeout")


def test_leaving_the_line_hangs_up_and_frees_everything(tmp_path: Path) -> None:
    async def run() -> tuple[SipLeg, FakeMediaEngine, int]:
        engine = FakeMediaEngine()
        async with sipp(tmp_path, "uas_answer") as peer:
            owner: asyncio.Task[SipLeg] = asyncio.create_task(hold_a_call(engine, peer.port))
            await asyncio.wait_for(answered.wait(), 10)
            owner.cancel()
            with pytest.raises(asyncio.CancelledError):
                await owner
            await peer.passed()
        return legs[0], engine, ports[0]

    answered = asyncio.Event()
    legs: list[SipLeg] = []
    ports: list[int] = []

    async def hold_a_call(engine: FakeMediaEngine, port: int) -> SipLeg:
        async with SipLine.open(HOST, engine=engine) as line:
            ports.append(line.address[1])
            leg = await line.place(order(port))
            legs.append(leg)
            async for event in leg.events():
                if isinstance(event, LegAnswered):
                    answered.set()
            return leg

    leg, engine, port = asyncio.run(run())
    assert engine.streams[0].closed
    assert any(rung.line.startswith("BYE") for rung in leg.ladder)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((HOST, port))


# ---------------------------------------------------------------- sipp calls us


async def receive(tmp_path: Path, scenario: str, act: str, *, garbage: bool = False) -> list[list[LegEvent]]:
    engine = FakeMediaEngine()
    calls: list[list[LegEvent]] = []

    async def serve(line: SipLine, tasks: asyncio.TaskGroup) -> None:
        async for leg in line.incoming():
            tasks.create_task(handle(leg))

    async def handle(leg: SipIncomingLeg) -> None:
        assert leg.caller == "+8613900000001"
        assert leg.called == "robot"
        seen: list[LegEvent] = []
        calls.append(seen)
        if act == "reject":
            await leg.reject(603, "No")
        else:
            await leg.ring()
            if act == "answer":
                await leg.answer()
            elif act == "answer late":
                await until(leg, "<-", "INVITE", 3)
                await leg.answer()
        seen.extend([event async for event in leg.events()])

    async with asyncio.timeout(30), asyncio.TaskGroup() as tasks:
        async with SipLine.open(HOST, engine=engine) as line:
            server = tasks.create_task(serve(line, tasks))
            async with sipp(tmp_path, scenario, f"{HOST}:{line.address[1]}") as peer:
                if garbage:
                    throw_garbage(line.address)
                await peer.passed()
        await server
    assert all(stream.closed for stream in engine.streams)
    return calls


def throw_garbage(address: tuple[str, int]) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as source:
        for data in (
            b"\0" * 900,
            b"GET / HTTP/1.1\r\n\r\n",
            b"INVITE",
            b"SIP/2.0 200\r\n\r\n",
            b"\x80\x00" + b"a" * 170,
        ):
            source.sendto(data, address)


def test_incoming_call_is_rung_and_answered(tmp_path: Path) -> None:
    calls = asyncio.run(receive(tmp_path, "uac_call", "answer", garbage=True))
    assert [kinds(seen) for seen in calls] == [[LegAnswered, LegEnded]]
    assert (ended(calls[0]).cause, ended(calls[0]).by) == ("bye", "peer")


def test_a_repeated_invite_is_one_call(tmp_path: Path) -> None:
    calls = asyncio.run(receive(tmp_path, "uac_twice", "answer late"))
    assert len(calls) == 1


def test_the_caller_gives_up(tmp_path: Path) -> None:
    calls = asyncio.run(receive(tmp_path, "uac_cancel", "ring"))
    assert (ended(calls[0]).cause, ended(calls[0]).by) == ("cancelled", "peer")


def test_an_incoming_call_is_refused(tmp_path: Path) -> None:
    calls = asyncio.run(receive(tmp_path, "uac_refused", "reject"))
    assert (ended(calls[0]).cause, ended(calls[0]).by) == ("rejected", "us")
