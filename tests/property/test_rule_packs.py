"""Whatever the facts: what fails or is unknown refuses, a further pack never allows, and the next allowed moment is exactly that."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from callwright.compliance.cases import harmless
from callwright.compliance.decision import decide
from callwright.compliance.facts import CallOutcome, DialFacts, Freeze, PastCall
from callwright.compliance.openings import Hours, Openings
from callwright.compliance.outcomes import consequences
from callwright.compliance.pack_file import built_in_packs
from callwright.compliance.packs import Packs
from callwright.compliance.rules.check import Timely

ALL = Packs(built_in_packs())
PLACES = {
    "CN": ("Asia/Shanghai", "Asia/Urumqi"),
    "US": ("America/New_York", "America/Chicago", "America/Los_Angeles", "America/Phoenix", "Pacific/Honolulu"),
    "GB": ("Europe/London",),
    "DE": ("Europe/Berlin",),
    "FR": ("Europe/Paris", "Indian/Reunion", "America/Martinique"),
    "CA": ("America/Toronto", "America/St_Johns", "America/Vancouver"),
    "AU": ("Australia/Sydney", "Australia/Perth", "Australia/Lord_Howe"),
}
REGIONS = {"US": ("FL", "TX", "NY", "PA", "KY", "ME"), "CA": ("ON", "BC"), "AU": ("NSW", "WA")}
DISPOSITIONS = (
    "",
    "completed",
    "declined",
    "opted_out",
    "hung_up",
    "rejected",
    "no_answer",
    "busy",
    "unknown",
    "network_fault",
)
BEGIN = datetime(2026, 1, 5, tzinfo=UTC)
UNKNOWABLE = (
    "zones", "past", "freezes", "suspects", "consents", "script", "company", "country", "caller_verified",
)  # fmt: skip


@st.composite
def moments(draw: st.DrawFn) -> datetime:
    """Any minute of a year, the hours around a change of the clock more often."""
    changes = (datetime(2026, 3, 8, 10, tzinfo=UTC), datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC),
               datetime(2026, 11, 1, 6, tzinfo=UTC), datetime(2026, 4, 4, 16, tzinfo=UTC), datetime(2026, 10, 3, 16, tzinfo=UTC))  # fmt: skip
    if draw(st.booleans()):
        return draw(st.sampled_from(changes)) + timedelta(minutes=draw(st.integers(-1500, 1500)))
    return BEGIN + timedelta(minutes=draw(st.integers(0, 370 * 24 * 60)))


@st.composite
def dials(draw: st.DrawFn) -> tuple[DialFacts, datetime]:
    now = draw(moments())
    country = draw(st.sampled_from(sorted(PLACES)))
    zones = tuple(draw(st.lists(st.sampled_from(PLACES[country]), min_size=1, max_size=3, unique=True)))
    facts = harmless(now, country, zones)
    past = [
        PastCall(
            now - timedelta(minutes=draw(st.integers(0, 31 * 24 * 60))), draw(st.booleans()),
            draw(st.sampled_from(DISPOSITIONS)), draw(st.integers(0, 400_000)), draw(st.sampled_from((None, 1, 2))), 1,
        )
        for _ in range(draw(st.integers(0, 5)))
    ]  # fmt: skip
    freezes = [
        Freeze(draw(st.sampled_from(("tenant", "company", "task"))), "x", now, now + timedelta(minutes=draw(st.integers(-100, 9000))))
        for _ in range(draw(st.integers(0, 2)))
    ]  # fmt: skip
    regions = None
    if country in REGIONS and draw(st.booleans()):
        regions = tuple(draw(st.lists(st.sampled_from(REGIONS[country]), min_size=1, max_size=2, unique=True)))
    changes: dict[str, Any] = {
        "past": tuple(past), "freezes": tuple(freezes), "regions": regions,
        "purpose": draw(st.sampled_from(("marketing", "service", "survey"))),
        "max_calls_per_day": draw(st.sampled_from((None, 1, 2))), "task_id": draw(st.sampled_from((None, 1))),
    }  # fmt: skip
    return replace(facts, **changes), now


@settings(max_examples=100, deadline=None)
@given(dials())
def test_no_rule_looks_at_the_number_or_at_the_id_of_a_consent(dial: tuple[DialFacts, datetime]) -> None:
    facts, now = dial
    consents = tuple(replace(each, id=4711) for each in facts.consents or ())
    decision, other = decide(facts, now, ALL), decide(replace(facts, callee="+999", consents=consents), now, ALL)
    assert replace(other, callee=facts.callee) == decision


@settings(max_examples=300, deadline=None)
@given(
    dials(),
    st.sampled_from(DISPOSITIONS),
    st.integers(0, 40_000),
    st.lists(st.sampled_from(("好的", "别再打了", "不需要", "stop calling me", "我要投诉你们")), max_size=2),
)
def test_of_a_call_that_concerns_no_rule_nothing_follows(
    dial: tuple[DialFacts, datetime], disposition: str, talk_ms: int, said: list[str]
) -> None:
    """So nobody is looked up after such a call."""
    facts, now = dial
    ended = now + timedelta(milliseconds=talk_ms)
    outcome = CallOutcome(now, ended, disposition, talk_ms, tuple(said), facts.task_id, 1)
    left = consequences(facts, outcome, ALL)
    event(f"concerned: {ALL.concerned(outcome)}")
    assert ALL.concerned(outcome) or (left.freezes, left.suspects) == ((), ())


class Broken:
    """Every rule of the packs, one of which raises."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def look(self, facts: DialFacts, now: datetime) -> Any:
        raise self._error


