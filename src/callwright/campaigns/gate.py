"""The gate: one transaction that looks at everything again and writes the dial, or its refusal, before anything rings.

In this order, and locked in this order: task (running, open?), leads (still ours?), persons, their facts, the decision, our own number, the
record, the attempt, the counters (what is written: intents.py). The INVITE may leave once this transaction is committed, by the Permit that
comes out of it; whoever crashes in between leaves an attempt that is never repeated by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row

from callwright.campaigns import dispatch_store as rows
from callwright.campaigns import facts_store
from callwright.campaigns.claims import Claimed
from callwright.campaigns.facts import Concern, Known, Version, dial_facts, gather_all, house_facts
from callwright.campaigns.intents import Case, Dial, Refused, Veto, lead_row, write
from callwright.campaigns.model import Plan
from callwright.campaigns.own_numbers import OwnNumber, pick
from callwright.campaigns.retry import Next
from callwright.campaigns.terms import Terms
from callwright.campaigns.variants import assign, share_of
from callwright.campaigns.verdicts import Alike, judged_alike, refused_because
from callwright.compliance.facts import CompanyFacts
from callwright.store.crypto import TenantKeys
from callwright.store.scope import Changes, Scope

__all__ = ["cases_of", "decided", "dial", "own_numbers", "with_use"]

_NO_NUMBER_WAIT = timedelta(minutes=5)


async def dial(
    scope: Scope,
    keys: TenantKeys,
    terms: Terms,
    claimed: Sequence[Claimed],
    now: datetime,
    vetoes: Mapping[int, Veto] | None = None,
) -> list[Dial | Refused]:
    """Decide about leads that were claimed (of one task, by one worker) and write it down; in their order. vetoes: by lead.

    Raises:
        ValueError: the leads are of different tasks or workers, or a record would tell a number; nobody is dialled.
        DamagedError: a number cannot be opened.
    """
    if not claimed:
        return []
    first = claimed[0]
    if any((one.task_id, one.owner) != (first.task_id, first.owner) for one in claimed):
        raise ValueError("one batch is of one task and one worker")
    leads = [one.lead_id for one in claimed]
    who = await scope.all(rows.LOCK_CLAIMED, task=first.task_id, leads=leads, owner=first.owner)
    fences = {one.lead_id: one for one in claimed}
    mine = [row for row in who if row.fence == fences[row.lead_id].fence]
    answers: dict[int | None, Dial | Refused] = {}
    if mine:
        task = mine[0]
        closed = _closed(task, now)
        if closed is not None:
            await _give_back(scope, task, [row.lead_id for row in mine], closed)
            answers = {row.lead_id: Refused(row.lead_id, row.person_id, closed) for row in mine}
        else:
            plan = await terms.plans.of(scope, first.task_id, task.version)
            cases = await cases_of(scope, keys, terms, task, house_facts(task), plan, mine, fences, vetoes or {}, now)
            answers = await write(scope, keys, terms, task, plan, cases, _Charged(task), now)
    return [answers.get(one.lead_id) or Refused(one.lead_id, one.person_id, "lost") for one in claimed]


def _closed(task: Row[Any], now: datetime) -> str | None:
    """Why the task may not dial now, None = it may."""
    if task.suspended:
        return "suspended"
    if task.state != "running":
        return "not_running"
    if task.opens_at is None or task.closes_at is None or not task.opens_at <= now < task.closes_at:
        return "closed"
    if (task.not_after is not None and now >= task.not_after) or (task.starts_at is not None and now < task.starts_at):
        return "closed"
    return "line_blocked" if task.blocked_until is not None and now < task.blocked_until else None


async def _give_back(scope: Scope, task: Row[Any], leads: Sequence[int], reason: str) -> None:
    """Nothing was decided about these leads: they are due as before."""
    each = [lead_row(task.task_id, lead, Next("ready", reason)) for lead in leads]
    await scope.run(rows.SET_LEADS, each)
    await _release(scope, task.task_id, task.line_id, len(leads))


async def _release(scope: Scope, task: int, line: int, fewer: int) -> None:
    """The counters of what was claimed."""
    if fewer:
        await scope.together(
            (rows.MOVE_TASK, [_moved(task, fewer)]), (rows.RELEASE_LINE, [{"line": line, "fewer": fewer}])
        )


def _moved(task: int, fewer: int, dialled: int = 0) -> dict[str, Any]:
    return {"task": task, "fewer": fewer, "dialled_more": dialled, "cost": 0}


class _Charged:
    """Of leads that were claimed: task and line were charged for all of them, and get back those that are not called."""

    def __init__(self, task: Row[Any]) -> None:
        self._task = task

    async def granted(self, want: int) -> int:
        return want

    def changes(self, dialled: Sequence[int | None], stopped: int) -> Sequence[Changes]:
        task = self._task
        return (
            (rows.DIALLING, [{"task": task.task_id, "leads": dialled}] if dialled else ()),
            (rows.MOVE_TASK, [_moved(task.task_id, stopped, len(dialled))]),
            (rows.RELEASE_LINE, [{"line": task.line_id, "fewer": stopped}] if stopped else ()),
        )


# ------------------------------------------------------------ deciding


async def cases_of(
    scope: Scope,
    keys: TenantKeys,
    terms: Terms,
    task: Row[Any],
    house: CompanyFacts,
    plan: Plan,
    mine: Sequence[Row[Any]],
    fences: Mapping[int, Claimed],
    vetoes: Mapping[int, Veto],
    now: datetime,
) -> list[Case]:
    """What is decided about leads of a task whose people are locked. task: with its trunk; house: whose task it is; mine: rows of these
    people, in whose order they are decided about; fences: by lead."""
    digests = [share.digest for share in plan.scripts if share.digest]
    found = await gather_all(scope, keys, mine, now, digests, plan.numbers, task.trunk)
    scripts, numbers = found.scripts, await with_use(scope, found.numbers, now)
    concern = Concern(
        house,
        plan.ring_s,
        {"robots": "robot"}.get(plan.transfer.mode, plan.transfer.mode),
        task.task_id,
        frozenset(number.number for number in numbers if number.verified),
    )
    begun = terms.monotonic()
    alike: dict[object, Alike] = {}
    cases = []
    for one in found.known:
        claimed = fences[one.lead_id or 0]
        share = share_of(plan, claimed.variant) or share_of(plan, assign(plan, str(task.task_id), claimed.lead_id))
        version = scripts.get(share.digest or "") if share is not None else None
        case = decided(terms, concern, one, version, numbers, now, plan, begun, alike)
        case.claimed, case.veto = claimed, vetoes.get(claimed.lead_id)
        if case.allowed and case.own is not None:
            case.own.used(now)
        cases.append(case)
    return cases


def decided(
    terms: Terms,
    concern: Concern,
    one: Known,
    version: Version | None,
    numbers: Sequence[OwnNumber],
    now: datetime,
    plan: Plan | None,
    begun: float,
    alike: dict[object, Alike] | None = None,
) -> Case:
    """The decision about one person. alike: see `judged_alike`. Pure but for the watch that tells how long it takes."""
    local_first = plan is None or plan.local_first
    own = pick(numbers, one.number, one.country, concern.company.id, now, local_first=local_first)
    facts = dial_facts(concern, one, version, own.number if own is not None else "")
    per_30_days = version.spoken.per_30_days if version is not None and version.spoken is not None else None
    inputs = ""
    if own is None:
        decision = refused_because(facts, "own-number", "no number of ours may be shown now", now, _NO_NUMBER_WAIT)
    else:
        decision, inputs = judged_alike(
            terms.decide, terms.packs, facts, one, plan.caps if plan is not None else None, per_30_days, now,
            {} if alike is None else alike,
        )  # fmt: skip
    if terms.monotonic() - begun > terms.patience_s:
        decision = refused_because(facts, "rules-slow", "the rules took too long", now, _NO_NUMBER_WAIT)
    return Case(one, facts, decision, version, own, inputs or facts.digest())


async def own_numbers(scope: Scope, pool: str, trunk: str, now: datetime) -> list[OwnNumber]:
    """The numbers of a pool that this trunk may show."""
    return await with_use(scope, await scope.all(facts_store.OWN_NUMBERS, pool=pool, trunk=trunk), now)


async def with_use(scope: Scope, found: Sequence[Row[Any]], now: datetime) -> list[OwnNumber]:
    """Rows of OWN_NUMBERS, with the calls of today of those that have a limit (these are locked)."""
    numbers = [
        OwnNumber(
            row.id, row.number, row.region, row.state, row.company_id, row.max_per_day, row.verified_at is not None
        )
        for row in found
    ]
    counted = [number for number in numbers if number.counted]
    if counted:
        await scope.all(rows.LOCK_OWN_NUMBERS, ids=[number.id for number in counted])
        use = await scope.all(
            rows.OWN_NUMBER_USE, numbers=[number.number for number in counted], since=now - timedelta(days=1)
        )
        by_number = {row.own_number: row for row in use}
        for number in counted:
            row = by_number.get(number.number)
            if row is not None:
                number.calls, number.last_at = int(row.calls), row.last_at
    return numbers
