"""Rings the crowd: leads from a CSV, a decision for each, N robots at once, and the results in a folder.

The people are simulated and live on loopback; everything between them and the robot is real: SIP, RTP, recognition, dialogue.
"""

from __future__ import annotations

import csv
import json
import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, time
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import anyio
import anyio.to_thread

from callwright.calls.model import CallFiles, CallRecord, mask
from callwright.calls.outbox import FileOutbox
from callwright.campaigns.leads import Lead, read_whole
from callwright.compliance.decision import Decision, DialFacts, decide
from callwright.demo.people import Callee, Crowd
from callwright.errors import InputError, Place, Problem
from callwright.script.model import Script
from callwright.telephony.port import DialOrder
from callwright.testing.people.person import outcome_label

__all__ = [
    "CALLER",
    "Caller",
    "DemoCall",
    "DemoResult",
    "check_folder",
    "prepare_folder",
    "ring_everybody",
    "write_leads",
    "write_results",
]

_FILES = ("leads.csv", "outbox.jsonl", "results.json", "results.csv", "report.html")
_FOLDERS = {
    "recordings": re.compile(r"\d{2,}-[a-z-]+\.wav"),
    "transcripts": re.compile(r"\d{2,}-[a-z-]+\.txt"),
    "events": re.compile(r"\d{2,}-[a-z-]+\.jsonl"),
}
_CONSOLE = "console"  # see console.py
CALLER = {"en": "+12025550199", "zh": "+8617000099999"}
RING_TIMEOUT_S = 6.0
REHEARSAL_CLOCK = time(10, 0)
_NAMES = {
    "en": ("Ms. Adams", "Mr. Baker", "Ms. Clark", "Mr. Davis", "Ms. Evans", "Mr. Foster"),
    "zh": ("王女士", "李先生", "张女士", "刘先生", "陈女士", "杨先生"),
}


class Caller(Protocol):
    """Whoever places a call: the robot."""

    async def call(
        self,
        order: DialOrder,
        variables: Mapping[str, str],
        files: CallFiles,
        watch: Callable[[str, str], None] | None = None,
    ) -> CallRecord: ...


@dataclass(frozen=True, slots=True)
class DemoCall:
    """One call of the demo: who should have been reached how, what came of it, and by which decision it was dialled."""

    person: Callee
    record: CallRecord
    facts: DialFacts
    decision: Decision

    @property
    def right(self) -> bool:
        """Whether the call came out as this person's known right outcome."""
        record = self.record
        return self.person.expected.met_by(record.disposition, record.tags, record.kb, record.slots)

    @property
    def got(self) -> str:
        """The outcome in the words of `Expected.label`."""
        record = self.record
        return outcome_label(record.disposition, record.tags, record.kb, record.slots)


@dataclass(frozen=True, slots=True)
class DemoResult:
    """All calls, in the order of the list."""

    calls: tuple[DemoCall, ...]

    @property
    def right(self) -> int:
        return sum(call.right for call in self.calls)

    def to_json(self, folder: Path) -> dict[str, Any]:
        """What `--json` writes; the files of a call by their path in `folder`."""
        return {
            "calls": [
                {
                    "person": call.person.id,
                    "expected": call.person.expected.label(),
                    "got": call.got,
                    "right": call.right,
                    "grade": call.record.grade,
                    "reason": call.record.reason,
                    "recording": str(folder / call.record.recording) if call.record.recording else "",
                    "transcript": str(folder / call.record.transcript),
                }
                for call in self.calls
            ],
            "right": self.right,
            "total": len(self.calls),
        }


def check_folder(folder: Path) -> None:
    """Whether the results folder can be used; nothing is written. Only an earlier run's results may stand in it.

    Raises:
        InputError: it is a file, it cannot be read, or it holds other things.
    """
    place = Place(str(folder))
    try:
        strange = _strange(folder) if folder.exists() else []
    except OSError as error:
        raise InputError(
            Problem("out-folder", f"cannot be used: {error.strerror}", place, "choose another folder with --out")
        ) from None
    if strange:
        raise InputError(
            Problem(
                "out-folder",
                f"holds other files ({', '.join(strange[:3])})",
                place,
                "choose an empty folder with --out",
            )
        )


def _strange(folder: Path) -> list[str]:
    """Names in the folder that no run of the demo has made."""
    found = []
    for entry in sorted(folder.iterdir()):
        if entry.name in _FOLDERS and entry.is_dir():
            pattern = _FOLDERS[entry.name]
            found += [
                f"{entry.name}/{file.name}" for file in sorted(entry.iterdir()) if not pattern.fullmatch(file.name)
            ]
        elif entry.name == _CONSOLE and entry.is_dir() and (entry / "callwright.db").is_file():
            continue  # made anew by every run
        elif entry.name not in _FILES or not entry.is_file():
            found.append(entry.name)
    return found


