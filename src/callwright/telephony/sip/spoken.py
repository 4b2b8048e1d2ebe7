"""Which codecs a line offers: those it was opened for that this machine can speak."""

from __future__ import annotations

import functools
import logging

from callwright.errors import LineError
from callwright.telephony.port import WireCodec
from callwright.telephony.sip.leg import MediaEngine

__all__ = ["spoken"]

log = logging.getLogger(__name__)


def spoken(engine: MediaEngine, codecs: tuple[WireCodec, ...]) -> tuple[WireCodec, ...]:
    """Those of `codecs` that this machine can speak; what is missing is said in the log. Raises LineError when none is left."""
    lacking = {codec: reason for codec in codecs if (reason := engine.lacks(codec))}
    for codec, reason in lacking.items():
        _not_offered(codec, reason)
    left = tuple(codec for codec in codecs if codec not in lacking)
    if not left:
        raise LineError("no codec is left to speak: " + ("; ".join(lacking.values()) or "name at least one"))
    return left


@functools.cache
def _not_offered(codec: WireCodec, reason: str) -> None:
    """Said once, not at every call."""
    log.warning("sip: %s is not offered: %s", codec, reason)
