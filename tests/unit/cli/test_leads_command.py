"""`callwright leads`: what an operator sees of a list before it is used, when it is imported, and of what is there."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import insert
from typer.testing import CliRunner

from callwright.accounts.tables import tenant
from callwright.cli.main import app
from callwright.errors import LeadsError, SettingsError
from callwright.settings import Settings
from callwright.storage import find_tenant, open_storage

RUNNER = CliRunner()


def test_a_good_list(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("number,basis,name\n+12025550123,contract,Ann\n+12025550124,contract,\n", encoding="utf-8")
    done = RUNNER.invoke(app, ["leads", "check", str(path)])
    assert done.exit_code == 0
    assert "2 people; 2 by contract" in done.output


def test_rows_without_a_needed_variable(tmp_path: Path) -> None:
    RUNNER.invoke(app, ["script", "new", "s", "--template", "appointment_en", "--out", str(tmp_path / "s.yaml")])
    path = tmp_path / "people.csv"
    path.write_text(
        "number,basis,name,company,item,visit\n+12025550123,contract,Ann,Acme,check,Monday\n+12025550124,contract,Bob,Acme,,Monday\n",
        encoding="utf-8",
    )
    done = RUNNER.invoke(app, ["leads", "check", str(path), "--script", str(tmp_path / "s.yaml")])
    assert done.exit_code == 0
    assert f"{path}:3: warning: no item: would not be called" in done.output
    assert "1 of 2 have what" in done.output


def test_bad_rows_and_regions(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("number,basis\n12,contract\n", encoding="utf-8")
    assert isinstance(RUNNER.invoke(app, ["leads", "check", str(path)]).exception, LeadsError)
    with pytest.raises(SettingsError):
        RUNNER.invoke(app, ["leads", "check", str(path), "--region", "Narnia"], catch_exceptions=False)


def test_national_numbers(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("number,basis\n17000000123,contract\n", encoding="utf-8")
    assert RUNNER.invoke(app, ["leads", "check", str(path), "--region", "cn"]).exit_code == 0


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CALLWRIGHT_DATABASE_URL", "CALLWRIGHT_KEY_FILE", "CALLWRIGHT_TENANT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")

    async def make() -> None:
        now = datetime.now(UTC)
        async with open_storage(Settings.from_environment()) as storage:
            async with storage.database.system() as connection:
                await connection.execute(insert(tenant), {"slug": "acme", "name": "Acme", "created_at": now})
            async with storage.database.scope(await find_tenant(storage.database, "")) as scope:
                await storage.keyring.create(scope, now)

    asyncio.run(make())


@pytest.mark.usefixtures("kept")
def test_import_lists_export(tmp_path: Path) -> None:
    path, errors, out = tmp_path / "名单.csv", tmp_path / "errors.csv", tmp_path / "out.csv"
    path.write_bytes("手机,备用电话,客户\n13900000001,010,王小明\n12,,x\n13900000001,,x\n".encode("gb18030"))
    told = [
        "--mapping",
        "手机=number",
        "--mapping",
        "备用电话=-",
        "--mapping",
        "客户=name",
        "--default",
        "basis=contract",
    ]
    words = ["leads", "import", str(path), "--list", "秋季", "--region", "CN", "--errors", str(errors), *told]
    done = RUNNER.invoke(app, words)
    assert done.exit_code == 0, done.output
    assert "read as CSV, GB18030, comma" in done.output
    assert "备用电话: left out" in done.output
    assert "list 秋季: 1 people; of 3 rows 1 are new, 0 stood on it already" in done.output
    assert "1 left out: the number stands twice" in done.output
    assert len(errors.read_text(encoding="utf-8-sig").splitlines()) == 3
    assert "3 行中新增 0 人，1 人已在名单上" in RUNNER.invoke(app, [*words, "--lang", "zh"]).output
    assert "秋季" in RUNNER.invoke(app, ["leads", "lists"]).output
    assert "1 people written" in RUNNER.invoke(app, ["leads", "export", "秋季", "--out", str(out)]).output
    assert "'+8613***0001" in out.read_text(encoding="utf-8-sig")
    RUNNER.invoke(app, ["leads", "export", "秋季", "--out", str(out), "--whole-numbers"])
    assert "'+8613900000001" in out.read_text(encoding="utf-8-sig")
    log = json.loads(RUNNER.invoke(app, ["audit", "list", "--json"]).output)
    entries = [(one["action"], one["detail"].get("masked")) for one in reversed(log)]
    assert entries == [("list.import", None), ("list.import", None), ("list.export", True), ("list.export", False)]


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize(("rows", "code"), [("12,contract\n", 2), ("12,contract\n+12025550123,contract\n", 0)])
def test_an_import_of_nobody_is_no_success(tmp_path: Path, rows: str, code: int) -> None:
    path = tmp_path / "people.csv"
    path.write_text(f"number,basis\n{rows}", encoding="utf-8")
    assert RUNNER.invoke(app, ["leads", "import", str(path), "--list", "a"]).exit_code == code


@pytest.mark.usefixtures("kept")
def test_all_or_nothing_imports_nothing(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("number,basis\n+8613900000001,contract\n12,contract\n", encoding="utf-8")
    done = RUNNER.invoke(app, ["leads", "import", str(path), "--list", "a", "--all-or-nothing"])
    assert isinstance(done.exception, LeadsError)
    assert "no lists" in RUNNER.invoke(app, ["leads", "lists"]).output


@pytest.mark.parametrize(
    "words",
    [
        ["check", "--default", "number=1"],
        ["check", "--default", "basis"],
        ["check", "--zone", "Nowhere"],
        ["export", "--out", "list.pdf"],
    ],
)
def test_wrong_options(tmp_path: Path, words: list[str]) -> None:
    path = tmp_path / "people.csv"
    path.write_text("number,basis\n+8613900000001,contract\n", encoding="utf-8")
    done = RUNNER.invoke(app, ["leads", words[0], str(path), *words[1:]])
    assert isinstance(done.exception, SettingsError)


def test_the_list_is_no_place_for_its_errors(tmp_path: Path) -> None:
    path, link = tmp_path / "people.csv", tmp_path / "link.csv"
    path.write_text("number,basis\n12,contract\n", encoding="utf-8")
    link.symlink_to(path)
    for errors in (path, link):
        done = RUNNER.invoke(app, ["leads", "check", str(path), "--errors", str(errors)])
        assert isinstance(done.exception, SettingsError)
        assert "the list itself" in str(done.exception)
    assert path.read_text(encoding="utf-8") == "number,basis\n12,contract\n"
