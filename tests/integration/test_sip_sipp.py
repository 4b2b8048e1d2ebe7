"""Calls with sipp, an independent SIP implementation, over real UDP sockets: each directly, and over a lossy network (see conftest)."""

from __future__ import annotations

import asyncio
import shutil
import socket
from collections.abc import Mapping
from typing import Any

import pytest

from callwright.telephony.port import (
    LegAnswered,
    LegDtmf,
    LegEarlyMedia,
    LegEnded,
    LegEvent,
    LegRinging,
    LegTrying,
)
from callwright.telephony.sip.digest import Credentials
from callwright.telephony.sip.driver import SipLine
from callwright.telephony.sip.leg import SipIncomingLeg, SipLeg
from callwright.testing.lossy_proxy import Passage
from callwright.testing.media import FakeMediaEngine
from callwright.testing.sipp import CALLEE, HOST
from callwright.testing.stage import AS_WRITTEN, Stage, follow, until

pytestmark = [pytest.mark.integration, pytest.mark.skipif(shutil.which("sipp") is None, reason="sipp is not installed")]

PROVISIONAL = (LegTrying, LegRinging, LegEarlyMedia)


async def call(
    stage: Stage,
    scenario: str,
    *arguments: str,
    hang_up_after: type[LegEvent] | None = None,
    credentials: Credentials | None = None,
    **changes: Any,
) -> tuple[SipLeg, list[LegEvent]]:
    """Call sipp; the leg and everything that happened."""
    async with stage.sipp(scenario, *arguments) as peer, stage.line(credentials=credentials) as line:
        leg = await line.place(stage.order(peer, **changes))
        seen = await follow(leg, hang_up_after)
        await peer.passed()
    assert all(stream.closed for stream in stage.engine.streams)
    assert sum(isinstance(event, LegEnded) for event in seen) == 1
    return leg, seen


def ended(seen: list[LegEvent]) -> LegEnded:
    assert isinstance(seen[-1], LegEnded)
    return seen[-1]


def check_kinds(stage: Stage, seen: list[LegEvent], *wanted: type[LegEvent]) -> None:
    """These events, in this order. Over the lossy network provisional answers may be missing: nobody repeats them."""
    found = [type(event) for event in seen]
    if stage.lossy:
        assert [kind for kind in wanted if kind in found or kind not in PROVISIONAL] == found
    else:
        assert found == list(wanted)


async def test_answered_call_that_we_end(stage: Stage) -> None:
    leg, seen = await call(stage, "uas_answer", hang_up_after=LegAnswered)
    check_kinds(stage, seen, LegTrying, LegRinging, LegAnswered, LegEnded)
    assert (ended(seen).cause, ended(seen).by) == ("bye", "us")
    assert stage.engine.streams[0].configured == [((HOST, 16000), "PCMA", 8, 97, "sendrecv")]
    assert leg.call_id == f"attempt-1@{stage.us}"
    lines = [rung.line for rung in leg.ladder]
    assert lines[0].startswith("INVITE sip:************01@127.0.0.")
    assert not any(CALLEE[3:] in line for line in lines)


async def test_answered_call_that_the_peer_ends(stage: Stage) -> None:
    _, seen = await call(stage, "uas_peer_bye")
    assert [type(event) for event in seen if not isinstance(event, LegTrying)] == [LegAnswered, LegEnded]
    assert (ended(seen).cause, ended(seen).by) == ("bye", "peer")
    assert "cause=16" in ended(seen).detail


async def test_early_media_is_connected_before_the_answer(stage: Stage) -> None:
    _, seen = await call(stage, "uas_early_media", hang_up_after=LegAnswered)
    check_kinds(stage, seen, LegTrying, LegEarlyMedia, LegAnswered, LegEnded)
    assert len(stage.engine.streams[0].configured) == 1


async def test_no_answer_is_cancelled(stage: Stage) -> None:
    _, seen = await call(stage, "uas_no_answer", ring_timeout_s=3)
    check_kinds(stage, seen, LegTrying, LegRinging, LegEnded)
    assert (ended(seen).cause, ended(seen).by) == ("no_answer", "us")


async def test_a_200_that_crosses_our_cancel_is_acknowledged_and_hung_up(stage: Stage) -> None:
    _, seen = await call(stage, "uas_cancel_race", ring_timeout_s=3)
    check_kinds(stage, seen, LegTrying, LegRinging, LegEnded)
    assert ended(seen).cause == "no_answer"


async def test_digest_on_invite_and_on_bye(stage: Stage) -> None:
    secret = Credentials("robot", "secret")
    leg, seen = await call(stage, "uas_digest", hang_up_after=LegAnswered, credentials=secret)
    assert ended(seen).cause == "bye"
    if not stage.lossy:
        assert [rung.line.split(" ")[0] for rung in leg.ladder if rung.direction == "->"] == [
            *("INVITE", "ACK"),
            *("INVITE", "ACK"),
            *("INVITE", "ACK"),
            *("BYE", "BYE"),
        ]


async def test_late_answer_and_lost_ack(stage: Stage) -> None:
    async with stage.sipp("uas_lost_ack") as peer, stage.line() as line:
        leg = await line.place(stage.order(peer))
        async with asyncio.timeout(30):
            async for event in leg.events():
                if isinstance(event, LegAnswered):
                    break
            await until(leg, "->", "ACK", 2, copies=True)  # the peer repeats its 200
            await leg.hangup()
            seen = [event async for event in leg.events()]
        await peer.passed()
    assert ended(seen).cause == "bye"
    sent = [rung.line.split(" ")[0] for rung in leg.ladder if rung.direction == "->"]
    assert sent.count("INVITE") == 2 or stage.lossy
    assert sent.count("ACK") >= 2


