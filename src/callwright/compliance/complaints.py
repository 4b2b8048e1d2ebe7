"""A complaint is a case with due dates. Pure: the clocks, the states, what is overdue.

    open -> answered -> closed (the person was told)

The clocks of 12321 stand in the draft of 2020-08-31 (通信短信息和语音呼叫服务管理规定, 征求意见稿): the centre forwards a complaint within
3 working days, the firm answers within 15, and the person is told within 3 more. No evidence was found that the draft was enacted; carriers
write these clocks into their contracts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Literal

from callwright.compliance.workdays import after_days, after_working_days, has_calendar
from callwright.errors import InputError, Problem

__all__ = ["CHANNELS", "Clock", "Due", "State", "answered", "due", "overdue", "with_answer_days"]

State = Literal["open", "answered", "closed"]


@dataclass(frozen=True, slots=True)
class Clock:
    """Days for each step, None = there is no such step. unit: `working` days of `country`, or calendar `days`.

    forward: from when it came to when whoever took it up hands it on; answer: to our answer; tell: from the answer to the person knowing.
    """

    forward: int | None
    answer: int
    tell: int | None
    unit: Literal["working", "days"]
    country: str
    status: Literal["law", "draft", "contract", "house"]
    source: str


CHANNELS: Mapping[str, Clock] = MappingProxyType(
    {
        "12321": Clock(3, 15, 3, "working", "CN", "draft", "通信短信息和语音呼叫服务管理规定（征求意见稿）2020-08-31"),
        "carrier": Clock(None, 5, 3, "working", "CN", "contract", "put what your line contract says: --answer-days"),
        "regulator": Clock(None, 15, 3, "working", "CN", "house", "put what its letter says: --answer-days"),
        "own": Clock(None, 10, 3, "working", "CN", "house", "own intake"),
    }
)
"""Where complaints come from, and their clocks."""


@dataclass(frozen=True, slots=True)
class Due:
    """The last moments: of handing on, of our answer, of telling the person."""

    forward_by: datetime | None
    answer_by: datetime
    tell_by: datetime | None


def with_answer_days(clock: Clock, days: int | None, country: str | None = None) -> Clock:
    """The clock with another number of days to answer, or of another country.

    Raises:
        InputError: that is no number of days, or nobody knows the working days of that country.
    """
    if days is not None and not 0 < days <= 365:
        raise InputError(Problem("answer-days", "an answer takes from 1 to 365 days"))
    if country is not None and not has_calendar(country):
        message = f"the working days of {country[:20]!r} are not known"
        raise InputError(Problem("country", message, hint="two capital letters, like CN or US"))
    return Clock(
        clock.forward,
        days or clock.answer,
        clock.tell,
        clock.unit,
        country or clock.country,
        clock.status,
        clock.source,
    )


def due(clock: Clock, received_at: datetime) -> Due:
    """The due dates of a complaint that came then. The day it came is not counted; a day ends at midnight of the clock's country."""
    answer_by = _after(clock, received_at, clock.answer)
    return Due(
        None if clock.forward is None else _after(clock, received_at, clock.forward),
        answer_by,
        None if clock.tell is None else _after(clock, _within(answer_by), clock.tell),
    )


def answered(clock: Clock, answered_at: datetime) -> datetime | None:
    """By when the person must be told, now that there is an answer."""
    return None if clock.tell is None else _after(clock, answered_at, clock.tell)


def overdue(state: State, answer_by: datetime, tell_by: datetime | None, now: datetime) -> str:
    """Which step is late: `answer`, `tell`, "" = none."""
    if state == "open" and now >= answer_by:
        return "answer"
    return "tell" if state == "answered" and tell_by is not None and now >= tell_by else ""


def _after(clock: Clock, moment: datetime, days: int) -> datetime:
    return (after_working_days if clock.unit == "working" else after_days)(moment, days, clock.country)


def _within(midnight: datetime) -> datetime:
    """A moment of the day that ends then."""
    return midnight.fromtimestamp(midnight.timestamp() - 1, midnight.tzinfo)
