"""A caller of the bench begins with the prompt or behind it, hears itself in the echo, and hangs up when all is said."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from callwright.bench.situations import Echo, Situation
from callwright.bench.turns_performance import Lengths, Performance
from callwright.speech.port import Pcm

LOUD: Pcm = np.full(160, 5000, np.int16)
QUIET: Pcm = np.zeros(160, np.int16)
NOTHING: Pcm = np.zeros(0, np.int16)
SITUATION = Situation("s", "answer", "zh", "a.wav", True, "zh-offer", ((0, 100),), "可以", "stop", noise_dbfs=-60.0)
AUDIO: Pcm = np.repeat(np.arange(1000, 1010, dtype=np.int16), 160)


def performance(one: Situation = SITUATION, before: Pcm = NOTHING) -> Performance:
    return Performance(one, AUDIO, before, Lengths(disclosure=5, prompt=8), seed=1)


def play(caller: Performance, robot: list[Pcm]) -> list[int]:
    sent = []
    for number, pcm in enumerate(robot):
        caller.hear(number, pcm)
        sent.append(caller.tick()[1])
    return sent


@pytest.mark.parametrize(
    ("one", "first"),
    [
        (replace(SITUATION, prompt="zh-disclosure"), 3),
        (SITUATION, 3 + 5),
        (replace(SITUATION, over_prompt=False), 3 + 5 + 8),
    ],
    ids=["over the disclosure", "over the prompt", "behind the prompt"],
)
def test_the_situation_begins_where_it_belongs(one: Situation, first: int) -> None:
    sent = play(performance(one), [QUIET] * 3 + [LOUD] * 40)
    assert sent.index(0) == first
    assert sent[first : first + 10] == list(range(10))
    assert sent[first + 10] == -1


def test_outside_the_situation_there_is_the_noise_of_the_line() -> None:
    frame, number = performance().tick()
    assert number == -1
    assert 10 * np.log10(np.mean(frame.astype(float) ** 2) / 32768**2) == pytest.approx(-60, abs=3)


def test_what_is_said_on_picking_up_comes_before_the_robot() -> None:
    caller = performance(before=np.full(320, 77, np.int16))
    frames = [caller.tick()[0] for _ in range(30)]
    assert [number for number, frame in enumerate(frames) if (frame == 77).all()] == [20, 21]


def test_the_echo_is_what_the_robot_said_a_while_ago() -> None:
    caller = performance(replace(SITUATION, noise_dbfs=-90.0, echo=Echo(60, -20.0)))
    levels = []
    for number, pcm in enumerate([QUIET] * 3 + [LOUD] * 2 + [QUIET] * 3):
        caller.hear(number, pcm)
        levels.append(float(np.abs(caller.tick()[0]).max()))
    assert [number for number, level in enumerate(levels) if level > 400] == [6, 7]


def test_the_caller_hangs_up_when_the_robot_has_been_silent_for_long_enough() -> None:
    caller = performance()
    play(caller, [QUIET] * 3 + [LOUD] * 30 + [QUIET] * 80)
    assert not caller.over
    play(caller, [QUIET] * 20)
    assert caller.over


def test_the_caller_gives_the_robot_time_to_answer() -> None:
    caller = performance()
    play(caller, [QUIET] * 3 + [LOUD] * 6 + [QUIET] * 60)
    assert caller.started is not None
    assert not caller.over  # the robot has been silent for long, the situation has only just ended


def test_a_robot_that_never_speaks_is_hung_up_on() -> None:
    caller = performance()
    play(caller, [QUIET] * 2500)
    assert caller.over
