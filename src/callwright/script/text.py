"""Texts with placeholders: `{name}` inserts a var or a filled slot. Pure; used for prompts, expectations and checks."""

from __future__ import annotations

import re
from collections.abc import Mapping

__all__ = ["placeholders", "render", "sentences", "stray_braces"]

_PLACEHOLDER = re.compile(r"\{[ \t]*([\w.-]+)[ \t]*\}")
_CLOSERS = "”’」』）)\"'"
_BOUNDARY = re.compile(rf"(?:[。！？；!?]+|\.+(?=[\s{re.escape(_CLOSERS)}]|$)|\n)[{re.escape(_CLOSERS)}]*")
_ABBREVIATION = re.compile(r"(?:^|\W)(?:mr|mrs|ms|dr|st|no|vs|prof|e\.g|i\.e|a\.m|p\.m|[a-z])$", re.IGNORECASE)


def placeholders(template: str) -> tuple[str, ...]:
    """The names in `{...}`, each once, in order of first use."""
    return tuple(dict.fromkeys(_PLACEHOLDER.findall(template)))


def render(template: str, values: Mapping[str, object]) -> str:
    """`template` with every placeholder replaced by its value as text.

    Raises KeyError (the name) for a placeholder without a value: a sentence with a hole is never spoken.
    """
    return _PLACEHOLDER.sub(lambda match: str(values[match.group(1)]), template)


def stray_braces(template: str) -> bool:
    """True when a brace stands outside a well-formed `{name}`."""
    rest = _PLACEHOLDER.sub("", template)
    return "{" in rest or "}" in rest


def sentences(text: str) -> tuple[str, ...]:
    """`text` cut after 。！？；.!? and at line ends, punctuation kept, blanks trimmed, empty pieces dropped.

    A full stop ends a sentence only before a blank or at the end (2.5 stays whole), and not after an initial or a common abbreviation.
    """
    pieces: list[str] = []
    begin = 0
    for match in _BOUNDARY.finditer(text):
        at_end = not text[match.end() :].strip()
        if match.group().startswith(".") and not at_end and _ABBREVIATION.search(text[begin : match.start()]):
            continue
        pieces.append(text[begin : match.end()].strip())
        begin = match.end()
    pieces.append(text[begin:].strip())
    return tuple(piece for piece in pieces if piece)
