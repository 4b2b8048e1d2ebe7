"""Openings: never outside a window, never in a break, on days with a change of clocks, too."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import holidays
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.property.campaigns.plans import MOMENTS, NEAR_CHANGES, plans

from callwright.campaigns.model import DAYS, Plan
from callwright.campaigns.schedule import closed_because, is_open, opening


def wall_says_open(plan: Plan, moment: datetime) -> bool:
    """The rule itself: what a clock on the wall and the calendar say."""
    wall = moment.astimezone(ZoneInfo(plan.calling.zone))
    minute, day = wall.hour * 60 + wall.minute, DAYS[wall.weekday()]
    for name in plan.calling.holidays:
        country, _, part = name.partition("-")
        if wall.date() in holidays.country_holidays(country, subdiv=part or None, years=wall.year):
            return False
    inside = any(day in span.days and span.from_ <= minute < span.to for span in plan.calling.windows)
    return inside and not any(day in span.days and span.from_ <= minute < span.to for span in plan.calling.breaks)


@given(plans(), st.one_of(MOMENTS, NEAR_CHANGES))
@settings(max_examples=100, deadline=None)
def test_open_is_what_the_clock_on_the_wall_says(plan: Plan, now: datetime) -> None:
    assert is_open(plan, now) == wall_says_open(plan, now)
    assert (closed_because(plan, now) is None) == is_open(plan, now)


@given(plans(), st.one_of(MOMENTS, NEAR_CHANGES), st.integers(0, 999))
@settings(max_examples=100, deadline=None)
def test_every_moment_of_an_opening_is_within_a_window(plan: Plan, now: datetime, part: int) -> None:
    found = opening(plan, now)
    if found is None:
        return
    assert now < found.closes_at
    assert found.opens_at < found.closes_at
    assert wall_says_open(plan, found.opens_at + (found.closes_at - found.opens_at) * part / 1000)
    assert (
        not wall_says_open(plan, found.closes_at) or found.closes_at.astimezone(ZoneInfo(plan.calling.zone)).hour == 0
    )


@given(plans(), st.one_of(MOMENTS, NEAR_CHANGES), st.integers(0, 999))
@settings(max_examples=80, deadline=None)
def test_nothing_open_lies_between_now_and_the_next_opening(plan: Plan, now: datetime, part: int) -> None:
    found = opening(plan, now)
    end = found.opens_at if found is not None else now + timedelta(days=30)
    if end > now:
        assert not wall_says_open(plan, now + (end - now) * part / 1000)


@given(plans(), MOMENTS, st.integers(0, 200), st.integers(1, 200))
@settings(max_examples=100, deadline=None)
def test_start_and_end_of_the_task_hold(plan: Plan, now: datetime, hours: int, more: int) -> None:
    starts_at = now + timedelta(hours=hours)
    bounded = plan.model_copy(update={"starts_at": starts_at, "not_after": starts_at + timedelta(hours=more)})
    found = opening(bounded, now)
    if found is not None:
        assert starts_at <= found.opens_at < found.closes_at <= starts_at + timedelta(hours=more)


def plan(zone: str, begin: str, end: str, **more: object) -> Plan:
    calling = {"zone": zone, "windows": [{"from": begin, "to": end}], **more}
    return Plan.model_validate({"scripts": [{"script": "s"}], "calling": calling, "robots": {"max": 1}})


def test_a_skipped_hour_is_never_open() -> None:
    spring = plan("America/New_York", "02:00", "03:00")  # 2026-03-08: 02:00 becomes 03:00
    found = opening(spring, datetime(2026, 3, 8, 5, tzinfo=UTC))
    assert found is not None
    assert found.opens_at == datetime(2026, 3, 9, 6, tzinfo=UTC)


def test_a_repeated_hour_is_open_twice() -> None:
    autumn = plan("America/New_York", "01:00", "01:30")  # 2026-11-01: 01:00-02:00 comes twice
    first = opening(autumn, datetime(2026, 11, 1, 4, tzinfo=UTC))
    assert first is not None
    second = opening(autumn, first.closes_at)
    assert second is not None
    assert (first.opens_at, second.opens_at) == (
        datetime(2026, 11, 1, 5, tzinfo=UTC),
        datetime(2026, 11, 1, 6, tzinfo=UTC),
    )
    assert second.closes_at - second.opens_at == timedelta(minutes=30)


def test_a_day_that_never_was_is_never_open() -> None:
    samoa = plan("Pacific/Apia", "09:00", "17:00")  # 2011-12-30 was skipped
    found = opening(samoa, datetime(2011, 12, 30, 4, tzinfo=UTC))  # Thursday 29th, 18:00
    assert found is not None
    assert found.opens_at.astimezone(ZoneInfo("Pacific/Apia")).date() == date(2011, 12, 31)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text + "+08:00")


def test_why_it_is_closed() -> None:
    day = plan("Asia/Shanghai", "09:00", "18:00", breaks=[{"from": "12:00", "to": "13:00"}], forbidden=["2026-11-27"],
               holidays=["CN"])  # fmt: skip
    assert closed_because(day, at("2026-11-26T12:00")) == "break"
    assert closed_because(day, at("2026-11-26T08:59")) == "outside_window"
    assert closed_because(day, at("2026-11-27T10:00")) == "forbidden_day"
    assert closed_because(day, at("2026-10-01T10:00")) == "holiday"
    assert closed_because(day, at("2026-11-26T13:00")) is None
    over = day.model_copy(update={"not_after": at("2026-11-26T10:00")})
    assert closed_because(over, at("2026-11-26T10:00")) == "over"
    assert (
        closed_because(day.model_copy(update={"starts_at": at("2026-12-01T09:00")}), at("2026-11-26T10:00"))
        == "not_started"
    )
