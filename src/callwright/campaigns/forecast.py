"""What a task would come to, before it begins: three runs over the ranges of the assumptions, as ranges. And a past task under other rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Row, and_, bindparam, select

from callwright.campaigns import dispatch_store, service
from callwright.campaigns.assumptions import CASES, Assumptions, Case
from callwright.campaigns.crowd import Subject
from callwright.campaigns.facts import Concern, company_facts, dial_facts, gather, versions
from callwright.campaigns.simulation import Run, simulate
from callwright.campaigns.tables import attempt, lead
from callwright.campaigns.variants import share_of
from callwright.campaigns.verdicts import judged
from callwright.compliance.decision import RuleSet, decide
from callwright.compliance.facts import DialFacts, Freeze
from callwright.compliance.tables import person
from callwright.store.crypto import TenantKeys
from callwright.store.metadata import TENANT
from callwright.store.scope import Scope

__all__ = ["Forecast", "Replayed", "forecast", "replay"]


@dataclass(frozen=True)
class Forecast:
    """One run for each case of the assumptions. span(...) reads a figure of all of them."""

    runs: Mapping[Case, Run]

    def span(self, figure: str) -> tuple[Any, Any, Any]:
        """(least, likely, most) of a figure of the runs, by its name: `dials_per_hour`, `last_at`, `spent`, ..."""
        values = [getattr(run, figure) for run in self.runs.values()]
        known = [value for value in values if value is not None]
        if not known:
            return None, None, None
        return min(known), getattr(self.runs["likely"], figure), max(known)


def forecast(
    subject: Subject,
    packs: RuleSet,
    assumptions: Assumptions,
    begins: datetime,
    *,
    seed: int = 1,
    days: int = 365,
    progress: Callable[[Case], None] = lambda _: None,
) -> Forecast:
    """Run the three cases. progress: told which one begins."""
    runs = {}
    for case in CASES:
        progress(case)
        runs[case] = simulate(
            subject.plan, subject.crowd, packs, assumptions.odds(case), begins, line=subject.line, seed=seed, days=days,
            script_per_30_days=subject.script_per_30_days,
        )  # fmt: skip
    return Forecast(runs)


# ------------------------------------------------------------ what was, under other rules

_ATTEMPTS = (
    select(
        attempt.c.lead_id, attempt.c.dialled_at, attempt.c.variant, attempt.c.own_number, attempt.c.disposition, lead.c.variables,
        lead.c.time_zone, person.c.id.label("person_id"), person.c.country, person.c.region, person.c.zones, person.c.line_type, person.c.number,
        person.c.number_index, person.c.erased_at,
    )
    .join_from(attempt, lead, and_(lead.c.tenant_id == attempt.c.tenant_id, lead.c.id == attempt.c.lead_id))
    .join(person, and_(person.c.tenant_id == attempt.c.tenant_id, person.c.id == attempt.c.person_id))
    .where(attempt.c.tenant_id == TENANT, attempt.c.task_id == bindparam("task", type_=BigInteger()))
    .order_by(attempt.c.dialled_at)
)  # fmt: skip


@dataclass(frozen=True)
class Replayed:
    """Attempts of a past task, decided again at the moment they were dialled. refused: by rule; lost: what came of those."""

    attempts: int
    allowed: int
    refused: Counter[str]
    lost: Counter[str]


async def replay(
    scope: Scope, keys: TenantKeys, task: int, packs: RuleSet, digests: Mapping[str, str] | None = None
) -> Replayed:
    """What other rules, or other script versions (digest by variant), would have said to each dial of a task.

    What the ledger and the freeze library hold now is looked at as it would have been then: calls, freezes and revocations that came later
    are left out. A freeze that was lifted since is not seen.

    Raises:
        TaskError: no such task.
    """
    row, plan = await service.plan_of(scope, task)
    company = await scope.first(dispatch_store.FIND_COMPANY, company=row.company_id)
    assert company is not None
    wanted = {share.name: share.digest or "" for share in plan.scripts} | dict(digests or {})
    spoken = await versions(scope, sorted(set(wanted.values())))
    refused: Counter[str] = Counter()
    lost: Counter[str] = Counter()
    count = allowed = 0
    dials = await scope.all(_ATTEMPTS, task=task)
    for day in _days(dials):
        known = await gather(scope, keys, day, day[0].dialled_at)
        for dial, one in zip(day, known, strict=True):
            share = share_of(plan, dial.variant) or plan.scripts[0]
            version = spoken.get(wanted[share.name])
            owned = frozenset({dial.own_number})
            concern = Concern(company_facts(company, row.company_id), plan.ring_s, "robot", task, owned)
            facts = _then(dial_facts(concern, one, version, dial.own_number), dial.dialled_at)
            per_30_days = version.spoken.per_30_days if version is not None and version.spoken is not None else None
            decision = judged(
                decide, packs, facts, replace(one, in_call=False), plan.caps, per_30_days, dial.dialled_at
            )
            count += 1
            no = "script-version" if version is None else decision.refusals[0].rule if decision.refusals else ""
            allowed += not no
            if no:
                refused[no] += 1
                lost[dial.disposition or "unknown"] += 1
    return Replayed(count, allowed, refused, lost)


def _days(dials: Sequence[Row[Any]]) -> Iterable[list[Row[Any]]]:
    """Parts of one day and at most a thousand dials."""
    part: list[Row[Any]] = []
    for dial in dials:
        if part and (dial.dialled_at.date() != part[0].dialled_at.date() or len(part) >= 1000):
            yield part
            part = []
        part.append(dial)
    if part:
        yield part


def _then(facts: DialFacts, at: datetime) -> DialFacts:
    """The facts as they were at that moment."""

    def standing(one: Freeze) -> bool:
        return one.frozen_at <= at

    return replace(
        facts,
        past=tuple(call for call in facts.past or () if call.at < at),
        refusals=tuple(call for call in facts.refusals or () if call.at < at),
        freezes=tuple(filter(standing, facts.freezes or ())),
        suspects=0,
    )
