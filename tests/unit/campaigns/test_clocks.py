"""The time of leases: carried on by a clock that never jumps, and not led astray by one that does for a moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callwright.campaigns.clocks import DatabaseClock

pytestmark = pytest.mark.anyio

NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)
FILE: Any = SimpleNamespace(dialect="sqlite")


@dataclass
class Machine:
    """A monotonic clock, and a wall clock that is so many seconds away from it."""

    passed: float = 0.0
    off: float = 0.0

    def clock(self) -> DatabaseClock:
        return DatabaseClock(cast(Any, FILE), 1, lambda: self.passed, lambda: self.true + timedelta(seconds=self.off))

    @property
    def true(self) -> datetime:
        return NOON + timedelta(seconds=self.passed)


async def test_an_hour_that_is_wrong_for_a_moment_is_not_believed() -> None:
    machine = Machine()
    clock = machine.clock()
    await clock.sync()
    for off in (-3600.0, 3600.0):
        for _ in range(5):
            machine.passed, machine.off = machine.passed + 1, off
            assert await clock.sync() == machine.true
            assert clock.doubted
        machine.passed, machine.off = machine.passed + 1, 0.0
        assert await clock.sync() == machine.true
        assert not clock.doubted
    assert clock.jumps == 2


async def test_a_time_that_stands_is_believed_and_until_then_nobody_is_called() -> None:
    machine = Machine()
    clock = machine.clock()
    await clock.sync()
    machine.off = 3600.0
    doubts = []
    for _ in range(12):
        machine.passed += 1
        await clock.sync()
        doubts.append(clock.doubted)
    assert doubts == [True] * 10 + [False] * 2
    assert clock.unsettled(timedelta(seconds=30)), "whoever does not believe it yet seems to have let go of its calls"
    machine.passed += 40
    assert not clock.unsettled(timedelta(seconds=30))
    assert clock.now() == machine.true + timedelta(hours=1)
    assert clock.jumps == 1


async def test_a_database_that_is_slow_to_answer_does_not_keep_a_jump_in_doubt() -> None:
    machine = Machine()
    slow = [0.0]

    def local() -> datetime:
        found = machine.true + timedelta(seconds=machine.off)
        machine.passed += slow[0]  # the answer is on its way
        return found

    clock = DatabaseClock(cast(Any, FILE), 1, lambda: machine.passed, local)
    await clock.sync()
    machine.off = -3600.0
    for wait in (0.0, 5.0, 0.5, 6.0, 0.0, 4.0):
        slow[0] = wait
        machine.passed += 1
        await clock.sync()
    assert (clock.doubted, clock.jumps) == (False, 1)


async def test_a_clock_that_goes_a_little_wrong_is_followed() -> None:
    machine = Machine()
    clock = machine.clock()
    await clock.sync()
    for _ in range(100):
        machine.passed, machine.off = machine.passed + 1, machine.off + 0.5
        assert await clock.sync() == machine.true + timedelta(seconds=machine.off)
    assert clock.jumps == 0


@given(st.lists(st.tuples(st.floats(0.1, 3), st.sampled_from([0.0, 0.0, -3600.0, 3600.0, 86_400.0])), max_size=60))
def test_whoever_may_call_knows_a_time_that_stood(steps: list[tuple[float, float]]) -> None:
    """Of any history: not in doubt means that the time is the one found last; in doubt, that it went on from before."""
    machine = Machine()
    clock = machine.clock()

    def look() -> datetime:
        asking = clock.sync()
        with pytest.raises(StopIteration) as done:
            asking.send(None)  # a file's clock is not waited for
        return cast(datetime, done.value.value)

    look()
    for wait, off in steps:
        before = clock.now()
        machine.passed, machine.off = machine.passed + wait, off
        now = look()
        assert now == clock.now()
        if clock.doubted:
            assert abs((now - before).total_seconds() - wait) < 1e-3
        else:
            assert now == machine.true + timedelta(seconds=off)
