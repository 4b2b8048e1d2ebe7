"""Everything the rules look at, read for a batch of people in a bounded number of statements, within the transaction that dials them.

Nothing here decides. What is not found is `None` (nobody knows), and what nobody knows blocks.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Row

from callwright.campaigns import dispatch_store as rows
from callwright.campaigns import facts_store
from callwright.campaigns.registry_facts import LookedUp, looked_up
from callwright.campaigns.spoken import Spoken, read_spoken
from callwright.compliance.facts import (
    PAST_DAYS,
    CompanyFacts,
    ConsentFacts,
    DialFacts,
    Freeze,
    PastCall,
    RegistryFacts,
    ScriptFacts,
)
from callwright.store.crypto import TenantKeys
from callwright.store.scope import Scope
from callwright.values import quick

__all__ = [
    "REFUSAL_DAYS",
    "Concern",
    "Gathered",
    "Known",
    "Version",
    "company_facts",
    "dial_facts",
    "gather",
    "gather_all",
    "house_facts",
    "version_of",
    "versions",
]

REFUSAL_DAYS = 400
"""How far back refusals are looked for."""


@quick(frozen=True, slots=True)
class Version:
    """A script version as it stands now. spoken: None = its text is no valid script."""

    id: int
    digest: str
    spoken: Spoken | None
    facts: ScriptFacts


@quick(frozen=True, slots=True)
class Concern:
    """What a batch of dials is for: of a task, or of a call that somebody asked for (task None)."""

    company: CompanyFacts
    ring_s: float
    pacing: str = "robot"
    task_id: int | None = None
    owned: frozenset[str] = frozenset()


@dataclass(slots=True)
class Known:
    """What is on record about one person. in_call: a call to this person is under way; used: the consents that are in force."""

    person_id: int
    number: str
    index: bytes
    country: str
    region: str
    zones: tuple[str, ...] | None
    line_type: str
    lead_id: int | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    past: list[PastCall] = field(default_factory=list)
    refusals: list[PastCall] = field(default_factory=list)
    freezes: list[Freeze] = field(default_factory=list)
    suspects: int = 0
    consents: list[ConsentFacts] = field(default_factory=list)
    registries: tuple[RegistryFacts, ...] = ()
    in_call: bool = False


@dataclass(frozen=True, slots=True)
class Gathered:
    """known: in the order they were asked for; scripts: as they stand now, by digest; numbers: rows of OWN_NUMBERS."""

    known: list[Known]
    scripts: Mapping[str, Version]
    numbers: Sequence[Row[Any]]


async def gather(scope: Scope, keys: TenantKeys, who: Sequence[Row[Any]], now: datetime) -> list[Known]:
    """What is on record about these people, in their order. who: rows of LOCK_CLAIMED, LOOK_AT_LEADS or LOCK_PERSON.

    Raises:
        DamagedError: a number or a lead's variables cannot be opened.
    """
    return (await gather_all(scope, keys, who, now)).known


async def gather_all(
    scope: Scope,
    keys: TenantKeys,
    who: Sequence[Row[Any]],
    now: datetime,
    digests: Sequence[str] = (),
    pool: str = "",
    trunk: str = "",
) -> Gathered:
    """The same with the script versions of these digests, and the numbers of a pool that a trunk may show.

    Raises:
        DamagedError: as for `gather`.
    """
    known = [_person(keys, row) for row in who]
    by_person: dict[int, list[Known]] = defaultdict(list)
    by_index: dict[bytes, list[Known]] = defaultdict(list)
    for one in known:
        by_person[one.person_id].append(one)
        by_index[one.index].append(one)
    if not known and not digests and not pool:
        return Gathered(known, {}, ())
    since = now - timedelta(days=PAST_DAYS)
    found = await scope.all(
        facts_store.FACTS,
        persons=list(by_person), indexes=list(by_index), now=now, since=since, refusals_since=now - timedelta(days=REFUSAL_DAYS),
        digests=digests, pool=pool, trunk=trunk, countries=sorted({one.country for one in known}),
    )  # fmt: skip
    scripts, numbers, copies = [], [], LookedUp()
    for row in found:
        match row.what:
            case "past":
                for one in by_person[row.person_id]:
                    _remember(one, row, since)
            case "consent":
                fact = _consent(row)
                for one in by_person[row.person_id]:
                    one.consents.append(fact)
            case "script":
                scripts.append(row)
            case "own":
                numbers.append(row)
            case "registry":
                copies.add(row)
            case _:
                for one in by_index[bytes(row.number_index)]:
                    _stop(one, row)
    if copies:
        for one in known:
            one.registries = looked_up(copies, one.number, one.index, one.country)
    return Gathered(known, await _versions(scope, scripts), sorted(numbers, key=lambda row: row.id))


def _stop(one: Known, row: Row[Any]) -> None:
    match row.what:
        case "freeze":
            one.freezes.append(Freeze(row.scope, row.reason, row.frozen_at, row.until, row.scope_id))
        case "suppressed":
            one.freezes.append(Freeze("tenant", "erased", row.frozen_at))
        case _:
            one.suspects = int(row.waiting)


def _person(keys: TenantKeys, row: Row[Any]) -> Known:
    index = bytes(row.number_index)
    zone, sealed = (
        getattr(row, "time_zone", None),
        getattr(row, "variables", None),
    )  # of a lead: not of somebody who is asked for
    zones = (zone,) if zone else tuple(row.zones) or None
    variables = json.loads(keys.open(sealed, "lead.variables")) if sealed else {}
    one = Known(
        row.person_id,
        keys.open_number(row.number, index) if row.number else "",
        index,
        row.country,
        row.region,
        zones,
        row.line_type,
        getattr(row, "lead_id", None),
        {str(name): str(value) for name, value in variables.items()},
    )
    if row.erased_at is not None or not one.number:
        one.freezes.append(Freeze("tenant", "erased", row.erased_at or datetime.fromtimestamp(0, UTC)))
    return one


def _remember(one: Known, row: Row[Any], since: datetime) -> None:
    call = PastCall(row.dialled_at, row.counts, row.disposition, row.talk_ms, row.task_id, row.company_id)
    one.in_call = one.in_call or row.state in rows.IN_FLIGHT
    if row.disposition in rows.REFUSALS:
        one.refusals.append(call)
    if row.dialled_at >= since:
        one.past.append(call)


def _consent(row: Row[Any]) -> ConsentFacts:
    return ConsentFacts(
        row.basis, frozenset(row.covers), row.given_at, row.valid_until, row.revoked_at, row.company_id, row.wording, row.evidence,
        row.id,
    )  # fmt: skip


async def versions(scope: Scope, digests: Sequence[str]) -> dict[str, Version]:
    """Script versions by digest, as they stand now: a review that was withdrawn counts at once."""
    return await _versions(scope, await scope.all(facts_store.SCRIPTS, digests=list(digests)))


async def _versions(scope: Scope, found: Sequence[Row[Any]]) -> dict[str, Version]:
    return {row.digest: await version_of(scope, row, row.id) for row in found}


async def version_of(scope: Scope, row: Row[Any], script: int) -> Version:
    """row: with digest, reviewed_at and withdrawn_at of this version."""
    said = _SPOKEN.get(row.digest)
    if said is None:
        text = await scope.value(rows.SCRIPT_TEXT, script=script)
        said = read_spoken(text or "", row.digest)
        if said is not None:
            _SPOKEN[row.digest] = said
    reviewed = row.reviewed_at is not None and row.withdrawn_at is None
    facts = said.as_reviewed(reviewed) if said is not None else ScriptFacts(reviewed=False)
    return Version(script, row.digest, said, facts)


_SPOKEN: dict[str, Spoken] = {}  # by digest of the text: the same for every tenant, as many as there are scripts


def company_facts(row: Row[Any], company_id: int) -> CompanyFacts:
    """row: with country, vetted_at, vetted_until."""
    return CompanyFacts(company_id, row.country, row.vetted_at is not None, row.vetted_until)


def house_facts(row: Row[Any]) -> CompanyFacts:
    """row: with company_id, house_country, vetted_at, vetted_until; the country is None where there is no company (any more)."""
    if row.house_country is None:
        return CompanyFacts(row.company_id)
    return CompanyFacts(row.company_id, row.house_country, row.vetted_at is not None, row.vetted_until)


def dial_facts(concern: Concern, one: Known, version: Version | None, caller: str) -> DialFacts:
    """The facts of one dial. version: None = the script is not there (then it is as good as not reviewed)."""
    said = version.spoken if version is not None else None
    script = version.facts if version is not None else ScriptFacts(reviewed=False)
    return DialFacts(
        callee=one.number,
        caller=caller,
        owned_callers=concern.owned,
        purpose=said.purpose if said is not None else "unknown",
        needed_scope=said.needed_scope if said is not None else frozenset(),
        consent_max_age_days=said.max_age_days if said is not None else None,
        script_window=said.window if said is not None else None,
        max_calls_per_day=said.per_day if said is not None else None,
        missing_vars=tuple(name for name in (said.required if said is not None else ()) if not one.variables.get(name)),
        country=one.country or None,
        regions=tuple(one.region.split("/")) if one.region else None,
        zones=one.zones,
        line_type=one.line_type,
        task_id=concern.task_id,
        company=concern.company,
        script=script,
        consents=tuple(one.consents),
        past=tuple(one.past),
        refusals=tuple(one.refusals),
        freezes=tuple(one.freezes),
        suspects=one.suspects,
        registries=one.registries or None,
        pacing=concern.pacing,
        ring_s=concern.ring_s,
        caller_verified=bool(caller),
        caller_answers=bool(caller),
    )
