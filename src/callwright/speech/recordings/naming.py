"""Which of the files that came is which recording: by name, whatever its ending or case. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from callwright.speech.recordings.reading import SUFFIXES

__all__ = ["Matched", "match"]


@dataclass(frozen=True, slots=True)
class Matched:
    """found: for each recording the files of its name (more than one = nobody knows which is meant); extra: files that nothing asks for."""

    found: Mapping[str, tuple[str, ...]]
    extra: tuple[str, ...]


def match(wanted: Iterable[str], names: Sequence[str]) -> Matched:
    """Each recording's file has its name, in the same sub-folder or at the top (unless another recording is called so there). names: relative,
    with `/`."""
    by_key: dict[str, list[str]] = {}
    for name in names:
        by_key.setdefault(_key(name), []).append(name)
    found: dict[str, tuple[str, ...]] = {}
    asked = {file: _key(file) for file in wanted}
    taken = set(asked.values())
    for file, key in asked.items():
        flat = _key(PurePosixPath(file).name)
        there = by_key.get(key) or (by_key.get(flat) if flat not in taken else None)
        if there:
            found[file] = tuple(there)
    used = {name for there in found.values() for name in there}
    return Matched(found, tuple(name for name in names if name not in used))


def _key(name: str) -> str:
    pure = PurePosixPath(unicodedata.normalize("NFC", name).casefold())
    return str(pure.with_suffix("")) if pure.suffix in SUFFIXES else str(pure)
