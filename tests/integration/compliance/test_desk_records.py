"""Decision records over HTTP: found by what they say, explained, and verified while one watches."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from callwright.accounts.model import Viewer
from callwright.compliance import record_search
from callwright.compliance.cases import harmless
from callwright.compliance.decision import decide
from callwright.compliance.pack_file import built_in_packs
from callwright.compliance.packs import Packs
from callwright.compliance.record_file import public_key, verify
from callwright.compliance.record_store import append
from callwright.compliance.records import Kind, NewRecord
from callwright.compliance.tables import decision_record
from callwright.store.crypto import Keyring
from callwright.store.database import Database
from callwright.store.metadata import TENANT
from callwright.testing.api import TestedApi, open_api
from callwright.testing.tenants import Seeded, seed

pytestmark = pytest.mark.anyio
NOON = datetime(2026, 11, 26, 4, 0, tzinfo=UTC)
SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
RECORDS = "/api/v1/records"
PACKS = Packs(built_in_packs())


def _entry(at: datetime, person: int, n: int) -> NewRecord:
    """At noon a call that is allowed, in the evening one that is refused."""
    facts = replace(harmless(at, "CN", ("Asia/Shanghai",)), callee="+8613900000001")
    decision = decide(facts, at, PACKS)
    kind: Kind = "dial" if decision.allow else "refusal"
    return NewRecord(kind, at, decision, facts.digest(), person, 3, 5, f"call-{n}" if kind == "dial" else None)


@dataclass(frozen=True)
class Desk:
    api: TestedApi
    seeded: Seeded
    database: Database

    async def rows(self, **params: Any) -> list[int]:
        answer = await self.api.get(RECORDS, roles="auditor", params=params)
        assert answer.status_code == 200, answer.text
        return [row["seq"] for row in answer.json()["items"]]


@pytest.fixture
async def desk(database: Database, keyring: Keyring) -> AsyncIterator[Desk]:
    """Records 1-4 and 6-9 are dials at noon of eight days; 5 is a refusal in the evening of the fourth, of another person."""
    seeded = await seed(database, keyring, NOON)
    entries = [_entry(NOON + timedelta(days=n), seeded.persons[0], n) for n in range(8)]
    entries.insert(4, _entry(NOON + timedelta(days=3, hours=10), seeded.persons[1], 8))
    async with database.scope(seeded.tenant) as scope:
        for entry in entries:
            await append(scope, seeded.keys, [entry])
    async with open_api(database, keyring, seeded.tenant, now=lambda: NOON + timedelta(days=9)) as api:
        yield Desk(api, seeded, database)


async def test_found_by_what_they_say(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record_search, "_STRETCH", 2)
    assert await desk.rows(limit=3) == [9, 8, 7]
    assert await desk.rows(verdict="refused", limit=200) == [5], "within the stretches of one request"
    assert await desk.rows(verdict="dialled", task=4) == []
    subject = desk.seeded.keys.index(desk.seeded.numbers[1]).hex()
    assert await desk.rows(subject=subject) == [5]
    assert await desk.rows(subject="0" * 32) == []
    at = NOON + timedelta(days=3)
    assert await desk.rows(since=at.isoformat(), until=(at + timedelta(days=1, minutes=1)).isoformat()) == [6, 5, 4]
    seen, cursor = [], None
    for _ in range(9):
        page = (
            await desk.api.get(RECORDS, params={"rule": "cn/hours"} | ({"cursor": cursor} if cursor else {}))
        ).json()
        seen += [row["seq"] for row in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == [5] and cursor is None


async def test_explained_in_the_readers_language_with_a_proof_to_take_along(desk: Desk) -> None:
    listed = (await desk.api.get(RECORDS, roles="auditor", params={"verdict": "refused", "language": "zh"})).json()[
        "items"
    ][0]
    assert "被叫当地时间 9:00–20:00" in [rule["title"] for rule in listed["against"]]
    asked = {"language": "zh", "zone": "Asia/Shanghai"}
    told = (await desk.api.get(f"{RECORDS}/{listed['seq']}", roles="inspector", params=asked)).json()
    assert told["summary"].startswith("拒绝拨出") and "2026-11-30 09:00" in told["following"]
    key = public_key((await desk.api.get(f"{RECORDS}/key", roles="auditor")).json()["public_key"])
    report = verify(io.BytesIO(told["proof"].encode()), key)
    assert report.ok and report.first == report.last == 5
    changed = told["proof"].replace('"task":3', '"task":4')
    assert not verify(io.BytesIO(changed.encode()), key).ok
    assert (await desk.api.get(f"{RECORDS}/77", roles="auditor")).status_code == 404
    assert (await desk.api.get(f"{RECORDS}/5", roles="auditor", params={"zone": "../etc"})).status_code == 422
    assert (await desk.api.get(f"{RECORDS}/5", roles="operator")).status_code == 403


async def test_verified_with_progress(desk: Desk) -> None:
    async def verified(first: int = 1) -> dict[str, Any]:
        answer = await desk.api.post(f"{RECORDS}/verifications", roles="auditor", json={"first": first})
        assert answer.status_code == 202, answer.text
        job = answer.json()["id"]
        await desk.api.app.state.jobs.find(Viewer.system(desk.seeded.tenant), job).wait()
        return dict((await desk.api.get(f"/api/v1/jobs/{job}", roles="auditor")).json()["result"])

    whole = await verified()
    assert (whole["checked"], whole["last"], whole["problems"]) == (9, 9, 0)
    async with desk.database.scope(desk.seeded.tenant) as scope:
        edit = update(decision_record).where(decision_record.c.tenant_id == TENANT, decision_record.c.seq == 3)
        await scope.run(edit.values(task_id=4))
    assert [(one["found"], one["seq"]) for one in (await verified())["findings"]] == [("columns-differ", 3)]
    assert (await verified(4))["problems"] == 0, "from a later one on"
    gone = await desk.api.post(f"{RECORDS}/verifications", roles="auditor", json={"first": 99})
    assert gone.status_code == 404
