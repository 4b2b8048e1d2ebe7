"""Lists on both databases: taken once whoever repeats it, kept out who may not be called, finished after a kill."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import anyio
import pytest
from sqlalchemy import delete, func, insert, select, text, update

from callwright.campaigns import importing, lead_store, list_store
from callwright.campaigns.erasure import erase
from callwright.campaigns.errors_file import Complaints
from callwright.campaigns.importing import Options, Report, import_people
from callwright.campaigns.json_rows import read_rows
from callwright.campaigns.rows import Row
from callwright.campaigns.sources import open_list
from callwright.campaigns.staged import VARIABLES
from callwright.campaigns.tables import lead, lead_list
from callwright.compliance.tables import consent, freeze, person, suppression
from callwright.errors import DamagedError, LeadsError, Problem
from callwright.store.crypto import Keyring, TenantKeys
from callwright.store.database import Database
from callwright.store.metadata import TENANT
from callwright.testing.campaigns import start_task
from callwright.testing.tenants import Seeded, numbers, seed

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 11, 26, 4, 0, tzinfo=UTC)
PEOPLE = select(
    lead.c.row, lead.c.variables, lead.c.time_zone, person.c.number, person.c.number_index, person.c.country, person.c.region,
    person.c.line_type, person.c.zones, consent.c.basis, consent.c.scope, consent.c.given_at, consent.c.evidence, consent.c.wording,
).where(
    lead.c.tenant_id == TENANT, person.c.tenant_id == TENANT, consent.c.tenant_id == TENANT, person.c.id == lead.c.person_id,
    consent.c.id == lead.c.consent_id, lead.c.list_id == lead_list.c.id, lead_list.c.tenant_id == TENANT, lead_list.c.name == "autumn",
).order_by(lead.c.row)  # fmt: skip
LISTS = select(lead_list).where(lead_list.c.tenant_id == TENANT).order_by(lead_list.c.name)


def counting(table: Any) -> Any:
    return select(func.count()).select_from(table).where(table.c.tenant_id == TENANT)


COUNTS = [counting(table) for table in (person, lead, consent)]


async def counts(database: Database, tenant: int) -> tuple[int, ...]:
    async with database.scope(tenant) as scope:
        return tuple([await scope.value(statement) for statement in COUNTS])


@pytest.fixture
async def acme(database: Database, keyring: Keyring) -> Seeded:
    return await seed(database, keyring, NOW, leads=0)


async def take(database: Database, acme: Seeded, path: Path, **options: Any) -> Report:
    chosen = Options(**{"name": "autumn", "region": "CN", **options})
    return await import_people(database, acme.keys, open_list(path), chosen, NOW)


async def test_what_is_kept_of_a_person(database: Database, acme: Seeded, tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes(
        "手机号,依据,同意时间,同意范围,协议版本,姓名,时区\n13800138000,同意,2026/11/3 9:30,marketing;service,v2,王小明,\n"
        "+12125550123,合同,,,,Ann,America/New_York\n".encode("gb18030")
    )
    report = await take(database, acme, path, zone="Asia/Shanghai")
    assert (report.rows, report.imported, report.already, report.bad, report.people) == (2, 2, 0, 0, 2)
    source = open_list(path)
    async with database.scope(acme.tenant) as scope:
        wang, ann = await scope.all(PEOPLE)
        (kept,) = [row for row in await scope.all(LISTS) if row.name == "autumn"]
    assert acme.keys.open_number(wang.number, wang.number_index) == "+8613800138000"
    assert json.loads(acme.keys.open(wang.variables, VARIABLES)) == {"name": "王小明"}
    assert (wang.row, wang.country, wang.line_type, wang.zones, wang.time_zone) == (
        2, "CN", "mobile", ["Asia/Shanghai"], None,
    )  # fmt: skip
    assert (wang.basis, wang.scope, wang.wording) == ("consent", ["marketing", "service"], "v2")
    assert wang.given_at == datetime(2026, 11, 3, 1, 30, tzinfo=UTC)
    assert wang.evidence == source.evidence(2)
    assert (ann.region, ann.basis, ann.given_at, ann.time_zone) == ("NY", "contract", None, "America/New_York")
    assert (kept.state, kept.rows, kept.imported, kept.duplicates, kept.refused) == ("ready", 2, 2, 0, 0)
    assert (kept.sha256, kept.mapping["variables"]) == (source.sha256, ["name"])
    raw = b"".join(bytes(value) for value in (wang.number, wang.variables))
    assert b"13800138000" not in raw
    assert "王".encode() not in raw


async def test_the_same_and_overlapping_files_change_nothing_twice(
    database: Database, acme: Seeded, tmp_path: Path
) -> None:
    first, second = numbers(30), numbers(30, first=20)
    one, two = tmp_path / "one.csv", tmp_path / "two.csv"
    for path, some in ((one, first), (two, second)):
        path.write_text("number,basis\n" + "".join(f"{number},contract\n" for number in some), encoding="utf-8")
    assert (await take(database, acme, one)).imported == 30
    before = await counts(database, acme.tenant)
    again = await take(database, acme, one)
    assert (again.imported, again.already, again.people) == (0, 30, 30)
    assert await counts(database, acme.tenant) == before == (30, 30, 30)
    over = await take(database, acme, two)
    assert (over.imported, over.already, over.people) == (20, 10, 50)
    assert await counts(database, acme.tenant) == (50, 50, 50)
    other = await take(database, acme, one, name="winter")  # the same proof is not written twice
    assert (other.imported, await counts(database, acme.tenant)) == (30, (50, 80, 50))
    async with database.scope(acme.tenant) as scope:
        kept = {
            row.name: (row.rows, row.imported) for row in await scope.all(LISTS) if row.name in ("autumn", "winter")
        }
    assert kept == {"autumn": (60, 50), "winter": (30, 30)}
    elsewhere = await take(database, acme, two, name="spring", not_elsewhere=True)
    assert (elsewhere.imported, elsewhere.kept_out) == (0, {"elsewhere": 30})


async def test_who_may_not_be_called_is_kept_out_with_the_reason(
    database: Database, acme: Seeded, tmp_path: Path
) -> None:
    some = numbers(7)
    sealed = [acme.keys.seal_number(number) for number in some]

    def frozen(at: int, **changes: Any) -> dict[str, Any]:
        index, number = sealed[at]
        common = {"number_index": index, "number": number, "scope": "tenant", "scope_id": None, "reason": "opt_out"}
        return {**common, "frozen_at": NOW, "until": None, "lifted_at": None, "by": "t", **changes}

    async with database.scope(acme.tenant) as scope:
        await scope.run(insert(suppression), [{"number_index": sealed[0][0], "reason": "erased", "created_at": NOW}])
        await scope.run(
            insert(freeze),
            [
                frozen(1),
                frozen(2, until=NOW),  # over
                frozen(3, lifted_at=NOW),  # lifted
                frozen(4, scope="company", scope_id=acme.company),
                frozen(5, scope="company", scope_id=acme.company + 1),  # another one's
                frozen(6, scope="voice", until=NOW + timedelta(days=1)),
            ],
        )
    path, errors = tmp_path / "people.csv", tmp_path / "errors.csv"
    rows = "".join(f"{number},contract\n" for number in some)
    path.write_text(f"number,basis\n{rows}12,contract\n{some[2]},contract\n", encoding="utf-8")
    with Complaints.to(errors, str(path), "en") as complaints:
        source, chosen = open_list(path), Options("autumn", company=acme.company)
        report = await import_people(database, acme.keys, source, chosen, NOW, complaints=complaints)
    assert (report.imported, report.bad, report.duplicates) == (3, 1, 1)
    assert report.kept_out == {"suppressed": 1, "frozen": 3}
    told = [(row["line"], row["code"]) for row in csv.DictReader(errors.open(encoding="utf-8-sig"))]
    assert sorted(told) == [
        ("10", "duplicate"), ("2", "suppressed"), ("3", "frozen"), ("6", "frozen"), ("8", "frozen"), ("9", "bad-number"),
    ]  # fmt: skip
    assert not any(number in errors.read_text(encoding="utf-8-sig") for number in some)


async def test_all_or_nothing(database: Database, acme: Seeded, tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("number,basis\n+8613900000001,contract\n12,contract\n", encoding="utf-8")
    with pytest.raises(LeadsError) as caught:
        await take(database, acme, path, all_or_nothing=True)
    assert [problem.code for problem in caught.value.problems] == ["bad-number"]
    assert await counts(database, acme.tenant) == (0, 0, 0)


async def test_a_list_that_is_half_imported_takes_no_other_file(
    database: Database, acme: Seeded, tmp_path: Path
) -> None:
    path = tmp_path / "people.csv"
    path.write_text("number,basis\n+8613900000001,contract\n", encoding="utf-8")
    await take(database, acme, path)
    async with database.scope(acme.tenant) as scope:
        await scope.run(update(lead_list).where(lead_list.c.tenant_id == TENANT).values(state="importing"))
    rows = read_rows([{"number": "+8613900000002", "basis": "contract"}])
    with pytest.raises(LeadsError) as caught:
        await import_people(database, acme.keys, rows, Options("autumn"), NOW)
    assert caught.value.problems[0].code == "unfinished"
    assert (await take(database, acme, path)).already == 1
    assert (await import_people(database, acme.keys, rows, Options("autumn"), NOW)).imported == 1


async def test_a_file_without_rows_changes_no_list(database: Database, acme: Seeded, tmp_path: Path) -> None:
    path, empty = tmp_path / "people.csv", tmp_path / "empty.csv"
    path.write_text("number,basis\n+8613900000001,contract\n", encoding="utf-8")
    empty.write_text("number,basis\n", encoding="utf-8")
    with pytest.raises(LeadsError, match="no rows"):
        await take(database, acme, empty)
    assert (await take(database, acme, path)).people == 1  # the name is not lost to a file that nobody can import
    with pytest.raises(LeadsError, match="no rows"):
        await take(database, acme, empty)
    async with database.scope(acme.tenant) as scope:
        one = await lead_store.find_list(scope, "autumn")
    assert one is not None
    assert (one.state, one.source, one.imported) == (
        "ready",
        str(path),
        1,
    )  # and whoever may be called from it still may


async def test_a_file_that_breaks_off_gives_way_to_the_mended_one(
    database: Database, acme: Seeded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "_BATCH", 1)
    path = tmp_path / "people.csv"
    path.write_text("number,basis\n+8613900000001,contract\n+8613900000002,contract\n", encoding="utf-8")
    whole = open_list(path)

    def broken() -> Iterator[Row]:
        yield from islice(whole.rows(), 1)
        raise LeadsError(Problem("too-many", "no further"))

    with pytest.raises(LeadsError, match="no further"):
        torn = replace(whole, rows=broken, sha256="0" * 64)
        await import_people(database, acme.keys, torn, Options("autumn"), NOW)
    async with database.scope(acme.tenant) as scope:
        assert [one.state for one in await scope.all(LISTS) if one.name == "autumn"] == [
            "importing"
        ]  # half of a list is not called
    report = await take(database, acme, path)
    assert report.people == 2
    async with database.scope(acme.tenant) as scope:
        assert [one.state for one in await scope.all(LISTS) if one.name == "autumn"] == ["ready"]


async def test_who_is_in_the_queue_of_a_task_is_left_out_for_it(
    database: Database, keyring: Keyring, tmp_path: Path
) -> None:
    seeded = await seed(database, keyring, NOW, leads=4)
    some = dict(list(zip(seeded.leads, seeded.persons, strict=True))[:2])
    busy = await start_task(database, seeded, NOW, name="busy", leads=some)
    idle = await start_task(database, seeded, NOW, name="idle", leads={})
    path = tmp_path / "people.csv"
    path.write_text("number,basis\n" + "\n".join(f"{one},contract" for one in seeded.numbers), encoding="utf-8")
    report = await take(database, seeded, path, name="left", not_in_task=busy)
    assert (report.imported, report.kept_out) == (2, {"in-task": 2})
    report = await take(database, seeded, path, name="all", not_in_task=idle)
    assert (report.imported, report.kept_out) == (4, {})


async def test_nobody_is_left_out_for_a_task_that_is_not_there(
    database: Database, acme: Seeded, tmp_path: Path
) -> None:
    path = tmp_path / "people.csv"
    path.write_text("number,basis\n+8613900000001,contract\n", encoding="utf-8")
    with pytest.raises(LeadsError) as caught:
        await take(database, acme, path, not_in_task=77)
    assert [problem.code for problem in caught.value.problems] == ["no-task"]
    assert await counts(database, acme.tenant) == (0, 0, 0)


async def test_worker_processes_find_the_same(database: Database, acme: Seeded, tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    rows = [f"{number},contract,n{at}" for at, number in enumerate(numbers(4_500))]
    rows[4_000:4_000] = ["12,contract,bad", rows[7]]
    path.write_text("number,basis,name\n" + "\n".join(rows), encoding="utf-8")
    report = await take(database, acme, path, workers=2)
    assert (report.rows, report.imported, report.bad, report.duplicates) == (4_502, 4_500, 1, 1)


KILLED = """
import asyncio, os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from callwright.campaigns.importing import Options, import_people
from callwright.campaigns import importing
from callwright.campaigns.sources import open_list
from callwright.store.crypto import TenantKeys
from callwright.store.database import Database

