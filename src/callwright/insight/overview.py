"""The first page of the console: how far a house has come on its way to a lawful task, what waits for a decision, how today goes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, bindparam, case, func, or_, select

from callwright.accounts.tables import company, own_number
from callwright.campaigns.tables import attempt, call_result, lead_list, line, script_version, task, worker
from callwright.compliance.tables import complaint, freeze_suspect
from callwright.store.metadata import TENANT, UtcTime
from callwright.store.scope import Scope

__all__ = ["Overview", "Today", "look"]

_SEEN = timedelta(seconds=30)
_NOW = bindparam("now", type_=UtcTime())


def _count(table: Any, *conditions: Any) -> Any:
    return select(func.count()).select_from(table).where(table.c.tenant_id == TENANT, *conditions).scalar_subquery()


_COUNTS: Select[Any] = select(
    _count(company).label("companies"),
    _count(company, company.c.vetted_at.is_not(None), company.c.vetted_until > _NOW).label("companies_vetted"),
    _count(script_version, script_version.c.withdrawn_at.is_(None)).label("scripts"),
    _count(script_version, script_version.c.reviewed_at.is_not(None), script_version.c.withdrawn_at.is_(None)).label(
        "scripts_reviewed"
    ),
    _count(lead_list, lead_list.c.state == "ready").label("lists"),
    _count(line).label("lines"),
    _count(own_number, own_number.c.state != "retired").label("own_numbers"),
    _count(task).label("tasks"),
    _count(task, task.c.state == "running").label("tasks_running"),
    _count(worker, worker.c.seen_at > bindparam("seen_since", type_=UtcTime())).label("workers"),
    _count(freeze_suspect, freeze_suspect.c.state == "waiting").label("suspects"),
    _count(complaint, complaint.c.state == "open").label("complaints"),
    _count(complaint, complaint.c.state == "open", complaint.c.answer_by < _NOW).label("complaints_overdue"),
    _count(script_version, script_version.c.reviewed_at.is_(None), script_version.c.withdrawn_at.is_(None)).label(
        "reviews"
    ),
    _count(task, task.c.state == "in review").label("approvals"),
)

_SINCE = bindparam("since", type_=UtcTime())
_TODAY = select(
    func.count().label("dialled"),
    func.coalesce(func.sum(case((attempt.c.answered_at.is_not(None), 1), else_=0)), 0).label("answered"),
    func.coalesce(func.sum(attempt.c.talk_ms), 0).label("talk_ms"),
    func.coalesce(
        func.sum(case((or_(attempt.c.state == "ringing", attempt.c.state == "answered"), 1), else_=0)), 0
    ).label("live"),
).where(attempt.c.tenant_id == TENANT, attempt.c.dialled_at >= _SINCE)
_GRADES = (
    select(call_result.c.grade, func.count().label("calls"))
    .where(call_result.c.tenant_id == TENANT, call_result.c.created_at >= _SINCE, call_result.c.grade != "")
    .group_by(call_result.c.grade)
)


@dataclass(frozen=True, slots=True)
class Today:
    """Of the calls dialled since the day began. talk_ms: together; grades: calls of each."""

    dialled: int
    answered: int
    talk_ms: int
    live: int
    grades: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Overview:
    """counts: of everything the first page shows, by name; today: since the viewer's day began."""

    counts: Mapping[str, int]
    today: Today


async def look(scope: Scope, now: datetime, since: datetime) -> Overview:
    """since: when the viewer's day began."""
    row = await scope.first(_COUNTS, now=now, seen_since=now - _SEEN)
    calls = await scope.first(_TODAY, since=since)
    assert row is not None
    assert calls is not None
    grades = {each.grade: int(each.calls) for each in await scope.all(_GRADES, since=since)}
    today = Today(int(calls.dialled), int(calls.answered), int(calls.talk_ms), int(calls.live), grades)
    return Overview({name: int(value) for name, value in row._mapping.items()}, today)
