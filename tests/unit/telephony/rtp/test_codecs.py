"""G.722 and Opus: what goes in comes out, also when packets are lost or come in another order."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest

from callwright.errors import WireError
from callwright.telephony.port import FRAME_SAMPLES, WireCodec
from callwright.telephony.rtp import codecs, g711
from callwright.telephony.rtp.codecs import InOrder, decoder, encoder
from callwright.telephony.rtp.packet import RtpPacket, parse, serialise
from callwright.telephony.rtp.resample import Doubler, Halver
from callwright.telephony.rtp.session import Session
from callwright.telephony.wire_audio import CLOCK_HZ, WireAudio

OPUS = pytest.param("OPUS", marks=pytest.mark.skipif(bool(codecs.lacks("OPUS")), reason=codecs.lacks("OPUS") or "-"))
BOTH = pytest.mark.parametrize("codec", ["G722", OPUS])
PEER = ("192.0.2.1", 4000)
HZ = 450.0  # whole waves in a frame: one left out does not shift the rest
Wave = npt.NDArray[np.float64]


def tone(samples: int, hz: float = HZ, rate: int = 8000, level: float = 8000.0) -> npt.NDArray[np.int16]:
    return (level * np.sin(2 * np.pi * hz * np.arange(samples) / rate)).astype(np.int16)


def snr_db(heard: Wave, hz: float) -> tuple[float, float]:
    """(signal over everything else, level of the signal over what was said), dB; the phase does not matter."""
    at = 2 * np.pi * hz * np.arange(len(heard)) / 8000
    basis = np.stack((np.sin(at), np.cos(at)))
    signal = (basis @ heard) @ basis * 2 / len(heard)
    noise = float(np.mean((heard - signal) ** 2))
    power = float(np.mean(signal**2))
    return 10 * np.log10(power / noise), 10 * np.log10(power / (8000**2 / 2))


def packets(codec: WireCodec, ticks: int, *, ptime_ms: int = 20, fec: bool = False, start: int = 65_500) -> list[bytes]:
    """What a session sends that plays a tone."""
    sender = Session(7, start, 0xFFFFFFFF - 4000)
    sender.configure(PEER, "PCMA", 96 if codec == "OPUS" else 9, 101, "sendrecv", WireAudio(codec, ptime_ms, fec=fec))
    sender.playout.play(g711.encode(tone(ticks * FRAME_SAMPLES), "PCMA"), "")
    return [packet for _ in range(ticks) if (packet := sender.give()) is not None]


def heard(codec: WireCodec, ticks: Sequence[Sequence[bytes]]) -> tuple[Wave, Session, int]:
    """What a session hears of these datagrams, the ticks it had nothing for are left out and counted."""
    receiver = Session(8, 1, 1)
    receiver.configure(PEER, "PCMA", 96 if codec == "OPUS" else 9, 101, "sendrecv", WireAudio(codec))
    frames, missing = [], 0
    for tick, datagrams in enumerate(ticks):
        for datagram in datagrams:
            receiver.receive(datagram, PEER, tick * 20.0)
        frame = receiver.take()
        if frame is None:
            missing += 1
        else:
            frames.append(g711.decode(frame, "PCMA"))
    return np.concatenate(frames).astype(np.float64), receiver, missing


@BOTH
def test_a_tone_goes_through(codec: WireCodec) -> None:
    sent = packets(codec, 150)
    wave, receiver, missing = heard(codec, [[packet] for packet in sent])
    ratio, level = snr_db(wave[4000:], HZ)
    assert ratio > (25 if codec == "G722" else 15)
    assert abs(level) < (0.5 if codec == "G722" else 3.0)  # at 8 kHz Opus is a codec for speech: it bends a tone
    assert missing == 1  # the cushion of the jitter buffer
    assert (receiver.stats.received, receiver.stats.lost, receiver.stats.garbage) == (150, 0, 0)
    assert receiver.stats.jitter_ms < 1.0
    stamps = [packet.timestamp for packet in map(parse, sent) if packet]
    assert {(b - a) & 0xFFFFFFFF for a, b in itertools.pairwise(stamps)} == {CLOCK_HZ[codec] // 50}


@BOTH
@pytest.mark.parametrize("ptime_ms", [40, 60])
def test_longer_packets(codec: WireCodec, ptime_ms: int) -> None:
    frames = ptime_ms // 20
    sent = packets(codec, 150, ptime_ms=ptime_ms)
    assert len(sent) == 150 // frames
    ticks: list[list[bytes]] = [[] for _ in range(150)]
    for n, packet in enumerate(sent):
        ticks[(n + 1) * frames - 1].append(packet)
    wave, receiver, _ = heard(codec, ticks)
    assert snr_db(wave[4000:], HZ)[0] > 15
    assert receiver.stats.garbage == 0


@BOTH
def test_packets_in_another_order_are_heard_in_the_right_one(codec: WireCodec) -> None:
    sent = packets(codec, 150)
    ticks = [[packet] for packet in sent]
    for n in range(20, 140, 10):  # both within one tick, the later one first
        ticks[n + 1], ticks[n] = [*reversed((*ticks[n], *ticks[n + 1]))], []
    straight = heard(codec, [[packet] for packet in sent])[0]
    wave, receiver, missing = heard(codec, ticks)
    assert receiver.stats.lost == 0
    assert missing <= 3  # the buffer learns that it must be deeper
    assert abs(snr_db(wave[4000:], HZ)[0] - snr_db(straight[4000:], HZ)[0]) < 6


@BOTH
def test_losing_a_tenth_is_survived(codec: WireCodec) -> None:
    chance = random.Random(4)
    sent = packets(codec, 400, fec=True)
    ticks = [[] if chance.random() < 0.1 else [packet] for packet in sent]
    lost = ticks.count([])
    wave, receiver, missing = heard(codec, ticks)
    assert receiver.stats.lost in (lost, lost - 1)
    ratio, level = snr_db(wave[4000:], HZ)
    assert ratio > 5
    assert abs(level) < (2.0 if codec == "G722" else 5.0)
    if codec == "OPUS":
        assert missing < lost / 2  # the packet after a gap brings what it needs
    else:
        assert missing >= lost


@BOTH
def test_garbage_is_counted(codec: WireCodec) -> None:
    chance = random.Random(5)
    ticks = [
        [serialise(RtpPacket(96 if codec == "OPUS" else 9, n, n * 960, 7, chance.randbytes(chance.randrange(0, 400))))]
        for n in range(200)
    ]
    _, receiver, _ = heard(codec, ticks)
    assert receiver.stats.received <= 200
    assert codec == "G722" or receiver.stats.garbage > 0


def test_a_change_of_codec_in_mid_call() -> None:
    talker, listener = Session(1, 1, 1), Session(2, 2, 2)
    frames = []
    sequence: list[tuple[WireCodec, int]] = [("PCMA", 8), ("G722", 9), ("PCMU", 0)]
    if not codecs.lacks("OPUS"):
        sequence.insert(2, ("OPUS", 96))
    for codec, number in sequence:
        law = "PCMU" if codec == "PCMU" else "PCMA"
        for session in (talker, listener):
            session.configure(PEER, law, number, 101, "sendrecv", WireAudio(codec))  # type: ignore[arg-type]
        talker.playout.play(g711.encode(tone(50 * FRAME_SAMPLES), law), "")  # type: ignore[arg-type]
        for _ in range(50):
            packet = talker.give()
            assert packet is not None
            listener.receive(packet, PEER, 0.0)
            frames.append(listener.take())
    assert sum(frame is None for frame in frames) <= 3 * len(sequence)
    assert listener.stats.garbage <= len(sequence)  # the first packet of a new source is not believed yet


def test_keys_at_the_clock_of_opus() -> None:
    if reason := codecs.lacks("OPUS"):
        pytest.skip(reason)
    sender, receiver = Session(1, 1, 1000), Session(2, 2, 2)
    for session in (sender, receiver):
        session.configure(PEER, "PCMA", 96, 110, "sendrecv", WireAudio("OPUS", 40, 48_000))
    sender.send_dtmf("5#")
    sent = [packet for _ in range(60) if (packet := sender.give()) is not None]
    for packet in sent:
        receiver.receive(packet, PEER, 0.0)
    assert receiver.keys == ["5", "#"]
    events = [packet for packet in map(parse, sent) if packet and packet.payload_type == 110]
    assert int.from_bytes(events[0].payload[2:], "big") == 960
    assert max(int.from_bytes(event.payload[2:], "big") for event in events) == 4800


def test_in_order_waits_only_as_long_as_it_may() -> None:
    class Letters:
        def decode(self, payload: bytes) -> bytes:
            if payload == b"?":
                raise WireError("no letter")
            return payload * 160

        def restore(self, samples: int, following: bytes) -> bytes:
            return b"~" * samples

    line = InOrder(Letters(), 48_000)
    first = 0xFFFFFFFF - 959  # the third packet is behind the wrap
    for n, letter in ((0, b"a"), (1, b"b"), (3, b"d"), (4, b"?")):
        line.push((65_534 + n) & 0xFFFF, (first + 960 * n) & 0xFFFFFFFF, letter)
    assert [law[:1] for _, law in line.decoded(starving=False)] == [b"a", b"b"]
    assert line.decoded(starving=False) == []
    places, audio = zip(*line.decoded(starving=True), strict=True)
    assert [law[:1] for law in audio] == [b"~", b"d"]
    assert places[1] - places[0] == 160
    line.push(0, 960, b"c")  # too late
    assert line.decoded(starving=True) == []
    assert line.garbage == 1


def test_opus_is_not_offered_where_its_library_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing() -> None:
        raise OSError("libopus.so: no such file")

    codecs.lacks.cache_clear()
    monkeypatch.setattr(codecs, "_opus", nothing)
    try:
        assert "libopus" in codecs.lacks("OPUS")
        with pytest.raises(WireError, match="libopus"):
            decoder("OPUS")
        assert codecs.lacks("G722") == ""
    finally:
        codecs.lacks.cache_clear()


def test_what_the_far_side_wants_of_opus() -> None:
    if reason := codecs.lacks("OPUS"):
        pytest.skip(reason)
    speech = g711.encode(tone(FRAME_SAMPLES * 3), "PCMA")
    low, usual = encoder("OPUS", max_bitrate=6000), encoder("OPUS")
    assert sum(len(low.encode(speech)) for _ in range(20)) < sum(len(usual.encode(speech)) for _ in range(20))


def test_halving_leaves_nothing_above_4_khz() -> None:
    for hz, least, most in ((1000, -0.2, 0.2), (3400, -1.0, 0.5), (4700, -200.0, -55.0), (7000, -200.0, -55.0)):
        halve = Halver()
        wave = np.concatenate([halve(part) for part in np.split(tone(16_000, hz, 16_000), 50)])[200:].astype(float)
        level = 10 * np.log10(np.mean(wave**2) / (8000**2 / 2) + 1e-30)
        assert least <= level <= most, hz


def test_doubling_and_halving_is_a_delay() -> None:
    double, halve = Doubler(), Halver()
    said = tone(8000, 700)
    wave = np.concatenate([halve(double(part)) for part in np.split(said, 50)])
    ratio, level = snr_db(wave[800:].astype(float), 700.0)
    assert ratio > 45
    assert abs(level) < 0.1


def test_audio_and_keys_under_our_own_numbers() -> None:
    receiver = Session(8, 1, 1)
    wire = WireAudio("G722", own_payload_type=107, own_event_payload_type=101)
    receiver.configure(PEER, "PCMA", 9, 97, "sendrecv", wire)
    for n, number in enumerate((9, 107, 101, 97)):
        payload = b"\x05\x00\x00\xa0" if number in (101, 97) else bytes(160)
        receiver.receive(serialise(RtpPacket(number, n, 160 * n, 7, payload)), PEER, 0.0)
    assert (receiver.stats.received, receiver.stats.garbage, receiver.keys) == (4, 0, ["5", "5"])
