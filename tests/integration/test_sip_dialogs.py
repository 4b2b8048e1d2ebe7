"""Forks, redirects, attended transfers with sipp over real sockets: each directly, and over a lossy network (see conftest)."""

from __future__ import annotations

import asyncio
import shutil
import socket
import struct
from collections.abc import Mapping
from typing import cast

import pytest

from callwright.telephony.port import DialOrder, LegAnswered, LegDtmf, LegEnded, LegEvent, LegReplaced
from callwright.telephony.rtp.engine import RtpEngine
from callwright.telephony.rtp.stream import RtpStream
from callwright.telephony.sip.driver import SipLine
from callwright.telephony.sip.leg import SipIncomingLeg, SipLeg
from callwright.telephony.sip.refer import Referred
from callwright.testing.media import FakeMediaEngine
from callwright.testing.scenario import ask, caller_scenario, pause, reply, take
from callwright.testing.sipp import HOST, free_port
from callwright.testing.stage import Player, Stage, answered, follow, rest, until

pytestmark = [pytest.mark.integration, pytest.mark.skipif(shutil.which("sipp") is None, reason="sipp is not installed")]


def audio(engine: FakeMediaEngine, number: int = 0) -> list[int]:
    """The ports one stream was sent to, one after the other."""
    return [remote[1] for remote, *_ in engine.streams[number].configured]


# ---------------------------------------------------------------- forks


@pytest.mark.direct  # the early media of a fork comes once, and which of two answers came first is what it asks
async def test_each_fork_has_its_own_early_media(stage: Stage) -> None:
    async with asyncio.timeout(30), stage.sipp("uas_forks") as peer, stage.line() as ours:
        leg = await ours.place(stage.order(peer))
        await answered(leg)
        await until(leg, "->", "BYE")
        await leg.hangup()
        await peer.passed()
        assert (await rest(leg)).cause == "bye"
    assert audio(stage.engine) == [16000, 16002, 16000]


async def test_a_second_fork_that_answers_is_hung_up(stage: Stage) -> None:
    async with asyncio.timeout(60), stage.sipp("uas_two_answers") as peer, stage.line() as ours:
        leg = await ours.place(stage.order(peer))
        await answered(leg)
        await until(leg, "<-", "SIP/2.0 200", 3)  # one, two, and the one to the BYE
        await leg.hangup()
        await peer.passed()
        assert (await rest(leg)).cause == "bye"
    assert audio(stage.engine) == [16000]


# ---------------------------------------------------------------- redirects


async def test_a_redirect_to_the_same_number_is_followed(stage: Stage) -> None:
    async with asyncio.timeout(60), stage.sipp("uas_redirected") as last:
        contact = {"ELSEWHERE": f"<sip:+8613900000001@{last.address[0]}:{last.address[1]}>;q=0.7"}
        async with stage.sipp("uas_moved", change=contact) as peer, stage.line() as ours:
            leg = await ours.place(stage.order(peer))
            await answered(leg)
            await leg.hangup()
            await last.passed()
            await peer.passed()
            assert (await rest(leg)).cause == "bye"


async def test_a_redirect_to_another_number_is_refused(stage: Stage) -> None:
    contact = {"ELSEWHERE": "<sip:+8613900000002@192.0.2.9>"}
    async with asyncio.timeout(60), stage.sipp("uas_moved", change=contact) as peer, stage.line() as ours:
        leg = await ours.place(stage.order(peer))
        end = (await follow(leg))[-1]
        await peer.passed()
    assert isinstance(end, LegEnded)
    assert (end.cause, end.by) == ("rejected", "peer")
    assert "not followed, it leads to another number" in end.detail


# ---------------------------------------------------------------- attended transfer: we hand over


async def test_two_calls_are_joined(stage: Stage) -> None:
    async with (
        asyncio.timeout(60),
        stage.sipp("uas_transferee") as customer,
        stage.sipp("uas_transfer_target") as desk,
        stage.line() as ours,
    ):
        first = await ours.place(stage.order(customer, call_id="attempt-1"))
        second = await ours.place(stage.order(desk, call_id="attempt-2"))
        await answered(first)
        await answered(second)
        codes = [progress.code async for progress in first.transfer_to(second, user_to_user="ticket 7")]
        assert codes[-1] == 200
        end = await rest(second)
        assert (end.cause, end.by) == ("bye", "peer")
        await first.hangup()
        await customer.passed()
        await desk.passed()


# ---------------------------------------------------------------- attended transfer: we are handed over


