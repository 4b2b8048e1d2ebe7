"""Early media over real sockets: a network that plays a busy tone in 183 and then says 480, over UDP and RTP as a trunk does."""

from __future__ import annotations

import asyncio
import re
import struct
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest

from callwright.calls.early import ProgressParts
from callwright.calls.ears import EarsParts
from callwright.calls.log import read_log
from callwright.calls.model import CallFiles, CallRecord
from callwright.calls.outbox import FileOutbox
from callwright.calls.robot import Robot, RobotParts
from callwright.calls.vocabulary import vocabulary
from callwright.compliance.decision import DialFacts, decide
from callwright.dialogue.engine import Dialogue
from callwright.dialogue.values import Transfer
from callwright.script.loader import load
from callwright.speech.vad import Vad
from callwright.telephony.port import DialOrder, Pcm
from callwright.telephony.rtp.engine import RtpEngine
from callwright.telephony.rtp.g711 import encode
from callwright.telephony.sip.driver import SipLine
from callwright.telephony.tones.sets import CHINA
from callwright.testing.literal import LiteralUnderstander
from callwright.testing.stub_speech import StubRecogniser, StubVoice, Utterances
from callwright.testing.tones import line as through_line
from callwright.testing.tones import rhythm

pytestmark = pytest.mark.integration

HOST = "127.0.0.1"
NOW = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
BUSY = next(pattern for pattern in CHINA if pattern.kind == "busy")
ROUNDS = 3  # of the tone, should the machine be too busy to send the first ones in time


class Network(asyncio.DatagramProtocol):
    """The far side: 183 with audio, the frames at their pace, then a status. cancelled: it was told to stop."""

    def __init__(self, frames: Pcm, status: str) -> None:
        self.frames, self.status = frames, status
        self.cancelled = False
        self.task: asyncio.Task[None] | None = None
        self.transport: asyncio.DatagramTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        text = data.decode()
        if text.startswith("INVITE") and self.task is None:
            self.task = asyncio.create_task(self._play(text, addr))
        elif text.startswith("CANCEL"):
            self.cancelled = True
            self._reply(text, "200 OK", addr)

    async def _play(self, invite: str, addr: tuple[str, int]) -> None:
        loop = asyncio.get_running_loop()
        audio, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, local_addr=(HOST, 0))
        try:
            port = audio.get_extra_info("sockname")[1]
            body = f"v=0\r\no=- 1 1 IN IP4 {HOST}\r\ns=-\r\nc=IN IP4 {HOST}\r\nt=0 0\r\nm=audio {port} RTP/AVP 8\r\n"
            self._reply(invite, "183 Session Progress", addr, body)
            to = HOST, int(re.findall(r"m=audio (\d+)", invite)[0])
            begun = loop.time()
            for number, frame in enumerate(self.frames):
                header = struct.pack("!BBHII", 0x80, 8, number & 0xFFFF, number * 160, 77)
                audio.sendto(header + encode(frame, "PCMA"), to)
                await asyncio.sleep(begun + number * 0.02 - loop.time())
                if self.cancelled:
                    break
            self._reply(invite, "487 Request Terminated" if self.cancelled else self.status, addr)
        finally:
            audio.close()

    def _reply(self, request: str, status: str, to: tuple[str, int], body: str = "") -> None:
        copied = re.findall(r"(?im)^((?:via|from|call-id|cseq):.*)\r$", request)
        to_line = re.findall(r"(?im)^(to:.*)\r$", request)[0]
        tagged = to_line if "tag=" in to_line else f"{to_line};tag=network"
        port = self.transport.get_extra_info("sockname")[1]
        lines = [f"SIP/2.0 {status}", *copied, tagged, f"Contact: <sip:network@{HOST}:{port}>"]
        lines += ["Content-Type: application/sdp"] if body else []
        self.transport.sendto("\r\n".join([*lines, f"Content-Length: {len(body)}", "", body]).encode(), to)


async def place(folder: Path, network: Network, *, end_early: bool) -> CallRecord:
    script = load(Path(__file__).parents[2] / "fixtures" / "calls" / "visit.yaml").script
    ears, utterances = LiteralUnderstander(script), Utterances()
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: network, local_addr=(HOST, 0))

    async def nobody(act: Transfer, call_id: str) -> None:
        return None

    try:
        async with RtpEngine.start() as engine, SipLine.open(HOST, 0, engine=engine) as line:
            parts: dict[str, Any] = {
                "dialogue": Dialogue(script, ears),
                "ears": EarsParts(script, StubRecogniser(utterances), vocabulary(script), ears, Vad, accept=0.5),
                "prepare": StubVoice().prepare,
                "line": line,
                "outbox": FileOutbox(folder / "outbox.jsonl"),
                "desk": nobody,
                "bridge": lambda first, second: None,
                "now": lambda: NOW,
                "monotonic_ms": lambda: int(time.monotonic() * 1000),
                "progress": ProgressParts("en", end_early=end_early),
            }
            facts = DialFacts(
                callee="+12025550123",
                caller="+12025550199",
                owned_callers=frozenset({"+12025550199"}),
                purpose="service",
                basis="contract",
                local_time=NOW,
                frozen=False,
                calls_today=0,
            )
            target = f"sip:+12025550123@{HOST}:{transport.get_extra_info('sockname')[1]}"
            order = DialOrder(decide(facts, NOW).permit(), target, "early", ring_timeout_s=30.0)
            return await Robot(RobotParts(**parts)).call(order, {"name": "Ann"}, CallFiles(folder, "early"))
    finally:
        if network.task is not None:
            await network.task
        transport.close()


@pytest.mark.timeout(120)
def test_a_busy_tone_from_the_network_explains_a_480(tmp_path: Path) -> None:
    network = Network(through_line(rhythm(BUSY, 3.0 * ROUNDS)), "480 Temporarily Unavailable")
    record = asyncio.run(place(tmp_path, network, end_early=False))
    assert (record.disposition, record.code, record.answered) == ("busy", 480, False)
    assert [(one["source"], one["heard"]) for one in record.evidence] == [("tone", "busy cn")]
    kinds = [event["kind"] for event in read_log(tmp_path / "events" / "early.jsonl")]
    assert kinds.index("early_media") < kinds.index("progress") < kinds.index("rejected")


@pytest.mark.timeout(120)
def test_ringing_may_end_with_the_tone(tmp_path: Path) -> None:
    repeated = through_line(rhythm(BUSY, 25.0))  # long: we are to leave before its end
    network = Network(repeated, "480 Temporarily Unavailable")
    record = asyncio.run(place(tmp_path, network, end_early=True))
    assert (record.disposition, record.cause, network.cancelled) == ("busy", "cancelled", True)
