"""Extensions of SIP with sipp over real sockets: each directly, and over a lossy network (see conftest)."""

from __future__ import annotations

import asyncio
import hashlib
import re
import shutil
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest

from callwright.telephony.port import LegEnded
from callwright.telephony.sip.digest import Credentials
from callwright.telephony.sip.leg import SipIncomingLeg, SipLeg
from callwright.testing.scenario import ask, caller_scenario, pause, take
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

# A session that we refresh ends a sixth of its length after the refresh was due: a machine that stands still for some seconds must not end it.
LONGER = {"Session-Expires: 4;": "Session-Expires: 24;"}


async def test_session_is_refreshed_by_update_and_by_reinvite(stage: Stage) -> None:
    async def act(leg: SipLeg) -> None:
        await until(leg, "->", "UPDATE", 2)
        await leg.hangup()

    change = {"Session-Expires: 4": "Session-Expires: 24", "Min-SE: 4": "Min-SE: 24"}
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


async def test_we_refresh_a_call_that_came_to_us(stage: Stage) -> None:
    """By UPDATE, and by re-INVITE when the caller takes no UPDATE."""
    ends: list[LegEnded] = []

    async def act(leg: SipIncomingLeg) -> None:
        await leg.answer()
        ends.append(await rest(leg))

    await taken(stage, "uac_refreshed", act, change=LONGER, min_se_s=2)
    assert [(end.cause, end.by) for end in ends] == [("bye", "peer")]


@pytest.mark.parametrize("method", ["UPDATE", "INVITE"])
async def test_a_caller_that_refreshes_is_kept(stage: Stage, method: str) -> None:
    """Without the refresh we would hang up after 12 s, before its BYE."""
    ends: list[LegEnded] = []

    async def act(leg: SipIncomingLeg) -> None:
        await leg.answer()
        ends.append(await rest(leg))

    timer = ("Supported: timer", "Session-Expires: 18;refresher=uac", "Min-SE: 2")
    refresh = (ask(method, 2, *timer), take(100, optional=True), take(200, method))
    steps = (
        *(ask("INVITE", 1, *timer, to=""), take(100, optional=True), take(200, "INVITE"), ask("ACK", 1), pause(5_000)),
        *(*refresh, ask("ACK", 2) if method == "INVITE" else "", pause(7_500), ask("BYE", 3), take(200, "BYE")),
    )
    await taken(stage, caller_scenario(*steps), act, min_se_s=2)
    assert [(end.cause, end.by) for end in ends] == [("bye", "peer")]


async def test_a_peer_that_answers_no_refresh_is_hung_up(stage: Stage) -> None:
    async def act(leg: SipLeg) -> None:
        await until(leg, "->", "UPDATE")

    end = await placed(stage, "uas_session_vanishes", act, session_expires_s=6, min_se_s=2)
    assert (end.cause, end.by, end.detail) == ("timeout", "network", "session expired")


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
        change=longer,
        credentials=secret,
        session_expires_s=4,
        min_se_s=2,
    )
    assert (end.cause, end.by) == ("bye", "us")


async def test_sha_256_and_a_nonce_that_is_too_old(stage: Stage) -> None:
    """sipp can check no SHA-256 itself: the test does, from what sipp logged."""
    async with (
        asyncio.timeout(60),
        stage.sipp("uas_digest_sha256") as peer,
        stage.line(credentials=Credentials("robot", "secret")) as ours,
    ):
        leg = await ours.place(stage.order(peer))
        await answered(leg)
        await leg.hold()
        await leg.hangup()
        assert (await rest(leg)).cause == "bye"
        await peer.passed()
    proofs = re.findall(r"^.*?(INVITE|BYE) (sip:\S+) \|\s*Digest (.*)$", peer.log.read_text(), re.MULTILINE)
    assert [method for method, *_ in proofs] == ["INVITE", "INVITE", "INVITE", "BYE", "BYE"]
    cnonces = set()
    for method, uri, text in proofs:
        said = {name: quoted or plain for name, quoted, plain in re.findall(r'(\w+)=(?:"([^"]*)"|([^ ,]+))', text)}
        assert said["uri"] == uri
        a1, a2 = sha256("robot:r:secret"), sha256(f"{method}:{uri}")
        assert said["response"] == sha256(f"{a1}:{said['nonce']}:{said['nc']}:{said['cnonce']}:{said['qop']}:{a2}")
        cnonces.add(said["cnonce"])
    assert len(cnonces) == 5


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


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
    async with asyncio.timeout(60), stage.sipp("uas_registrar") as peer:
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


# ---------------------------------------------------------------- TCP (Debian's sipp is built without TLS: that is test_sip_baresip)


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


@pytest.mark.direct
async def test_a_call_to_us_over_tcp(stage: Stage) -> None:
    ends: list[LegEnded] = []

    async def act(leg: SipIncomingLeg) -> None:
        await leg.answer()
        ends.append(await rest(leg))

    await taken(stage, "uac_refreshed", act, "-t", "t1", change=LONGER, transport="tcp", min_se_s=2)
    assert [(end.cause, end.by) for end in ends] == [("bye", "peer")]


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
