"""Composition root: the only place where adapters are chosen from settings."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from functools import partial
from pathlib import Path

from callwright.calls.answers import spoken_answers
from callwright.calls.early import ProgressParts
from callwright.calls.ears import EarsParts
from callwright.calls.mouth import Prepare
from callwright.calls.outbox import FileOutbox
from callwright.calls.robot import Robot, RobotParts
from callwright.calls.vocabulary import vocabulary
from callwright.dialogue.engine import Dialogue
from callwright.dialogue.understanding.nlu import Nlu
from callwright.dialogue.values import Transfer
from callwright.script.model import Script
from callwright.settings import Settings
from callwright.speech.asr.pocketsphinx import PocketsphinxRecogniser, threshold
from callwright.speech.prompts import Prompt, Prompts
from callwright.speech.tts.espeak import EspeakVoice
from callwright.speech.vad import Vad
from callwright.telephony.port import Codec, DialOrder, Media
from callwright.telephony.rtp import g711
from callwright.telephony.rtp.engine import RtpEngine
from callwright.telephony.rtp.stream import RtpStream, bridge
from callwright.telephony.sip.driver import SipLine

__all__ = ["Desk", "open_robot"]

Desk = Callable[[Transfer], Awaitable[DialOrder | None]]


@asynccontextmanager
async def open_robot(
    script: Script,
    settings: Settings,
    *,
    recordings: Path | None,
    outbox: Path,
    desk: Desk,
    seed: int = 0,
    host: str = "127.0.0.1",
    workers: int = 2,
) -> AsyncIterator[Robot]:
    """A robot with embedded speech and a SIP line of its own on `host`; everything is freed on leaving.

    Raises:
        ModelError: a speech model or voice is missing.
        LineError: the address cannot be bound.
    """
    understander = Nlu.train(script, seed=seed)
    async with AsyncExitStack() as stack:
        recogniser = PocketsphinxRecogniser(settings.models, workers=workers)
        stack.push_async_callback(recogniser.aclose)
        words = vocabulary(script)
        # Fails here, before anybody is rung, when a model is missing or damaged.
        trial = await recogniser.open(words, lambda hearing: None)
        await trial.close()
        engine = await stack.enter_async_context(RtpEngine.start())
        line = await stack.enter_async_context(SipLine.open(host, 0, engine=engine, media_timeout_s=15.0))
        prepare = _prompts(script, settings, recordings, stack)
        accept = threshold(script.language)
        ears = EarsParts(script, recogniser, words, understander, Vad, accept, spoken_answers(script))
        parts = RobotParts(
            dialogue=Dialogue(script, understander, seed=seed),
            ears=ears,
            prepare=prepare,
            line=line,
            outbox=FileOutbox(outbox),
            desk=desk,
            bridge=_bridge,
            now=lambda: datetime.now().astimezone(),
            monotonic_ms=lambda: time.monotonic_ns() // 1_000_000,
            progress=ProgressParts(script.language, Vad, recogniser, end_early=settings.end_on_announcement),
        )
        yield Robot(parts)


def _prompts(script: Script, settings: Settings, recordings: Path | None, stack: AsyncExitStack) -> Prepare:
    voice = EspeakVoice(script.language)
    by_codec: dict[Codec, Prompts] = {}
    codecs: tuple[Codec, ...] = ("PCMA", "PCMU")
    for codec in codecs:
        prompts = Prompts(voice, recordings, partial(g711.encode, codec=codec), codec=codec, cache=settings.cache)
        stack.push_async_callback(prompts.aclose)
        by_codec[codec] = prompts

    async def prepare(text: str, audio: str | None, codec: Codec) -> Prompt:
        return await by_codec[codec].prepare(text, audio)

    return prepare


def _bridge(caller: Media, person: Media) -> None:
    if not isinstance(caller, RtpStream) or not isinstance(person, RtpStream):
        raise TypeError("only two RTP streams of one engine can be bridged")
    bridge(caller, person)