@settings(max_examples=50, deadline=None)
@given(dials(), st.data())
def test_a_rule_that_raises_refuses(dial: tuple[DialFacts, datetime], data: st.DataObject) -> None:
    facts, now = dial
    packs = Packs(built_in_packs())
    rules = [rule for rule in packs.applying(facts, now) if rule.refuses]
    rule = data.draw(st.sampled_from(rules))
    looked = rule.look
    rule.look = Broken(data.draw(st.sampled_from((ValueError("x"), KeyError("x"), RecursionError(), OSError())))).look
    try:
        decision = decide(facts, now, packs)
    finally:
        rule.look = looked
    assert not decision.allow
    assert decision.next_allowed_at is None
    (reason,) = [each for each in decision.reasons if (each.pack, each.rule) == (rule.pack.id, rule.rule.id)]
    assert (reason.ok, reason.outcome) == (False, "unknown")


@settings(max_examples=60, deadline=None)
@given(dials(), st.sampled_from(UNKNOWABLE))
def test_a_fact_that_nobody_knows_never_helps(dial: tuple[DialFacts, datetime], name: str) -> None:
    facts, now = dial
    decision = decide(replace(facts, **{name: None}), now, ALL)  # type: ignore[arg-type]
    assert not decision.allow


NONSENSE: dict[str, Any] = {
    "zones": ("Mars/North",), "past": (PastCall(datetime(2026, 1, 1)),), "freezes": (Freeze("tenant", "x", BEGIN, datetime(2026, 1, 1)),),
    "country": "cn", "purpose": "sales", "regions": ("Florida", ""), "suspects": "none", "script": 3, "company": 3,
}  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(dials(), st.sampled_from(sorted(NONSENSE)))
def test_facts_that_make_no_sense_never_raise_and_never_help(dial: tuple[DialFacts, datetime], name: str) -> None:
    facts, now = dial
    with_nonsense = decide(replace(facts, **{name: NONSENSE[name]}), now, ALL)
    assert not with_nonsense.allow or (name in {"purpose", "regions"} and decide(facts, now, ALL).allow)


@settings(max_examples=60, deadline=None)
@given(dials(), st.sets(st.sampled_from([pack.file.id for pack in built_in_packs()])))
def test_a_further_pack_never_turns_a_refusal_into_an_allowance(
    dial: tuple[DialFacts, datetime], some: set[str]
) -> None:
    """But for the place itself: a country that no pack covers is closed, and its first pack opens it."""
    facts, now = dial
    few = Packs([pack for pack in built_in_packs() if pack.file.id in some])
    refused = {(r.pack, r.rule) for r in decide(facts, now, few).refusals if r.rule != "packs"}
    assert refused <= {(r.pack, r.rule) for r in decide(facts, now, ALL).refusals}


