from __future__ import annotations

import numpy as np
import pytest

from callwright.telephony.port import FRAME_SAMPLES
from callwright.telephony.rtp import g711
from callwright.telephony.rtp.comfort import Comfort, Noise
from callwright.telephony.rtp.packet import RtpPacket, serialise
from callwright.telephony.rtp.session import Session
from callwright.telephony.wire_audio import WireAudio

PEER = ("192.0.2.1", 4000)
LOUD = g711.encode(np.full(FRAME_SAMPLES, 8000, np.int16), "PCMA")


def session() -> Session:
    new = Session(1, 1, 1)
    new.configure(PEER, "PCMA", 8, 101, "sendrecv", WireAudio("PCMA", comfort_payload_type=13))
    return new


def rms(frame: bytes | None) -> float:
    assert frame is not None
    return float(np.sqrt(np.mean(g711.decode(frame, "PCMA").astype(float) ** 2)))


class Peer:
    """Sends a packet a tick, or none."""

    def __init__(self) -> None:
        self.session = session()
        self.sequence = 100
        self.tick = 0

    def step(self, payload: bytes | None = None, payload_type: int = 8, at: int | None = None) -> bytes | None:
        if payload is not None:
            stamp = (self.tick if at is None else at) * FRAME_SAMPLES
            packet = serialise(RtpPacket(payload_type, self.sequence, stamp, 7, payload))
            self.session.receive(packet, PEER, self.tick * 20.0)
            self.sequence += 1
        self.tick += 1
        return self.session.take()


def test_noise_has_its_level() -> None:
    for level in (30, 40, 50, 60):
        noise = Noise(level)
        frames = [noise.frame("PCMU") for _ in range(100)]
        assert len({*frames}) == 100
        pcm = g711.decode(b"".join(frames), "PCMU").astype(float)
        assert abs(20 * np.log10(np.sqrt(np.mean(pcm**2)) / 32124) + level) < 0.5
    assert Noise(0).level == 30
    assert Noise(127).level == 90


def test_silence_that_was_told_is_noise_until_audio_comes_again() -> None:
    peer = Peer()
    for _ in range(10):
        peer.step(LOUD)
    assert rms(peer.step(bytes([50]), 13)) > 7000  # what was said before is heard first
    quiet = [peer.step() for _ in range(200)]
    assert all(70 < rms(frame) < 140 for frame in quiet)
    louder = [peer.step(bytes([40, 1, 2, 3]), 13), *(peer.step() for _ in range(20))]
    assert all(240 < rms(frame) < 410 for frame in louder)
    back = [peer.step(LOUD) for _ in range(4)]
    assert [rms(frame) > 7000 for frame in back if frame is not None][-3:] == [True] * 3
    assert (peer.session.stats.lost, peer.session.stats.late, peer.session.comfort.noise) == (0, 0, None)
    assert peer.step(LOUD) is not None
    assert peer.step() is not None
    assert peer.step() is None  # a loss is concealed as ever


def test_a_clock_that_stands_still_during_silence_is_understood() -> None:
    peer = Peer()
    for _ in range(10):
        peer.step(LOUD)
    peer.step(bytes([60]), 13)
    for _ in range(100):
        peer.step()
    frames = [peer.step(LOUD, at=12 + n) for n in range(5)]
    assert sum(frame is not None and rms(frame) > 7000 for frame in frames) >= 4
    assert peer.session.stats.late == 0


def test_what_was_overtaken_begins_nothing() -> None:
    comfort = Comfort()
    comfort.describe(b"\x28", 160, 320)
    assert comfort.noise is None
    comfort.describe(b"", 480, 320)
    assert comfort.noise is not None
    assert not comfort.speaks(320)
    assert comfort.speaks(0x80000000)
    assert comfort.noise is None


@pytest.mark.parametrize("payload", [b"", b"\xff", bytes(300)])
def test_any_payload_is_noise(payload: bytes) -> None:
    peer = Peer()
    peer.step(LOUD)
    peer.step(payload, 13)
    assert len(peer.step() or b"") == FRAME_SAMPLES


def test_a_hold_ends_it() -> None:
    peer = Peer()
    peer.step(bytes([40]), 13)
    assert peer.session.comfort.noise is not None
    peer.session.configure(PEER, "PCMA", 8, 101, "sendonly")
    assert peer.session.comfort.noise is None


def test_our_own_silence_may_be_noise() -> None:
    noisy = Session(1, 1, 1, quiet_dbov=-60)
    noisy.configure(PEER, "PCMA", 8, 101, "sendrecv")
    sent = [noisy.give() for _ in range(100)]
    pcm = g711.decode(b"".join(packet[12:] for packet in sent if packet), "PCMA").astype(float)
    assert 20 < np.sqrt(np.mean(pcm**2)) < 50
    noisy.playout.play(LOUD, "")
    packet = noisy.give()
    assert packet is not None
    assert packet[12:] == LOUD
    assert session().give()[12:] == g711.SILENCE["PCMA"] * FRAME_SAMPLES  # type: ignore[index]
