"""From 8 kHz sound to the cepstra that the acoustic models were trained on, once for all passes over an utterance. Pure.

The engine's own front end works again for each pass. This one makes the same cepstra (window, mel filters, noise floor and transform as the
model's feat.params ask for) by matrices over all frames of a packet. The English model was trained at 16 kHz, and its cepstra break down when
the band above 3.4 kHz is empty: so its filters are folded onto the spectrum of 8 kHz, as if the mirror image stood above 4 kHz, `image` times as
strong. Hissing sounds get the high band they lost, vowels mirror to above the highest filter.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from callwright.speech.port import Pcm

__all__ = ["CEPSTRA", "Cepstra", "FrontEnd"]

Floats = npt.NDArray[np.float32]
Cepstra = Floats
"""frames x 13, float32."""
CEPSTRA = 13
_RATE = 8000
_SHIFT = 80  # samples from frame to frame: 10 ms
_FFT = 256
_EMPHASIS = 0.97
_WINDOW_S = "0.025625"
_BLOCK = 16  # frames that the noise floor takes at once


class FrontEnd:
    """`push` sound, get the cepstra of the frames that it completes. `reset` before another utterance."""

    def __init__(self, parameters: Mapping[str, str], rate: int, image: float) -> None:
        """parameters: of the model's feat.params, without the leading hyphens; rate: 8000 or 16000, what the model was trained at; image:
        amplitude of the mirror image above 4 kHz (16000 only). Raises ValueError on a number that is none, or a transform that is not `dct`."""
        if parameters.get("transform", "dct") != "dct":
            raise ValueError(f"transform {parameters['transform']!r} is not dct")
        filters = int(parameters.get("nfilt", "40"))
        edges = float(parameters.get("lowerf", "133.33334")), float(parameters.get("upperf", "6855.4976"))
        mel = _mel_filters(filters, rate, *edges, rounded=_yes(parameters.get("round_filters", "yes")))
        self._filters = (mel if rate == _RATE else _folded(mel, image)).astype(np.float32)
        self._transform = _cosines(filters, int(parameters.get("lifter", "0"))).astype(np.float32)
        self._window = np.hamming(int(float(parameters.get("wlen", _WINDOW_S)) * rate) * _RATE // rate).astype(
            np.float32
        )
        self._centred = _yes(parameters.get("remove_dc", "no"))
        self._noise = _NoiseFloor(filters) if _yes(parameters.get("remove_noise", "no")) else None
        self.reset()

    def reset(self) -> None:
        """Forget the sound so far."""
        self._left: Pcm = np.zeros(0, dtype=np.int16)
        self._before = np.int16(0)
        if self._noise is not None:
            self._noise.reset()

    def push(self, pcm: Pcm) -> Cepstra:
        """The frames that end in `pcm`."""
        joined = np.concatenate([self._left, pcm])
        size = len(self._window)
        count = max(0, (len(joined) - size) // _SHIFT + 1)
        if not count:
            self._left = joined
            return np.zeros((0, CEPSTRA), dtype=np.float32)
        used = joined[: (count - 1) * _SHIFT + size].astype(np.float32)
        emphatic = used - np.float32(_EMPHASIS) * np.concatenate([[np.float32(self._before)], used[:-1]])
        self._before, self._left = joined[count * _SHIFT - 1], joined[count * _SHIFT :]
        step = emphatic.itemsize
        frames = np.lib.stride_tricks.as_strided(emphatic, (count, size), (_SHIFT * step, step), writeable=False)
        if self._centred:
            frames = frames - frames.mean(axis=1, keepdims=True)
        spectrum = np.fft.rfft(frames * self._window, _FFT)
        energies = (spectrum.real**2 + spectrum.imag**2).astype(np.float32) @ self._filters
        if self._noise is not None:
            energies = self._noise.push(energies)
        return np.ascontiguousarray(np.log(energies + np.float32(1e-4)) @ self._transform, dtype=np.float32)


class _NoiseFloor:
    """The noise removal of the front end that the English model was trained with: the lower envelope of each filter's power is taken off
    (Doblinger, "Computationally efficient speech enhancement by spectral minima tracking", Eurospeech 1995), and what follows a peak is masked
    (Kim and Stern, "Power-normalized cepstral coefficients", ICASSP 2012). The constants are the engine's."""

    _SMOOTH, _RISE, _FALL, _MASK, _MASKED, _GAIN, _NEAR = 0.7, 0.995, 0.5, 0.85, 0.2, 20.0, 4

    def __init__(self, filters: int) -> None:
        near = np.abs(np.subtract.outer(np.arange(filters), np.arange(filters))) <= self._NEAR
        self._spread = (near / near.sum(axis=0)).astype(np.float32)
        steps = np.arange(_BLOCK)
        since = np.subtract.outer(steps, steps)
        self._weights = np.where(since < 0, 0.0, (1 - self._SMOOTH) * self._SMOOTH ** np.maximum(since, 0)).astype(
            np.float32
        )
        self._smooth = (self._SMOOTH ** (steps + 1.0)).astype(np.float32)[:, None]
        self._mask = (self._MASK ** np.arange(_BLOCK + 1.0)).astype(np.float32)[:, None]
        self._stay = np.array([[self._RISE], [self._FALL]], dtype=np.float32)
        self._both = np.empty((2, filters), dtype=np.float32)
        self.reset()

    def reset(self) -> None:
        self._begun = False

    def push(self, energies: Floats) -> Floats:
        """energies: frames x filters, which go on from those before."""
        if not self._begun:
            self._begun = True
            self._power, self._peak = energies[0], np.zeros_like(energies[0])
            self._noise = self._floor = energies[0] / np.float32(self._GAIN)
        return np.concatenate([self._block(energies[at : at + _BLOCK]) for at in range(0, len(energies), _BLOCK)])

    def _block(self, energies: Floats) -> Floats:
        count = len(energies)
        powers = self._weights[:count, :count] @ energies + self._smooth[:count] * self._power
        noises = self._envelope(self._noise, powers)
        signals = np.maximum(powers - noises, np.float32(1.0))
        floors = self._envelope(self._floor, signals)
        # A peak fades by `_MASK` a frame: the largest of all before, each taken back to the beginning of the block.
        risen = np.concatenate([self._peak[None], signals / self._mask[1 : count + 1]])
        peaks = np.maximum.accumulate(risen, axis=0) * self._mask[: count + 1]
        self._power, self._noise, self._floor, self._peak = powers[-1], noises[-1], floors[-1], peaks[-1]
        faded = np.float32(self._MASK) * peaks[:-1]
        masked = np.where(signals < np.float32(self._MASK) * faded, np.float32(self._MASKED) * faded, signals)
        gains = np.maximum(masked, floors) / powers
        return np.asarray(energies * (np.clip(gains, 1 / self._GAIN, self._GAIN) @ self._spread))

    def _envelope(self, floor: Floats, powers: Floats) -> Floats:
        """Slowly up, fast down: of both the lower one, frame by frame."""
        parts = powers[:, None] * (1 - self._stay)
        found, both = np.empty_like(powers), self._both
        for part, one in zip(parts, found, strict=True):
            np.multiply(floor, self._stay, out=both)
            np.add(both, part, out=both)
            floor = np.minimum(both[0], both[1], out=one)
        return found


