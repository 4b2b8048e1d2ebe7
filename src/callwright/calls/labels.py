"""The mark that a recording holds a synthetic voice, in the file itself (implicit label: 人工智能生成合成内容标识办法, in force 2025-09-01).

A WAV file gets a `LIST INFO` chunk behind its audio (RIFF, Multimedia Programming Interface 1.0): players pass over it.
"""

from __future__ import annotations

import json
import struct
from pathlib import Path

__all__ = ["label_of", "mark"]


def mark(path: Path, content: str) -> bool:
    """Mark a finished WAV file; False: it is none, or it has a mark. content: what names the call at its producer.

    Raises:
        OSError: it cannot be read or written.
    """
    with path.open("r+b") as file:
        head = file.read(12)
        if head[:4] != b"RIFF" or head[8:12] != b"WAVE" or label_of(path) is not None:
            return False
        text = (
            json.dumps({"AIGC": {"Label": "1", "ContentProducer": "callwright", "ProduceID": content}}).encode() + b"\0"
        )
        text += b"\0" * (len(text) % 2)
        entry = b"ICMT" + struct.pack("<I", len(text)) + text
        file.seek(0, 2)
        if file.tell() % 2:
            file.write(b"\0")
        file.write(b"LIST" + struct.pack("<I", 4 + len(entry)) + b"INFO" + entry)
        size = file.tell() - 8
        file.seek(4)
        file.write(struct.pack("<I", size))
    return True


def label_of(path: Path) -> dict[str, str] | None:
    """The mark of a WAV file, None = it has none."""
    data = path.read_bytes()
    at = 12
    while at + 8 <= len(data):
        name, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        body = data[at + 8 : at + 8 + size]
        if name == b"LIST" and body[:8] == b"INFOICMT":
            try:
                found = json.loads(body[12 : 12 + int.from_bytes(body[8:12], "little")].rstrip(b"\0"))
            except ValueError:
                return None
            marks = found.get("AIGC") if isinstance(found, dict) else None
            return marks if isinstance(marks, dict) else None
        at += 8 + size + size % 2
    return None
