"""A bridge: two streams joined in the tick, each hears what the other says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from callwright.errors import LineError
from callwright.telephony.port import Codec
from callwright.telephony.rtp import g711

if TYPE_CHECKING:
    from callwright.telephony.rtp.stream import RtpStream

__all__ = ["bridge", "said_by", "unbridge"]


def bridge(a: RtpStream, b: RtpStream) -> None:
    """Join two legs in the tick: from now on each hears what the other says (PCMU/PCMA translated, keys passed on), until one closes
    or `unbridge`. What is queued with `play` is heard instead of the other side while it lasts. Frames are still delivered, recordings
    go on: left what the callee says, right what the callee hears. Raises LineError when one is closed, already bridged, a supervisor, or
    both are one.
    """
    supervising = any(one.mix is not None and one.mix.supervisor is one for one in (a, b))
    if a is b or a.closed or b.closed or a.bridged or b.bridged or supervising:
        raise LineError("media: a bridge needs two different open streams that are in no other bridge")
    a.bridged, b.bridged = b, a
    a.by_itself()
    b.by_itself()


def unbridge(stream: RtpStream) -> None:
    """Part the two sides again; nothing happens when there is no bridge."""
    other, stream.bridged = stream.bridged, None
    if other is not None:
        other.bridged = None


def said_by(other: RtpStream, codec: Codec) -> bytes:
    """What the other side was heard to say in this tick, as `codec`. In the tick thread."""
    if other.heard is None:
        return g711.encode(other.heard_pcm, codec)
    if other.heard_codec == codec:
        return other.heard
    return other.heard.translate(g711.TRANSCODE[other.heard_codec, codec])
