"""How long a simulation of many leads takes on one core, and that groups come to what single leads come to."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from callwright.bench.report import Figure, Report, machine
from callwright.bench.simulate_real import compare, from_database
from callwright.campaigns.assumptions import Assumptions
from callwright.campaigns.model import Plan
from callwright.campaigns.simulation import Line, mixed, simulate
from callwright.compliance.facts import CompanyFacts, ConsentFacts, DialFacts, Freeze, PastCall, ScriptFacts
from callwright.compliance.pack_file import load_packs

__all__ = ["run"]

NOW = datetime(2026, 11, 26, 2, 0, tzinfo=UTC)  # 10:00 in Shanghai
OWN = "+861085550000"
WEIGHTS = (80, 3, 2, 5, 5, 1)
LONGEST_S = 60.0
COMPARED = 3_000
SPEED, OFF = 12.0, 10.0


def people() -> tuple[DialFacts, ...]:
    """Six kinds: who agreed, who did not, who is frozen for a while, who was called today, of two zones, of no known zone."""
    scope = frozenset({"marketing", "synthetic_voice", "recording"})
    agreed = ConsentFacts("consent", scope, NOW - timedelta(days=9), None, None, 1, "v1", "e" * 64, 1)
    says = frozenset({"ai", "company", "purpose", "recording", "opt_out"})
    first = DialFacts(
        callee="", caller=OWN, owned_callers=frozenset({OWN}), purpose="marketing", country="CN", zones=("Asia/Shanghai",),
        line_type="mobile", task_id=1, company=CompanyFacts(1, "CN", True, NOW + timedelta(days=365)),
        script=ScriptFacts("d", True, says, "synthetic", True, True, True), consents=(agreed,), past=(), refusals=(), freezes=(),
        suspects=0, pacing="robot", ring_s=30.0, caller_verified=True, caller_answers=True,
    )  # fmt: skip
    return (
        first,
        replace(first, consents=()),
        replace(first, freezes=(Freeze("tenant", "opt_out", NOW, NOW + timedelta(hours=30)),)),
        replace(first, past=(PastCall(NOW - timedelta(hours=2), True, "no_answer", 0, 7, 1),)),
        replace(first, zones=("Asia/Shanghai", "Asia/Urumqi")),
        replace(first, zones=None),
    )


def run(
    leads: int = 1_000_000, real: int = 0, speed: float = SPEED, say: Callable[[str], None] = lambda _: None
) -> Report:
    """Simulate `leads` people, then fewer of them in both ways; then the same from rows of a database, and `real` people both forecast and
    called, `speed` times as fast as people are (0 = neither)."""
    calling = {"zone": "Asia/Shanghai", "windows": [{"from": "08:00", "to": "21:00"}]}
    plan = Plan.model_validate(
        {"scripts": [{"script": "s"}], "calling": calling, "robots": {"max": 1000}, "calls_per_second": 100.0}
    )
    packs, odds, line = load_packs(), Assumptions().odds("likely"), Line(1000, 100.0, 10)
    crowd = mixed(people(), WEIGHTS, leads)
    say(f"{leads} leads")
    begun = time.process_time()
    whole = simulate(plan, crowd, packs, odds, NOW, line=line)
    took = time.process_time() - begun
    say(f"{COMPARED} leads in groups and one by one")
    few = mixed(people(), WEIGHTS, COMPARED)
    both = [simulate(plan, few, packs, odds, NOW, line=line, grouped=grouped) for grouped in (True, False)]
    asked = [each.decisions for each in both]
    same = replace(both[0], decisions=0) == replace(both[1], decisions=0)
    figures = [
        Figure(f"simulation of {leads} leads", round(took, 2), "s", LONGEST_S, "most"),
        Figure("dials", whole.dials, ""),
        Figure("decisions", whole.decisions, ""),
        Figure("dials an hour", round(whole.dials_per_hour), ""),
        Figure("groups and single leads alike", float(same), "", 1.0, "least"),
        Figure("decisions, in groups", asked[0], ""),
        Figure("decisions, one by one", asked[1], ""),
    ]
    if real:
        figures += _from_rows(leads, say) + _against_reality(real, speed, say)
    return Report("simulate", machine(), figures)


def _from_rows(leads: int, say: Callable[[str], None]) -> list[Figure]:
    say(f"{leads} leads of a database")
    read, forecast_s, kinds = from_database(leads)
    return [
        Figure(f"{leads} leads read from SQLite", round(read, 2), "s"),
        Figure("their forecast, three cases", round(forecast_s, 2), "s"),
        Figure("both together, processor time", round(read + forecast_s, 2), "s", LONGEST_S, "most"),
        Figure("kinds of people among them", kinds, ""),
    ]


def _against_reality(leads: int, speed: float, say: Callable[[str], None]) -> list[Figure]:
    say(f"{leads} leads, forecast and called {speed:g} times as fast as people are")
    both = compare(leads, speed)
    return [
        Figure("dials an hour, forecast", round(both.forecast), ""),
        Figure("dials an hour, real run", round(both.real), ""),
        Figure("forecast off by", round(both.off * 100, 1), "%", OFF, "most"),
        Figure("dials of the real run", both.dials, ""),
        Figure("real run, wall time", round(both.took_s, 1), "s"),
    ]
