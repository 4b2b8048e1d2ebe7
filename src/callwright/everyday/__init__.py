"""What people say on the telephone whatever the script: some thousand sentences per language, by what they mean.

The recogniser mixes them into every script's language model; understanding takes them as examples of what a script's own phrases mean
(`dialogue.understanding.everyday`). How they were written: docs/explanation/recognition.md.
"""

from __future__ import annotations

import hashlib
import itertools
import math
import re
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Literal, NamedTuple

__all__ = ["VALUES", "Sentence", "digest", "everyday", "examples", "expand", "learned_file"]

VALUES = frozenset({"child_age", "when", "new_time", "score", "number"})
"""Sections of answers that are values: a number, a day, a time."""
_CLASS = re.compile(r"\{(\w+)\}")
_EXAMPLES = 3  # of a pattern


class Sentence(NamedTuple):
    """One sentence. weight: 1, or the share of a pattern's expansion; pattern: the line it comes from; common: said often."""

    section: str
    text: str
    weight: float
    pattern: str
    common: bool = True


@cache
def everyday(language: Literal["zh", "en"]) -> tuple[Sentence, ...]:
    """Every sentence, in file order. A pattern shares one sentence's weight (times the cube root of its size) among all its expansions."""
    return expand(_text(language))


@cache
def examples(language: Literal["zh", "en"]) -> tuple[tuple[str, str], ...]:
    """(section, sentence), of each pattern a few expansions evenly apart: what a classifier learns from."""
    found: list[tuple[str, str]] = []
    for (_, pattern), group in itertools.groupby(everyday(language), key=lambda one: (one.section, one.pattern)):
        lines = list(group)
        step = max(1, math.ceil(len(lines) / _EXAMPLES)) if "{" in pattern else 1
        found += [(one.section, one.text) for one in lines[::step]]
    return tuple(found)


def digest(language: Literal["zh", "en"]) -> str:
    """SHA-256 of the pack: what was learned from it must name it."""
    return hashlib.sha256(_text(language).encode()).hexdigest()


def learned_file(language: Literal["zh", "en"]) -> Path:
    """Where the classifier learned from the pack lies (made by `python -m callwright.dialogue.understanding.everyday`)."""
    return Path(str(files(__package__).joinpath(f"{language}.npz")))


def expand(text: str) -> tuple[Sentence, ...]:
    """Read a pack. Raises ValueError on a sentence before the first section or an unknown class."""
    classes: dict[str, tuple[str, ...]] = {}
    section, common = "", True
    found: dict[str, Sentence] = {}
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        if line.startswith("[") and line.endswith("]"):
            section = line[1:-1]
            common = True
        elif line == "--":
            common = False
        elif "=" in line:
            name, members = line.split("=", 1)
            classes[name.strip()] = tuple(m.strip() for m in members.split("|"))
        elif not section:
            raise ValueError(f"line {number}: a sentence stands before the first [section]")
        else:
            sentences = _sentences(line, classes, number)
            weight = len(sentences) ** (1 / 3) / len(sentences)
            for sentence in sentences:
                found.setdefault(sentence, Sentence(section, sentence, weight, line, common))
    return tuple(found.values())


@cache
def _text(language: str) -> str:
    return files(__package__).joinpath(f"{language}.txt").read_text(encoding="utf-8")


def _sentences(pattern: str, classes: dict[str, tuple[str, ...]], number: int) -> list[str]:
    names = _CLASS.findall(pattern)
    unknown = [name for name in names if name not in classes]
    if unknown:
        raise ValueError(f"line {number}: unknown class {unknown[0]!r}")
    parts = _CLASS.split(pattern)[::2]
    return [
        "".join(itertools.chain.from_iterable(itertools.zip_longest(parts, members, fillvalue="")))
        for members in itertools.product(*(classes[name] for name in names))
    ]
