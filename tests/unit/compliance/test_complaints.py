"""Due dates of complaints, over weekends, holidays and the working Saturdays that pay for them."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from callwright.compliance.complaints import CHANNELS, answered, due, overdue, with_answer_days
from callwright.compliance.workdays import after_days, after_working_days, is_working_day
from callwright.errors import InputError

CN = ZoneInfo("Asia/Shanghai")


def end_of(year: int, month: int, day: int) -> datetime:
    """The midnight that ends this day in China."""
    return after_days(datetime(year, month, day, 12, tzinfo=CN), 0, "CN")


def test_the_clocks_of_12321() -> None:
    last = due(CHANNELS["12321"], datetime(2026, 11, 2, 10, 0, tzinfo=CN))  # a Monday
    assert last.forward_by == end_of(2026, 11, 5)
    assert last.answer_by == end_of(2026, 11, 23)
    assert last.tell_by == end_of(2026, 11, 26)
    assert answered(CHANNELS["12321"], datetime(2026, 11, 6, 9, 0, tzinfo=CN)) == end_of(2026, 11, 11)


def test_holidays_are_off_and_make_up_days_are_on() -> None:
    # 2026: off from 15 to 23 February, Saturdays 14 and 28 February are worked
    assert is_working_day(datetime(2026, 2, 14).date(), "CN")
    assert not is_working_day(datetime(2026, 2, 20).date(), "CN")
    friday = datetime(2026, 2, 13, 18, 0, tzinfo=CN)
    assert after_working_days(friday, 1, "CN") == end_of(2026, 2, 14)
    assert after_working_days(friday, 2, "CN") == end_of(2026, 2, 24)
    assert after_working_days(friday, 6, "CN") == end_of(2026, 2, 28)
    assert after_working_days(friday, 7, "CN") == end_of(2026, 3, 2)


def test_the_day_is_that_of_the_country() -> None:
    late = datetime(2026, 11, 2, 17, 0, tzinfo=UTC)  # Tuesday 01:00 in China
    assert after_working_days(late, 1, "CN") == end_of(2026, 11, 4)


def test_what_is_overdue() -> None:
    last = due(CHANNELS["own"], datetime(2026, 11, 2, 10, 0, tzinfo=CN))
    assert last.forward_by is None
    before = datetime.fromtimestamp(last.answer_by.timestamp() - 1, UTC)
    assert overdue("open", last.answer_by, last.tell_by, before) == ""
    assert overdue("open", last.answer_by, last.tell_by, last.answer_by) == "answer"
    assert last.tell_by is not None
    assert overdue("answered", last.answer_by, last.tell_by, last.tell_by) == "tell"
    assert overdue("closed", last.answer_by, last.tell_by, last.tell_by) == ""


def test_the_clock_can_be_set() -> None:
    clock = with_answer_days(CHANNELS["carrier"], 2)
    assert due(clock, datetime(2026, 11, 2, 10, 0, tzinfo=CN)).answer_by == end_of(2026, 11, 4)
    with pytest.raises(InputError, match="365"):
        with_answer_days(clock, 0)


def test_a_country_without_a_calendar() -> None:
    with pytest.raises(ValueError, match="no calendar"):
        is_working_day(datetime(2026, 2, 14).date(), "XX")
