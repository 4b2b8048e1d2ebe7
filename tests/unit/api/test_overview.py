"""The first page: counts of what is there, on both databases; what a viewer may not see is null."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from callwright.store.crypto import Keyring
from callwright.store.database import Database
from callwright.testing.api import open_api
from callwright.testing.tenants import seed

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 11, 26, 3, 0, tzinfo=UTC)


async def test_what_is_there_is_counted_within_the_tenant(database: Database, keyring: Keyring) -> None:
    ours = await seed(database, keyring, NOW)
    await seed(database, keyring, NOW, slug="other")
    async with open_api(database, keyring, ours.tenant, now=lambda: NOW) as api:
        seen = (await api.get("/api/v1/overview", params={"since": NOW.isoformat()})).json()
        assert {name: seen[name] for name in ("companies", "companies_vetted", "scripts_reviewed", "lists", "lines")} == {
            "companies": 1, "companies_vetted": 1, "scripts_reviewed": 1, "lists": 1, "lines": 1,
        }  # fmt: skip
        assert seen["today"] == {"dialled": 0, "answered": 0, "talk_ms": 0, "live": 0, "grades": {}}
        assert seen["suspects"] == 0
        author = (await api.get("/api/v1/overview", roles="author")).json()
        assert (author["suspects"], author["complaints"]) == (None, None)
        assert (await api.get("/api/v1/overview", roles=None)).status_code == 401
