"""Callees that send nonsense, vanish or flood, over real UDP sockets, while a good one is on the phone: only their own calls suffer."""

from __future__ import annotations

import asyncio
import random
import re
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from callwright.calls.ears import EarsParts
from callwright.calls.model import CallFiles, CallRecord
from callwright.calls.outbox import FileOutbox
from callwright.calls.robot import Robot, RobotParts
from callwright.calls.vocabulary import vocabulary
from callwright.compliance.decision import DialFacts, decide
from callwright.dialogue.engine import Dialogue
from callwright.dialogue.values import Transfer
from callwright.script.loader import load
from callwright.speech.vad import Vad
from callwright.telephony.port import DialOrder, Frame, IncomingLeg, LegEnded
from callwright.telephony.rtp.engine import RtpEngine
from callwright.telephony.rtp.g711 import encode
from callwright.telephony.sip.driver import SipLine
from callwright.testing.literal import LiteralUnderstander
from callwright.testing.stub_speech import EverythingIsSpeech, StubRecogniser, StubVoice, Utterances

pytestmark = pytest.mark.integration

HOST = "127.0.0.1"
NUMBER = "+12025550123"
NOW = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
FLOOD = 10_000
Address = tuple[str, int]
Reaction = Callable[["Callee", str, Address], None]


class Callee(asyncio.DatagramProtocol):
    """A callee of raw datagrams. `reaction(self, request, source)` is called for every request that comes in."""

    def __init__(self, reaction: Reaction) -> None:
        self.reaction = reaction
        self.requests: list[str] = []
        self.tasks: list[asyncio.Task[None]] = []
        self.transport: asyncio.DatagramTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: Address) -> None:
        if data[:1] >= b"\x80":
            return  # RTP, or the RTCP of a neighbour: audio ports are named at random here, so are the ports beside them
        text = data.decode("utf-8", "replace")
        self.requests.append(text.split(" ", 1)[0])
        self.reaction(self, text, addr)

    def send(self, data: bytes | str, to: Address) -> None:
        self.transport.sendto(data.encode() if isinstance(data, str) else data, to)

    def run(self, work: Awaitable[None]) -> None:
        async def owned() -> None:
            await work

        self.tasks.append(asyncio.create_task(owned()))

    def reply(self, request: str, code: str, to: Address, body: str = "") -> None:
        """A correct response to a request."""
        copied = re.findall(r"(?im)^((?:via|from|call-id|cseq):.*)\r$", request)
        to_line = re.findall(r"(?im)^(to:.*)\r$", request)[0]
        tagged = to_line if "tag=" in to_line else f"{to_line};tag=hostile"
        port = self.transport.get_extra_info("sockname")[1]
        lines = [f"SIP/2.0 {code}", *copied, tagged, f"Contact: <sip:callee@{HOST}:{port}>"]
        lines += ["Content-Type: application/sdp"] if body else []
        self.send("\r\n".join([*lines, f"Content-Length: {len(body)}", "", body]), to)

    def bye(self, request: str, to: Address) -> None:
        """BYE within the dialog of this INVITE."""
        head = dict(re.findall(r"(?im)^(from|to|call-id|contact):\s*(.*)\r$", request))
        fields = {name.lower(): value for name, value in head.items()}
        target = re.findall(r"<([^>]*)>", fields["contact"])[0]
        port = self.transport.get_extra_info("sockname")[1]
        self.send(
            "\r\n".join(
                [
                    f"BYE {target} SIP/2.0",
                    f"Via: SIP/2.0/UDP {HOST}:{port};branch=z9hG4bKhostile{random.random()}",
                    "Max-Forwards: 70",
                    f"From: {fields['to']};tag=hostile",
                    f"To: {fields['from']}",
                    f"Call-ID: {fields['call-id']}",
                    "CSeq: 1 BYE",
                    "Content-Length: 0",
                    "",
                    "",
                ]
            ),
            to,
        )


def sdp(port: int) -> str:
    return f"v=0\r\no=- 1 1 IN IP4 {HOST}\r\ns=-\r\nc=IN IP4 {HOST}\r\nt=0 0\r\nm=audio {port} RTP/AVP 8\r\n"


def rtp_address(request: str) -> Address:
    return HOST, int(re.findall(r"m=audio (\d+)", request)[0])


def nonsense(rng: random.Random) -> bytes:
    """Noise, RTP with a wrong version, cut-off headers, CSRC counts and extensions that lie, RTCP that lies about its length."""
    kinds = [
        rng.randbytes(rng.randrange(0, 200)),
        b"\x80",
        b"\x00\x08" + rng.randbytes(170),
        b"\x8f\x08" + rng.randbytes(10),
        b"\x90\x08\x00\x01" + bytes(8) + b"\xbe\xde\xff\xff",
        b"\xa0\x08\x00\x01" + bytes(8) + b"\xff",
        b"\x80\xc8\xff\xff" + rng.randbytes(4),
        b"\x80\x65" + rng.randbytes(11),
        b"SIP/2.0 999 Nonsense\r\n\r\n",
        b"INVITE sip:x SIP/2.0\r\nVia: \r\nContent-Length: -5\r\n\r\n",
    ]
    return rng.choice(kinds)


