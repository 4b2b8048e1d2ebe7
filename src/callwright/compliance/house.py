"""The house rules, which no script, task or pack can relax. Pure; each returns its `Reason`. docs/reference/rule-packs.md explains them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache

from callwright.compliance.facts import PURPOSES, ConsentFacts, DialFacts, Freeze
from callwright.compliance.openings import DAY, Openings, daily
from callwright.compliance.reasons import Reason
from callwright.compliance.spans import calendar_span

__all__ = [
    "HOUSE_TITLES",
    "HOUSE_WINDOW",
    "PERMITTED_BASES",
    "freeze_over",
    "holds",
    "house_next",
    "house_reasons",
    "is_internal",
]

HOUSE_WINDOW = (time(9, 0), time(20, 0))
HOUSE_TITLES = {
    "basis": "There is a basis on record that the purpose allows",
    "scope": "The consent covers what the script asks for",
    "consent-age": "The consent is not older than the script allows",
    "window": "09:00 to 20:00 in every zone the number could be in, and within the script's hours",
    "frozen": "The number is not frozen",
    "caller-owned": "The number shown is ours",
    "calls-per-day": "The script's own limit of calls a day",
    "variables": "Everything the script must say is known",
    "packs": "The place is covered by a rule pack",
}
"""What each rule asks, for people."""

SERVICE_BASES = frozenset({"consent", "contract", "legal_obligation", "existing_customer"})
PERMITTED_BASES = {
    "marketing": frozenset({"consent"}),
    "internal": frozenset({"staff"}),  # a call handed over to one of our own people
}


def is_internal(facts: DialFacts) -> bool:
    """A call to our own staff: they take calls when they are at work, so whoever calls us at night may be connected."""
    return facts.purpose == "internal" and facts.basis in PERMITTED_BASES["internal"]


def house_reasons(facts: DialFacts, now: datetime) -> tuple[Reason, ...]:
    """Every house rule. Nothing short-circuits: the record shows all reasons. A rule that fails (facts that make no sense) refuses."""
    try:
        return _all_reasons(facts, now)
    except Exception:  # noqa: BLE001  then each by itself, to name the one that fails
        return tuple(_guarded(name, rule, facts, now) for name, rule in _ONE_BY_ONE.items())


def _guarded(name: str, rule: Callable[[DialFacts, datetime], Reason], facts: DialFacts, now: datetime) -> Reason:
    try:
        return rule(facts, now)
    except Exception as error:  # noqa: BLE001  whatever a rule stumbles over, it refuses
        return Reason(name, False, f"the rule failed ({type(error).__name__})", outcome="unknown")


def _all_reasons(facts: DialFacts, now: datetime) -> tuple[Reason, ...]:
    ground = _best_ground(facts, now)
    return (
        _basis(facts, ground, now),
        _scope(facts, ground),
        _age(facts, ground, now),
        _window(facts, now),
        _frozen(facts, now),
        _OWNED if facts.caller in facts.owned_callers else _NOT_OWNED,
        _caps(facts, now),
        _variables(facts),
    )


def house_next(facts: DialFacts, after: datetime) -> datetime | None:
    """The earliest moment from `after` on at which window, freezes and cap hold, if nobody calls meanwhile. None = never, or nobody knows."""
    try:
        return _settled(facts, after.astimezone(UTC))
    except Exception:  # noqa: BLE001  what fails has no next moment
        return None


def _settled(facts: DialFacts, moment: datetime) -> datetime | None:
    for _ in range(8):  # each round is later; the three settle within a few
        steps = (_window_next(facts, moment), freeze_over(facts, moment), _caps_next(facts, moment))
        if None in steps:
            return None
        latest = max(step for step in steps if step is not None)
        if latest <= moment:
            return moment
        moment = latest
    return None


# ------------------------------------------------------------ why this person may be called

_BASIS = {name: Reason("basis", True, name) for name in SERVICE_BASES | {"staff"}}
_COVERED = Reason("scope", True, "covered")
_NO_LIMIT = Reason("consent-age", True, "no limit")


def holds(ground: ConsentFacts, now: datetime) -> bool:
    """Given, not revoked and not over at `now`."""
    if ground.revoked_at is not None and ground.revoked_at <= now:
        return False
    if ground.valid_until is not None and ground.valid_until <= now:
        return False
    return ground.given_at is None or ground.given_at <= now


def _allowed(facts: DialFacts) -> frozenset[str]:
    if facts.purpose not in PURPOSES:
        return PERMITTED_BASES["marketing"]
    return PERMITTED_BASES.get(facts.purpose, SERVICE_BASES)


def _best_ground(facts: DialFacts, now: datetime) -> ConsentFacts | None:
    """The one that goes furthest: right basis and in force, then scope, then age."""
    grounds = facts.grounds
    if len(grounds) == 1:
        return grounds[0]
    return max(grounds, key=lambda ground: _merit(facts, ground, now), default=None)


def _merit(facts: DialFacts, ground: ConsentFacts, now: datetime) -> tuple[bool, bool, bool, bool]:
    return (
        ground.basis in _allowed(facts),
        holds(ground, now) and _for_us(facts, ground),
        _scope(facts, ground).ok,
        _age(facts, ground, now).ok,
    )


def _for_us(facts: DialFacts, ground: ConsentFacts) -> bool:
    return ground.company_id is None or (facts.company is not None and ground.company_id == facts.company.id)


def _basis(facts: DialFacts, ground: ConsentFacts | None, now: datetime) -> Reason:
    allowed = _allowed(facts)
    if ground is None or ground.basis not in allowed:
        found = ground.basis if ground is not None else "no basis"
        return Reason(
            "basis", False, f"{found} on record; {facts.purpose} needs one of {sorted(allowed)}", outcome="blocked"
        )
    if facts.consents is not None and not (holds(ground, now) and _for_us(facts, ground)):
        why = "for another company" if not _for_us(facts, ground) else "revoked, over, or not given yet"
        return Reason("basis", False, f"{ground.basis} on record, but {why}", outcome="blocked")
    return _BASIS[ground.basis]


def _scope(facts: DialFacts, ground: ConsentFacts | None) -> Reason:
    if ground is None or ground.basis != "consent" or facts.needed_scope <= ground.scope:
        return _COVERED
    missing = sorted(facts.needed_scope - ground.scope)
    return Reason("scope", False, f"consent does not cover {missing}", outcome="blocked")


def _age(facts: DialFacts, ground: ConsentFacts | None, now: datetime) -> Reason:
    if facts.consent_max_age_days is None or ground is None or ground.basis != "consent":
        return _NO_LIMIT
    if ground.given_at is None:
        return Reason("consent-age", False, "the date of the consent is unknown", outcome="unknown")
    days = (now - ground.given_at).days
    ok = 0 <= days <= facts.consent_max_age_days
    detail = f"{days} days of at most {facts.consent_max_age_days}"
    return Reason("consent-age", ok, detail, outcome="ok" if ok else "blocked")


# ------------------------------------------------------------ when

_STAFF = Reason("window", True, "our own staff")


def _hours(facts: DialFacts) -> tuple[time, time]:
    begin, end = HOUSE_WINDOW
    if facts.script_window is not None:
        begin = max(begin, time.fromisoformat(facts.script_window[0]))
        end = min(end, time.fromisoformat(facts.script_window[1]))
    return begin, end


def _window(facts: DialFacts, now: datetime) -> Reason:
    if is_internal(facts):
        return _STAFF
    if facts.zones:
        return _window_in_zones(facts, facts.zones, now)
    if facts.local_time is None:
        return Reason("window", False, "the callee's local time is unknown", severity="defer", outcome="unknown")
    begin, end = _hours(facts)
    ok = begin <= facts.local_time.time() < end
    detail = f"{facts.local_time:%H:%M} {'within' if ok else 'outside'} {begin:%H:%M}-{end:%H:%M}"
    if ok:
        return Reason("window", True, detail, severity="defer")
    return Reason("window", False, detail, severity="defer", outcome="blocked", next_at=_window_next(facts, now))


def _window_in_zones(facts: DialFacts, zones: tuple[str, ...], now: datetime) -> Reason:
    begin, end = _hours(facts)
    opening = daily(begin, end).at(zones, now)
    return _opening_reason(begin, end, zones, opening.open, opening.opens_at)


@lru_cache(maxsize=4096)
def _opening_reason(begin: time, end: time, zones: tuple[str, ...], is_open: bool, opens_at: datetime | None) -> Reason:
    detail = f"{begin:%H:%M}-{end:%H:%M} in {', '.join(zones)}"
    if is_open:
        return Reason("window", True, f"within {detail}", severity="defer")
    return Reason("window", False, f"outside {detail}", severity="defer", outcome="blocked", next_at=opens_at)


def _window_next(facts: DialFacts, after: datetime) -> datetime | None:
    if is_internal(facts):
        return after
    begin, end = _hours(facts)
    hours: Openings = daily(begin, end)
    if facts.zones:
        opening = hours.at(facts.zones, after)
        return after if opening.open else opening.opens_at
    return _next_on_this_clock(facts.local_time, after, begin, end)


def _next_on_this_clock(local: datetime | None, after: datetime, begin: time, end: time) -> datetime | None:
    """Without a zone: as that clock goes on from `after`, which it showed when `local` was read."""
    if local is None or begin >= end:
        return None
    if begin <= local.time() < end:
        return after
    opens = datetime.combine(local.date(), begin, local.tzinfo)
    if local.time() >= end:
        opens += DAY
    return after + (opens - local)


# ------------------------------------------------------------ whom not

_FREE = Reason("frozen", True, "not frozen")
_FROZEN = Reason("frozen", False, "frozen, or the frozen list is unknown", outcome="blocked")
_OWNED = Reason("caller-owned", True, "caller number is ours")
_NOT_OWNED = Reason("caller-owned", False, "caller number is not ours", outcome="blocked")
_ALL_THERE = Reason("variables", True, "all there")


def _frozen(facts: DialFacts, now: datetime) -> Reason:
    if facts.freezes is None:
        return _FREE if facts.frozen is False else _FROZEN
    active = [freeze for freeze in facts.freezes if _stops(facts, freeze, now)]
    if not active and not facts.frozen:
        return _FREE
    if not active:
        return _FROZEN
    worst = max(active, key=lambda freeze: freeze.until or datetime.max.replace(tzinfo=UTC))
    until = f"until {worst.until.isoformat(timespec='minutes')}" if worst.until is not None else "for good"
    detail = f"frozen ({worst.reason}, {worst.scope}) {until}"
    return Reason("frozen", False, detail, outcome="blocked", next_at=freeze_over(facts, now))


def _stops(facts: DialFacts, freeze: Freeze, now: datetime) -> bool:
    """Whether it stops this call. One that names no company or task, or a call that does not say whose it is, is taken as meant."""
    if freeze.until is not None and freeze.until <= now:
        return False
    if freeze.scope == "company":
        ours = facts.company.id if facts.company is not None else None
        return freeze.scope_id is None or ours is None or freeze.scope_id == ours
    if freeze.scope == "task":
        return freeze.scope_id is None or facts.task_id is None or freeze.scope_id == facts.task_id
    return True


def freeze_over(facts: DialFacts, after: datetime) -> datetime | None:
    """When the last active freeze is over; `after` when there is none, None when one is for good or nobody knows."""
    if facts.freezes is None:
        return after if facts.frozen is False else None
    if facts.frozen:
        return None
    moment = after
    for freeze in facts.freezes:
        if _stops(facts, freeze, after):
            if freeze.until is None:
                return None
            moment = max(moment, freeze.until)
    return moment


# ------------------------------------------------------------ how often


def _calls_today(facts: DialFacts, now: datetime) -> int | None:
    if facts.calls_today is not None or facts.past is None or not facts.zones:
        return facts.calls_today
    begin = calendar_span("day", facts.zones, now).begin
    return sum(call.counts and call.at >= begin for call in facts.past)


def _caps(facts: DialFacts, now: datetime) -> Reason:
    today = _calls_today(facts, now)
    if today is None:
        return Reason(
            "calls-per-day", False, "the number of calls today is unknown", severity="defer", outcome="unknown"
        )
    cap = facts.max_calls_per_day
    ok = cap is None or today < cap
    return _cap_reason(today, cap, ok, None if ok else _caps_next(facts, now))


@lru_cache(maxsize=4096)
def _cap_reason(today: int, cap: int | None, ok: bool, next_at: datetime | None) -> Reason:
    detail = f"{today} today, at most {cap if cap is not None else 'unlimited'}"
    return Reason("calls-per-day", ok, detail, severity="defer", outcome="ok" if ok else "blocked", next_at=next_at)


def _caps_next(facts: DialFacts, after: datetime) -> datetime | None:
    cap = facts.max_calls_per_day
    if cap is None:
        return after if _calls_today(facts, after) is not None else None
    if cap < 1:
        return None
    if facts.calls_today is not None or facts.past is None or not facts.zones:
        return after if facts.calls_today is not None and facts.calls_today < cap else None
    moment = after
    while (_calls_today(facts, moment) or 0) >= cap:
        later = calendar_span("day", facts.zones, moment).until
        if later - after > timedelta(days=62):
            return None
        moment = later
    return moment


def _variables(facts: DialFacts) -> Reason:
    if not facts.missing_vars:
        return _ALL_THERE
    return Reason("variables", False, f"missing: {', '.join(facts.missing_vars)}", outcome="blocked")


_ONE_BY_ONE: Mapping[str, Callable[[DialFacts, datetime], Reason]] = {
    "basis": lambda facts, now: _basis(facts, _best_ground(facts, now), now),
    "scope": lambda facts, now: _scope(facts, _best_ground(facts, now)),
    "consent-age": lambda facts, now: _age(facts, _best_ground(facts, now), now),
    "window": _window,
    "frozen": _frozen,
    "caller-owned": lambda facts, now: _OWNED if facts.caller in facts.owned_callers else _NOT_OWNED,
    "calls-per-day": _caps,
    "variables": lambda facts, now: _variables(facts),
}
