"""Lines and own numbers of line files: new ones, changed ones, and what the audit log says of them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from callwright.accounts.model import Viewer
from callwright.accounts.tables import own_number
from callwright.audit.store import Wanted, find
from callwright.campaigns.lines import Synced, Trunk, sync
from callwright.campaigns.tables import line
from callwright.store.crypto import Keyring
from callwright.store.database import Database
from callwright.store.metadata import TENANT
from callwright.testing.tenants import OWN_NUMBER, Seeded, seed

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 11, 26, 4, 0, tzinfo=UTC)
OTHER = "+861085550001"
_LIMITS = select(line.c.name, line.c.max_calls).where(line.c.tenant_id == TENANT).order_by(line.c.name)
_TRUNKS = select(own_number.c.number, own_number.c.trunk, own_number.c.pool).where(own_number.c.tenant_id == TENANT)


async def load(database: Database, seeded: Seeded, *trunks: Trunk) -> Synced:
    async with database.scope(seeded.tenant) as scope:
        viewer = Viewer.system(seeded.tenant, "callwright task lines")
        return await sync(scope, seeded.keys, viewer, trunks, "new", NOW)


async def test_what_changes_is_counted_and_stands_in_the_audit_log_once(database: Database, keyring: Keyring) -> None:
    seeded = await seed(database, keyring, NOW)
    same = Trunk("a", 10, 10.0, 1, (OWN_NUMBER,))
    assert await load(database, seeded, same) == Synced()
    more, second = Trunk("a", 20, 10.0, 1, ()), Trunk("b", 5, 1.0, 1, (OWN_NUMBER, OTHER))
    assert await load(database, seeded, more, second) == Synced(1, 1, 1, 1)
    assert await load(database, seeded, more, second) == Synced()
    async with database.reading(seeded.tenant) as scope:
        assert [tuple(row) for row in await scope.all(_LIMITS)] == [("a", 20), ("b", 5)]
        numbers = {row.number: (row.trunk, row.pool) for row in await scope.all(_TRUNKS)}
        (entry,) = await find(scope, Wanted(), 10)
    assert numbers == {OWN_NUMBER: ("b", "default"), OTHER: ("b", "new")}
    assert (entry.action, entry.kind, entry.body["by"]) == ("line.load", "line", "callwright task lines")
    assert entry.body["detail"] == {"lines": 1, "numbers": 1, "changed_lines": 1, "moved_numbers": 1}
