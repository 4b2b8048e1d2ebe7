"""Calls that are over, for tests, pictures and benchmarks: attempts with results, words and (where wanted) two-channel recordings.

made = await add_calls(database, seeded, now, [Told("A", ("多少钱一年？", "好的，可以"))])
"""

from __future__ import annotations

import io
import json
import wave
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from sqlalchemy import insert

from callwright.calls.model import CallRecord, mask
from callwright.calls.transcript import Line
from callwright.campaigns import results
from callwright.campaigns.keeping import blob_names
from callwright.campaigns.story import Open, Step, Story
from callwright.campaigns.tables import attempt
from callwright.compliance.decision import Decision
from callwright.compliance.reasons import Reason
from callwright.compliance.record_store import append
from callwright.compliance.records import NewRecord
from callwright.store.blobs import TenantBlobs
from callwright.store.database import Database
from callwright.testing.tenants import OWN_NUMBER, Seeded

__all__ = ["Told", "add_calls", "log_of", "two_channels"]

_ADD = insert(attempt)
_HELD = Reason("consent", True, "agreed", "test", "1")


@dataclass(frozen=True, slots=True)
class Told:
    """How a call came out and what was said: sentences of the caller, answered by the robot one by one."""

    grade: str = "A"
    caller: tuple[str, ...] = ()
    robot: tuple[str, ...] = ("您好，这里是和顺家电服务。",)
    nodes: tuple[str, ...] = ("opening",)
    kb: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    slots: tuple[tuple[str, str], ...] = ()
    unknown: tuple[str, ...] = ()
    disposition: str = "completed"
    answered: bool = True
    talk_s: int = 30
    follow_up: str = ""
    reason: str = "as the test says"
    who: int = 0
    task: int | None = None
    ago: timedelta = timedelta(0)


async def add_calls(
    database: Database, seeded: Seeded, now: datetime, calls: Sequence[Told], blobs: TenantBlobs | None = None
) -> list[str]:
    """Write them, the first one newest; their ids. blobs: logs and recordings too."""
    names = []
    for at, told in enumerate(calls):
        name = f"call-{at:05}"
        begun = now - (told.ago or timedelta(minutes=at))
        await _add(database, seeded, name, begun, told, blobs)
        names.append(name)
    return names


async def _add(
    database: Database, seeded: Seeded, name: str, begun: datetime, told: Told, blobs: TenantBlobs | None
) -> None:
    number, person = seeded.numbers[told.who], seeded.persons[told.who]
    record = CallRecord(
        name, mask(number), "s", begun.isoformat(), told.disposition, answered=told.answered, talk_ms=told.talk_s * 1000 if told.answered else 0,
        grade=told.grade or None, reason=told.reason, follow_up=told.follow_up, tags=told.tags, slots=dict(told.slots), kb=told.kb,
        learn=told.unknown,
    )  # fmt: skip
    story = _story(told)
    kept = {}
    if blobs is not None:
        names = blob_names(f"{begun:%Y-%m-%d}", name)
        await blobs.put(names["log"], log_of(name, begun, story).encode())
        kept["log"] = names["log"]
        if told.answered:
            await blobs.put(names["recording"], two_channels(told.talk_s))
            kept["recording"] = names["recording"]
    async with database.scope(seeded.tenant) as scope:
        decision = Decision(number, OWN_NUMBER, begun.isoformat(), (_HELD,))
        (sealed,) = await append(
            scope, seeded.keys, [NewRecord("dial", begun, decision, "ab" * 32, person, told.task, None, name)]
        )
        row: dict[str, Any] = {
            "id": name, "task_id": told.task, "lead_id": seeded.leads[told.who], "person_id": person, "n": int(name[-5:]) + 1, "state": "done",
            "line_id": seeded.line, "own_number": OWN_NUMBER, "script_version_id": seeded.script_version, "record_seq": sealed.seq,
            "owner": "w", "dialled_at": begun, "local_day": f"{begun:%Y-%m-%d}",
            "answered_at": begun + timedelta(seconds=8) if told.answered else None, "ended_at": begun + timedelta(seconds=8 + told.talk_s),
            "disposition": told.disposition, "talk_ms": record.talk_ms, "sip_code": 200 if told.answered else 480,
        }  # fmt: skip
        await scope.run(_ADD, [row])
        await results.keep(scope, seeded.keys, name, record, kept, begun + timedelta(seconds=9 + told.talk_s), story)


