"""Talking to a draft by microphone, as values: what the process that talks is asked, and what it tells of a call's event log. Pure.

Each event is a JSON object with `what`:

| what | besides |
|---|---|
| `connected` | |
| `partial`, `caller`, `key`, `silence` | what whoever speaks says: `text`; it changes until `caller` (`early`: taken before it was over) |
| `saying`, `robot` | what the robot says: `text`; when it was heard or cut off (`cut`), with its `source` |
| `decision` | `kind` and `data`: an entry of the dialogue as in the talk by keyboard, or one of recognition and turn-taking |
| `act` | `kind`, `text`: an action or a transfer, which is shown and not done |
| `stand` | where the conversation stands: `node`, `grade`, `grade_title`, `reason`, `slots`, `tags`, `turns` |
| `fault` | `text` |
| `over` | `why`, `end`, `seconds` |
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from callwright.calls.live import Look
from callwright.calls.model import CallRecord
from callwright.dialogue.state import plain
from callwright.settings import Settings
from callwright.studio.showing import DECISIONS

__all__ = ["Rehearsal", "over", "shown", "stand"]

_HEARD = frozenset({"recognised", "greeting", "paused", "resumed", "interrupted"})
"""Kinds of lines that explain how words were heard and how turns were taken."""

_OURS = frozenset({"n", "at_ms", "kind"})
_CARRIED = ("vad", "asr", "voice", "quiet_dbov", "ice")


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What the process that talks is asked: a script's text, a browser's offer (SDP), values of its variables, how long it may last (s).
    speech: those settings that say how to hear and speak; no others leave this process."""

    text: str
    offer: str
    variables: Mapping[str, str]
    seconds: float
    speech: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def with_settings(self, settings: Settings) -> Rehearsal:
        """Heard and spoken as these say."""
        speech = {name: getattr(settings, name) for name in _CARRIED}
        return replace(self, speech=speech | {"models": str(settings.models)})

    @property
    def settings(self) -> Settings:
        """Those of `with_settings`; the others are the usual ones of nothing. No cache: what is said stays in memory."""
        given = {name: self.speech[name] for name in _CARRIED}
        given |= {"models": Path(self.speech["models"]), "ice": tuple(given["ice"])}
        return Settings(shared=Path(), cache=None, **given)

    def to_line(self) -> bytes:
        """One line of JSON."""
        return json.dumps(asdict(self), ensure_ascii=True).encode() + b"\n"

    @classmethod
    def from_line(cls, line: bytes) -> Rehearsal:
        """What `to_line` wrote. Raises ValueError, KeyError or TypeError: it is none."""
        return cls(**json.loads(line))


def shown(line: Mapping[str, Any]) -> dict[str, Any] | None:
    """A line of the event log as an event; None: it is of no interest to an author."""
    kind = str(line["kind"])
    match kind:
        case "connected":
            return {"what": "connected"}
        case "partial" | "saying":
            return {"what": kind, "text": line["text"]}
        case "utterance":
            return {"what": "caller", "text": line["text"], "early": bool(line.get("early"))}
        case "key":
            return {"what": "key", "text": line["digit"]}
        case "no_input":
            return {"what": "silence", "text": ""}
        case "prompt":
            return {"what": "robot", "text": line["text"], "source": line["source"], "cut": bool(line["cut"])}
        case "fault":
            return {"what": "fault", "text": str(line["message"])}
    if kind in DECISIONS or kind in _HEARD:
        data = {name: plain(value) for name, value in line.items() if name not in _OURS}
        return {"what": "decision", "kind": kind, "data": data}
    return None


def stand(look: Look) -> dict[str, Any]:
    """Where the conversation stands."""
    return {
        "what": "stand",
        "node": look.node,
        "grade": look.grade,
        "grade_title": look.grade_title,
        "reason": look.reason,
        "slots": plain(look.slots),
        "tags": list(look.tags),
        "turns": look.turns,
    }


def over(record: CallRecord, why: str = "") -> dict[str, Any]:
    """It has ended. why: `time` (the most that is allowed), `left` (whoever talked has gone on purpose), `connection` (no connection came, or
    it was lost), `script` (the conversation came to its end); end: how the script calls that."""
    if not why:
        why = "script" if record.answered and record.cause == "bye" and record.end != "hangup" else "connection"
    return {"what": "over", "why": why, "end": record.end, "seconds": round(record.talk_ms / 1000)}
