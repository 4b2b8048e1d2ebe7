"""All SQL of lists as people look at them: pages of lists, a list with the tasks that use it, and away with one. Importing: lead_store.py."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Integer, Row, String, and_, bindparam, delete, func, select, update

from callwright.campaigns.tables import lead, lead_list, task
from callwright.compliance.tables import person
from callwright.errors import InputError, Problem
from callwright.store.metadata import TENANT, Json
from callwright.store.scope import Scope

__all__ = ["LISTS", "PEOPLE_BY_ID", "by_id", "containing", "drop", "forget_some", "mark"]

_LIST = bindparam("list", type_=BigInteger())
_SOME = 20_000

_tasks = (
    select(func.count())
    .select_from(task)
    .where(task.c.tenant_id == TENANT, task.c.list_id == lead_list.c.id)
    .scalar_subquery()
)
_WITH_TASKS = select(lead_list, _tasks.label("tasks")).where(lead_list.c.tenant_id == TENANT)
LISTS = (
    _WITH_TASKS.where(
        lead_list.c.id < bindparam("before", type_=BigInteger()),
        func.lower(lead_list.c.name).like(bindparam("like", type_=String()), escape="\\"),
    )
    .order_by(lead_list.c.id.desc())
    .limit(bindparam("most", type_=Integer()))
)
"""before: id of the last one seen; like: `containing(words)`."""

_BY_ID = _WITH_TASKS.where(lead_list.c.id == _LIST)
_MARK = (
    update(lead_list)
    .where(
        lead_list.c.tenant_id == TENANT, lead_list.c.id == _LIST, lead_list.c.state == bindparam("was", type_=String())
    )
    .values(state=bindparam("to", type_=String()), mapping=bindparam("told", type_=Json))
)
_FIRST = select(lead.c.id).where(lead.c.tenant_id == TENANT, lead.c.list_id == _LIST).order_by(lead.c.id).limit(_SOME)
_FORGET = delete(lead).where(
    lead.c.tenant_id == TENANT, lead.c.list_id == _LIST, lead.c.id <= bindparam("last", type_=BigInteger())
)
_FORGET_REST = delete(lead).where(lead.c.tenant_id == TENANT, lead.c.list_id == _LIST)
_DROP = delete(lead_list).where(lead_list.c.tenant_id == TENANT, lead_list.c.id == _LIST)
PEOPLE_BY_ID = (
    select(lead.c.id, lead.c.row, person.c.number, person.c.number_index)
    .join_from(lead, person, and_(person.c.tenant_id == lead.c.tenant_id, person.c.id == lead.c.person_id))
    .where(lead.c.tenant_id == TENANT, lead.c.id.in_(bindparam("leads", expanding=True)))
)


def containing(words: str) -> str:
    """The pattern of LIKE (escape: backslash) for what holds these words, in small letters; "" = everything."""
    plain = words.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{plain}%"


async def by_id(scope: Scope, list_id: int) -> Row[Any] | None:
    """A list, and how many tasks use it (`tasks`)."""
    return await scope.first(_BY_ID, list=list_id)


async def mark(scope: Scope, row: Row[Any], state: str, about: dict[str, Any] | None) -> None:
    """Change the state, and what is kept about an import under way (`mapping.import`; None = nothing); not if it has another state by now."""
    kept = {name: value for name, value in row.mapping.items() if name != "import"}
    told = kept if about is None else {**kept, "import": about}
    await scope.run(_MARK, list=row.id, was=row.state, to=state, told=told)


async def forget_some(scope: Scope, list_id: int) -> int:
    """Take some people off a list; how many. 0 = nobody is on it any more."""
    found = await scope.all(_FIRST, list=list_id)
    return await scope.run(_FORGET, list=list_id, last=found[-1].id) if found else 0


async def drop(scope: Scope, list_id: int, now: datetime) -> None:
    """Away with a list that no task uses, and with whoever is still on it: an import that held it has just ended (lead_store.hold).

    Raises:
        InputError: a task uses it.
    """
    row = await by_id(scope, list_id)
    if row is None:
        return
    if row.tasks:
        hint = "What was called, and why, stays with its list. Erase people by their retention instead."
        raise InputError(Problem("list-in-use", f"{row.tasks} tasks use the list {row.name}", hint=hint))
    await scope.run(_DROP, list=list_id)
    await scope.run(_FORGET_REST, list=list_id)
