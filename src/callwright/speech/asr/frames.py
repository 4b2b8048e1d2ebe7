"""How the recogniser and its worker processes talk: length-prefixed messages over pipes.

message = kind (1 byte), stream id (uint32), length (uint32), body. Body: JSON for OPEN, EXPECT, HEARD, FAILED,
NOTE; int16 PCM for AUDIO; else empty.
"""

from __future__ import annotations

import enum
import json
import struct
from typing import Any

__all__ = ["HEADER", "MAX_BODY", "Kind", "pack", "pack_json", "unpack_header"]

HEADER = struct.Struct(">BII")
MAX_BODY = 16 * 1024 * 1024


class Kind(enum.IntEnum):
    """To the worker: OPEN BEGIN AUDIO END (what was it?) DROP (never mind) EXPECT CLOSE. From the worker: READY PARTIAL FINAL FAILED NOTE."""

    OPEN = 1
    BEGIN = 2
    AUDIO = 3
    END = 4
    EXPECT = 5
    CLOSE = 6
    DROP = 7
    READY = 16
    PARTIAL = 17
    FINAL = 18
    FAILED = 19
    NOTE = 20


def pack(kind: Kind, stream: int, body: bytes = b"") -> bytes:
    return HEADER.pack(kind, stream, len(body)) + body


def pack_json(kind: Kind, stream: int, value: Any) -> bytes:
    return pack(kind, stream, json.dumps(value, ensure_ascii=False).encode())


def unpack_header(header: bytes) -> tuple[Kind, int, int]:
    """Raises ValueError on an unknown kind or an impossible length."""
    kind, stream, length = HEADER.unpack(header)
    if length > MAX_BODY:
        raise ValueError(f"a message of {length} bytes is longer than {MAX_BODY}")
    return Kind(kind), stream, length
