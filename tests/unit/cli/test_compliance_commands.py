"""records, freeze, consent, complaint and subject as an inspector uses them, over one embedded database."""

from __future__ import annotations

import asyncio
import json
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from callwright.cli.main import app
from callwright.compliance.decision import Decision
from callwright.compliance.freeze_store import suspect
from callwright.compliance.reasons import Reason
from callwright.compliance.record_store import append
from callwright.compliance.records import NewRecord
from callwright.errors import CallwrightError
from callwright.settings import Settings
from callwright.storage import open_storage
from callwright.testing.tenants import seed

NOW = datetime(2026, 11, 26, 4, 0, tzinfo=UTC)
NUMBER = "+8613900000000"
Run = Callable[..., str]


async def fill() -> None:
    async with open_storage(Settings.from_environment()) as storage:
        seeded = await seed(storage.database, storage.keyring, NOW)
        held = Decision(NUMBER, "+861085550000", NOW.isoformat(), (Reason("window", True, "12:00"),))
        shut = Decision(NUMBER, "+861085550000", NOW.isoformat(), (Reason("frozen", False, "frozen"),))
        async with storage.database.scope(seeded.tenant) as scope:
            dial = NewRecord("dial", NOW, held, "ab" * 32, seeded.persons[0], 3, seeded.leads[0], "c-1")
            refusal = NewRecord("refusal", NOW, shut, "ab" * 32, seeded.persons[0], 3, seeded.leads[0])
            await append(scope, seeded.keys, [dial, refusal])
            await suspect(scope, seeded.keys, seeded.numbers[1], "c-2", "没兴趣", NOW)
            await suspect(scope, seeded.keys, seeded.numbers[2], "c-3", "不想听", NOW)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Runs a command, which must end with `code`; what it printed, or the error it would tell."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CALLWRIGHT_DATABASE_URL", f"sqlite:///{tmp_path / 'c.db'}")
    monkeypatch.setenv("CALLWRIGHT_KEY_FILE", str(tmp_path / "c.key"))
    monkeypatch.setenv("CALLWRIGHT_BLOBS", (tmp_path / "blobs").as_uri())
    asyncio.run(fill())

    def one(*words: str, code: int = 0) -> str:
        result: Result = CliRunner().invoke(app, list(words))
        error = result.exception
        if isinstance(error, CallwrightError):
            assert error.exit_code == code, error
            return str(error)
        assert result.exit_code == code, (result.output, error)
        return result.output

    yield one


def test_records(run: Run, tmp_path: Path) -> None:
    key = run("records", "key").strip()
    assert "refusal" in run("records", "list", "--refused")
    assert "frozen" in run("records", "list", "--task", "3")
    shown = json.loads(run("records", "show", "1"))
    assert shown["body"]["verdict"] == "allowed"
    assert "no record" in run("records", "show", "99", code=2)
    assert "2 records" in run("records", "export", "all.jsonl")
    assert "record 2" in run("records", "anchor", "end.json")
    assert "whole: 2 records" in run("records", "verify", "all.jsonl", "--key", key, "--anchor", "end.json")
    assert "whole: 2 records" in run("records", "verify", "--database", "--anchor", "end.json")
    (tmp_path / "key.txt").write_text(f"{key}\n")
    text = (tmp_path / "all.jsonl").read_text()
    (tmp_path / "all.jsonl").write_text(text.replace('"frozen"', '"thawed"'))
    found = json.loads(run("records", "verify", "all.jsonl", "--key", "key.txt", "--json", code=1))
    assert {one["found"] for one in found["findings"]} == {"edited"}
    assert "from somewhere else" in run("records", "verify", "all.jsonl", code=2)
    assert "name a file" in run("records", "verify", code=2)
    assert "cannot be read" in run("records", "verify", "none.jsonl", "--key", key, code=2)


def test_freezes(run: Run, tmp_path: Path) -> None:
    assert "freeze 1 added" in run("freeze", "add", NUMBER, "--reason", "abuse", "--by", "anna")
    assert "stands already" in run("freeze", "add", NUMBER, "--reason", "abuse", "--until", "2026-11-27")
    listed = run("freeze", "list")
    assert "+86139****0000" in listed
    assert NUMBER not in listed
    assert "no number" in run("freeze", "add", "13900000000", code=2)
    (tmp_path / "list.csv").write_text("number,note\n+8613900000009,=1+1\n12345,\n")
    told = run("freeze", "import", "list.csv", code=2)
    assert "1 frozen" in told
    assert "1 not usable" in told
    assert "2 freezes" in run("freeze", "export", "out.csv")
    assert "'=1+1" in (tmp_path / "out.csv").read_text()
    assert (tmp_path / "out.csv").stat().st_mode & 0o077 == 0
    assert "0 frozen, 2 were frozen before, 0 not usable" in run("freeze", "import", "out.csv")
    run("freeze", "lift", "1", "--reason", "asked again", "--by", "bert")
    assert "bert: asked again" in run("freeze", "list", "--all", "--number", NUMBER)
    assert "没兴趣" in run("freeze", "suspects")
    assert "added" in run("freeze", "confirm", "1", "--until", "2099-06-01")
    assert "dismissed" in run("freeze", "dismiss", "2", "--reason", "asked the price")
    assert "nothing waits" in run("freeze", "suspects")
    assert {one["reason"] for one in json.loads(run("freeze", "list", "--json"))} == {"imported", "keyword"}


