"""Tenants are added, stopped and let go on; each time the tenant's own audit log says so."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from callwright.accounts import tenants
from callwright.audit.service import verify_kept
from callwright.audit.store import Wanted, find
from callwright.errors import InputError
from callwright.store.crypto import Keyring
from callwright.store.database import Database

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 11, 26, 4, 0, tzinfo=UTC)


async def test_what_becomes_of_a_tenant_stands_in_its_audit_log(database: Database, keyring: Keyring) -> None:
    acme = await tenants.add(database, keyring, "acme", "Acme", NOW, by="callwright tenant add")
    await tenants.add(database, keyring, "beta", "Beta", NOW)
    for suspended in (True, True, False):  # what it is already changes nothing and leaves no entry
        await tenants.suspend(database, keyring, "acme", suspended, NOW, by="callwright tenant suspend")
        row = await tenants.named(database, "acme")
        assert row is not None and row.suspended == suspended
    async with database.reading(acme) as scope:
        found = [(one.action, one.object, one.body["by"]) for one in reversed(await find(scope, Wanted(), 10))]
        keys = await keyring.tenant(scope)
        assert (await verify_kept(scope, keys.signing.public_key())).ok
    by = "callwright tenant suspend"
    assert found == [
        ("tenant.add", str(acme), "callwright tenant add"), ("tenant.suspend", str(acme), by), ("tenant.resume", str(acme), by),
    ]  # fmt: skip


async def test_a_tenant_that_is_not_there_is_told(database: Database, keyring: Keyring) -> None:
    with pytest.raises(InputError, match="no tenant nobody"):
        await tenants.suspend(database, keyring, "nobody", True, NOW)