async def test_record_route_and_contact_are_followed(stage: Stage) -> None:
    _, seen = await call(stage, "uas_record_route", hang_up_after=LegAnswered)
    assert ended(seen).cause == "bye"


async def test_requests_of_the_peer_within_the_call(stage: Stage) -> None:
    _, seen = await call(stage, "uas_requests")
    assert [event.digit for event in seen if isinstance(event, LegDtmf)] == ["5"]
    assert [item[4] for item in stage.engine.streams[0].configured] == ["sendrecv", "recvonly", "sendrecv"]
    assert ended(seen).by == "peer"


async def test_max_duration_ends_the_call(stage: Stage) -> None:
    _, seen = await call(stage, "uas_answer", max_duration_s=0.3)
    assert (ended(seen).cause, ended(seen).by, ended(seen).detail) == ("bye", "us", "max_duration")


async def test_silence_ends_the_call(stage: Stage) -> None:
    async with stage.sipp("uas_answer") as peer, stage.line(media_timeout_s=7) as line:
        leg = await line.place(stage.order(peer))
        seen = []
        async with asyncio.timeout(30):
            async for event in leg.events():
                seen.append(event)
                if isinstance(event, LegAnswered):
                    stream = stage.engine.streams[0]
                    assert stream.watching_ms == 7_000
                    assert stream.silent is not None
                    stream.silent()
        await peer.passed()
    assert (ended(seen).cause, ended(seen).by) == ("media_timeout", "network")


async def test_a_peer_that_vanishes_ends_by_name(stage: Stage) -> None:
    _, seen = await call(stage, "uas_vanish", hang_up_after=LegAnswered)
    assert (ended(seen).cause, ended(seen).by, ended(seen).detail) == ("timeout", "network", "no answer to BYE")


@pytest.mark.direct  # sipp itself loses here
async def test_lossy_peer(stage: Stage) -> None:
    async with stage.sipp("uas_answer", "-nd", "-lost", "10", calls=8) as peer, stage.line() as line:
        legs = [await line.place(stage.order(peer, call_id=f"attempt-{number}")) for number in range(8)]
        ends = await asyncio.gather(*(follow(leg, LegAnswered) for leg in legs))
    for seen in ends:
        assert LegAnswered in [type(event) for event in seen]
        assert ended(seen).cause in ("bye", "timeout")


async def test_leaving_the_line_hangs_up_and_frees_everything(stage: Stage) -> None:
    engine = FakeMediaEngine()
    up: asyncio.Future[tuple[SipLeg, int]] = asyncio.get_running_loop().create_future()

    async def hold_a_call() -> None:
        async with stage.line(engine, grace_s=20) as line:
            leg = await line.place(stage.order(peer))
            async for event in leg.events():
                if isinstance(event, LegAnswered):
                    up.set_result((leg, line.address[1]))

    async with stage.sipp("uas_answer") as peer:
        owner = asyncio.create_task(hold_a_call())
        leg, port = await asyncio.wait_for(up, 20)
        owner.cancel()
        with pytest.raises(asyncio.CancelledError):
            await owner
        await peer.passed()
    assert engine.streams[0].closed
    assert any(rung.line.startswith("BYE") for rung in leg.ladder)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((HOST, port))


# ---------------------------------------------------------------- sipp calls us


async def receive(
    stage: Stage, scenario: str, act: str, *, garbage: bool = False, change: Mapping[str, str] = AS_WRITTEN
) -> list[list[LegEvent]]:
    """sipp calls us; every event of every call that came of it."""
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
                few = 2 if stage.lossy else 3  # the middle one is sent only once
                await until(leg, "<-", "INVITE", few, copies=True)
                await leg.answer()
        seen.extend([event async for event in leg.events()])

    async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
        async with stage.line() as line:
            server = tasks.create_task(serve(line, tasks))
            async with stage.caller(line, scenario, change=change) as peer:
                if garbage:
                    throw_garbage(line.address)
                await peer.passed()
        await server
    assert all(stream.closed for stream in stage.engine.streams)
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


async def test_incoming_call_is_rung_and_answered(stage: Stage) -> None:
    calls = await receive(stage, "uac_call", "answer", garbage=True)
    assert [[type(event) for event in seen] for seen in calls] == [[LegAnswered, LegEnded]]
    assert (ended(calls[0]).cause, ended(calls[0]).by) == ("bye", "peer")


async def test_a_repeated_invite_is_one_call(stage: Stage) -> None:
    calls = await receive(stage, "uac_twice", "answer late")
    assert len(calls) == 1


async def test_the_caller_gives_up(stage: Stage) -> None:
    # Where nothing is lost its 180 may be late, but comes.
    patience = AS_WRITTEN if stage.lossy else {'timeout="700"': 'timeout="10000"'}
    calls = await receive(stage, "uac_cancel", "ring", change=patience)
    assert (ended(calls[0]).cause, ended(calls[0]).by) == ("cancelled", "peer")


async def test_an_incoming_call_is_refused(stage: Stage) -> None:
    calls = await receive(stage, "uac_refused", "reject")
    assert (ended(calls[0]).cause, ended(calls[0]).by) == ("rejected", "us")


# ---------------------------------------------------------------- the network itself


def test_the_lossy_network_was_one(passages: dict[str, tuple[Passage, Passage]]) -> None:
    """Over all scenarios of this module (not when only a few were selected) every harm was done both ways."""
    if len(passages) < 10:
        pytest.skip("only a part of the scenarios was played")
    for way in (0, 1):
        total = [both[way] for both in passages.values()]
        carried = sum(passage.carried for passage in total)
        for harm in ("lost", "repeated", "reordered"):
            assert 0.03 < sum(getattr(passage, harm) for passage in total) / carried < 0.25, harm
