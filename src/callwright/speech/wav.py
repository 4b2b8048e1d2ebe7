"""Audio files at the rim: any ordinary WAV becomes 8 kHz mono int16, and back.

Read by hand from RIFF chunks rather than with `wave`, which knows no float, no extensible header, and trusts sizes in a damaged file.
"""

from __future__ import annotations

import math
import os
import struct
import wave
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from callwright.errors import AudioError, Place, Problem
from callwright.speech.port import Pcm

__all__ = ["MAX_SECONDS", "RATE", "decode_wav", "read_wav", "resample", "write_wav"]

RATE = 8000
MAX_SECONDS = 600
_LOWEST, _HIGHEST = 8000, 48000
_MOST_BYTES = MAX_SECONDS * _HIGHEST * 2 * 4 + 65536
_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_OTHERS = {2: "Microsoft ADPCM", 6: "A-law", 7: "mu-law", 17: "IMA ADPCM", 85: "MP3"}
_CONVERT = "convert it, for example: ffmpeg -i IN -ac 1 -ar 8000 -c:a pcm_s16le OUT.wav"
_ZERO_CROSSINGS = 16

_Samples = npt.NDArray[np.float64]


class _Format(NamedTuple):
    tag: int
    channels: int
    rate: int
    bits: int


def read_wav(path: Path) -> Pcm:
    """The recording at 8 kHz, mono (stereo is averaged), int16.

    Takes PCM of 8, 16, 24, 32 bit and float of 32, 64 bit, one or two channels, 8 to 48 kHz, up to 10 minutes.
    Raises AudioError saying what is wrong with the file and how to convert it.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        raise _error(
            str(path),
            "unreadable-audio",
            f"cannot be read: {getattr(error, 'strerror', None) or error}",
            "check the path",
        ) from error
    return decode_wav(data, str(path))


def decode_wav(data: bytes, name: str = "<audio>") -> Pcm:
    """As `read_wav`, from bytes; `name` stands in the error."""
    if len(data) > _MOST_BYTES:
        raise _error(name, "audio-too-long", f"is longer than {MAX_SECONDS // 60} minutes", "cut it into prompts")
    form, body = _chunks(data, name)
    frame = form.channels * form.bits // 8
    body = body[: len(body) // frame * frame]
    frames = len(body) // frame
    if frames == 0:
        raise _error(name, "empty-audio", "holds no audio", "record it again")
    if frames > MAX_SECONDS * form.rate:
        raise _error(name, "audio-too-long", f"is longer than {MAX_SECONDS // 60} minutes", "cut it into prompts")
    samples = _samples(body, form)
    if not np.isfinite(samples).all():
        raise _error(name, "damaged-audio", "holds samples that are no numbers", _CONVERT)
    mono = samples.reshape(-1, form.channels).mean(axis=1)
    return _to_int16(_convert(np.clip(mono, -1.0, 1.0), form.rate, RATE))


def write_wav(path: Path, pcm: Pcm, rate: int = RATE) -> None:
    """16-bit mono PCM; shape (n,). The file appears whole or not at all. Raises AudioError when it cannot be written."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with temporary.open("wb") as raw, wave.open(raw, "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(rate)
            file.writeframes(np.asarray(pcm, "<i2").tobytes())
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise _error(
            str(path),
            "unwritable-audio",
            f"cannot be written: {error.strerror or error}",
            "check the folder and the space left",
        ) from error


def resample(pcm: Pcm, source: int, target: int) -> Pcm:
    """int16 at `source` Hz -> int16 at `target` Hz, ceil(n * target / source) samples, by windowed sinc (Kaiser, about 80 dB; pass band to
    0.9 of the lower Nyquist frequency). Raises ValueError for a rate outside 1..192,000."""
    for rate in (source, target):
        if not 1 <= rate <= 192_000:
            raise ValueError(f"a sample rate of {rate} Hz is outside 1..192,000")
    if source == target:
        return np.array(pcm, np.int16)
    return _to_int16(_convert(np.asarray(pcm, np.float64) / 32768.0, source, target))


def _to_int16(samples: _Samples) -> Pcm:
    return np.clip(np.rint(samples * 32768.0), -32768, 32767).astype(np.int16)


