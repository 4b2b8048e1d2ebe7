"""Who is on the list of a task, as a simulation takes them: people who are alike to the law are one kind. Reads only, and locks nothing.

A million people are read in pieces, past SQLAlchemy and as the driver tells them: what is the same for many is looked at once.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import anyio.to_thread
import numpy as np
from numpy.typing import NDArray
from sqlalchemy import BigInteger, Text, and_, bindparam, cast, exists, or_, select

from callwright.campaigns import dispatch_store, facts_store, service, task_store
from callwright.campaigns.facts import Concern, Known, Version, company_facts, dial_facts, gather, versions
from callwright.campaigns.model import Plan
from callwright.campaigns.simulation import Crowd, Line
from callwright.campaigns.staged import VARIABLES
from callwright.campaigns.tables import attempt, lead
from callwright.campaigns.variants import assign
from callwright.compliance.facts import PAST_DAYS, ConsentFacts, DialFacts
from callwright.compliance.tables import consent, freeze, freeze_suspect, person, suppression
from callwright.store.constant import constant
from callwright.store.crypto import TenantKeys
from callwright.store.metadata import TENANT, UtcTime
from callwright.store.scope import Scope

__all__ = ["Subject", "subject"]

_BATCH = 5_000
_AT_ONCE = 500  # of those who are read as a dial reads them
_DAY_MS = 86_400_000
_EPOCH = date(1970, 1, 1).toordinal()
_NEAR_DAYS = 31


@dataclass(frozen=True)
class Subject:
    """What is simulated: the plan of a task and the people on its list, as alike as the law sees them. leads: their ids, in the order of the
    crowd."""

    plan: Plan
    crowd: Crowd
    line: Line
    script_per_30_days: int | None
    leads: NDArray[np.int64]


_frozen = exists().where(
    freeze.c.tenant_id == TENANT,
    freeze.c.number_index == person.c.number_index,
    freeze.c.lifted_at.is_(None),
)
_suspected = exists().where(
    freeze_suspect.c.tenant_id == TENANT,
    freeze_suspect.c.number_index == person.c.number_index,
    freeze_suspect.c.state == "waiting",
)
_suppressed = exists().where(suppression.c.tenant_id == TENANT, suppression.c.number_index == person.c.number_index)
_dialled = exists().where(
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
# What stands first is looked at by itself; the rest is equal or not, so zones and scopes stay text. `_Builder.add` knows the order.
_SEEN = constant(
    select(
        lead.c.id, lead.c.variables, or_(person.c.erased_at.is_not(None), _frozen, _suspected, _suppressed, _dialled).label("special"),
        consent.c.given_at, consent.c.valid_until,
        person.c.country, person.c.region, lead.c.time_zone, cast(person.c.zones, Text).label("zones"), person.c.line_type,
        consent.c.basis, cast(consent.c.scope, Text).label("agreed"), consent.c.revoked_at, consent.c.company_id,
        (consent.c.evidence != "").label("proven"),
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
_ALIKE = 5  # where the columns begin that are equal or not


async def subject(
    scope: Scope,
    keys: TenantKeys,
    task: int,
    now: datetime,
    plan: Plan | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> Subject:
    """A task and the people of its list as a simulation takes them. plan: another one than its own; progress: told how many were read.

    People without a freeze, a suspicion and a call in the last month are grouped by what the rules look at, with the consent their lead came
    with and no other; it is taken as given at the first moment of its month (of its day, when that is at most 31 days away), so that it is never
    younger than it is. All others are read as a dial reads them.

    Raises:
        TaskError: no such task.
    """
    row, own = await service.plan_of(scope, task)
    plan = plan or own
    spoken = await versions(scope, [share.digest for share in plan.scripts if share.digest])
    numbers = await scope.all(facts_store.OWN_NUMBERS, pool=plan.numbers, trunk=row.line_name)
    company = await scope.first(dispatch_store.FIND_COMPANY, company=row.company_id)
    assert company is not None
    concern = Concern(
        company_facts(company, row.company_id), plan.ring_s, {"robots": "robot"}.get(plan.transfer.mode, plan.transfer.mode), task,
        frozenset(number.number for number in numbers if number.verified_at is not None),
    )  # fmt: skip
    builder = _Builder(concern, plan, spoken, numbers[0].number if numbers else "", task, now, keys)
    after, since = 0, now - timedelta(days=PAST_DAYS)
    while batch := await scope.told(_SEEN, list=row.list_id, after=after, since=since):
        after = batch[-1][0]
        known = await _special(scope, keys, [each[0] for each in batch if each[2]], now)
        await anyio.to_thread.run_sync(builder.add_all, batch, known)  # who else waits for this loop is not held up
        progress(len(builder.of))
    line = Line(row.max_calls, 1_000_000.0, 1)
    limits = await scope.first(task_store.FIND_LINE, name=row.line_name)
    if limits is not None:
        line = Line(limits.max_calls, limits.calls_per_second, limits.burst)
    caps = [one.spoken.per_30_days for one in spoken.values() if one.spoken is not None and one.spoken.per_30_days]
    return Subject(plan, builder.crowd(), line, min(caps, default=None), np.array(builder.leads, np.int64))


async def _special(scope: Scope, keys: TenantKeys, leads: Sequence[int], now: datetime) -> dict[int | None, Known]:
    """Leads as a dial reads them."""
    known: dict[int | None, Known] = {}
    for start in range(0, len(leads), _AT_ONCE):
        rows = await scope.all(_SPECIAL, leads=leads[start : start + _AT_ONCE])
        known |= {one.lead_id: one for one in await gather(scope, keys, rows, now)}
    return known


class _Builder:
    """Sorts people into kinds."""

    def __init__(
        self,
        concern: Concern,
        plan: Plan,
        spoken: Mapping[str, Version],
        caller: str,
        task: int,
        now: datetime,
        keys: TenantKeys,
    ) -> None:
        self.concern, self.plan, self.caller, self.task = concern, plan, caller, task
        self.today = now.astimezone(UTC).toordinal()
        self.open = keys.opener(VARIABLES)
        self.spoken = {share.name: spoken.get(share.digest or "") for share in plan.scripts}
        self.required = {
            name: version.spoken.required if version is not None and version.spoken is not None else ()
            for name, version in self.spoken.items()
        }
        self.numbers: dict[tuple[Any, ...], int] = {}
        self.kinds: list[DialFacts] = []
        self.known: dict[DialFacts, int] = {}
        self.of: list[int] = []
        self.leads: list[int] = []
        self.days: dict[int, int] = {}

    def add_all(self, rows: Sequence[Sequence[Any]], known: Mapping[int | None, Known]) -> None:
        """known: those of them that are special."""
        only = self.plan.scripts[0].name if len(self.plan.scripts) == 1 else None
        for row in rows:
            lead_id = row[0]
            if row[2] and lead_id not in known:
                continue  # taken off the list meanwhile
            self.leads.append(lead_id)
            variant = only or assign(self.plan, str(self.task), lead_id)
            if row[2]:  # somebody with a past
                self.of.append(self._kind(replace(known[lead_id], number="", in_call=False), variant))
            else:
                self.of.append(self._usual(row, variant))

    def _usual(self, row: Sequence[Any], variant: str) -> int:
        """The kind of somebody whom a row of `_SEEN` tells everything about."""
        needed = self.required[variant]
        has: tuple[str, ...] = ()
        if needed and row[1]:
            said = json.loads(self.open(bytes(row[1])))
            has = tuple([name for name in needed if str(said.get(name, "")).strip()])
        key = (variant, has, self._day(row[3]), self._day(row[4]), *row[_ALIKE:])
        number = self.numbers.get(key)
        if number is None:
            number = self.numbers[key] = self._kind(_person(key), variant)
        return number

    def _kind(self, one: Known, variant: str) -> int:
        facts = replace(dial_facts(self.concern, one, self.spoken[variant], self.caller), callee="")
        number = self.known.get(facts)
        if number is None:
            number = self.known[facts] = len(self.kinds)
            self.kinds.append(facts)
        return number

    def _day(self, moment: Any) -> int | None:
        """The day (ordinal) of a moment as the driver tells it, or the first of its month when it is more than a month away."""
        if moment is None:
            return None
        day: int = _EPOCH + moment // _DAY_MS if isinstance(moment, int) else moment.toordinal()
        found = self.days.get(day)
        if found is None:
            far = abs(self.today - day) > _NEAR_DAYS
            found = self.days[day] = date.fromordinal(day).replace(day=1).toordinal() if far else day
        return found

    def crowd(self) -> Crowd:
        return Crowd(tuple(self.kinds), np.array(self.of, np.int64))


def _person(key: tuple[Any, ...]) -> Known:
    """Somebody of this kind, without a name. key: as `_Builder.add_all` makes it."""
    _, has, given, until, country, region, zone, zones, line_type, basis, agreed, revoked, company, proven = key
    where = (zone,) if zone else tuple(json.loads(zones))
    one = Known(0, "", b"", country, region, where or None, line_type, None, dict.fromkeys(has, "x"))
    if basis is not None:
        scope, revoked_at = frozenset(json.loads(agreed)), _moment(revoked)
        proof = "x" if proven else ""
        one.consents.append(
            ConsentFacts(basis, scope, _midnight(given), _midnight(until), revoked_at, company, "", proof)
        )
    return one


def _midnight(day: int | None) -> datetime | None:
    return None if day is None else datetime.combine(date.fromordinal(day), time(), UTC)


def _moment(told: Any) -> datetime | None:
    if told is None or isinstance(told, datetime):
        return told
    return datetime.fromtimestamp(told / 1000, UTC)
