"""Why is it not dialling? For a task and for one lead of it: the first cause and all others, with numbers, in English and Chinese.

`causes` and `lead_causes` are pure; `of_task` and `of_lead` read what they look at. Nothing is guessed: every cause is a fact that claim or gate
looks at as well, in the order in which they do.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row

from callwright.calls.disposition import disposition_title
from callwright.campaigns import registry_causes, service
from callwright.campaigns import task_store as rows
from callwright.campaigns.breaker import spent_up
from callwright.campaigns.model import Plan
from callwright.campaigns.schedule import closed_because, opening
from callwright.campaigns.wordings import words
from callwright.compliance import registry_store
from callwright.compliance.packs import Packs
from callwright.compliance.reasons import REFUSING
from callwright.compliance.telling import parsed
from callwright.store.scope import Scope

__all__ = ["SEEN_WITHIN", "Cause", "LeadFacts", "TaskFacts", "causes", "lead_causes", "of_lead", "of_task"]

SEEN_WITHIN = timedelta(seconds=60)
"""A worker that was not seen for so long is not there."""


@dataclass(frozen=True, slots=True)
class Cause:
    """One reason. code: stable name; stops: nothing at all is dialled because of it; numbers: what its sentence is made of."""

    code: str
    stops: bool
    numbers: dict[str, Any] = field(default_factory=dict)

    def text(self, language: str = "en") -> str:
        """The sentence: `en` or `zh`."""
        return words(self.code, language, self.numbers)


@dataclass(frozen=True, slots=True)
class TaskFacts:
    """What claim and gate look at, as it was at one moment. counts: leads by (state, reason); next_due: of those that are ready."""

    state: str
    state_reason: str
    active: int
    max_robots: int
    spent: int
    starts_at: datetime | None
    vetted_until: datetime | None
    scripts_usable: bool
    line: str
    line_active: int
    line_max: int
    line_blocked_until: datetime | None
    line_blocked_reason: str
    own_numbers: int
    workers: int
    workers_resting: int
    worker_seen_at: datetime | None
    counts: dict[tuple[str, str], int]
    due: int
    next_due: datetime | None


@dataclass(frozen=True, slots=True)
class LeadFacts:
    """A lead in the queue. refusal: the last refusal on record: when, the rules, and when it may be allowed; attempts: (disposition, when)."""

    state: str
    reason: str
    due_at: datetime
    attempts: Sequence[tuple[str, datetime]]
    owner: str | None
    lease_until: datetime | None
    callback_at: datetime | None
    suspects: int
    refused_at: datetime | None = None
    refused_by: tuple[str, ...] = ()
    next_allowed_at: datetime | None = None


def causes(facts: TaskFacts, plan: Plan, now: datetime) -> list[Cause]:
    """Why the task is not dialling (as much as it could), the first cause first. [] = it dials."""
    found = [
        *_state(facts),
        *_right(facts, now),
        *_time(plan, now),
        *_line(facts, plan, now),
        *_queue(facts, plan, now),
    ]
    return sorted(found, key=lambda cause: not cause.stops)  # stable: what stops everything comes first


def _state(facts: TaskFacts) -> Iterator[Cause]:
    if facts.state == "running":
        return
    numbers: dict[str, Any] = {"why": facts.state_reason, "active": facts.active}
    if facts.state == "scheduled":
        numbers["at"] = facts.starts_at
    yield Cause(f"state_{facts.state}", True, numbers)


def _right(facts: TaskFacts, now: datetime) -> Iterator[Cause]:
    if facts.vetted_until is None:
        yield Cause("not_vetted", True)
    elif facts.vetted_until <= now:
        yield Cause("vetting_over", True, {"at": facts.vetted_until})
    if not facts.scripts_usable:
        yield Cause("script_not_reviewed", True)


def _time(plan: Plan, now: datetime) -> Iterator[Cause]:
    why = closed_because(plan, now)
    if why is None:
        return
    following = opening(plan, now)
    if following is None:
        yield Cause("never_open_again", True, {"why": why})
    else:
        at = following.opens_at.astimezone(ZoneInfo(plan.calling.zone))
        yield Cause(f"closed_{why}", True, {"at": at})


def _line(facts: TaskFacts, plan: Plan, now: datetime) -> Iterator[Cause]:
    if facts.line_blocked_until is not None and facts.line_blocked_until > now:
        numbers = {"line": facts.line, "at": facts.line_blocked_until, "why": facts.line_blocked_reason}
        yield Cause("line_blocked", True, numbers)
    if facts.own_numbers == 0:
        yield Cause("no_own_number", True, {"pool": plan.numbers, "line": facts.line})
    if spent_up(plan, facts.spent, facts.active) and plan.budget is not None:
        numbers = {"spent": facts.spent / 1000, "total": plan.budget.total, "currency": plan.budget.currency}
        yield Cause("budget_spent", True, numbers)
    if facts.workers == 0:
        yield Cause("no_worker", True, {"seen": facts.worker_seen_at})
    elif facts.workers_resting:
        numbers = {"n": facts.workers_resting, "all": facts.workers}
        yield Cause("workers_rest", facts.workers_resting == facts.workers, numbers)
    if facts.line_active >= facts.line_max:
        yield Cause("line_full", True, {"line": facts.line, "active": facts.line_active, "max": facts.line_max})
    if facts.active >= facts.max_robots:
        yield Cause("robots_busy", False, {"active": facts.active, "max": facts.max_robots})


def _queue(facts: TaskFacts, plan: Plan, now: datetime) -> Iterator[Cause]:
    total = sum(facts.counts.values())
    ready = sum(n for (state, _), n in facts.counts.items() if state == "ready")
    busy = sum(n for (state, _), n in facts.counts.items() if state in ("claimed", "dialling"))
    if total == 0:
        yield Cause("queue_empty", True)
    elif ready + busy == 0:
        yield Cause("nothing_left", True, {"total": total})
    elif facts.due == 0 and busy == 0 and facts.next_due is not None:
        at = facts.next_due.astimezone(ZoneInfo(plan.calling.zone))
        yield Cause("nothing_due", True, {"n": ready, "at": at})
    elif facts.due < ready:
        yield Cause("some_later", False, {"n": ready - facts.due, "due": facts.due})
    for (state, reason), n in facts.counts.items():
        if state in ("excluded", "parked"):
            yield Cause(f"some_{state}", False, {"n": n, "reason": reason or "-"})
        elif state == "ready" and reason:
            yield Cause("some_waiting", False, {"n": n, "reason": reason})


def lead_causes(lead: LeadFacts, task: Sequence[Cause], plan: Plan, now: datetime) -> list[Cause]:
    """Why this lead is not being called, the first cause first. task: what stops the task, from `causes`."""
    found: list[Cause] = []
    zone = ZoneInfo(plan.calling.zone)
    if lead.state == "claimed":
        found.append(Cause("lead_claimed", True, {"owner": lead.owner, "at": lead.lease_until}))
    elif lead.state == "dialling":
        found.append(Cause("lead_dialling", True, {"owner": lead.owner}))
    elif lead.state in ("excluded", "parked", "finished"):
        found.append(Cause(f"lead_{lead.state}", True, {"reason": _reason(lead.reason)}))
    elif lead.due_at > now:
        code = "lead_callback" if lead.callback_at is not None else "lead_waits"
        found.append(Cause(code, True, {"at": lead.due_at.astimezone(zone), "reason": _reason(lead.reason) or "-"}))
    if lead.suspects:
        found.append(Cause("lead_suspect", True, {"n": lead.suspects}))
    if lead.refused_at is not None:
        numbers = {
            "at": lead.refused_at.astimezone(zone),
            "rules": ", ".join(lead.refused_by),
            "until": lead.next_allowed_at,
        }
        found.append(Cause("lead_refused", False, numbers))
    if lead.attempts:
        last, when = lead.attempts[-1]
        numbers = {"n": len(lead.attempts), "last": _reason(last) or "-", "at": when.astimezone(zone)}
        found.append(Cause("lead_attempts", False, numbers))
    if lead.state in ("ready", "claimed"):
        found += [cause for cause in task if cause.stops]
    return found


def _reason(word: str) -> str:
    return disposition_title(word, "en")


# ------------------------------------------------------------ reading


async def of_task(scope: Scope, task: int, now: datetime, packs: Packs | None = None) -> list[Cause]:
    """`causes` of a task as it stands now. packs: that calls are judged by, to tell which do-not-call registry people wait for.

    Raises:
        TaskError: no such task, or its plan cannot be read.
    """
    row, plan = await service.plan_of(scope, task)
    facts = await _task_facts(scope, row, plan, now)
    out = {reason for state, reason in facts.counts if state == "excluded"}
    if packs is None or not out:
        return causes(facts, plan, now)
    waits = registry_causes.of_rules(out, packs, await registry_store.copies(scope), now)
    return [*causes(facts, plan, now), *(Cause(code, False, numbers) for code, numbers in waits)]


async def of_lead(scope: Scope, task: int, lead: int, now: datetime, packs: Packs | None = None) -> list[Cause]:
    """`lead_causes` of one lead. packs: as for `of_task`.

    Raises:
        TaskError: no such task, or its plan cannot be read.
    """
    row, plan = await service.plan_of(scope, task)
    about = causes(await _task_facts(scope, row, plan, now), plan, now)
    found = await scope.first(rows.TASK_LEAD, task=task, lead=lead)
    if found is None:
        return [Cause("lead_not_in_task", True, {"lead": lead})]
    tried = await scope.all(rows.ATTEMPTS_OF_LEAD, task=task, lead=lead)
    refusal = await scope.first(rows.LAST_REFUSALS, task=task, lead=lead)
    at, by, until = _refusal(refusal)
    facts = LeadFacts(
        found.state, found.reason, found.due_at, [(one.disposition or one.state, one.dialled_at) for one in tried], found.owner,
        found.lease_until, found.callback_at, await scope.value(rows.SUSPECTED, person=found.person_id), at, by, until,
    )  # fmt: skip
    told = lead_causes(facts, about, plan, now)
    if packs is None or refusal is None or found.state != "excluded":
        return told
    waits = registry_causes.of_refusal(
        parsed(refusal.body, refusal.rules).get("rules", ()), packs, await registry_store.copies(scope), now
    )
    return [*told[:1], *(Cause(code, True, numbers) for code, numbers in waits), *told[1:]]


def _refusal(row: Row[Any] | None) -> tuple[datetime | None, tuple[str, ...], datetime | None]:
    """When, by which rules, and until when the last refusal on record said no."""
    if row is None:
        return None, (), None
    body = parsed(row.body, row.rules)
    if not body:  # verification tells what is wrong with it
        return row.at, (), None
    rules = tuple(str(one["rule"]) for one in body["rules"] if one["outcome"] != "ok" and one["severity"] in REFUSING)
    if body["because"]:
        rules = (str(body["because"]), *rules)
    until = body["next_allowed_at"]
    return row.at, rules, None if until is None else datetime.fromisoformat(until)


async def _task_facts(scope: Scope, row: Row[Any], plan: Plan, now: datetime) -> TaskFacts:
    versions = await service.pinned(scope, plan)
    usable = len(versions) == len(plan.scripts) and all(version.usable for version in versions.values())
    workers = await scope.all(rows.WORKERS)
    seen = [worker.seen_at for worker in workers]
    # One that has no robots and does not rest calls by name only, and dials for no task.
    there = [one for one in workers if one.seen_at > now - SEEN_WITHIN and (one.robots or one.resting)]
    queue = await scope.first(rows.DUE, task=row.id, now=now)
    assert queue is not None
    counts = {(one.state, one.reason): one.n for one in await scope.all(rows.COUNTS, task=row.id)}
    return TaskFacts(
        state=row.state,
        state_reason=row.state_reason,
        active=row.active,
        max_robots=row.max_robots,
        spent=row.spent,
        starts_at=row.starts_at,
        vetted_until=row.vetted_until if row.vetted_at is not None else None,
        scripts_usable=usable,
        line=row.line_name,
        line_active=row.line_active,
        line_max=row.max_calls,
        line_blocked_until=row.blocked_until,
        line_blocked_reason=row.blocked_reason,
        own_numbers=await scope.value(rows.NUMBERS, pool=plan.numbers, trunk=row.line_name),
        workers=len(there),
        workers_resting=sum(one.resting for one in there),
        worker_seen_at=max(seen, default=None),
        counts=counts,
        due=queue.due,
        next_due=queue.next_due,
    )
