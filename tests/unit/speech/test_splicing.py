"""Listening by numbers: gaps, levels and jumps at the joins of real speech."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from callwright.speech.port import Pcm
from callwright.speech.recordings.finishing import finish_recording
from callwright.speech.recordings.levels import active_dbfs, levels
from callwright.speech.recordings.reading import read_sound
from callwright.speech.splicing import Piece, level_of, splice, to_level
from callwright.speech.tts.espeak import EspeakVoice

pytestmark = pytest.mark.anyio
RATE = 8000


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def human(shared: Path) -> list[Pcm]:
    """Fragments spoken by a person, as an import makes them."""
    folder = shared / "audio" / "callers-zh"
    names = ("affirm-02-yue-tan", "later-01-yue-tan", "human-04-yue-tan", "fee-02-yue-tan-noisy")
    return [finish_recording(sound.samples, sound.rate) for sound in (read_sound(folder / f"{n}.wav") for n in names)]


def quiet_ms(sound: Pcm, around: int, below_dbfs: float) -> int:
    """How long it is quiet around a place: frames of 5 ms in a row."""
    size = RATE // 200
    power = np.square(sound[: len(sound) // size * size].reshape(-1, size) / 32768.0).mean(axis=1)
    quiet = 10 * np.log10(power + 1e-12) < below_dbfs
    at = around // size
    near = [i for i in range(max(0, at - 6), min(len(quiet), at + 7)) if quiet[i]]
    if not near:
        return 0
    begin = end = near[len(near) // 2]
    while begin and quiet[begin - 1]:
        begin -= 1
    while end < len(quiet) and quiet[end]:
        end += 1
    return (end - begin) * 5


async def values(*texts: str) -> list[Pcm]:
    voice = EspeakVoice("zh", "f2")
    return [await voice.render(text) for text in texts]


async def test_between_words_there_is_no_gap_and_no_jump(espeak: str, human: list[Pcm]) -> None:
    level = level_of(human[:2])
    (name,) = await values("王小明")
    value = to_level(name, level)
    joined, boundaries = splice([Piece(human[0]), Piece(value, 20), Piece(human[1], 20)])
    assert boundaries == (0,)
    speech = [levels(pcm / 32768.0, RATE) for pcm in (human[0], value, human[1])]
    spoken = [one.end - one.begin for one in speech]
    assert len(joined) == pytest.approx(sum(spoken) + 2 * 320 + 4 * 80 - 2 * 80, abs=2)
    for join in (320 + spoken[0] + 40, 320 + spoken[0] + 80 + spoken[1] + 40):
        assert quiet_ms(joined, join, level - 30) <= 60, "a gap between words can be heard from about 80 ms"
        step = np.abs(np.diff(joined[join - 80 : join + 80].astype(int)))
        usual = np.abs(np.diff(joined.astype(int)))
        assert step.max() <= np.percentile(usual, 99.5), "a jump that speech does not make"


async def test_values_are_as_loud_as_what_is_beside_them(espeak: str, human: list[Pcm]) -> None:
    quiet = (human[0].astype(float) * 0.35).astype(np.int16)  # a speaker who was not levelled
    level = level_of([quiet])
    assert level == pytest.approx(active_dbfs(human[0] / 32768.0, RATE) - 9.1, abs=0.3)
    for value in await values("王小明", "三", "星期六下午三点"):
        assert active_dbfs(to_level(value, level) / 32768.0, RATE) == pytest.approx(level, abs=1.5)


@pytest.mark.parametrize(("wanted", "least", "most"), [(80, 70, 130), (150, 140, 200), (250, 240, 300)])
async def test_pauses_are_as_long_as_asked(espeak: str, human: list[Pcm], wanted: int, least: int, most: int) -> None:
    (value,) = await values("晨光教育")
    value = to_level(value, level_of(human[:1]))
    joined, boundaries = splice([Piece(human[0]), Piece(value, wanted, sentence=True)])
    speech = levels(human[0] / 32768.0, RATE)
    middle = 320 + speech.end - speech.begin + wanted * 8 // 2
    assert least <= quiet_ms(joined, middle, -52) <= most
    assert boundaries[1] == pytest.approx((320 + speech.end - speech.begin) // 8 + wanted, abs=15)


async def test_a_pause_in_a_noisy_recording_is_no_hole(human: list[Pcm]) -> None:
    """Silence of another kind between two noisy stretches is heard at once."""
    noisy = human[3]
    measured = levels(noisy / 32768.0, RATE)
    joined, _ = splice([Piece(noisy), Piece(noisy, 250)])
    begin = 320 + measured.end - measured.begin + 160
    hole = joined[begin : begin + 1600] / 32768.0
    level = 10 * np.log10(np.mean(hole**2) + 1e-12)
    assert level > min(measured.floor, -48.0) - 6 if measured.still else level > -80


def test_nothing_and_one_piece() -> None:
    nothing, boundaries = splice([])
    assert (len(nothing), boundaries) == (0, (0,))
    tone = (8000 * np.sin(np.arange(4000) / 3)).astype(np.int16)
    alone, _ = splice([Piece(np.zeros(0, np.int16)), Piece(tone, 250)])
    assert abs(len(alone) - 4000 - 640) <= 160
