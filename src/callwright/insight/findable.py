"""By what a call is found in the index: words of people, tags, nodes passed, knowledge told, values registered. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from callwright.campaigns.story import Story
from callwright.errors import DamagedError
from callwright.insight.grams import grams, mark, plain
from callwright.store.crypto import TenantKeys

__all__ = ["findable", "slot_text"]


def findable(keys: TenantKeys, attempt: str, story: Story, tags: Iterable[str], slots: bytes | None) -> set[str]:
    """The robot's own sentences are left out: they stand in the script, and which were told is found by node and entry."""
    found = {gram for text in story.said for gram in grams(text)}
    found |= {mark("tag", tag) for tag in tags}
    found |= {mark(step.kind, step.name) for step in story.steps}
    return found | set(_values(keys, attempt, slots))


def _values(keys: TenantKeys, attempt: str, sealed: bytes | None) -> Iterator[str]:
    if not sealed:
        return
    try:
        slots: Mapping[str, Any] = json.loads(keys.open(bytes(sealed), f"slots.{attempt}"))
    except DamagedError:
        return
    for name, value in slots.items():
        yield mark("slot", f"{name}={plain(slot_text(value))}")


def slot_text(value: Any) -> str:
    """A value of a slot as people write it."""
    if isinstance(value, Mapping):
        value = value.get("text", value.get("value", ""))
    if isinstance(value, list | tuple):
        return ", ".join(slot_text(one) for one in value)
    return str(value)
