"""A task on a virtual clock: the decision, windows, retry rules, pacing and budget that dispatch uses, with people drawn from odds.

Time goes in steps. Within a step leads with the same facts and histories that are alike to the law (histories.py) are one group, and a group is
decided once; `grouped=False` decides each lead by itself and comes to exactly the same (a property test holds them together). A rule looks at
earlier calls or at consents, never at both: who may be called but for a history, and somebody of other consents despite the same one, may be.
What is simplified: a step is one moment to the law; robots are counted in seconds of work per step; nobody answers better at another hour.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from callwright.calls.disposition import CONNECTED, FACTS, Disposition
from callwright.campaigns.assumptions import Odds
from callwright.campaigns.breaker import cost, judge, spent_up
from callwright.campaigns.facts import Known
from callwright.campaigns.histories import REFUSALS, Histories, Recalling
from callwright.campaigns.model import Plan
from callwright.campaigns.pacing import Abandonment, Pool, gcra, may_be_under_way
from callwright.campaigns.retry import Next, Outcome, after, refused
from callwright.campaigns.schedule import opening
from callwright.campaigns.takeover import Desk
from callwright.campaigns.verdicts import judged
from callwright.compliance.decision import RuleSet, decide
from callwright.compliance.facts import DialFacts

__all__ = ["Crowd", "Line", "Run", "hold_s", "mixed", "simulate", "talk_s"]

Ints = NDArray[np.int64]
READY, FINISHED, PARKED, EXCLUDED = 0, 1, 2, 3
_STATES = {"ready": READY, "finished": FINISHED, "parked": PARKED, "excluded": EXCLUDED}
TALK_STEP_S = 5  # talk is drawn in such steps, so that few histories differ
MOST_TALK_S = 600
FEW, MANY = 5_000, 100_000
_KIND = 40  # bits of a group's key below the kind: the history
_HARDLY_S = {"busy": 3.0, "line_busy": 5.0, "rejected": 8.0, "empty_number": 4.0, "suspended": 4.0, "switched_off": 4.0,
             "unreachable": 6.0, "network_fault": 2.0, "barred": 2.0, "carrier_blocked": 2.0}  # fmt: skip


@dataclass(frozen=True)
class Crowd:
    """Who is called. kinds: facts of people who are alike to the law (without their number); of: the kind of each lead, in their order."""

    kinds: tuple[DialFacts, ...]
    of: Ints

    def __len__(self) -> int:
        return len(self.of)


@dataclass(frozen=True, slots=True)
class Line:
    """Capacity besides the plan's own."""

    calls: int = 1_000_000
    calls_per_second: float = 1_000_000.0
    burst: int = 1


@dataclass
class Run:
    """What came of one run. hours: dials by whole hours since it began; blocked: refusals by rule; leads: by state; excluded: by rule;
    stopped: why it ended early ("" = it did not); spent: thousandths; open_s: seconds it was open until the last dial; robots: the most that
    were busy."""

    outcomes: Counter[str] = field(default_factory=Counter)
    blocked: Counter[str] = field(default_factory=Counter)
    leads: Counter[str] = field(default_factory=Counter)
    excluded: Counter[str] = field(default_factory=Counter)
    hours: Counter[int] = field(default_factory=Counter)
    dials: int = 0
    talk_s: int = 0
    spent: int = 0
    robot_s: float = 0.0
    open_s: float = 0.0
    first_at: datetime | None = None
    last_at: datetime | None = None
    robots: int = 0
    queued: int = 0
    abandoned: int = 0
    stopped: str = ""
    decisions: int = 0

    @property
    def dials_per_hour(self) -> float:
        """Over the time the task was open and had somebody to call."""
        return self.dials / self.open_s * 3600 if self.open_s else 0.0

    @property
    def robots_needed(self) -> float:
        """Robots that were busy on average while it was open."""
        return self.robot_s / self.open_s if self.open_s else 0.0

    @property
    def abandonment(self) -> float:
        """Of all answered calls, those that waited too long for a person."""
        answered = sum(n for name, n in self.outcomes.items() if name in CONNECTED)
        return self.abandoned / answered if answered else 0.0


def simulate(
    plan: Plan,
    crowd: Crowd,
    packs: RuleSet,
    odds: Odds,
    begins: datetime,
    *,
    line: Line = Line(),
    seed: int = 1,
    step_s: int | None = None,
    days: int = 365,
    script_per_30_days: int | None = None,
    grouped: bool = True,
) -> Run:
    """One run from `begins` until nobody is left, the plan ends, the task stops by itself, or `days` are over.

    Args:
        step_s: length of a step; None = one minute, five of them for more than `MANY` leads, ten seconds for at most `FEW` and where people
            take over.
    """
    usual = 10 if len(crowd) <= FEW else 60 if len(crowd) <= MANY else 300
    step = step_s or (usual if plan.transfer.mode == "robots" else 10)
    return _Simulation(plan, crowd, packs, odds, begins, line, seed, step, days, script_per_30_days, grouped).run()


