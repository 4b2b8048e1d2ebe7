"""Voice activity on made signals: what stands out of the noise is voice, the noise itself is not."""

from __future__ import annotations

import numpy as np
import pytest

from callwright.speech.port import Pcm
from callwright.speech.vad import LeftOut, Vad, VadRules, WebRtcDetector, level_dbfs
from callwright.speech.vad_levels import dbfs


def vowel(frames: int, level: float) -> Pcm:
    """A voiced sound: harmonics of 140 Hz under two formants, with a slow tremolo."""
    t = np.arange(frames * 160) / 8000
    wave = sum(np.sin(2 * np.pi * 140 * k * t) / k * (3 if 4 <= k <= 6 else 1) for k in range(1, 20))
    wave = np.asarray(wave) * (1 + 0.3 * np.sin(2 * np.pi * 4 * t))
    return np.asarray(wave / np.abs(wave).max() * level, dtype=np.int16)


def noise(frames: int, level: float, seed: int = 1) -> Pcm:
    return np.random.default_rng(seed).normal(0, level, frames * 160).astype(np.int16)


def flags(vad: Vad, pcm: Pcm) -> list[bool]:
    return [vad.push(pcm[at : at + 160]) for at in range(0, len(pcm), 160)]


class Always:
    def is_speech(self, frame: Pcm, loud: bool) -> bool:
        return True

    def close(self) -> None:
        return


def test_speech_in_quiet_is_found_and_outlasts_itself_by_the_hangover() -> None:
    found = flags(Vad(), np.concatenate([noise(50, 10), vowel(40, 8000), noise(50, 10)]))
    assert not any(found[:50])
    assert all(found[53:90])
    assert found[90:98] == [True] * 8
    assert not any(found[105:])


def test_digital_silence_is_no_voice() -> None:
    assert not any(flags(Vad(Always()), np.zeros(160 * 100, np.int16)))


def test_steady_noise_ends_up_below_the_gate_even_if_the_detector_is_fooled() -> None:
    found = flags(Vad(Always()), noise(600, 300))
    assert not any(found[500:])


def test_speech_is_found_above_steady_noise() -> None:
    pcm = noise(700, 150)
    pcm[160 * 600 : 160 * 640] += vowel(40, 9000)
    found = flags(Vad(), pcm)
    assert sum(found[600:640]) >= 35


def test_a_click_is_no_voice() -> None:
    pcm = noise(100, 10)
    pcm[160 * 50 : 160 * 51] = noise(1, 8000)
    assert not any(flags(Vad(Always()), pcm))


def test_two_calls_do_not_share_state() -> None:
    loud, quiet = Vad(Always()), Vad(Always())
    flags(loud, noise(500, 3000))
    assert loud.floor_dbfs > quiet.floor_dbfs + 10


def test_a_frame_of_the_wrong_length_is_refused() -> None:
    with pytest.raises(ValueError, match="160 samples"):
        Vad().push(np.zeros(80, np.int16))


def test_level_is_relative_to_full_scale() -> None:
    assert level_dbfs(np.full(160, -32768, np.int16)) == pytest.approx(0, abs=0.01)
    assert level_dbfs(np.zeros(160, np.int16)) == -96
    assert WebRtcDetector().is_speech(np.zeros(160, np.int16), True) is False


def talk(vad: Vad, frames: int, level: float, played: float = -96.0) -> list[bool]:
    """Voice of a level (dBFS), as far as `Always` is concerned."""
    height = int(32768 * 10 ** (level / 20))
    frame = np.tile(np.array([height, -height], np.int16), 80)
    return [vad.push(frame, float(height) ** 2, played) for _ in range(frames)]


def hush(vad: Vad, frames: int, played: float = -96.0) -> list[bool]:
    return [vad.push(np.zeros(160, np.int16), 0.0, played) for _ in range(frames)]


def test_who_is_much_quieter_than_this_caller_is_somebody_else() -> None:
    vad = Vad(Always())
    hush(vad, 20)
    assert all(talk(vad, 40, -20)[2:])
    assert vad.caller_dbfs == pytest.approx(-20, abs=1)
    hush(vad, 40)
    assert not any(talk(vad, 40, -35))
    left = vad.left_out()
    assert isinstance(left, LeftOut)
    assert left.why == "bystander"
    assert left.level_dbfs == pytest.approx(-35, abs=0.1)
    assert left.limit_dbfs == pytest.approx(-30, abs=1)
    assert vad.left_out() is None
    hush(vad, 40)
    assert all(talk(vad, 20, -24)[4:])


def test_before_the_caller_is_known_only_absolute_rules_hold() -> None:
    vad = Vad(Always())
    hush(vad, 20)
    assert all(talk(vad, 40, -35)[2:])
    assert vad.left_out() is None


def test_a_caller_after_a_quieter_bystander_is_believed_at_once_and_the_bystander_is_not_any_more() -> None:
    vad = Vad(Always())
    hush(vad, 20)
    talk(vad, 40, -36)
    hush(vad, 40)
    assert all(talk(vad, 100, -18)[2:])
    hush(vad, 40)
    assert not any(talk(vad, 40, -36))


def test_a_caller_who_becomes_quiet_is_not_deaf_for_ever() -> None:
    vad = Vad(Always())
    hush(vad, 20)
    talk(vad, 50, -18)
    found = []
    for _ in range(12):
        hush(vad, 50)
        found.append(any(talk(vad, 50, -32)))
    assert found[0] is False
    assert found[-1] is True


def test_weak_frames_go_on_with_a_voice_but_not_for_long() -> None:
    vad = Vad(Always(), VadRules(weak_frames=10, hangover_frames=8))
    hush(vad, 20)
    talk(vad, 50, -18)
    found = talk(vad, 60, -34)
    assert all(found[:12])
    assert not any(found[24:])


def test_a_bystander_is_told_once_for_each_episode() -> None:
    vad = Vad(Always())
    hush(vad, 20)
    talk(vad, 40, -18)
    told = 0
    for _ in range(3):
        hush(vad, 60)
        for _ in range(5):
            talk(vad, 20, -36)
            hush(vad, 10)
            told += vad.left_out() is not None
    assert told == 3


def test_words_are_faint_when_a_bystander_may_have_said_them() -> None:
    vad = Vad(Always())
    hush(vad, 20)
    vad.mark()
    talk(vad, 20, -34)
    assert vad.faint  # a caller nobody knows, far below the usual level
    talk(vad, 20, -24)
    assert not vad.faint
    talk(vad, 40, -18)
    hush(vad, 40)
    vad.mark()
    talk(vad, 20, -27)
    assert vad.faint  # usual, but not for this caller
    vad.mark()
    talk(vad, 20, -20)
    assert not vad.faint


def test_nothing_counts_after_the_end() -> None:
    vad = Vad(Always())
    vad.close()
    vad.close()
    assert not any(talk(vad, 20, -20))


def test_digital_silence_may_last_for_minutes() -> None:
    """A smoothed level then becomes the smallest of all numbers, and less than that when it is divided."""
    assert dbfs(5e-324) == dbfs(0.0) == -96.0
