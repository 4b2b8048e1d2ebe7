"""What a robot seat costs and brings beside a human one: everything goes in as a range and comes out as one; never a promise. Pure.

A range is widest where every input is at its worst, so the low end of a cost uses the low ends of all prices and the high end of what is got
for them. Whoever knows an input exactly gives the same low and high.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Costs", "Range", "Seats", "costs"]


@dataclass(frozen=True, slots=True)
class Range:
    """low <= high, both >= 0."""

    low: float
    high: float

    def __post_init__(self) -> None:
        if not 0 <= self.low <= self.high:
            raise ValueError(f"{self.low} to {self.high} is no range")

    def __add__(self, other: Range) -> Range:
        return Range(self.low + other.low, self.high + other.high)

    def __mul__(self, other: Range) -> Range:
        return Range(self.low * other.low, self.high * other.high)

    def per(self, other: Range) -> Range | None:
        """Divided; None = the divisor may be 0."""
        return Range(self.low / other.high, self.high / other.low) if other.low > 0 else None


@dataclass(frozen=True, slots=True)
class Seats:
    """One kind of seat in a month. seat: what it costs however much it calls (licence and machine, or wage and room); minute: price of a
    minute of talk; calls: dialled; answered, wanted: shares of calls answered, and of answered ones that end as wanted; talk_min: minutes
    of an answered call."""

    seat: Range
    minute: Range
    calls: Range
    answered: Range
    wanted: Range
    talk_min: Range


@dataclass(frozen=True, slots=True)
class Costs:
    """Of one seat in a month. per_*: None = it may bring none at all."""

    month: Range
    talked: Range
    got: Range
    per_answered: Range | None
    per_wanted: Range | None


def costs(seats: Seats) -> Costs:
    """What it comes to. Of one result: the fixed cost of a seat is shared by all its calls, the minutes are paid for each."""
    talked = seats.calls * seats.answered
    minutes = talked * seats.talk_min * seats.minute
    got = talked * seats.wanted
    month = seats.seat + minutes
    per_answered = seats.seat.per(talked)
    if per_answered is not None:
        per_answered = per_answered + seats.talk_min * seats.minute
    per_wanted = per_answered.per(seats.wanted) if per_answered is not None else None
    return Costs(month, talked, got, per_answered, per_wanted)
