"""Extensions of SIP with sipp over real sockets on 127.0.0.1: session timers, hold, and what follows."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from callwright.telephony.port import LegAnswered, LegEnded, LegEvent
from callwright.telephony.sip.digest import Credentials
from callwright.telephony.sip.driver import SipLine
from callwright.telephony.sip.leg import SipIncomingLeg, SipLeg
from callwright.testing.media import FakeMediaEngine
from callwright.testing.sipp import HOST, order, sipp

pytestmark = [pytest.mark.integration, pytest.mark.skipif(shutil.which("sipp") is None, reason="sipp is not installed")]

SCENARIOS = Path(__file__).parent / "sipp"


async def answered(leg: SipLeg) -> None:
    async for event in leg.events():
        if isinstance(event, LegAnswered):
            return
    raise AssertionError("the call ended unanswered")


async def rest(leg: SipLeg) -> LegEnded:
    last: LegEvent | None = None
    async for event in leg.events():
        last = event
    assert isinstance(last, LegEnded)
    return last


async def until(leg: SipLeg, word: str, count: int) -> None:
    """Wait until the ladder holds that many messages beginning with `word`."""
    for _ in range(1_000):
        if sum(rung.line.startswith(word) for rung in leg.ladder) >= count:
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"fewer than {count} times {word}")


async def placed(
    tmp_path: Path, scenario: str, act: Callable[[SipLeg], Awaitable[None]], *arguments: str, **line: object
) -> LegEnded:
    """Call sipp, do `act` once it answered, and give how the call ended; sipp must have run its scenario to the end."""
    async with (
        asyncio.timeout(40),
        sipp(tmp_path, SCENARIOS / f"{scenario}.xml", *arguments) as peer,
        SipLine.open(HOST, engine=FakeMediaEngine(), **line) as ours,  # type: ignore[arg-type]
    ):
        leg = await ours.place(order(peer.port))
        await answered(leg)
        await act(leg)
        end = await rest(leg)
        await peer.passed()
    return end


async def taken(
    tmp_path: Path, scenario: str, act: Callable[[SipIncomingLeg], Awaitable[None]], *arguments: str, **line: object
) -> None:
    """sipp calls us, `act` deals with the call; sipp must have run its scenario to the end."""
    async with (
        asyncio.timeout(40),
        asyncio.TaskGroup() as tasks,
        SipLine.open(HOST, engine=FakeMediaEngine(), **line) as ours,  # type: ignore[arg-type]
    ):

        async def serve() -> None:
            async for leg in ours.incoming():
                tasks.create_task(act(leg))  # type: ignore[arg-type]

        tasks.create_task(serve())
        target = f"{HOST}:{ours.address[1]}"
        async with sipp(tmp_path, SCENARIOS / f"{scenario}.xml", target, *arguments) as peer:
            await peer.passed()


# ---------------------------------------------------------------- session timers, hold


def test_session_is_refreshed_by_update_and_by_reinvite(tmp_path: Path) -> None:
    async def act(leg: SipLeg) -> None:
        await until(leg, "UPDATE", 2)
        await leg.hangup()

    end = asyncio.run(placed(tmp_path, "uas_session_timer", act, session_expires_s=3, min_se_s=2))
    assert (end.cause, end.by) == ("bye", "us")


def test_a_caller_that_stops_refreshing_is_hung_up(tmp_path: Path) -> None:
    ends: list[LegEnded] = []

    async def act(leg: SipIncomingLeg) -> None:
        await leg.ring()
        await leg.answer()
        ends.append(await rest(leg))

    asyncio.run(taken(tmp_path, "uac_session_timer", act, min_se_s=2))
    assert [(end.cause, end.by, end.detail) for end in ends] == [("timeout", "network", "session expired")]


def test_hold_with_glare_and_resume(tmp_path: Path) -> None:
    async def act(leg: SipLeg) -> None:
        await leg.hold()
        await leg.resume_call()
        await leg.hangup()

    assert asyncio.run(placed(tmp_path, "uas_hold", act)).cause == "bye"


# ---------------------------------------------------------------- reliable ringing, digest, giving up early


def test_reliable_provisional_responses_are_acknowledged(tmp_path: Path) -> None:
    async def act(leg: SipLeg) -> None:
        await leg.hangup()

    end = asyncio.run(placed(tmp_path, "uas_prack", act, credentials=Credentials("robot", "secret")))
    assert (end.cause, end.by) == ("bye", "us")


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_a_caller_that_requires_reliable_ringing_gets_it(tmp_path: Path, transport: str) -> None:
    ends: list[LegEnded] = []

    async def act(leg: SipIncomingLeg) -> None:
        await leg.ring()
        await until(leg, "PRACK", 1)
        await leg.answer()
        ends.append(await rest(leg))

    over_tcp = ("-t", "t1") if transport == "tcp" else ()
    asyncio.run(taken(tmp_path, "uac_prack", act, *over_tcp, transport=transport))
    assert [(end.cause, end.by) for end in ends] == [("bye", "peer")]


def test_every_method_is_proved(tmp_path: Path) -> None:
    async def act(leg: SipLeg) -> None:
        await leg.hold()
        await until(leg, "UPDATE", 2)
        await asyncio.sleep(0.05)
        await leg.hangup()

    secret = Credentials("robot", "secret")
    end = asyncio.run(placed(tmp_path, "uas_digest_changes", act, credentials=secret, session_expires_s=4, min_se_s=2))
    assert (end.cause, end.by) == ("bye", "us")


def test_a_call_given_up_before_anything_came_is_cancelled_in_the_background(tmp_path: Path) -> None:
    async def run() -> tuple[float, LegEnded]:
        async with (
            asyncio.timeout(20),
            sipp(tmp_path, SCENARIOS / "uas_late_ringing.xml") as peer,
            SipLine.open(HOST, engine=FakeMediaEngine()) as ours,
        ):
            leg = await ours.place(order(peer.port))
            began = asyncio.get_running_loop().time()
            await leg.hangup()
            took = asyncio.get_running_loop().time() - began
            await ours.aclose()  # waits for what becomes of the INVITE
            await peer.passed()
            return took, await rest(leg)

    took, end = asyncio.run(run())
    assert took < 0.2
    assert (end.cause, end.by) == ("cancelled", "us")


# ---------------------------------------------------------------- registration


def test_registration_is_renewed_in_time_and_taken_back(tmp_path: Path) -> None:
    async def run() -> list[str]:
        states: list[str] = []
        async with asyncio.timeout(20), sipp(tmp_path, SCENARIOS / "uas_registrar.xml") as peer:
            async with SipLine.open(
                HOST,
                engine=FakeMediaEngine(),
                register=f"robot@{HOST}:{peer.port}",
                expires_s=2,
                credentials=Credentials("robot", "secret"),
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
        return states

    assert asyncio.run(run())[-4:] == ["registered", "registering", "registered", "closed"]


# ---------------------------------------------------------------- TCP


@pytest.mark.parametrize("scenario", ["uas_answer", "uas_hold"])
def test_a_call_over_tcp(tmp_path: Path, scenario: str) -> None:
    async def act(leg: SipLeg) -> None:
        if scenario == "uas_hold":
            await leg.hold()
            await leg.resume_call()
        await leg.hangup()

    end = asyncio.run(placed(tmp_path, scenario, act, "-t", "t1", transport="tcp"))
    assert (end.cause, end.by) == ("bye", "us")


# ---------------------------------------------------------------- transfers


def test_a_blind_transfer_with_its_progress(tmp_path: Path) -> None:
    codes: list[int] = []

    async def act(leg: SipLeg) -> None:
        codes.extend([progress.code async for progress in leg.transfer("sip:+8613900000002@192.0.2.9")])
        await leg.hangup()

    end = asyncio.run(placed(tmp_path, "uas_refer", act, credentials=Credentials("robot", "secret")))
    assert codes == [202, 100, 180, 200]
    assert (end.cause, end.by) == ("bye", "us")


def test_a_transfer_nobody_decides_on_is_declined(tmp_path: Path) -> None:
    ends: list[LegEnded] = []

    async def act(leg: SipIncomingLeg) -> None:
        await leg.ring()
        await leg.answer()
        ends.append(await rest(leg))

    asyncio.run(taken(tmp_path, "uac_refer", act))
    assert [(end.cause, end.by) for end in ends] == [("bye", "peer")]
