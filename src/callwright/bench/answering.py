"""Who answered, over labelled greetings: how many machines are found, by what, and whether a person is taken for one.

Greetings are rendered with flite and espeak-ng, people are recordings where there are any; every frame goes through G.711, voice activity, the
length rules, the recogniser and the tone detector, in the order a call has them. The recogniser's last word comes `FINAL_MS` after an
utterance, as measured for the embedded one.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from callwright.calls.announcements import Language
from callwright.calls.answerer import Answerer
from callwright.calls.greeting import Verdict
from callwright.calls.log import EventLog
from callwright.calls.machines import machine_vocabulary
from callwright.speech.asr.decoder import PhraseDecoder
from callwright.speech.asr.worker import Engine
from callwright.speech.port import Abilities, Final, Hearing, Partial, Pcm, Recogniser, RecogniserStream, Vocabulary
from callwright.speech.vad import FRAME_SAMPLES
from callwright.speech.vad_detector import VoiceDetector
from callwright.telephony.rtp import g711

__all__ = ["BEEP", "FINAL_MS", "Found", "Listener", "table"]

FINAL_MS = 400
_PARTIAL_FRAMES = 10
_AFTER_MS = 4000  # silence after the greeting: the caller waits

_time = np.arange(3200) / 8000
BEEP: Pcm = np.concatenate([np.zeros(4000), 9000 * np.sin(2 * np.pi * 1000 * _time)]).astype(np.int16)


@dataclass(frozen=True, slots=True)
class Found:
    """The last verdict over a greeting, why, and when (ms since the answer)."""

    verdict: Verdict
    why: str
    at_ms: int


class _DirectStream:
    """A recogniser stream that decodes in this process, at the pace of the frames."""

    def __init__(self, decoder: PhraseDecoder, on_event: Callable[[Hearing], None]) -> None:
        self._decoder = decoder
        self._on_event = on_event
        self._frames = 0
        self._active = False
        self._clock = 0
        self._late: deque[tuple[int, Final]] = deque()

    def tick(self) -> None:
        """20 ms of the call have passed."""
        self._clock += 20
        while self._late and self._late[0][0] <= self._clock:
            self._on_event(self._late.popleft()[1])

    def begin(self) -> None:
        self.leave()
        self._frames, self._active = 0, True
        self._decoder.begin()

    def leave(self) -> None:
        """Free the decoder of an utterance that nobody ended."""
        if self._active:
            self._active = False
            self._decoder.finish()

    def push(self, frame: Pcm) -> None:
        self._decoder.push(frame)
        self._frames += 1
        if self._frames % _PARTIAL_FRAMES == 0 and (text := self._decoder.partial()):
            self._on_event(Partial(text, self._clock))

    def end(self) -> None:
        self._active = False
        decoded = self._decoder.finish()
        length = self._frames * 20
        final = Final(decoded.text, self._clock - length, self._clock, decoded.score, raw=decoded.raw)
        self._late.append((self._clock + FINAL_MS, final))

    def set_context(self, phrases: tuple[str, ...], hotwords: tuple[str, ...] = ()) -> None:
        raise AssertionError("a greeting is expected, nothing else: the context stays")

    async def close(self) -> None:
        return


class _NoRecogniser:
    """Never opened: `Listener` puts its stream in itself."""

    abilities = Abilities("none", rate=8000, packet_ms=20, hotwords=False, dictation=False)

    async def ready(self, vocabulary: Vocabulary) -> None:
        return

    async def open(self, vocabulary: Vocabulary, on_event: Callable[[Hearing], None]) -> RecogniserStream:
        raise AssertionError("`Listener` puts its stream in itself")

    async def aclose(self) -> None:
        return


class Listener:
    """`listen(pcm)` gives who answered. models: folder of the speech models, None = no words; tones as in a call."""

    def __init__(self, language: Language, models: Path | None) -> None:
        self._language: Language = language
        self._voices = VoiceDetector.open()
        self._decoder: PhraseDecoder | None = None
        if models is not None:
            vocabulary = machine_vocabulary(language)
            self._decoder, _ = Engine(models).open_decoder(vocabulary.key, language, vocabulary.phrases)

    def listen(self, pcm: Pcm) -> Found:
        """pcm: what is heard from the answer on, 8 kHz int16; silence follows."""
        recogniser: Recogniser = _NoRecogniser()
        answerer = Answerer(self._language, None, recogniser, None, EventLog(None, lambda: 0))
        stream = None
        if self._decoder is not None:
            self._decoder.renew()
            stream = _DirectStream(self._decoder, answerer.hear)
            answerer.attach(stream)
        vad = self._voices.stream()
        whole = np.concatenate([np.zeros(2400), pcm.astype(np.float64), np.zeros(_AFTER_MS * 8)])
        noisy = whole + np.random.default_rng(1).normal(0, 8, len(whole))
        heard = g711.decode(g711.encode(np.clip(noisy, -32768, 32767).astype(np.int16), "PCMA"), "PCMA")
        found = Found("human", "quiet", 0)
        for number, begin in enumerate(range(0, len(heard) - FRAME_SAMPLES + 1, FRAME_SAMPLES), 1):
            frame = heard[begin : begin + FRAME_SAMPLES]
            if stream is not None:
                stream.tick()
            verdict = answerer.push(frame, vad.push(frame))
            if verdict is not None:
                found = Found(verdict, answerer.greeting.why, number * 20)
                if verdict != "human":
                    break
        vad.close()
        if stream is not None:
            stream.leave()
        return found


def table(results: Iterable[tuple[str, Found]]) -> str:
    """Rows: what answered; columns: what it was taken for, and by what."""
    counts = Counter((label, found.verdict, found.why) for label, found in results)
    lines = [f"{label:<12} {verdict:<10} {why:<14} {count}" for (label, verdict, why), count in sorted(counts.items())]
    return "\n".join([f"{'answered by':<12} {'taken for':<10} {'by':<14} n", *lines])
