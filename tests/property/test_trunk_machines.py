"""The breaker, the pace and the choice of trunks, on a virtual clock."""

from __future__ import annotations

import random
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from callwright.telephony.trunks.breaker import CircuitBreaker
from callwright.telephony.trunks.choice import in_order
from callwright.telephony.trunks.model import Trunk
from callwright.telephony.trunks.pace import Pace

FAILURES, WINDOW, REST = 3, 1_000, 500


class BreakerMachine(RuleBasedStateMachine):
    """A model beside the breaker: when it failed, when it opened, whether one call tries it."""

    def __init__(self) -> None:
        super().__init__()
        self.breaker = CircuitBreaker(FAILURES, WINDOW, REST)
        self.now = 0
        self.failed: list[int] = []
        self.opened: int | None = None
        self.trying = False

    @rule(ms=st.integers(0, 700))
    def wait(self, ms: int) -> None:
        self.now += ms

    @property
    def half(self) -> bool:
        return self.opened is not None and self.now - self.opened >= REST

    @rule()
    def call(self) -> None:
        if self.breaker.allows(self.now):
            trial = self.breaker.begin(self.now)
            assert trial == self.half
            self.trying = self.half
            if trial:
                assert not self.breaker.allows(self.now)  # one call tries it, no more

    @rule()
    def succeed(self) -> None:
        self.breaker.succeed(self.now)
        self.failed, self.opened, self.trying = [], None, False

    @rule()
    def fail(self) -> None:
        self.breaker.fail(self.now)
        if self.opened is None:
            self.failed.append(self.now)
            if len([at for at in self.failed if at >= self.now - WINDOW]) >= FAILURES:
                self.failed, self.opened = [], self.now
        elif self.half:
            self.opened = self.now
        self.trying = False

    @rule()
    def leave(self) -> None:
        self.breaker.leave()
        self.trying = False

    @rule(alive=st.booleans())
    def probe(self, alive: bool) -> None:
        self.breaker.probe(alive, self.now)
        if not alive:
            self.failed, self.opened, self.trying = [], self.now, False
        elif self.opened is None or self.half:
            self.failed, self.opened, self.trying = [], None, False

    @invariant()
    def they_agree(self) -> None:
        expected = "closed" if self.opened is None else "half_open" if self.half else "open"
        assert self.breaker.state(self.now) == expected
        assert self.breaker.allows(self.now) == (expected == "closed" or (expected == "half_open" and not self.trying))


TestBreaker = BreakerMachine.TestCase


@given(st.floats(0.5, 200), st.integers(1, 10), st.lists(st.integers(0, 300), min_size=1, max_size=60))
def test_no_second_holds_more_than_the_pace_allows(per_second: float, burst: int, gaps: list[int]) -> None:
    pace, now, went = Pace(per_second, burst), 0, []
    for gap in gaps:
        now += gap
        expected = pace.wait_ms(now)
        assert pace.take(now) == expected
        went.append(now + expected)
    assert went == sorted(went)
    for at, begin in enumerate(went):
        within = sum(begin <= other < begin + 1_000 - 1e-6 for other in went[at:])
        assert within <= per_second + burst + 1e-6


def test_a_pause_does_not_save_up_more_than_the_burst() -> None:
    pace = Pace(10, 3)
    assert [pace.take(0) for _ in range(5)] == [0, 0, 0, 100, 200]
    assert [pace.take(60_000) for _ in range(5)] == [0, 0, 0, 100, 200]


def trunk(name: str, priority: int, weight: int) -> Trunk:
    settings = {"name": name, "proxy": "192.0.2.1", "local": {"host": "192.0.2.2"}}
    return Trunk.model_validate({**settings, "priority": priority, "weight": weight})


def test_priority_first_then_weight() -> None:
    trunks, rng = [trunk("a", 1, 3), trunk("b", 1, 1), trunk("c", 2, 100)], random.Random(2)
    orders = [[item.name for item in in_order(trunks, rng)] for _ in range(2_000)]
    assert all(order[2] == "c" for order in orders)
    first = Counter(order[0] for order in orders)
    assert 1_400 < first["a"] < 1_600