def _story(told: Told) -> Story:
    lines, at = [], 8_000
    for turn in range(max(len(told.robot), len(told.caller)) if told.answered else 0):
        if turn < len(told.robot):
            lines.append(Line("robot", at, told.robot[turn]))
            at += 3_000
        if turn < len(told.caller):
            lines.append(Line("caller", at, told.caller[turn]))
            at += 2_000
    steps = [Step("node", node, 8_000 + 4_000 * k) for k, node in enumerate(told.nodes)] if told.answered else []
    steps += [Step("kb", entry, 12_000 + 1_000 * k) for k, entry in enumerate(told.kb)]
    unknown = [Open(sentence, told.nodes[-1] if told.nodes else "", 11_000) for sentence in told.unknown]
    return Story(tuple(lines), tuple(steps), tuple(unknown), 8_000)


def log_of(name: str, begun: datetime, story: Story) -> str:
    """A small log that tells this story."""
    events: list[dict[str, Any]] = [
        {"at_ms": 0, "kind": "placed", "call_id": name, "number": "+86139***0001", "started_at": begun.isoformat()},
        {"at_ms": 5, "kind": "sip", "direction": "->", "line": "INVITE sip:*********01@carrier.example SIP/2.0",
         "request": "1 INVITE", "transport": "UDP", "peer": "192.0.2.10:5060", "sdp": True},
        {"at_ms": 8_000, "kind": "sip", "direction": "<-", "line": "SIP/2.0 200 OK", "request": "1 INVITE", "transport": "UDP",
         "peer": "192.0.2.10:5060", "sdp": True},
        {"at_ms": 8_000, "kind": "connected"},
        {"at_ms": story.recording_ms, "kind": "recording", "file": f"recordings/{name}.wav"},
    ]  # fmt: skip
    events += [{"at_ms": s.at_ms, "kind": "entered", "node": s.name} for s in story.steps if s.kind == "node"]
    events += [
        {"at_ms": s.at_ms, "kind": "kb", "id": s.name, "source": "keyword", "why": "它的关键词在句子里"}
        for s in story.steps
        if s.kind == "kb"
    ]
    for line in story.lines:
        kind = "utterance" if line.who == "caller" else "prompt"
        events.append({"at_ms": line.at_ms, "kind": kind, "text": line.text})
        if line.who == "caller":
            events.append(
                {"at_ms": line.at_ms + 1, "kind": "taken", "step": 1, "what": "affirm", "why": "an affirmative word"}
            )
    events.append({"at_ms": 60_000, "kind": "released", "cause": "bye", "by": "us"})
    events.append({"at_ms": 60_001, "kind": "ended", "disposition": "completed", "cause": "bye"})
    ordered = sorted(events, key=lambda event: event["at_ms"])
    return "".join(json.dumps({"n": n, **event}, ensure_ascii=False) + "\n" for n, event in enumerate(ordered))


def two_channels(seconds: int) -> bytes:
    """A WAV of bursts of tone: the caller on the left, the robot on the right, by turns."""
    rate, clock = 8000, np.arange(8000 * seconds)
    turn = (clock // (2 * rate)) % 2
    swell = 0.3 + 0.7 * np.abs(np.sin(clock / 1500))
    left = 6000 * np.sin(clock * 2 * np.pi * 220 / rate) * (turn == 1) * swell
    right = 9000 * np.sin(clock * 2 * np.pi * 330 / rate) * (turn == 0) * swell
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.stack([left, right], axis=1).astype("<i2").tobytes())
    return out.getvalue()
