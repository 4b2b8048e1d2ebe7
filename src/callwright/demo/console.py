"""The demo's calls in a console: a database of its own in the results folder, with everything a call of a task leaves behind.

The simulated people were rung by the demo itself, not by a task; each call's decision record is sealed here from the decision it was
dialled by. Its clock is marked as simulated.
"""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import anyio.to_thread
from sqlalchemy import bindparam, insert, select, update

from callwright.accounts import companies, own_numbers, setup
from callwright.accounts.model import Viewer
from callwright.accounts.passwords import Hasher
from callwright.accounts.tables import own_number
from callwright.calls.log import read_log
from callwright.calls.model import CallFiles
from callwright.campaigns import lines, scripts, service
from callwright.campaigns.importing import Options, import_people
from callwright.campaigns.keeping import keep_files
from callwright.campaigns.plan import loads_plan
from callwright.campaigns.results import keep
from callwright.campaigns.sources import open_list
from callwright.campaigns.story import Story, story_of
from callwright.campaigns.tables import attempt, lead, task, task_lead
from callwright.compliance.record_store import append
from callwright.compliance.records import NewRecord
from callwright.compliance.tables import person
from callwright.demo.run import CALLER, DemoCall
from callwright.settings import Settings
from callwright.storage import Storage, open_storage
from callwright.store.crypto import TenantKeys
from callwright.store.metadata import TENANT

__all__ = ["FOLDER", "Entry", "fill_console", "settings_of"]

FOLDER = "console"
_EMAIL = "demo@callwright.invalid"  # RFC 2606: nobody's
_REGISTRATION = "91310000MA1K00001X"
_WORDS = {
    "en": {"house": "callwright demo", "company": "Acme Heating", "task": "demo: visits", "list": "demo people", "country": "US"},
    "zh": {"house": "callwright 演示", "company": "和顺教育", "task": "演示:试听课邀约", "list": "演示名单", "country": "CN"},
}  # fmt: skip

_LEADS = (
    select(lead.c.id, lead.c.person_id, lead.c.consent_id, person.c.number_index)
    .join(person, (person.c.tenant_id == lead.c.tenant_id) & (person.c.id == lead.c.person_id))
    .where(lead.c.tenant_id == TENANT, lead.c.list_id == bindparam("of_list"))
)
_DONE = (
    update(task)
    .where(task.c.tenant_id == TENANT, task.c.id == bindparam("which"))
    .values(
        state="done", state_reason="the demo is over", dialled=bindparam("calls"), approved_by="bert", approved_at=bindparam("now")
    )
)  # fmt: skip
_TASK = select(task.c.line_id).where(task.c.tenant_id == TENANT, task.c.id == bindparam("which"))
_OWN = select(own_number.c.id).where(own_number.c.tenant_id == TENANT, own_number.c.number == bindparam("shown"))
_ADD_ATTEMPT = insert(attempt)
_ADD_QUEUED = insert(task_lead)


@dataclass(frozen=True, slots=True)
class Entry:
    """How to come in: the account of the demo, which is made anew each time."""

    email: str
    password: str


@dataclass(frozen=True, slots=True)
class _House:
    """What the calls belong to: ids of rows."""

    task: int
    company: int
    script: int
    own_number: int
    line: int
    leads: dict[bytes, Any]


def settings_of(settings: Settings, out: Path) -> Settings:
    """The settings of the console in this results folder."""
    folder = (out / FOLDER).absolute()
    return replace(
        settings,
        database=f"sqlite:///{folder / 'callwright.db'}",
        key_file=folder / "callwright.key",
        blobs=(folder / "blobs").as_uri(),
    )


async def fill_console(
    settings: Settings, out: Path, language: str, script_text: str, calls: Sequence[DemoCall], now: datetime
) -> Entry:
    """Make the console's database anew from the calls of a run whose files lie in `out`; how to come in."""
    await anyio.to_thread.run_sync(shutil.rmtree, out / FOLDER, True)
    async with open_storage(settings_of(settings, out)) as storage:
        entry, tenant = await _account(storage, language, now)
        async with storage.database.scope(tenant) as scope:
            keys = await storage.keyring.tenant(scope)
        house = await _house(storage, tenant, keys, out, language, script_text, now)
        for call in calls:
            await _keep_call(storage, tenant, keys, house, out, call, now)
        async with storage.database.scope(tenant) as scope:
            await scope.run(_DONE, which=house.task, calls=len(calls), now=now)
    return entry


async def _account(storage: Storage, language: str, now: datetime) -> tuple[Entry, int]:
    door = await setup.link_if_first(storage.database, now)
    assert door is not None, "the database was made a moment ago"
    entry = Entry(_EMAIL, secrets.token_urlsafe(12))
    spoken = {"en": "en", "zh": "zh-CN"}[language]
    first = setup.First("demo", _WORDS[language]["house"], entry.email, "Demo", entry.password, spoken, True)
    tenant, _ = await setup.set_up(storage.database, storage.keyring, Hasher(), door, first, now)
    return entry, tenant


