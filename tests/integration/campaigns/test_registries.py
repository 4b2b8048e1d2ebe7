"""Do-not-call registries on both databases: loaded, changed, looked up by the gate in its own statement, and taken away."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, func, select, update

from callwright.accounts.model import Viewer
from callwright.audit.store import Wanted
from callwright.audit.store import find as audited
from callwright.campaigns import dispatch_store as rows
from callwright.campaigns import registries, why
from callwright.campaigns.dispatch import Dial, Refused, Terms, claim, dial
from callwright.campaigns.facts import gather
from callwright.campaigns.registries import Order, Report, forget, import_registry, of_file
from callwright.campaigns.tables import task_lead
from callwright.compliance import registry_store
from callwright.compliance.facts import RegistryFacts
from callwright.compliance.pack_file import loads_pack
from callwright.compliance.packs import Packs
from callwright.compliance.registries import Kind
from callwright.compliance.registry_rules import Asking
from callwright.compliance.tables import person, registry_copy, registry_number
from callwright.errors import InputError, RefusedError
from callwright.store.crypto import Keyring
from callwright.store.database import Database
from callwright.store.metadata import TENANT
from callwright.testing.campaigns import NOON, start_task
from callwright.testing.tenants import Seeded, seed

pytestmark = [pytest.mark.anyio, pytest.mark.integration]

DAY = timedelta(days=1)
ASKING = (Asking("screen", "screened", "cn-test", 31),)
SCREEN = """
format: rule-pack/1
id: screen
version: "1"
title: Screen everybody
jurisdiction: CN
places: [CN]
coverage: national
clock: Asia/Shanghai
effective_from: 2026-01-01
sources: [{id: own, title: Our own policy, as_of: 2026-11-26}]
rules:
  - id: screened
    title: Not in the registry
    check: dnc
    params: {registry: cn-test, max_age_days: 31}
    severity: block
    status: contract
    citation: {source: own}
    tests:
      - {name: nobody looked, at: "2026-11-25T12:00", facts: {registries: []}, expect: unknown}
