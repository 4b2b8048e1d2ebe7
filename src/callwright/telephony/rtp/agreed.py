"""What signalling may ask of a stream, checked before anything changes, and what each payload type then stands for."""

from __future__ import annotations

import ipaddress
from typing import Literal, get_args

from callwright.errors import WireError
from callwright.telephony.port import Codec, WireCodec
from callwright.telephony.wire_audio import WireAudio, inner_law

__all__ = ["Direction", "Kind", "checked", "kinds"]

Direction = Literal["sendrecv", "sendonly", "recvonly", "inactive"]
Kind = Literal["PCMU", "PCMA", "wire", "event", "comfort"]
Address = tuple[str, int]

_COMFORT_NOISE = 13
_STATIC: dict[int, WireCodec] = {0: "PCMU", 8: "PCMA", 9: "G722"}


def checked(
    remote: Address, codec: Codec, payload_type: int, event_payload_type: int | None, direction: str, wire: WireAudio
) -> Address:
    """The peer's address, normalised. Raises WireError for what no peer can have meant."""
    host, port = remote
    try:
        ip = str(ipaddress.ip_address(host))
    except ValueError as error:
        raise WireError(f"media: the peer's address {host!r} is no IP address (resolve names before)") from error
    if not 0 <= port <= 65535:
        raise WireError(f"media: the peer's port {port} is not 0..65535")
    if codec not in get_args(Codec):
        raise WireError(f"media: codec {codec!r} is not one of {', '.join(get_args(Codec))}")
    if direction not in get_args(Direction):
        raise WireError(f"media: direction {direction!r} is not one of {', '.join(get_args(Direction))}")
    if wire.codec not in get_args(WireCodec) or inner_law(wire.codec) != codec:
        raise WireError(f"media: {wire.codec} is not {codec} inside")
    if not 0 <= payload_type <= 127 or _STATIC.get(payload_type, wire.codec) != wire.codec:
        raise WireError(f"media: payload type {payload_type} cannot carry {wire.codec}")
    if event_payload_type is not None and (not 96 <= event_payload_type <= 127 or event_payload_type == payload_type):
        raise WireError(f"media: telephone-event needs a payload type of its own in 96..127, got {event_payload_type}")
    return ip, port


def kinds(
    codec: Codec, payload_type: int, event_payload_type: int | None, wire: WireAudio, *, decoded: bool
) -> dict[int, Kind]:
    """What each payload type that may come in holds; decoded: the audio is no G.711, it goes through a decoder first."""
    found: dict[int, Kind] = {0: "PCMU", 8: "PCMA", _COMFORT_NOISE: "comfort"}
    if wire.comfort_payload_type is not None:
        found[wire.comfort_payload_type] = "comfort"
    audio: Kind = "wire" if decoded else codec
    own: tuple[tuple[int | None, Kind], ...] = (
        (wire.own_payload_type, audio),
        (wire.own_event_payload_type, "event"),
    )
    found.update({number: kind for number, kind in own if number is not None})
    found[payload_type] = audio
    if event_payload_type is not None:
        found[event_payload_type] = "event"
    return found