class Desk:
    """Lets us call the peer that a transfer names."""

    def __init__(self, stage: Stage, peer: Player) -> None:
        self.asked: list[Referred] = []
        self.new: list[SipLeg] = []
        self._order = stage.order(peer, call_id="attempt-2")

    async def allow(self, leg: SipLeg, request: Referred) -> DialOrder | None:
        self.asked.append(request)
        return self._order

    def placed(self, leg: SipLeg, new: SipLeg) -> None:
        self.new.append(new)


async def test_we_take_the_place_of_whoever_hands_us_over(stage: Stage) -> None:
    async with asyncio.timeout(60), stage.sipp("uas_replaced") as target:
        desk = Desk(stage, target)
        async with stage.line(refer=desk) as ours:
            ends: list[LegEnded] = []

            async def attend() -> None:
                async for leg in ours.incoming():
                    await leg.answer()
                    ends.append(await rest(leg))
                    return

            where = {"TARGET": f"{target.address[0]}:{target.address[1]}"}
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(attend())
                async with stage.caller(ours, "uac_attended_refer", change=where) as peer:
                    await peer.passed()
            await desk.new[0].hangup()
            await target.passed()
    assert desk.asked[0].replaces is not None
    assert desk.asked[0].target.startswith("sip:+8613900000001@")
    assert [(end.cause, end.by) for end in ends] == [("bye", "peer")]


# ---------------------------------------------------------------- attended transfer: we are whom it goes to


async def test_somebody_else_goes_on_in_a_call_of_ours(stage: Stage) -> None:
    async with asyncio.timeout(60), stage.sipp("uas_answer") as first, stage.line() as ours:
        leg = await ours.place(stage.order(first))
        await answered(leg)
        async with stage.caller(ours, "uac_replaces", change={"REPLACES": str(leg.replaces)}) as second:
            seen = await follow(leg)
            await first.passed()
            await second.passed()
    assert [type(event) for event in seen] == [LegReplaced, LegEnded]
    assert isinstance(seen[-1], LegEnded)
    assert (seen[-1].cause, seen[-1].by, seen[-1].q850) == ("bye", "peer", 31)
    assert audio(stage.engine) == [16000, 17000]
    assert len(stage.engine.streams) == 1


@pytest.mark.parametrize(("value", "code"), [("none", 481), ("early", 486), ("bad", 400)])
async def test_what_cannot_be_replaced(stage: Stage, value: str, code: int) -> None:
    async with asyncio.timeout(60), stage.sipp("uas_answer") as first, stage.line() as ours:
        leg = await ours.place(stage.order(first))
        await answered(leg)
        wanted = {"none": "a@b;to-tag=1;from-tag=2", "early": f"{leg.replaces};early-only", "bad": "a@b;to-tag=1"}
        change: Mapping[str, str] = {"REPLACES": wanted[value], 'response="481"': f'response="{code}"'}
        async with stage.caller(ours, "uac_replaces_refused", change=change) as second:
            await second.passed()
        await leg.hangup()
        await first.passed()
        assert (await rest(leg)).by == "us"


# ---------------------------------------------------------------- who calls


async def test_who_calls_and_what_it_brings(stage: Stage) -> None:
    taken: list[SipIncomingLeg] = []
    events: list[LegEvent] = []
    brings = (
        "P-Asserted-Identity: <sip:+861055550000@trunk.example>\n      Diversion: <tel:+861055550001>;reason=no-answer\n"
        "      User-to-User: 6869;encoding=hex\n      Content-Type"
    )
    async with asyncio.timeout(60), stage.line(trusted=frozenset({stage.us, "127.0.0.1"})) as ours:

        async def attend() -> None:
            async for leg in ours.incoming():
                taken.append(leg)
                await leg.ring()
                await leg.answer()
                events.extend(await follow(leg))
                return

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(attend())
            async with stage.caller(ours, "uac_call", change={"Content-Type": brings}) as peer:
                await peer.passed()
    origin = taken[0].origin
    assert [item.data for item in origin.user_to_user] == [b"hi"]
    assert [item.party.number for item in origin.diversions] == ["+861055550001"]
    assert origin.number == ("+8613900000001" if stage.lossy else "+861055550000")
    assert isinstance(events[0], LegAnswered)


# ---------------------------------------------------------------- keys


async def test_keys_go_by_info_where_there_is_no_telephone_event(stage: Stage) -> None:
    async with asyncio.timeout(60), stage.sipp("uas_keys") as peer, stage.line() as ours:
        leg = await ours.place(stage.order(peer))
        await answered(leg)
        leg.send_keys("5#")
        await until(leg, "<-", "SIP/2.0 200", 3)
        await leg.hangup()
        await peer.passed()
        assert (await rest(leg)).cause == "bye"