url, tenant, data, path, batches = sys.argv[1:]
importing._BATCH = 2000

def told(progress):
    if progress.rows >= int(batches) * 2000:
        os.kill(os.getpid(), signal.SIGKILL)

async def main():
    keys = TenantKeys(int(tenant), bytes.fromhex(data), bytes(32))
    async with Database.open(url) as database:
        now = datetime(2026, 11, 26, 4, 0, tzinfo=UTC)
        await import_people(database, keys, open_list(Path(path)), Options("autumn", workers=1), now, progress=told)

if __name__ == "__main__":
    asyncio.run(main())
"""


async def test_killed_in_between_the_same_command_finishes_it(
    database: Database, database_url: str, acme: Seeded, tmp_path: Path
) -> None:
    data = bytes(range(32))
    keys = TenantKeys(acme.tenant, data, bytes(32))
    path, program = tmp_path / "people.csv", tmp_path / "killed.py"
    path.write_text("number,basis\n" + "\n".join(f"{n},contract" for n in numbers(9_000)), encoding="utf-8")
    program.write_text(KILLED, encoding="utf-8")
    done = await anyio.run_process(
        [sys.executable, str(program), database_url, str(acme.tenant), data.hex(), str(path), "2"], check=False,
        stderr=subprocess.STDOUT,
    )  # fmt: skip
    assert done.returncode == -9, done.stdout.decode()
    async with database.scope(acme.tenant) as scope:
        states = {row.name: row.state for row in await scope.all(LISTS)}
    assert states["autumn"] == "importing"
    left = await counts(database, acme.tenant)
    assert 0 < left[1] < 9_000
    report = await import_people(database, keys, open_list(path), Options("autumn", workers=0), NOW)
    assert (report.imported, report.already, report.people) == (9_000 - left[1], left[1], 9_000)
    assert await counts(database, acme.tenant) == (9_000, 9_000, 9_000)


async def test_without_foreign_keys_nothing_stands_alone(database: Database, acme: Seeded, tmp_path: Path) -> None:
    """docs/adr/0013: what is not there is refused, a list that is not whole is not ready, a list goes with all that is on it."""
    path = tmp_path / "people.csv"
    path.write_text("number,basis\n" + "".join(f"{n},contract\n" for n in numbers(3)), encoding="utf-8")
    with pytest.raises(LeadsError) as caught:
        await take(database, acme, path, company=acme.company + 1)
    assert [problem.code for problem in caught.value.problems] == ["no-company"]
    assert await counts(database, acme.tenant) == (0, 0, 0)
    report = await take(database, acme, path, company=acme.company)
    async with database.scope(acme.tenant) as scope:
        assert await lead_store.hold(scope, report.list_id, None) == ""
        assert await lead_store.hold(scope, report.list_id + 1, None) == "list"
        first = await scope.value(select(func.min(consent.c.id)).where(consent.c.tenant_id == TENANT))
        await scope.run(delete(consent).where(consent.c.tenant_id == TENANT, consent.c.id == first))
        assert await lead_store.written(scope, report.list_id) == lead_store.Written(3, 1)
    with pytest.raises(DamagedError, match="1 leads of list"):
        await take(database, acme, path, company=acme.company)
    async with database.scope(acme.tenant) as scope:
        assert {row.name: row.state for row in await scope.all(LISTS)}["autumn"] == "importing"
        await list_store.drop(scope, report.list_id, NOW)
    assert await counts(database, acme.tenant) == (3, 0, 2)


async def test_who_is_erased_during_an_import_is_not_on_the_list(
    database: Database, acme: Seeded, tmp_path: Path
) -> None:
    path = tmp_path / "people.csv"
    path.write_text("number,basis,name\n" + "".join(f"{n},contract,Ann\n" for n in numbers(3)), encoding="utf-8")
    await take(database, acme, path)
    erased = anyio.Event()
    reports: list[Report] = []

    async def again() -> None:
        await erased.wait()
        reports.append(await take(database, acme, path, name="winter"))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(again)
        async with database.scope(acme.tenant) as scope:
            await erase(scope, acme.keys, numbers(3)[1], NOW)
            erased.set()
            await somebody_waits(database)
    assert (reports[0].imported, reports[0].kept_out) == (2, {"suppressed": 1})


async def somebody_waits(database: Database) -> None:
    """Until a transaction of PostgreSQL waits for another one's lock; on SQLite it waits to begin."""
    with anyio.fail_after(30):
        while database.dialect == "postgresql":
            async with database.system() as connection:
                if (await connection.execute(text("SELECT count(*) FROM pg_locks WHERE NOT granted"))).scalar():
                    return
            await anyio.sleep(0.02)
