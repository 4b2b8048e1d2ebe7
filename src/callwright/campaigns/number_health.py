"""Health of our own numbers: how their calls are taken, and when a number must be slowed down or rested.

A number that is refused, cut off or complained of is not exchanged for a fresh one: it calls less. Shares are judged by the lower end of their
95 % interval (Wilson, 1927, JASA 22), so that five bad calls in a row of ten do not condemn a number.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from callwright.accounts.model import Viewer
from callwright.audit.store import note
from callwright.campaigns import number_health_store as rows
from callwright.campaigns.events import post
from callwright.store.crypto import TenantKeys
from callwright.store.scope import Scope

__all__ = [
    "Counts",
    "Health",
    "Judgement",
    "Policy",
    "adjust",
    "at_least",
    "judge",
    "look",
    "note_each",
    "recover",
    "slow",
]

State = Literal["active", "slowed", "resting"]
_RANK = {"active": 0, "slowed": 1, "resting": 2}


@dataclass(frozen=True, slots=True)
class Counts:
    """Of one own number in the span looked at. short: answered and over within 15 s; refused: 603, 607, 608 and what counts as them."""

    dialled: int = 0
    answered: int = 0
    short: int = 0
    refused: int = 0
    blocked: int = 0  # by the carrier or its analytics (608), or barred
    complaints: int = 0


@dataclass(frozen=True, slots=True)
class Policy:
    """From which share on a number is slowed, and from which it rests. Our own norms, no law; days: the span looked at; rest_days: how long it
    stays so at least."""

    days: int = 7
    rest_days: int = 3
    short: tuple[float, float] = (0.5, 0.7)  # of the answered
    refused: tuple[float, float] = (0.25, 0.4)  # of the dialled
    blocked: tuple[float, float] = (0.05, 0.15)  # of the dialled
    complaints_per_1000: tuple[float, float] = (1.0, 3.0)
    least: int = 30  # dials, below which nothing but complaints is judged


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the number should be, and why."""

    state: State
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Health:
    """One own number as it stands. id: of its row; number: E.164, our own."""

    id: int
    number: str
    state: str
    state_reason: str
    counts: Counts
    advice: Judgement

    @property
    def answer_rate(self) -> float | None:
        return self.counts.answered / self.counts.dialled if self.counts.dialled else None

    @property
    def worse(self) -> bool:
        """Whether it should call less than it does."""
        return self.state in _RANK and _RANK[self.advice.state] > _RANK[self.state]


def at_least(hits: int, of: int) -> float:
    """Lower end of the 95 % interval of a share; 0 when nothing was counted."""
    if of <= 0:
        return 0.0
    z = 1.96
    share = hits / of
    middle = share + z * z / (2 * of)
    spread = z * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    return max(0.0, (middle - spread) / (1 + z * z / of))


def judge(counts: Counts, policy: Policy | None = None) -> Judgement:
    """The worst of all signs decides. Pure."""
    policy = policy or Policy()
    worst: tuple[int, str] = (0, "")
    for name, hits, of, limits in (
        ("short calls", counts.short, counts.answered, policy.short),
        ("refused", counts.refused, counts.dialled, policy.refused),
        ("blocked by the carrier", counts.blocked, counts.dialled, policy.blocked),
    ):
        if of >= policy.least:
            surely = at_least(hits, of)
            level = sum(surely >= limit for limit in limits)
            worst = max(worst, (level, f"{name}: {hits} of {of}"), key=lambda sign: sign[0])
    # One complaint is a person who took the trouble: counted as it is, from the second one on.
    if counts.complaints >= 2:
        rate = 1000 * counts.complaints / max(counts.dialled, 1)
        level = sum(rate >= limit for limit in policy.complaints_per_1000)
        worst = max(
            worst, (level, f"{counts.complaints} complaints in {counts.dialled} calls"), key=lambda sign: sign[0]
        )
    states: tuple[State, State, State] = ("active", "slowed", "resting")
    return Judgement(states[worst[0]], worst[1] if worst[0] else "")


async def look(scope: Scope, now: datetime, policy: Policy | None = None) -> list[Health]:
    """Every number of the tenant that is not retired."""
    policy = policy or Policy()
    since = now - timedelta(days=policy.days)
    calls = {row.own_number: row for row in await scope.all(rows.CALLS, since=since)}
    complained = {row.own_number: row.complaints for row in await scope.all(rows.COMPLAINTS, since=since)}
    found = []
    for number in await scope.all(rows.NUMBERS):
        row = calls.get(number.number)
        counted = Counts(complaints=complained.get(number.number, 0))
        if row is not None:
            counted = Counts(
                row.dialled, row.answered, row.short, row.refused, row.blocked, complained.get(number.number, 0)
            )
        found.append(
            Health(number.id, number.number, number.state, number.state_reason, counted, judge(counted, policy))
        )
    return found


async def slow(scope: Scope, keys: TenantKeys, now: datetime, policy: Policy | None = None) -> list[Health]:
    """Slow down or rest the numbers that need it, and post the news of it; which ones. Up again it goes only by hand, or by `recover` after
    the rest."""
    changed = []
    for health in await look(scope, now, policy):
        if health.worse and await _set(scope, health, _stamped(health.advice.reason, now)):
            body = {"number": health.number, "state": health.advice.state, "reason": health.advice.reason}
            await post(scope, keys, "number.slowed", body, now)
            changed.append(health)
    return changed


async def recover(scope: Scope, now: datetime, policy: Policy | None = None) -> list[Health]:
    """Numbers whose rest is over and whose last days look well again become active; which ones."""
    policy = policy or Policy()
    back = []
    for health in await look(scope, now, policy):
        since = _since(health.state_reason)
        rested = since is not None and now - since >= timedelta(days=policy.rest_days)
        down = health.state in ("slowed", "resting")
        if down and rested and health.advice.state == "active" and await _set(scope, health, ""):
            back.append(health)
    return back


async def adjust(scope: Scope, keys: TenantKeys, viewer: Viewer, now: datetime, policy: Policy | None = None) -> None:
    """Both, in the viewer's name: `slow`, `recover`, and the entries of the audit log."""
    slowed = await slow(scope, keys, now, policy)
    back = await recover(scope, now, policy)
    await note_each(scope, keys, viewer, "number.slow", slowed, now)
    await note_each(scope, keys, viewer, "number.recover", back, now)


async def note_each(
    scope: Scope, keys: TenantKeys, viewer: Viewer, action: str, changed: Sequence[Health], now: datetime
) -> None:
    """An entry of the audit log for each number that was changed; none, where none was. Last in the transaction."""
    for health in changed:
        detail = {"from": health.state, "to": health.advice.state}
        await note(scope, keys, viewer, action, ("own_number", health.id), detail, now=now)


async def _set(scope: Scope, health: Health, reason: str) -> bool:
    """Give it the state it should have; False = somebody else has changed it meanwhile."""
    changed = await scope.run(
        rows.SET_STATE, which=health.number, before=health.state, state=health.advice.state, reason=reason
    )
    return changed > 0


def _stamped(reason: str, now: datetime) -> str:
    return f"{now.isoformat(timespec='seconds')} {reason}"[:200]


def _since(reason: str) -> datetime | None:
    """When the number was slowed; None: somebody did it by hand, and it stays so."""
    try:
        return datetime.fromisoformat(reason.partition(" ")[0])
    except ValueError:
        return None
