"""A turn-taker with a mouth that obeys it, a clock and a recogniser: what the tests of turn-taking drive."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

from callwright.speech.turn_values import (
    Decision,
    EndUtterance,
    Interrupt,
    NoInput,
    Pause,
    Playing,
    ResumeAt,
    Turn,
    TurnSettings,
    Words,
)
from callwright.speech.turns import TurnTaker

OPT_OUT = "不要再打"
BOUNDARIES = (0, 600, 1500)
WORDS = {
    "": Words(""),
    "嗯": Words("嗯"),
    "好": Words("好", meaning=(("affirm", ""),)),
    "多少钱": Words("多少钱", known=True, meaning=(("kb", "price"),)),
    "可以": Words("可以", "complete", known=True, sure=True, meaning=(("affirm", ""),)),
    "一三八": Words("一三八", "unfinished"),
    OPT_OUT: Words(OPT_OUT, known=True, urgent=True, meaning=(("global", "dnd"),)),
}
Kind = TypeVar("Kind", bound=Decision)


def run_settings(mode: str, **more: Any) -> TurnSettings:
    """Short bounds, so that a run is short."""
    given: dict[str, Any] = {
        "mode": mode, "backchannel": ("嗯",), "keywords": ("钱",), "max_speech_ms": 3000, "timeout_ms": 2000,
    }  # fmt: skip
    return TurnSettings(**(given | more))


class Run:
    """left: frames of the prompt still to be played; firm: it may not be interrupted; thinking: frames until the robot speaks or listens."""

    def __init__(self, settings: TurnSettings) -> None:
        self.settings = settings
        self.taker = TurnTaker(settings)
        self.now = self.played = self.left = self.thinking = self.prompts = 0
        self.firm = self.paused = False
        self.unread: list[int] = []
        self.seen: list[Decision] = []

    def of(self, kind: type[Kind]) -> list[Kind]:
        return [decision for decision in self.seen if isinstance(decision, kind)]

    def take(self, decisions: tuple[Decision, ...]) -> None:
        for d in decisions:
            self.seen.append(d)
            if isinstance(d, Pause | Interrupt):
                assert self.left and not self.firm, "there is nothing to pause or stop"
            if isinstance(d, Pause):
                assert not self.paused, "paused twice"
                assert self.played >= self.settings.guard_ms
                self.paused = True
            elif isinstance(d, ResumeAt):
                assert self.paused, "resumed without a pause"
                assert d.prompt_ms in BOUNDARIES
                assert d.prompt_ms <= self.played
                self.left += (self.played - d.prompt_ms) // 20
                self.paused, self.played = False, d.prompt_ms
            elif isinstance(d, Interrupt):
                self.left, self.paused = 0, False
            elif isinstance(d, EndUtterance):
                self.unread.append(d.begin_ms)

    def frames(self, count: int, voice: bool) -> None:
        for _ in range(count):
            self.take(self.taker.frame(self.now, voice, self._playing()))
            self.now += 20

    def _playing(self) -> Playing | None:
        if self.left and not self.paused:
            self.left -= 1
            self.played += 20
        if self.left:
            return Playing(self.played, BOUNDARIES, f"{self.prompts}")
        if self.thinking:
            self.thinking -= 1
            return Playing(0, audible=False)
        return None

    def speak(self, frames: int, *, firm: bool) -> None:
        """A new prompt, where none is being said."""
        if not self.left:
            self.left, self.played, self.firm, self.thinking = frames, 0, firm, 0
            self.prompts += 1
            mode = "none" if firm else self.settings.mode
            self.taker.configure(replace(self.settings, mode=mode))

    def step(self, kind: str, value: int | str) -> None:
        match kind, value:
            case "partial", str(text):
                self.take(self.taker.partial(self.now, WORDS[text]))
            case "final", str(text):
                if self.unread:
                    self.take(self.taker.final(self.now, self.unread.pop(0), WORDS[text]))
            case (("prompt" | "firm"), int(frames)):
                self.speak(frames, firm=kind == "firm" or self.settings.mode == "none")
            case "think", int(frames):
                if not self.left:
                    self.thinking = frames
            case "key", _:
                self.taker.key(self.now)
            case _, int(frames):
                self.frames(frames, kind == "voice")

    def steps(self, steps: list[tuple[str, int | str]]) -> None:
        for kind, value in steps:
            self.step(kind, value)

    def says(self, text: str, *, final: bool = True) -> None:
        """A whole utterance, after whatever was being said has ended."""
        self.frames(self._longest_silence() // 20, voice=False)
        for begin in self.unread:
            self.take(self.taker.final(self.now, begin, WORDS[""]))
        self.unread.clear()
        self.frames(30, voice=True)
        self.step("partial", text)
        self.frames(self._longest_silence() // 20, voice=False)
        if final:
            self.step("final", text)

    def _longest_silence(self) -> int:
        return self.settings.end_silence_ms + self.settings.unfinished_ms

    def ends(self) -> None:
        """The caller falls silent, every final comes, and the robot has nothing more to say."""
        for _ in range(3):
            self.frames(self.settings.final_ms // 20 + 100, voice=False)
            while self.unread:
                self.step("final", "")
        self.frames(self.left + self.thinking + 20, voice=False)
        assert not self.left

    def comes_to_something(self, voice: Callable[[int], bool]) -> None:
        """Within its bound the prompt is over, and within another one a Turn or a NoInput follows, no final ever coming."""
        s = self.settings
        rewinds = s.pauses * (self.played + self.left * 20)
        prompt_ms = self.left * 20 + rewinds + (s.pauses + 1) * s.hold_ms + s.max_speech_ms + s.final_ms
        prompt_ms += self.thinking * 20
        until = self.now + prompt_ms
        while (self.left or self.thinking) and self.now <= until:
            self.frames(1, voice(self.now))
        assert not self.left, "the prompt is held back for ever"
        before, until = len(self.seen), self.now + s.longest_ms
        while self.now <= until and not any(isinstance(d, Turn | NoInput) for d in self.seen[before:]):
            self.frames(1, voice(self.now))
        assert any(isinstance(d, Turn | NoInput) for d in self.seen[before:]), "nothing follows"
