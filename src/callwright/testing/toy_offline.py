"""A toy model for sherpa-onnx that is not streaming: tones become characters (`toy_speech`). Made here, byte by byte; no outside weights. For
tests of everything around recognition; it says nothing about recognition.

It is a CTC network of the "tdnn" kind (features of 23 mel bands at 8 kHz): one matrix that finds the nearest of eleven spectra, silence and ten
tones. The spectra are those of Kaldi's filter bank, which sherpa-onnx computes.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from callwright.speech.onnx_wire import field, model, node, tensor, value
from callwright.testing.toy_speech import CHARACTERS, toy_speech

__all__ = ["write_toy_model"]

_BANDS, _RATE, _WINDOW, _SHIFT = 23, 8000, 200, 80
_DOUBT = 0.2  # where a tone begins and ends its spectrum is broad: nearer to silence than to another tone
_Floats = npt.NDArray[np.float64]


def write_toy_model(folder: Path) -> None:
    """`model.onnx` and `tokens.txt`."""
    spectra = np.stack([_spectrum("")] + [_spectrum(character) for character in CHARACTERS])
    # The shape alone counts, not how loud it is: a window that a tone only half fills is quieter.
    spectra -= spectra.mean(axis=1, keepdims=True)
    # Nearest spectrum: argmin |x - m|^2 = argmax 2 m x - |m|^2; x needs not be centred when m is.
    weights, offsets = 2 * spectra.T, -(spectra**2).sum(axis=1)
    offsets[0] += _DOUBT * np.min(np.sum((spectra[1:] - spectra[0]) ** 2, axis=1))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.onnx").write_bytes(_network(weights, offsets))
    symbols = ["<blk>", *CHARACTERS]
    table = "".join(f"{symbol} {number}\n" for number, symbol in enumerate(symbols))
    (folder / "tokens.txt").write_text(table, encoding="utf-8")


def _spectrum(character: str) -> _Floats:
    """Mean log energies of the mel bands of a tone, or of a quiet line."""
    noise = np.random.default_rng(1).normal(0, 3, 1600)
    heard = noise + toy_speech(character, before_ms=0)[:1600] if character else noise
    frames = [_log_mel(heard[at : at + _WINDOW] / 32768) for at in range(0, 1600 - _WINDOW, _SHIFT)]
    return np.asarray(np.mean(frames, axis=0))


def _log_mel(samples: _Floats) -> _Floats:
    """One frame of Kaldi's filter bank: mean taken off, pre-emphasis 0.97, Povey window, 20 Hz to 3,600 Hz."""
    centred = samples - samples.mean()
    emphasised = centred - 0.97 * np.concatenate([centred[:1], centred[:-1]])
    window = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(_WINDOW) / (_WINDOW - 1))) ** 0.85
    power = np.abs(np.fft.rfft(emphasised * window, 256)) ** 2
    edges = np.linspace(_mel(np.array(20.0)), _mel(np.array(3600.0)), _BANDS + 2)
    at = _mel(np.arange(len(power)) * _RATE / 256)
    rising = (at - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - at) / (edges[2:] - edges[1:-1])[:, None]
    bank = np.clip(np.minimum(rising, falling), 0, None)
    return np.asarray(np.log(np.maximum(bank @ power, np.finfo(np.float32).eps)))


def _mel(hz: _Floats) -> _Floats:
    return np.asarray(1127 * np.log(1 + hz / 700))


# ------------------------------------------------------------ ONNX (onnx.proto3): only what this network needs


def _network(weights: _Floats, offsets: _Floats) -> bytes:
    graph = b"".join((
        field(1, node("MatMul", ["x", "w"], ["product"])),
        field(1, node("Add", ["product", "b"], ["logits"])),
        field(1, node("LogSoftmax", ["logits"], ["log_probs"])),
        field(2, b"toy"),
        field(5, tensor("w", weights)),
        field(5, tensor("b", offsets)),
        field(11, value("x", ["N", "T", _BANDS])),
        field(12, value("log_probs", ["N", "T", len(offsets)])),
    ))  # fmt: skip
    facts = {"model_type": "tdnn", "vocab_size": str(len(offsets)), "comment": "toy"}
    return model(graph, facts)