CALLED = caller_scenario(
    *(ask("INVITE", 1, to=""), take(100, optional=True), take(200, "INVITE"), ask("ACK", 1)),
    *('  <recv request="BYE"/>\n', reply(200)),
)


class Telephone(asyncio.DatagramProtocol):
    """The far side's audio port: presses keys as RFC 4733 says, and notes the keys that are pressed here."""

    def __init__(self) -> None:
        self.keys: list[tuple[int, int]] = []  # payload type, event
        self._pressed: set[bytes] = set()
        self._more = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)
        self.port = int(transport.get_extra_info("sockname")[1])

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        kind, stamp = data[1] & 0x7F, data[4:8]
        if (
            len(data) == 16 and data[13] & 0x80 and stamp not in self._pressed
        ):  # the end of an event, the first of three
            self._pressed.add(stamp)
            self.keys.append((kind, data[12]))
            self._more.set()

    async def press(self, events: tuple[int, ...], kind: int, to: tuple[str, int]) -> None:
        number = 100
        for stamp, event in enumerate(events, start=1):
            for step in range(1, 8):
                last = step > 4
                head = struct.pack("!BBHII", 0x80, kind | (0x80 if step == 1 else 0), number, 8_000 * stamp, 0x1234)
                event_data = struct.pack("!BBH", event, 0x8A if last else 0x0A, 160 * min(step, 5))
                self.transport.sendto(head + event_data, to)
                number += 1
                await asyncio.sleep(0.02)

    async def heard(self, count: int) -> None:
        while len(self.keys) < count:
            self._more.clear()
            await self._more.wait()


@pytest.mark.parametrize("caller", ["us", "sipp"])
async def test_keys_go_and_come_by_the_payload_type_of_the_far_side(stage: Stage, caller: str) -> None:
    """sipp names 96 for telephone-event (we 97); it signals, a socket of the test is its audio port."""
    pressed: list[str] = []

    async def talk(leg: SipLeg) -> None:
        await answered(leg)
        assert isinstance(leg.media, RtpStream)
        leg.send_keys("5#")
        await phone.heard(2)
        await phone.press((7, 11, 0, 12), 96, (HOST, leg.media.local_port))
        async for event in leg.events():
            if isinstance(event, LegDtmf):
                pressed.append(event.digit)
                if len(pressed) == 4:
                    await leg.hangup()

    async def attend(line: SipLine) -> None:
        async for leg in line.incoming():
            await leg.answer()
            await talk(leg)
            return

    async with asyncio.timeout(60), RtpEngine.start() as engine, stage.line(engine) as ours:
        _, phone = await asyncio.get_running_loop().create_datagram_endpoint(Telephone, local_addr=(HOST, 0))
        change = {"audio 16000": f"audio {phone.port}", " 97\n": " 96\n", ":97 ": ":96 "}
        if caller == "us":
            async with stage.sipp("uas_answer", change=change) as peer:
                await talk(await ours.place(stage.order(peer)))
                await peer.passed()
        else:
            async with asyncio.TaskGroup() as tasks:
                attending = tasks.create_task(attend(ours))
                async with stage.caller(ours, CALLED, change=change) as peer:
                    await peer.passed()
                await attending
        phone.transport.close()
    assert phone.keys == [(96, 5), (96, 11)]
    assert pressed == ["7", "#", "0", "A"]


def may_send_raw() -> bool:
    try:
        socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP).close()
    except PermissionError:
        return False
    return True


@pytest.mark.direct  # sipp sends audio to the address in our answer, where the lossy relay takes signalling only
@pytest.mark.skipif(not may_send_raw(), reason="sipp presses keys through a raw socket, which needs root")
async def test_keys_that_sipp_presses(stage: Stage) -> None:
    seen: list[LegEvent] = []

    async def attend(line: SipLine) -> None:
        async for leg in line.incoming():
            await leg.answer()
            seen.extend(await follow(leg))
            return

    steps = (
        *(ask("INVITE", 1, to=""), take(100, optional=True), take(200, "INVITE"), ask("ACK", 1)),
        *('  <nop><action><exec play_dtmf="15#"/></action></nop>\n', pause(2_500), ask("BYE", 2), take(200, "BYE")),
    )
    change = {"audio 16000": "audio [media_port]", " 97\n": " 96\n", ":97 ": ":96 "}
    async with (
        asyncio.timeout(60),
        RtpEngine.start() as engine,
        stage.line(engine) as ours,
        asyncio.TaskGroup() as tasks,
    ):
        tasks.create_task(attend(ours))
        port = str(free_port())
        async with stage.caller(ours, caller_scenario(*steps), "-mp", port, change=change) as peer:
            await peer.passed()
    assert [event.digit for event in seen if isinstance(event, LegDtmf)] == ["1", "5", "#"]