async def _house(
    storage: Storage, tenant: int, keys: TenantKeys, out: Path, language: str, script_text: str, now: datetime
) -> _House:
    words, number = _WORDS[language], CALLER[language]
    async with storage.database.scope(tenant) as scope:
        company = await companies.add(scope, _REGISTRATION, words["company"], words["country"], now)
        await companies.vet(
            scope, _REGISTRATION, "anna", now, now + timedelta(days=365), [{"name": "licence.pdf", "sha256": "0" * 64}]
        )
        version = await scripts.submit(scope, script_text, "demo.yaml", "anna", now)
        await scripts.review(scope, version.digest, "bert", now)
        trunks = [lines.Trunk("loopback", 50, 10.0, 10, (number,))]
        await lines.sync(scope, keys, Viewer.system(tenant, "callwright demo"), trunks, "default", now)
        await own_numbers.verify(scope, number, now)
    source = await anyio.to_thread.run_sync(open_list, out / "leads.csv")
    options = Options(words["list"], region=words["country"], company=company, workers=1, by="anna")
    report = await import_people(storage.database, keys, source, options, now)
    plan = loads_plan(_plan(language, version.script, now), now)
    async with storage.database.scope(tenant) as scope:
        made = await service.create(scope, plan.task, "anna", now)
        row = await scope.first(_TASK, which=made)
        own = await scope.value(_OWN, shown=number)
        known = {each.number_index: each for each in await scope.all(_LEADS, of_list=report.list_id)}
    assert row is not None
    return _House(made, company, version.id, int(own), int(row.line_id), known)


def _plan(language: str, script: str, now: datetime) -> str:
    words = _WORDS[language]
    zone = {"en": "America/New_York", "zh": "Asia/Shanghai"}[language]
    return f"""
format: task/1
name: "{words["task"]}"
company: "{_REGISTRATION}"
list: "{words["list"]}"
line: loopback
scripts: [{{script: {script}}}]
calling: {{zone: {zone}, windows: [{{days: [mon, tue, wed, thu, fri, sat, sun], from: "09:00", to: "20:00"}}]}}
robots: {{max: 6}}
not_after: {(now + timedelta(days=30)).isoformat(timespec="seconds")}
"""


async def _keep_call(
    storage: Storage, tenant: int, keys: TenantKeys, house: _House, out: Path, call: DemoCall, now: datetime
) -> None:
    record, blobs = call.record, storage.blobs.of(tenant)
    found = house.leads[keys.index(call.person.number)]
    copy = await anyio.to_thread.run_sync(_copied, out, call)
    story = await anyio.to_thread.run_sync(_story, copy.log)
    kept = await keep_files(blobs, copy, record, f"{now:%Y-%m-%d}", record.call_id)
    began = datetime.fromisoformat(record.started_at)
    async with storage.database.scope(tenant) as scope:
        entry = NewRecord(
            "dial", began, call.decision, call.facts.digest(), found.person_id, house.task, found.id, record.call_id,
            house.company, house.script, house.own_number, {"consent": found.consent_id},
        )  # fmt: skip
        (sealed,) = await append(scope, keys, [entry])
        await scope.run(_ADD_ATTEMPT, [_attempt(house, found, call, began, sealed.seq)])
        await scope.run(_ADD_QUEUED, [_queued(house, found, call, now)])
        await keep(scope, keys, record.call_id, record, kept, now, story)


def _attempt(house: _House, found: Any, call: DemoCall, began: datetime, seq: int) -> dict[str, Any]:
    record = call.record
    answered = began + timedelta(milliseconds=record.ring_ms or 0)
    return {
        "id": record.call_id, "task_id": house.task, "lead_id": found.id, "person_id": found.person_id, "n": 1, "state": "done",
        "line_id": house.line, "own_number": call.decision.caller, "script_version_id": house.script, "record_seq": seq,
        "owner": "demo", "dialled_at": began, "local_day": f"{began:%Y-%m-%d}",
        "answered_at": answered if record.answered else None,
        "ended_at": answered + timedelta(milliseconds=record.talk_ms), "disposition": record.disposition,
        "talk_ms": record.talk_ms, "sip_code": record.code, "cause": record.cause[:64],
    }  # fmt: skip


def _queued(house: _House, found: Any, call: DemoCall, now: datetime) -> dict[str, Any]:
    return {
        "task_id": house.task, "lead_id": found.id, "person_id": found.person_id, "state": "finished", "due_at": now,
        "attempts": 1, "last_disposition": call.record.disposition,
    }  # fmt: skip


def _copied(out: Path, call: DemoCall) -> CallFiles:
    """The files of a call beside those of the run, which its report plays."""
    files = CallFiles(out / FOLDER / "calls", call.record.call_id)
    for name, target in ((call.record.log, files.log), (call.record.recording, files.recording)):
        if name and (out / name).is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(out / name, target)
    return files


def _story(log: Path) -> Story:
    return story_of(read_log(log)) if log.is_file() else Story()
