"""Whatever a caller, a recogniser and a mouth do: turn-taking is never stuck, a protected prompt is never cut, nothing that counts is lost."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.property.turn_taking import OPT_OUT, Run, run_settings

from callwright.speech.turn_values import EndUtterance, Interrupt, NoInput, Pause, ResumeAt, StartUtterance, Turn

WORDS = st.sampled_from(["", "嗯", "好", "多少钱", "可以", "一三八", OPT_OUT])
STEP = st.one_of(
    st.tuples(st.just("voice"), st.integers(1, 40)),
    st.tuples(st.just("quiet"), st.integers(1, 60)),
    st.tuples(st.just("partial"), WORDS),
    st.tuples(st.just("final"), WORDS),
    st.tuples(st.just("prompt"), st.integers(1, 200)),
    st.tuples(st.just("firm"), st.integers(1, 200)),
    st.tuples(st.just("think"), st.integers(1, 100)),
    st.tuples(st.just("key"), st.just(0)),
)
STEPS = st.lists(STEP, max_size=25)
MODES = st.sampled_from(["none", "voice", "words", "sentence", "keywords"])
RESUMES = st.sampled_from(["continue", "restart", "reask"])


@settings(max_examples=150, deadline=None)
@given(STEPS, MODES, RESUMES, st.booleans(), st.sampled_from([None, "phone"]))
def test_after_anything_the_caller_falls_silent_and_something_follows(
    steps: list[tuple[str, int | str]], mode: str, resume: str, pause_first: bool, slot_type: str | None
) -> None:
    run = Run(run_settings(mode, resume=resume, pause_first=pause_first, slot_type=slot_type))
    run.steps(steps)
    run.comes_to_something(lambda now: False)


@settings(max_examples=100, deadline=None)
@given(STEPS, MODES, RESUMES, st.integers(1, 40), st.integers(0, 80))
def test_after_anything_the_caller_makes_any_noise_and_something_follows(
    steps: list[tuple[str, int | str]], mode: str, resume: str, voice: int, quiet: int
) -> None:
    """Coughing again and again, talking for ever (quiet 0): without words of any final, as with a dead recogniser."""
    run = Run(run_settings(mode, resume=resume))
    run.steps(steps)
    run.comes_to_something(lambda now: now // 20 % (voice + quiet) < voice)


@settings(max_examples=150, deadline=None)
@given(STEPS, STEPS, MODES, st.booleans())
def test_an_opt_out_is_handed_over_whatever_goes_on(
    before: list[tuple[str, int | str]], after: list[tuple[str, int | str]], mode: str, pause_first: bool
) -> None:
    """Said in any state, with anything following: when the robot has nothing more to say, the words have come."""
    run = Run(run_settings(mode, pause_first=pause_first))
    run.steps(before)
    run.says(OPT_OUT)
    run.steps(after)
    run.ends()
    assert any(OPT_OUT in turn.text for turn in run.of(Turn)), run.seen


@settings(max_examples=100, deadline=None)
@given(STEPS, MODES)
def test_a_late_opt_out_in_a_final_counts_when_the_partial_said_something_else(
    before: list[tuple[str, int | str]], mode: str
) -> None:
    run = Run(run_settings(mode))
    run.steps(before)
    run.says("可以", final=False)
    run.step("final", OPT_OUT)
    run.ends()
    assert any(OPT_OUT in turn.text for turn in run.of(Turn)), run.seen


@settings(max_examples=150, deadline=None)
@given(STEPS, st.booleans())
def test_a_protected_prompt_is_never_paused_or_cut(steps: list[tuple[str, int | str]], pause_first: bool) -> None:
    run = Run(run_settings("none", pause_first=pause_first))
    run.steps(steps)
    assert not run.of(Pause) and not run.of(Interrupt) and not run.of(ResumeAt)


@settings(max_examples=150, deadline=None)
@given(STEPS, MODES)
def test_utterances_begin_and_end_in_turn(steps: list[tuple[str, int | str]], mode: str) -> None:
    run = Run(run_settings(mode))
    run.steps(steps)
    edges = [d for d in run.seen if isinstance(d, StartUtterance | EndUtterance)]
    for place, edge in enumerate(edges):
        assert isinstance(edge, StartUtterance) is (place % 2 == 0)
    for end in edges[1::2]:
        assert isinstance(end, EndUtterance)
        assert end.end_ms - end.begin_ms <= run.settings.max_speech_ms


@settings(max_examples=150, deadline=None)
@given(STEPS, MODES)
def test_what_is_said_is_handed_over_once(steps: list[tuple[str, int | str]], mode: str) -> None:
    """One utterance leads to one Turn, and to one more at most that corrects it."""
    run = Run(run_settings(mode))
    run.steps(steps)
    run.ends()
    plain = [turn.begin_ms for turn in run.of(Turn) if not turn.corrects]
    corrections = [turn.begin_ms for turn in run.of(Turn) if turn.corrects]
    assert len(set(plain)) == len(plain)
    assert len(set(corrections)) == len(corrections)
    for no_input in run.of(NoInput):
        assert no_input.at_ms >= run.settings.timeout_ms
