"""How the databases go about long lists: neither reads all of one table for each row, or each page, of another."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Update, text

from callwright.campaigns import crowd, lead_store
from callwright.store.crypto import Keyring
from callwright.store.database import Database
from callwright.store.staging import stage
from callwright.testing.tenants import Seeded, seed

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 11, 26, 4, 0, tzinfo=UTC)
JUDGED = {
    name: value
    for name, value in vars(lead_store).items()
    if isinstance(value, Update) and value.table is lead_store._row
}
PAGES = {"people": lead_store._PEOPLE, "crowd": crowd._SEEN}


@pytest.fixture
async def acme(database: Database, keyring: Keyring) -> Seeded:
    return await seed(database, keyring, NOW, leads=3)


async def plan(scope: Any, statement: Any) -> str:
    """What the database says it will do."""
    lite = scope.dialect == "sqlite"
    now = round(NOW.timestamp() * 1000) if lite else NOW
    known = {
        "tenant": scope.tenant,
        "at": now,
        "since": now,
        "company": 1,
        "list": 1,
        "task": 1,
        "after": 1,
        "most": 50,
    }
    named = type(scope.connection.dialect)(paramstyle="named")
    compiled = statement.compile(dialect=named)
    values = {name: known.get(name, value) for name, value in compiled.params.items()}
    explain = "EXPLAIN QUERY PLAN" if lite else "EXPLAIN"
    words = re.sub(r"__\[POSTCOMPILE_\w+\]", "NULL", f"{explain} {compiled}").replace("::", " ::")
    return "\n".join(str(row[-1]) for row in await scope.connection.execute(text(words), values))


@pytest.mark.parametrize("name", JUDGED)
async def test_a_staged_row_is_looked_up_and_the_batch_read_once(database: Database, acme: Seeded, name: str) -> None:
    """With EXISTS PostgreSQL read the batch again for every frozen number: half the time of an import with 1,000 of them."""
    if database.dialect == "sqlite":
        pytest.skip("SQLite never turns EXISTS round")
    async with database.scope(acme.tenant) as scope:
        await stage(scope, lead_store._row, lead_store.STAGED, [])
        told = await plan(scope, JUDGED[name])
    assert "Nested Loop" not in told, told


@pytest.mark.parametrize("name", PAGES)
async def test_a_page_of_a_list_is_read_without_sorting_the_list(database: Database, acme: Seeded, name: str) -> None:
    if database.dialect != "sqlite":
        pytest.skip("PostgreSQL plans by its statistics")
    async with database.reading(acme.tenant) as scope:
        told = await plan(scope, PAGES[name])
    assert "ix_lead_list" in told, told
    assert "TEMP B-TREE" not in told, told
