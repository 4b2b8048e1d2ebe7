from __future__ import annotations

import numpy as np

from callwright.speech.asr.upsampling import Upsampler


def tone(hz: float) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    return np.asarray(8000 * np.sin(2 * np.pi * hz * np.arange(8000) / 8000), dtype=np.int16)


def levels() -> tuple[float, float]:
    """Amplitude at 1 kHz and at its mirror, 7 kHz, of a 1 kHz tone."""
    out = Upsampler().process(tone(1000))[4000:12000].astype(float)
    spectrum = np.abs(np.fft.rfft(out)) / 4000
    return float(spectrum[500]), float(spectrum[3500])


def test_a_tone_stays_and_its_image_is_gone() -> None:
    there, image = levels()
    assert abs(there - 8000) < 80
    assert image < 8000 / 1000


def test_pieces_give_the_same_as_the_whole() -> None:
    pcm = np.random.default_rng(1).normal(0, 3000, 1600).astype(np.int16)
    whole = Upsampler().process(pcm)
    pieces = Upsampler()
    assert np.array_equal(np.concatenate([pieces.process(pcm[at : at + 160]) for at in range(0, 1600, 160)]), whole)