class _Simulation:
    def __init__(
        self,
        plan: Plan,
        crowd: Crowd,
        packs: RuleSet,
        odds: Odds,
        begins: datetime,
        line: Line,
        seed: int,
        step_s: int,
        days: int,
        script_per_30_days: int | None,
        grouped: bool,
    ) -> None:
        self.plan, self.crowd, self.packs, self.odds, self.line = plan, crowd, packs, odds, line
        self.begins, self.step_s, self.until = begins, step_s, begins + timedelta(days=days)
        self.per_30_days, self.grouped = script_per_30_days, grouped
        first = crowd.kinds[0] if crowd.kinds else None  # all of one task
        self.task = first.task_id if first is not None else None
        self.company = first.company.id if first is not None and first.company is not None else None
        self.random = np.random.default_rng(seed)
        count = len(crowd)
        self.history = np.zeros(count, np.int64)
        self.attempts = np.zeros(count, np.int64)
        self.state = np.zeros(count, np.int64)
        self.queue: dict[int, list[Ints]] = {}
        self.ready: list[Ints] = [np.arange(count, dtype=np.int64)] if count else []
        self.waiting = 0
        spoken_ms = max((sum(call.talk_ms for call in kind.past or ()) for kind in crowd.kinds), default=0)
        rules = packs if isinstance(packs, Recalling) else None
        self.histories = Histories(rules, spoken_ms, self._at, self.task, self.company)
        self.answers: list[tuple[bool, str, datetime | None]] = []
        self.asked: dict[int, int] = {}  # in this step: number of the answer by kind and history
        self.allowed: dict[
            tuple[int, int], int
        ] = {}  # in this step: the same by kind but for consents, of those who may be called
        found: dict[Any, int] = {}
        self.but_consents = [
            found.setdefault(_but_consents(kind), len(found)) if rules is not None else -1 for kind in crowd.kinds
        ]
        self.nexts: dict[tuple[Disposition, int, int], Next] = {}
        self.costs = [cost(plan, seconds * 1000) for seconds in range(0, MOST_TALK_S + 1, TALK_STEP_S)]
        self.mean_hold_s = sum(
            share * (_ringing(name, odds, plan) + (odds.talk_s if name in CONNECTED else 0) + odds.wrap_s)
            for name, share in zip(odds.dispositions, odds.shares, strict=True)
        )
        self.cumulative = np.cumsum(np.array(odds.shares))
        self.tats: list[datetime | None] = [None, None]
        self.credit = 0.0
        self.recent: list[str] = []
        self.desk = Desk(odds.agents, odds.handling_s, plan.transfer)
        self.result = Run()

    # ------------------------------------------------------------ the clock

    def run(self) -> Run:
        now = self.begins
        while now < self.until and not self.result.stopped and (self.ready or self.queue):
            found = opening(self.plan, now)
            if found is None:
                break
            now = self._tick_at(max(now, found.opens_at))
            while now < min(found.closes_at, self.until) and not self.result.stopped:
                if not self._step(now):
                    break
                now += timedelta(seconds=self.step_s)
            else:
                now = max(now, found.closes_at)
                continue
            if not self.queue:
                break
            now = max(now + timedelta(seconds=self.step_s), self._at(min(self.queue)))
        return self._closed()

    def _tick_at(self, moment: datetime) -> datetime:
        """The first step at or after a moment."""
        return self._at(self._tick(moment))

    def _tick(self, moment: datetime) -> int:
        return max(0, math.ceil((moment - self.begins).total_seconds() / self.step_s - 1e-9))

    def _at(self, tick: int) -> datetime:
        return self.begins + timedelta(seconds=tick * self.step_s)

    def _step(self, now: datetime) -> bool:
        """One step; False = nothing can happen until the next lead is due."""
        tick = self._tick(now)
        for due in sorted(due for due in self.queue if due <= tick):
            self.ready.append(np.sort(np.concatenate(self.queue.pop(due))))  # whatever the groups they were decided in
        self._refill(now)
        if not self.ready:
            return False
        self.result.open_s += self.step_s
        self.answers, self.asked, self.allowed = [], {}, {}
        while not self.result.stopped and len(claims := self._claim(now)):
            self._dial(now, tick, claims)
            self.result.stopped = self.result.stopped or judge(self.plan, self.recent) or ""
        return True

    def _refill(self, now: datetime) -> None:
        """Seconds of work that robots (and the line) have in this step; what was not used is gone, what was overdrawn is owed."""
        limit = min(self.plan.robots.max, self.line.calls)
        if self.plan.transfer.mode != "robots":
            answered = sum(n for name, n in self.result.outcomes.items() if name in CONNECTED)
            counted = self.result.queued if self.plan.transfer.denominator == "queued" else answered
            asked = self.result.outcomes["transferred"]
            asks = asked / self.result.dials if self.result.dials else 0.0
            free, waiting, freed = self.desk.look(now)
            pool = Pool(free, waiting, asks, freed)
            limit = may_be_under_way(self.plan.transfer, pool, Abandonment(self.result.abandoned, counted), limit)
        self.limit = limit
        self.credit = min(self.credit, 0.0) + limit * self.step_s

    # ------------------------------------------------------------ who is next

    def _claim(self, now: datetime) -> Ints:
        """The leads that come to the gate together: as many as calls per second allow, if all of them are called."""
        if self.credit <= 0 or not self.ready:
            return np.zeros(0, np.int64)
        want = min(sum(map(len, self.ready)), max(64, math.ceil(self.credit / self.mean_hold_s)))
        end = now + timedelta(seconds=self.step_s)
        for at, (rate, burst) in enumerate(
            ((self.plan.calls_per_second, self.plan.burst), (self.line.calls_per_second, self.line.burst))
        ):
            whole = max(burst, math.floor(rate * self.step_s))
            tokens = gcra(self.tats[at], end, rate, whole, want)
            want = tokens.granted
        return self._take(want)

    def _take(self, want: int) -> Ints:
        taken: list[Ints] = []
        while want > 0 and self.ready:
            first = self.ready[0]
            taken.append(first[:want])
            if len(first) > want:
                self.ready[0] = first[want:]
            else:
                self.ready.pop(0)
            want -= len(taken[-1])
        return np.concatenate(taken) if taken else np.zeros(0, np.int64)

    def _charge(self, now: datetime, used: int) -> None:
        end = now + timedelta(seconds=self.step_s)
        for at, (rate, burst) in enumerate(
            ((self.plan.calls_per_second, self.plan.burst), (self.line.calls_per_second, self.line.burst))
        ):
            whole = max(burst, math.floor(rate * self.step_s))
            self.tats[at] = gcra(self.tats[at], end, rate, whole, used).tat

    # ------------------------------------------------------------ the gate

    def _dial(self, now: datetime, tick: int, claims: Ints) -> None:
        """Decide about the leads that were claimed, in groups, and dial those that may be called as long as robots have time."""
        draws = self.random.random((3, len(claims)))
        allowed, answers = self._decide(now, claims)
        which = np.searchsorted(self.cumulative, draws[0] * self.cumulative[-1], side="right")
        which = np.minimum(which, len(self.odds.dispositions) - 1)
        talk = self._talk(which, draws[1])
        hold = self._hold(which, draws[2]) + talk
        spend = np.where(allowed, hold, 0.0)
        fits = np.concatenate(([0.0], np.cumsum(spend)[:-1])) < self.credit
        count = self._affordable(allowed, talk, int(np.count_nonzero(fits)))
        self.ready[:0] = [claims[count:]] if count < len(claims) else []
        self._charge(now, int(np.count_nonzero(allowed[:count])))  # a refusal is no call of the line
        claims, allowed, which, talk, hold = claims[:count], allowed[:count], which[:count], talk[:count], hold[:count]
        self._refuse(now, claims, answers[:count], ~allowed)
        called = np.flatnonzero(allowed)
        if not len(called):
            return
        self.credit -= float(hold[called].sum())
        self._count(now, tick, which[called], talk[called], hold[called])
        self._follow(tick, claims[called], which[called], talk[called], hold[called])

    def _decide(self, now: datetime, claims: Ints) -> tuple[NDArray[np.bool_], Ints]:
        """(allowed, number of the answer in self.answers) of each claim."""
        if not self.grouped:
            self.answers = [self._judge(now, int(self.crowd.of[lead]), int(self.history[lead])) for lead in claims]
            allowed = np.array([answer[0] for answer in self.answers], bool)
            return allowed, np.arange(len(claims), dtype=np.int64)
        keys = self.crowd.of[claims] << _KIND | self.histories.alike(self.history[claims])
        groups, inverse = np.unique(keys, return_inverse=True)
        which = np.array([self._answer(now, key) for key in groups.tolist()], np.int64)[inverse]
        return np.array([answer[0] for answer in self.answers], bool)[which], which

    def _answer(self, now: datetime, key: int) -> int:
        """Number of the answer about a group, which is asked for once in a step."""
        number = self.asked.get(key)
        if number is None:
            number = self.asked[key] = self._shared(now, key >> _KIND, key & (1 << _KIND) - 1)
        return number

    def _shared(self, now: datetime, kind: int, history: int) -> int:
        """That of somebody who differs in nothing but consents, when they may be called, and this one may be but for the history."""
        of = self.but_consents[kind], history
        shared = self.allowed.get(of) if history and of[0] >= 0 else None
        if shared is not None and self.answers[self._answer(now, kind << _KIND)][0]:
            return shared
        self.answers.append(self._judge(now, kind, history))
        if self.answers[-1][0]:
            self.allowed[of] = len(self.answers) - 1
        return len(self.answers) - 1

    def _judge(self, now: datetime, kind: int, history: int) -> tuple[bool, str, datetime | None]:
        """The law itself, as the gate asks it."""
        self.result.decisions += 1
        facts, past = self.crowd.kinds[kind], self.histories.calls(history)
        if past:
            said_no = tuple(call for call in past if call.disposition in REFUSALS)
            facts = replace(facts, past=(facts.past or ()) + past, refusals=(facts.refusals or ()) + said_no)
        decision = judged(decide, self.packs, facts, _NOBODY, self.plan.caps, self.per_30_days, now)
        rule = decision.refusals[0].rule if decision.refusals else ""
        return decision.allow, rule, decision.next_allowed_at

    def _refuse(self, now: datetime, claims: Ints, answers: Ints, which: NDArray[np.bool_]) -> None:
        for answer in np.unique(answers[which]):
            leads = claims[which & (answers == answer)]
            _, rule, next_at = self.answers[int(answer)]
            self.result.blocked[rule] += len(leads)
            following = refused(self.plan, next_at, rule, now)
            if following.state == "excluded":
                self.result.excluded[rule] += len(leads)
            self._put(leads, following, self._tick(now) + 1)

    # ------------------------------------------------------------ the call

    def _talk(self, which: Ints, draw: NDArray[np.float64]) -> Ints:
        """Seconds of talk: exponential around the mean, in steps; none where nobody answered."""
        steps = np.floor(-np.log1p(-draw) * self.odds.talk_s / TALK_STEP_S + 0.5).astype(np.int64)
        answered = np.array([name in CONNECTED for name in self.odds.dispositions])[which]
        return np.where(answered, np.minimum(steps * TALK_STEP_S, MOST_TALK_S), 0)

    def _hold(self, which: Ints, draw: NDArray[np.float64]) -> NDArray[np.float64]:
        """Seconds a robot is busy besides talk: ringing and the time until its next call."""
        means = [_ringing(name, self.odds, self.plan) for name in self.odds.dispositions]
        fixed = np.array([name not in CONNECTED for name in self.odds.dispositions])[which]
        ring = np.where(fixed, 1.0, 0.5 + draw) * np.array(means)[which]
        return np.asarray(np.minimum(ring, self.plan.ring_s) + self.odds.wrap_s, np.float64)

    def _affordable(self, allowed: NDArray[np.bool_], talk: Ints, count: int) -> int:
        """How many of the first `count` claims the budget pays for."""
        budget = self.plan.budget
        if budget is None or count == 0:
            return count
        prices = np.where(allowed[:count], np.array(self.costs)[talk[:count] // TALK_STEP_S], 0)
        least = cost(self.plan, 1)
        before = self.result.spent + np.concatenate(([0], np.cumsum(prices)[:-1]))
        paid = before + least <= round(budget.total * 1000)
        if bool(paid.all()):
            return count
        self.result.stopped = "the budget is spent"
        return int(np.argmin(paid))

    def _count(self, now: datetime, tick: int, which: Ints, talk: Ints, hold: NDArray[np.float64]) -> None:
        run = self.result
        run.first_at = run.first_at or now
        run.last_at = now
        run.dials += len(which)
        run.hours[int((now - self.begins).total_seconds() // 3600)] += len(which)
        run.talk_s += int(talk.sum())
        run.robot_s += float(hold.sum())
        run.spent += int(np.array(self.costs)[talk // TALK_STEP_S].sum())
        for at, n in enumerate(np.bincount(which, minlength=len(self.odds.dispositions))):
            if n:
                run.outcomes[self.odds.dispositions[at]] += int(n)
        used = math.ceil(max(0.0, float(hold.sum())) / self.step_s)
        run.robots = max(run.robots, min(self.limit, max(1, used)))
        keep = self.plan.breaker.attempts
        self.recent = [*self.recent, *(self.odds.dispositions[at] for at in which[-keep:])][-keep:]
        asked = np.flatnonzero(np.array([name == "transferred" for name in self.odds.dispositions])[which])
        if len(asked) and self.plan.transfer.mode != "robots":
            starts = np.sort(self.random.random(len(asked)) * self.step_s + hold[asked])
            queued, abandoned = self.desk.take(now, starts, self.random)
            run.queued += queued
            run.abandoned += abandoned

    def _follow(self, tick: int, leads: Ints, which: Ints, talk: Ints, hold: NDArray[np.float64]) -> None:
        """What becomes of the leads: `retry.after`, once for each outcome, number of attempts and end."""
        self.attempts[leads] += 1
        ends = tick + np.ceil(hold / self.step_s).astype(np.int64)
        tries = self.attempts[leads]
        again = np.array([FACTS[name].retry not in ("never", "done") for name in self.odds.dispositions])
        keys = (ends * 64 + tries) * 64 + which
        for key in np.unique(keys):
            mine = keys == key
            disposition, tried, end = int(key) % 64, int(key) // 64 % 64, int(key) // 4096
            following = self._next(self.odds.dispositions[disposition], tried, end)
            group = leads[mine]
            if following.state == "ready" or again[disposition]:
                self._remember(group, tick, self.odds.dispositions[disposition], talk[mine])
            self._put(group, following, end + 1)

    def _next(self, disposition: Disposition, tried: int, end: int) -> Next:
        ended_at = self._at(end)
        agreed = ended_at + timedelta(hours=self.odds.callback_h) if disposition == "callback" else None
        return after(self.plan, tried, Outcome(disposition, ended_at, frozenset(), agreed), ended_at)

    def _remember(self, leads: Ints, tick: int, disposition: Disposition, talk: Ints) -> None:
        """Give the leads the history that they have now; the same ones share one."""
        of_talk = MOST_TALK_S // TALK_STEP_S + 1
        pairs, inverse = np.unique(self.history[leads] * of_talk + talk // TALK_STEP_S, return_inverse=True)
        numbers = [
            self.histories.after(pair // of_talk, tick, disposition, pair % of_talk * TALK_STEP_S)
            for pair in pairs.tolist()
        ]
        self.history[leads] = np.array(numbers, np.int64)[inverse]

    def _put(self, leads: Ints, following: Next, earliest: int) -> None:
        self.state[leads] = _STATES[following.state]
        if following.state == "ready" and following.due_at is not None:
            self.queue.setdefault(max(earliest, self._tick(following.due_at)), []).append(leads)

    def _closed(self) -> Run:
        names = {number: name for name, number in _STATES.items()}
        for number, n in enumerate(np.bincount(self.state, minlength=4)):
            if n:
                self.result.leads[names[number]] = int(n)
        if not self.result.stopped and spent_up(self.plan, self.result.spent):
            self.result.stopped = "the budget is spent"
        return self.result


def hold_s(name: Disposition, odds: Odds, ring_s: float, draw: float) -> float:
    """Seconds until one call is answered or over; draw: 0 to 1."""
    if name in CONNECTED:
        return min((0.5 + draw) * odds.ring_s, ring_s)
    return min(_HARDLY_S.get(name, ring_s), ring_s)


def talk_s(odds: Odds, draw: float) -> int:
    """Seconds of talk of one answered call; draw: 0 to 1."""
    return min(math.floor(-math.log1p(-draw) * odds.talk_s / TALK_STEP_S + 0.5) * TALK_STEP_S, MOST_TALK_S)


def _ringing(name: Disposition, odds: Odds, plan: Plan) -> float:
    """Mean seconds until the answer, or until it is over."""
    return odds.ring_s if name in CONNECTED else _HARDLY_S.get(name, float(plan.ring_s))


_but_consents = attrgetter(
    *(each.name for each in fields(DialFacts) if each.name not in {"callee", "consents", "missing_vars"})
)
_NOBODY = Known(0, "", b"", "", "", None, "")


def mixed(kinds: Sequence[DialFacts], weights: Sequence[float], count: int, seed: int = 1) -> Crowd:
    """A crowd drawn from kinds of people, for benches and tests."""
    shares = np.array(weights, float) / sum(weights)
    of = np.random.default_rng(seed).choice(len(kinds), size=count, p=shares)
    return Crowd(tuple(kinds), of.astype(np.int64))
