"""Utterances and their words stay together, whatever the recogniser loses."""

from __future__ import annotations

import numpy as np

from callwright.calls.log import EventLog
from callwright.calls.scribe import Scribe, Spoken
from callwright.speech.port import Final, Partial, Pcm, RecognitionError

FRAME: Pcm = np.zeros(160, np.int16)


class Stream:
    """A fake recogniser stream that only counts."""

    def __init__(self) -> None:
        self.clock_ms = 0
        self.begins: list[int] = []
        self.ends = 0

    def begin(self) -> None:
        self.begins.append(self.clock_ms)

    def push(self, frame: Pcm) -> None:
        self.clock_ms += 20

    def end(self) -> None:
        self.ends += 1

    def set_context(self, phrases: tuple[str, ...], hotwords: tuple[str, ...] = ()) -> None:
        return

    async def close(self) -> None:
        return


class Desk:
    def __init__(self) -> None:
        self.now = 0
        self.read: list[Spoken] = []
        self.errors: list[Exception] = []
        self.stream = Stream()
        self.scribe = Scribe(
            EventLog(None, lambda: self.now),
            lambda: self.now,
            lambda spoken: None,
            self.read.append,
            self.errors.append,
        )

    def utter(self, frames: int = 20, partial: str = "") -> None:
        self.scribe.begin(self.now)
        for _ in range(frames):
            self.now += 20
            self.scribe.push(FRAME)
        if partial:
            self.scribe.take(Partial(partial, self.stream.clock_ms))
        self.scribe.end()
        self.silence(20)

    def silence(self, frames: int) -> None:
        for _ in range(frames):
            self.now += 20
            self.scribe.push(FRAME)

    def final(self, text: str, of: int) -> None:
        """The final of the utterance with this number."""
        self.scribe.take(Final(text, self.stream.begins[of], self.stream.begins[of] + 400, 1.0))

    @property
    def texts(self) -> list[str]:
        return [spoken.final.text if spoken.final is not None else f"({spoken.partial})" for spoken in self.read]


def attached() -> Desk:
    desk = Desk()
    desk.scribe.attach(desk.stream)
    desk.silence(20)
    return desk


def test_words_come_in_the_order_of_the_utterances() -> None:
    desk = attached()
    desk.utter()
    desk.utter()
    desk.final("one", 0)
    desk.final("two", 1)
    assert desk.texts == ["one", "two"]
    assert [spoken.begin_ms for spoken in desk.read] == [400, 1200]


def test_a_lost_final_does_not_shift_the_following_ones() -> None:
    desk = attached()
    desk.utter(partial="on")
    desk.utter()
    desk.utter()
    desk.final("two", 1)
    assert desk.texts == ["(on)", "two"]
    desk.final("three", 2)
    assert desk.texts == ["(on)", "two", "three"]


def test_engines_without_a_clock_are_taken_in_turn() -> None:
    desk = attached()
    desk.utter()
    desk.utter()
    desk.scribe.take(Final("one", 0, 0, 1.0))
    desk.scribe.take(Final("two", 0, 0, 1.0))
    assert desk.texts == ["one", "two"]


def test_the_moment_before_the_voice_is_heard_too() -> None:
    desk = attached()
    desk.utter(frames=10)
    assert desk.stream.clock_ms == (15 + 10) * 20


def test_first_words_are_kept_for_a_late_recogniser_and_others_are_lost() -> None:
    desk = Desk()
    desk.scribe.begin(0, first=True)
    desk.silence(10)
    desk.scribe.end()
    desk.utter()
    assert desk.texts == []
    desk.scribe.attach(desk.stream)
    assert (len(desk.stream.begins), desk.stream.ends) == (1, 1)
    desk.final("hello", 0)
    assert desk.texts == ["hello", "()"]


def test_an_utterance_the_recogniser_breaks_in_is_lost_alone() -> None:
    desk = attached()
    desk.scribe.begin(desk.now)
    desk.scribe.take(RecognitionError("gone", under_way=True))
    desk.scribe.end()
    desk.utter()
    desk.final("two", 1)
    assert desk.texts == ["()", "two"]


def test_a_final_that_never_comes_is_given_up() -> None:
    desk = attached()
    desk.utter(partial="ye")
    desk.silence(600)
    desk.utter()
    assert desk.texts == ["(ye)"]


def test_what_nobody_said_changes_nothing() -> None:
    desk = attached()
    desk.scribe.take(Final("ghost", 0, 0, 1.0))
    desk.scribe.take(Partial("ghost", 0))
    desk.scribe.end()
    assert (desk.texts, desk.errors) == ([], [])