def answers_garbage(callee: Callee, request: str, source: Address) -> None:
    rng = random.Random(1)
    for _ in range(20):
        callee.send(nonsense(rng), source)
    callee.send("SIP/2.0 200 OK\r\nVia: nothing\r\n\r\n", source)
    callee.send("SIP/2.0 abc\r\n\r\n", source)


def sends_garbage_audio(callee: Callee, request: str, source: Address) -> None:
    if request.startswith("INVITE"):
        callee.reply(request, "200 OK", source, sdp(callee.transport.get_extra_info("sockname")[1] + 1))

        async def pester() -> None:
            rng, to = random.Random(2), rtp_address(request)
            for _ in range(2000):
                callee.send(nonsense(rng), to)
                callee.send(nonsense(rng), (to[0], to[1] + 1))
                await asyncio.sleep(0.005)

        callee.run(pester())
    elif not request.startswith("ACK"):
        callee.reply(request, "200 OK", source)


def answers_broken_sdp(callee: Callee, request: str, source: Address) -> None:
    if request.startswith("INVITE"):
        callee.reply(request, "200 OK", source, "v=0\r\nm=audio nonsense RTP/AVP 8\r\nc=IN IP4 nowhere\r\n")
    elif not request.startswith("ACK"):
        callee.reply(request, "200 OK", source)


def vanishes_after_answering(callee: Callee, request: str, source: Address) -> None:
    if request.startswith("INVITE"):
        callee.reply(request, "200 OK", source, sdp(9))


def vanishes_after_ringing(callee: Callee, request: str, source: Address) -> None:
    if request.startswith("INVITE"):
        callee.reply(request, "180 Ringing", source)


def hangs_up_at_once(callee: Callee, request: str, source: Address) -> None:
    if request.startswith("INVITE"):
        callee.reply(request, "200 OK", source, sdp(9))
        callee.bye(request, source)


def floods(callee: Callee, request: str, source: Address) -> None:
    if request.startswith("INVITE"):
        callee.reply(request, "200 OK", source, sdp(9))

        async def pour() -> None:
            rng, to = random.Random(3), rtp_address(request)
            for count in range(FLOOD):
                callee.send(nonsense(rng), to if count % 2 else source)
                if count % 250 == 249:
                    await asyncio.sleep(0.02)
            callee.bye(request, source)

        callee.run(pour())


HOSTILE: dict[str, tuple[Reaction, set[str], set[str]]] = {
    # name: (reaction, dispositions, causes)
    "garbage-sip": (answers_garbage, {"no_answer", "network_fault"}, {"no_answer", "timeout"}),
    "garbage-audio": (sends_garbage_audio, {"interrupted_by_fault"}, {"media_timeout"}),
    "broken-sdp": (answers_broken_sdp, {"network_fault", "interrupted_by_fault"}, {"protocol_error"}),
    "vanishes-answered": (vanishes_after_answering, {"interrupted_by_fault"}, {"timeout"}),
    "vanishes-ringing": (vanishes_after_ringing, {"no_answer", "unreachable"}, {"no_answer", "timeout"}),
    "hangs-up-at-once": (hangs_up_at_once, {"hung_up"}, {"bye"}),
    "flood": (floods, {"hung_up"}, {"bye"}),
}


async def good_callee(line: SipLine, utterances: Utterances) -> None:
    """Says hello, waits for the robot to fall silent, says yes; for every call that comes."""

    async def talk(leg: IncomingLeg) -> None:
        await leg.ring()
        await leg.answer()
        media = leg.media
        assert media is not None
        robot_ms = quiet_ms = 0
        lines = ["yes that works"]

        def on_frame(frame: Frame) -> None:
            nonlocal robot_ms, quiet_ms
            if int(np.abs(frame.pcm.astype(np.int32)).max()) > 50:
                robot_ms, quiet_ms = robot_ms + 20, 0
            else:
                quiet_ms += 20
            if lines and robot_ms > 1000 and quiet_ms > 600:
                media.play(encode(np.tile(utterances.frame(lines.pop()), 45), media.codec))

        media.listen(on_frame, lambda digit: None)
        media.play(encode(np.tile(utterances.frame("hello"), 20), media.codec))
        async for event in leg.events():
            if isinstance(event, LegEnded):
                return

    async with asyncio.TaskGroup() as calls:
        async for leg in line.incoming():
            calls.create_task(talk(leg))


