"""Sounds of a telephone's surroundings, synthesised: line noise, coughs, doors, keys, breath, hums, a far speaker. Pure.

Audio is float64 in units of int16 samples, mono, 8 kHz. Randomness is the generator that is handed in.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.signal import butter, lfilter, sosfilt  # type: ignore[import-untyped]  # comes with scikit-learn

__all__ = [
    "RATE",
    "Wave",
    "breath",
    "cough",
    "door",
    "hum",
    "keyboard",
    "level",
    "noise",
    "put",
    "silence",
    "telephone_band",
    "to_pcm",
]

RATE = 8000
_FULL_SCALE = 32768.0
Wave = npt.NDArray[np.float64]


def silence(ms: float) -> Wave:
    """Nothing, for that long."""
    return np.zeros(round(ms * RATE / 1000))


def level(wave: Wave, dbfs: float) -> Wave:
    """The wave with its loud part (frames within 25 dB of the loudest) at this RMS level, dB relative to a full-scale square wave."""
    frames = wave[: len(wave) // 80 * 80].reshape(-1, 80)
    power = (
        (frames**2).mean(axis=1) if len(frames) else np.array([float(np.mean(wave**2))]) if len(wave) else np.zeros(1)
    )
    if power.max() <= 0:
        return wave
    loud = power[power > power.max() * 10**-2.5].mean()
    return np.asarray(wave * (_FULL_SCALE * 10 ** (dbfs / 20) / np.sqrt(loud)), np.float64)


def put(bed: Wave, wave: Wave, at_ms: float) -> Wave:
    """The bed with the wave mixed in at a time; made longer when the wave reaches beyond it."""
    begin = round(at_ms * RATE / 1000)
    out = np.concatenate([bed, np.zeros(max(0, begin + len(wave) - len(bed)))])
    out[begin : begin + len(wave)] += wave
    return out


def to_pcm(wave: Wave) -> npt.NDArray[np.int16]:
    """int16, clipped, filled with silence to whole frames of 20 ms."""
    padded = np.concatenate([wave, np.zeros(-len(wave) % 160)])
    return np.asarray(np.clip(np.rint(padded), -32768, 32767), np.int16)


def telephone_band(wave: Wave, low: float = 300.0, high: float = 3400.0) -> Wave:
    """Band-pass of a telephone, or of a wall when it is narrower (Hz)."""
    return np.asarray(sosfilt(butter(4, [low, high], "bandpass", fs=RATE, output="sos"), wave), np.float64)


def noise(ms: float, dbfs: float, rng: np.random.Generator) -> Wave:
    """Line noise: white in the telephone band with a pink share, at an RMS level."""
    count = round(ms * RATE / 1000)
    if not count:
        return np.zeros(0)
    white = rng.standard_normal(count + 800)
    pink = np.asarray(lfilter([0.05, -0.096, 0.051, -0.0044], [1, -2.495, 2.017, -0.522], white))
    mixed = telephone_band(white * 0.5 + pink * 4.0, 200.0, 3500.0)[800:]
    return np.asarray(mixed * (_FULL_SCALE * 10 ** (dbfs / 20) / max(1e-9, float(np.sqrt(np.mean(mixed**2))))))


def cough(rng: np.random.Generator) -> Wave:
    """One to three coughs: each an explosive burst, a hiss, and a voiced end (the three phases of Korpas, Sadlonova, Vrabec 1996)."""
    out = np.zeros(0)
    at = 0.0
    for _ in range(int(rng.integers(1, 4))):
        out = put(out, _one_cough(rng), at)
        at += rng.uniform(300, 480)
    return out


def _one_cough(rng: np.random.Generator) -> Wave:
    first_ms, hiss_ms, end_ms = rng.uniform(40, 70), rng.uniform(80, 180), rng.uniform(50, 110)
    throat = (rng.uniform(450, 800), rng.uniform(1200, 1900), rng.uniform(2400, 3000))
    first = _shaped(first_ms, rng, throat, attack_ms=3) * 1.0
    hiss = _shaped(hiss_ms, rng, (1000.0, 1800.0, 2800.0), attack_ms=8) * 0.35
    count = round(end_ms * RATE / 1000)
    source = 0.6 * _pulses(count, rng.uniform(120, 260), rng.uniform(90, 180), rng, jitter=0.15)
    end = (
        _formants(source + 0.5 * rng.standard_normal(count), throat)
        * np.hanning(2 * count)[count // 2 : count // 2 + count]
    )
    end = end / max(1e-9, float(np.abs(end).max())) * 0.6
    return np.concatenate([first, hiss, end])


def _shaped(ms: float, rng: np.random.Generator, throat: tuple[float, float, float], attack_ms: float) -> Wave:
    """Noise through a throat that begins at once and dies away; largest sample 1."""
    count = round(ms * RATE / 1000)
    wave = _formants(rng.standard_normal(count + 80), throat)[80:]
    rise = np.minimum(1.0, np.arange(count) / (attack_ms * RATE / 1000))
    wave = wave * rise * np.exp(-np.arange(count) / (0.5 * count))
    return np.asarray(wave / max(1e-9, float(np.abs(wave).max())))


def door(rng: np.random.Generator) -> Wave:
    """A door slammed in the next room: a thud with a rattle."""
    count = round(rng.uniform(250, 450) * RATE / 1000)
    decay = np.exp(-np.arange(count) / (rng.uniform(40, 90) * RATE / 1000))
    thud = telephone_band(rng.standard_normal(count), 150.0, rng.uniform(500, 900)) * decay
    rattle = telephone_band(rng.standard_normal(count), 900.0, 3000.0) * decay**2 * 0.3
    return np.asarray(thud + rattle, np.float64)


def keyboard(rng: np.random.Generator) -> Wave:
    """Somebody types: clicks of 6-15 ms, four to nine a second, for 0.6 to 1.6 s."""
    out = np.zeros(0)
    at, until = 0.0, rng.uniform(600, 1600)
    while at < until:
        count = round(rng.uniform(6, 15) * RATE / 1000)
        click = telephone_band(rng.standard_normal(count + 40), 800.0, 3400.0)[40:]
        out = put(out, click * np.exp(-np.arange(count) / (count / 3)) * rng.uniform(0.4, 1.0), at)
        at += rng.uniform(110, 250)
    return out


def breath(rng: np.random.Generator) -> Wave:
    """A sigh into the microphone: noise that swells and fades, 400 to 900 ms."""
    count = round(rng.uniform(400, 900) * RATE / 1000)
    swell = np.hanning(count) ** rng.uniform(0.7, 1.5)
    return np.asarray(telephone_band(rng.standard_normal(count), 300.0, rng.uniform(1200, 2500)) * swell)


def hum(rng: np.random.Generator, ms: float, *, syllables: int = 1) -> Wave:
    """A hum with closed lips ("mm", in Mandarin 嗯): pulses through the resonances of the nose, falling pitch, a gap between syllables."""
    pitch = rng.uniform(105, 230)
    out = np.zeros(0)
    for index in range(syllables):
        count = round(ms / syllables * RATE / 1000)
        begin = pitch * (1.0 if index == 0 else 1.12)
        wave = _formants(_pulses(count, begin, begin * rng.uniform(0.75, 0.95), rng), (250.0, 1050.0, 2200.0))
        rise = np.minimum(1.0, np.minimum(np.arange(count), np.arange(count)[::-1]) / (0.03 * RATE))
        out = np.concatenate([out, wave * rise, silence(60) if index + 1 < syllables else silence(0)])
    return telephone_band(out, 200.0, 3400.0)


def _pulses(count: int, begin_hz: float, end_hz: float, rng: np.random.Generator, jitter: float = 0.01) -> Wave:
    """Glottal pulses whose pitch glides."""
    pitch = np.linspace(begin_hz, end_hz, count) * (1 + jitter * rng.standard_normal(count))
    phase = np.cumsum(pitch / RATE)
    pulses = np.diff(np.floor(phase), prepend=0.0)
    return np.asarray(lfilter([1.0], [1.0, -0.9], pulses)) + 0.01 * rng.standard_normal(count)


def _formants(source: Wave, centres: tuple[float, float, float]) -> Wave:
    """Three resonances in parallel, weaker with height."""
    out = np.zeros(len(source))
    for rank, (centre, width) in enumerate(zip(centres, (90.0, 140.0, 220.0), strict=True)):
        radius = np.exp(-np.pi * width / RATE)
        poles = [1.0, -2 * radius * np.cos(2 * np.pi * centre / RATE), radius**2]
        out += np.asarray(lfilter([1.0 - radius], poles, source)) * 0.5**rank
    return out
