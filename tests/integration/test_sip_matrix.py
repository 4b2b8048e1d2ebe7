"""Scenarios of sipp by table: what a peer may do, directly and over a lossy network (see conftest).

Among them one for each defect that was measured in other Python stacks, so that we do not have it:

| defect | test |
|---|---|
| UPDATE, NOTIFY, MESSAGE within a call get no answer | test_requests_within_a_call_are_answered |
| no Session-Expires and Allow in a 200 to `Supported: timer` | test_sippy_no_session_expires_in_the_200 |
| a received REFER is answered 202 and BYE, without NOTIFY | test_sip_extensions: test_a_transfer_nobody_decides_on_is_declined |
| digest is tried again for INVITE only | test_sip_extensions: test_every_method_is_proved |
| registration is renewed at expiry, without margin | test_sip_extensions: test_registration_is_renewed_in_time_and_taken_back |
| octets that are no UTF-8 in a display name raise | test_sippy_a_name_that_is_no_utf8 |
| a malformed message gets no 400 | test_sippy_a_malformed_invite_is_answered_400 |
| no TCP, no TLS | test_sip_extensions: test_a_call_over_tcp; test_sip_baresip |
| final answers but 2xx are never acknowledged | test_every_refusal_is_acknowledged_and_reported |
| INVITE is not sent again | test_sip_sipp: test_late_answer_and_lost_ack |
| ACK and BYE ignore Contact and Record-Route | test_sip_sipp: test_record_route_and_contact_are_followed |
| a 200 that crosses CANCEL is ignored | test_sip_sipp: test_a_200_that_crosses_our_cancel_is_acknowledged_and_hung_up |
| a repeated INVITE is a second call | test_sip_sipp: test_a_repeated_invite_is_one_call |
| early media is not shown | test_sip_sipp: test_early_media_is_connected_before_the_answer |
"""

from __future__ import annotations

import asyncio
import shutil
from typing import Any

import pytest

from callwright.telephony.port import LegDtmf, LegEnded, LegEvent, LegRejected
from callwright.telephony.sip.driver import SipLine
from callwright.telephony.sip.leg import SipIncomingLeg
from callwright.testing.lossy_proxy import Passage
from callwright.testing.scenario import ask, caller_scenario, pause, take
from callwright.testing.stage import Stage, follow

pytestmark = [pytest.mark.integration, pytest.mark.skipif(shutil.which("sipp") is None, reason="sipp is not installed")]

REFUSALS = (
    *((400, "Bad Request"), (403, "Forbidden"), (404, "Not Found"), (408, "Request Timeout"), (410, "Gone")),
    *(
        (415, "Unsupported Media Type"),
        (420, "Bad Extension"),
        (423, "Interval Too Brief"),
        (480, "Temporarily Unavailable"),
    ),
    *(
        (481, "Call/Transaction Does Not Exist"),
        (484, "Address Incomplete"),
        (486, "Busy Here"),
        (487, "Request Terminated"),
    ),
    *((488, "Not Acceptable Here"), (491, "Request Pending"), (500, "Server Internal Error"), (501, "Not Implemented")),
    *((502, "Bad Gateway"), (503, "Service Unavailable"), (504, "Server Time-out"), (505, "Version Not Supported")),
    *((513, "Message Too Large"), (580, "Precondition Failure"), (600, "Busy Everywhere"), (603, "Decline")),
    *((604, "Does Not Exist Anywhere"), (606, "Not Acceptable"), (607, "Unwanted"), (608, "Rejected")),
)


@pytest.mark.parametrize(("code", "reason"), REFUSALS, ids=[str(code) for code, _ in REFUSALS])
async def test_every_refusal_is_acknowledged_and_reported(stage: Stage, code: int, reason: str) -> None:
    change = {"486 Busy Here": f"{code} {reason}"}
    async with stage.sipp("uas_reject", change=change) as peer, stage.line() as line:
        seen = await follow(await line.place(stage.order(peer)))
        await peer.passed()
    rejected, end = seen[-2:]
    assert isinstance(rejected, LegRejected)
    assert (rejected.code, rejected.reason, rejected.q850) == (code, reason, 17)
    assert isinstance(end, LegEnded)
    assert (end.cause, end.by) == ("rejected", "peer")


# ---------------------------------------------------------------- sipp calls us


