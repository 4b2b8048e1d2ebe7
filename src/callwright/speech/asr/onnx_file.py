"""What an ONNX file says about itself, without loading it: the metadata that its exporter wrote. Pure but for reading the file.

ModelProto (onnx.proto3): field 14 `metadata_props` holds entries {1: key, 2: value}; everything else is passed over by its length.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from pathlib import Path

__all__ = ["metadata"]

_METADATA, _GRAPH = 14, 7
_MOST_ENTRY = 1 << 20
_Bytes = bytes | mmap.mmap


def metadata(path: Path) -> dict[str, str]:
    """Keys and values. Raises ValueError: it is no ONNX file, or cut short; OSError: it cannot be read."""
    if path.stat().st_size == 0:
        raise ValueError("is empty")
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        found: dict[str, str] = {}
        graph = False
        for number, begin, end in _fields(data):
            graph |= number == _GRAPH
            if number == _METADATA and end - begin <= _MOST_ENTRY:
                entry = data[begin:end]
                parts = {n: entry[b:e].decode("utf-8", "replace") for n, b, e in _fields(entry)}
                found[parts.get(1, "")] = parts.get(2, "")
    if not graph:
        raise ValueError("holds no network")
    return found


def _fields(data: _Bytes) -> Iterator[tuple[int, int, int]]:
    """(field number, begin, end) of every field that has a length; protobuf wire format."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        number, kind = key >> 3, key & 7
        if kind == 2:
            size, at = _varint(data, at)
            if at + size > len(data):
                raise ValueError("is cut short")
            yield number, at, at + size
            at += size
        elif kind == 0:
            _, at = _varint(data, at)
        elif kind in (1, 5):
            at += 8 if kind == 1 else 4
        else:
            raise ValueError("is no ONNX file")


def _varint(data: _Bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(data):
            raise ValueError("is cut short")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise ValueError("is no ONNX file")
