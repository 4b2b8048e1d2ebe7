"""`callwright endpoint` on an embedded database of its own: secrets are shown once, wrong input is refused with its cure."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import insert
from typer.testing import CliRunner

from callwright.accounts.tables import tenant
from callwright.cli.audit import audit_app
from callwright.cli.endpoint import endpoint_app
from callwright.errors import InputError, SettingsError
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


@pytest.mark.usefixtures("kept")
def test_a_secret_that_is_none_makes_no_endpoint(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    add = ["add", "dingtalk", "https://example.com/hook", "--secret-file", str(file)]
    for content, told in ((None, "cannot be read"), (b"\xff\xfe\x00", "no text in UTF-8"), (b" \n", "holds no secret")):
        if content is not None:
            file.write_bytes(content)
        refused = RUNNER.invoke(endpoint_app, add)
        assert isinstance(refused.exception, SettingsError), refused.output
        assert told in str(refused.exception)
    assert "no endpoints" in RUNNER.invoke(endpoint_app, ["list"]).output
    file.write_text("SEC123\n", encoding="utf-8")
    assert "endpoint 1 added" in RUNNER.invoke(endpoint_app, add).output
    typed = RUNNER.invoke(endpoint_app, [*add[:-1], "-"], input="SEC124\n")
    assert "endpoint 2 added" in typed.output
    log = json.loads(RUNNER.invoke(audit_app, ["list", "--json"]).output)
    assert [(one["action"], one["detail"]) for one in log] == [("endpoint.add", {"kind": "dingtalk"})] * 2