async def receive(
    stage: Stage, scenario: str, *, change: dict[str, str] | None = None, **line: Any
) -> list[list[LegEvent]]:
    """sipp calls us, every call is rung and answered; every event of every call."""
    calls: list[list[LegEvent]] = []

    async def handle(leg: SipIncomingLeg) -> None:
        await leg.ring()
        await leg.answer()
        calls.append(await follow(leg))

    async def serve(ours: SipLine, tasks: asyncio.TaskGroup) -> None:
        async for leg in ours.incoming():
            tasks.create_task(handle(leg))

    async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
        async with stage.line(**line) as ours:
            serving = tasks.create_task(serve(ours, tasks))
            async with stage.caller(ours, scenario, change=change or {}) as peer:
                await peer.passed()
        await serving
    return calls


async def test_sippy_no_session_expires_in_the_200(stage: Stage) -> None:
    change = {
        "Content-Type: application/sdp": "Supported: timer\n      Content-Type: application/sdp",
        'regexp="m=audio [0-9]* RTP/AVP 8 97"': 'regexp="Session-Expires: [0-9]+;refresher=ua[cs]"',
    }
    calls = await receive(stage, "uac_call", change=change)
    assert len(calls) == 1


async def test_sippy_a_name_that_is_no_utf8(stage: Stage) -> None:
    change = {"From: <sip:+8613900000001@": 'From: "J\xfcrgen \xff" <sip:+8613900000001@'}
    calls = await receive(stage, "uac_call", change=change)
    assert len(calls) == 1


async def test_sippy_a_malformed_invite_is_answered_400(stage: Stage) -> None:
    change = {
        '<recv response="603"/>': '<recv response="400"/>',
        "To: <sip:robot@[remote_ip]:[remote_port]>\n": 'To: "robot <sip:robot@x>\n',
    }
    assert not await receive(stage, "uac_refused", change=change)


async def test_requests_within_a_call_are_answered(stage: Stage) -> None:
    async with stage.sipp("uas_requests") as peer, stage.line() as line:
        seen = await follow(await line.place(stage.order(peer)))
        await peer.passed()
    assert isinstance(seen[-1], LegEnded)
    assert seen[-1].by == "peer"


# ---------------------------------------------------------------- what a caller may do, by table

