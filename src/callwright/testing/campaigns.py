"""A running task over the people of `testing.tenants.seed`, for tests: a real script, a plan, leads that are due, and rules that allow.

seeded = await seed(database, keyring, now, leads=10)
task = await start_task(database, seeded, now, robots=5)
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, func, insert, select, update

from callwright.campaigns.model import Plan
from callwright.campaigns.tables import attempt, lead, line, script_version, task, task_lead
from callwright.campaigns.terms import Terms
from callwright.compliance.decision import Verdict
from callwright.compliance.facts import DialFacts
from callwright.compliance.reasons import Reason
from callwright.script.builtin import template_path
from callwright.store.database import Database
from callwright.store.metadata import TENANT
from callwright.store.scope import Scope
from callwright.testing.tenants import Seeded

__all__ = [
    "NOON",
    "VARIABLES",
    "Counters",
    "Lenient",
    "counters",
    "daytime_zone",
    "plan_of",
    "quick_terms",
    "start_task",
]

NOON = datetime(2026, 11, 26, 4, 0, tzinfo=UTC)
"""Thursday, noon in China."""

VARIABLES = {"name": "王先生", "company": "和顺家电服务", "item": "空调清洗", "visit": "明天上午九点"}

_ALWAYS = {"windows": [{"from": "00:00", "to": "24:00"}]}


@dataclass(frozen=True, slots=True)
class Lenient:
    """A rule set that refuses nothing: what is left are the house's rules and those of dispatch."""

    rules: int = 1

    def judge(self, facts: DialFacts, now: datetime) -> Verdict:
        """See RuleSet."""
        return Verdict(tuple(Reason(f"rule-{n}", True, "holds", "test", "1") for n in range(self.rules)), ("test@1",))

    def next_at(self, facts: DialFacts, after: datetime) -> datetime | None:
        """See RuleSet."""
        return after


@dataclass(frozen=True, slots=True)
class Counters:
    """What task and line say is under way, and what is: attempts in flight or not settled, and claims."""

    task: int
    line: int
    in_flight: int
    claimed: int


def plan_of(digest: str, **changes: Any) -> Plan:
    """A plan that calls around the clock with this script."""
    value: dict[str, Any] = {
        "scripts": [{"name": "a", "script": "appointment", "digest": digest}],
        "calling": {"zone": "Asia/Shanghai", **_ALWAYS},
        "robots": {"max": 10},
        "calls_per_second": 1000,
        "burst": 100,
    }
    return Plan.model_validate(value | changes)


def quick_terms() -> Terms:
    """Short leases, for tests with a real clock."""
    return Terms(Lenient(), lease=timedelta(seconds=5), quiet=timedelta(seconds=2))


def daytime_zone(now: datetime) -> str:
    """A zone in which it is about two in the afternoon now: a real clock's task may call there for hours."""
    ahead = (14 - now.astimezone(UTC).hour + 11) % 24 - 11
    return "Etc/GMT" if ahead == 0 else f"Etc/GMT{-ahead:+d}"  # their signs are the other way round


_ADD_SCRIPT = insert(script_version).returning(script_version.c.id)
_FIND_SCRIPT = select(script_version.c.id).where(
    script_version.c.tenant_id == TENANT, script_version.c.digest == bindparam("digest")
)
_ADD_TASK = insert(task).returning(task.c.id)
_SET_VARIABLES = (
    update(lead)
    .where(lead.c.tenant_id == TENANT, lead.c.id == bindparam("of_lead"))
    .values(variables=bindparam("sealed"), time_zone=bindparam("zone"))
)
_ADD_LEADS = insert(task_lead)
_COUNTERS = select(task.c.active, line.c.active.label("line_active")).where(
    task.c.tenant_id == TENANT, line.c.tenant_id == TENANT, task.c.id == bindparam("task"), line.c.id == task.c.line_id
)
_BUSY = (
    select(func.count())
    .select_from(attempt)
    .where(attempt.c.tenant_id == TENANT, attempt.c.task_id == bindparam("task"), attempt.c.ended_at.is_(None))
)
_CLAIMED = (
    select(func.count())
    .select_from(task_lead)
    .where(task_lead.c.tenant_id == TENANT, task_lead.c.task_id == bindparam("task"), task_lead.c.state == "claimed")
)


async def start_task(
    database: Database,
    seeded: Seeded,
    now: datetime,
    *,
    name: str = "task",
    robots: int = 10,
    leads: Mapping[int, int] | None = None,
    zone: str | None = None,
    script: str = "",
    **changes: Any,
) -> int:
    """A running task. leads: persons by lead (None = all that were seeded); zone: of the people; script: its text (else a template); changes: of
    the plan."""
    async with database.scope(seeded.tenant) as scope:
        digest = await _script(scope, script, now)
        plan = plan_of(digest, **({"robots": {"max": robots}} | changes))
        row = {
            "name": name, "state": "running", "company_id": seeded.company, "list_id": seeded.list, "line_id": seeded.line,
            "plan": plan.model_dump(mode="json"), "priority": plan.priority, "max_robots": plan.robots.max,
            "guaranteed_robots": plan.robots.guaranteed, "starts_at": plan.starts_at, "not_after": plan.not_after,
            "created_by": "anna", "created_at": now,
        }  # fmt: skip
        made = int(await scope.value(_ADD_TASK, **row))
        who = leads if leads is not None else dict(zip(seeded.leads, seeded.persons, strict=True))
        sealed = json.dumps(VARIABLES, ensure_ascii=False)
        await scope.run(
            _SET_VARIABLES,
            [{"of_lead": one, "sealed": seeded.keys.seal(sealed, "lead.variables"), "zone": zone} for one in who],
        )
        due = now - timedelta(seconds=1)
        rows = [
            {"task_id": made, "lead_id": one, "person_id": person, "state": "ready", "due_at": due}
            for one, person in who.items()
        ]
        for at in range(0, len(rows), 5000):
            await scope.run(_ADD_LEADS, rows[at : at + 5000])
    return made


async def _script(scope: Scope, text: str, now: datetime) -> str:
    text = text or template_path("appointment").read_text(encoding="utf-8")
    digest = hashlib.sha256(text.encode()).hexdigest()
    if await scope.value(_FIND_SCRIPT, digest=digest) is None:
        await scope.value(
            _ADD_SCRIPT, script_id="appointment", digest=digest, text=text, purpose="service", language="zh",
            submitted_by="anna", submitted_at=now, reviewed_by="bert", reviewed_at=now,
        )  # fmt: skip
    return digest


async def counters(scope: Scope, task_id: int) -> Counters:
    """As they stand."""
    row = await scope.first(_COUNTERS, task=task_id)
    assert row is not None
    return Counters(
        row.active, row.line_active, await scope.value(_BUSY, task=task_id), await scope.value(_CLAIMED, task=task_id)
    )
