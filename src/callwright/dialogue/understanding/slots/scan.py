"""One scanner for both languages: word-group patterns -> neighbouring pieces -> whole time expressions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from .moments import Piece, When, merge

__all__ = ["Build", "Grammar", "expressions"]

Build = Callable[[re.Match[str]], Piece | None]


@dataclass(frozen=True, slots=True)
class Grammar:
    """rules: tried in order at every place, the longest match wins; linker: what may stand between pieces of one expression;
    connector: between the two ends of a range."""

    rules: Sequence[tuple[re.Pattern[str], Build]]
    linker: re.Pattern[str]
    connector: re.Pattern[str]


def _pieces(text: str, grammar: Grammar) -> list[Piece]:
    found: list[Piece] = []
    for pattern, build in grammar.rules:
        for match in pattern.finditer(text):
            piece = build(match)
            if piece:
                found.append(piece)
    chosen: list[Piece] = []
    for piece in sorted(found, key=lambda p: (p.start - p.end, p.start)):
        if all(piece.end <= c.start or piece.start >= c.end for c in chosen):
            chosen.append(piece)
    return sorted(chosen, key=lambda p: p.start)


def _says(piece: Piece) -> bool:
    return bool(piece.day or piece.part or piece.clock or piece.offset is not None)


def _groups(text: str, grammar: Grammar) -> Iterator[Piece]:
    current: Piece | None = None
    for piece in _pieces(text, grammar):
        if current and grammar.linker.fullmatch(text[current.end : piece.start]) and (joined := merge(current, piece)):
            current = joined
            continue
        if current:
            yield current
        current = piece
    if current:
        yield current


def expressions(text: str, grammar: Grammar) -> list[When]:
    """Time expressions in order, ranges joined. A group that only says "about" or "before" is none."""
    found: list[When] = []
    for piece in _groups(text, grammar):
        if not _says(piece):
            continue
        last = found[-1] if found else None
        if (
            last
            and last.last is None
            and grammar.connector.fullmatch(text[last.first.end : piece.start])
            and _ends(last.first, piece)
        ):
            first = last.first if last.first.day or not piece.clock else replace(last.first, day=piece.day)
            found[-1] = When(first, replace(piece, day=None) if piece.clock else piece)
        else:
            found.append(When(piece))
    return found


def _ends(first: Piece, last: Piece) -> bool:
    """Clock to clock (on one day, which may be named at either end), or day to day."""
    if first.clock and last.clock:
        return last.day is None or first.day is None
    return bool(first.day and last.day and not first.clock and not last.clock)