@settings(max_examples=60, deadline=None)
@given(dials())
def test_one_more_possible_zone_never_allows(dial: tuple[DialFacts, datetime]) -> None:
    facts, now = dial
    assume(facts.zones is not None and len(facts.zones) > 1)
    if decide(facts, now, ALL).allow:
        for name in facts.zones or ():
            assert decide(replace(facts, zones=(name,)), now, ALL).allow


@settings(max_examples=100, deadline=None)
@given(dials())
def test_the_next_moment_is_allowed_by_time_and_the_minute_before_is_not(dial: tuple[DialFacts, datetime]) -> None:
    facts, now = dial
    past = tuple(
        replace(call, disposition=call.disposition.replace("opted_out", "declined")) for call in facts.past or ()
    )
    facts = replace(facts, past=past)  # an opt-out is for good
    following = decide(facts, now, ALL).next_allowed_at
    if following is None:  # allowed, or zones that are never open together
        return
    assert following > now
    assert not _refused_by_time(facts, following)
    before = max(now, following - timedelta(minutes=1))
    assert _refused_by_time(facts, before)
    for step in range(1, 8):  # nor at any other moment before
        assert _refused_by_time(facts, now + (before - now) * step / 8)


def _refused_by_time(facts: DialFacts, moment: datetime) -> list[str]:
    timely = {("house", name) for name in ("window", "frozen", "calls-per-day")}
    timely |= {(rule.pack.id, rule.rule.id) for rule in ALL.applying(facts, moment) if isinstance(rule.check, Timely)}
    decision = decide(facts, moment, ALL)
    return [reason.rule for reason in decision.refusals if (reason.pack, reason.rule) in timely]


@settings(max_examples=60, deadline=None)
@given(
    moments(),
    st.lists(st.sampled_from([name for names in PLACES.values() for name in names] + ["Africa/Cairo", "America/Havana", "Asia/Beirut"]),
             min_size=1, max_size=3, unique=True),
    st.lists(st.lists(st.integers(0, 1440), min_size=2, max_size=4, unique=True), min_size=7, max_size=7),
)  # fmt: skip
def test_openings_agree_with_the_clock_on_the_wall(now: datetime, names: list[str], days: list[list[int]]) -> None:
    week: list[Hours] = [tuple(zip(sorted(day)[::2], sorted(day)[1::2], strict=False)) for day in days]
    openings = Openings(week)

    def is_open(moment: datetime) -> bool:
        for name in names:
            local = moment.astimezone(ZoneInfo(name))
            minute = local.hour * 60 + local.minute
            if not any(begin <= minute < end for begin, end in week[local.weekday()]):
                return False
        return True

    found = openings.at(tuple(names), now)
    assert found.begin <= now < found.end
    assert found.open == is_open(now)
    assert openings.at(tuple(names), now) is found
    for step in range(12):  # nothing changes within
        assert is_open(found.begin + (found.end - found.begin) * step / 12) == found.open
    if not found.open and found.opens_at is not None:
        assert found.opens_at >= found.end
        assert is_open(found.opens_at)
        assert not is_open(found.opens_at - timedelta(minutes=1))


@pytest.mark.parametrize(
    ("name", "day", "hours", "opens", "minutes"),
    [
        ("Europe/Berlin", "2026-03-29", ((120, 180),), None, 0),  # 02:00-03:00 does not exist
        ("Europe/Berlin", "2026-10-25", ((120, 180),), "2026-10-25T00:00+00:00", 120),  # and lasts two hours
        ("Europe/Berlin", "2026-03-29", ((90, 210),), "2026-03-29T00:30+00:00", 60),
        ("America/Havana", "2026-11-01", ((0, 60),), "2026-11-01T04:00+00:00", 120),
    ],
)  # fmt: skip
def test_hours_over_a_change_of_the_clock(name: str, day: str, hours: Hours, opens: str | None, minutes: int) -> None:
    weekday = datetime.fromisoformat(day).weekday()
    openings = Openings([hours if number == weekday else () for number in range(7)])
    before = datetime.fromisoformat(day).replace(tzinfo=ZoneInfo(name)) - timedelta(hours=1)
    opening = openings.at((name,), before)
    if opens is None:
        assert opening.opens_at is not None and opening.opens_at - before > timedelta(days=6)
        return
    assert opening.opens_at == datetime.fromisoformat(opens)
    whole = openings.at((name,), datetime.fromisoformat(opens))
    assert whole.end - whole.begin == timedelta(minutes=minutes)
