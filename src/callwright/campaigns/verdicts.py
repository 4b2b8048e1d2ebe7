"""The decision about one dial, with what dispatch adds to the rules: nobody is rung while in a call of ours, a task keeps its own caps.

Pure. A rule that fails, or rules that take too long, refuse.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import datetime, timedelta
from functools import lru_cache
from operator import attrgetter
from typing import NamedTuple
from zoneinfo import ZoneInfo

from callwright.campaigns.facts import Known
from callwright.campaigns.model import Caps
from callwright.campaigns.terms import Decide
from callwright.compliance.decision import Decision, Reason, RuleSet
from callwright.compliance.facts import ConsentFacts, DialFacts
from callwright.compliance.spans import calendar_span

__all__ = ["IN_CALL_WAIT", "Alike", "judged", "judged_alike", "local_day", "refused_because", "with_reasons"]

IN_CALL_WAIT = timedelta(minutes=5)
_FAULT_WAIT = timedelta(minutes=5)


class Alike(NamedTuple):
    """What was decided about somebody, and `DialFacts.shared` of them."""

    decision: Decision
    shared: str


def judged_alike(
    decide: Decide,
    packs: RuleSet,
    facts: DialFacts,
    one: Known,
    caps: Caps | None,
    script_per_30_days: int | None,
    now: datetime,
    alike: dict[object, Alike],
) -> tuple[Decision, str]:
    """As `judged`, with the digest of the facts.

    alike: what was decided by the same rules at the same moment, about people of whom all that rules look at is the same. A decision looks at
    no number and at no id of a consent (tests/property/test_rule_packs.py).
    """
    key = (one.in_call, _others(facts), tuple(map(_but_id, facts.consents or ())))
    known = alike.get(key)
    if known is None:
        decision = judged(decide, packs, facts, one, caps, script_per_30_days, now)
        known = alike[key] = Alike(decision, facts.shared())
    told = known.decision if known.decision.callee == facts.callee else known.decision.about(facts.callee)
    return told, facts.digest(known.shared)


_others = attrgetter(*(each.name for each in fields(DialFacts) if each.name not in {"callee", "consents"}))
_but_id = attrgetter(*(each.name for each in fields(ConsentFacts) if each.name != "id"))


def judged(
    decide: Decide,
    packs: RuleSet,
    facts: DialFacts,
    one: Known,
    caps: Caps | None,
    script_per_30_days: int | None,
    now: datetime,
) -> Decision:
    """All reasons: house, packs, and ours. caps: of the task; script_per_30_days: calls to this person that the script allows at most."""
    try:
        decision = decide(facts, now, packs)
    except Exception as error:  # noqa: BLE001 - whatever is wrong with a rule: it has not allowed this call
        return refused_because(
            facts, "rule-failed", f"the rules could not be evaluated: {type(error).__name__}", now, _FAULT_WAIT
        )
    extra = [_in_call(one, now)]
    if caps is not None:
        extra.append(_task_caps(caps, facts, now))
    if script_per_30_days is not None:
        extra.append(_script_cap(script_per_30_days, facts, now))
    return with_reasons(decision, extra)


def refused_because(facts: DialFacts, rule: str, detail: str, now: datetime, wait: timedelta) -> Decision:
    """A refusal for one reason of ours that passes by itself."""
    reason = Reason(rule, False, detail, severity="defer", outcome="unknown", next_at=now + wait)
    return Decision(
        facts.callee,
        facts.caller,
        now.isoformat(timespec="seconds"),
        (reason,),
        facts.clock,
        next_allowed_at=now + wait,
    )


def with_reasons(decision: Decision, extra: Sequence[Reason]) -> Decision:
    """The decision with more reasons; when several refuse, the call is allowed when the last of them holds."""
    refusing = [reason for reason in extra if reason.refuses]
    following = decision.next_allowed_at
    if refusing:
        moments = [reason.next_at for reason in refusing]
        if decision.refusals:
            moments.append(decision.next_allowed_at)
        known = [moment for moment in moments if moment is not None]
        following = max(known) if len(known) == len(moments) else None
    return replace(decision, reasons=(*decision.reasons, *extra), next_allowed_at=following)


_FREE = Reason("in-call", True, "no call of ours to this person is under way", severity="defer")


def _in_call(one: Known, now: datetime) -> Reason:
    if not one.in_call:
        return _FREE
    detail = "a call of ours to this person is under way"
    return Reason("in-call", False, detail, severity="defer", outcome="blocked", next_at=now + IN_CALL_WAIT)


_WITHIN = Reason("task-cap", True, "within the caps of the task", severity="defer")


def _task_caps(caps: Caps, facts: DialFacts, now: datetime) -> Reason:
    """The plan's own caps: calls of this task to this person, per day of the callee and in spans of days."""
    mine = sorted(call.at for call in facts.past or () if call.counts and call.task_id == facts.task_id)
    spans = ((caps.per_day, None), (caps.per_7_days, 7), (caps.per_30_days, 30))
    for most, days in spans:
        over = None if most is None else _over(mine, most, days, facts.zones or (), now)
        if over is not None:
            what = "today" if days is None else f"in {days} days"
            return Reason(
                "task-cap",
                False,
                f"{most} calls {what} by this task are enough",
                severity="defer",
                outcome="blocked",
                next_at=over,
            )
    return _WITHIN


def _script_cap(most: int, facts: DialFacts, now: datetime) -> Reason:
    over = _over(sorted(call.at for call in facts.past or () if call.counts), most, 30, (), now)
    return _script_reason(most, over)


@lru_cache(maxsize=256)
def _script_reason(most: int, over: datetime | None) -> Reason:
    detail = f"at most {most} calls in 30 days, says the script"
    return Reason(
        "script-cap", over is None, detail, severity="defer", outcome="ok" if over is None else "blocked", next_at=over
    )


def _over(
    calls: Sequence[datetime], most: int, days: int | None, zones: Sequence[str], now: datetime
) -> datetime | None:
    """When the cap is free again; None = it is free."""
    if days is not None:
        recent = [at for at in calls if at > now - timedelta(days=days)]
        return recent[-most] + timedelta(days=days) if len(recent) >= most else None
    day = calendar_span("day", tuple(zones) or ("UTC",), now)
    return day.until if sum(at >= day.begin for at in calls) >= most else None


def local_day(zones: Sequence[str] | None, now: datetime) -> str:
    """The callee's day; of several that it could be, the earliest."""
    return _local_day(tuple(zones or ("UTC",)), now)


@lru_cache(maxsize=256)  # of a batch all are asked about at one moment, and most of the same zones
def _local_day(zones: tuple[str, ...], now: datetime) -> str:
    return min(now.astimezone(ZoneInfo(zone)).date() for zone in zones).isoformat()