def order(name: str, port: int) -> DialOrder:
    facts = DialFacts(
        callee=NUMBER,
        caller="+12025550199",
        owned_callers=frozenset({"+12025550199"}),
        purpose="service",
        basis="contract",
        local_time=NOW,
        frozen=False,
        calls_today=0,
    )
    permit = decide(facts, NOW).permit()
    # Who will not answer is not waited for; who does may be late, on a machine that stands still for some seconds.
    ring_s = 4.0 if name in {"garbage-sip", "vanishes-ringing"} else 20.0
    return DialOrder(permit, f"sip:{NUMBER}@{HOST}:{port}", name, ring_timeout_s=ring_s, max_duration_s=60.0)


async def ring_everybody(folder: Path) -> tuple[dict[str, CallRecord], dict[str, Callee]]:
    script = load(Path(__file__).parents[2] / "fixtures" / "calls" / "visit.yaml").script
    utterances, voice = Utterances(), StubVoice(20)
    ears = LiteralUnderstander(script)
    recogniser = StubRecogniser(utterances)
    callees: dict[str, Callee] = {}
    loop = asyncio.get_running_loop()
    complaints: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _, context: complaints.append(context))

    async def nobody(act: Transfer, call_id: str) -> None:
        return None

    async with AsyncExitStack() as stack:
        engine = await stack.enter_async_context(RtpEngine.start())
        line = await stack.enter_async_context(SipLine.open(HOST, 0, engine=engine, media_timeout_s=3.0))
        good_line = await stack.enter_async_context(SipLine.open(HOST, 0, engine=engine))
        ports = {"good": good_line.address[1]}
        for name, (reaction, _, _) in HOSTILE.items():
            transport, callee = await loop.create_datagram_endpoint(partial(Callee, reaction), local_addr=(HOST, 0))
            stack.callback(transport.close)
            callees[name] = callee
            ports[name] = transport.get_extra_info("sockname")[1]
        robot = Robot(
            RobotParts(
                dialogue=Dialogue(script, ears),
                ears=EarsParts(
                    script, recogniser, vocabulary(script), ears, lambda: Vad(EverythingIsSpeech()), accept=0.5
                ),
                prepare=voice.prepare,
                line=line,
                outbox=FileOutbox(folder / "outbox.jsonl"),
                desk=nobody,
                bridge=lambda first, second: None,
                now=lambda: NOW,
                monotonic_ms=lambda: int(time.monotonic() * 1000),
            )
        )
        answering = asyncio.create_task(good_callee(good_line, utterances))
        placed = {
            name: asyncio.create_task(robot.call(order(name, port), {"name": "Ann"}, CallFiles(folder, name)))
            for name, port in ports.items()
        }
        records = {name: await task for name, task in placed.items()}
        answering.cancel()
        for callee in callees.values():
            for task in callee.tasks:
                task.cancel()
        await asyncio.gather(answering, *(t for c in callees.values() for t in c.tasks), return_exceptions=True)
    assert complaints == []
    assert all(stream.closed for stream in recogniser.streams)
    assert asyncio.all_tasks() == {asyncio.current_task()}
    return records, callees


def open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, CallRecord], dict[str, Callee], int]:
    folder = tmp_path_factory.mktemp("hostile")
    before = open_files()
    records, callees = asyncio.run(ring_everybody(folder))
    return records, callees, open_files() - before


@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_callee_gets_a_named_end(
    outcome: tuple[dict[str, CallRecord], dict[str, Callee], int], name: str
) -> None:
    record = outcome[0][name]
    _, dispositions, causes = HOSTILE[name]
    assert record.disposition in dispositions, record
    assert record.cause in causes, record
    assert Path(record.transcript).is_file()
    assert Path(record.log).read_text(encoding="utf-8").splitlines()[-1].count('"kind": "ended"') == 1


def test_the_good_call_came_out_right(outcome: tuple[dict[str, CallRecord], dict[str, Callee], int]) -> None:
    record = outcome[0]["good"]
    assert (record.disposition, record.tags, record.grade, record.faults) == ("completed", ("confirmed",), "A", ())
    assert record.cause == "bye"
    assert Path(record.recording).stat().st_size > 44 + 5 * 8000 * 4


def test_nothing_stays_open(outcome: tuple[dict[str, CallRecord], dict[str, Callee], int]) -> None:
    assert outcome[2] == 0


def test_callees_that_answered_were_hung_up_on(
    outcome: tuple[dict[str, CallRecord], dict[str, Callee], int],
) -> None:
    callees = outcome[1]
    for name in ("garbage-audio", "broken-sdp", "vanishes-answered"):
        assert "BYE" in callees[name].requests, name
    assert "CANCEL" in callees["vanishes-ringing"].requests
