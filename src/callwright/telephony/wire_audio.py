"""What signalling agrees on about audio between us and the far side, and media carries out. Values only.

Inside the product audio is G.711 at 8 kHz in frames of 20 ms whatever is spoken on the wire: `inner_law` says which of the two laws.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from callwright.telephony.port import FRAME_MS, SAMPLE_RATE, Codec, WireCodec

__all__ = ["CLOCK_HZ", "KEY_BYTES", "SrtpKeys", "SrtpPolicy", "Suite", "WireAudio", "inner_law"]

SrtpPolicy = Literal["off", "optional", "required"]
Suite = Literal["AES_CM_128_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_32", "AEAD_AES_128_GCM", "AEAD_AES_256_GCM"]

KEY_BYTES: dict[Suite, int] = {
    "AES_CM_128_HMAC_SHA1_80": 30,
    "AES_CM_128_HMAC_SHA1_32": 30,
    "AEAD_AES_128_GCM": 28,
    "AEAD_AES_256_GCM": 44,
}
"""Master key and salt of a suite (RFC 4568 section 6.2, RFC 7714 section 14.2)."""

CLOCK_HZ: dict[WireCodec, int] = {"PCMU": 8000, "PCMA": 8000, "G722": 8000, "OPUS": 48000}
"""The RTP clock; G.722 samples at 16 kHz but counts 8,000 a second, by an old mistake that stays (RFC 3551 section 4.5.2)."""


def inner_law(codec: WireCodec) -> Codec:
    """The law audio has inside while `codec` is spoken on the wire."""
    return "PCMU" if codec == "PCMU" else "PCMA"


@dataclass(frozen=True, slots=True)
class SrtpKeys:
    """Master keys with their salts, never shown: `ours` protects what we send, `theirs` what they send.

    their_mki: the key identifier the far side puts into every packet (empty: none); we send none.
    """

    suite: Suite
    ours: bytes = field(repr=False)
    theirs: bytes = field(repr=False)
    their_mki: bytes = b""


@dataclass(frozen=True, slots=True)
class WireAudio:
    """How audio travels. ptime_ms: what the far side wants per packet, 20, 40 or 60; event_clock_hz: of telephone-event;
    comfort_payload_type: of comfort noise (RFC 3389), when both sides understand it; fec: the far side wants Opus' in-band FEC;
    max_bitrate: the most it wants of Opus, bit/s, 0 = no wish; srtp: None = not encrypted; own_payload_type, own_event_payload_type:
    numbers of ours under which audio and telephone-event may come as well (None: only those of the far side)."""

    codec: WireCodec
    ptime_ms: int = FRAME_MS
    event_clock_hz: int = SAMPLE_RATE
    comfort_payload_type: int | None = None
    fec: bool = False
    max_bitrate: int = 0
    srtp: SrtpKeys | None = None
    own_payload_type: int | None = None
    own_event_payload_type: int | None = None

    @property
    def clock_hz(self) -> int:
        """The RTP clock of `codec`."""
        return CLOCK_HZ[self.codec]
