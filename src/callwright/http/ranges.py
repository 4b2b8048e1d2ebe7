"""Parts of a file by the Range header (RFC 9110, 14.2): players ask for them, Safari will not play without."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["Part", "part_of"]

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


@dataclass(frozen=True, slots=True)
class Part:
    """Bytes `first` up to before `end` of `size`. whole: no part was asked for."""

    first: int
    end: int
    size: int
    whole: bool


def part_of(asked: str | None, size: int) -> Part | None:
    """What a Range header asks for (RFC 9110, 14.2); None = it cannot be given (416). One that is no single range of bytes is ignored, as
    the RFC allows."""
    found = _RANGE.fullmatch(asked.strip()) if asked else None
    if found is None or found.groups() == ("", ""):
        return Part(0, size, size, whole=True)
    first, last = found.groups()
    if not first:
        length = min(int(last), size)
        return Part(size - length, size, size, whole=False) if length else None
    end = min(int(last) + 1, size) if last else size
    if int(first) >= size or (last and int(last) < int(first)):
        return None
    return Part(int(first), end, size, whole=False)
