"""What results need of a call's log: what was said, the way through the script, and what nobody could answer. Pure."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from callwright.calls.transcript import Line, transcript
from callwright.store.crypto import TenantKeys

__all__ = ["Handed", "Open", "Step", "Story", "handed", "seal_story", "story_of", "unseal_story"]

StepKind = Literal["node", "kb"]
_MOST_LINES = 2000
_MOST_STEPS = 1000
_USER = re.compile(r"user:([0-9]{1,18})")
_LONGEST = 2000  # characters of one sentence


@dataclass(frozen=True, slots=True)
class Step:
    """A node that was entered, or a knowledge entry that was told. at_ms: since the call was placed."""

    kind: StepKind
    name: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class Open:
    """A sentence that nobody understood, and where it was said."""

    sentence: str
    node: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class Handed:
    """People of ours in a call. agent: user who talked last, None = nobody who has an account; asked_ms: when the script first asked for
    somebody, since the call was placed, None = never; waited_ms: from then until somebody talked, None = nobody did."""

    agent: int | None = None
    asked_ms: int | None = None
    waited_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Story:
    """recording_ms: when the recording begins, since the call was placed: what stands at `at_ms` is heard `at_ms - recording_ms` into it.
    handed: goes into columns of its own, not into the sealed body."""

    lines: tuple[Line, ...] = ()
    steps: tuple[Step, ...] = ()
    open: tuple[Open, ...] = ()
    recording_ms: int = 0
    handed: Handed = Handed()

    @property
    def said(self) -> tuple[str, ...]:
        """What people said: the person who was called, and a person of ours."""
        return tuple(line.text for line in self.lines if line.who in ("caller", "agent"))


def story_of(events: Iterable[Mapping[str, Any]]) -> Story:
    """Of a log, whole or not."""
    whole = list(events)
    steps, unknown, began = [], [], 0
    for event in whole:
        at_ms = int(event.get("at_ms", 0))
        match event.get("kind"):
            case "entered":
                steps.append(Step("node", str(event.get("node", ""))[:64], at_ms))
            case "kb":
                steps.append(Step("kb", str(event.get("id", ""))[:64], at_ms))
            case "learn":
                unknown.append(Open(str(event.get("sentence", ""))[:_LONGEST], str(event.get("node", ""))[:64], at_ms))
            case "recording":
                began = at_ms
    lines = tuple(Line(one.who, one.at_ms, one.text[:_LONGEST], one.note) for one in transcript(whole)[:_MOST_LINES])
    opened = tuple(one for one in unknown if one.sentence.strip())
    return Story(lines, tuple(steps[:_MOST_STEPS]), opened, began, handed(whole))


def handed(events: Iterable[Mapping[str, Any]]) -> Handed:
    """Who of ours talked, and whether the person called waited for them."""
    agent = coming = asked_ms = waited_ms = None
    for event in events:
        at_ms = int(event.get("at_ms", 0))
        match event.get("kind"):
            case "takeover" | "accepted":
                found = _USER.fullmatch(str(event.get("who", "")))
                coming = int(found[1]) if found is not None else None
            case "transfer" if asked_ms is None:
                asked_ms = at_ms
            case "bridged":
                agent, coming = coming if coming is not None else agent, None
                if asked_ms is not None and waited_ms is None:
                    waited_ms = max(0, at_ms - asked_ms)
    return Handed(agent or None, asked_ms, waited_ms)


def seal_story(keys: TenantKeys, attempt: str, story: Story) -> bytes:
    """As `call_text.body` keeps it."""
    plain = {
        "l": [[one.who, one.at_ms, one.text, one.note] for one in story.lines],
        "s": [[one.kind, one.name, one.at_ms] for one in story.steps],
        "o": [[one.sentence, one.node, one.at_ms] for one in story.open],
        "r": story.recording_ms,
    }
    packed = zlib.compress(json.dumps(plain, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace"), 6)
    return keys.seal(packed, f"call_text.{attempt}")


def unseal_story(keys: TenantKeys, attempt: str, body: bytes) -> Story:
    """Raises DamagedError: it was changed, or sealed for another call."""
    plain = json.loads(zlib.decompress(keys.open(body, f"call_text.{attempt}")))
    return Story(
        tuple(Line(who, at, text, note) for who, at, text, note in plain["l"]),
        tuple(Step(kind, name, at) for kind, name, at in plain["s"]),
        tuple(Open(sentence, node, at) for sentence, node, at in plain["o"]),
        plain["r"],
    )