def _convert(samples: _Samples, source: int, target: int) -> _Samples:
    if source == target or not len(samples):
        return samples
    divisor = math.gcd(source, target)
    up, down = target // divisor, source // divisor
    taps, half = _polyphase(up, down)
    count = -(-len(samples) * up // down)
    padded = np.concatenate([np.zeros(half), samples, np.zeros(half + 1)])
    out = np.empty(count)
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * half)
    for first in range(min(up, count)):  # all outputs of one phase share their taps
        phase = first * down % up
        starts = np.arange(first, count, up) * down // up + 1
        for begin in range(0, len(starts), 65536):  # bounded memory for long files
            part = starts[begin : begin + 65536]
            out[first + begin * up : first + (begin + len(part)) * up : up] = windows[part] @ taps[phase]
    return out


@lru_cache(maxsize=16)
def _polyphase(up: int, down: int) -> tuple[_Samples, int]:
    """taps[phase] of 2 * half inputs around a position between samples: sinc at the lower Nyquist frequency under a Kaiser window."""
    cutoff = min(1.0, up / down) * 0.95
    half = math.ceil(_ZERO_CROSSINGS / cutoff)
    offset = np.arange(-half + 1, half + 1)[None, :] - (np.arange(up) / up)[:, None]
    inside = np.sqrt(np.maximum(0.0, 1.0 - (offset / half) ** 2))
    taps = np.sinc(offset * cutoff) * np.i0(8.0 * inside) / np.i0(8.0) * (np.abs(offset) <= half)
    return taps / taps.sum(axis=1, keepdims=True), half


def _chunks(data: bytes, name: str) -> tuple[_Format, bytes]:
    """Format and audio of a RIFF file; an audio size that runs past the end (a recorder that was killed) means: up to the end."""
    if len(data) < 12 or data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        what = "is empty" if not data else "is no WAV file"
        raise _error(name, "not-wav", what, _CONVERT)
    form: _Format | None = None
    at = 12
    while at + 8 <= len(data):
        kind, size = struct.unpack_from("<4sI", data, at)
        body = data[at + 8 : at + 8 + size]
        if kind == b"fmt ":
            form = _format(body, name)
        elif kind == b"data":
            if form is None:
                raise _error(name, "damaged-audio", "has its audio before its format", _CONVERT)
            return form, body
        at += 8 + size + (size & 1)
    raise _error(name, "damaged-audio", "has no audio chunk" if form else "has no format chunk", _CONVERT)


def _format(body: bytes, name: str) -> _Format:
    if len(body) < 16:
        raise _error(name, "damaged-audio", "has a format chunk that is cut short", _CONVERT)
    tag, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", body)
    if tag == _EXTENSIBLE and len(body) >= 26:
        (tag,) = struct.unpack_from("<H", body, 24)
    if (tag, bits) not in {(_PCM, 8), (_PCM, 16), (_PCM, 24), (_PCM, 32), (_FLOAT, 32), (_FLOAT, 64)}:
        what = _OTHERS.get(tag, {_PCM: "PCM", _FLOAT: "float"}.get(tag, f"format {tag}"))
        raise _error(name, "audio-format", f"is {what} of {bits} bit, not PCM of 8-32 bit or float", _CONVERT)
    if channels not in (1, 2):
        raise _error(name, "audio-format", f"has {channels} channels, not one or two", _CONVERT)
    if not _LOWEST <= rate <= _HIGHEST:
        raise _error(name, "audio-format", f"has {rate} samples a second, not 8,000 to 48,000", _CONVERT)
    return _Format(tag, channels, rate, bits)


def _samples(body: bytes, form: _Format) -> _Samples:
    """All samples, channels interleaved, full scale 1.0."""
    if form.tag == _FLOAT:
        return np.frombuffer(body, f"<f{form.bits // 8}").astype(np.float64)
    if form.bits == 8:
        return (np.frombuffer(body, np.uint8).astype(np.float64) - 128.0) / 128.0
    if form.bits == 24:
        wide = np.zeros((len(body) // 3, 4), np.uint8)
        wide[:, 1:] = np.frombuffer(body, np.uint8).reshape(-1, 3)
        return wide.view("<i4").reshape(-1).astype(np.float64) / 2.0**31
    return np.frombuffer(body, f"<i{form.bits // 8}").astype(np.float64) / 2.0 ** (form.bits - 1)


def _error(name: str, code: str, message: str, hint: str) -> AudioError:
    return AudioError(Problem(code, f"the recording {message}", Place(file=name), hint))