def test_registries(run: Run, tmp_path: Path) -> None:
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    (tmp_path / "212.txt").write_text("212,5550101\n212,5550102\n")
    load = ("registry", "import", "us-national-dnc", "212.txt", "--as-of")
    assert "2 numbers, 0 lines not usable; nothing was changed" in run(*load, today, "--check")
    assert "not loaded; asked for by us/national-dnc" in run("registry", "list")
    made = run(*load, today, "--account", "SAN-1", "--by", "anna")
    assert "2 added; it holds 2 numbers of 1 area codes (+1212)" in made
    assert "fresh until" in made
    (tmp_path / "change.txt").write_text("212,5550101,D\n212,5550103,A\n")
    change = ("registry", "import", "us-national-dnc", "change.txt", "--kind", "change", "--as-of", today)
    assert "since when" in run(*change, code=2)
    assert "1 added, 1 deleted; it holds 2 numbers" in run(*change, "--since", "2026-01-01")
    (tmp_path / "bad.txt").write_text("212,5550101\nhello\n")
    bad = ("registry", "import", "us-national-dnc", "bad.txt", "--as-of", today)
    assert "no number of US" in run(*bad, code=2)
    assert "1 lines could not be read" in run(*bad, "--skip-unusable")
    assert "no rule pack asks for 'us-dnc'" in run("registry", "import", "us-dnc", "212.txt", "--as-of", today, code=2)
    assert "no kind" in run(*load, today, "--kind", "half", code=2)
    assert "cannot be read" in run("registry", "import", "uk-tps", "none.txt", "--as-of", today, code=2)
    (tmp_path / "tps.txt").write_text("07700 900123\n")
    assert "it is too old already" in run("registry", "import", "uk-tps", "tps.txt", "--as-of", "2026-01-01")
    told = json.loads(run("registry", "list", "--json"))
    assert [(one["registry"], one["numbers"], one["fresh"], one["areas"]) for one in told["copies"]] == [
        ("uk-tps", 1, False, []), ("us-national-dnc", 1, True, ["+1212"]),
    ]  # fmt: skip
    assert "us-national-dnc" not in told["missing"] and "uk-ctps" in told["missing"]
    assert "TOO OLD since 2026-01-29" in run("registry", "list")
    assert "of uk-tps forgotten: 1 numbers" in run("registry", "forget", str(told["copies"][0]["id"]))
    assert "no copy 99" in run("registry", "forget", "99", code=2)
    log = run("audit", "list")
    assert "registry.import" in log and "registry.forget" in log


def test_consents(run: Run, tmp_path: Path) -> None:
    (tmp_path / "form.pdf").write_bytes(b"signed")
    assert "a consent has a proof" in run("consent", "add", NUMBER, "--to", "survey", "--given", "2026-11-20", code=2)
    given = ("--to", "survey", "--given", "2026-11-20", "--evidence", "form.pdf")
    assert "added" in run("consent", "add", NUMBER, *given)
    assert "survey" in run("consent", "show", NUMBER)
    assert "2 rows" in run("consent", "export", "mine.json", "--number", NUMBER)
    assert "revoked: 1" in run("consent", "revoke", NUMBER, "--means", "sms")
    assert "nothing was left" in run("consent", "revoke", NUMBER, "--means", "sms")
    assert all(one["revoked_at"] for one in json.loads(run("consent", "show", NUMBER, "--json")))
    assert "opt_out" in run("freeze", "list")


def test_complaint_and_erasure(run: Run, tmp_path: Path) -> None:
    key = run("records", "key").strip()
    opened = run("complaint", "open", NUMBER, "--channel", "12321", "--reference", "47/11", "--received", "2026-11-26")
    assert "answer before 2026-12-17 16:00" in opened
    assert "complaint" in run("freeze", "list")
    assert "sha256" in run("complaint", "bundle", "47/11", "--out", "b.zip")
    assert "whole: bundle of complaint 47/11" in run("records", "verify", "b.zip", "--key", key)
    with zipfile.ZipFile(tmp_path / "b.zip") as opened_zip:
        assert "records/1-2.jsonl" in opened_zip.namelist()
    assert len(list((tmp_path / "blobs").rglob("*.zip"))) == 1
    assert "not closed" in run("subject", "erase", NUMBER, "--yes", code=2)
    assert "answered" in run("complaint", "answer", "47/11", "--text", "Sorry.")
    run("complaint", "close", "47/11")
    assert "no complaints" in run("complaint", "list")
    run("complaint", "open", NUMBER, "--reference", "old", "--received", "2020-01-01")
    assert "OVERDUE" in run("complaint", "list", "--overdue", code=1)
    run("complaint", "answer", "old", "--text", "Sorry.")
    run("complaint", "close", "old")
    assert "1 files deleted" in run("subject", "erase", NUMBER, "--yes")
    assert not list((tmp_path / "blobs").rglob("*.zip"))
    assert "nobody here" in run("consent", "show", NUMBER, code=2)
    assert "whole" in run("records", "verify", "--database")
