"""What was sent and what came back is read rightly: stops, resumes, replies, cut-ins, lost packets."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from callwright.bench.situations import Situation
from callwright.bench.turns_measure import Heard, measure
from callwright.bench.turns_score import Outcome

SILENCE = b"\xd5" * 160
DISCLOSURE = np.random.default_rng(1).integers(0, 128, 50 * 160, np.uint8).tobytes()
PROMPT = np.random.default_rng(2).integers(0, 128, 200 * 160, np.uint8).tobytes()
REPLY = np.random.default_rng(3).integers(0, 128, 40 * 160, np.uint8).tobytes()
BOUNDARIES = (0, 1000, 2000)
TICK = 20_000_000
BEGUN = 10**18


def frames(audio: bytes) -> list[bytes]:
    return [audio[at : at + 160] for at in range(0, len(audio), 160)]


def situation(speech: tuple[tuple[int, int], ...], *, over: bool = True, prompt: str = "zh-offer") -> Situation:
    return Situation("s", "answer", "zh", "a.wav", over, prompt, speech, "可以", "stop")


def heard(packets: Sequence[bytes | None], *, begins_at: int, frames_sent: int) -> Heard:
    """packets: 20 ms each after three of silence, None = lost; begins_at: the packet with which the situation begins."""
    whole: list[bytes | None] = [SILENCE, SILENCE, SILENCE, *packets]
    kept = [(number, packet) for number, packet in enumerate(whole) if packet is not None]
    return Heard(
        sent_ns=BEGUN + (3 + begins_at + np.arange(frames_sent, dtype=np.int64)) * TICK,
        frame=np.array([number for number, _ in kept], np.int64),
        came_ns=BEGUN + np.array([number for number, _ in kept], np.int64) * TICK,
        audio=np.frombuffer(b"".join(packet for _, packet in kept), np.uint8).reshape(-1, 160),
        first=3,
    )


def judge(
    packets: Sequence[bytes | None], speech: tuple[tuple[int, int], ...] = ((1000, 2000),), **changes: bool
) -> Outcome:
    over = changes.get("over", True)
    begins = 50 if over else 250
    return measure(
        situation(speech, over=over),
        heard(packets, begins_at=begins, frames_sent=200),
        DISCLOSURE,
        PROMPT,
        BOUNDARIES,
        1,
    )


OPENING = frames(DISCLOSURE)
SAID = frames(PROMPT)
ANSWER = frames(REPLY)
QUIET = [SILENCE]


def test_a_prompt_that_goes_on() -> None:
    found = judge([*OPENING, *SAID, *QUIET * 100])
    assert found == Outcome("s", ended_turns=1)


def test_a_prompt_that_stops_and_the_reply() -> None:
    # The caller speaks from frame 50 of the prompt to frame 99; the prompt is heard to frame 57.
    found = judge([*OPENING, *SAID[:58], *QUIET * 60, *ANSWER, *QUIET * 10])
    assert found.stop_ms == 7 * 20 + 20
    assert not found.resumed
    assert found.turn_ms == (58 + 60 - 99) * 20
    assert found.early_stops == 0


def test_a_prompt_that_is_taken_up_again_at_a_boundary() -> None:
    found = judge([*OPENING, *SAID[:58], *QUIET * 30, *SAID[50:], *QUIET * 10])
    assert (found.stop_ms, found.resumed, found.resume_at_boundary) == (160, True, True)
    assert found.turn_ms is None


def test_a_prompt_that_is_taken_up_in_the_middle() -> None:
    found = judge([*OPENING, *SAID[:58], *QUIET * 30, *SAID[58:], *QUIET * 10])
    assert (found.resumed, found.resume_at_boundary) == (True, False)


def test_taken_up_and_stopped_for_good() -> None:
    found = judge([*OPENING, *SAID[:58], *QUIET * 30, *SAID[50:90], *QUIET * 20, *ANSWER])
    assert (found.stop_ms, found.resumed, found.resume_at_boundary) == (160, False, True)
    assert found.turn_ms is not None


def test_a_lost_packet_is_no_stop() -> None:
    packets: list[bytes | None] = [*OPENING, *SAID, *QUIET * 20]
    packets[50 + 60] = None
    assert judge(packets).stop_ms is None


def test_falling_silent_long_before_the_caller_speaks_is_told_apart() -> None:
    found = judge([*OPENING, *SAID[:20], *QUIET * 5, *SAID, *QUIET * 10])
    assert (found.stop_ms, found.resumed, found.early_stops) == (None, False, 1)


def test_an_answer_after_the_prompt() -> None:
    found = judge([*OPENING, *SAID, *QUIET * 120, *ANSWER], over=False)
    assert found.turn_ms == (120 - 99) * 20
    assert found.stop_ms is None


def test_a_robot_that_cuts_in() -> None:
    found = judge([*OPENING, *SAID, *QUIET * 60, *ANSWER], ((1000, 1400), (1700, 2000)), over=False)
    assert found.turn_ms == (60 - 99) * 20


def test_a_situation_over_the_disclosure() -> None:
    one = situation(((500, 900),), prompt="zh-disclosure")
    packets = [*OPENING, *ANSWER, *QUIET * 10]
    found = measure(one, heard(packets, begins_at=0, frames_sent=60), DISCLOSURE, DISCLOSURE, (0,), 1)
    assert found.stop_ms is None
    assert found.turn_ms == (50 - 44) * 20


def test_what_never_began_is_a_fault() -> None:
    nothing = Heard(
        np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros((0, 160), np.uint8), -1
    )
    assert measure(situation(((0, 20),)), nothing, DISCLOSURE, PROMPT, BOUNDARIES, 0).fault
    assert judge([*OPENING, *ANSWER, *QUIET * 100]).fault
