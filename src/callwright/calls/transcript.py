"""The transcript of a call, read from its event log. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Line", "as_text", "transcript"]


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence: who (`robot`, `caller`, `agent`, `note`), from when (ms since the call was placed), what, and why it was understood so."""

    who: str
    at_ms: int
    text: str
    note: str = ""


def transcript(events: Iterable[Mapping[str, Any]]) -> list[Line]:
    """Spoken and heard sentences in order, with what was understood beside what was heard."""
    lines: list[Line] = []
    for event in events:
        kind, at_ms = event["kind"], int(event["at_ms"])
        if kind == "prompt":
            played = event.get("played_ms")
            cut = f"cut off after {played} ms" if event.get("cut") else ""
            lines.append(Line("robot", int(event.get("begun_ms", at_ms)), event["text"], cut))
        elif kind == "utterance":
            lines.append(Line("caller", int(event.get("begin_ms", at_ms)), event["text"], ""))
        elif kind == "key":
            lines.append(Line("caller", at_ms, f"[{event['digit']}]"))
        elif kind == "no_input":
            lines.append(Line("note", at_ms, "(silence)"))
        elif kind == "bridged":
            lines.append(Line("note", at_ms, f"(with a person: {event.get('group', '')})"))
        elif kind == "replaced":
            lines.append(Line("note", at_ms, "(handed over: somebody else is on the line)"))
        elif kind == "fault":
            lines.append(Line("note", at_ms, f"({event.get('message', 'fault')})"))
    return sorted(lines, key=lambda line: line.at_ms)


def as_text(lines: Iterable[Line]) -> str:
    """One line a sentence: `00:03.2 robot   Hello ...`."""
    out = []
    for line in lines:
        seconds, ms = divmod(line.at_ms, 1000)
        note = f"   [{line.note}]" if line.note else ""
        out.append(f"{seconds // 60:02d}:{seconds % 60:02d}.{ms // 100} {line.who:<7} {line.text}{note}")
    return "\n".join(out) + "\n"
