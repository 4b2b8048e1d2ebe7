"""G.711 against tables built here from the segments of the Recommendation, not from the code under test."""

from __future__ import annotations

from bisect import bisect_right
from itertools import pairwise

import numpy as np
import pytest

from callwright.telephony.port import Codec
from callwright.telephony.rtp import g711

CODECS: tuple[Codec, ...] = ("PCMA", "PCMU")


def decision_values(codec: Codec) -> list[int]:
    """Lower ends of the 128 positive intervals in 16-bit units (ITU-T G.711 tables 1a and 2a)."""
    if codec == "PCMA":  # 13-bit scale of 4096: 32 steps of 2, then 16 each of 4, 8, ... 128
        steps = [2] * 32 + [4] * 16 + [8] * 16 + [16] * 16 + [32] * 16 + [64] * 16 + [128] * 16
        scale, value, values = 8, 0, [0]
    else:  # 14-bit scale of 8159: first interval 0..1, 15 steps of 2, then 16 each of 4, 8, ... 256
        steps = [1] + [2] * 15 + [4] * 16 + [8] * 16 + [16] * 16 + [32] * 16 + [64] * 16 + [128] * 16 + [256] * 16
        scale, value, values = 4, 0, [0]
    for step in steps:
        value += step
        values.append(value * scale)
    return values


def outputs(codec: Codec) -> list[int]:
    """Quantised values: the middle of each interval; mu-law's first is 0."""
    ends = decision_values(codec)
    middle = [(low + high) // 2 for low, high in pairwise(ends)]
    return [0, *middle[1:]] if codec == "PCMU" else middle


def character(codec: Codec, interval: int, positive: bool) -> int:
    """The octet sent: A-law with even bits inverted, mu-law with all bits inverted."""
    if codec == "PCMA":
        return (interval | (0x80 if positive else 0)) ^ 0x55
    return 0xFF ^ (interval | (0 if positive else 0x80))


@pytest.mark.parametrize("codec", CODECS)
def test_decode_gives_the_middle_of_each_interval(codec: Codec) -> None:
    levels = outputs(codec)
    assert len(levels) == 128
    for interval, level in enumerate(levels):
        assert g711.decode(bytes([character(codec, interval, True)]), codec)[0] == level
        assert g711.decode(bytes([character(codec, interval, False)]), codec)[0] == -level


@pytest.mark.parametrize("codec", CODECS)
def test_encode_is_exact_for_every_sample(codec: Codec) -> None:
    ends = decision_values(codec)[:-1]
    samples = np.arange(-32768, 32768, dtype=np.int32)
    # A negative sample on a decision value belongs to the smaller interval (one's complement, G.191).
    wanted = bytes(character(codec, bisect_right(ends, s if s >= 0 else ~s) - 1, s >= 0) for s in samples.tolist())
    assert g711.encode(samples.astype(np.int16), codec) == wanted


@pytest.mark.parametrize("codec", CODECS)
def test_round_trip_is_idempotent_and_close(codec: Codec) -> None:
    codes = bytes(range(256))
    again = g711.encode(g711.decode(codes, codec), codec)
    differing = [a for a, b in zip(codes, again, strict=True) if a != b]
    assert differing == ([0x7F] if codec == "PCMU" else [])  # mu-law has two zeros; the negative one becomes positive
    samples = np.arange(-32124, 32125, 7).astype(np.int16)
    error = np.abs(g711.decode(g711.encode(samples, codec), codec).astype(int) - samples)
    assert np.all(error <= np.maximum(16, np.abs(samples.astype(int)) / 16))


@pytest.mark.parametrize(("source", "target"), [("PCMA", "PCMU"), ("PCMU", "PCMA")])
def test_transcoding_equals_decoding_and_encoding(source: Codec, target: Codec) -> None:
    codes = bytes(range(256))
    table = g711.TRANSCODE[source, target]
    assert codes.translate(table) == g711.encode(g711.decode(codes, source), target)


def test_known_octets() -> None:
    assert g711.encode(np.array([0, -1, 32767, -32768], np.int16), "PCMA").hex() == "d555aa2a"
    assert g711.encode(np.array([0, -1, 32767, -32768], np.int16), "PCMU").hex() == "ff7f8000"
    assert g711.SILENCE == {"PCMA": b"\xd5", "PCMU": b"\xff"}


def test_tables_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="read-only"):
        g711.DECODE["PCMA"][0] = 1


def test_a_strided_view_is_taken_in_order() -> None:
    stereo = np.arange(20, dtype=np.int16).reshape(10, 2) * 1000
    assert g711.encode(stereo[:, 0], "PCMA") == g711.encode(stereo[:, 0].copy(), "PCMA")


@pytest.mark.parametrize("laws", [(0, 0), (1, 1), (0, 1)])
def test_rows_of_different_laws(laws: tuple[int, int]) -> None:
    codes = np.random.default_rng(1).integers(0, 256, (3, 2, 160)).astype(np.uint8)
    mixed = g711.decode_mixed(codes, np.array(laws, np.int8))
    for n, law in enumerate(laws):
        assert (mixed[:, n] == g711.DECODE["PCMU" if law else "PCMA"][codes[:, n]]).all()
