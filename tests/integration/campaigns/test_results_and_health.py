"""Results are kept once and encrypted; own numbers are slowed by what their calls and complaints say, and recover after a rest."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, select

from callwright.accounts.model import Viewer
from callwright.accounts.tables import own_number
from callwright.audit.store import Wanted, find
from callwright.calls.model import CallRecord
from callwright.campaigns import endpoints, number_health, results
from callwright.campaigns.number_health_store import SET_STATE
from callwright.campaigns.tables import attempt, call_result, delivery
from callwright.compliance.tables import complaint
from callwright.store.crypto import Keyring
from callwright.store.database import Database
from callwright.store.metadata import TENANT
from callwright.store.scope import Scope
from callwright.testing.tenants import OWN_NUMBER, Seeded, seed

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 11, 26, 4, 0, tzinfo=UTC)
OURS = OWN_NUMBER
RECORD = CallRecord(
    "c1", "+86139***0001", "renewal", NOW.isoformat(), "completed", grade="A", reason="said yes", slots={"car": "奥迪"}
)
RAW = select(call_result).where(call_result.c.tenant_id == TENANT)
STATES = select(own_number.c.state, own_number.c.state_reason).where(own_number.c.tenant_id == TENANT)


def attempts(seeded: Seeded, n: int, begin: int = 0, **changes: object) -> list[dict[str, object]]:
    base = {
        "n": 1,
        "state": "done",
        "origin": "api",
        "line_id": seeded.line,
        "own_number": OURS,
        "record_seq": 1,
        "owner": "w",
        "dialled_at": NOW - timedelta(hours=1),
        "local_day": "2026-11-26",
        "person_id": seeded.persons[0],
        "counts": True,
        "disposition": "completed",
        "answered_at": NOW - timedelta(minutes=50),
        "talk_ms": 60_000,
    }
    return [{**base, "id": f"a{begin + k}", **changes} for k in range(n)]


async def test_a_result_is_kept_once_and_nobody_reads_it_in_the_file(database: Database, keyring: Keyring) -> None:
    seeded = await seed(database, keyring, NOW, leads=1)
    for _ in range(2):
        async with database.scope(seeded.tenant) as scope:
            await results.keep(scope, seeded.keys, "a1", RECORD, {"recording": "calls/a1.wav"}, NOW)
    async with database.scope(seeded.tenant) as scope:
        rows = await scope.all(RAW)
        found = await results.read(scope, seeded.keys, "a1")
        assert await results.read(scope, seeded.keys, "a2") is None
    assert len(rows) == 1
    assert "奥迪".encode() not in bytes(rows[0].slots)
    assert found is not None
    assert (found["grade"], found["slots"], found["recording"]) == ("A", {"car": "奥迪"}, "calls/a1.wav")
    assert found["summary"]["reason"] == "said yes"


async def _complain(scope: Scope, seeded: Seeded, n: int) -> None:
    index, sealed = seeded.keys.seal_number(seeded.numbers[0])
    rows = [
        {"reference": f"r{k}", "channel": "12321", "number_index": index, "number": sealed, "received_at": NOW, "answer_by": NOW, "by": "qa"}
        for k in range(n)
    ]  # fmt: skip
    await scope.run(insert(complaint), rows)


async def test_a_number_of_short_calls_is_slowed_told_of_and_recovers(database: Database, keyring: Keyring) -> None:
    seeded = await seed(database, keyring, NOW, leads=1)
    async with database.scope(seeded.tenant) as scope:
        await endpoints.add(scope, seeded.keys, "webhook", "https://example.com/", NOW)
        await scope.run(insert(attempt), attempts(seeded, 30) + attempts(seeded, 70, 30, talk_ms=9_000))
        (health,) = await number_health.look(scope, NOW)
        assert (health.counts.dialled, health.counts.answered, health.counts.short) == (100, 100, 70)
        assert health.advice.state == "slowed"
        assert [one.number for one in await number_health.slow(scope, seeded.keys, NOW)] == [OURS]
        assert not await number_health.slow(scope, seeded.keys, NOW)  # it is already
        assert (await scope.first(STATES)).state == "slowed"  # type: ignore[union-attr]
        assert await scope.value(select(delivery.c.event).where(delivery.c.tenant_id == TENANT)) == "number.slowed"
    async with database.scope(seeded.tenant) as scope:
        assert not await number_health.recover(scope, NOW + timedelta(days=2))
        assert [one.number for one in await number_health.recover(scope, NOW + timedelta(days=8))] == [OURS]
        assert (await scope.first(STATES)).state == "active"  # type: ignore[union-attr]


async def test_what_is_done_to_a_number_stands_in_the_audit_log(database: Database, keyring: Keyring) -> None:
    seeded = await seed(database, keyring, NOW, leads=1)
    viewer = Viewer.system(seeded.tenant, "worker")
    async with database.scope(seeded.tenant) as scope:
        await scope.run(insert(attempt), attempts(seeded, 30) + attempts(seeded, 70, 30, talk_ms=9_000))
        for days in (0, 1, 8, 9):  # slowed, nothing new, back, nothing new
            await number_health.adjust(scope, seeded.keys, viewer, NOW + timedelta(days=days))
        found = list(reversed(await find(scope, Wanted(kind="own_number", object=str(seeded.own_number)), 10)))
    assert [(one.action, one.body["by"], one.body["detail"]) for one in found] == [
        ("number.slow", "worker", {"from": "active", "to": "slowed"}),
        ("number.recover", "worker", {"from": "slowed", "to": "active"}),
    ]


async def test_complaints_rest_a_number_and_another_tenant_feels_nothing(database: Database, keyring: Keyring) -> None:
    seeded = await seed(database, keyring, NOW, leads=1)
    other = await seed(database, keyring, NOW, slug="other", leads=1)
    async with database.scope(seeded.tenant) as scope:
        await scope.run(insert(attempt), attempts(seeded, 5))
        await _complain(scope, seeded, 2)
        (health,) = await number_health.look(scope, NOW)
        assert health.counts.complaints == 2
        await number_health.slow(scope, seeded.keys, NOW)
        assert (await scope.first(STATES)).state == "resting"  # type: ignore[union-attr]
    async with database.scope(other.tenant) as scope:
        (health,) = await number_health.look(scope, NOW)
        assert (health.counts.dialled, health.counts.complaints, health.state) == (0, 0, "active")


async def test_what_was_slowed_by_hand_stays_so(database: Database, keyring: Keyring) -> None:
    seeded = await seed(database, keyring, NOW, leads=1)
    async with database.scope(seeded.tenant) as scope:
        await scope.run(SET_STATE, which=OURS, before="active", state="resting", reason="by the carrier's wish")
        assert not await number_health.recover(scope, NOW + timedelta(days=30))
