"""Extensions of SIP with sipp over real sockets: each directly, and over a lossy network (see conftest)."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest

from callwright.telephony.port import LegEnded
from callwright.telephony.sip.digest import Credentials
from callwright.telephony.sip.leg import SipIncomingLeg, SipLeg
from callwright.testing.stage import AS_WRITTEN, Stage, answered, rest, until

pytestmark = [pytest.mark.integration, pytest.mark.skipif(shutil.which("sipp") is None, reason="sipp is not installed")]


async def placed(
    stage: Stage,
    scenario: str,
    act: Callable[[SipLeg], Awaitable[None]],
    *arguments: str,
    change: Mapping[str, str] = AS_WRITTEN,
    **line: Any,
) -> LegEnded:
    """Call sipp, do `act` once it answered, and give how the call ended; sipp must have run its scenario to the end."""
    async with asyncio.timeout(60), stage.sipp(scenario, *arguments, change=change) as peer, stage.line(**line) as ours:
        leg = await ours.place(stage.order(peer))
        await answered(leg)
        await act(leg)
        end = await rest(leg)
        await peer.passed()
    return end


async def taken(
    stage: Stage,
    scenario: str,
    act: Callable[[SipIncomingLeg], Awaitable[None]],
    *arguments: str,
    change: Mapping[str, str] = AS_WRITTEN,
    **line: Any,
) -> None:
    """sipp calls us, `act` deals with the call; sipp must have run its scenario to the end."""
    async with asyncio.timeout(60), asyncio.TaskGroup() as tasks, stage.line(**line) as ours:

        async def serve() -> None:
            async for leg in ours.incoming():
                tasks.create_task(act(leg))  # type: ignore[arg-type]

        tasks.create_task(serve())
        async with stage.caller(ours, scenario, *arguments, change=change) as peer:
            await peer.passed()


# ---------------------------------------------------------------- session timers, hold


async def test_session_is_refreshed_by_update_and_by_reinvite(stage: Stage) -> None:
    async def act(leg: SipLeg) -> None:
        await until(leg, "->", "UPDATE", 2)
        await leg.hangup()

    change = {"Session-Expires: 4": "Session-Expires: 24", "Min-SE: 4": "Min-SE: 24"} if stage.lossy else AS_WRITTEN
    end = await placed(stage, "uas_session_timer", act, change=change, session_expires_s=3, min_se_s=2)
    assert (end.cause, end.by) == ("bye", "us")


async def test_a_caller_that_stops_refreshing_is_hung_up(stage: Stage) -> None:
    ends: list[LegEnded] = []

    async def act(leg: SipIncomingLeg) -> None:
        await leg.ring()
        await leg.answer()
        ends.append(await rest(leg))

    await taken(stage, "uac_session_timer", act, min_se_s=2)
    assert [(end.cause, end.by, end.detail) for end in ends] == [("timeout", "network", "session expired")]


async def test_hold_with_glare_and_resume(stage: Stage) -> None:
    async def act(leg: SipLeg) -> None:
        await leg.hold()
        await leg.resume_call()
        await leg.hangup()

    assert (await placed(stage, "uas_hold", act)).cause == "bye"


# ---------------------------------------------------------------- reliable ringing, digest, giving up early


async def test_reliable_provisional_responses_are_acknowledged(stage: Stage) -> None:
    async def act(leg: SipLeg) -> None:
        await leg.hangup()

    end = await placed(stage, "uas_prack", act, credentials=Credentials("robot", "secret"))
    assert (end.cause, end.by) == ("bye", "us")


async def rung_reliably(stage: Stage, *arguments: str, transport: str) -> None:
    ends: list[LegEnded] = []

    async def act(leg: SipIncomingLeg) -> None:
        await leg.ring()
        await until(leg, "<-", "PRACK")
        await leg.answer()
        ends.append(await rest(leg))

    await taken(stage, "uac_prack", act, *arguments, transport=transport)
    assert [(end.cause, end.by) for end in ends] == [("bye", "peer")]


async def test_a_caller_that_requires_reliable_ringing_gets_it(stage: Stage) -> None:
    await rung_reliably(stage, transport="udp")


@pytest.mark.direct
async def test_a_caller_that_requires_reliable_ringing_gets_it_over_tcp(stage: Stage) -> None:
    await rung_reliably(stage, "-t", "t1", transport="tcp")


async def test_every_method_is_proved(stage: Stage) -> None:
    async def act(leg: SipLeg) -> None:
        await leg.hold()
        await until(leg, "->", "UPDATE", 2)
        await until(leg, "<-", "SIP/2.0 200", 3)
        await leg.hangup()

    secret = Credentials("robot", "secret")
    longer = {"Session-Expires: 4": "Session-Expires: 24", "Session-Expires: 2;": "Session-Expires: 24;"}
    end = await placed(
        stage,
        "uas_digest_changes",
        act,
        change=longer if stage.lossy else AS_WRITTEN,
        credentials=secret,
        session_expires_s=4,
        min_se_s=2,
    )
    assert (end.cause, end.by) == ("bye", "us")


async def test_a_call_given_up_before_anything_came_is_cancelled_in_the_background(stage: Stage) -> None:
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(40), stage.sipp("uas_late_ringing") as peer, stage.line(grace_s=20) as ours:
        leg = await ours.place(stage.order(peer))
        began = loop.time()
        await leg.hangup()
        took = loop.time() - began
        await ours.aclose()  # waits for what becomes of the INVITE
        await peer.passed()
        end = await rest(leg)
    assert took < 0.25  # before the ringing came
    assert (end.cause, end.by) == ("cancelled", "us")


# ---------------------------------------------------------------- registration


async def test_registration_is_renewed_in_time_and_taken_back(stage: Stage) -> None:
    states: list[str] = []
    async with asyncio.timeout(40), stage.sipp("uas_registrar") as peer:
        async with stage.line(
            register=f"robot@{peer.address[0]}:{peer.address[1]}",
            expires_s=2,
            credentials=Credentials("robot", "secret"),
            grace_s=20,
        ) as line:
            renewed = 0
            while renewed < 2:
                await line.changed()
                assert line.registration is not None
                if line.registration.state not in states[-1:]:
                    states.append(line.registration.state)
                renewed = states.count("registered")
        await peer.passed()
        assert line.registration is not None
        states.append(line.registration.state)
    assert states[-4:] == ["registered", "registering", "registered", "closed"]


# ---------------------------------------------------------------- TCP


@pytest.mark.direct
@pytest.mark.parametrize("scenario", ["uas_answer", "uas_hold"])
async def test_a_call_over_tcp(stage: Stage, scenario: str) -> None:
    async def act(leg: SipLeg) -> None:
        if scenario == "uas_hold":
            await leg.hold()
            await leg.resume_call()
        await leg.hangup()

    end = await placed(stage, scenario, act, "-t", "t1", transport="tcp")
    assert (end.cause, end.by) == ("bye", "us")


# ---------------------------------------------------------------- transfers


async def test_a_blind_transfer_with_its_progress(stage: Stage) -> None:
    codes: list[int] = []

    async def act(leg: SipLeg) -> None:
        codes.extend([progress.code async for progress in leg.transfer("sip:+8613900000002@192.0.2.9")])
        await leg.hangup()

    end = await placed(stage, "uas_refer", act, credentials=Credentials("robot", "secret"))
    assert codes[-3:] == [100, 180, 200]
    assert codes[:-3] == [202] or stage.lossy  # the first NOTIFY may overtake it
    assert (end.cause, end.by) == ("bye", "us")


async def test_a_transfer_nobody_decides_on_is_declined(stage: Stage) -> None:
    ends: list[LegEnded] = []

    async def act(leg: SipIncomingLeg) -> None:
        await leg.ring()
        await leg.answer()
        ends.append(await rest(leg))

    await taken(stage, "uac_refer", act)
    assert [(end.cause, end.by) for end in ends] == [("bye", "peer")]
