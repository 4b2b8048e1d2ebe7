"""Pieces of recognised text made one. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

__all__ = ["joined", "untagged"]

_TAGS = re.compile(r"<\|[^|>]{0,32}\|>")


def joined(pieces: Iterable[str]) -> str:
    """Texts one after the other; a space where two words in Latin letters or digits meet, none between Chinese characters."""
    text = ""
    for piece in pieces:
        piece = piece.strip()
        if text and piece and _spaced(text[-1]) and _spaced(piece[0]):
            text += " "
        text += piece
    return text


def untagged(text: str) -> str:
    """Without the tags of SenseVoice: language, emotion, event (`<|zh|>`)."""
    return _TAGS.sub("", text)


def _spaced(letter: str) -> bool:
    return not letter.isspace() and (letter.isascii() or (letter.isalpha() and ord(letter) < 0x2E80))
