"""Imports that are seen to live: cut off, ended by hand, unreadable in the middle."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import anyio
import pytest

from callwright.campaigns import lead_store, list_store
from callwright.campaigns.importing import Options, Progress
from callwright.campaigns.json_rows import read_rows
from callwright.campaigns.rows import Row, Source
from callwright.campaigns.uploads import BEAT, import_list, state_of, unlisted
from callwright.errors import LeadsError, Problem
from callwright.store.crypto import Keyring
from callwright.store.database import Database
from callwright.testing.tenants import numbers, seed

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)]
NOW = datetime(2026, 11, 26, 4, 0, tzinfo=UTC)
LATER = NOW + 5 * BEAT


def source(count: int = 3) -> Source:
    row = {"basis": "consent", "consent_at": "2026-11-01"}
    return read_rows([{"number": number, **row} for number in numbers(count, 700)])


async def test_a_file_that_breaks_off_leaves_a_failed_list_that_the_whole_one_finishes(
    database: Database, keyring: Keyring, tmp_path: Path
) -> None:
    seeded = await seed(database, keyring, NOW)
    whole = source()

    def broken() -> Iterator[Row]:
        rows = whole.rows()
        yield next(rows)
        raise LeadsError(Problem("not-json", "it breaks off"))

    options = Options("autumn")
    with pytest.raises(LeadsError, match="breaks off"):
        await import_list(database, seeded.keys, replace(whole, rows=broken), options, lambda: NOW)
    async with database.reading(seeded.tenant) as scope:
        row = await lead_store.find_list(scope, "autumn")
    assert row is not None
    assert state_of(row, NOW) == "failed"
    report, _ = await import_list(database, seeded.keys, whole, options, lambda: NOW, tmp_path / "errors.csv")
    assert report.people == 3
    async with database.reading(seeded.tenant) as scope:
        row = await lead_store.find_list(scope, "autumn")
    assert row is not None
    assert (state_of(row, LATER), "import" in row.mapping) == ("ready", False)
    assert await unlisted(database, seeded.tenant, row.id, NOW) == 3


async def test_one_that_is_ended_is_failed_and_one_that_died_shows_so(database: Database, keyring: Keyring) -> None:
    seeded = await seed(database, keyring, NOW)
    alive: list[str] = []

    with anyio.CancelScope() as ending:

        def progress(told: Progress) -> None:
            alive.append(told.part)
            ending.cancel()

        await import_list(database, seeded.keys, source(), Options("ended"), lambda: NOW, None, progress)
    assert alive == ["importing"]
    async with database.scope(seeded.tenant) as scope:
        row = await lead_store.find_list(scope, "ended")
        assert row is not None
        assert state_of(row, NOW) in ("failed", "ready")  # it was told to end when its last row was in
        await lead_store.set_state(scope, row.id, "importing", "x", "0" * 64)
        row = await lead_store.find_list(scope, "ended")
        assert row is not None
        assert state_of(row, LATER) == "importing", "an import of the command line says nothing about itself"
        await list_store.mark(scope, row, "importing", {"beat": NOW.isoformat()})
        row = await lead_store.find_list(scope, "ended")
    assert row is not None
    assert (state_of(row, NOW), state_of(row, LATER)) == ("importing", "failed")