def _yes(value: str) -> bool:
    return value.lower() in {"yes", "true", "1"}


def _mel_filters(count: int, rate: int, lowest: float, highest: float, *, rounded: bool) -> npt.NDArray[np.float64]:
    """Triangles of equal area, evenly apart in mel: bins x filters."""
    fft = _FFT * rate // _RATE
    bin_hz = rate / fft
    ends = 2595 * np.log10(1 + np.array([lowest, highest]) / 700)
    edges = 700 * (10 ** (np.linspace(ends[0], ends[1], count + 2) / 2595) - 1)
    if rounded:
        edges = np.floor(edges / bin_hz + 0.5) * bin_hz
    hz = (np.arange(fft // 2 + 1) * bin_hz)[:, None]
    left, centre, right = edges[:-2], edges[1:-1], edges[2:]
    height = 2 / (right - left)
    triangles = np.maximum(0.0, np.minimum((hz - left) / (centre - left), (right - hz) / (right - centre)) * height)
    triangles[-1] = 0.0
    return np.asarray(triangles)


def _folded(filters: npt.NDArray[np.float64], image: float) -> npt.NDArray[np.float64]:
    """Filters of 16 kHz for the power of an 8 kHz spectrum: twice the samples make four times the power, emphasis is that of 16 kHz."""
    low = np.arange(_FFT // 2 + 1)
    high = _FFT - low
    mirrored = _emphasis(high, 2 * _FFT)[:, None] * image**2 * filters[high]
    return np.asarray(4 / _emphasis(low, _FFT)[:, None] * (_emphasis(low, 2 * _FFT)[:, None] * filters[low] + mirrored))


def _emphasis(bins: npt.NDArray[np.int64], fft: int) -> npt.NDArray[np.float64]:
    return np.asarray(np.abs(1 - _EMPHASIS * np.exp(-2j * np.pi * bins / fft)) ** 2)


def _cosines(filters: int, lifter: int) -> npt.NDArray[np.float64]:
    """The unitary cosine transform with liftering: filters x 13."""
    order = np.arange(CEPSTRA)
    matrix = np.sqrt(2 / filters) * np.cos(np.pi * np.outer(np.arange(filters) + 0.5, order) / filters)
    matrix[:, 0] *= np.sqrt(0.5)
    if lifter:
        matrix *= 1 + lifter // 2 * np.sin(np.pi * order / lifter)
    return np.asarray(matrix)
