"""Everyday telephone answers of each language, mixed (with a low weight) into every script's vocabulary."""

from __future__ import annotations

import itertools
import re
from functools import cache
from importlib.resources import files
from typing import Literal

__all__ = ["everyday", "expand"]

_CLASS = re.compile(r"\{(\w+)\}")


@cache
def everyday(language: Literal["zh", "en"]) -> tuple[tuple[str, str, float], ...]:
    """(section, sentence, weight). A pattern shares one sentence's weight (times the cube root of its size) among all its expansions."""
    return expand(files(__package__).joinpath(f"{language}.txt").read_text(encoding="utf-8"))


def expand(text: str) -> tuple[tuple[str, str, float], ...]:
    """Read a pack. Raises ValueError on a sentence before the first section or an unknown class."""
    classes: dict[str, tuple[str, ...]] = {}
    section = ""
    found: dict[str, tuple[str, str, float]] = {}
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        if line.startswith("[") and line.endswith("]"):
            section = line[1:-1]
        elif "=" in line:
            name, members = line.split("=", 1)
            classes[name.strip()] = tuple(m.strip() for m in members.split("|"))
        elif not section:
            raise ValueError(f"line {number}: a sentence stands before the first [section]")
        else:
            sentences = _sentences(line, classes, number)
            weight = len(sentences) ** (1 / 3) / len(sentences)
            for sentence in sentences:
                found.setdefault(sentence, (section, sentence, weight))
    return tuple(found.values())


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
