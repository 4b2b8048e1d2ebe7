"""Voice activity of any frames: nothing raises, the flag keeps its rules, and no call depends on another."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from callwright.speech.port import Pcm
from callwright.speech.vad import Vad, VadRules, WebRtcDetector
from callwright.speech.vad_echo import EchoBound
from callwright.speech.vad_levels import CallerLoudness
from callwright.speech.vad_silero import SileroBatch, SileroModel

MODEL = SileroModel()
LEVELS = st.one_of(st.just(-96.0), st.floats(-90, 0))
SOUNDS = st.tuples(st.sampled_from(["silence", "noise", "buzz", "edge"]), LEVELS, LEVELS)


class Told:
    """A detector that is told what to say."""

    def __init__(self, answers: list[bool]) -> None:
        self.answers = answers
        self.at = 0

    def is_speech(self, frame: Pcm, loud: bool) -> bool:
        self.at += 1
        return self.answers[self.at - 1]

    def close(self) -> None:
        return


def frame(kind: str, level: float, seed: int) -> Pcm:
    height = 32768 * 10 ** (level / 20)
    if kind == "noise":
        samples = np.random.default_rng(seed).normal(0, height, 160)
    elif kind == "buzz":
        samples = height * np.sign(np.sin(2 * np.pi * 130 * (np.arange(160) + 160 * seed) / 8000))
    else:
        samples = np.zeros(160) if kind == "silence" else np.full(160, -32768.0)
    return np.clip(samples, -32768, 32767).astype(np.int16)


@settings(deadline=None)
@given(st.lists(st.tuples(SOUNDS, st.booleans()), max_size=80), st.integers(1, 4), st.integers(0, 12))
def test_the_flag_keeps_its_rules(
    sounds: list[tuple[tuple[str, float, float], bool]], onset: int, hangover: int
) -> None:
    """It begins with a frame that the detector calls speech, not before `onset` of them in a row; it ends `hangover` frames after the last."""
    answers = [answer for _, answer in sounds]
    vad = Vad(Told(answers), VadRules(onset_frames=onset, hangover_frames=hangover))
    flags = [vad.push(frame(kind, level, n), None, played) for n, ((kind, level, played), _) in enumerate(sounds)]
    for n, flag in enumerate(flags):
        if flag and not (n and flags[n - 1]):
            assert n + 1 >= onset
            assert all(answers[n + 1 - onset : n + 1])
        if flag:
            assert any(answers[max(0, n - hangover) : n + 1])
    assert -78 <= vad.floor_dbfs <= -38
    assert vad.caller_dbfs is None or -97 <= vad.caller_dbfs <= 0


@settings(deadline=None)
@given(st.lists(st.tuples(LEVELS, LEVELS, st.booleans()), max_size=120))
def test_the_bound_on_the_echo_is_a_level(levels: list[tuple[float, float, bool]]) -> None:
    bound = EchoBound()
    for level, played, loud in levels:
        found = bound.push(level, played, loud)
        assert np.isfinite(found)
        assert found <= max(out for _, out, _ in levels) + 12
        assert -200 < bound.return_db <= 12


@settings(deadline=None)
@given(st.lists(st.one_of(st.none(), st.floats(-60, 0)), max_size=300))
def test_the_callers_loudness_stays_among_what_was_heard(levels: list[float | None]) -> None:
    caller = CallerLoudness()
    for level in levels:
        if level is None:
            caller.passed()
        else:
            caller.spoke(level)
    heard = [level for level in levels if level is not None]
    if caller.dbfs is not None:
        assert min(heard) - 0.01 * len(levels) - 1 <= caller.dbfs <= max(heard) + 1


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_a_call_is_told_the_same_alone_and_among_others(data: st.DataObject) -> None:
    """Calls come, speak in any order, lag behind each other, and leave in the middle."""
    calls = data.draw(st.lists(st.lists(SOUNDS, min_size=1, max_size=25), min_size=1, max_size=4))
    frames = [[frame(kind, level, n) for n, (kind, level, _) in enumerate(call)] for call in calls]
    played = [[out for _, _, out in call] for call in calls]
    alone = []
    for pcm, out in zip(frames, played, strict=True):
        vad = Vad(SileroBatch(MODEL, WebRtcDetector).detector(), VadRules(onset_frames=1, lag_frames=2))
        alone.append([vad.push(one, None, level) for one, level in zip(pcm, out, strict=True)])
    batch = SileroBatch(MODEL, WebRtcDetector, rows=1)
    vads = [Vad(batch.detector(), VadRules(onset_frames=1, lag_frames=2)) for _ in calls]
    together: list[list[bool]] = [[] for _ in calls]
    while any(len(flags) < len(pcm) for flags, pcm in zip(together, frames, strict=True)):
        index = data.draw(st.sampled_from([n for n, flags in enumerate(together) if len(flags) < len(frames[n])]))
        at = len(together[index])
        together[index].append(vads[index].push(frames[index][at], None, played[index][at]))
        if data.draw(st.booleans()):
            batch.flush()
        if len(together[index]) == len(frames[index]):
            vads[index].close()
    assert together == alone
    assert batch.awake == 0


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(SOUNDS, st.integers(1, 25)), max_size=12), st.integers(1, 5))
def test_frames_that_are_passed_over_and_looked_at_together_change_nothing(
    sounds: list[tuple[tuple[str, float, float], int]], most: int
) -> None:
    stretches = [(kind, level, played) for (kind, level, played), frames in sounds for _ in range(frames)]
    frames = [frame(kind, level, n) for n, (kind, level, _) in enumerate(stretches)]
    energies = [float(np.square(one.astype(np.float64)).mean()) for one in frames]
    played = [out for _, _, out in stretches]
    one, other = (
        Vad(SileroBatch(MODEL, WebRtcDetector).detector(), VadRules(onset_frames=1, lag_frames=2)) for _ in range(2)
    )
    expected = [one.push(*each) for each in zip(frames, energies, played, strict=True)]
    waiting: list[int] = []
    wakes_at, rest = 0.0, 0
    for n, energy in enumerate(energies):
        if rest and energy < wakes_at:
            waiting.append(n)
            rest -= 1
            continue
        other.pass_over(
            [frames[at] for at in waiting], [energies[at] for at in waiting], [played[at] for at in waiting]
        )
        waiting.clear()
        assert other.push(frames[n], energy, played[n]) == expected[n]
        wakes_at, rest = other.wakes_at, most
    other.pass_over([frames[at] for at in waiting], [energies[at] for at in waiting], [played[at] for at in waiting])
    assert other.floor_dbfs == one.floor_dbfs
    assert other.echo_return_db == one.echo_return_db
    assert other.faint == one.faint
