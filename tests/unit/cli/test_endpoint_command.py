"""`callwright endpoint` on an embedded database of its own: secrets are shown once, wrong input is refused with its cure."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import insert
from typer.testing import CliRunner

from callwright.accounts.tables import tenant
from callwright.cli.endpoint import endpoint_app
from callwright.errors import InputError
from callwright.settings import Settings
from callwright.storage import find_tenant, open_storage

RUNNER = CliRunner()


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CALLWRIGHT_DATABASE_URL", "CALLWRIGHT_KEY_FILE", "CALLWRIGHT_TENANT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))

    async def make() -> None:
        now = datetime.now(UTC)
        async with open_storage(Settings.from_environment()) as storage:
            async with storage.database.system() as connection:
                await connection.execute(insert(tenant), {"slug": "acme", "name": "Acme", "created_at": now})
            number = await find_tenant(storage.database, "")
            async with storage.database.scope(number) as scope:
                await storage.keyring.create(scope, now)

    asyncio.run(make())


@pytest.mark.usefixtures("kept")
def test_an_endpoint_is_added_listed_and_switched_off() -> None:
    added = RUNNER.invoke(endpoint_app, ["add", "webhook", "https://example.com/hook", "--event", "call.ended"])
    assert added.exit_code == 0, added.output
    assert "endpoint 1 added" in added.output
    secret = added.output.split("once): ")[1].strip()
    assert secret.startswith("whsec_")
    assert RUNNER.invoke(endpoint_app, ["switch", "1", "--off"]).exit_code == 0
    listed = RUNNER.invoke(endpoint_app, ["list"], env={"COLUMNS": "200"}).output
    assert "call.ended" in listed
    assert "no" in listed
    assert secret not in listed
    assert "0 tried" in RUNNER.invoke(endpoint_app, ["send"]).output


@pytest.mark.usefixtures("kept")
def test_what_is_wrong_is_said() -> None:
    for words in (["add", "webhook", "http://example.com"], ["switch", "7"], ["list", "--tenant", "nobody"]):
        refused = RUNNER.invoke(endpoint_app, words)
        assert isinstance(refused.exception, InputError), words
        assert refused.exception.problems[0].hint


def test_the_embedded_database_is_for_its_owner_alone(kept: None, tmp_path: Path) -> None:
    for name in ("callwright.db", "callwright.key"):
        assert (tmp_path / "callwright" / name).stat().st_mode & 0o077 == 0, name
