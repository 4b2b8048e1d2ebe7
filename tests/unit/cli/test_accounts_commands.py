"""`callwright db`, `tenant`, `company` and `number` on an embedded database of their own, as somebody who sets up an installation."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from typer.testing import CliRunner

from callwright.cli.audit import audit_app
from callwright.cli.company import company_app
from callwright.cli.db import db_app
from callwright.cli.number import number_app
from callwright.cli.tenant import tenant_app
from callwright.errors import InputError, StoreError

RUNNER = CliRunner(env={"COLUMNS": "200"})
COMPANY, NUMBER = "91110000000000000A", "+861085550000"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("CALLWRIGHT_DATABASE_URL", "CALLWRIGHT_KEY_FILE", "CALLWRIGHT_BLOBS", "CALLWRIGHT_TENANT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    return tmp_path / "callwright"


def said(app: object, *words: str) -> str:
    done = RUNNER.invoke(app, words)  # type: ignore[arg-type]
    if done.exception is not None:
        raise done.exception
    return done.output


def test_setting_up(folder: Path, tmp_path: Path) -> None:
    paper = tmp_path / "licence.pdf"
    paper.write_bytes(b"licence")
    assert "tenant acme added" in said(tenant_app, "add", "acme", "--name", "Acme")
    assert [stat.S_IMODE((folder / name).stat().st_mode) for name in ("callwright.db", "callwright.key")] == [0o600] * 2
    assert "active" in said(tenant_app, "list")
    said(company_app, "add", COMPANY, "Acme", "--country", "CN")
    assert "not vetted" in said(company_app, "list")
    vetted = said(company_app, "vet", COMPANY, "--paper", str(paper), "--by", "anna", "--until", "2099-12-31")
    assert "1 paper(s) kept" in vetted
    assert "licence.pdf" in said(company_app, "list")
    (kept,) = (folder / "blobs" / "t1" / "papers").iterdir()
    assert kept.read_bytes() == b"licence"
    said(number_app, "add", NUMBER, "--trunk", "a", "--company", COMPANY, "--region", "+8610")
    said(number_app, "verify", NUMBER)
    said(number_app, "register", NUMBER, "carrier-contract", "--note", "2026/17")
    listed = said(number_app, "list")
    assert "carrier-contract" in listed and "number-label-platforms" in listed
    (health,) = json.loads(said(number_app, "health", "--apply", "--json"))
    assert (health["number"], health["state"], health["dialled"], health["should_be"]) == (
        NUMBER,
        "active",
        0,
        "active",
    )
    assert NUMBER in said(number_app, "health", "--days", "30")
    said(number_app, "retire", NUMBER, "--reason", "given back")
    assert "retired: given back" in said(number_app, "list")
    with pytest.raises(InputError, match="stays so"):
        said(number_app, "verify", NUMBER)
    log = json.loads(said(audit_app, "list", "--json"))
    assert [one["action"] for one in reversed(log)] == [
        "tenant.add", "company.add", "company.vet", "number.add", "number.verify", "number.register", "number.retire",
    ]  # fmt: skip
    said(tenant_app, "suspend", "acme")
    assert "suspended" in said(tenant_app, "list")
    said(tenant_app, "suspend", "acme", "--off")
    assert "suspended" not in said(tenant_app, "list")
    log = json.loads(said(audit_app, "list", "--json"))
    assert [one["action"] for one in log[:2]] == ["tenant.resume", "tenant.suspend"]


def test_what_is_wrong_is_told_with_its_cure(tmp_path: Path) -> None:
    wrong = {
        "cannot be the name": (tenant_app, ["add", "Acme Corp"]),
        "there is no tenant nobody": (tenant_app, ["suspend", "nobody"]),
        "there is no tenant yet": (number_app, ["list"]),
    }
    for message, (app, words) in wrong.items():
        with pytest.raises(InputError, match=message):
            said(app, *words)
    said(tenant_app, "add", "acme")
    later = {
        "there is a tenant acme": (tenant_app, ["add", "acme"]),
        "is no phone number": (number_app, ["add", "085550000", "--trunk", "a"]),
        "there is no company 7": (number_app, ["add", NUMBER, "--trunk", "a", "--company", "7"]),
        "no trunk is named": (number_app, ["add", NUMBER, "--trunk", ""]),
        "is no region": (number_app, ["add", NUMBER, "--trunk", "a", "--region", "Mars"]),
        "a registration and a name": (company_app, ["add", "7", " ", "--country", "CN"]),
        "calls nobody": (number_app, ["add", NUMBER, "--trunk", "a", "--max-per-day", "0"]),
        "none of our numbers": (number_app, ["retire", NUMBER, "--reason", "x"]),
        "cannot be read": (
            company_app,
            ["vet", "7", "--by", "a", "--until", "2099-01-01", "--paper", str(tmp_path / "nothing")],
        ),
    }
    for message, (app, words) in later.items():
        with pytest.raises(InputError, match=message):
            said(app, *words)
    said(number_app, "add", NUMBER, "--trunk", "a")
    with pytest.raises(InputError, match="is one of our numbers already"):
        said(number_app, "add", NUMBER, "--trunk", "a")
    with pytest.raises(InputError, match="name of a registry"):
        said(number_app, "register", NUMBER, "No Registry")


def test_the_database_is_made_checked_and_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert said(db_app, "current") == "none\n"
    checked = RUNNER.invoke(db_app, ["check"])
    assert checked.exit_code == 1 and "run `callwright db upgrade`" in checked.output
    assert said(db_app, "upgrade") == "empty -> revision 0001\n"
    assert said(db_app, "upgrade") == "revision 0001\n"
    assert said(db_app, "check") == "revision 0001, as it should be\n"
    said(tenant_app, "add", "acme")
    with pytest.raises(InputError, match="is there"):
        said(db_app, "key", str(folder / "callwright.key"))
    said(db_app, "key", str(folder / "other.key"))
    monkeypatch.setenv("CALLWRIGHT_KEY_FILE", str(folder / "other.key"))
    with pytest.raises(StoreError, match="is CALLWRIGHT_KEY_FILE the file of this database"):
        said(number_app, "list")
    monkeypatch.setenv("CALLWRIGHT_KEY_FILE", str(folder / "lost.key"))
    with pytest.raises(InputError, match="there is no key file"):
        said(number_app, "list")
