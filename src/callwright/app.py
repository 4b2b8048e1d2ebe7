"""Composition root: the only place where adapters are chosen from settings."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from callwright.calls.answers import spoken_answers
from callwright.calls.early import ProgressParts
from callwright.calls.ears import EarsParts
from callwright.calls.live import LiveCalls
from callwright.calls.machines import machine_vocabulary
from callwright.calls.mouth import Prepare
from callwright.calls.outbox import FileOutbox, Outbox
from callwright.calls.robot import Robot, RobotParts
from callwright.calls.transfer import Desk
from callwright.calls.vocabulary import vocabulary
from callwright.dialogue.engine import Dialogue
from callwright.dialogue.understanding.lately import Lately
from callwright.dialogue.understanding.nlu import Nlu
from callwright.dialogue.understanding.warming import warm
from callwright.recognisers import Ears as Hearing
from callwright.recognisers import make_ears
from callwright.script.model import Script
from callwright.settings import Settings
from callwright.speech.port import Voice
from callwright.speech.prompts import Prompt, Prompts
from callwright.speech.vad_detector import VoiceDetector
from callwright.telephony.port import Codec, LineDriver, Media, Supervised, SupervisionMode
from callwright.telephony.rtp import g711
from callwright.telephony.rtp.bridges import bridge
from callwright.telephony.rtp.engine import RtpEngine
from callwright.telephony.rtp.mixing import supervise
from callwright.telephony.rtp.stream import RtpStream
from callwright.telephony.sip.driver import SipLine
from callwright.voices import make_voice

__all__ = ["Desk", "Speech", "bridge_media", "open_robot", "open_speech", "robot_of", "supervise_media"]


@dataclass(frozen=True, slots=True)
class Speech:
    """What one script hears, understands and speaks with. recognisers: how many of its recogniser processes are there."""

    dialogue: Dialogue
    ears: EarsParts
    prepare: Prepare
    progress: ProgressParts
    recognisers: Callable[[], int]


@asynccontextmanager
async def open_speech(
    script: Script,
    settings: Settings,
    *,
    recordings: Path | None,
    seed: int = 0,
    workers: int = 2,
    voices: VoiceDetector | None = None,
    hearing: Hearing | None = None,
) -> AsyncIterator[Speech]:
    """Recogniser (as CALLWRIGHT_ASR says), voice and trained understanding of a script. workers: processes of an embedded recogniser;
    voices: the process's voice detector, None = one of its own; hearing: a recogniser that somebody else made and
    closes, instead of the one that CALLWRIGHT_ASR says.

    Raises:
        SettingsError: the setting of the recogniser or of the voice is wrong.
        ModelError: a speech model or voice is missing.
        CallwrightError: the recogniser's server cannot be reached, and no other engine is there for it.
    """
    voices = voices or VoiceDetector.open(settings.vad)
    understander = Lately(Nlu.train(script, seed=seed))
    warm(script.language)
    async with AsyncExitStack() as stack:
        made = hearing or make_ears(settings.asr, settings.models, workers)
        recogniser = made.recogniser
        if hearing is None:
            stack.push_async_callback(recogniser.aclose)
        words = vocabulary(script)
        # Fails here, before anybody is rung, when a model is missing or a server is not there.
        await recogniser.ready(words)
        mouth = make_voice(settings.voice, script.language, settings.models)
        stack.push_async_callback(mouth.aclose)
        await mouth.ready()
        prepare = _prompts(mouth.voice, settings, recordings, stack)
        accept = made.accept(script.language)
        answers, answering = spoken_answers(script), machine_vocabulary(script.language)
        yield Speech(
            Dialogue(script, understander, seed=seed),
            EarsParts(script, recogniser, words, understander, voices.stream, accept, answers, answering),
            prepare,
            ProgressParts(
                script.language,
                partial(voices.stream, everybody=True),
                recogniser,
                end_early=settings.end_on_announcement,
            ),
            made.processes,
        )


def robot_of(speech: Speech, line: LineDriver, outbox: Outbox, desk: Desk, live: LiveCalls | None = None) -> Robot:
    """A robot that talks with this speech over this line."""
    return Robot(
        RobotParts(
            dialogue=speech.dialogue,
            ears=speech.ears,
            prepare=speech.prepare,
            line=line,
            outbox=outbox,
            desk=desk,
            bridge=bridge_media,
            now=lambda: datetime.now().astimezone(),
            monotonic_ms=lambda: time.monotonic_ns() // 1_000_000,
            live=LiveCalls() if live is None else live,
            progress=speech.progress,
        )
    )


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
    async with (
        open_speech(script, settings, recordings=recordings, seed=seed, workers=workers) as speech,
        RtpEngine.start(quiet_dbov=settings.quiet_dbov, core=settings.media_core) as engine,
        SipLine.open(host, 0, engine=engine, media_timeout_s=15.0) as line,
    ):
        yield robot_of(speech, line, FileOutbox(outbox), desk)


def _prompts(voice: Voice, settings: Settings, recordings: Path | None, stack: AsyncExitStack) -> Prepare:
    by_codec: dict[Codec, Prompts] = {}
    codecs: tuple[Codec, ...] = ("PCMA", "PCMU")
    for codec in codecs:
        prompts = Prompts(voice, recordings, partial(g711.encode, codec=codec), codec=codec, cache=settings.cache)
        stack.push_async_callback(prompts.aclose)
        by_codec[codec] = prompts

    async def prepare(text: str, audio: str | None, codec: Codec, template: str) -> Prompt:
        return await by_codec[codec].prepare(text, audio, template)

    return prepare


def bridge_media(caller: Media, person: Media) -> None:
    """Join two streams of one engine."""
    if not isinstance(caller, RtpStream) or not isinstance(person, RtpStream):
        raise TypeError("only two RTP streams of one engine can be bridged")
    bridge(caller, person)


def supervise_media(call: Media, supervisor: Media, mode: SupervisionMode, ended: Callable[[], None]) -> Supervised:
    """Put a supervisor's stream on the call of another stream of one engine."""
    if not isinstance(call, RtpStream) or not isinstance(supervisor, RtpStream):
        raise TypeError("only an RTP stream can supervise another one of its engine")
    return supervise(call, supervisor, mode, ended)
