"""How a call stands, for whoever watches many of them: one small row a call, kept up to date by the lines of its event log. Pure.

    row = begun(call_id, script, number, started_at, direction)
    changed = changes(row, line)          # only what is new; {} = nothing that a watcher sees
    row.update(changed)

ADR 0009: one machine of states for every call, whoever it is with.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Literal, get_args

__all__ = ["RISKS", "STANDINGS", "Row", "Standing", "begun", "changes", "stands"]

Row = dict[str, Any]
"""JSON-ready. call, script, number (masked), direction, began_at; stage: `dialling`, `ringing`, `talking`, `over`; standing: see `Standing`;
answered_ms: since it was placed, None = not yet; node; said: `{who, text, final}` or None; turns; grade, tags; risks: see `RISKS`; group: of
people it waits for or is with, asked_ms, wait_s: since when, how long; person, user: who talks, name and id; listeners: how many supervise it;
disposition."""

Standing = Literal["robot", "paused", "queued", "person", "returned", "ended"]
STANDINGS: tuple[Standing, ...] = get_args(Standing)

RISKS = ("opted_out", "complaint", "asks_robot", "abuse", "minor", "silent", "not_understood", "fault")
"""What makes somebody look at a call: the person wants no calls, complains, asks whether this is a robot, swears, is a child, says
nothing, is not understood, or something of ours failed."""

_ROBOT: Mapping[str, Standing] = MappingProxyType(
    {"paused": "paused", "transfer": "queued", "bridged": "person", "ended": "ended"}
)
_MOVES: Mapping[Standing, Mapping[str, Standing]] = MappingProxyType(
    {
        "robot": _ROBOT,
        "returned": _ROBOT,
        "paused": MappingProxyType({**_ROBOT, "resumed": "robot", "interrupted": "robot", "prompt": "robot"}),
        "queued": MappingProxyType({"bridged": "person", "nobody_came": "robot", "ended": "ended"}),
        "person": MappingProxyType({"given_back": "returned", "ended": "ended"}),
        "ended": MappingProxyType({}),
    }
)
_ROLE_RISKS = {
    "do_not_disturb": "opted_out",
    "complaint": "complaint",
    "ask_robot": "asks_robot",
    "profanity": "abuse",
    "minor": "minor",
}
_SHOWN = 160  # characters of what was said last


def begun(call: str, script: str, number: str, began_at: datetime, direction: str) -> Row:
    """The row of a call that has just begun."""
    return {
        "call": call, "script": script, "number": number, "direction": direction, "began_at": began_at.isoformat(),
        "stage": "dialling", "standing": "robot", "answered_ms": None, "node": "", "said": None, "turns": 0, "grade": "",
        "tags": [], "risks": [], "group": "", "wait_s": None, "asked_ms": None, "person": None, "user": None, "listeners": 0,
        "disposition": "",
    }  # fmt: skip


def stands(now: Standing, kind: str) -> Standing:
    """The state after a line of this kind."""
    return _MOVES[now].get(kind, now)


def changes(row: Mapping[str, Any], line: Mapping[str, Any]) -> Row:
    """What a line of the log (or something said in passing) changes in the row."""
    kind = line["kind"]
    new: Row = {}
    standing = stands(row["standing"], kind)
    if standing != row["standing"]:
        new["standing"] = standing
        if standing not in ("queued", "person"):
            new |= {"group": "", "wait_s": None, "asked_ms": None, "person": None, "user": None}
    _stage(new, kind, line)
    match kind:
        case "partial" | "utterance":
            new["said"] = _said("caller", line["text"], kind == "utterance")
            new["turns"] = row["turns"] + (kind == "utterance")
        case "saying" | "prompt":
            if kind == "saying" or (row["said"] or {}).get("who") == "robot":
                new["said"] = _said("robot", line["text"], kind == "prompt")
        case "entered":
            new["node"] = str(line["node"])
        case "transfer":
            new |= {"group": str(line["group"]), "wait_s": line.get("wait_s"), "asked_ms": line["at_ms"]}
        case "bridged":
            new["group"] = str(line.get("group", ""))
        case "supervising":
            new["listeners"] = row["listeners"] + 1
        case "supervised":
            if line.get("over"):
                new["listeners"] = max(0, row["listeners"] - 1)
        case "ended":
            new |= {"disposition": str(line.get("disposition", "")), "grade": str(line.get("grade") or row["grade"])}
    risk = _risk(kind, line)
    if risk and risk not in row["risks"]:
        new["risks"] = [*row["risks"], risk]
    return {name: value for name, value in new.items() if row.get(name) != value}


def _stage(new: Row, kind: str, line: Mapping[str, Any]) -> None:
    match kind:
        case "ringing":
            new["stage"] = "ringing"
        case "connected":
            new |= {"stage": "talking", "answered_ms": line["at_ms"]}
        case "released" | "ended":
            new["stage"] = "over"


def _said(who: str, text: str, final: bool) -> Row:
    shown = text if len(text) <= _SHOWN else "…" + text[-_SHOWN:]
    return {"who": who, "text": shown, "final": final}


def _risk(kind: str, line: Mapping[str, Any]) -> str:
    match kind:
        case "global" | "late_opt_out":
            return _ROLE_RISKS.get(str(line.get("role") or ""), "")
        case "no_input":
            return "silent"
        case "counted":
            return "not_understood" if line.get("what") == "unrecognised" else ""
        case "fault":
            return "fault"
    return ""
