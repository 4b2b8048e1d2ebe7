"""What a task would come to, before it begins: three runs over the ranges of the assumptions, as ranges. And a past task under other rules."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import anyio.to_thread
import numpy as np
from numpy.typing import NDArray
from sqlalchemy import BigInteger, Row, Text, and_, bindparam, cast, func, select

from callwright.campaigns import dispatch_store, service, task_store
from callwright.campaigns.assumptions import CASES, Assumptions, Case
from callwright.campaigns.facts import Concern, Known, Version, company_facts, dial_facts, gather, versions
from callwright.campaigns.model import Plan
from callwright.campaigns.simulation import Crowd, Line, Run, simulate
from callwright.campaigns.tables import attempt, lead
from callwright.campaigns.variants import assign, share_of
from callwright.campaigns.verdicts import judged
from callwright.compliance.decision import RuleSet, decide
from callwright.compliance.facts import PAST_DAYS, ConsentFacts, DialFacts, Freeze
from callwright.compliance.tables import consent, freeze, person, suppression
from callwright.store.crypto import TenantKeys
from callwright.store.database import Scope
from callwright.store.metadata import TENANT, UtcTime

__all__ = ["Forecast", "Replayed", "Subject", "forecast", "replay", "subject"]

_BATCH = 2_000


@dataclass(frozen=True)
class Subject:
    """What is simulated: the plan of a task and the people on its list, as alike as the law sees them. leads: their ids, in the order of the
    crowd."""

    plan: Plan
    crowd: Crowd
    line: Line
    script_per_30_days: int | None
    leads: NDArray[np.int64]


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


# ------------------------------------------------------------ who is on the list

_frozen = select(func.count()).where(
    freeze.c.tenant_id == TENANT,
    freeze.c.number_index == person.c.number_index,
    freeze.c.lifted_at.is_(None),
    freeze.c.scope.in_(("tenant", "voice")),
)
_suppressed = select(func.count()).where(
    suppression.c.tenant_id == TENANT, suppression.c.number_index == person.c.number_index
)
_dialled = select(func.count()).where(
    attempt.c.tenant_id == TENANT,
    attempt.c.person_id == person.c.id,
    attempt.c.dialled_at >= bindparam("since", type_=UtcTime()),
)
_JOINED = lead.join(person, and_(person.c.tenant_id == lead.c.tenant_id, person.c.id == lead.c.person_id))
# Those whom only a dial's own reading tells: as `gather` wants them.
_SPECIAL = (
    select(
        lead.c.id.label("lead_id"), lead.c.variables, lead.c.time_zone, person.c.id.label("person_id"), person.c.country, person.c.region,
        person.c.zones, person.c.line_type, person.c.number, person.c.number_index, person.c.erased_at,
    )
    .select_from(_JOINED)
    .where(lead.c.tenant_id == TENANT, lead.c.id.in_(bindparam("leads", expanding=True)))
    .order_by(lead.c.id)
)  # fmt: skip
# Zones and scopes stay text: a million of them are compared, few are read.
_SEEN = (
    select(
        lead.c.id.label("lead_id"), lead.c.variables, lead.c.time_zone, person.c.id.label("person_id"), person.c.country, person.c.region,
        cast(person.c.zones, Text).label("zones"), person.c.line_type, person.c.erased_at, consent.c.basis,
        cast(consent.c.scope, Text).label("agreed"), consent.c.given_at, consent.c.valid_until, consent.c.revoked_at, consent.c.company_id,
        consent.c.evidence, _frozen.scalar_subquery().label("frozen"), _suppressed.scalar_subquery().label("suppressed"),
        _dialled.scalar_subquery().label("dialled"),
    )
    .select_from(_JOINED)
    .outerjoin(consent, and_(consent.c.tenant_id == lead.c.tenant_id, consent.c.id == lead.c.consent_id))
    .where(
        lead.c.tenant_id == TENANT,
        lead.c.list_id == bindparam("list", type_=BigInteger()),
        lead.c.id > bindparam("after", type_=BigInteger()),
    )
    .order_by(lead.c.id)
    .limit(_BATCH)
)  # fmt: skip


async def subject(
    scope: Scope,
    keys: TenantKeys,
    task: int,
    now: datetime,
    plan: Plan | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> Subject:
    """A task and the people of its list as a simulation takes them. plan: another one than its own; progress: told how many were read. Reads
    only, and locks nothing.

    People without a freeze and without a call in the last month are grouped by what the rules look at; consents are taken as given at the
    first moment of their month (of their day, when they are younger), so that they are never younger than they are. All others are read as a
    dial reads them.

    Raises:
        TaskError: no such task.
    """
    row, own = await service.plan_of(scope, task)
    plan = plan or own
    spoken = await versions(scope, [share.digest for share in plan.scripts if share.digest])
    numbers = await scope.all(dispatch_store.OWN_NUMBERS, pool=plan.numbers, trunk=row.line_name)
    company = await scope.first(dispatch_store.FIND_COMPANY, company=row.company_id)
    assert company is not None
    concern = Concern(
        company_facts(company, row.company_id), plan.ring_s, {"robots": "robot"}.get(plan.transfer.mode, plan.transfer.mode), task,
        frozenset(number.number for number in numbers if number.verified_at is not None),
    )  # fmt: skip
    builder = _Builder(concern, plan, spoken, numbers[0].number if numbers else "", task, now)
    after, since = 0, now - timedelta(days=PAST_DAYS)
    while batch := await scope.all(_SEEN, list=row.list_id, after=after, since=since):
        after = batch[-1].lead_id
        leads = [
            one.lead_id for one in batch if one.frozen or one.suppressed or one.dialled or one.erased_at is not None
        ]
        special = await scope.all(_SPECIAL, leads=leads) if leads else ()
        known = {one.lead_id: one for one in await gather(scope, keys, special, now)} if special else {}
        await anyio.to_thread.run_sync(
            builder.add_all, batch, keys, known
        )  # who else waits for this loop is not held up
        progress(len(builder.of))
    line = Line(row.max_calls, 1_000_000.0, 1)
    limits = await scope.first(task_store.FIND_LINE, name=row.line_name)
    if limits is not None:
        line = Line(limits.max_calls, limits.calls_per_second, limits.burst)
    caps = [one.spoken.per_30_days for one in spoken.values() if one.spoken is not None and one.spoken.per_30_days]
    return Subject(plan, builder.crowd(), line, min(caps, default=None), np.array(builder.leads, np.int64))


class _Builder:
    """Sorts people into kinds."""

    def __init__(
        self, concern: Concern, plan: Plan, spoken: Mapping[str, Version], caller: str, task: int, now: datetime
    ) -> None:
        self.concern, self.plan, self.caller, self.task, self.now = concern, plan, caller, task, now
        self.spoken = {share.name: spoken.get(share.digest or "") for share in plan.scripts}
        self.required = {
            name: version.spoken.required if version is not None and version.spoken is not None else ()
            for name, version in self.spoken.items()
        }
        self.numbers: dict[tuple[Any, ...], int] = {}
        self.kinds: list[DialFacts] = []
        self.of: list[int] = []
        self.leads: list[int] = []
        self.months: dict[datetime, datetime] = {}

    def add_all(self, rows: Sequence[Row[Any]], keys: TenantKeys, known: Mapping[int | None, Known]) -> None:
        for row in rows:
            self.leads.append(row.lead_id)
            self.add(row, keys, known.get(row.lead_id))

    def add(self, row: Row[Any], keys: TenantKeys, known: Known | None) -> None:
        variant = assign(self.plan, str(self.task), row.lead_id)
        if known is not None:  # somebody with a past: a kind of their own
            self.of.append(self._kind(replace_number(known), variant))
            return
        needed = self.required[variant]
        said = json.loads(keys.open(row.variables, "lead.variables")) if needed and row.variables else {}
        has = tuple([name for name in needed if str(said.get(name, "")).strip()])
        basis = row.basis
        agreed = None if basis is None else (
            basis, row.agreed, self._month(row.given_at), self._month(row.valid_until), row.revoked_at, row.company_id, bool(row.evidence),
        )  # fmt: skip
        key = (variant, row.country, row.region, row.time_zone, row.zones, row.line_type, has, agreed)
        number = self.numbers.get(key)
        if number is None:
            zones = (row.time_zone,) if row.time_zone else tuple(json.loads(row.zones))
            one = Known(
                0, "", b"", row.country, row.region, zones or None, row.line_type, None, dict.fromkeys(has, "x")
            )
            if agreed is not None:
                basis, words, given_at, until, revoked, company, proof = agreed
                one.consents.append(
                    ConsentFacts(
                        basis, frozenset(json.loads(words)), given_at, until, revoked, company, "", "x" if proof else ""
                    )
                )
            number = self.numbers[key] = self._kind(one, variant)
        self.of.append(number)

    def _kind(self, one: Known, variant: str) -> int:
        facts = dial_facts(self.concern, one, self.spoken[variant], self.caller)
        self.kinds.append(replace(facts, callee=""))
        return len(self.kinds) - 1

    def _month(self, moment: datetime | None) -> datetime | None:
        """The first moment of its day, or of its month when it is more than a month away."""
        if moment is None:
            return None
        found = self.months.get(moment)
        if found is None:
            day = moment.replace(hour=0, minute=0, second=0, microsecond=0)
            found = day.replace(day=1) if abs(self.now - moment) > timedelta(days=31) else day
            if len(self.months) < _BATCH:
                self.months[moment] = found
        return found

    def crowd(self) -> Crowd:
        return Crowd(tuple(self.kinds), np.array(self.of, np.int64))


def replace_number(one: Known) -> Known:
    """The same person without the number."""
    return replace(one, number="", in_call=False)


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
