"""How a script/1 file is read: its name in messages, the words for its patterns, keys that authors mix up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from callwright.errors import Place, Problem, ScriptError
from callwright.script.model import SCRIPT_FORMAT, Script
from callwright.yaml_file import Kind
from callwright.yaml_problems import Dialect, did_you_mean, follow

__all__ = ["SCRIPT_DIALECT", "SCRIPT_FILE"]

NEXT_KEYS = (
    "affirm", "deny", "refuse", "any", "silence", "unrecognised", "interrupted", "filled", "refused", "failed", "ok", "error",
    "intent.<id>", "dtmf.<digit>",
)  # fmt: skip
_CONFUSED = {
    "on": "next", "text": "say", "prompt": "say", "goto": "next", "transitions": "next", "keywords": "phrases",
    "words": "phrases", "patterns": "regex", "answer": "answers", "question": "ask", "variables": "vars", "rules": "globals",
}  # fmt: skip
_PATTERNS = {
    r"^[\w.-]+$": "may hold only letters, digits, `_`, `-` and `.`",
    r"^([01]\d|2[0-3]):[0-5]\d$": 'must be a time in quotes, like "09:00"',
    r"^\d{4}-\d{2}-\d{2}$": 'must be a date in quotes, like "2027-03-01"',
    r"^[A-F]$": "must be one letter, A to F",
}


def _wrong_branch(loc: Sequence[int | str], value: Any) -> bool:
    """A `next` value is a node id or a mapping; of the two readings pydantic reports, keep the one the author meant."""
    if len(loc) < 6 or loc[:2] != ("flow", "nodes") or loc[3] != "next" or loc[5] == "[key]":
        return False
    written = follow(loc[:5], value)[1]
    return isinstance(written, dict) != (loc[5] == "NextStep")


def _next_key(key: str, path: str, place: Place) -> Problem | None:
    if ".next." not in path:
        return None
    hint = did_you_mean(key, NEXT_KEYS) or f"Known: {', '.join(NEXT_KEYS)}."
    return Problem("unknown-key", f"`{key}` is not a key of `next`", place, hint)


SCRIPT_FILE = Kind(
    ScriptError,
    "script",
    SCRIPT_FORMAT,
    "Start from `callwright script new NAME`.",
    "Split it, or shorten the phrase lists.",
)
SCRIPT_DIALECT = Dialect(
    Script,
    "the script",
    "See docs/reference/script-1.md.",
    _PATTERNS,
    _CONFUSED,
    wrong_branch=_wrong_branch,
    key_problem=_next_key,
)