"""
COPIES = select(registry_copy.c.id, registry_copy.c.state).where(registry_copy.c.tenant_id == TENANT)
HELD = select(func.count()).select_from(registry_number).where(registry_number.c.tenant_id == TENANT)
INDEXES = select(registry_number.c.number_index).where(registry_number.c.tenant_id == TENANT)
LEADS = (
    select(task_lead.c.lead_id, task_lead.c.state, task_lead.c.reason)
    .where(task_lead.c.tenant_id == TENANT)
    .order_by(task_lead.c.lead_id)
)


@dataclass
class Desk:
    """One tenant whose people stand in a registry, or do not."""

    database: Database
    seeded: Seeded
    now: datetime = NOON

    @property
    def viewer(self) -> Viewer:
        return Viewer(self.seeded.tenant, None, "anna", frozenset(), frozenset(), "system")

    async def load(self, lines: Sequence[str], kind: Kind = "full", name: str = "cn-test", **more: Any) -> Report:
        order = Order(name, kind, **{"as_of": self.now} | more)
        file = of_file("list.txt", io.BytesIO("".join(f"{line}\n" for line in lines).encode()))
        keys = self.seeded.keys
        return await import_registry(self.database, keys, ASKING, order, file, self.viewer, lambda: self.now)

    async def facts(self) -> list[tuple[RegistryFacts, ...]]:
        """Of everybody, in the order of the seeded people."""
        async with self.database.scope(self.seeded.tenant, keyed=True) as scope:
            found = []
            for number in self.seeded.numbers:
                who = await scope.all(rows.LOCK_PERSON, number_index=self.seeded.keys.index(number))
                (one,) = await gather(scope, self.seeded.keys, who, self.now)
                found.append(one.registries)
            return found

    async def rows(self, statement: Any) -> list[Any]:
        async with self.database.scope(self.seeded.tenant) as scope:
            return list(await scope.all(statement))

    async def count(self) -> int:
        async with self.database.scope(self.seeded.tenant) as scope:
            return int(await scope.value(HELD))


@pytest.fixture
async def desk(database: Database, keyring: Keyring) -> Desk:
    return Desk(database, await seed(database, keyring, NOON, leads=4))


async def move(desk: Desk, country: str, numbers: Sequence[str]) -> None:
    """Give the seeded people other numbers."""
    keys = desk.seeded.keys
    async with desk.database.scope(desk.seeded.tenant) as scope:
        for who, number in zip(desk.seeded.persons, numbers, strict=True):
            index, sealed = keys.seal_number(number)
            values = {"number_index": index, "number": sealed, "country": country}
            await scope.run(update(person).where(person.c.tenant_id == TENANT, person.c.id == who).values(**values))
    desk.seeded = type(desk.seeded)(
        **{name: getattr(desk.seeded, name) for name in Seeded.__slots__} | {"numbers": tuple(numbers)}
    )


# ------------------------------------------------------------ loading


async def test_a_full_copy_is_looked_up_and_replaced_by_the_next(desk: Desk) -> None:
    first, second, *_ = desk.seeded.numbers
    assert await desk.facts() == [(), (), (), ()]
    report = await desk.load(
        [first, f" {second[:6]} {second[6:]} ", first, ""], as_of=NOON - 3 * DAY, version="41", account="SAN-7"
    )
    assert (report.added, report.held, report.replaced, report.areas) == (2, 2, 0, ())
    free, listed = RegistryFacts("cn-test", False, NOON - 3 * DAY), RegistryFacts("cn-test", True, NOON - 3 * DAY)
    assert await desk.facts() == [(listed,), (listed,), (free,), (free,)]
    later = await desk.load([second])
    assert (later.held, later.replaced) == (1, 1)
    assert [found.listed for (found,) in await desk.facts()] == [False, True, False, False]
    assert await desk.rows(COPIES) == [(later.copy, "ready")], "the copy before is gone with its rows"
    assert await desk.count() == 1
    async with desk.database.reading(desk.seeded.tenant) as scope:
        (copy,) = await registry_store.copies(scope)
    assert (copy.as_of, copy.source, copy.by, copy.numbers) == (NOON, "list.txt", "anna", 1)


async def test_numbers_stand_there_as_blind_index_only(desk: Desk) -> None:
    await desk.load(desk.seeded.numbers)
    kept = {bytes(row.number_index) for row in await desk.rows(INDEXES)}
    assert kept == {desk.seeded.keys.index(number) for number in desk.seeded.numbers}


async def test_a_change_makes_a_copy_newer(desk: Desk) -> None:
    first, second, third, fourth = desk.seeded.numbers
    await desk.load([first, second], as_of=NOON - 5 * DAY)
    lines = [f"{second},D", f"{third},2026-11-25,A", f"{fourth},A", f"{fourth},D"]
    report = await desk.load(lines, "change", since=NOON - 6 * DAY, version="42")
    assert (report.added, report.deleted, report.held) == (1, 1, 2)
    assert [(found.listed, found.as_of) for (found,) in await desk.facts()] == [
        (True, NOON), (False, NOON), (True, NOON), (False, NOON),
    ]  # fmt: skip
    again = await desk.load(lines, "change", since=NOON - 6 * DAY)
    assert (again.added, again.deleted, again.held) == (0, 0, 2), "the same once more changes nothing"


async def test_a_change_needs_its_copy_and_leaves_no_gap(desk: Desk) -> None:
    line = [f"{desk.seeded.numbers[0]},A"]
    with pytest.raises(InputError, match="no full copy to change"):
        await desk.load(line, "change", since=NOON - DAY)
    await desk.load([desk.seeded.numbers[1]], as_of=NOON - 5 * DAY)
    with pytest.raises(InputError, match="what happened between"):
        await desk.load(line, "change", since=NOON - 4 * DAY)
    with pytest.raises(InputError, match="newer already"):
        await desk.load(line, "change", since=NOON - 9 * DAY, as_of=NOON - 6 * DAY)
    with pytest.raises(InputError, match="since when"):
        await desk.load(line, "change")
    assert [found.listed for (found,) in await desk.facts()] == [False, True, False, False]


async def test_what_was_looked_up_says_nothing_about_others(desk: Desk) -> None:
    first, second, third, _ = desk.seeded.numbers
    await desk.load([f"{first},Y", f"{second},N", f"{second},Y", f"{third},N"], "checked", as_of=NOON - DAY)
    assert [[each.listed for each in found] for found in await desk.facts()] == [[True], [True], [False], []]
    await desk.load([f"{first},N"], "checked")
    assert [[each.listed for each in found] for found in await desk.facts()] == [[False], [True], [False], []]
    desk.now = NOON + 40 * DAY
    await desk.load([f"{third},Y"], "checked")
    assert [[each.listed for each in found] for found in await desk.facts()] == [[], [], [True], []], (
        "too old for any rule"
    )


async def test_an_american_copy_reaches_the_area_codes_in_it(desk: Desk) -> None:
    await move(desk, "US", ["+12125550101", "+12125550102", "+13055550103", "+14165550104"])
    report = await desk.load(["212,5550101", "(917) 555-0100"], name="us-national-dnc", as_of=NOON - DAY)
    assert report.areas == ("+1212", "+1917")
    assert [[each.listed for each in found] for found in await desk.facts()] == [[True], [False], [], []]
    florida = await desk.load(["305,5550199"], name="us-national-dnc", areas=("305",))
    assert florida.replaced == 0
    assert [[each.listed for each in found] for found in await desk.facts()] == [[True], [False], [False], []]
    with pytest.raises(InputError, match="several copies"):
        await desk.load(["305,5550103,A"], "change", name="us-national-dnc", since=NOON)
    await desk.load(["305,5550103,A"], "change", name="us-national-dnc", since=NOON, areas=("305",))
    assert [[each.listed for each in found] for found in await desk.facts()] == [[True], [False], [True], []]
    with pytest.raises(InputError, match="another area code"):
        await desk.load(["212,5550101"], name="us-national-dnc", areas=("305",))
    both = await desk.load(["212,5550102", "305,5550199", "917,5550000"], name="us-national-dnc")
    assert both.replaced == 2
    assert [[each.listed for each in found] for found in await desk.facts()] == [[False], [True], [False], []]


async def test_a_registry_of_another_country_is_not_looked_at(desk: Desk) -> None:
    await move(desk, "CA", ["+14165550101", "+14165550102", "+14165550103", "+14165550104"])
    await desk.load(["4165550101"], name="us-national-dnc")
    assert await desk.facts() == [(), (), (), ()]


async def test_a_line_that_cannot_be_read_stops_it_all(desk: Desk) -> None:
    await desk.load([desk.seeded.numbers[0]], as_of=NOON - DAY)
    with pytest.raises(InputError) as raised:
        await desk.load([desk.seeded.numbers[1], "139", "x" * 3000])
    assert [(one.code, one.place.line) for one in raised.value.problems] == [
        ("unusable", 0), ("number", 2), ("line", 3), ("line", 4),
    ]  # fmt: skip
    assert "x" * 3000 not in str(raised.value), "what stands there may be a number"
    assert [found.listed for (found,) in await desk.facts()] == [True, False, False, False]
    assert len(await desk.rows(COPIES)) == 1
    report = await desk.load([desk.seeded.numbers[1], "139"], skip_unusable=True)
    assert (report.unusable, report.held) == (1, 1)


@pytest.mark.parametrize(
    ("lines", "more", "says"),
    [
        ([], {}, "no number in this file"),
        (["number"], {}, "no number in this file"),
        (["+8613900000000"], {"as_of": NOON + DAY}, "still to come"),
        (["+8613900000000"], {"name": "cn-Test"}, "no name of a registry"),
        (["+8613900000000"], {"areas": ("+1212",)}, "no area code of CN"),
        (["+8613900000000,Y"], {"kind": "checked", "areas": ("+86139",)}, "have no areas"),
    ],
)
async def test_orders_that_make_no_sense(desk: Desk, lines: list[str], more: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says):
        await desk.load(lines, **more)
    assert await desk.rows(COPIES) == []


async def test_an_older_copy_does_not_replace_a_newer_one(desk: Desk) -> None:
    await desk.load([desk.seeded.numbers[0]])
    with pytest.raises(InputError, match="newer copy is in use"):
        await desk.load([desk.seeded.numbers[1]], as_of=NOON - DAY)


async def test_many_batches_and_what_was_killed_is_cleared(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registries, "_BATCH", 7)
    values = {
        "name": "cn-test", "country": "CN", "kind": "full", "as_of": NOON, "areas": [], "version": "", "account": "", "source": "",
        "sha256": "", "by": "", "loaded_at": NOON - 2 * DAY,
    }  # fmt: skip
    async with desk.database.scope(desk.seeded.tenant) as scope:
        killed = await registry_store.begin(scope, values)
        await registry_store.add(scope, killed, {bytes([n]) * 16: True for n in range(30)})
    report = await desk.load([f"+86139{n:08}" for n in range(2, 52)])
    assert report.held == 50
    assert await desk.count() == 50
    assert [row.id for row in await desk.rows(COPIES)] == [report.copy]
    assert [found.listed for (found,) in await desk.facts()] == [False, False, True, True]


async def test_a_copy_that_is_loading_is_not_looked_at(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registries, "_BATCH", 1)
    seen: list[list[tuple[RegistryFacts, ...]]] = []
    taken = registry_store.add

    async def slow(scope: Any, copy: int, numbers: Any) -> int:
        made = await taken(scope, copy, numbers)
        if len(seen) == 0:
            who = await scope.all(rows.LOCK_PERSON, number_index=desk.seeded.keys.index(desk.seeded.numbers[0]))
            seen.append([one.registries for one in await gather(scope, desk.seeded.keys, who, NOON)])
        return made

    monkeypatch.setattr(registry_store, "add", slow)
    await desk.load(desk.seeded.numbers[:2])
    assert seen == [[()]]


async def test_taken_away_while_it_loads(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    held = registry_store.hold

    async def gone(scope: Any, copy: int) -> Any:
        await registry_store.leave(scope, [copy])
        return await held(scope, copy)

    monkeypatch.setattr(registry_store, "hold", gone)
    with pytest.raises(RefusedError, match="import it again"):
        await desk.load(desk.seeded.numbers)


async def test_forgetting_makes_it_unknown_again(desk: Desk) -> None:
    report = await desk.load(desk.seeded.numbers)
    gone = await forget(desk.database, desk.seeded.keys, report.copy, desk.viewer, lambda: NOON)
    assert gone.name == "cn-test"
    assert await desk.facts() == [(), (), (), ()]
    assert await desk.count() == 0
    with pytest.raises(InputError, match=f"no copy {report.copy}"):
        await forget(desk.database, desk.seeded.keys, report.copy, desk.viewer, lambda: NOON)
    async with desk.database.reading(desk.seeded.tenant) as scope:
        told = [
            (one.action, one.body["detail"]) for one in reversed(await audited(scope, Wanted(action="registry."), 9))
        ]
    assert [action for action, _ in told] == ["registry.import", "registry.forget"]
    assert told[0][1] | {"sha256": "", "as_of": ""} == {
        "registry": "cn-test", "kind": "full", "as_of": "", "version": "", "sha256": "", "areas": 0, "added": 4, "deleted": 0, "held": 4,
        "unusable": 0, "again": 0,
    }  # fmt: skip


async def test_tenants_do_not_share_registries(desk: Desk, database: Database, keyring: Keyring) -> None:
    await desk.load(desk.seeded.numbers)
    other = Desk(database, await seed(database, keyring, NOON, slug="other", leads=4))
    assert await other.facts() == [(), (), (), ()]


# ------------------------------------------------------------ the gate


@dataclass
class Gate:
    desk: Desk
    task: int
    packs: Packs

    @property
    def terms(self) -> Terms:
        return Terms(self.packs)

    async def dial(self, now: datetime = NOON, n: int = 4) -> list[Dial | Refused]:
        async with self.desk.database.scope(self.desk.seeded.tenant) as scope:
            claimed = await claim(scope, self.terms, self.task, "w1", n, now)
        async with self.desk.database.scope(self.desk.seeded.tenant, keyed=True) as scope:
            return await dial(scope, self.desk.seeded.keys, self.terms, claimed, now)


@pytest.fixture
async def gate(database: Database, keyring: Keyring) -> Gate:
    seeded = await seed(database, keyring, NOON, leads=4, calls_per_second=1000, burst=100)
    task = await start_task(database, seeded, NOON, robots=4)
    return Gate(Desk(database, seeded), task, Packs([loads_pack(SCREEN)]))


async def test_missing_blocks_listed_blocks_and_the_import_lets_the_others_go(gate: Gate) -> None:
    desk = gate.desk
    assert {type(one).__name__ for one in await gate.dial()} == {"Refused"}
    assert {row.reason for row in await desk.rows(LEADS)} == {"screened"}
    async with desk.database.reading(desk.seeded.tenant) as scope:
        _, cause, *_rest = await why.of_lead(scope, gate.task, desk.seeded.leads[0], NOON, gate.packs)
        told = await why.of_task(scope, gate.task, NOON, gate.packs)
    assert cause.code == "registry_missing"
    assert "callwright registry import cn-test" in cause.text() and "cn-test" in cause.text("zh")
    assert "registry_missing" in [each.code for each in told]
    report = await desk.load([desk.seeded.numbers[0]], as_of=NOON - 31 * DAY)
    assert report.again == 4
    answers = await gate.dial()
    assert sorted(type(one).__name__ for one in answers) == ["Dial", "Dial", "Dial", "Refused"]
    assert [row.state for row in await desk.rows(LEADS)] == ["excluded", "dialling", "dialling", "dialling"]
    async with desk.database.reading(desk.seeded.tenant) as scope:
        found = await why.of_lead(scope, gate.task, desk.seeded.leads[0], NOON, gate.packs)
    assert "registry_listed" in [each.code for each in found]


async def test_too_old_blocks(gate: Gate) -> None:
    desk = gate.desk
    await desk.load([desk.seeded.numbers[0]], as_of=NOON - 31 * DAY)
    later = NOON + timedelta(minutes=1)
    assert {type(one).__name__ for one in await gate.dial(later)} == {"Refused"}
    async with desk.database.reading(desk.seeded.tenant) as scope:
        found = await why.of_lead(scope, gate.task, desk.seeded.leads[1], later, gate.packs)
        told = await why.of_task(scope, gate.task, later, gate.packs)
    assert "registry_old" in [each.code for each in found]
    (cause,) = [each for each in told if each.code == "registry_old"]
    assert "2026-10-26" in cause.text() and "31" in cause.text()
    assert (await desk.load(["+8613999999999"], as_of=later)).again == 4


async def test_no_statement_more_whether_there_is_a_registry_or_not(gate: Gate) -> None:
    """What the gate asks is counted below SQLAlchemy: by the driver's connection."""
    desk = gate.desk
    counted: list[str] = []
    engine = desk.database.engine.sync_engine

    def begun(conn: Any, cursor: Any, statement: str, *rest: Any) -> None:
        counted.append(statement)

    async def statements(load: Callable[[], Any] | None) -> int:
        if load is not None:
            await load()
        async with desk.database.scope(desk.seeded.tenant, keyed=True) as scope:
            who = [
                row
                for number in desk.seeded.numbers
                for row in await scope.all(rows.LOCK_PERSON, number_index=desk.seeded.keys.index(number))
            ]
            asked: list[str] = []
            wire = scope._wire
            tell = wire.rows

            async def told(text: str, values: Any) -> Any:
                asked.append(text)
                return await tell(text, values)

            wire.rows = told  # type: ignore[method-assign]
            event.listen(engine, "before_cursor_execute", begun)
            try:
                counted.clear()
                await gather(scope, desk.seeded.keys, who, NOON)
            finally:
                event.remove(engine, "before_cursor_execute", begun)
        return max(len(asked), len(counted))

    assert await statements(None) == 1
    assert await statements(lambda: desk.load(desk.seeded.numbers)) == 1