CALL = (
    ask("INVITE", 1, to=""),
    take(100, optional=True),
    take(180, optional=True),
    take(200, "INVITE"),
    ask("ACK", 1),
    # over the lossy network: until our 200 is not sent again any more, whichever ACK it was that came
    pause(700),
)
DTMF = "Content-Type: application/dtmf-relay"
CALLERS: dict[str, tuple[tuple[str, ...], tuple[str, str]]] = {
    "a CSeq that jumps": (
        (*CALL, ask("OPTIONS", 900), take(200), ask("BYE", 2_000_000_000), take(200, "BYE")),
        ("bye", "peer"),
    ),
    # sipp's reader takes the first "CSeq" for the header, in the reason phrase too: ours is without that word
    "a CSeq that goes back": (
        (
            *CALL,
            *(ask("OPTIONS", 900), take(200, "OPTIONS"), ask("OPTIONS", 899), take(500, "OPTIONS")),
            *(ask("INFO", 900), take(500, "INFO"), ask("BYE", 901), take(200, "BYE")),
        ),
        ("bye", "peer"),
    ),
    "OPTIONS, NOTIFY, MESSAGE": (
        (
            *CALL,
            *(ask("OPTIONS", 2), take(200, "OPTIONS")),
            *(ask("NOTIFY", 3, "Event: talk", "Subscription-State: active"), take(489)),
            *(ask("MESSAGE", 4), take(405)),
            *(ask("BYE", 5), take(200, "BYE")),
        ),
        ("bye", "peer"),
    ),
    "a method nobody knows": ((*CALL, ask("FLY", 2), take(501), ask("BYE", 3), take(200, "BYE")), ("bye", "peer")),
    "an extension nobody knows": (
        (*CALL, ask("INFO", 2, "Require: teleport"), take(420), ask("BYE", 3), take(200, "BYE")),
        ("bye", "peer"),
    ),
    "keys by INFO": (
        (
            *CALL,
            ask("INFO", 2, DTMF, body="Signal=7\nDuration=160"),
            take(200, "INFO"),
            ask("BYE", 3),
            take(200, "BYE"),
        ),
        ("bye", "peer"),
    ),
    "UPDATE refreshes the session": (
        (
            *CALL,
            ask("UPDATE", 2, "Supported: timer", "Session-Expires: 90;refresher=uac"),
            take(200, "UPDATE"),
            ask("BYE", 3),
            take(200, "BYE"),
        ),
        ("bye", "peer"),
    ),
    "re-INVITE refreshes the session": (
        (
            *CALL,
            ask("INVITE", 2, "Supported: timer", "Session-Expires: 90;refresher=uac"),
            *(take(100, optional=True), take(200, "INVITE"), ask("ACK", 2), pause(700)),
            *(ask("BYE", 3), take(200, "BYE")),
        ),
        ("bye", "peer"),
    ),
    "a session interval that is too small": (
        (*CALL, ask("UPDATE", 2, "Supported: timer", "Session-Expires: 1"), take(422), ask("BYE", 3), take(200, "BYE")),
        ("bye", "peer"),
    ),
    "CANCEL after the 200": (
        (*CALL, ask("CANCEL", 1), take(200, "CANCEL"), ask("BYE", 2), take(200, "BYE")),
        ("bye", "peer"),
    ),
    "PRACK for nothing": (
        (*CALL, ask("PRACK", 2, "RAck: 1 1 INVITE"), take(481), ask("BYE", 3), take(200, "BYE")),
        ("bye", "peer"),
    ),
    "REFER that nobody decides on": (
        (*CALL, ask("REFER", 2, "Refer-To: <sip:x@192.0.2.9>"), take(603), ask("BYE", 3), take(200, "BYE")),
        ("bye", "peer"),
    ),
    "two changes, one after the other": (
        (
            *CALL,
            *(ask("INVITE", 2), take(100, optional=True), take(200, "INVITE"), ask("ACK", 2), pause(700)),
            *(ask("INVITE", 3), take(100, optional=True), take(200, "INVITE"), ask("ACK", 3), pause(700)),
            *(ask("BYE", 4), take(200, "BYE")),
        ),
        ("bye", "peer"),
    ),
}


@pytest.mark.parametrize("name", CALLERS)
async def test_what_a_caller_may_do(stage: Stage, name: str) -> None:
    steps, end = CALLERS[name]
    calls = await receive(stage, caller_scenario(*steps))
    assert [(type(seen[-1]), seen[-1].cause, seen[-1].by) for seen in calls if isinstance(seen[-1], LegEnded)] == [
        (LegEnded, *end)
    ]
    if name == "keys by INFO":
        assert [event.digit for event in calls[0] if isinstance(event, LegDtmf)] == ["7"]


async def test_a_bye_before_the_answer(stage: Stage) -> None:
    """RFC 3261 section 15.1.2: 200 to the BYE, 487 to the INVITE. Over the lossy network either may come first."""
    ends: list[LegEnded] = []

    async def ring_only(line: SipLine) -> None:
        async for leg in line.incoming():
            await leg.ring()
            last = (await follow(leg))[-1]
            assert isinstance(last, LegEnded)
            ends.append(last)
            return

    steps = (
        *(ask("INVITE", 1, to="", again=True), take(100, optional=True), take(180)),
        *(ask("BYE", 2), take(200, "BYE", optional=True), take(487)),
    )
    async with asyncio.timeout(60), asyncio.TaskGroup() as tasks, stage.line() as line:
        tasks.create_task(ring_only(line))
        async with stage.caller(line, caller_scenario(*steps)) as peer:
            await peer.passed()
    assert [(end.cause, end.by) for end in ends] == [("bye", "peer")]


# ---------------------------------------------------------------- the network itself


def test_the_lossy_network_was_one(passages: dict[str, tuple[Passage, Passage]]) -> None:
    """Over all scenarios of this module (not when only a few were selected) every harm was done both ways."""
    if len(passages) < 10:
        pytest.skip("only a part of the scenarios was played")
    for way in (0, 1):
        total = [both[way] for both in passages.values()]
        carried = sum(passage.carried for passage in total)
        for harm in ("lost", "repeated", "reordered"):
            assert 0.02 < sum(getattr(passage, harm) for passage in total) / carried < 0.3, harm
