"""Deciding in groups comes to exactly what deciding one by one comes to; and no run breaks the plan."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from callwright.campaigns.assumptions import Assumptions
from callwright.campaigns.histories import REFUSALS
from callwright.campaigns.model import Plan
from callwright.campaigns.simulation import Crowd, Line, mixed, simulate
from callwright.compliance.decision import decide
from callwright.compliance.facts import (
    DISPOSITIONS,
    CompanyFacts,
    ConsentFacts,
    DialFacts,
    Freeze,
    PastCall,
    ScriptFacts,
)
from callwright.compliance.pack_file import load_packs
from callwright.compliance.rules.check import Recalls, Timely

PACKS = load_packs()
NOW = datetime(2026, 11, 26, 2, 0, tzinfo=UTC)
SHOWN = "+861085550000"


AGREED = ConsentFacts(
    "consent",
    frozenset({"marketing", "synthetic_voice", "recording"}),
    NOW - timedelta(days=9),
    None,
    None,
    1,
    "v",
    "e",
    1,
)


def person(**more: Any) -> DialFacts:
    says = frozenset({"ai", "company", "purpose", "recording", "opt_out"})
    given_: dict[str, Any] = {
        "callee": "", "caller": SHOWN, "owned_callers": frozenset({SHOWN}), "purpose": "marketing", "country": "CN",
        "zones": ("Asia/Shanghai",), "line_type": "mobile", "task_id": 1, "company": CompanyFacts(1, "CN", True, NOW + timedelta(days=99)),
        "script": ScriptFacts("d", True, says, "synthetic", True, True, True), "consents": (AGREED,), "past": (), "refusals": (),
        "freezes": (), "suspects": 0, "pacing": "robot", "ring_s": 30.0, "caller_verified": True, "caller_answers": True,
    }  # fmt: skip
    return DialFacts(**(given_ | more))


KINDS = (
    person(),
    person(consents=()),
    person(freezes=(Freeze("tenant", "opt_out", NOW, NOW + timedelta(hours=30)),)),
    person(past=(PastCall(NOW - timedelta(hours=2), True, "no_answer", 0, 7, 1),)),
    person(zones=("Asia/Shanghai", "Asia/Urumqi")),
    person(zones=None),
    *(person(consents=(replace(AGREED, given_at=NOW - timedelta(days=days)),)) for days in (0, 1, 400)),
    person(consents=(replace(AGREED, valid_until=NOW + timedelta(hours=3)),)),
    person(consents=(AGREED, replace(AGREED, basis="contract"))),
    person(missing_vars=("name",)),
)


def plan(**more: Any) -> Plan:
    calling = {
        "zone": "Asia/Shanghai",
        "windows": [{"from": "08:00", "to": "21:00"}],
        "breaks": [{"from": "12:00", "to": "13:00"}],
    }
    return Plan.model_validate({"scripts": [{"script": "s"}], "calling": calling, "robots": {"max": 5}, **more})


@given(
    st.lists(st.integers(0, len(KINDS) - 1), max_size=120),
    st.integers(1, 1000),
    st.sampled_from([{}, {"retry": {"attempts": 4, "gap_min": 30}}, {"budget": {"currency": "CNY", "total": 2, "per_attempt": 0.05}},
                     {"caps": {"per_day": 1}}, {"not_after": NOW + timedelta(hours=20)}]),
    st.sampled_from([
        Assumptions(),
        # who is called again was talked to, some of them for as long as a month's budget
        Assumptions(answered=0.9, talk_s=300, of_answered={"voicemail": 4, "no_interaction": 1, "callback": 3}, callback_h=3),
    ]),
    st.sampled_from(["low", "likely", "high"]),
    st.sampled_from([60, 300]),
)  # fmt: skip
@settings(max_examples=25, deadline=None)
def test_groups_and_single_leads_are_decided_alike(
    of: list[int], seed: int, more: dict[str, Any], supposed: Assumptions, case: Any, step_s: int
) -> None:
    crowd = Crowd(KINDS, np.array(of, np.int64))
    odds = supposed.odds(case)
    both = [
        simulate(plan(**more), crowd, PACKS, odds, NOW, seed=seed, step_s=step_s, days=10, grouped=grouped)
        for grouped in (True, False)
    ]
    decisions = [run.decisions for run in both]
    both[0].decisions = both[1].decisions = 0
    assert both[0] == both[1]
    assert decisions[0] <= decisions[1]
    assert sum(both[0].leads.values()) == len(of)
    assert both[0].dials <= len(of) * plan(**more).retry.attempts


def test_who_may_not_be_called_is_not_called() -> None:
    never = [KINDS[1], KINDS[-1]]  # without consent; without what the script has to say
    run = simulate(plan(), mixed(never, [1, 1], 50), PACKS, Assumptions().odds("likely"), NOW)
    assert run.dials == 0
    assert run.leads == {"excluded": 50}
    assert sum(run.blocked.values()) == 50


def test_a_freeze_that_ends_is_waited_for() -> None:
    run = simulate(plan(), mixed([KINDS[2]], [1], 20), PACKS, Assumptions().odds("likely"), NOW)
    assert run.first_at is not None
    assert run.first_at >= NOW + timedelta(hours=30)


def test_robots_and_calls_per_second_bound_the_dials() -> None:
    odds = Assumptions().odds("likely")
    free = simulate(plan(retry={"attempts": 1}, calls_per_second=50.0), mixed([KINDS[0]], [1], 3000), PACKS, odds, NOW)
    expected = 5 * 3600 / (free.robot_s / free.dials)
    assert abs(free.dials_per_hour / expected - 1) < 0.05
    slow = simulate(plan(retry={"attempts": 1}, calls_per_second=0.05), mixed([KINDS[0]], [1], 300), PACKS, odds, NOW)
    assert 160 <= slow.dials_per_hour <= 200
    line = simulate(plan(retry={"attempts": 1}), mixed([KINDS[0]], [1], 300), PACKS, odds, NOW, line=Line(calls=1))
    assert line.robots_needed <= 1.05


def test_who_is_refused_uses_up_no_calls_per_second() -> None:
    refused = KINDS.index(person(consents=()))
    among = np.array([0 if n % 10 == 9 else refused for n in range(2000)], np.int64)
    slow = plan(robots={"max": 500}, calls_per_second=0.1, burst=1, retry={"attempts": 1})
    run = simulate(slow, Crowd(KINDS, among), PACKS, Assumptions(answered=0.5).odds("likely"), NOW, step_s=60, days=1)
    alone = simulate(
        slow, Crowd(KINDS, among[among == 0]), PACKS, Assumptions(answered=0.5).odds("likely"), NOW, step_s=60, days=1
    )
    assert run.dials == alone.dials == 200
    assert run.open_s == alone.open_s


def test_a_failing_line_stops_the_task_and_the_budget_ends_it() -> None:
    broken = Assumptions(of_unanswered={"network_fault": 1}, answered=0.01).odds("likely")
    run = simulate(plan(), mixed([KINDS[0]], [1], 500), PACKS, broken, NOW)
    assert run.stopped.startswith("breaker")
    poor = plan(budget={"currency": "CNY", "total": 3, "per_attempt": 0.1})
    run = simulate(poor, mixed([KINDS[0]], [1], 500), PACKS, Assumptions().odds("likely"), NOW)
    assert (run.dials, run.spent, run.stopped) == (30, 3000, "the budget is spent")


def test_progressive_pacing_abandons_fewer_than_none_at_all() -> None:
    eager = Assumptions(answered=0.6, of_answered={"transferred": 1, "completed": 1}, agents=4, handling_s=60)
    crowd = mixed([KINDS[0]], [1], 800)
    runs = {}
    for mode in ("progressive", "predictive"):
        paced = plan(
            robots={"max": 40}, calls_per_second=20.0, transfer={"mode": mode, "abandonment": 0.03, "min_calls": 20}
        )
        runs[mode] = simulate(paced, crowd, PACKS, eager.odds("likely"), NOW, step_s=10)
    assert all(run.queued > 100 for run in runs.values())
    assert runs["progressive"].abandonment < 0.1
    assert runs["predictive"].dials_per_hour >= runs["progressive"].dials_per_hour * 0.9


TALK = st.sampled_from([0, 5_000, 15_000, 15_001, 100_000, 449_999, 450_000, 600_000])
CALLS = st.builds(
    PastCall,
    st.sampled_from([NOW - timedelta(hours=hours) for hours in (1, 3, 26, 200, 700)]),
    st.booleans(),
    st.sampled_from(sorted(DISPOSITIONS)),
    TALK,
    st.just(1),
    st.just(1),
)


@given(st.lists(CALLS, max_size=4), st.data(), st.sampled_from(KINDS), st.integers(0, 40))
@settings(max_examples=60, deadline=None)
def test_what_is_alike_to_the_rules_is_decided_alike(
    past: list[PastCall], data: st.DataObject, kind: DialFacts, hours: int
) -> None:
    """Each call is exchanged for one that differs, but not to the rules."""
    other = []
    for call in past:
        changed = replace(call, disposition=data.draw(st.sampled_from(sorted(DISPOSITIONS))), talk_ms=data.draw(TALK))
        same = PACKS.recalls(changed) == PACKS.recalls(call) and (changed.disposition in REFUSALS) == (
            call.disposition in REFUSALS
        )
        other.append(changed if same else call)
    assert PACKS.talk_ms == 900_000
    if max(sum(call.talk_ms for call in calls) for calls in (past, other)) >= PACKS.talk_ms:
        return
    decisions = []
    for calls in (past, other):
        refusals = tuple(call for call in calls if call.disposition in REFUSALS)
        decisions.append(
            decide(replace(kind, past=tuple(calls), refusals=refusals), NOW + timedelta(hours=hours), PACKS)
        )
    one, two = decisions
    assert one.allow == two.allow
    assert one.next_allowed_at == two.next_allowed_at
    assert [reason.rule for reason in one.refusals] == [reason.rule for reason in two.refusals]


class _Without:
    """Facts that lack some."""

    def __init__(self, facts: DialFacts, lacks: frozenset[str]) -> None:
        self._facts, self._lacks = facts, lacks

    def __getattr__(self, name: str) -> Any:
        assert name not in self._lacks, f"it looks at {name}"
        return getattr(self._facts, name)


PAST = frozenset({"past", "refusals"})
CONSENTS = frozenset({"consents", "grounds", "basis", "consent_scope", "consent_at", "missing_vars"})


def test_a_check_looks_at_earlier_calls_and_says_so_or_at_consents() -> None:
    checks = [rule.check for pack in PACKS.packs for rule in pack.rules]
    assert sum(isinstance(check, Recalls) for check in checks) > 5
    for check in checks:
        for kind in KINDS:
            facts: Any = _Without(kind, CONSENTS if isinstance(check, Recalls) else PAST)
            check.look(facts, NOW)
            if isinstance(check, Timely):
                check.next_at(facts, NOW)
