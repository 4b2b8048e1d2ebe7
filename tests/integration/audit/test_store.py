"""The audit log on both databases: one chain for each tenant, in the transaction of what it tells; tampering is found."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, update

from callwright import audit
from callwright.accounts.model import Viewer
from callwright.accounts.roles import Role
from callwright.audit.file import anchor_text, read_anchor, verify
from callwright.audit.service import export, verify_kept
from callwright.audit.store import Wanted, ends, find, trim
from callwright.audit.tables import audit_entry, audit_head
from callwright.store.crypto import Keyring
from callwright.store.database import Database
from callwright.store.metadata import TENANT
from callwright.testing.tenants import Seeded, seed

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 11, 26, 4, 0, tzinfo=UTC)


def anna(tenant: int) -> Viewer:
    return Viewer.of_session(tenant, 3, "Anna", frozenset({Role.OPERATOR}))


async def write(database: Database, seeded: Seeded, count: int, since: datetime = NOW) -> None:
    async with database.scope(seeded.tenant) as scope:
        for n in range(count):
            viewer = anna(seeded.tenant) if n % 2 else Viewer.system(seeded.tenant, "callwright task start")
            at = since + timedelta(days=n)
            await audit.note(scope, seeded.keys, viewer, "task.start", ("task", n), {"n": n}, now=at)


async def test_it_is_written_with_what_it_tells_or_not_at_all(database: Database, keyring: Keyring) -> None:
    seeded = await seed(database, keyring, NOW)
    with pytest.raises(RuntimeError):
        async with database.scope(seeded.tenant) as scope:
            await audit.note(scope, seeded.keys, anna(seeded.tenant), "task.start", ("task", 1), now=NOW)
            raise RuntimeError
    async with database.scope(seeded.tenant) as scope:
        assert await audit.note(scope, seeded.keys, anna(seeded.tenant), "task.pause", ("task", 1), now=NOW) == 1
        with pytest.raises(ValueError, match="another"):
            await audit.note(scope, seeded.keys, anna(seeded.tenant + 1), "task.pause", ("task", 1), now=NOW)


async def test_a_clock_with_microseconds_is_no_tampering(database: Database, keyring: Keyring) -> None:
    seeded = await seed(database, keyring, NOW)
    for microsecond in (617_499, 617_500, 617_999, 999_999):
        async with database.scope(seeded.tenant) as scope:
            at = NOW.replace(microsecond=microsecond)
            await audit.note(scope, seeded.keys, anna(seeded.tenant), "task.start", ("task", 1), now=at)
    async with database.reading(seeded.tenant) as scope:
        report = await verify_kept(scope, seeded.keys.signing.public_key())
    assert report.ok, report.findings


async def test_many_writers_make_one_chain(database: Database, keyring: Keyring) -> None:
    seeded = await seed(database, keyring, NOW)
    async with asyncio.TaskGroup() as writers:
        for _ in range(6):
            writers.create_task(write(database, seeded, 3))
    async with database.reading(seeded.tenant) as scope:
        report = await verify_kept(scope, seeded.keys.signing.public_key())
    assert report.ok, report.findings
    assert report.records == 18


async def test_entries_are_found_and_exported(database: Database, keyring: Keyring) -> None:
    seeded = await seed(database, keyring, NOW)
    await write(database, seeded, 6)
    async with database.scope(seeded.tenant) as scope:
        await audit.note(scope, seeded.keys, anna(seeded.tenant), "recording.play", ("call", "c1"), now=NOW)
        assert [one.sealed.seq for one in await find(scope, Wanted(user=3), 2)] == [7, 6]
        assert [one.object for one in await find(scope, Wanted(action="recording."), 9)] == ["c1"]
        assert [one.object for one in await find(scope, Wanted(kind="task", object="4"), 9)] == ["4"]
        since = Wanted(since=NOW + timedelta(days=2), until=NOW + timedelta(days=4), before=99)
        assert [one.sealed.seq for one in await find(scope, since, 9)] == [4, 3]
        lines = [line.encode() async for line in export(scope, seeded.keys, NOW)]
    assert verify(lines, seeded.keys.signing.public_key()).records == 7


async def test_old_entries_are_trimmed_and_the_rest_stays_whole(database: Database, keyring: Keyring) -> None:
    seeded = await seed(database, keyring, NOW)
    await write(database, seeded, 6)
    public = seeded.keys.signing.public_key()
    job = Viewer.system(seeded.tenant, "retention")
    async with database.scope(seeded.tenant) as scope:
        early = read_anchor(
            anchor_text(seeded.tenant, (await ends(scope)).last, seeded.keys.signing, NOW).encode(), public
        )
        assert await trim(scope, seeded.keys, job, NOW + timedelta(days=4), NOW + timedelta(days=6)) == 4
        assert await trim(scope, seeded.keys, job, NOW + timedelta(days=4), NOW + timedelta(days=6)) == 0
        report = await verify_kept(scope, public, [early])
        assert report.ok, report.findings
        assert (report.first, report.last) == (5, 7)
        assert verify([line.encode() async for line in export(scope, seeded.keys, NOW)], public).ok
        assert await trim(scope, seeded.keys, job, NOW + timedelta(days=60), NOW + timedelta(days=60)) == 3
        assert (await verify_kept(scope, public)).ok
        await scope.run(delete(audit_entry).where(audit_entry.c.tenant_id == TENANT))  # by hand
        assert not (await verify_kept(scope, public)).ok


TAMPERED = {
    "a body": (update(audit_entry).values(body='{"a":1}').where(audit_entry.c.seq == 2), "edited"),
    "who": (update(audit_entry).values(user_id=99).where(audit_entry.c.seq == 2), "columns-differ"),
    "what": (update(audit_entry).values(action="task.pause").where(audit_entry.c.seq == 2), "columns-differ"),
    "when": (update(audit_entry).values(at=NOW + timedelta(hours=1)), "columns-differ"),
    "a signature": (update(audit_entry).values(signature=bytes(64)).where(audit_entry.c.seq == 2), "bad-signature"),
    "a row": (delete(audit_entry).where(audit_entry.c.seq == 2), "gap"),
    "the last row": (delete(audit_entry).where(audit_entry.c.seq == 4), "truncated"),
    "the end": (update(audit_head).values(seq=3), "added"),
    "the beginning": (update(audit_head).values(base_seq=2), "cut-off"),
}  # fmt: skip


@pytest.mark.parametrize("how", TAMPERED)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_tampering_with_the_database_is_found(database: Database, keyring: Keyring, how: str) -> None:
    seeded = await seed(database, keyring, NOW)
    public = seeded.keys.signing.public_key()
    await write(database, seeded, 4)
    async with database.scope(seeded.tenant) as scope:
        assert (await verify_kept(scope, public)).ok
    statement, name = TAMPERED[how]
    async with database.system() as connection:
        await connection.execute(statement)
    async with database.scope(seeded.tenant) as scope:
        report = await verify_kept(scope, public)
    assert name in {finding.found for finding in report.findings}
