"""Row-level security of PostgreSQL: raw SQL, past our own check, sees and changes nothing of another tenant."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from callwright.store.crypto import Keyring
from callwright.store.database import Database
from callwright.store.metadata import TENANT_TABLES
from callwright.testing.databases import PostgresServer
from callwright.testing.tenants import Seeded, seed

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.integration,
    pytest.mark.parametrize("database_url", ["postgresql"], indirect=True),
]

PAGE = (Path(__file__).resolve().parents[3] / "docs/how-to/use-postgresql.md").read_text(encoding="utf-8")
NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)


@pytest.fixture
async def two(database: Database, keyring: Keyring) -> tuple[Seeded, Seeded]:
    return await seed(database, keyring, NOW, slug="one"), await seed(database, keyring, NOW, slug="two")


async def test_without_a_tenant_nothing_is_seen(database: Database, two: tuple[Seeded, Seeded]) -> None:
    assert two
    async with database.system() as connection:
        for table in TENANT_TABLES:
            assert (await connection.execute(text(f'SELECT count(*) FROM "{table.name}"'))).scalar() == 0, table.name


async def test_within_a_tenant_its_own_rows_are(database: Database, two: tuple[Seeded, Seeded]) -> None:
    one, other = two
    async with database.scope(one.tenant) as scope:
        for table in ("lead", "person", "consent", "company", "tenant_key"):
            found = await scope.connection.execute(text(f"SELECT DISTINCT tenant_id FROM {table}"))
            assert found.scalars().all() == [one.tenant], table
        gone = await scope.connection.execute(
            text("DELETE FROM lead WHERE tenant_id = :other"), {"other": other.tenant}
        )
        assert gone.rowcount == 0
    async with database.scope(other.tenant) as scope:
        assert (await scope.connection.execute(text("SELECT count(*) FROM lead"))).scalar() == 3


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO worker (tenant_id, name, seen_at, robots, started_at) VALUES (:other, 'w', now(), 1, now())",
        "UPDATE lead SET tenant_id = :other",
    ],
)
async def test_nothing_is_written_into_another(database: Database, two: tuple[Seeded, Seeded], statement: str) -> None:
    one, other = two
    with pytest.raises(DBAPIError, match="row-level security"):
        async with database.scope(one.tenant) as scope:
            await scope.connection.execute(text(statement), {"other": other.tenant})


async def test_the_tenant_is_forgotten_with_its_transaction(database: Database, two: tuple[Seeded, Seeded]) -> None:
    """One connection, used in turn: nothing of the last transaction's tenant is left on it."""
    async with Database.open(database.engine.url.render_as_string(hide_password=False), connections=1) as single:
        async with single.scope(two[0].tenant) as scope:
            assert (await scope.connection.execute(text("SELECT count(*) FROM lead"))).scalar() == 3
        async with single.system() as connection:
            assert (await connection.execute(text("SELECT count(*) FROM lead"))).scalar() == 0


async def test_a_tenant_goes_with_what_it_set_up(database: Database, two: tuple[Seeded, Seeded]) -> None:
    """People, consents and leads have no keys (docs/adr/0013): nothing of the product deletes a tenant."""
    async with database.system() as connection:
        await connection.execute(text("DELETE FROM tenant WHERE id = :one"), {"one": two[0].tenant})
    for seeded, left in zip(two, (0, 1), strict=True):
        async with database.scope(seeded.tenant) as scope:
            assert (await scope.connection.execute(text("SELECT count(*) FROM company"))).scalar() == left


async def test_a_worker_need_not_own_the_tables(database: Database, postgres: PostgresServer, keyring: Keyring) -> None:
    """The grants of docs/how-to/use-postgresql.md are enough for a role that cannot change tables."""
    name = database.engine.url.database or ""
    grants = [
        line.replace("callwright_worker", "worker_role") for line in PAGE.splitlines() if "callwright_worker;" in line
    ]
    assert len(grants) == 4

    def prepare() -> None:
        postgres.sql("DROP ROLE IF EXISTS worker_role")
        postgres.sql("CREATE ROLE worker_role LOGIN")
        for grant in grants:
            postgres.sql(f"SET ROLE callwright; {grant}", name)

    await asyncio.to_thread(prepare)
    try:
        async with Database.open(postgres.url(name, "worker_role")) as worker:
            seeded = await seed(worker, keyring, NOW)
            async with worker.scope(seeded.tenant) as scope:
                assert (await scope.connection.execute(text("SELECT count(*) FROM lead"))).scalar() == 3
            async with worker.system() as connection:
                assert (await connection.execute(text("SELECT count(*) FROM lead"))).scalar() == 0
            with pytest.raises(DBAPIError, match="must be owner"):
                async with worker.system() as connection:
                    await connection.execute(text("ALTER TABLE lead NO FORCE ROW LEVEL SECURITY"))
    finally:
        await asyncio.to_thread(postgres.sql, "DROP OWNED BY worker_role; DROP ROLE worker_role", name)
