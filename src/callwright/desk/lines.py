"""Lines of an event log as a watcher of one call is shown them: the transcript as it is spoken, and why the robot does what it does. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["KINDS", "shown"]

KINDS = ("robot", "caller", "state", "why", "slot", "fault")
"""robot, caller: what is said (`final` = it will not change any more); state: where the call stands; why: a decision; slot: something was found
out; fault: something of ours failed."""

_STATES = frozenset(
    {
        "placed", "came_in", "ringing", "connected", "transfer", "bridged", "nobody_came", "given_back", "takeover", "accepted", "replaced",
        "supervising", "supervised", "released", "ended", "no_input", "greeting", "given_up", "hung_up",
    }
)  # fmt: skip
_WHY = frozenset(
    {
        "entered", "next", "branch", "ab", "global", "kb", "taken", "ignored", "passed_over", "limit", "disclosed", "did", "end", "skipped",
        "returned", "carried", "interrupted", "late_opt_out",
    }
)  # fmt: skip
_HIDDEN = frozenset({"n", "at_ms", "kind", "call_id", "number", "called", "decision", "trace"})
_LONGEST = 400


def shown(line: Mapping[str, Any]) -> dict[str, Any] | None:
    """`{at_ms, kind, what, text, final, data}`, or None: of no interest to people (signalling, media)."""
    kind, at_ms = str(line.get("kind", "")), line.get("at_ms", 0)
    match kind:
        case "partial" | "utterance":
            return _line(line.get("begin_ms", at_ms), "caller", kind, line["text"], final=kind == "utterance")
        case "saying" | "prompt":
            cut = {"cut": True} if line.get("cut") else {}
            return _line(line.get("begun_ms", at_ms), "robot", kind, line["text"], cut, final=kind == "prompt")
        case "key":
            return _line(at_ms, "caller", kind, str(line["digit"]))
        case "slot":
            data = {"slot": line.get("slot"), "value": line.get("value"), "how": line.get("how")}
            return _line(at_ms, "slot", kind, "", data)
        case "fault":
            return _line(at_ms, "fault", kind, str(line.get("message", "")))
    if kind in _STATES:
        return _line(at_ms, "state", kind, "", _data(line))
    if kind in _WHY:
        return _line(at_ms, "why", kind, "", _data(line))
    return None


def _line(
    at_ms: Any, kind: str, what: str, text: str, data: Mapping[str, Any] | None = None, *, final: bool = True
) -> dict[str, Any]:
    shown = {"at_ms": int(at_ms), "kind": kind, "what": what, "text": str(text)[:_LONGEST], "final": final}
    return {**shown, "data": dict(data or {})}


def _data(line: Mapping[str, Any]) -> dict[str, str]:
    return {
        name: str(value)[:_LONGEST]
        for name, value in line.items()
        if name not in _HIDDEN and value not in (None, "", [], {}, False)
    }
