"""The line over real sockets on 127.0.0.1, one line calling another."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest

from callwright.compliance.decision import DialFacts, decide
from callwright.errors import LineError, WireError
from callwright.telephony.port import DialOrder, LegAnswered, LegDtmf, LegEnded, LegEvent, LegSignal, LineDriver
from callwright.telephony.sip.driver import SipLine
from callwright.telephony.sip.leg import SipIncomingLeg, SipLeg
from callwright.testing.media import FakeMediaEngine, FakeMediaStream

HOST = "127.0.0.1"
CALLEE, CALLER = "+8613900000001", "+861085550000"


def order(host: str, call_id: str = "one") -> DialOrder:
    noon = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
    facts = DialFacts(
        CALLEE, CALLER, frozenset({CALLER}), "service", "contract", local_time=noon, frozen=False, calls_today=0
    )
    return DialOrder(decide(facts, noon).permit(), f"sip:{CALLEE}@{host}", call_id)


class Pair:
    """Two lines: `ours` calls `theirs`; the far side does `act` with what comes in."""

    def __init__(self, ours: SipLine, theirs: SipLine, media: FakeMediaEngine) -> None:
        self.ours, self.theirs, self.media = ours, theirs, media

    async def place(self) -> SipLeg:
        return await self.ours.place(order(f"{HOST}:{self.theirs.address[1]}"))


async def until_end(leg: SipLeg) -> list[LegEvent]:
    return [event async for event in leg.events()]


@asynccontextmanager
async def pair(
    act: Callable[[SipIncomingLeg], Awaitable[None]], media: FakeMediaEngine | None = None
) -> AsyncIterator[Pair]:
    media = media or FakeMediaEngine()

    async def serve(line: SipLine) -> None:
        async for leg in line.incoming():
            await act(leg)

    async with (
        asyncio.timeout(20),
        asyncio.TaskGroup() as tasks,
        SipLine.open(HOST, engine=FakeMediaEngine()) as theirs,
        SipLine.open(HOST, engine=media) as ours,
    ):
        tasks.create_task(serve(theirs))
        yield Pair(ours, theirs, media)


async def take(leg: SipIncomingLeg) -> None:
    await leg.ring()
    await leg.answer()


def test_a_call_from_line_to_line() -> None:
    async def run() -> None:
        async with pair(take) as two:
            leg = await two.place()
            seen: list[LegEvent] = []
            async for event in leg.events():
                seen.append(event)
                if isinstance(event, LegAnswered):
                    assert leg.media is two.media.streams[0]
                    two.media.streams[0].digits[0]("7")
                    await leg.hangup("done")
            assert [type(event).__name__ for event in seen][-3:] == ["LegAnswered", "LegDtmf", "LegEnded"]
            assert isinstance(seen[-2], LegDtmf)
            assert isinstance(seen[-1], LegEnded)
            assert (seen[-1].cause, seen[-1].by, seen[-1].detail) == ("bye", "us", "done")
            assert await until_end(leg) == []
            await leg.hangup()
        assert two.media.streams[0].closed

    asyncio.run(run())


def test_the_signalling_stands_among_the_events_for_who_asks_for_it_however_late() -> None:
    async def run() -> None:
        async with pair(take) as two:
            leg = await two.place()
            while not any(rung.request.endswith("ACK") for rung in leg.ladder):  # noqa: ASYNC110 -- nothing tells of it
                await asyncio.sleep(0)
            seen: list[LegEvent] = []
            async for event in leg.events(signals=True):
                seen.append(event)
                if isinstance(event, LegAnswered):
                    await leg.hangup()
            rungs = [event for event in seen if isinstance(event, LegSignal)]
            assert rungs == list(leg.ladder)[: len(rungs)]
            assert rungs[0].line.startswith("INVITE")
            assert rungs[-1].line == "SIP/2.0 200 OK"
            assert [event.at_ms for event in seen] == sorted(event.at_ms for event in seen)
            assert isinstance(seen[-1], LegEnded)

    asyncio.run(run())


def test_closing_hangs_up_both_ways_and_refuses_new_calls() -> None:
    legs: list[SipIncomingLeg] = []

    async def ring(leg: SipIncomingLeg) -> None:
        legs.append(leg)
        await leg.ring()

    async def run() -> None:
        async with pair(ring) as two:
            leg = await two.place()
            async for _ in leg.events():
                if legs:
                    break
            await two.theirs.aclose()
            await two.theirs.aclose()
            end = (await until_end(leg))[-1]
            assert isinstance(end, LegEnded)
            assert (end.cause, end.by, end.detail) == ("rejected", "peer", "603 Decline")
            gone = (await until_end(legs[0]))[-1]
            assert isinstance(gone, LegEnded)
            assert gone.cause == "shutdown"
            with pytest.raises(LineError):
                await two.theirs.place(order(f"{HOST}:9"))
            with pytest.raises(LineError):
                await legs[0].answer()

    asyncio.run(run())


def test_a_far_side_that_is_silent_does_not_hold_up_closing() -> None:
    async def run() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mute:
            mute.bind((HOST, 0))
            async with asyncio.timeout(5), SipLine.open(HOST, engine=FakeMediaEngine(), grace_s=0.05) as line:
                leg = await line.place(order(f"{HOST}:{mute.getsockname()[1]}"))
            end = (await until_end(leg))[-1]
            assert isinstance(end, LegEnded)
            assert (end.cause, end.by) == ("shutdown", "us")

    asyncio.run(run())


def test_reject() -> None:
    async def refuse(leg: SipIncomingLeg) -> None:
        for code, reason in ((200, ""), (486, "a\r\nb")):
            with pytest.raises(LineError):
                await leg.reject(code, reason)
        await leg.reject(486)

    async def run() -> None:
        async with pair(refuse) as two:
            end = (await until_end(await two.place()))[-1]
            assert isinstance(end, LegEnded)
            assert end.detail == "486 Busy Here"

    asyncio.run(run())


class Stubborn(FakeMediaStream):
    """Cannot be configured."""

    def configure(self, *_: object, **__: object) -> None:
        raise WireError("no such remote")


class StubbornEngine(FakeMediaEngine):
    async def open(self, host: str) -> FakeMediaStream:
        self.streams.append(Stubborn(4000))
        return self.streams[-1]


def test_media_that_cannot_be_connected_ends_the_call() -> None:
    async def run() -> None:
        async with pair(take, StubbornEngine()) as two:
            end = (await until_end(await two.place()))[-1]
            assert isinstance(end, LegEnded)
            assert (end.cause, end.by, end.detail) == ("protocol_error", "us", "no such remote")

    asyncio.run(run())


def test_placing_fails_cleanly() -> None:
    async def run() -> None:
        async with SipLine.open(HOST, engine=FakeMediaEngine(limit=1), grace_s=0.05) as line:
            with pytest.raises(LineError):
                await line.place(order("no-such-host.invalid"))
            await line.place(order(f"{HOST}:9"))
            with pytest.raises(LineError):
                await line.place(order(f"{HOST}:9", "two"))
        media = FakeMediaEngine()
        async with SipLine.open(HOST, engine=media, grace_s=0.05) as line:
            await line.place(order(f"{HOST}:9"))
            with pytest.raises(LineError):
                await line.place(order(f"{HOST}:9"))
            assert media.streams[1].closed

    asyncio.run(run())


def test_what_cannot_be_sent_ends_the_call() -> None:
    async def run() -> None:
        async with SipLine.open(HOST, engine=FakeMediaEngine(), proxy=(HOST, 0)) as line:
            end = (await until_end(await line.place(order(HOST))))[-1]
            assert isinstance(end, LegEnded)
            assert (end.cause, end.by) == ("transport_error", "network")

    asyncio.run(run())


@pytest.mark.parametrize("host", ["localhost", "192.0.2.1", "0.0.0.0"])
def test_addresses_that_cannot_be_bound(host: str) -> None:
    async def run() -> None:
        with pytest.raises(LineError):
            async with SipLine.open(host, engine=FakeMediaEngine()):
                raise AssertionError("opened")

    asyncio.run(run())


def test_an_error_of_the_owner_comes_out_as_it_is() -> None:
    async def run() -> None:
        async with SipLine.open(HOST, engine=FakeMediaEngine()):
            raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        asyncio.run(run())


def test_the_line_is_a_line_driver() -> None:
    async def run() -> None:
        async with SipLine.open(HOST, engine=FakeMediaEngine()) as line:
            driver: LineDriver = line
            assert driver is line

    asyncio.run(run())


def test_a_line_watches_its_proxy() -> None:
    async def run() -> None:
        async with asyncio.timeout(10), SipLine.open(HOST, engine=FakeMediaEngine()) as theirs:
            async with SipLine.open(HOST, engine=FakeMediaEngine(), proxy=theirs.address, keepalive_s=0.05) as ours:
                assert ours.registration is None
                while ours.health is None or ours.health.alive is None:
                    await ours.changed()
                assert (ours.health.alive, ours.health.code) == (True, 200)
            assert theirs.health is None

    asyncio.run(run())


@pytest.mark.parametrize("register", ["robot", "@host", "a b@host", "robot@no-such-host.invalid"])
def test_what_cannot_be_registered(register: str) -> None:
    async def run() -> None:
        with pytest.raises(LineError):
            async with SipLine.open(HOST, engine=FakeMediaEngine(), register=register):
                raise AssertionError("opened")

    asyncio.run(run())


def test_a_keepalive_needs_a_proxy() -> None:
    async def run() -> None:
        with pytest.raises(LineError):
            async with SipLine.open(HOST, engine=FakeMediaEngine(), keepalive_s=1):
                raise AssertionError("opened")

    asyncio.run(run())


def test_hold_and_resume_from_line_to_line() -> None:
    async def run() -> None:
        async with pair(take) as two:
            leg = await two.place()
            async for event in leg.events():
                if isinstance(event, LegAnswered):
                    await leg.hold()
                    with pytest.raises(LineError, match="another change"):
                        await asyncio.gather(leg.resume_call(), leg.hold())
                    await leg.hangup()
            assert [item[4] for item in two.media.streams[0].configured][:2] == ["sendrecv", "sendonly"]
            with pytest.raises(LineError, match="over"):
                await leg.hold()

    asyncio.run(run())


def test_a_change_that_the_end_of_the_call_overtakes() -> None:
    async def run() -> None:
        async with pair(take) as two:
            leg = await two.place()
            async for event in leg.events():
                if isinstance(event, LegAnswered):
                    held = asyncio.ensure_future(leg.hold())
                    await asyncio.sleep(0)
                    await leg.hangup()
                    with pytest.raises(LineError, match="ended first"):
                        await held

    asyncio.run(run())
