"""A list that is taken out comes back as it was, runs in no spreadsheet, and shows whole numbers to those only who may see them."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from callwright.campaigns import lead_store
from callwright.campaigns.exporting import Form, export_people
from callwright.campaigns.importing import Options, import_people
from callwright.campaigns.json_rows import read_rows
from callwright.campaigns.sources import open_list
from callwright.campaigns.staged import VARIABLES
from callwright.errors import LeadsError
from callwright.store.crypto import Keyring, TenantKeys
from callwright.store.database import Database
from callwright.testing.tenants import seed

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 11, 26, 4, 0, tzinfo=UTC)
ROWS: list[dict[str, object]] = [
    {"number": "+8613900000001", "basis": "consent", "consent_at": "2026-11-03T09:30:00+08:00", "scope": "marketing;service",
     "wording": "v2", "channel": "web", "source": "=HYPERLINK(1)", "name": "=cmd|'/c calc'!A0", "note": "'=1"},
    {"number": "+12125550123", "basis": "contract", "valid_until": "2027-01-01", "time_zone": "America/New_York", "name": "王, \"小\"\n明",
     "note": "-1"},
]  # fmt: skip


async def people(database: Database, keys: TenantKeys, name: str) -> list[tuple[Any, ...]]:
    async with database.scope(keys.tenant) as scope:
        found = await lead_store.find_list(scope, name)
        assert found is not None
        rows = await lead_store.people(scope, found.id, 0, 10)
    return [
        (
            keys.open_number(row.number, row.number_index), keys.open(row.variables, VARIABLES), row.basis, row.scope,
            row.wording, row.channel, row.source, row.given_at, row.valid_until, row.time_zone,
        )
        for row in rows
    ]  # fmt: skip


@pytest.mark.parametrize("form", ["csv", "xlsx"])
async def test_out_and_in_again(database: Database, keyring: Keyring, tmp_path: Path, form: Form) -> None:
    keys = (await seed(database, keyring, NOW, leads=0)).keys
    await import_people(database, keys, read_rows(ROWS), Options("first"), NOW)
    path = tmp_path / f"list.{form}"
    assert await export_people(database, keys, "first", path, form=form, masked=False) == 2
    report = await import_people(database, keys, open_list(path), Options("second"), NOW)
    assert report.imported == 2
    assert await people(database, keys, "second") == await people(database, keys, "first")
    for cell in cells(path, form):
        assert not isinstance(cell, str) or form == "xlsx" or cell[:1] not in ("=", "+", "-", "@", "\t", "\r")


def cells(path: Path, form: Form) -> list[object]:
    if form == "csv":
        with path.open(encoding="utf-8-sig", newline="") as file:
            return [cell for row in csv.reader(file) for cell in row]
    sheet = openpyxl.load_workbook(path).active
    assert sheet is not None
    assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)
    return [cell.value for row in sheet.iter_rows() for cell in row]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_masked_numbers(database: Database, keyring: Keyring, tmp_path: Path) -> None:
    keys = (await seed(database, keyring, NOW, leads=0)).keys
    await import_people(database, keys, read_rows(ROWS), Options("first"), NOW)
    path = tmp_path / "list.csv"
    await export_people(database, keys, "first", path)
    text = path.read_text(encoding="utf-8-sig")
    assert "'+8613***0001" in text
    assert "+8613900000001" not in text
    with pytest.raises(LeadsError) as caught:
        await export_people(database, keys, "nowhere", path)
    assert caught.value.problems[0].code == "no-list"
