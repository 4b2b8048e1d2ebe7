"""`callwright tenant|company|script submit|task ...` on an embedded database, from nothing to a cancelled task."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import anyio
import pytest
from sqlalchemy import insert
from typer.testing import CliRunner

from callwright.campaigns.tables import lead, lead_list
from callwright.cli.main import app
from callwright.compliance.tables import consent, person
from callwright.settings import Settings
from callwright.storage import find_tenant, open_storage

LINE = """\
format: line/1
trunks:
  - name: office
    proxy: "sip:192.0.2.77:5060"
    local: {host: 127.0.0.1}
    numbers: ["+12025550100"]
"""
TASK = """\
format: task/1
name: visits
company: "123"
list: people
line: office
scripts:
  - {script: visit}
calling:
  zone: America/New_York
  windows:
    - {days: [mon, tue, wed, thu, fri], from: 10:00, to: 18:00}
robots: {max: 5}
not_after: 2090-01-01T00:00:00-05:00
budget: {currency: USD, total: 50, per_attempt: 0.01, per_minute: 0.05}
"""


def run(*args: str, code: int = 0) -> str:
    done = CliRunner().invoke(app, list(args))
    told = done.output + str(done.exception or "")
    assert (done.exit_code == 0) == (code == 0), told
    return told


async def people() -> None:
    """A list as an import leaves it."""
    now = datetime.now(UTC)
    async with open_storage(Settings.from_environment()) as storage:
        number = await find_tenant(storage.database, "")
        async with storage.database.scope(number) as scope:
            keys = await storage.keyring.tenant(scope)
            new = {"name": "people", "state": "ready", "rows": 2, "imported": 2, "created_at": now}
            (made,) = await scope.add(insert(lead_list).returning(lead_list.c.id), [new])
            for at in range(2):
                index, sealed = keys.seal_number(f"+1202555012{at}")
                who = {"number_index": index, "number": sealed, "country": "US", "region": "DC", "zones": ["America/New_York"],
                       "line_type": "mobile", "created_at": now}  # fmt: skip
                (one,) = await scope.add(insert(person).returning(person.c.id), [who])
                given = {"person_id": one.id, "basis": "consent", "scope": ["service", "synthetic_voice", "recording"], "evidence": "e" * 64,
                         "given_at": now, "created_at": now}  # fmt: skip
                (why,) = await scope.add(insert(consent).returning(consent.c.id), [given])
                said = dict.fromkeys(("name", "company", "item", "visit"), "x") if at == 0 else {}
                row = {"list_id": made.id, "person_id": one.id, "row": at + 2, "consent_id": why.id, "created_at": now,
                       "variables": keys.seal(json.dumps(said), "lead.variables")}  # fmt: skip
                await scope.run(insert(lead), [row])


READING = (
    "task list", "task show visits", "task why visits", "task results visits", "task simulate visits", "leads lists", "freeze list",
    "freeze suspects", "number list", "number health", "company list", "complaint list", "endpoint list", "script versions", "records list",
    "audit list",
)  # fmt: skip


@contextmanager
def writing(file: Path) -> Iterator[None]:
    """Somebody writes to the database for as long as this lasts: dialling, or an import. Whoever only looks waits for nobody."""
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield


def test_the_way_of_a_task_on_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CALLWRIGHT_DATABASE_URL", f"sqlite:///{tmp_path}/c.db")
    monkeypatch.setenv("CALLWRIGHT_KEY_FILE", str(tmp_path / "key"))
    monkeypatch.setenv("CALLWRIGHT_BLOBS", f"file://{tmp_path}/blobs")
    assert "added" in run("tenant", "add", "acme")
    assert "acme" in run("tenant", "list")
    (tmp_path / "licence.pdf").write_text("licence")
    (tmp_path / "line.yaml").write_text(LINE)
    (tmp_path / "task.yaml").write_text(TASK)
    run("company", "add", "123", "Acme Heating", "--country", "US")
    missing = run("task", "create", "task.yaml", "--by", "anna", code=2)
    assert "unknown-list" in missing and "unknown-script" in missing and "unknown-line" in missing
    run("company", "vet", "123", "--paper", "licence.pdf", "--until", "2088-12-31", "--by", "anna")
    assert "Acme Heating" in run("company", "list")
    run("script", "new", "visit", "--template", "appointment_en")
    digest = run("script", "submit", "visit.yaml", "--by", "anna").split()[1]
    assert "own-work" in run("script", "review", digest, "--by", "anna", code=2)
    run("script", "review", digest, "--by", "bert")
    assert digest in run("script", "versions")
    assert "1 of them new" in run("task", "lines", "line.yaml")
    assert "0 of them new" in run("task", "lines", "line.yaml")
    anyio.run(people)
    assert "ok" in run("task", "check", "task.yaml")
    assert "draft" in run("task", "create", "task.yaml", "--by", "anna")
    run("task", "submit", "visits", "--by", "anna")
    assert "! the task waits for somebody else to approve it" in run("task", "why", "visits")
    assert "own-work" in run("task", "approve", "visits", "--by", "anna", code=2)
    assert "in review -> approved" in run("task", "approve", "visits", "--by", "bert")
    told = json.loads(run("task", "simulate", "visits", "--begins", "2026-12-01T10:00:00-05:00", "--json"))
    assert told["leads"] == 2
    assert told["cases"]["likely"]["excluded"]["variables"] == 1
    assert "2 leads in 2 kinds" in run("task", "simulate", "visits")
    assert "approved -> running" in run("task", "start", "visits", "--by", "anna")
    assert "没有在线的工作进程" in run("task", "why", "visits", "--lang", "zh")
    run("task", "why", "visits", "--lang", "fr", code=2)
    run("task", "simulate", "visits", "--seed", "-1", code=2)
    lead_why = json.loads(run("task", "why", "visits", "--lead", "2", "--json"))
    assert lead_why[0]["code"] == "lead_excluded"
    assert "1 ready" in run("task", "show", "visits")
    with writing(tmp_path / "c.db"):
        for words in READING:
            run(*words.split())
    assert "running -> paused" in run("task", "pause", "visits", "--by", "anna", "--why", "lunch")
    (tmp_path / "faster.yaml").write_text(TASK.replace("max: 5", "max: 9"))
    assert "changed: robots; the task is paused" in run("task", "change", "visits", "faster.yaml", "--by", "anna")
    run("task", "resume", "visits", "--by", "anna")
    assert "0 dials were made" in run("task", "simulate", "visits", "--replay")
    assert json.loads(run("task", "results", "visits", "--json"))["outcomes"] == {}
    assert "withdrawn" in run("script", "withdraw", digest, "--by", "bert")
    assert "running -> cancelled" in run("task", "cancel", "visits", "--by", "anna")
    assert "cancelled" in run("task", "list")
    assert run("tenant", "suspend", "acme").strip() == "tenant acme suspended"
    run("tenant", "suspend", "acme", "--off")
    log = [(one["action"], one["by"].removeprefix("callwright ")) for one in json.loads(run("audit", "list", "--json"))]
    assert list(reversed(log)) == [
        ("tenant.add", "tenant add"), ("company.add", "company add"), ("company.vet", "company vet"), ("script.submit", "script submit"),
        ("script.approve", "script review"), ("script.publish", "script review"), ("line.load", "task lines"), ("task.create", "task create"),
        ("task.submit", "task submit"), ("task.approve", "task approve"), ("task.start", "task start"), ("task.pause", "task pause"),
        ("task.change", "task change"), ("task.resume", "task resume"), ("script.withdraw", "script withdraw"),
        ("task.cancel", "task cancel"), ("tenant.suspend", "tenant suspend"), ("tenant.resume", "tenant suspend"),
    ]  # fmt: skip
