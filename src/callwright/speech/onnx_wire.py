"""ONNX files read and written byte by byte (onnx.proto3, protobuf wire format): the constants of a network, and small networks of our own.

Only what is needed here: no package that knows ONNX whole is worth its size for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["FLOAT", "INT64", "constants", "field", "model", "node", "number", "tensor", "value"]

FLOAT, INT64 = 1, 7  # TensorProto.DataType
_VARINT, _EIGHT, _BYTES, _FOUR = 0, 1, 2, 5  # wire types
_WHOLE = 2  # AttributeProto.AttributeType INT


# ------------------------------------------------------------ writing


def model(graph: bytes, facts: dict[str, str]) -> bytes:
    """A ModelProto of this GraphProto, with its metadata."""
    entries = b"".join(field(14, field(1, k.encode()) + field(2, v.encode())) for k, v in facts.items())
    return number(1, 8) + field(7, graph) + field(8, field(1, b"") + number(2, 13)) + entries


def node(operator: str, inputs: list[str], outputs: list[str], **attributes: int) -> bytes:
    """A NodeProto."""
    told = (
        field(5, field(1, name.encode()) + number(3, whole) + number(20, _WHOLE)) for name, whole in attributes.items()
    )
    ends = [*(field(1, name.encode()) for name in inputs), *(field(2, name.encode()) for name in outputs)]
    return b"".join(ends) + field(4, operator.encode()) + b"".join(told)


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
    return _varint(place << 3 | _BYTES) + _varint(len(body)) + body


def number(place: int, whole: int) -> bytes:
    """A field that is a number, not negative."""
    return _varint(place << 3) + _varint(whole)


def _varint(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


# ------------------------------------------------------------ reading


def constants(data: bytes) -> dict[str, npt.NDArray[np.float32]]:
    """The float constants of a ModelProto by the name of what they feed, those of its branches too. Raises ValueError: it is none."""
    found: dict[str, npt.NDArray[np.float32]] = {}
    for place, part in _fields(memoryview(data)):
        if place == 7 and not isinstance(part, int):
            _graph(part, found)
    return found


def _graph(graph: memoryview, found: dict[str, npt.NDArray[np.float32]]) -> None:
    for place, part in _fields(graph):
        if place == 1 and not isinstance(part, int):
            _node(part, found)


def _node(node: memoryview, found: dict[str, npt.NDArray[np.float32]]) -> None:
    parts = [(place, part) for place, part in _fields(node) if not isinstance(part, int)]
    output = next((bytes(part).decode() for place, part in parts if place == 2), "")
    constant = any(place == 4 and bytes(part) == b"Constant" for place, part in parts)
    for attribute in (part for place, part in parts if place == 5):
        for place, part in _fields(attribute):
            if isinstance(part, int):
                continue
            if place == 6:  # a branch
                _graph(part, found)
            elif place == 5 and constant and (values := _floats(part)) is not None:
                found[output] = values


def _floats(tensor: memoryview) -> npt.NDArray[np.float32] | None:
    """None: of another type, or kept in another way."""
    shape: list[int] = []
    kind, raw = 0, None
    for place, part in _fields(tensor):
        if place == 1:
            shape += [part] if isinstance(part, int) else _packed(part)
        elif place == 2 and isinstance(part, int):
            kind = part
        elif place == 9 and not isinstance(part, int):
            raw = part
    return np.frombuffer(raw, "<f4").reshape(shape) if kind == FLOAT and raw is not None else None


def _packed(part: memoryview) -> list[int]:
    at, numbers = 0, list[int]()
    while at < len(part):
        whole, at = _read_varint(part, at)
        numbers.append(whole)
    return numbers


def _fields(message: memoryview) -> Iterator[tuple[int, memoryview | int]]:
    """(place, body or number); numbers of fixed size are passed over."""
    at = 0
    while at < len(message):
        key, at = _read_varint(message, at)
        match key & 7:
            case 0:
                whole, at = _read_varint(message, at)
                yield key >> 3, whole
            case 2:
                size, at = _read_varint(message, at)
                if at + size > len(message):
                    raise ValueError("the file ends within a field")
                yield key >> 3, message[at : at + size]
                at += size
            case 1 | 5 as fixed:
                at += 8 if fixed == _EIGHT else 4
            case _:
                raise ValueError("no protobuf")


def _read_varint(message: memoryview, at: int) -> tuple[int, int]:
    whole = shift = 0
    while True:
        if at >= len(message) or shift > 63:
            raise ValueError("the file ends within a number")
        byte = message[at]
        at += 1
        whole |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return whole, at
