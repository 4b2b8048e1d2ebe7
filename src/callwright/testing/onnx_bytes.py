"""Small ONNX networks written byte by byte (onnx.proto3, protobuf wire format): only what the toy models of tests need."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["FLOAT", "INT64", "field", "model", "node", "number", "tensor", "value"]

FLOAT, INT64 = 1, 7  # TensorProto.DataType


def model(graph: bytes, facts: dict[str, str]) -> bytes:
    """A ModelProto of this GraphProto, with its metadata."""
    entries = b"".join(field(14, field(1, k.encode()) + field(2, v.encode())) for k, v in facts.items())
    return number(1, 8) + field(7, graph) + field(8, field(1, b"") + number(2, 13)) + entries


def node(operator: str, inputs: list[str], output: str) -> bytes:
    """A NodeProto."""
    return (
        b"".join(field(1, name.encode()) for name in inputs) + field(2, output.encode()) + field(4, operator.encode())
    )


def tensor(name: str, values: npt.NDArray[Any]) -> bytes:
    """A TensorProto: int64 for integers, else float."""
    whole = np.issubdtype(values.dtype, np.integer)
    shape = b"".join(number(1, size) for size in values.shape)
    data = values.astype("<i8" if whole else "<f4").tobytes()
    return shape + number(2, INT64 if whole else FLOAT) + field(8, name.encode()) + field(9, data)


def value(name: str, shape: list[str | int], kind: int = FLOAT) -> bytes:
    """A ValueInfoProto: an input or output; sizes that may vary have names."""
    sizes = (number(1, size) if isinstance(size, int) else field(2, size.encode()) for size in shape)
    typed = number(1, kind) + field(2, b"".join(field(1, size) for size in sizes))
    return field(1, name.encode()) + field(2, field(1, typed))


def field(place: int, body: bytes) -> bytes:
    """A field that has a length."""
    return _varint(place << 3 | 2) + _varint(len(body)) + body


def number(place: int, whole: int) -> bytes:
    """A field that is a number."""
    return _varint(place << 3) + _varint(whole)


def _varint(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])
