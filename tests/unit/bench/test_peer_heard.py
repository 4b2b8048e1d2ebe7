"""What a caller hears of a peer, from what came when."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callwright.bench.peer_heard import Outcome, Playout, Preset, Run, Timing, outcome
from callwright.telephony.rtp.g711 import encode

FRAME = 160


def speech(seconds: float, seed: int) -> bytes:
    """Audio that is like nothing else."""
    rng = np.random.default_rng(seed)
    return encode(rng.integers(-9000, 9000, int(seconds * 8000)).astype(np.int16), "PCMU")


PROMPT, REPLY = speech(4.0, 1), speech(1.0, 2)
PRESET = Preset(PROMPT, REPLY, (0.0, 2_000.0))


def played(playout: Playout, audio: bytes, at_ms: float) -> float:
    """Send audio in frames of 20 ms in real time; when the last has been played."""
    for index in range(0, len(audio), FRAME):
        playout.add(at_ms + index / 8, audio[index : index + FRAME])
    return playout.end_ms


def found(playout: Playout, first_ms: float = 1_000.0, last_ms: float = 1_800.0, until_ms: float = 20_000.0) -> Outcome:
    return outcome(playout.runs(), PRESET, Timing(first_ms, last_ms, until_ms))


class TestPlayout:
    def test_what_comes_early_waits_for_what_is_playing(self) -> None:
        playout = Playout()
        playout.add(100, PROMPT[:1600])
        playout.add(110, PROMPT[1600:3200])
        assert [(run.begin_ms, run.end_ms, run.audio) for run in playout.runs()] == [(100, 500, PROMPT[:3200])]

    def test_late_frames_are_no_break_but_a_long_gap_is(self) -> None:
        playout = Playout()
        playout.add(0, PROMPT[:160])
        playout.add(100, PROMPT[160:320])
        playout.add(1_000, PROMPT[320:480])
        assert [(run.begin_ms, run.end_ms) for run in playout.runs()] == [(0, 120), (1_000, 1_020)]

    def test_clear_silences_at_once_and_forgets_what_waits(self) -> None:
        playout = Playout()
        playout.add(0, PROMPT[:8000])
        playout.add(10, PROMPT[8000:16000])
        playout.clear(250)
        assert playout.runs() == [Run(((0, PROMPT[:2000]),))]
        playout.add(260, REPLY)
        assert [run.begin_ms for run in playout.runs()] == [0, 260]

    def test_clear_of_nothing(self) -> None:
        playout = Playout()
        playout.clear(10)
        assert playout.runs() == []

    def test_silence_is_not_heard(self) -> None:
        playout = Playout()
        playout.add(0, b"\xff\x7f" * 800)
        assert playout.runs() == []

    @given(
        st.lists(st.tuples(st.integers(0, 300), st.integers(0, 900), st.booleans()), max_size=30),
        st.integers(-200, 6_000),
        st.integers(1, 400),
    )
    def test_nothing_is_heard_twice_or_before_it_came(
        self, events: list[tuple[int, int, bool]], begin_ms: int, samples: int
    ) -> None:
        playout, at_ms, whole = Playout(), 0, bytearray(b"\xff" * 8 * 16_000)
        for wait, length, clear in events:
            at_ms += wait
            if clear:
                playout.clear(at_ms)
            else:
                playout.add(at_ms, PROMPT[:length])
        last = 0.0
        for begin, audio in playout.pieces:
            assert begin >= last
            last = begin + len(audio) / 8
            whole[round(begin * 8) : round(begin * 8) + len(audio)] = audio
        asked = bytes(whole[max(0, begin_ms * 8) : max(0, begin_ms * 8 + samples)])
        assert playout.between(begin_ms, samples) == b"\xff" * (samples - len(asked)) + asked


class TestOutcome:
    def test_a_prompt_that_is_left_alone(self) -> None:
        playout = Playout()
        played(playout, PROMPT, 0)
        assert found(playout) == Outcome()

    def test_a_prompt_that_still_plays_when_the_caller_hangs_up_was_not_stopped(self) -> None:
        playout = Playout()
        played(playout, PROMPT[:20_000], 0)
        assert found(playout, until_ms=2_510).stop_ms is None
        assert found(playout, until_ms=4_000).stop_ms == 1_500

    def test_stop_and_reply(self) -> None:
        playout = Playout()
        played(playout, PROMPT[:12_000], 0)
        playout.clear(1_300)
        played(playout, REPLY, 2_400)
        assert found(playout) == Outcome(stop_ms=300, turn_ms=600, ended_turns=1)

    @pytest.mark.parametrize(("offset_ms", "at_boundary"), [(1_300, False), (2_030, True), (0, True)])
    def test_taken_up_again(self, offset_ms: int, at_boundary: bool) -> None:
        playout = Playout()
        played(playout, PROMPT[:12_000], 0)
        playout.clear(1_300)
        played(playout, PROMPT[offset_ms * 8 :], 3_000)
        assert found(playout) == Outcome(stop_ms=300, resumed=True, resume_ms=1_700, at_boundary=at_boundary)

    def test_taken_up_again_and_dropped_for_good(self) -> None:
        playout = Playout()
        played(playout, PROMPT[:12_000], 0)
        playout.clear(1_300)
        played(playout, PROMPT[16_000:24_000], 3_000)
        played(playout, REPLY, 6_000)
        assert found(playout) == Outcome(stop_ms=300, resume_ms=1_700, at_boundary=True, turn_ms=4_200, ended_turns=1)

    def test_silence_of_the_prompt_itself_is_silence(self) -> None:
        playout = Playout()
        quiet = PROMPT[:8_000] + b"\xff" * 4_000 + PROMPT[8_000:]
        played(playout, quiet[:11_000], 0)
        preset = Preset(quiet, REPLY, (0.0,))
        stopped = outcome(playout.runs(), preset, Timing(900, 1_800, 9_000))
        assert stopped.stop_ms == pytest.approx(100)
        assert outcome(playout.runs(), preset, Timing(1_301, 1_800, 9_000)).stop_ms is None

    def test_a_frame_that_slips_out_behind_a_clear_is_still_the_prompt(self) -> None:
        playout = Playout()
        played(playout, PROMPT[:12_000], 0)
        playout.clear(1_300)
        playout.add(1_340, PROMPT[11_200:11_520])
        assert found(playout).stop_ms == 380
        assert not found(playout).resumed

    def test_a_reply_within_a_pause_cut_in(self) -> None:
        playout = Playout()
        played(playout, PROMPT, 0)
        played(playout, REPLY[:4_000], 5_500)
        playout.clear(5_800)
        played(playout, REPLY, 7_700)
        assert found(playout, 5_000, 7_000) == Outcome(turn_ms=-1_500, ended_turns=2)

    @pytest.mark.parametrize("slack", [0, 50])
    def test_a_reply_right_behind_the_prompt_is_a_reply(self, slack: int) -> None:
        playout = Playout()
        end_ms = played(playout, PROMPT + b"\xff" * slack, 0)
        played(playout, REPLY, end_ms)
        assert found(playout, last_ms=3_800) == Outcome(turn_ms=200 + slack / 8, ended_turns=1)

    def test_what_neither_can_be_is_told(self) -> None:
        playout = Playout()
        played(playout, speech(0.5, 3), 0)
        assert found(playout) == replace(Outcome(), unknown=1)
