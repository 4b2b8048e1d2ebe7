"""G.711 A-law and mu-law by table (ITU-T G.711; rounding as the ITU-T G.191 reference program).

Decoding looks up 256 entries, encoding 65,536 (index: the sample as an unsigned 16-bit number). Going from one law to the other is a
256-byte translation, so a bridge never touches PCM.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from callwright.telephony.port import Codec, Pcm

__all__ = ["DECODE", "SILENCE", "TRANSCODE", "decode", "decode_mixed", "encode"]

_Bytes = npt.NDArray[np.uint8]


def _alaw_decode() -> Pcm:
    code = np.arange(256) ^ 0x55
    exponent = (code >> 4) & 7
    mantissa = code & 15
    level = np.where(exponent == 0, (mantissa << 4) + 8, ((mantissa << 4) + 0x108) << np.maximum(exponent - 1, 0))
    return np.where(code & 0x80, level, -level).astype(np.int16)


def _ulaw_decode() -> Pcm:
    code = ~np.arange(256) & 0xFF
    level = ((((code & 15) << 3) + 0x84) << ((code >> 4) & 7)) - 0x84
    return np.where(code & 0x80, -level, level).astype(np.int16)


def _samples() -> npt.NDArray[np.int64]:
    samples: npt.NDArray[np.int64] = np.arange(65536, dtype=np.uint16).view(np.int16).astype(np.int64)
    return samples


def _alaw_encode() -> _Bytes:
    sample = _samples()
    # One's complement of negatives: the reference puts a sample on a decision value into the interval nearer to zero.
    magnitude = np.where(sample < 0, ~sample, sample) >> 4
    exponent = np.zeros_like(magnitude)
    for segment in range(1, 8):
        exponent += magnitude >= (16 << (segment - 1))
    mantissa = np.where(exponent == 0, magnitude, (magnitude >> np.maximum(exponent - 1, 0)) & 15)
    code = (exponent << 4) | mantissa | np.where(sample >= 0, 0x80, 0)
    return (code ^ 0x55).astype(np.uint8)


def _ulaw_encode() -> _Bytes:
    sample = _samples()
    magnitude = np.minimum((np.where(sample < 0, ~sample, sample) >> 2) + 33, 0x1FFF)
    exponent = np.zeros_like(magnitude)
    for segment in range(1, 8):
        exponent += magnitude >= (32 << segment)
    code = (exponent << 4) | ((magnitude >> (exponent + 1)) & 15) | np.where(sample < 0, 0x80, 0)
    table: _Bytes = (~code & 0xFF).astype(np.uint8)
    return table


DECODE: dict[Codec, Pcm] = {"PCMA": _alaw_decode(), "PCMU": _ulaw_decode()}
_ENCODE: dict[Codec, _Bytes] = {"PCMA": _alaw_encode(), "PCMU": _ulaw_encode()}
for _codec in DECODE:
    DECODE[_codec].flags.writeable = False
    _ENCODE[_codec].flags.writeable = False

SILENCE: dict[Codec, bytes] = {"PCMA": b"\xd5", "PCMU": b"\xff"}
"""One sample of digital silence."""


def encode(pcm: Pcm, codec: Codec) -> bytes:
    """int16 samples at 8 kHz (any shape, taken in C order) -> one byte each."""
    return _ENCODE[codec][np.asarray(pcm, dtype=np.int16).view(np.uint16)].tobytes()


def decode(encoded: bytes, codec: Codec) -> Pcm:
    """One byte a sample -> int16 at 8 kHz, a new array of shape (len(encoded),)."""
    return DECODE[codec][np.frombuffer(encoded, dtype=np.uint8)]


def decode_mixed(codes: _Bytes, laws: npt.NDArray[np.int8]) -> Pcm:
    """Rows of codes, shape (..., n, samples), in laws of shape (n,): 0 = A-law, 1 = u-law -> int16 of the same shape, a new array."""
    if not laws.any():
        return DECODE["PCMA"].take(codes)
    if laws.all():
        return DECODE["PCMU"].take(codes)
    mixed: Pcm = np.where(laws[:, np.newaxis] == 0, DECODE["PCMA"].take(codes), DECODE["PCMU"].take(codes))
    return mixed


TRANSCODE: dict[tuple[Codec, Codec], bytes] = {
    ("PCMA", "PCMU"): encode(DECODE["PCMA"], "PCMU"),
    ("PCMU", "PCMA"): encode(DECODE["PCMU"], "PCMA"),
}
"""For bytes.translate: (from, to) -> 256 bytes."""
