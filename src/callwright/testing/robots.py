"""A robot with fake speech on a line of its choice, and a fake far side that answers everybody: for tests over real sockets."""

from __future__ import annotations

import asyncio
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from callwright.calls.ears import EarsParts
from callwright.calls.outbox import FileOutbox
from callwright.calls.robot import Robot, RobotParts
from callwright.calls.transfer import Desk
from callwright.calls.vocabulary import vocabulary
from callwright.compliance.decision import DialFacts, decide
from callwright.dialogue.engine import Dialogue
from callwright.dialogue.values import Transfer
from callwright.script.model import Script
from callwright.speech.port import Recogniser
from callwright.speech.vad import Vad
from callwright.telephony.port import DialOrder, IncomingLeg, LegEnded, LineDriver
from callwright.telephony.rtp.engine import bridge
from callwright.telephony.rtp.g711 import encode
from callwright.testing.literal import LiteralUnderstander
from callwright.testing.stub_speech import EverythingIsSpeech, StubRecogniser, StubVoice, Utterances

__all__ = ["answer_everybody", "stub_order", "stub_robot"]

CALLEE, CALLER = "+12025550123", "+12025550199"


async def _nobody(act: Transfer, call_id: str) -> DialOrder | None:
    return None


def stub_robot(
    script: Script,
    line: LineDriver,
    folder: Path,
    *,
    desk: Desk = _nobody,
    utterances: Utterances | None = None,
    voice: StubVoice | None = None,
    recogniser: Recogniser | None = None,
    **parts: Any,
) -> Robot:
    """A robot that understands the script's phrases as they are written. parts: fields of RobotParts in place of the usual ones."""
    ears, voice = LiteralUnderstander(script), voice or StubVoice()
    recogniser = recogniser or StubRecogniser(utterances or Utterances())
    given: dict[str, Any] = {
        "dialogue": Dialogue(script, ears),
        "ears": EarsParts(script, recogniser, vocabulary(script), ears, lambda: Vad(EverythingIsSpeech()), accept=0.5),
        "prepare": voice.prepare,
        "line": line,
        "outbox": FileOutbox(folder / "outbox.jsonl"),
        "desk": desk,
        "bridge": bridge,
        "now": lambda: datetime.now().astimezone(),
        "monotonic_ms": lambda: time.monotonic_ns() // 1_000_000,
    }
    return Robot(RobotParts(**(given | parts)))


def stub_order(port: int, call_id: str, callee: str = CALLEE, **changes: Any) -> DialOrder:
    """An order, with its permit, for a number at this port of 127.0.0.1."""
    now = datetime.now().astimezone().replace(hour=12)
    facts = DialFacts(
        callee, CALLER, frozenset({CALLER}), "service", "contract", local_time=now, frozen=False, calls_today=0
    )
    return DialOrder(decide(facts, now).permit(), f"sip:{callee}@127.0.0.1:{port}", call_id, **changes)


async def answer_everybody(line: LineDriver) -> None:
    """Ring, answer, hum quietly, until the other side hangs up; for every call, until cancelled."""
    hum = (200 * np.sin(2 * np.pi * 200 * np.arange(8000) / 8000)).astype(np.int16)

    async def hold(leg: IncomingLeg) -> None:
        await leg.ring()
        await leg.answer()
        if leg.media is not None:
            leg.media.play(encode(np.tile(hum, 30), "PCMA"))
        async for event in leg.events():
            if isinstance(event, LegEnded):
                return

    async with asyncio.TaskGroup() as calls:
        async for leg in line.incoming():
            calls.create_task(hold(leg))
