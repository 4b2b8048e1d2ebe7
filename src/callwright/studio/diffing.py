"""What differs between two texts of a script: line by line, and part by part (nodes, knowledge, rules, ...). Pure."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from callwright.errors import ScriptError
from callwright.script.dialect import SCRIPT_FILE
from callwright.yaml_file import read

__all__ = ["Difference", "Line", "PartChange", "compare"]

_CONTEXT = 3
_LONGEST = 4000  # lines of an answer


@dataclass(frozen=True, slots=True)
class Line:
    """One line. kind: `same`, `added`, `removed`, or `gap` (lines that are the same were left out); old, new: numbers, 0 = not there."""

    kind: Literal["same", "added", "removed", "gap"]
    text: str
    old: int = 0
    new: int = 0


@dataclass(frozen=True, slots=True)
class PartChange:
    """A part of the script. part: its field path, with ids for numbers (`flow.nodes.opening`, `kb.price`, `limits`); fields: what in it
    changed, of a part that is in both."""

    part: str
    kind: Literal["added", "removed", "changed"]
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Difference:
    """lines: as in a unified diff; parts: None = one of the texts cannot be read, so only lines are compared."""

    lines: tuple[Line, ...]
    added: int
    removed: int
    parts: tuple[PartChange, ...] | None
    whole: bool = True


def compare(old: str, new: str) -> Difference:
    """What changed from `old` to `new`."""
    before, after = old.splitlines(), new.splitlines()
    lines = tuple(_lines(before, after))
    added, removed = (sum(line.kind == kind for line in lines) for kind in ("added", "removed"))
    one, other = _value(old), _value(new)
    parts = None if one is None or other is None else tuple(_parts(_flat(one), _flat(other)))
    return Difference(lines[:_LONGEST], added, removed, parts, len(lines) <= _LONGEST)


def _lines(before: list[str], after: list[str]) -> Iterator[Line]:
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=len(before) + len(after) > 20_000)
    at = 0
    for group in matcher.get_grouped_opcodes(_CONTEXT):
        if group[0][1] > at:
            yield Line("gap", "")
        for kind, a, b, c, d in group:
            if kind == "equal":
                for n in range(b - a):
                    yield Line("same", before[a + n], a + n + 1, c + n + 1)
            else:
                for n in range(a, b):
                    yield Line("removed", before[n], n + 1, 0)
                for n in range(c, d):
                    yield Line("added", after[n], 0, n + 1)
        at = group[-1][2]
    if 0 < at < len(before):
        yield Line("gap", "")


def _value(text: str) -> Mapping[str, Any] | None:
    if not text.strip():
        return {}
    try:
        value = read(text, "", SCRIPT_FILE).value
    except ScriptError:
        return None
    return value if isinstance(value, dict) else None


def _flat(script: Mapping[str, Any]) -> dict[str, Any]:
    """Parts by name: nodes, entries, rules and tests each, every other block whole."""
    found: dict[str, Any] = {}
    for block, value in script.items():
        if block == "flow" and isinstance(value, dict):
            found |= {f"flow.{key}": inner for key, inner in value.items() if key != "nodes"}
            nodes = value.get("nodes")
            if isinstance(nodes, dict):
                found |= {f"flow.nodes.{name}": node for name, node in nodes.items()}
        elif block in ("vars", "slots", "intents") and isinstance(value, dict):
            found |= {f"{block}.{name}": inner for name, inner in value.items()}
        elif block in ("kb", "globals", "tests") and isinstance(value, list):
            for n, item in enumerate(value):
                name = item.get("name" if block == "tests" else "id", n) if isinstance(item, dict) else n
                found.setdefault(f"{block}.{name}", item)
        else:
            found[block] = value
    return found


def _parts(old: dict[str, Any], new: dict[str, Any]) -> Iterator[PartChange]:
    for name, value in new.items():
        if name not in old:
            yield PartChange(name, "added")
        elif old[name] != value:
            yield PartChange(name, "changed", tuple(_fields(old[name], value)))
    for name in old:
        if name not in new:
            yield PartChange(name, "removed")


def _fields(old: Any, new: Any) -> Iterator[str]:
    if not isinstance(old, dict) or not isinstance(new, dict):
        return
    for key in [*new, *(key for key in old if key not in new)]:
        if old.get(key, None) != new.get(key, None) or (key in old) != (key in new):
            yield str(key)
