"""Texts with variables as fragments: what can be recorded once (`您好`), and the values between that differ from call to call (`{name}`).

Shared by the script (what is to be recorded) and the mouth (what is played). The fragments of a wording whose `audio` is `opening.wav` are
`opening.1.wav`, `opening.2.wav` and so on, in order; a stretch without letters or figures is none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

__all__ = ["Fragment", "fragment_file", "fragments", "has_values", "pause_ms", "values"]

_PLACEHOLDER = re.compile(r"\{[ \t]*([\w.-]+)[ \t]*\}")
_SPOKEN = re.compile(r"[^\W_]")
_EDGES = re.compile(r"^([\W_]*)(.*?)([\W_]*)$", re.DOTALL)
_PAUSES = (
    (re.compile(r"[。！？!?…]|\.(?=\s|$)|\n"), 250),
    (re.compile(r"[；;：:]"), 180),
    (re.compile(r"[，,—]"), 150),
    (re.compile(r"、"), 80),
)
_WORDS_MS = 20


@dataclass(frozen=True, slots=True)
class Fragment:
    """text: what is said, with the punctuation around it; number: of the recording, from 1 (0: a value, or punctuation); name: of the
    variable ("" for what is no value)."""

    text: str
    number: int = 0
    name: str = ""

    @property
    def spoken(self) -> str:
        """What the speaker reads: without punctuation in front, with that at the end (it makes the melody)."""
        return _EDGES.sub(r"\2\3", self.text).strip()


def has_values(template: str) -> bool:
    """Whether a text changes from call to call."""
    return _PLACEHOLDER.search(template) is not None


def fragments(template: str) -> tuple[Fragment, ...]:
    """A text cut at its variables, in order. Stretches of punctuation alone stay with number 0 and no name: they make pauses."""
    found: list[Fragment] = []
    number = 0
    for index, part in enumerate(_PLACEHOLDER.split(template.strip())):
        if index % 2:
            found.append(Fragment("", 0, part))
        elif _SPOKEN.search(part):
            number += 1
            found.append(Fragment(part, number))
        elif part.strip():
            found.append(Fragment(part))
    return tuple(found)


def fragment_file(audio: str, number: int) -> str:
    """`prompts/opening.wav`, 2 -> `prompts/opening.2.wav`."""
    path = PurePosixPath(audio)
    return str(path.with_name(f"{path.stem}.{number}{path.suffix}"))


def values(template: str, text: str) -> dict[int, str] | None:
    """What each variable became in `text`, by its place in `fragments(template)`; None when the text was not made from this template.

    Where a value holds words of the template, another cut may fit too; read aloud, both are the same text."""
    parts = fragments(template)
    split = _PLACEHOLDER.split(template.strip())
    pattern = ["(.*?)" if index % 2 else _literal(part) for index, part in enumerate(split)]
    at = [place for place, part in enumerate(parts) if part.name]
    match = re.fullmatch("".join(pattern), text.strip(), re.DOTALL)
    if match is None:
        return None
    return {place: match[group].strip() for group, place in enumerate(at, 1)}


def _literal(part: str) -> str:
    """As a pattern; blanks count for nothing (at the ends of a text they were taken away)."""
    return r"\s*".join(re.escape(word) for word in re.split(r"\s+", part))


def pause_ms(between: str) -> int:
    """How long one is silent at this punctuation; hardly at all between words."""
    return next((ms for pattern, ms in _PAUSES if pattern.search(between)), _WORDS_MS)
