"""Which utterance is owed an answer. Pure: whatever an engine does, every utterance that ended gets exactly one Final or RecognitionError, in
the order of the utterances, and one that fails before its end gets its RecognitionError at once and nothing more.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from callwright.speech.port import Final, Hearing, Partial, RecognitionError

__all__ = ["Ledger"]


@dataclass(slots=True)
class _Owed:
    number: int
    begin_ms: int
    end_ms: int = -1
    answer: Final | RecognitionError | None = None


class Ledger:
    """Utterances of one call, numbered from 1. Times are ms on the audio clock of the stream. Methods that take an answer return what is to be
    told now, in order; an answer to an utterance that has one already, or was given up, is ignored."""

    def __init__(self) -> None:
        self._count = 0
        self._now: _Owed | None = None
        self._waiting: deque[_Owed] = deque()

    @property
    def under_way(self) -> int:
        """The utterance that has begun and not ended; 0 = none, or it has failed."""
        return self._now.number if self._now is not None else 0

    @property
    def waiting(self) -> tuple[int, ...]:
        """Utterances that ended and were not answered, oldest first."""
        return tuple(owed.number for owed in self._waiting if owed.answer is None)

    def begin(self, at_ms: int) -> int:
        """A new utterance; one that was under way is forgotten. Returns its number."""
        self._count += 1
        self._now = _Owed(self._count, at_ms)
        return self._count

    def end(self, at_ms: int) -> tuple[int, list[Hearing]]:
        """The utterance under way is over: (its number, what is to be told); (0, []) when there is none, or it has failed."""
        owed, self._now = self._now, None
        if owed is None:
            return 0, []
        owed.end_ms = at_ms
        self._waiting.append(owed)
        return owed.number, self._released()

    def partial(self, number: int, text: str, at_ms: int) -> list[Hearing]:
        """Words so far; they count only for the utterance under way."""
        return [Partial(text, at_ms)] if self.under_way == number != 0 else []

    def final(self, number: int, text: str, span: tuple[int, int] | None = None, raw: str = "") -> list[Hearing]:
        """The words of an utterance. An engine that writes whatever is said knows no better or worse fit: the score is 1, or 0 without words.

        Args:
            span: when its words began and ended, ms since the utterance began; None = not known.
        """
        owed = self._find(number)
        if owed is None:
            return []
        latest = owed.end_ms if owed.end_ms >= 0 else owed.begin_ms + (span[1] if span else 0)
        begin_ms, end_ms = owed.begin_ms, latest
        if span is not None and text:
            begin_ms = min(owed.begin_ms + max(0, span[0]), latest)
            end_ms = max(begin_ms, min(owed.begin_ms + span[1], latest))
        return self._answer(owed, Final(text, begin_ms, end_ms, 1.0 if text else 0.0, (), raw or text))

    def heard(self, number: int, final: Final) -> list[Hearing]:
        """As `final`, from another stream whose clock is ours."""
        owed = self._find(number)
        return self._answer(owed, final) if owed is not None else []

    def fail(self, number: int, message: str) -> list[Hearing]:
        """No words will come for this utterance."""
        if self._now is not None and self._now.number == number:
            self._now = None
            return [RecognitionError(message, under_way=True)]
        owed = self._find(number)
        return self._answer(owed, RecognitionError(message)) if owed is not None else []

    def _find(self, number: int) -> _Owed | None:
        candidates = (*self._waiting, self._now)
        return next((o for o in candidates if o is not None and o.number == number and o.answer is None), None)

    def _answer(self, owed: _Owed, answer: Final | RecognitionError) -> list[Hearing]:
        owed.answer = answer
        return self._released()

    def _released(self) -> list[Hearing]:
        told: list[Hearing] = []
        while self._waiting and (answer := self._waiting[0].answer) is not None:
            told.append(answer)
            self._waiting.popleft()
        return told
