"""What is older than a tenant decided goes, with its files; what is evidence of an open complaint stays."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from callwright.accounts import tenant_settings
from callwright.accounts.model import Viewer
from callwright.accounts.tenant_settings import Retention
from callwright.audit.service import verify_kept
from callwright.audit.store import Wanted, find
from callwright.campaigns import retention
from callwright.campaigns.result_tables import call_text, unanswered
from callwright.campaigns.retention import Applied
from callwright.campaigns.tables import call_result
from callwright.compliance.tables import complaint
from callwright.insight.gathering import catch_up
from callwright.store.blobs import Blobs
from callwright.store.crypto import Keyring
from callwright.store.database import Database
from callwright.store.metadata import TENANT
from callwright.testing.results import Told, add_calls
from callwright.testing.tenants import Seeded, seed

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 11, 26, 4, 0, tzinfo=UTC)
CALLS = [
    Told("A", ("请问一年多少钱？",), unknown=("有没有停车位",)),
    Told("A", ("好的，可以",), ago=timedelta(days=40), unknown=("能开发票吗",)),
    Told("B", ("不需要",), ago=timedelta(days=100), who=1),
    Told("B", ("你们是骗子",), ago=timedelta(days=100), who=2),
]
RESULTS = select(call_result).where(call_result.c.tenant_id == TENANT).order_by(call_result.c.attempt_id)
TEXTS = select(call_text.c.attempt_id).where(call_text.c.tenant_id == TENANT).order_by(call_text.c.attempt_id)
OPEN = select(unanswered.c.attempt_id).where(unanswered.c.tenant_id == TENANT)


@pytest.fixture
async def blobs(tmp_path: Path) -> AsyncIterator[Blobs]:
    async with Blobs.open((tmp_path / "blobs").as_uri()) as opened:
        yield opened


async def choose(database: Database, seeded: Seeded, chosen: Retention) -> None:
    async with database.scope(seeded.tenant) as scope:
        await tenant_settings.keep_retention(scope, seeded.keys, Viewer.system(seeded.tenant), chosen, NOW)


async def test_what_is_too_old_goes(database: Database, keyring: Keyring, blobs: Blobs) -> None:
    seeded = await seed(database, keyring, NOW)
    mine = blobs.of(seeded.tenant)
    await add_calls(database, seeded, NOW, CALLS, mine)
    await catch_up(database, seeded.tenant, keyring)
    number, sealed = seeded.keys.seal_number(seeded.numbers[2])
    async with database.scope(seeded.tenant) as scope:
        await scope.run(
            insert(complaint), reference="1", channel="own", number_index=number, number=sealed, received_at=NOW,
            answer_by=NOW, by="anna",
        )  # fmt: skip
        before = await scope.all(RESULTS)
    again = (database, keyring, mine.delete, seeded.tenant, NOW)
    assert await retention.apply(*again) == Applied()  # nobody chose anything: everything stays
    await choose(database, seeded, Retention(recordings=30, transcripts=90))
    assert await retention.apply(*again) == Applied(recordings=2, transcripts=1)
    assert await retention.apply(*again) == Applied()
    async with database.scope(seeded.tenant) as scope:
        rows = await scope.all(RESULTS)
        assert [bool(row.recording) for row in rows] == [True, False, False, True]
        assert [bool(row.log) for row in rows] == [True, True, False, True]
        assert [row.attempt_id[-1] for row in await scope.all(TEXTS)] == ["0", "1", "3"]
        assert sorted(row.attempt_id[-1] for row in await scope.all(OPEN)) == ["0", "1"]
        assert [row.grade for row in rows] == ["A", "A", "B", "B"]
        assert seeded.keys.open(bytes(rows[2].slots), f"slots.{rows[2].attempt_id}") == b"{}"
        told = (await find(scope, Wanted(action="retention.apply"), 9))[0]
        assert told.body["detail"] == {"recordings": 2, "transcripts": 1}
    sizes = [await mine.size(row.recording) for row in before]
    assert [size is not None for size in sizes] == [True, False, False, True]
    assert [await mine.size(row.log) is not None for row in before] == [True, True, False, True]


async def test_old_entries_of_the_audit_log_go_and_it_stays_whole(
    database: Database, keyring: Keyring, blobs: Blobs
) -> None:
    seeded = await seed(database, keyring, NOW)
    await choose(database, seeded, Retention(audit=30))
    later = NOW + timedelta(days=60)
    drop = blobs.of(seeded.tenant).delete
    assert (await retention.apply(database, keyring, drop, seeded.tenant, later)).audit == 1
    async with database.reading(seeded.tenant) as scope:
        report = await verify_kept(scope, seeded.keys.signing.public_key())
    assert report.ok, report.findings
    assert (report.first, report.last) == (2, 2)
