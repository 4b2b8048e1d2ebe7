"""Codecs of the wire beside G.711: what this machine can speak."""

from __future__ import annotations

from callwright.telephony.port import WireCodec

__all__ = ["lacks"]


def lacks(codec: WireCodec) -> str:
    """Why `codec` cannot be spoken; "" = it can."""
    return "" if codec in ("PCMU", "PCMA") else "not built yet"
