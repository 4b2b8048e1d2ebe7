"""Every course of a call up to a depth, over a coarse alphabet: from each state that can be reached something follows within its bound, and an
opt-out is handed over.

The depth is 6 steps, `CALLWRIGHT_EXPLORE_DEPTH` sets another (8 takes minutes).
States that behave alike are visited once: a state is what turn-taking, the prompt and the recogniser hold, with times counted back from now.
"""

from __future__ import annotations

import copy
import os
from dataclasses import fields, is_dataclass
from typing import Any

import pytest
from tests.property.turn_taking import OPT_OUT, Run

from callwright.speech.turn_values import EndUtterance, StartUtterance, Turn, TurnSettings

DEPTH = int(os.environ.get("CALLWRIGHT_EXPLORE_DEPTH", "6"))
ALPHABET: tuple[tuple[str, int | str], ...] = (
    ("voice", 10),
    ("quiet", 10),
    ("partial", "嗯"),
    ("partial", "可以"),
    ("partial", OPT_OUT),
    ("final", ""),
    ("final", OPT_OUT),
    ("prompt", 30),
    ("firm", 30),
)
_COARSE_MS = 200  # times are told apart to this


def short_settings(mode: str, **more: Any) -> TurnSettings:
    given: dict[str, Any] = {
        "mode": mode, "backchannel": ("嗯",), "keywords": ("钱",), "max_speech_ms": 800, "timeout_ms": 600, "final_ms": 400, "late_ms": 800,
        "end_silence_ms": 300, "unfinished_ms": 100, "noise_ms": 300, "hold_ms": 400, "verify_ms": 100, "guard_ms": 100, "pauses": 1,
        "wordless_ms": 200, "short_ms": 100, "hangover_ms": 0, "patience_ms": 100,
    }  # fmt: skip
    return TurnSettings(**(given | more))


class Course(Run):
    """A run that can be continued in several ways, and knows what was said last of each utterance."""

    def __init__(self, settings: TurnSettings) -> None:
        super().__init__(settings)
        self.words: dict[int, str] = {}

    def again(self) -> Course:
        """A copy to go on with."""
        other, taker = copy.copy(self), copy.copy(self.taker)
        state = vars(taker)
        for name, value in state.items():
            state[name] = [copy.copy(one) for one in value] if isinstance(value, list) else copy.copy(value)
        if taker._prompt is not None:
            taker._prompt.kept = list(taker._prompt.kept)
        other.taker, other.seen, other.unread, other.words = taker, list(self.seen), list(self.unread), dict(self.words)
        return other

    def step(self, kind: str, value: int | str) -> None:
        edges = [d for d in self.seen if isinstance(d, StartUtterance | EndUtterance)]
        if kind == "partial" and edges and isinstance(edges[-1], StartUtterance):
            self.words[edges[-1].begin_ms] = str(value)
        elif kind == "final" and self.unread and self._waited_for(self.unread[0]):
            self.words[self.unread[0]] = str(value)
        super().step(kind, value)

    def _waited_for(self, begin_ms: int) -> bool:
        return any(one.begin_ms == begin_ms for one in self.taker._waiting)

    @property
    def owes(self) -> bool:
        """An opt-out was said that has not been handed over."""
        told = any(OPT_OUT in turn.text for turn in self.of(Turn))
        return OPT_OUT in self.words.values() and not told

    def state(self) -> Any:
        """What the future depends on."""
        taker = {name: value for name, value in vars(self.taker).items() if name != "_settings"}
        mouth = (self.left, self.played, self.firm, self.paused, self.thinking)
        return _counted_back(taker, self.now), mouth, len(self.unread), self.owes


def _counted_back(value: Any, now: int, name: str = "") -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return tuple(_counted_back(getattr(value, one.name), now, one.name) for one in fields(value))
    if isinstance(value, dict):
        return tuple(_counted_back(one, now, key) for key, one in value.items())
    if isinstance(value, list | tuple):
        return tuple(_counted_back(one, now) for one in value)
    if isinstance(value, int) and not isinstance(value, bool) and name.strip("_").endswith(("_ms", "_at", "_since")):
        return value if name == "played_ms" else min((now - value) // _COARSE_MS, 10)
    return None if name == "mark" else value


@pytest.mark.parametrize(
    ("mode", "depth"), [("words", DEPTH), ("sentence", DEPTH - 1), ("voice", DEPTH - 1), ("keywords", DEPTH - 1)]
)
def test_from_every_state_something_follows_and_no_opt_out_is_lost(mode: str, depth: int) -> None:
    seen: set[Any] = set()
    border = [Course(short_settings(mode))]
    for _ in range(depth):
        following = []
        for course in border:
            for letter in ALPHABET:
                after = course.again()
                after.step(*letter)
                state = after.state()
                if state not in seen:
                    seen.add(state)
                    following.append(after)
                    _comes_out_well(after)
        border = following
    assert len(seen) > 500, "hardly anything was explored"


def _comes_out_well(course: Course) -> None:
    """The caller falls silent and no final comes any more; and the same with a caller who never stops making a noise."""
    silent = course.again()
    silent.comes_to_something(lambda now: False)
    if course.owes:
        silent.frames(silent.settings.final_ms // 20 + silent.left + 40, voice=False)
        assert not silent.owes, f"an opt-out was lost: {silent.seen}"
    course.again().comes_to_something(lambda now: True)
