"""records, freeze, consent, complaint and subject as an inspector uses them, over one embedded database."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
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


def test_reading_records_waits_for_no_dial_and_holds_none_up(run: Run, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "c.db", isolation_level=None)) as dialling:
        dialling.execute("BEGIN IMMEDIATE")
        assert "refusal" in run("records", "list")
        assert "2 records" in run("records", "export", "all.jsonl")
        assert "record 2" in run("records", "anchor", "end.json")
        assert "whole: 2 records" in run("records", "verify", "--database")


def test_freezes(run: Run, tmp_path: Path) -> None:
    assert "freeze 1 added" in run("freeze", "add", NUMBER, "--reason", "abuse", "--by", "anna")
    soon = (datetime.now(UTC) + timedelta(days=2)).date().isoformat()
    assert "stands already" in run("freeze", "add", NUMBER, "--reason", "abuse", "--until", soon)
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


def test_a_freeze_that_would_keep_nobody_from_being_called(run: Run, tmp_path: Path) -> None:
    over = run("freeze", "add", NUMBER, "--until", "2001-01-01", code=2)
    assert "would be over already" in over
    assert "would be over already" in run("freeze", "confirm", "1", "--until", "2001-01-01", code=2)
    for kind in ("company", "task"):
        there_is_none = run("freeze", "add", NUMBER, "--scope", kind, "--scope-id", "99", code=2)
        assert f"there is no {kind} 99" in there_is_none
    file = tmp_path / "list.csv"
    file.write_text(f"number,scope,scope_id\n{NUMBER},company,99\n+8613900000009,company,1\n", encoding="utf-8")
    told = run("freeze", "import", str(file), code=2)
    assert "1 frozen, 0 were frozen before, 1 not usable" in told
    assert "there is no company 99" in told
    again = run("freeze", "import", str(file), "--lang", "zh", code=2)
    assert "冻结 0 个，之前已冻结 1 个，不可用 1 行" in again
    assert "没有编号为 99 的公司" in again
    assert len(json.loads(run("freeze", "list", "--json"))) == 1


def test_numbers_that_no_column_holds(run: Run) -> None:
    told = run("freeze", "lift", "9" * 30, "--reason", "a test", code=2)
    assert "a number is larger than anything here" in told


def test_a_country_without_a_calendar(run: Run) -> None:
    told = run("complaint", "open", NUMBER, "--channel", "own", "--country", "ZZ", code=2)
    assert "the working days of 'ZZ' are not known" in told


def test_what_a_command_does_stands_in_the_audit_log(run: Run, tmp_path: Path) -> None:
    proof, frozen, evidence = tmp_path / "form.pdf", tmp_path / "list.csv", tmp_path / "bundle.zip"
    proof.write_bytes(b"signed")
    frozen.write_text("number\n+8613900000009\n", encoding="utf-8")
    run("freeze", "add", NUMBER, "--by", "anna")
    run("freeze", "add", NUMBER, "--by", "anna")  # stands already: nothing was done
    run("freeze", "lift", "1", "--reason", "asked us to")
    run("freeze", "import", str(frozen))
    run("freeze", "export", str(tmp_path / "out.csv"))
    run("freeze", "confirm", "1")
    run("freeze", "dismiss", "2", "--reason", "asked for the price")
    run("consent", "add", NUMBER, "--to", "service", "--given", "2026-01-01", "--evidence", str(proof))
    run("consent", "show", NUMBER)
    run("consent", "revoke", NUMBER, "--means", "mail")
    ticket = run("complaint", "open", NUMBER, "--text", "stop it").split()[0]
    run("complaint", "bundle", ticket, "--out", str(evidence))
    run("complaint", "answer", ticket, "--text", "sorry")
    run("complaint", "close", ticket)
    run("subject", "erase", "+8613900000009", "--yes", code=2)  # nobody of this number: frozen only
    run("subject", "erase", NUMBER, "--yes")
    log = [json.loads(line) if isinstance(line, str) else line for line in json.loads(run("audit", "list", "--json"))]
    done = [(one["action"], one["by"]) for one in reversed(log)]
    assert done == [
        ("freeze.add", "callwright freeze add"),
        ("freeze.lift", "callwright freeze lift"),
        ("freeze.import", "callwright freeze import"),
        ("freeze.export", "callwright freeze export"),
        ("suspect.confirm", "callwright freeze confirm"),
        ("suspect.dismiss", "callwright freeze dismiss"),
        ("consent.add", "callwright consent add"),
        ("consent.list", "callwright consent show"),
        ("consent.withdraw", "callwright consent revoke"),
        ("complaint.open", "callwright complaint open"),
        ("complaint.bundle", "callwright complaint bundle"),
        ("complaint.answer", "callwright complaint answer"),
        ("complaint.close", "callwright complaint close"),
        ("subject.erase", "callwright subject erase"),
    ]
    assert {one["via"] for one in log} == {"system"}
    assert NUMBER not in json.dumps(log)
    assert run("audit", "verify").startswith("whole: 14 entries")
