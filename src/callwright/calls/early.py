"""Listening before the answer: frames of the early media go through tones, voice activity and the recogniser, and become evidence.

It never holds up the signalling: it is fed by the media, it runs beside the leg, and whatever fails in it is a line of the log. Without a
recogniser, or with one that is broken, tones alone are heard.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import anyio

from callwright.calls.announcements import Language, announcement_vocabulary
from callwright.calls.log import EventLog
from callwright.calls.progress import Evidence, Progress
from callwright.calls.recognisers import let_go
from callwright.speech.port import Final, Hearing, Pcm, Recogniser, RecogniserStream, RecognitionError
from callwright.speech.vad import Vad
from callwright.telephony.port import FRAME_MS, Frame, Media
from callwright.telephony.tones.detector import ToneDetector

__all__ = ["EarlyListener", "ProgressParts"]

_PRE_ROLL = 15  # frames
_PAUSE_MS = 400
_LONGEST_MS = 10_000  # music has no pauses: what is heard is cut into pieces
_KEPT_FRAMES = 500  # from before the recogniser was there
_LAST_WORDS_S = 1.0


@dataclass(frozen=True, slots=True)
class ProgressParts:
    """What all early listeners of one robot share. recogniser: None = tones only; end_early: a definite finding (nobody can answer any
    more) ends the ringing at once; words_for_ms: so much voice of one call is recognised at most, since music may go on and on."""

    language: Language
    make_vad: Callable[[], Vad] = Vad
    recogniser: Recogniser | None = None
    end_early: bool = False
    words_for_ms: int = 40_000


class EarlyListener:
    """Ears of one call from `LegEarlyMedia` to the answer or the end. on_definite: told once, when nobody can answer any more."""

    def __init__(self, parts: ProgressParts, log: EventLog, on_definite: Callable[[Evidence], None]) -> None:
        self.progress = Progress(parts.language)
        self._parts = parts
        self._log = log
        self._on_definite = on_definite
        self._tones = ToneDetector()
        self._vad = parts.make_vad()
        self._begun_ms = 0
        self._stream: RecogniserStream | None = None
        self._kept: deque[tuple[Pcm, bool, int]] = deque(maxlen=_KEPT_FRAMES)
        self._recent: deque[Pcm] = deque(maxlen=_PRE_ROLL)
        self._speaking = False
        self._silent_ms = self._length_ms = self._spent_ms = 0
        self._begins: deque[int] = deque()  # of utterances whose words are still to come
        self._settled = anyio.Event()
        self._scope = anyio.CancelScope()
        self._stopped = False

    def attach(self, media: Media) -> None:
        """Hear this from now on, until somebody else listens to it."""
        self._begun_ms = self._log.now_ms()
        media.listen(self._on_frame, lambda digit: None)

    async def run(self) -> None:
        """Hold the recogniser until `stop`. Never raises but for being cancelled."""
        recogniser = self._parts.recogniser
        if recogniser is None:
            return
        with self._scope:
            try:
                self._stream = await recogniser.open(announcement_vocabulary(self._parts.language), self._take)
                for pcm, voice, at_ms in self._kept:
                    self._utter(pcm, voice, at_ms)
                self._kept.clear()
                await anyio.sleep_forever()
            except Exception as error:  # noqa: BLE001 - ringing goes on without words: tones and the signalling are enough
                self._fault(f"early media is heard without words: {error}")
            finally:
                stream, self._stream = self._stream, None
                await let_go(stream, lambda why: self._fault(f"early media: {why}"))

    def stop(self) -> None:
        """Somebody answered, or the call is over: hear nothing more."""
        self._stopped = True
        self._vad.close()
        self._scope.cancel()

    async def last_words(self) -> None:
        """The call is over: take what was being said, for a second at most, and stop."""
        if self._speaking and not self._stopped:
            self._end_utterance()
        if self._begins:
            self._settled = anyio.Event()
            with anyio.move_on_after(_LAST_WORDS_S):
                await self._settled.wait()
        self.stop()

    def _fault(self, message: str) -> None:
        self._log.add("fault", message=message)

    # ------------------------------------------------------------ frames

    def _on_frame(self, frame: Frame) -> None:
        if self._stopped:
            return
        try:
            self._hear(frame.pcm, frame.energy)
        except Exception as error:  # noqa: BLE001 - as above: the call goes on, deaf until it is answered
            self._stopped = True
            self._fault(f"early media cannot be heard: {type(error).__name__}: {error}")

    def _hear(self, pcm: Pcm, energy: float | None) -> None:
        now = self._log.now_ms()
        for tone in self._tones.push(pcm):
            self._note(self.progress.tone(tone, self._begun_ms))
        voice = self._vad.push(pcm, energy) and not self._tones.standing
        if self._stream is not None:
            self._utter(pcm, voice, now)
        elif self._parts.recogniser is not None:
            self._kept.append((pcm, voice, now))

    def _utter(self, pcm: Pcm, voice: bool, now: int) -> None:
        """Cut what is said into utterances for the recogniser."""
        stream = self._stream
        if stream is None:
            return
        if not self._speaking and voice and self._spent_ms < self._parts.words_for_ms:
            self._speaking, self._length_ms, self._silent_ms = True, 0, 0
            self._begins.append(now)
            stream.begin()
            for earlier in self._recent:
                stream.push(earlier)
        self._recent.append(pcm)
        if not self._speaking:
            return
        stream.push(pcm)
        self._length_ms += FRAME_MS
        self._spent_ms += FRAME_MS
        self._silent_ms = 0 if voice else self._silent_ms + FRAME_MS
        if self._silent_ms >= _PAUSE_MS or self._length_ms >= _LONGEST_MS:
            self._end_utterance()

    def _end_utterance(self) -> None:
        self._speaking = False
        if self._stream is not None:
            self._stream.end()

    # ------------------------------------------------------------ findings

    def _take(self, hearing: Hearing) -> None:
        match hearing:
            case Final(text=text, raw=raw, score=score):
                begin_ms = self._begins.popleft() if self._begins else self._log.now_ms()
                if text:
                    self._log.add("early_words", begin_ms=begin_ms, text=text, score=round(score, 3))
                    self._note(self.progress.words(text, score, begin_ms, self._log.now_ms(), raw))
            case RecognitionError(message=message, under_way=under_way):
                self._fault(message)
                if under_way:
                    self._speaking = False
                if self._begins:
                    self._begins.pop() if under_way else self._begins.popleft()
        if not self._begins:
            self._settled.set()

    def _note(self, found: Evidence | None) -> None:
        if found is None:
            return
        self._log.add("progress", {
            "found": found.kind, "source": found.source, "heard": found.heard, "begin_ms": found.begin_ms, "confidence": found.confidence,
        })  # fmt: skip
        definite = self.progress.definite
        if definite is not None and self._parts.end_early and not self._stopped:
            self._stopped = True
            self._on_definite(definite)
