"""Lists of calls, and what one call left behind: all SQL that reads results."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, Select, and_, bindparam, or_, select

from callwright.accounts.user_tables import user_account
from callwright.campaigns.result_tables import call_text, follow_up
from callwright.campaigns.tables import attempt, call_result, script_version, task
from callwright.compliance.tables import person
from callwright.insight.filters import CallFilter, Order, conditions
from callwright.store.crypto import TenantKeys
from callwright.store.metadata import TENANT
from callwright.store.scope import Scope

__all__ = ["COLUMNS", "Named", "keys_of", "listed", "names_of", "number_of", "one", "scripts_of", "text_of", "texts_of"]

COLUMNS = (
    call_result.c.attempt_id,
    call_result.c.started_at,
    call_result.c.task_id,
    call_result.c.script_version_id,
    call_result.c.person_id,
    call_result.c.own_number,
    call_result.c.direction,
    call_result.c.answered,
    call_result.c.talk_ms,
    call_result.c.disposition,
    call_result.c.grade,
    call_result.c.grade_reasons,
    call_result.c.tags,
    call_result.c.agent_id,
    call_result.c.follow_up,
    call_result.c.recording,
)
_ONE = (
    select(
        call_result,
        attempt.c.line_id,
        attempt.c.n,
        attempt.c.origin,
        attempt.c.variant,
        attempt.c.lead_id,
        attempt.c.answered_at,
        attempt.c.ended_at,
        attempt.c.sip_code,
        attempt.c.cause,
        attempt.c.record_seq,
        follow_up.c.state.label("follow_state"),
        follow_up.c.claimed_name.label("follow_by"),
    )
    .outerjoin_from(
        call_result,
        attempt,
        and_(attempt.c.tenant_id == call_result.c.tenant_id, attempt.c.id == call_result.c.attempt_id),
    )
    .outerjoin(
        follow_up,
        and_(follow_up.c.tenant_id == call_result.c.tenant_id, follow_up.c.attempt_id == call_result.c.attempt_id),
    )
    .where(call_result.c.tenant_id == TENANT, call_result.c.attempt_id == bindparam("attempt"))
)
_TEXT = select(call_text.c.body).where(call_text.c.tenant_id == TENANT, call_text.c.attempt_id == bindparam("attempt"))
_TEXTS = select(call_text.c.attempt_id, call_text.c.body).where(
    call_text.c.tenant_id == TENANT, call_text.c.attempt_id.in_(bindparam("attempts", expanding=True))
)
_PEOPLE = select(person.c.id, person.c.number, person.c.number_index).where(
    person.c.tenant_id == TENANT, person.c.id.in_(bindparam("ids", expanding=True))
)
_TASKS = select(task.c.id, task.c.name).where(
    task.c.tenant_id == TENANT, task.c.id.in_(bindparam("ids", expanding=True))
)
_AGENTS = select(user_account.c.id, user_account.c.name).where(
    user_account.c.tenant_id == TENANT, user_account.c.id.in_(bindparam("ids", expanding=True))
)
_SCRIPTS = select(script_version.c.id, script_version.c.script_id, script_version.c.digest).where(
    script_version.c.tenant_id == TENANT, script_version.c.id.in_(bindparam("ids", expanding=True))
)


@dataclass(frozen=True, slots=True)
class Named:
    """What the ids of rows stand for: numbers in full ("" = erased), names of tasks, (script, digest) of versions; names of agents
    who talked."""

    numbers: Mapping[int, str]
    tasks: Mapping[int, str]
    scripts: Mapping[int, tuple[str, str]]
    agents: Mapping[int, str] = field(default_factory=dict)


async def listed(
    scope: Scope, wanted: CallFilter, order: Order, after: Sequence[Any] | None, most: int
) -> Sequence[Row[Any]]:
    """Calls that the columns of results find (not words, tags, nodes). after: `keys_of` the last row of the page before."""
    statement = select(*COLUMNS).where(call_result.c.tenant_id == TENANT, *conditions(wanted))
    return await scope.all(_ordered(statement, order, after).limit(most))


def keys_of(row: Row[Any], order: Order) -> tuple[Any, ...]:
    """Where a row stands in this order."""
    return (row.talk_ms if order == "longest" else row.started_at, row.attempt_id)


def _ordered(statement: Select[Any], order: Order, after: Sequence[Any] | None) -> Select[Any]:
    first = call_result.c.talk_ms if order == "longest" else call_result.c.started_at
    second = call_result.c.attempt_id
    if order == "oldest":
        if after is not None:
            value, name = after
            statement = statement.where(first >= value, or_(first > value, second > name))
        return statement.order_by(first, second)
    if after is not None:
        value, name = after
        statement = statement.where(first <= value, or_(first < value, second < name))
    return statement.order_by(first.desc(), second.desc())


async def names_of(scope: Scope, keys: TenantKeys, rows: Sequence[Row[Any]]) -> Named:
    """What the ids in these rows stand for."""

    def ids(name: str) -> list[int]:
        return sorted({getattr(row, name) for row in rows} - {None})

    people, tasks, scripts, agents = ids("person_id"), ids("task_id"), ids("script_version_id"), ids("agent_id")
    found_people = await scope.all(_PEOPLE, ids=people) if people else ()
    found_tasks = await scope.all(_TASKS, ids=tasks) if tasks else ()
    found_scripts = await scripts_of(scope, scripts)
    found_agents = await scope.all(_AGENTS, ids=agents) if agents else ()
    return Named(
        {row.id: keys.open_number(row.number, row.number_index) if row.number else "" for row in found_people},
        {row.id: row.name for row in found_tasks},
        found_scripts,
        {row.id: row.name for row in found_agents},
    )


async def scripts_of(scope: Scope, versions: Collection[int]) -> dict[int, tuple[str, str]]:
    """(script, digest) of versions."""
    rows = await scope.all(_SCRIPTS, ids=list(versions)) if versions else ()
    return {row.id: (row.script_id, row.digest) for row in rows}


async def number_of(scope: Scope, keys: TenantKeys, person_id: int | None) -> str:
    """In full; "" = nobody, or erased."""
    rows = await scope.all(_PEOPLE, ids=[person_id]) if person_id is not None else ()
    return next((keys.open_number(row.number, row.number_index) for row in rows if row.number), "")


async def one(scope: Scope, attempt_id: str) -> Row[Any] | None:
    """The result of a call with what its attempt says."""
    return await scope.first(_ONE, attempt=attempt_id)


async def text_of(scope: Scope, attempt_id: str) -> bytes | None:
    """Its sealed words."""
    found = await scope.value(_TEXT, attempt=attempt_id)
    return None if found is None else bytes(found)


async def texts_of(scope: Scope, attempts: Collection[str]) -> dict[str, bytes]:
    """The sealed words of many."""
    rows = await scope.all(_TEXTS, attempts=list(attempts)) if attempts else ()
    return {row.attempt_id: bytes(row.body) for row in rows}
