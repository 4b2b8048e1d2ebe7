"""What talking to a draft shows, by keyboard as by microphone. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from callwright.dialogue.values import Do, Transfer
from callwright.script.model import Script

__all__ = ["DECISIONS", "act_line", "values_of"]

DECISIONS = frozenset({
    "understood", "global", "kb", "taken", "counted", "slot", "next", "branch", "ab", "limit", "carried", "passed_over", "ignored", "learn",
    "entered", "did", "transfer", "end", "score",
})  # fmt: skip
"""Kinds of entries that explain to an author why the robot does what it does."""


def values_of(script: Script, given: Mapping[str, str]) -> dict[str, str]:
    """Values of the script's `vars`: those left out take their example, or their own name."""
    return {**{name: var.example or name for name, var in script.vars.items()}, **given}


def act_line(act: Do | Transfer) -> tuple[str, str]:
    """An action or a transfer, as its kind and one line."""
    if isinstance(act, Transfer):
        return "transfer", f"{act.group}, {act.wait_s} s"
    return act.kind, _shown(act.arg)


def _shown(arg: Any) -> str:
    if isinstance(arg, Mapping):
        return ", ".join(f"{key}: {value}" for key, value in arg.items())
    return "" if arg is None else str(arg)
