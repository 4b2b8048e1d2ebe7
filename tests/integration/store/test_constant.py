"""Statements that are compiled once mean what SQLAlchemy makes of them, and what is changed together is changed as one after the other."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Integer, bindparam, delete, insert, select, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from callwright.accounts.tables import own_number
from callwright.campaigns.tables import endpoint, line, worker
from callwright.compliance.tables import consent, decision_rules, person
from callwright.errors import ScopeError
from callwright.store.constant import alternatives, constant, constant_of
from callwright.store.crypto import Keyring
from callwright.store.database import Database
from callwright.store.metadata import TENANT, UtcTime
from callwright.store.together import _bytes, _numbers, _truths, _words, sharing
from callwright.testing.tenants import Seeded, seed

pytestmark = [pytest.mark.anyio, pytest.mark.integration]

NOW = datetime(2026, 11, 26, 12, 0, 0, 123000, tzinfo=UTC)
_PERSONS = select(person).where(person.c.tenant_id == TENANT, person.c.id.in_(bindparam("persons", expanding=True)))
_CONSENTS = select(consent.c.id, consent.c.scope.label("covers"), consent.c.given_at, consent.c.revoked_at).where(
    consent.c.tenant_id == TENANT, consent.c.person_id.in_(bindparam("persons", expanding=True))
)
_FIRST = (
    select(person.c.id)
    .where(person.c.tenant_id == TENANT, person.c.line_type.in_(("mobile", "fixed")))
    .order_by(person.c.id)
    .limit(bindparam("most", type_=Integer(), literal_execute=True))
)
_LINE = select(line.c.name, line.c.calls_per_second, line.c.active, line.c.tat).where(line.c.tenant_id == TENANT)
_ADD_WORKER = insert(worker)
_SEEN = (
    update(worker)
    .where(worker.c.tenant_id == TENANT, worker.c.name == bindparam("of_name"))
    .values(seen_at=bindparam("at", type_=UtcTime()), robots=worker.c.robots + bindparam("more"))
)
_CHARGE = update(line).where(line.c.tenant_id == TENANT, line.c.id == bindparam("line")).values(active=bindparam("now"))
_GONE = delete(worker).where(worker.c.tenant_id == TENANT, worker.c.name.in_(bindparam("names", expanding=True)))
_RULES = select(decision_rules.c.digest, decision_rules.c.text).where(decision_rules.c.tenant_id == TENANT)
_RETELL = (
    update(decision_rules)
    .where(decision_rules.c.tenant_id == TENANT, decision_rules.c.digest == bindparam("of"))
    .values(text=bindparam("new"))
)
_WORKERS = select(worker.c.name, worker.c.robots, worker.c.seen_at).where(worker.c.tenant_id == TENANT)


@pytest.fixture
async def seeded(database: Database, keyring: Keyring) -> Seeded:
    return await seed(database, keyring, NOW, leads=7)


def _worker(name: str, robots: int = 1) -> dict[str, Any]:
    return {"name": name, "robots": robots, "seen_at": NOW, "started_at": NOW}


async def test_answers_are_the_same(database: Database, seeded: Seeded) -> None:
    async with database.scope(seeded.tenant) as scope:
        for statement in (_PERSONS, _CONSENTS):
            fixed = constant(statement)
            for count in (0, 1, 7, 3):  # another length of the list is another text
                some = list(seeded.persons[:count])
                wanted = await scope.all(statement, persons=some)
                found = await scope.all(fixed, persons=some)
                assert sorted(map(tuple, found)) == sorted(map(tuple, wanted))
                assert [row._mapping.keys() for row in found] == [row._mapping.keys() for row in wanted]
        first = constant(_FIRST)
        assert [row.id for row in await scope.all(first, most=2)] == list(seeded.persons[:2])
        assert [row.id for row in await scope.all(first, most=4)] == list(seeded.persons[:4])
        assert await scope.value(first, most=0) is None
        row = await scope.first(constant(_LINE))
        assert row is not None
        assert tuple(row) == ("a", 10.0, 0, None)


async def test_what_is_made_of_a_constant_is_another(database: Database, seeded: Seeded) -> None:
    base = constant(select(person.c.id).where(person.c.tenant_id == TENANT).order_by(person.c.id))
    async with database.scope(seeded.tenant) as scope:
        assert [row.id for row in await scope.all(base)] == list(seeded.persons)
        assert [row.id for row in await scope.all(base.limit(2))] == list(seeded.persons[:2])
        assert constant_of(base) is constant_of(base) is not constant_of(base.limit(2)) is not None
        with pytest.raises(ScopeError, match="not held"):
            await scope.all(base.add_columns(line.c.name))
        assert len(await scope.all(base)) == len(seeded.persons)


async def test_rows_have_what_we_use_of_those_of_sqlalchemy(database: Database, seeded: Seeded) -> None:
    odd = constant(
        select(
            line.c.id.label("count"), line.c.name.label("index"), line.c.name.label("two words"), line.c.name, line.c.name.label("class")
        ).where(line.c.tenant_id == TENANT)
    )  # fmt: skip
    async with database.scope(seeded.tenant) as scope:
        row: Any = await scope.first(odd)
    assert (row.count, row.index, row.name, row[2], row[4]) == (seeded.line, "a", "a", "a", "a")
    assert list(row._mapping) == ["count", "index", "two words", "name", "class"] and not hasattr(row, "nothing")
    with pytest.raises(AttributeError):
        row.name = "b"


async def test_several_answers_in_one(database: Database, seeded: Seeded) -> None:
    numbers = select(own_number.c.id, own_number.c.number).where(own_number.c.tenant_id == TENANT)
    both = constant(alternatives(consent=_CONSENTS, own=numbers))
    async with database.reading(seeded.tenant) as scope:
        found = await scope.all(both, persons=[seeded.persons[2]])
    kinds = {row.what: row for row in found}
    assert len(found) == 2
    assert kinds["consent"].id == seeded.consents[2]
    assert "marketing" in kinds["consent"].covers
    assert kinds["consent"].given_at == NOW - timedelta(days=1)
    assert kinds["consent"].number is None
    assert kinds["own"].id == seeded.own_number
    assert kinds["own"].covers is None


async def test_what_is_changed_together(database: Database, seeded: Seeded) -> None:
    add, seen, charge, gone = constant(_ADD_WORKER), constant(_SEEN), constant(_CHARGE), constant(_GONE)
    async with database.scope(seeded.tenant) as scope:
        await scope.together(
            (add, [_worker("a", 1), _worker("b", 2), _worker("c", 3)]), (charge, [{"line": seeded.line, "now": 4}])
        )
        later = NOW + timedelta(minutes=1)
        await scope.together(
            (seen, [{"of_name": "a", "at": later, "more": 10}, {"of_name": "c", "at": NOW, "more": 20}]),
            (charge, [{"line": seeded.line, "now": 5}]),
        )
        await scope.together((add, []), (seen, [{"of_name": "b", "at": later, "more": 0}]))
        await scope.together((seen, [{"of_name": "a"}, {"of_name": "b"}], {"at": later, "more": 100}))
        await scope.together((gone, [{"names": ["c", "nobody"]}]), (charge, [{"now": 6}], {"line": seeded.line}))
        await scope.together()
    async with database.reading(seeded.tenant) as scope:
        found = {row.name: (row.robots, row.seen_at) for row in await scope.all(_WORKERS)}
        assert found == {"a": (111, later), "b": (102, later)}
        assert await scope.value(select(line.c.active).where(line.c.tenant_id == TENANT)) == 6


HOSTILE = [
    "", "NULL", "null",
    "a,b", "{}", "{", "}", '"', '\\', '\\"', "'", "\\\\x00", "\n\t", " a ", "a'; DROP TABLE worker; --", "空号", "😀", "\x7f",
    "e\u0301", "${1}", "%s", ":a",
]  # fmt: skip


async def test_whatever_stands_in_many_rows(database: Database, seeded: Seeded) -> None:
    add = constant(insert(decision_rules))
    rows = [{"digest": (bytes([at]) + b'\\"{,}').ljust(32, b"\0"), "text": word} for at, word in enumerate(HOSTILE)]
    async with database.scope(seeded.tenant) as scope:
        await scope.together((add, rows))
        assert {bytes(row.digest): row.text for row in await scope.all(_RULES)} == {
            row["digest"]: row["text"] for row in rows
        }
        await scope.together((constant(_RETELL), [{"of": row["digest"], "new": f"{row['text']}!"} for row in rows]))
        told = {bytes(row.digest): row.text for row in await scope.all(_RULES)}
        assert told == {row["digest"]: f"{row['text']}!" for row in rows}
    assert _numbers([None, 1, True]) == "{NULL,1,1}" and _bytes([None, b"\x00a"]) == '{NULL,"\\\\x0061"}'
    assert _words([None, "NULL", 'a"\\']) == '{NULL,"NULL","a\\"\\\\"}'
    assert _numbers([3, -1]) == "{3, -1}" and _bytes([b"\x00a", b""]) == '{"\\\\x0061","\\\\x"}'
    assert _truths([True, None, False]) == "{t,NULL,f}"
    for words in (["a", ""], ['a","b', "c"], ['"'], ["\\", "a"], ["a,b", "{"]):
        assert _words(words) == _words([None, *words]).replace("NULL,", "")
    with pytest.raises(TypeError):
        _words([["a"]])


@pytest.mark.parametrize("value", [1.5, "1", b"1"])
async def test_no_number_is_made_of_what_is_none(database: Database, seeded: Seeded, value: Any) -> None:
    if database.dialect == "sqlite":
        pytest.skip("SQLite takes them one by one")
    charge = constant(_CHARGE)
    async with database.scope(seeded.tenant) as scope:
        with pytest.raises((TypeError, ValueError)):
            rows: list[dict[str, Any]] = [{"line": seeded.line, "now": value}, {"line": seeded.line + 1, "now": 1}]
            await scope.together((charge, rows))


def test_what_rows_share() -> None:
    rows = [{"a": 1, "b": NOW, "c": "x"}, {"a": 2, "b": NOW, "c": "x"}]
    assert sharing(rows, "b", "c") == ([{"a": 1}, {"a": 2}], {"b": NOW, "c": "x"})
    assert sharing(rows, "a", "b") == (rows, {})
    assert sharing([], "a") == ([], {})


async def test_another_tenant_sees_and_changes_nothing(database: Database, keyring: Keyring, seeded: Seeded) -> None:
    other = await seed(database, keyring, NOW, slug="other", leads=0)
    charge = constant(_CHARGE)
    async with database.scope(other.tenant) as scope:
        assert await scope.all(constant(_PERSONS), persons=list(seeded.persons)) == []
        assert await scope.run(charge, line=seeded.line, now=9) == 0
        await scope.together((charge, [{"line": seeded.line, "now": 9}, {"line": seeded.line + 999, "now": 9}]))
    async with database.reading(seeded.tenant) as scope:
        assert await scope.value(select(line.c.active).where(line.c.tenant_id == TENANT)) == 0
        with pytest.raises(ScopeError, match="only reads"):
            await scope.together((charge, [{"line": seeded.line, "now": 9}]))


async def test_no_row_names_its_tenant(database: Database, keyring: Keyring, seeded: Seeded) -> None:
    other = await seed(database, keyring, NOW, slug="other", leads=0)
    add, gone = constant(_ADD_WORKER), constant(_GONE)
    for rows in ([_worker("a")], [_worker("b"), _worker("c")]):
        async with database.scope(seeded.tenant) as scope:
            await scope.together((add, [{**row, "tenant_id": other.tenant} for row in rows]))
    async with database.reading(other.tenant) as scope:
        assert await scope.all(_WORKERS) == []
    async with database.scope(other.tenant) as scope:
        await scope.together((gone, [{"names": ["a", "b", "c"], "tenant": seeded.tenant}]))
    async with database.reading(seeded.tenant) as scope:
        assert {row.name for row in await scope.all(_WORKERS)} == {"a", "b", "c"}


async def test_what_is_wrong_is_told(database: Database, seeded: Seeded) -> None:
    add, seen = constant(_ADD_WORKER), constant(_SEEN)
    async with database.scope(seeded.tenant) as scope:
        with pytest.raises(ScopeError, match="of different tables"):
            await scope.together((add, [_worker("a")]), (seen, [{"of_name": "a", "at": NOW, "more": 1}]))
        with pytest.raises(ScopeError, match=r"name the value of endpoint\.events"):
            await scope.run(constant(insert(endpoint)), kind="webhook", address="http://x", created_at=NOW)
    for rows in ([_worker("x"), _worker("x")], [_worker("x"), _worker("y"), _worker("x")]):
        with pytest.raises(IntegrityError) as told:
            async with database.scope(seeded.tenant) as scope:
                await scope.together((add, rows))
        assert "2026" not in str(told.value).partition("\n")[2]  # the statement, but not its values
    async with database.scope(seeded.tenant) as scope:
        assert await scope.all(_WORKERS) == []


async def test_what_failed_cannot_be_committed(database: Database, seeded: Seeded) -> None:
    add = constant(_ADD_WORKER)
    if database.dialect == "sqlite":
        pytest.skip("SQLite undoes the statement that failed, and no more")
    with pytest.raises(DBAPIError, match="had undone the transaction"):
        async with database.scope(seeded.tenant) as scope:
            await scope.run(add, **_worker("kept"))
            with pytest.raises(IntegrityError):
                await scope.run(add, **_worker("kept"))
    async with database.scope(seeded.tenant) as scope:
        assert await scope.all(_WORKERS) == []
