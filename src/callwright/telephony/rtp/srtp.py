"""Encrypted audio of one stream pair (RFC 3711; GCM: RFC 7714), by libsrtp. Sans-IO; keys come from signalling (RFC 4568).

What does not prove to be of the far side is None: forged, altered, replayed, or too long to be audio.
"""

from __future__ import annotations

import pylibsrtp

from callwright.errors import WireError
from callwright.telephony.wire_audio import SrtpKeys, Suite

__all__ = ["Srtp"]

_PROFILES: dict[Suite, int] = {
    "AES_CM_128_HMAC_SHA1_80": pylibsrtp.Policy.SRTP_PROFILE_AES128_CM_SHA1_80,
    "AES_CM_128_HMAC_SHA1_32": pylibsrtp.Policy.SRTP_PROFILE_AES128_CM_SHA1_32,
    "AEAD_AES_128_GCM": pylibsrtp.Policy.SRTP_PROFILE_AEAD_AES_128_GCM,
    "AEAD_AES_256_GCM": pylibsrtp.Policy.SRTP_PROFILE_AEAD_AES_256_GCM,
}
_RTP_TAG: dict[Suite, int] = {"AES_CM_128_HMAC_SHA1_80": 10, "AES_CM_128_HMAC_SHA1_32": 4}
_RTCP_TAG: dict[Suite, int] = {"AES_CM_128_HMAC_SHA1_80": 10, "AES_CM_128_HMAC_SHA1_32": 10}
_GCM_TAG = 0  # with GCM the identifier stands last
_WINDOW = 128  # packets out of order that are still told from replays
_LONGEST = 1500  # what libsrtp's wrapper takes


class Srtp:
    """Both directions. Not thread-safe: the owner serialises calls."""

    def __init__(self, keys: SrtpKeys) -> None:
        """Raises WireError when libsrtp does not take the keys."""
        self._keys = keys
        self._out = _context(keys.suite, keys.ours, pylibsrtp.Policy.SSRC_ANY_OUTBOUND)
        self._in = _Inbound(keys)
        self._before: _Inbound | None = None

    def rekey(self, keys: SrtpKeys) -> None:
        """New keys of a re-INVITE; a direction whose key stays goes on as it was. Packets under the former key of the far side are
        taken until the first under the new one."""
        before, self._keys = self._keys, keys
        if (before.suite, before.ours) != (keys.suite, keys.ours):
            self._out = _context(keys.suite, keys.ours, pylibsrtp.Policy.SSRC_ANY_OUTBOUND)
        if (before.suite, before.theirs, before.their_mki) != (keys.suite, keys.theirs, keys.their_mki):
            self._before, self._in = self._in, _Inbound(keys)

    def protect(self, packet: bytes) -> bytes:
        """An RTP packet of ours, encrypted. Raises pylibsrtp.Error when its number was used before under this key."""
        protected: bytes = self._out.protect(packet)
        return protected

    def protect_rtcp(self, packet: bytes) -> bytes:
        """An RTCP packet of ours, encrypted."""
        protected: bytes = self._out.protect_rtcp(packet)
        return protected

    def unprotect(self, datagram: bytes) -> bytes | None:
        """The RTP packet of the far side in it."""
        packet = self._in.unprotect(datagram)
        if packet is not None:
            self._before = None
            return packet
        return self._before.unprotect(datagram) if self._before is not None else None

    def unprotect_rtcp(self, datagram: bytes) -> bytes | None:
        """The RTCP packet of the far side in it."""
        packet = self._in.unprotect_rtcp(datagram)
        if packet is None and self._before is not None:
            return self._before.unprotect_rtcp(datagram)
        return packet


class _Inbound:
    """What the far side sends under one key."""

    def __init__(self, keys: SrtpKeys) -> None:
        self._context = _context(keys.suite, keys.theirs, pylibsrtp.Policy.SSRC_ANY_INBOUND)
        self._mki = keys.their_mki
        self._tag = _RTP_TAG.get(keys.suite, _GCM_TAG)
        self._rtcp_tag = _RTCP_TAG.get(keys.suite, _GCM_TAG)

    def unprotect(self, datagram: bytes) -> bytes | None:
        if (plain := self._without_mki(datagram, self._tag)) is None:
            return None
        try:
            packet: bytes = self._context.unprotect(plain)
        except pylibsrtp.Error:
            return None
        return packet

    def unprotect_rtcp(self, datagram: bytes) -> bytes | None:
        if (plain := self._without_mki(datagram, self._rtcp_tag)) is None:
            return None
        try:
            packet: bytes = self._context.unprotect_rtcp(plain)
        except pylibsrtp.Error:
            return None
        return packet

    def _without_mki(self, datagram: bytes, tag: int) -> bytes | None:
        """The key identifier stands before the tag and is not part of what is proved (RFC 3711 section 3.1)."""
        if len(datagram) > _LONGEST or len(datagram) < 8:
            return None
        if not self._mki:
            return datagram
        end = len(datagram) - tag
        start = end - len(self._mki)
        if start < 8 or datagram[start:end] != self._mki:
            return None
        return datagram[:start] + datagram[end:]


def _context(suite: Suite, key: bytes, which: int) -> pylibsrtp.Session:
    try:
        policy = pylibsrtp.Policy(key=key, ssrc_type=which, srtp_profile=_PROFILES[suite])
        policy.window_size = _WINDOW
        return pylibsrtp.Session(policy)
    except (pylibsrtp.Error, ValueError) as error:
        raise WireError(f"media: libsrtp does not take the keys of {suite}: {error}") from error
