"""Whatever a caller, a recogniser and a mouth do: turn-taking is never stuck, and a protected prompt is never cut."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from callwright.speech.turns import (
    Decision,
    EndUtterance,
    Interrupt,
    NoInput,
    Pause,
    Playing,
    ResumeAt,
    StartUtterance,
    Turn,
    TurnSettings,
    TurnTaker,
)

STEP = st.one_of(
    st.tuples(st.just("voice"), st.integers(1, 40)),
    st.tuples(st.just("quiet"), st.integers(1, 60)),
    st.tuples(st.just("partial"), st.sampled_from(["", "嗯", "好", "多少钱", "不要再打"])),
    st.tuples(st.just("final"), st.sampled_from(["", "嗯", "好", "多少钱", "不要再打"])),
    st.tuples(st.just("prompt"), st.integers(1, 200)),
)
MODES = st.sampled_from(["none", "voice", "words", "sentence", "keywords"])


class Run:
    def __init__(self, mode: str, pause_first: bool, slot_type: str | None) -> None:
        self.settings = TurnSettings(
            mode=mode,  # type: ignore[arg-type]  # drawn from MODES
            pause_first=pause_first,
            slot_type=slot_type,
            backchannel=("嗯",),
            keywords=("钱",),
            max_speech_ms=3000,
            timeout_ms=2000,
        )
        self.taker = TurnTaker(self.settings)
        self.now = self.played = self.left = 0
        self.paused = False
        self.seen: list[Decision] = []

    def take(self, decisions: tuple[Decision, ...]) -> None:
        for d in decisions:
            self.seen.append(d)
            if isinstance(d, Pause):
                assert not self.paused, "paused twice"
                self.paused = True
            elif isinstance(d, ResumeAt):
                assert self.paused, "resumed without a pause"
                assert d.prompt_ms <= self.played
                self.paused, self.played = False, d.prompt_ms
            elif isinstance(d, Interrupt):
                self.left, self.paused = 0, False

    def frames(self, count: int, voice: bool) -> None:
        for _ in range(count):
            playing = None
            if self.left:
                if not self.paused:
                    self.left -= 1
                    self.played += 20
                playing = Playing(self.played, (0, 600, 1500)) if self.left else None
            self.take(self.taker.frame(self.now, voice, playing))
            if self.left == 0:
                self.paused = False
            self.now += 20

    def step(self, kind: str, value: int | str) -> None:
        if isinstance(value, str):
            self.take(self.taker.partial(self.now, value) if kind == "partial" else self.taker.final(self.now, value))
        elif kind == "prompt":
            if not self.left:
                self.left, self.played = value, 0
        else:
            self.frames(value, kind == "voice")


@settings(max_examples=150, deadline=None)
@given(st.lists(STEP, max_size=25), MODES, st.booleans(), st.sampled_from([None, "phone"]))
def test_never_stuck(steps: list[tuple[str, int | str]], mode: str, pause_first: bool, slot_type: str | None) -> None:
    run = Run(mode, pause_first, slot_type)
    for kind, value in steps:
        run.step(kind, value)
    before = len(run.seen)
    longest = (
        run.settings.end_silence_ms
        + run.settings.patience_ms
        + run.settings.final_ms
        + run.settings.noise_ms
        + run.settings.timeout_ms
    )
    run.frames(run.left * 2 + longest // 20 + 100, voice=False)
    assert not run.paused, "a prompt is held back for ever"
    assert any(isinstance(d, Turn | NoInput) for d in run.seen[before:]), "the caller's silence leads to nothing"


@settings(max_examples=150, deadline=None)
@given(st.lists(STEP, max_size=25), st.booleans())
def test_a_protected_prompt_is_never_paused_or_cut(steps: list[tuple[str, int | str]], pause_first: bool) -> None:
    run = Run("none", pause_first, None)
    for kind, value in steps:
        run.step(kind, value)
    assert not [d for d in run.seen if isinstance(d, Pause | Interrupt | ResumeAt)]


@settings(max_examples=150, deadline=None)
@given(st.lists(STEP, max_size=25), MODES)
def test_utterances_begin_and_end_in_turn(steps: list[tuple[str, int | str]], mode: str) -> None:
    run = Run(mode, True, None)
    for kind, value in steps:
        run.step(kind, value)
    edges = [d for d in run.seen if isinstance(d, StartUtterance | EndUtterance)]
    for place, edge in enumerate(edges):
        assert isinstance(edge, StartUtterance) is (place % 2 == 0)
    for end in edges[1::2]:
        assert isinstance(end, EndUtterance)
        assert end.end_ms - end.begin_ms <= run.settings.max_speech_ms
