"""Decisions in short lines, for whoever tries a script out: `callwright chat` and the script studio."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from callwright.dialogue.values import Entry

__all__ = ["explained"]

# What a reader of a conversation wants to know of each entry; the others are in the event log.
_SHOWN = ("counted", "slot", "next", "branch", "ab", "limit", "carried", "passed_over", "ignored", "learn")


def explained(entries: Iterable[Entry]) -> Iterable[str]:
    """One short line for each decision worth showing."""
    for entry in entries:
        data = {key: value for key, value in entry.data.items() if key != "step"}
        if entry.kind == "understood":
            yield from _understood(data)
        elif entry.kind in ("global", "kb"):
            more = f" because of {data['why']!r} ({data['source']}, {data['score']:.2f})" if "source" in data else ""
            yield f"{entry.kind} {data['id']}{more}"
        elif entry.kind == "taken":
            more = f" because of {data['why']!r} ({data['source']}, {data['score']:.2f})" if "source" in data else ""
            yield f"{data['what']}{more}"
        elif entry.kind == "did" and data["action"] == "tag":
            yield f"tag {data['arg']}"
        elif entry.kind in _SHOWN:
            yield f"{entry.kind}: " + ", ".join(
                f"{key} {value}" for key, value in data.items() if value not in (None, "", [], False)
            )


def _understood(data: Mapping[str, Any]) -> Iterable[str]:
    found = [
        f"{c['type']}{':' + c['id'] if c['id'] else ''} at {c['span'][0]}-{c['span'][1]} ({c['source']}, {c['score']:.2f})"
        for c in data["candidates"]
    ]
    ranking = ", ".join(f"{name} {score:.2f}" for name, score in data["ranking"])
    yield f"understood ({data['decision']}): " + (", ".join(found) or "nothing")
    if ranking:
        yield f"ranking: {ranking}"