def prepare_folder(folder: Path) -> None:
    """Make the results folder and empty it of an earlier run's results; whatever else it holds refuses it.

    Raises:
        InputError: as `check_folder`, or it cannot be written.
    """
    check_folder(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in _FILES:
            (folder / name).unlink(missing_ok=True)
        for name in _FOLDERS:
            for file in (folder / name).glob("*"):
                file.unlink()
    except OSError as error:
        raise InputError(
            Problem(
                "out-folder",
                f"cannot be used: {error.strerror}",
                Place(str(folder)),
                "choose another folder with --out",
            )
        ) from None


def write_leads(path: Path, script: Script, people: tuple[Callee, ...], today: datetime) -> None:
    """The list as an operator would bring it: number, basis, date of consent, scope, and the script's variables."""
    basis = script.compliance.consent.basis or "consent"
    required = [name for name, var in script.vars.items() if var.required]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["number", "basis", "consent_at", "scope", *required])
        for index, person in enumerate(people):
            names = _NAMES[script.language]
            values = [
                names[index % len(names)] if name == "name" else script.vars[name].example or name for name in required
            ]
            scope = ";".join(script.compliance.consent.scope)
            writer.writerow([person.number, basis, today.date().isoformat(), scope, *values])


def _decided_order(
    script: Script, lead: Lead, person: Callee, now: datetime, frozen: frozenset[str]
) -> tuple[DialOrder, DialFacts, Decision]:
    consent, window = script.compliance.consent, script.compliance.window
    caller = CALLER[script.language]
    facts = DialFacts(
        callee=lead.number,
        caller=caller,
        owned_callers=frozenset({caller}),
        purpose=script.purpose,
        basis=lead.basis,
        consent_scope=lead.scope,
        needed_scope=frozenset(consent.scope),
        consent_at=lead.consent_at,
        consent_max_age_days=consent.max_age_days,
        local_time=datetime.combine(now.date(), REHEARSAL_CLOCK, now.tzinfo),
        script_window=(window.from_, window.to) if window else None,
        frozen=lead.number in frozen,
        calls_today=0,  # simulated people are called once a run, and a run is their day
        max_calls_per_day=script.compliance.max_calls.per_day,
        missing_vars=tuple(name for name, var in script.vars.items() if var.required and name not in lead.variables),
        clock="simulated",
    )
    decision = decide(facts, now)
    target = f"sip:{lead.number}@127.0.0.1:{person.port}"
    order = DialOrder(
        decision.permit(),
        target,
        uuid.uuid4().hex,
        ring_timeout_s=RING_TIMEOUT_S,
        max_duration_s=script.limits.max_seconds + 60.0,
    )
    return order, facts, decision


async def ring_everybody(
    script: Script,
    crowd: Crowd,
    caller: Caller,
    robots: int,
    folder: Path,
    now: datetime,
    watch: Callable[[str, str, str], None],
) -> DemoResult:
    """Import the list, decide about each person, and let `robots` robots work it off.

    Args:
        watch: told (person, state, last sentence).

    Raises:
        LeadsError: the list cannot be used.
        RefusedError: somebody on it may not be called; then nobody is.
    """
    leads = await anyio.to_thread.run_sync(read_whole, folder / "leads.csv", now)
    by_number = {person.number: person for person in crowd.people}
    frozen = await anyio.to_thread.run_sync(FileOutbox(folder / "outbox.jsonl").frozen)
    waiting = [
        (index, lead, by_number[lead.number], *_decided_order(script, lead, by_number[lead.number], now, frozen))
        for index, lead in enumerate(leads)
    ]
    done: dict[int, DemoCall] = {}

    async def work() -> None:
        while waiting:
            index, lead, person, order, facts, decision = waiting.pop(0)
            files = CallFiles(folder, person.id)
            record = await caller.call(order, lead.variables, files, partial(watch, person.id))
            done[index] = DemoCall(person, _relative(record, folder), facts, decision)

    async with anyio.create_task_group() as tasks:
        for _ in range(max(1, robots)):
            tasks.start_soon(work)
    return DemoResult(tuple(done[index] for index in sorted(done)))


def _relative(record: CallRecord, folder: Path) -> CallRecord:
    def shorten(path: str) -> str:
        return str(Path(path).relative_to(folder)) if path else ""

    return replace(
        record, recording=shorten(record.recording), transcript=shorten(record.transcript), log=shorten(record.log)
    )


def write_results(folder: Path, result: DemoResult) -> None:
    """`results.json` and `results.csv`; numbers are masked."""
    (folder / "results.json").write_text(
        json.dumps([call.record.to_json() for call in result.calls], ensure_ascii=False, indent=1, default=str),
        encoding="utf-8",
    )
    with (folder / "results.csv").open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(
            ["person", "number", "disposition", "grade", "reason", "slots", "tags", "seconds", "expected", "right"]
        )
        for call in result.calls:
            record = call.record
            writer.writerow(
                [
                    call.person.id,
                    mask(call.person.number),
                    record.disposition,
                    record.grade or "",
                    record.reason,
                    json.dumps(dict(record.slots), ensure_ascii=False, default=str),
                    ";".join(record.tags),
                    f"{record.talk_ms / 1000:.1f}",
                    call.person.expected.label(),
                    call.right,
                ]
            )
