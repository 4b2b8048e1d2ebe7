"""Who answered: the first seconds of an answered call go through the length rules of `greeting`, a recogniser that knows what machines say,
and the tones (a beep, a fax). It runs beside the ears and tells them a verdict; without its recogniser lengths and tones remain.
"""

from __future__ import annotations

from collections import deque

import anyio

from callwright.calls.announcements import Language
from callwright.calls.greeting import Greeting, GreetingRules, Verdict
from callwright.calls.log import EventLog
from callwright.calls.machines import read_machine
from callwright.calls.recognisers import let_go
from callwright.speech.port import (
    Final,
    Hearing,
    Partial,
    Pcm,
    Recogniser,
    RecogniserStream,
    RecognitionError,
    Vocabulary,
)
from callwright.telephony.port import FRAME_MS
from callwright.telephony.tones.detector import ToneDetector
from callwright.telephony.tones.sets import FAX

__all__ = ["Answerer"]

_PRE_ROLL = 15  # frames
_PAUSE_MS = 240
_LONGEST_MS = 8000
_LEAST_MS = 700  # no phrase of a machine is shorter
_WORTH_WAITING_MS = 1000  # a greeting so long may be a machine's: its words are worth waiting for
_PATIENCE_MS = 600
_KEPT_FRAMES = 300
_WORDS_MEASURED = frozenset({"en"})  # for Mandarin no machine was at hand that the recogniser could be tried on


class Answerer:
    """`push` per frame from the answer on; `greeting` holds the verdict."""

    def __init__(
        self,
        language: Language,
        rules: GreetingRules | None,
        recogniser: Recogniser,
        vocabulary: Vocabulary | None,
        log: EventLog,
    ) -> None:
        """vocabulary: what machines say (`machine_vocabulary`), None = no words."""
        self.greeting = Greeting(rules)
        self._language = language
        self._recogniser = recogniser
        self._vocabulary = vocabulary
        self._log = log
        self._tones = ToneDetector(FAX, sit=False, beeps=True)
        self._stream: RecogniserStream | None = None
        self._kept: deque[tuple[Pcm, bool]] = deque(maxlen=_KEPT_FRAMES)
        self._recent: deque[Pcm] = deque(maxlen=_PRE_ROLL)
        self._speaking = False
        self._length_ms = self._silent_ms = self._voice_ms = 0
        self._waiting = 0  # utterances whose words are still to come
        self._scope: anyio.CancelScope | None = None
        self._stopped = False
        self._over = False

    async def run(self) -> None:
        """Hold the recogniser until the verdict stands. Never raises but for being cancelled."""
        if self._vocabulary is None or self._stopped:
            return
        with anyio.CancelScope() as self._scope:
            try:
                self.attach(await self._recogniser.open(self._vocabulary, self.hear))
                await anyio.sleep_forever()
            except Exception as error:  # noqa: BLE001 - the call goes on: lengths and tones are enough
                self._log.add("fault", message=f"who answered is told without words: {error}")
            finally:
                stream, self._stream = self._stream, None
                await let_go(stream, lambda why: self._log.add("fault", message=f"who answered: {why}"))

    def attach(self, stream: RecogniserStream) -> None:
        """The recogniser is there: what was kept for it comes first."""
        self._stream = stream
        self.greeting.words_tell = self._language in _WORDS_MEASURED
        for pcm, voice in self._kept:
            self._utter(pcm, voice)
        self._kept.clear()

    def stop(self) -> None:
        """Nobody asks any more."""
        self._stopped = True
        if self._scope is not None:
            self._scope.cancel()

    @property
    def over(self) -> bool:
        """No verdict will come any more."""
        return self._over

    def push(self, pcm: Pcm, voice: bool) -> Verdict | None:
        """20 ms; a new verdict, or None."""
        if self._over:
            return None
        greeting = self.greeting
        if greeting.settled:
            self.stop()
            verdict = greeting.push(voice)
            self._over = greeting.over
            return verdict
        for tone in self._tones.push(pcm):
            if tone.kind == "beep":
                greeting.suspect("beep")
            elif tone.kind == "fax_answer":
                greeting.suspect("fax")
        if self._stream is not None:
            self._utter(pcm, voice)
        elif self._vocabulary is not None:
            self._kept.append((pcm, voice))
        return greeting.push(voice and not self._tones.standing)

    def read(self, text: str) -> None:
        """Words of the first seconds, whoever recognised them."""
        found = read_machine(text, self._language) if text else None
        if found is not None and not self.greeting.settled:
            kind, phrase = found
            self._log.add("machine_words", found=kind, phrase=phrase)
            self.greeting.suspect(kind)

    @property
    def patience_ms(self) -> int:
        """How long the opening shall wait for words that may be a machine's."""
        return _PATIENCE_MS if self._waiting and self._voice_ms >= _WORTH_WAITING_MS else 0

    def _utter(self, pcm: Pcm, voice: bool) -> None:
        stream = self._stream
        if stream is None:
            return
        if voice and not self._speaking:
            self._speaking, self._length_ms, self._silent_ms = True, 0, 0
            stream.begin()
            for earlier in self._recent:
                stream.push(earlier)
        self._recent.append(pcm)
        if not self._speaking:
            return
        stream.push(pcm)
        self._voice_ms += FRAME_MS if voice else 0
        self._length_ms += FRAME_MS
        self._silent_ms = 0 if voice else self._silent_ms + FRAME_MS
        if self._silent_ms >= _PAUSE_MS or self._length_ms >= _LONGEST_MS:
            self._speaking = False
            self._waiting += 1
            stream.end()

    def hear(self, hearing: Hearing) -> None:
        """An event of the recogniser."""
        match hearing:
            case Partial(text=text):
                if self._speaking and self._length_ms >= _LEAST_MS:
                    self.read(text)
            case Final(text=text, raw=raw, begin_ms=begin_ms, end_ms=end_ms):
                self._waiting = max(0, self._waiting - 1)
                if end_ms - begin_ms >= _LEAST_MS:
                    self.read(text)
                    self.read(raw)
            case RecognitionError(message=message, under_way=under_way):
                self._log.add("fault", message=f"who answered: {message}")
                self.greeting.words_tell = False
                if under_way:
                    self._speaking = False
                else:
                    self._waiting = max(0, self._waiting - 1)
