"""The databases of our own tests: private, fresh, and there again after a crash."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select

from callwright.campaigns.tables import lead
from callwright.store.crypto import Keyring
from callwright.store.database import Database
from callwright.store.metadata import TENANT
from callwright.testing.databases import PostgresServer
from callwright.testing.tenants import seed

pytestmark = [pytest.mark.anyio, pytest.mark.integration]

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
COUNT = select(func.count()).select_from(lead).where(lead.c.tenant_id == TENANT)


async def test_a_fresh_database_holds_what_is_put_into_it(database: Database, keyring: Keyring) -> None:
    seeded = await seed(database, keyring, NOW, leads=5)
    async with database.scope(seeded.tenant) as scope:
        assert await scope.value(COUNT) == 5
    assert seeded.numbers == tuple(f"+8613900000{n:03}" for n in range(5))


def test_we_are_no_superuser_and_may_not_bypass_tenants(postgres: PostgresServer) -> None:
    assert postgres.sql("SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = 'callwright'") == "f|f"
    assert postgres.sql("SHOW fsync") == "on"
