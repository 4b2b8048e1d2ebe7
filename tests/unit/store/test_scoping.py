"""Which statements stay within their tenant: those run on both databases and see nothing of another; those that might not are refused."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import (
    Column,
    Executable,
    Integer,
    MetaData,
    String,
    Table,
    and_,
    bindparam,
    column,
    delete,
    exists,
    func,
    insert,
    lateral,
    literal_column,
    not_,
    or_,
    select,
    table,
    text,
    union_all,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert

from callwright.accounts.tables import company, tenant
from callwright.campaigns.tables import lead, lead_list, worker
from callwright.compliance.tables import consent, freeze, person
from callwright.errors import ScopeError
from callwright.store.crypto import Keyring
from callwright.store.database import Database
from callwright.store.metadata import TENANT, temporary
from callwright.store.scoping import needed
from callwright.testing.tenants import Seeded, seed

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)

MINE = lead.c.tenant_id == TENANT
FROZEN = exists().where(freeze.c.tenant_id == TENANT, freeze.c.number_index == person.c.number_index)
OF_LEAD = and_(person.c.tenant_id == lead.c.tenant_id, person.c.id == lead.c.person_id)
OTHER = lead.alias("other")
LISTED = select(lead_list.c.tenant_id, lead_list.c.id).where(lead_list.c.tenant_id == TENANT).subquery("listed")
WORKERS = select(
    TENANT, lead.c.time_zone, func.max(lead.c.created_at), func.count(), func.max(lead.c.created_at)
).where(MINE, lead.c.time_zone.is_not(None))
COLUMNS = ["tenant_id", "name", "seen_at", "robots", "started_at"]
STAGE = Table("stage", temporary, Column("number", String(16)), Column("lead_id", Integer))
ROW = {"name": "w", "seen_at": NOW, "started_at": NOW, "robots": 1}
KEY = ["tenant_id", "name"]

READS: dict[str, Executable] = {
    "no table": select(func.coalesce(1, 2)),
    "one table": select(lead.c.tenant_id).where(MINE),
    "the other way round": select(lead.c.tenant_id).where(TENANT == lead.c.tenant_id, lead.c.row > 1),  # noqa: SIM300
    "join": select(lead.c.tenant_id, person.c.tenant_id).select_from(lead.join(person, OF_LEAD)).where(MINE),
    "join held by ON": select(lead.c.tenant_id).join_from(lead, person, and_(OF_LEAD, MINE)),
    "join of three": select(consent.c.tenant_id, person.c.tenant_id)
    .join_from(lead, person, OF_LEAD)
    .join(consent, and_(consent.c.tenant_id == person.c.tenant_id, consent.c.person_id == person.c.id))
    .where(MINE),
    "from two": select(lead.c.tenant_id, person.c.tenant_id).where(MINE, OF_LEAD),
    "left join": select(lead.c.tenant_id, person.c.tenant_id)
    .select_from(lead.outerjoin(person, OF_LEAD))
    .where(MINE),
    "alias": select(lead.c.tenant_id, OTHER.c.tenant_id).where(MINE, OTHER.c.tenant_id == TENANT),
    "exists": select(lead.c.tenant_id).where(MINE, exists().where(OF_LEAD)),
    "not exists": select(person.c.tenant_id).where(person.c.tenant_id == TENANT, ~FROZEN),
    "in": select(lead.c.tenant_id).where(MINE, lead.c.person_id.in_(select(person.c.id).where(person.c.tenant_id == TENANT))),
    "scalar": select(lead.c.tenant_id, select(person.c.country).where(OF_LEAD).scalar_subquery()).where(MINE),
    "subquery": select(LISTED.c.tenant_id),
    "held by a subquery": select(lead.c.tenant_id).join_from(
        LISTED, lead, and_(lead.c.tenant_id == LISTED.c.tenant_id, lead.c.list_id == LISTED.c.id)
    ),
    "cte": select(select(lead.c.tenant_id).where(MINE).cte().c.tenant_id),
    "union": union_all(select(lead.c.tenant_id).where(MINE), select(person.c.tenant_id).where(person.c.tenant_id == TENANT)),
    "or beside": select(lead.c.tenant_id).where(MINE, or_(lead.c.row == 1, lead.c.row > 1)),
    "its own tenant": select(tenant.c.id).where(tenant.c.id == TENANT),
    "for update": select(lead.c.tenant_id).where(MINE).with_for_update(skip_locked=True).limit(bindparam("most", 2)),
}  # fmt: skip

CHANGES: dict[str, tuple[Executable, dict[str, Any]]] = {
    "update": (update(lead).where(MINE).values(row=lead.c.row + 1), {}),
    "update from": (update(lead).where(MINE, OF_LEAD).values(time_zone=person.c.region), {}),
    "update where exists": (update(lead).where(MINE, exists().where(OF_LEAD)).values(row=0), {}),
    "update in": (
        update(lead).where(MINE, lead.c.id.in_(select(OTHER.c.id).where(OTHER.c.tenant_id == TENANT))).values(row=0),
        {},
    ),
    "delete": (delete(lead).where(MINE), {}),
    "insert": (insert(worker), ROW),
    "insert with values": (insert(worker).values(name="v", seen_at=NOW, started_at=NOW, robots=1), {}),
    "upsert": (upsert(worker).on_conflict_do_nothing(), ROW),
    "upsert that changes": (upsert(worker).on_conflict_do_update(index_elements=KEY, set_={"robots": 9}), ROW),
    "upsert where": (
        upsert(worker).on_conflict_do_update(
            index_elements=KEY, set_={"robots": 9}, where=worker.c.tenant_id == TENANT
        ),
        ROW,
    ),
    "insert from select": (insert(worker).from_select(COLUMNS, WORKERS.group_by(lead.c.time_zone)), {}),
}


PASSING = [
    (insert(STAGE), set()),
    (select(STAGE.c.number), set()),
    (update(STAGE).values(number="1"), set()),
    (delete(STAGE), set()),
    (insert(STAGE).from_select(["lead_id"], select(lead.c.id).where(MINE)), {"tenant"}),
    (insert(worker).from_select(["tenant_id", "name"], select(TENANT, STAGE.c.number)), {"tenant"}),
]


@pytest.mark.parametrize(("statement", "names"), PASSING)
def test_a_temporary_table_belongs_to_whoever_made_it(statement: Executable, names: set[str]) -> None:
    assert needed(statement) == names


def leaving() -> dict[str, Executable]:
    """Statements that would leave their tenant, or might."""
    free = select(lead.c.id)
    unheld = select(lead.c.tenant_id).where(lead.c.id == 1).subquery()
    labelled = select(lead.c.id.label("tenant_id"), lead.c.row).where(MINE).subquery()
    recursive = select(lead.c.tenant_id, lead.c.id).where(MINE).cte("r", recursive=True)
    full = select(lead.c.id).select_from(lead.join(person, OF_LEAD, full=True))
    elsewhere = Table("lead", MetaData())
    number = freeze.c.number_index == person.c.number_index
    added = insert(worker).returning(worker.c.tenant_id).cte()
    changed = worker.c.tenant_id
    return {
        "nothing said": free,
        "another tenant": free.where(lead.c.tenant_id == 7),
        "another parameter": free.where(lead.c.tenant_id == bindparam("whose")),
        "not equal": free.where(lead.c.tenant_id != TENANT),
        "another column": free.where(lead.c.id == TENANT),
        "or": free.where(or_(MINE, lead.c.id == 1)),
        "not": free.where(not_(MINE)),
        "one of two": select(lead.c.id, person.c.id).where(MINE, person.c.id == lead.c.person_id),
        "two that hold each other": select(lead.c.id).where(OF_LEAD),
        "alias": select(OTHER.c.id).where(OTHER.c.id == lead.c.id, MINE),
        "left join, held by ON": select(lead.c.id).select_from(lead.outerjoin(person, and_(OF_LEAD, MINE))),
        "left join, held by the right": select(lead.c.id).select_from(
            lead.outerjoin(person, and_(OF_LEAD, person.c.tenant_id == TENANT))
        ),
        "full join": full.where(or_(MINE, person.c.tenant_id == TENANT)),
        "exists": select(person.c.id).where(person.c.tenant_id == TENANT, exists().where(number)),
        "not correlated": free.where(MINE, exists().where(lead.c.row == 1)),
        "not correlated in": free.where(MINE, lead.c.id.in_(select(lead.c.id))),
        "told not to correlate": free.where(MINE, exists().where(OF_LEAD).correlate(None)),
        "told to correlate others": free.where(MINE, exists().where(OF_LEAD).correlate(person)),
        "subquery": select(unheld.c.tenant_id).where(unheld.c.tenant_id == TENANT),
        "held by something that is called so": select(person.c.id).where(person.c.tenant_id == labelled.c.tenant_id),
        "cte": select(select(lead.c.id).cte().c.id),
        "recursive": select(recursive.union_all(select(lead.c.tenant_id, lead.c.id).where(MINE)).c.id),
        "union": union_all(free.where(MINE), select(person.c.id)),
        "in order by": free.where(MINE).order_by(select(person.c.id).limit(1).scalar_subquery()),
        "in a function": select(func.coalesce(select(person.c.id).scalar_subquery(), 1)),
        "in ON": free.select_from(lead.join(person, and_(OF_LEAD, exists(select(freeze.c.id))))).where(MINE),
        "lateral": free.where(MINE).select_from(lead).join(lateral(select(person.c.id)), person.c.id == lead.c.id),
        "all tenants": select(tenant.c.id),
        "staged from others": insert(STAGE).from_select(["lead_id"], free),
        "staged over ours": select(Table("lead", temporary, Column("id", Integer), extend_existing=True)),
        "text": text("SELECT id FROM lead WHERE tenant_id = :tenant"),
        "text within": free.where(MINE, text("1 = 1")),
        "literal SQL": select(literal_column("(SELECT max(id) FROM lead)")),
        "a table by name": select(column("id")).select_from(table("lead", column("id"))),
        "a table of another metadata": select(elsewhere),
        "a function alone": func.count(),
        "update": update(lead).values(row=1),
        "update from": update(lead).where(MINE, person.c.id == lead.c.person_id).values(row=1),
        "update of the owner": update(lead).where(MINE).values(tenant_id=7),
        "update of the owner by column": update(lead).where(MINE).values({lead.c.tenant_id: 7}),
        "update in order": update(lead).where(MINE).ordered_values((lead.c.tenant_id, 7)),
        "update to what another has": update(lead)
        .where(MINE)
        .values(row=select(OTHER.c.row).limit(1).scalar_subquery()),
        "delete": delete(lead).where(lead.c.id == 1),
        "insert for another": insert(worker).values(tenant_id=7, **ROW),
        "insert many": insert(worker).values([ROW, ROW]),
        "insert a tenant": insert(tenant),
        "insert from a free select": insert(worker).from_select(
            COLUMNS, select(TENANT, lead.c.time_zone, lead.c.created_at, lead.c.row, lead.c.created_at)
        ),
        "insert from select for another": insert(worker).from_select(
            COLUMNS, select(lead.c.id, lead.c.time_zone, lead.c.created_at, lead.c.row, lead.c.created_at).where(MINE)
        ),
        "insert from select for nobody": insert(worker).from_select(["name"], select(lead.c.time_zone).where(MINE)),
        "conflict with others": upsert(company).on_conflict_do_update(index_elements=["id"], set_={"name": "x"}),
        "conflict that changes the owner": upsert(worker).on_conflict_do_update(index_elements=KEY, set_={changed: 7}),
        "conflict by name": upsert(worker).on_conflict_do_update(constraint="pk_worker", set_={"robots": 1}),
        "conflict to what another has": upsert(worker).on_conflict_do_update(
            index_elements=KEY, set_={"robots": select(lead.c.row).limit(1).scalar_subquery()}
        ),
        "returning what another has": insert(worker).returning(select(lead.c.row).limit(1).scalar_subquery()),
        "a CTE that changes": select(added.c.tenant_id),
    }


@pytest.mark.parametrize("name", leaving())
def test_a_statement_that_could_leave_is_refused(name: str) -> None:
    with pytest.raises(ScopeError) as told:
        needed(leaving()[name])
    assert "\n" in str(told.value) or "looked into" in str(told.value) or "of ours" in str(told.value)


def test_the_refusal_names_the_table_and_how_to_hold_it() -> None:
    with pytest.raises(ScopeError, match=r"other is not held: add other.c.tenant_id == TENANT"):
        needed(select(lead.c.id).where(MINE, OTHER.c.id == lead.c.id))


def test_a_statement_is_looked_into_once_and_what_is_made_of_it_again() -> None:
    statement = select(lead.c.id).where(MINE)
    assert needed(statement) is needed(statement) == {"tenant"}
    with pytest.raises(ScopeError):
        needed(statement.add_columns(person.c.id))
    for other in (TENANT, bindparam("whose"), 7):
        built = [select(lead.c.id).where(lead.c.tenant_id == other, lead.c.row == n) for n in range(3)]
        if other is TENANT:
            assert needed(built[0]) is needed(built[1]) is needed(built[2])
            continue
        for one in built:
            with pytest.raises(ScopeError):
                needed(one)


async def two(database: Database, keyring: Keyring) -> tuple[Seeded, Seeded]:
    """Two tenants that know the same people."""
    return await seed(database, keyring, NOW, slug="one"), await seed(database, keyring, NOW, slug="two")


async def everything_of(database: Database, whose: int) -> list[Any]:
    async with database.scope(whose) as scope:
        leads = await scope.all(select(lead).where(MINE).order_by(lead.c.id))
        return [*leads, *await scope.all(select(worker).where(worker.c.tenant_id == TENANT).order_by(worker.c.name))]


@pytest.mark.anyio
async def test_what_stays_within_sees_nothing_of_another(database: Database, keyring: Keyring) -> None:
    one, other = await two(database, keyring)
    async with database.scope(one.tenant) as scope:
        for name, statement in READS.items():
            rows = await scope.all(statement)
            assert rows or name == "no rows", name
            assert other.tenant not in {value for row in rows for value in row if name != "no table"}, name


@pytest.mark.anyio
async def test_what_stays_within_changes_nothing_of_another(database: Database, keyring: Keyring) -> None:
    one, other = await two(database, keyring)
    for mine in (one, other):
        async with database.scope(mine.tenant) as scope:
            await scope.run(insert(worker), **ROW)
            await scope.run(update(lead).where(MINE, lead.c.row == 2).values(time_zone="Asia/Shanghai"))
    before = await everything_of(database, other.tenant)
    for name, (statement, row) in CHANGES.items():
        try:
            async with database.scope(one.tenant) as scope:
                if name == "insert":
                    await scope.run(delete(worker).where(worker.c.tenant_id == TENANT))
                elif name == "insert from select":
                    await scope.run(update(lead).where(MINE, lead.c.row > 2).values(time_zone="Asia/Urumqi"))
                changed = await scope.run(statement, **row)
                assert changed or name == "upsert", name
                raise UndoneError
        except UndoneError:
            assert await everything_of(database, other.tenant) == before, name


class UndoneError(Exception):
    """Thrown to undo a transaction."""


@pytest.mark.anyio
async def test_a_parameter_does_not_change_the_tenant_either(database: Database, keyring: Keyring) -> None:
    one, other = await two(database, keyring)
    async with database.scope(one.tenant) as scope:
        with pytest.raises(ScopeError, match="never changes its tenant"):
            await scope.run(update(lead).where(MINE), tenant_id=other.tenant, row=1)
        with pytest.raises(ScopeError, match="never changes its tenant"):
            await scope.run(update(lead).where(MINE), [{"tenant_id": other.tenant, "row": 1}])
        assert len(await scope.all(select(lead.c.id).where(MINE), tenant=other.tenant)) == 3
        await scope.run(insert(worker), **ROW, tenant_id=other.tenant)
        assert [row.tenant_id for row in await scope.all(select(worker).where(worker.c.tenant_id == TENANT))] == [
            one.tenant
        ]
