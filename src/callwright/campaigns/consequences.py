"""What follows from how calls came out, in the transaction of their finish: freezes, words for a person to judge, a task that pauses itself."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from callwright.calls.disposition import CONNECTED
from callwright.campaigns import finish_store
from callwright.campaigns.breaker import FAILED, REFUSED, judge
from callwright.campaigns.ended import Ended
from callwright.campaigns.events import post_many
from callwright.campaigns.facts import Concern, Known, Version, dial_facts, gather, house_facts, version_of
from callwright.campaigns.model import Plan
from callwright.campaigns.service import ask
from callwright.campaigns.states import SYSTEM
from callwright.campaigns.terms import Terms
from callwright.compliance.decision import DialFacts
from callwright.compliance.facts import CallOutcome, DueFreeze
from callwright.compliance.freeze_store import freeze_all, suspect
from callwright.compliance.freezes import NewFreeze, masked
from callwright.compliance.outcomes import consequences
from callwright.compliance.packs import Packs
from callwright.store.crypto import TenantKeys
from callwright.store.scope import Scope

__all__ = ["CONSEQUENT", "break_off", "draw", "write_freezes"]

CONSEQUENT = CONNECTED | {"rejected", "carrier_blocked"}
"""Outcomes from which something may follow: a person was reached, or refused."""

_OPEN = ("running",)


async def draw(
    scope: Scope, keys: TenantKeys, terms: Terms, over: Sequence[tuple[Row[Any], Ended]], now: datetime
) -> None:
    """Write what the rules make of these calls. over: rows of LOCK_ATTEMPTS with what became of them. People of whom no rule could make
    anything are not looked at."""
    packs = terms.packs
    if not isinstance(packs, Packs):
        return
    told = [(row, _outcome(row, ended)) for row, ended in over if ended.disposition in CONSEQUENT]
    calls = [(row, outcome) for row, outcome in told if packs.concerned(outcome)]
    if not calls:
        return
    known = await gather(scope, keys, [row for row, _ in calls], now)
    spoken = [
        await version_of(scope, row, row.script_version_id) if row.digest is not None else None for row, _ in calls
    ]
    due: list[tuple[str, str, DueFreeze]] = []
    for one, version, (row, outcome) in zip(known, spoken, calls, strict=True):
        facts = _facts(one, row, version)
        found = consequences(facts, outcome, packs)
        due += [(one.number, row.id, freeze) for freeze in found.freezes]
        if found.suspects:
            words = "; ".join(word for each in found.suspects for word in each.words)
            _, fresh = await suspect(scope, keys, one.number, row.id, words, now, row.task_id)
            if fresh:
                body = {"attempt": row.id, "number": masked(one.number), "words": words}
                await post_many(scope, keys, "suspect.found", [body], now, [one.index])
    await write_freezes(scope, keys, due, now)


def _outcome(row: Row[Any], ended: Ended) -> CallOutcome:
    return CallOutcome(
        row.dialled_at, ended.ended_at, ended.disposition, ended.talk_ms, ended.said, row.task_id, row.company_id
    )


def _facts(one: Known, row: Row[Any], version: Version | None) -> DialFacts:
    one.past = [call for call in one.past if call.at != row.dialled_at]
    concern = Concern(house_facts(row), 30.0, task_id=row.task_id, owned=frozenset({row.own_number}))
    return dial_facts(concern, one, version, row.own_number)


async def write_freezes(
    scope: Scope, keys: TenantKeys, due: Sequence[tuple[str, str, DueFreeze]], now: datetime
) -> None:
    """Freezes that rules say are due: (number, attempt or "", freeze)."""
    if not due:
        return
    new = [
        NewFreeze(number, freeze.reason, freeze.scope, freeze.scope_id, freeze.until, freeze.rule, attempt)
        for number, attempt, freeze in due
    ]
    made = await freeze_all(scope, keys, new, now, SYSTEM)
    added = [(number, freeze) for (number, _, freeze), (_, fresh) in zip(due, made, strict=True) if fresh]
    told = [
        {
            "number": masked(number),
            "scope": freeze.scope,
            "reason": freeze.reason,
            "rule": freeze.rule,
            "until": freeze.until,
        }
        for number, freeze in added
    ]
    if told:
        await post_many(scope, keys, "freeze.added", told, now, [keys.index(number) for number, _ in added])


async def break_off(
    scope: Scope, keys: TenantKeys, task: int, state: str, plan: Plan, dispositions: Sequence[str], now: datetime
) -> str | None:
    """Pause a task in this state whose calls fail or are not wanted; why. dispositions: of the calls that were just finished."""
    if state not in _OPEN or not any(one in FAILED or one in REFUSED for one in dispositions):
        return None
    since = await scope.value(finish_store.LAST_START, task=task)
    recent = await scope.all(
        finish_store.RECENT, task=task, since=since or now.replace(year=2000), most=plan.breaker.attempts
    )
    why = judge(plan, [row.disposition for row in reversed(recent)])
    if why is not None:
        await ask(scope, keys, task, "pause", SYSTEM, now, why=why)
    return why
