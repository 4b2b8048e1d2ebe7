"""All SQL of lists and their people: a batch of rows is staged, compared with what is known, and written by a handful of statements.

The same statements run on SQLite and PostgreSQL. A person already known is found by the blind index of the number; nothing is written twice,
whoever imports at the same time: persons and leads are unique, a consent is named by its evidence.

No foreign key is checked row by row (docs/adr/0013): a lead's person and consent are read from their own tables by the statement that writes it;
the list, the company and persons who were known before are locked for the batch; and a list becomes `ready` only after all of it was compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Integer,
    LargeBinary,
    Row,
    String,
    Table,
    and_,
    bindparam,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)  # fmt: skip
from sqlalchemy.dialects.postgresql import insert as upsert

from callwright.accounts.tables import company
from callwright.campaigns.tables import lead, lead_list, task, task_lead
from callwright.compliance.tables import consent, freeze, person, suppression
from callwright.store.metadata import TENANT, Json, UtcTime, temporary
from callwright.store.scope import Scope
from callwright.store.staging import stage

__all__ = [
    "STAGED",
    "Written",
    "create_list",
    "every_list",
    "find_list",
    "finish_list",
    "hold",
    "people",
    "set_state",
    "take",
    "written",
]

_row = Table(
    "import_row",
    temporary,
    Column("line", Integer, nullable=False),
    Column("number_index", LargeBinary(16), nullable=False),
    Column("number", LargeBinary, nullable=False),
    Column("country", String(2), nullable=False),
    Column("region", String(64), nullable=False),
    Column("line_type", String(24), nullable=False),
    Column("zones", Json, nullable=False),
    Column("time_zone", String(48)),
    Column("variables", LargeBinary, nullable=False),
    Column("basis", String(24), nullable=False),
    Column("scope", Json, nullable=False),
    Column("wording", String(64), nullable=False),
    Column("channel", String(32), nullable=False),
    Column("source", String(200), nullable=False),
    Column("evidence", String(64), nullable=False),
    Column("given_at", UtcTime),
    Column("valid_until", UtcTime),
    Column("person_id", BigInteger),
    Column("fate", String(12)),  # why it is kept out; None = it is taken
    prefixes=["TEMPORARY"],
    postgresql_on_commit="DROP",
)
STAGED = tuple(column.name for column in _row.c if column.name not in ("person_id", "fate"))
"""What a staged row holds, in order."""

_NOW, _LIST, _COMPANY, _TASK = (
    bindparam("at", type_=UtcTime()), bindparam("list", type_=BigInteger()), bindparam("company", type_=BigInteger()),
    bindparam("task", type_=BigInteger()),
)  # fmt: skip


# Nobody takes these away, or erases these people, before the batch is committed. Who waited for somebody who did sees it in what comes next.
_HOLD_LIST = (
    select(lead_list.c.id)
    .where(lead_list.c.tenant_id == TENANT, lead_list.c.id == _LIST)
    .with_for_update(read=True, key_share=True)
)
_HOLD_COMPANY = (
    select(company.c.id)
    .where(company.c.tenant_id == TENANT, company.c.id == _COMPANY)
    .with_for_update(read=True, key_share=True)
)
_KNOWN_TASK = select(task.c.id).where(task.c.tenant_id == TENANT, task.c.id == _TASK)
_HOLD_KNOWN = (
    select(person.c.id)
    .where(person.c.tenant_id == TENANT, person.c.id.in_(select(_row.c.person_id).where(_row.c.fate.is_(None))))
    .order_by(person.c.number_index)  # two imports at once take their locks in one order
    .with_for_update(read=True, key_share=True)
)


def _some(*conditions: Any) -> Any:
    """Whether there is such a row, looked up for each staged one. EXISTS would be turned round by PostgreSQL when it takes a table for empty:
    the whole batch read again for every frozen number there is."""
    return select(literal(1)).where(*conditions).limit(1).scalar_subquery().is_not(None)


def _fate(name: str, *condition: Any) -> Any:
    return update(_row).where(_row.c.fate.is_(None), *condition).values(fate=name)


_SUPPRESSED = _fate(
    "suppressed",
    _some(suppression.c.tenant_id == TENANT, suppression.c.number_index == _row.c.number_index),
)
_FROZEN = _fate(
    "frozen",
    _some(
        freeze.c.tenant_id == TENANT,
        freeze.c.number_index == _row.c.number_index,
        freeze.c.lifted_at.is_(None),
        or_(freeze.c.until.is_(None), freeze.c.until > _NOW),
        or_(freeze.c.scope.in_(("tenant", "voice")), and_(freeze.c.scope == "company", freeze.c.scope_id == _COMPANY)),
    ),
)
_SAME_NUMBER = (person.c.tenant_id == TENANT, person.c.number_index == _row.c.number_index)
_KNOW_ADDED = (
    update(_row)
    .where(_row.c.fate.is_(None), _row.c.person_id.is_(None))
    .values(person_id=select(person.c.id).where(*_SAME_NUMBER).scalar_subquery())
)
_KNOW = _KNOW_ADDED.where(_some(*_SAME_NUMBER))  # rows of strangers, mostly all of them, are not written anew
_ALREADY = _fate(
    "already",
    _row.c.person_id.is_not(None),
    _some(lead.c.tenant_id == TENANT, lead.c.person_id == _row.c.person_id, lead.c.list_id == _LIST),
)
_ELSEWHERE = _fate(
    "elsewhere",
    _row.c.person_id.is_not(None),
    _some(lead.c.tenant_id == TENANT, lead.c.person_id == _row.c.person_id, lead.c.list_id != _LIST),
)
# A person stands on a list once; the queue of a task has no index of people (tables.py).
_list_of_task = select(task.c.list_id).where(task.c.tenant_id == TENANT, task.c.id == _TASK).scalar_subquery()
_lead_of_task = (
    select(lead.c.id)
    .where(lead.c.tenant_id == TENANT, lead.c.person_id == _row.c.person_id, lead.c.list_id == _list_of_task)
    .correlate(_row)
    .scalar_subquery()
)
_IN_TASK = _fate(
    "in-task",
    _row.c.person_id.is_not(None),
    _some(task_lead.c.tenant_id == TENANT, task_lead.c.task_id == _TASK, task_lead.c.lead_id == _lead_of_task),
)
_OF_NUMBER = ("number_index", "number", "country", "region", "zones", "line_type")
_ADD_PERSONS = (
    upsert(person)
    .from_select(
        ["tenant_id", *_OF_NUMBER, "created_at"],
        select(TENANT, *(_row.c[name] for name in _OF_NUMBER), _NOW)
        .where(_row.c.fate.is_(None), _row.c.person_id.is_(None))
        .order_by(_row.c.number_index),  # two imports at once take their locks in one order
        include_defaults=False,
    )
    .on_conflict_do_nothing(index_elements=["tenant_id", "number_index"])
)
_OF_CONSENT = ("basis", "scope", "wording", "channel", "source", "evidence", "given_at", "valid_until")
_SAME_CONSENT = (
    consent.c.tenant_id == TENANT,
    consent.c.person_id == _row.c.person_id,
    consent.c.evidence == _row.c.evidence,
)
_ADD_CONSENTS = insert(consent).from_select(
    ["tenant_id", "person_id", "company_id", *_OF_CONSENT, "revoked_means", "created_at"],
    select(TENANT, _row.c.person_id, _COMPANY, *(_row.c[name] for name in _OF_CONSENT), bindparam("nothing", ""), _NOW)
    .where(_row.c.fate.is_(None), ~_some(*_SAME_CONSENT))
    .order_by(_row.c.line),
    include_defaults=False,
)
_ADD_LEADS = (
    upsert(lead)
    .from_select(
        ["tenant_id", "list_id", "person_id", "row", "variables", "consent_id", "time_zone", "created_at"],
        select(
            TENANT, _LIST, _row.c.person_id, _row.c.line, _row.c.variables,
            select(func.min(consent.c.id)).where(*_SAME_CONSENT).scalar_subquery(), _row.c.time_zone, _NOW,
        ).where(_row.c.fate.is_(None)).order_by(_row.c.line),
        include_defaults=False,
    )
    .on_conflict_do_nothing(index_elements=["tenant_id", "list_id", "person_id"])
)  # fmt: skip
_FATES = select(_row.c.line, _row.c.fate).where(_row.c.fate.is_not(None)).order_by(_row.c.line)

_FIND_LIST = select(lead_list).where(lead_list.c.tenant_id == TENANT, lead_list.c.name == bindparam("name"))
_CREATE_LIST = upsert(lead_list).on_conflict_do_nothing(index_elements=["tenant_id", "name"])
_EVERY_LIST = select(lead_list).where(lead_list.c.tenant_id == TENANT).order_by(lead_list.c.name)
_SET_STATE = (
    update(lead_list)
    .where(lead_list.c.tenant_id == TENANT, lead_list.c.id == _LIST)
    .values(state=bindparam("to"), source=bindparam("file"), sha256=bindparam("digest"))
)
_FINISH = (
    update(lead_list)
    .where(lead_list.c.tenant_id == TENANT, lead_list.c.id == _LIST)
    .values(
        state="ready", mapping=bindparam("told"), rows=bindparam("read"), imported=bindparam("taken"),
        duplicates=bindparam("twice"), refused=bindparam("not_taken"),
    )
)  # fmt: skip
_WRITTEN = (
    select(
        func.count().label("people"),
        func.count(person.c.id).label("persons"),
        func.count(lead.c.consent_id).label("named"),
        func.count(consent.c.id).label("consents"),
    )
    .select_from(
        lead.outerjoin(person, and_(person.c.tenant_id == TENANT, person.c.id == lead.c.person_id)).outerjoin(
            consent,
            and_(
                consent.c.tenant_id == TENANT,
                consent.c.id == lead.c.consent_id,
                consent.c.person_id == lead.c.person_id,
            ),
        )
    )
    .where(lead.c.tenant_id == TENANT, lead.c.list_id == _LIST)
)
_PEOPLE = (
    select(
        lead.c.id, lead.c.row, lead.c.variables, lead.c.time_zone, person.c.number, person.c.number_index,
        person.c.country, person.c.line_type, *(consent.c[name] for name in _OF_CONSENT), consent.c.revoked_at,
    )
    .select_from(
        lead.join(person, and_(person.c.tenant_id == TENANT, person.c.id == lead.c.person_id)).outerjoin(
            consent, and_(consent.c.tenant_id == TENANT, consent.c.id == lead.c.consent_id)
        )
    )
    .where(lead.c.tenant_id == TENANT, lead.c.list_id == _LIST, lead.c.id > bindparam("after", type_=BigInteger()))
    .order_by(lead.c.id)
    .limit(bindparam("most", type_=Integer()))
)  # fmt: skip


async def take(
    scope: Scope,
    rows: Iterable[tuple[Any, ...]],
    list_id: int,
    now: datetime,
    *,
    company: int | None = None,
    not_elsewhere: bool = False,
    not_in_task: int | None = None,
) -> tuple[int, Sequence[tuple[int, str]]]:
    """Write rows (`STAGED`), but those that are kept out; how many were written, and (line, fate) of the others. The list and the company are
    held (`hold`) in this transaction.

    Fates: `suppressed`, `frozen`, `already` (on this list), `elsewhere`, `in-task`. No two rows may have one number.
    """
    await stage(scope, _row, STAGED, rows)
    known = await scope.run(_KNOW)
    await scope.run(_SUPPRESSED)
    await scope.run(_FROZEN, at=now, company=company)
    if known:
        await scope.run(_ALREADY, list=list_id)
        if await scope.all(_HOLD_KNOWN):
            await scope.run(_SUPPRESSED)  # erased while we waited for them
    if not_elsewhere:
        await scope.run(_ELSEWHERE, list=list_id)
    if not_in_task is not None:
        await scope.run(_IN_TASK, task=not_in_task)
    added = await scope.run(_ADD_PERSONS, at=now)
    if await scope.run(_KNOW_ADDED) > added:  # another import wrote some of them while we waited
        await scope.all(_HOLD_KNOWN)
    await scope.run(_SUPPRESSED)  # and erased since we looked
    await scope.run(_ADD_CONSENTS, at=now, company=company)
    taken = await scope.run(_ADD_LEADS, at=now, list=list_id)
    return taken, [(row.line, row.fate) for row in await scope.all(_FATES)]


async def find_list(scope: Scope, name: str) -> Row[Any] | None:
    """The list of this name."""
    return await scope.first(_FIND_LIST, name=name)


async def create_list(scope: Scope, name: str, now: datetime, by: str) -> Row[Any]:
    """The list of this name: a new one, being imported, or the one that is there."""
    await scope.run(_CREATE_LIST, [{"name": name, "state": "importing", "created_at": now, "by": by}])
    found = await find_list(scope, name)
    assert found is not None, "it was just written"
    return found


async def set_state(scope: Scope, list_id: int, state: str, file: str, sha256: str) -> None:
    """Say what is happening to a list, and with which file."""
    await scope.run(_SET_STATE, list=list_id, to=state, file=file[-300:], digest=sha256)


async def finish_list(
    scope: Scope, list_id: int, told: dict[str, Any], *, rows: int, imported: int, duplicates: int, refused: int
) -> None:
    """The list is ready to be called."""
    counted = {"read": rows, "taken": imported, "twice": duplicates, "not_taken": refused}
    await scope.run(_FINISH, list=list_id, told=told, **counted)


async def hold(scope: Scope, list_id: int, company: int | None) -> str:
    """Keep the list, and the company of its consents, from being taken away in this transaction; "" or what is not there: `list`, `company`."""
    if await scope.value(_HOLD_LIST, list=list_id) is None:
        return "list"
    if company is not None and await scope.value(_HOLD_COMPANY, company=company) is None:
        return "company"
    return ""


async def is_task(scope: Scope, task_id: int) -> bool:
    """Whether there is such a task."""
    return await scope.value(_KNOWN_TASK, task=task_id) is not None


@dataclass(frozen=True, slots=True)
class Written:
    """people: on the list; alone: leads without their person, or with a consent that is not there or somebody else's."""

    people: int
    alone: int


async def written(scope: Scope, list_id: int) -> Written:
    """The whole list, each lead with its person and its consent."""
    row = await scope.first(_WRITTEN, list=list_id)
    assert row is not None, "it counts"
    return Written(row.people, row.people - row.persons + row.named - row.consents)


async def every_list(scope: Scope) -> Sequence[Row[Any]]:
    """All lists of the tenant by name."""
    return await scope.all(_EVERY_LIST)


async def people(scope: Scope, list_id: int, after: int, most: int) -> Sequence[Row[Any]]:
    """The next people of a list behind this lead, with their consent (its columns are None when there is none)."""
    return await scope.all(_PEOPLE, list=list_id, after=after, most=most)
