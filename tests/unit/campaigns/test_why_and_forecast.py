"""Why it is not dialling, and what it would come to, on both databases."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, update
from tests.unit.campaigns.test_service import NOW, begun, file

from callwright.campaigns import why
from callwright.campaigns.assumptions import Assumptions, assumptions_from
from callwright.campaigns.crowd import subject
from callwright.campaigns.dispatch import Ended, Plans, Terms, claim, dial, finish
from callwright.campaigns.forecast import forecast, replay
from callwright.campaigns.intents import Dial
from callwright.campaigns.progress import progress, results
from callwright.campaigns.tables import lead, line, script_version, task_lead, worker
from callwright.campaigns.why import Cause, TaskFacts, causes
from callwright.campaigns.wordings import WORDINGS
from callwright.compliance.decision import Verdict
from callwright.compliance.facts import DialFacts
from callwright.compliance.reasons import Reason
from callwright.compliance.tables import freeze
from callwright.errors import TaskError
from callwright.script.builtin import template_path
from callwright.store.crypto import Keyring
from callwright.store.database import Database
from callwright.store.metadata import TENANT
from callwright.store.scope import Scope
from callwright.testing.tenants import Seeded, seed

pytestmark = pytest.mark.anyio
HOUR = timedelta(hours=1)
MOMENT = datetime(2026, 11, 26, 13, 0, tzinfo=UTC)  # 21:00 in Shanghai

FACTS = TaskFacts(
    "running", "", 0, 2, 0, None, NOW + HOUR, True, "a", 0, 5, None, "", 1, 1, 0, NOW, {("ready", ""): 4}, 4, NOW
)  # fmt: skip


def codes(facts: TaskFacts, now: datetime = NOW) -> list[str]:
    return [cause.code for cause in causes(facts, file().plan, now)]


def test_the_first_cause_is_what_stops_it() -> None:
    assert codes(FACTS) == []
    assert codes(replace(FACTS, active=2)) == ["robots_busy"]
    assert codes(replace(FACTS, workers=0, line_active=5)) == ["no_worker", "line_full"]
    resting = causes(replace(FACTS, workers=2, workers_resting=1), file().plan, NOW)
    assert [(cause.code, cause.stops) for cause in resting] == [("workers_rest", False)]
    resting = causes(replace(FACTS, workers=2, workers_resting=2), file().plan, NOW)
    assert [(cause.code, cause.stops) for cause in resting] == [("workers_rest", True)]
    assert resting[0].text("zh") == "2 个工作进程中有 2 个暂停接新呼叫：所在机器的媒体处理跟不上"
    assert codes(replace(FACTS, state="in_review", vetted_until=None, scripts_usable=False)) == [
        "state_in_review", "not_vetted", "script_not_reviewed",
    ]  # fmt: skip
    assert codes(replace(FACTS, line_blocked_until=NOW + HOUR), MOMENT)[0] == "vetting_over"
    assert codes(replace(FACTS, vetted_until=MOMENT + HOUR), MOMENT) == ["closed_outside_window"]
    assert codes(replace(FACTS, line_blocked_until=NOW + HOUR)) == ["line_blocked"]
    assert codes(replace(FACTS, counts={})) == ["queue_empty"]
    assert codes(replace(FACTS, counts={("finished", ""): 3, ("excluded", "frozen"): 2}, due=0)) == [
        "nothing_left",
        "some_excluded",
    ]
    assert codes(replace(FACTS, counts={("ready", "retry"): 4}, due=0, next_due=NOW + HOUR)) == [
        "nothing_due",
        "some_waiting",
    ]


@pytest.mark.parametrize("code", sorted(WORDINGS))
@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_sentence_can_be_said_even_when_nothing_is_known(code: str, language: str) -> None:
    names = (
        "at",
        "why",
        "active",
        "line",
        "max",
        "pool",
        "n",
        "due",
        "reason",
        "seen",
        "owner",
        "lead",
        "rules",
        "until",
        "last",
        "total",
        "registry",
        "days",
        "all",
    )
    numbers = dict.fromkeys((*names, "currency"), None) | {"spent": 1.5, "total": 2.5}
    assert "{" not in Cause(code, True, numbers).text(language)


async def test_why_of_a_task_and_of_a_lead(database: Database, keyring: Keyring) -> None:
    who = await seed(database, keyring, NOW, leads=3)
    async with database.scope(who.tenant) as scope:
        frozen = {"number": b"", "scope": "tenant", "reason": "opt_out", "frozen_at": NOW, "by": "x"}
        await scope.run(insert(freeze), number_index=who.keys.index(who.numbers[0]), until=None, **frozen)
        number = await begun(scope, who)
        found = await why.of_task(scope, number, NOW)
        assert [(cause.code, cause.stops) for cause in found] == [("no_worker", True), ("some_excluded", False)]
        assert found[1].text("zh") == "1 个被排除：frozen"
        await scope.run(insert(worker), name="by name", seen_at=NOW, robots=0, started_at=NOW)  # `call now` alone
        assert (await why.of_task(scope, number, NOW))[0].code == "no_worker"
        await scope.run(insert(worker), name="tired", seen_at=NOW, robots=0, resting=True, started_at=NOW)
        cause = (await why.of_task(scope, number, NOW))[0]
        assert (cause.code, cause.stops) == ("workers_rest", True)
        await scope.run(insert(worker), name="w", seen_at=NOW, robots=2, started_at=NOW)
        await scope.run(update(line).where(line.c.tenant_id == TENANT).values(active=10))
        told = {cause.code: cause.stops for cause in await why.of_task(scope, number, NOW)}
        assert told["workers_rest"] is False  # one of two
        assert (await why.of_task(scope, number, NOW))[0].text() == "all 10 calls of the line a are in use"
        out = await why.of_lead(scope, number, who.leads[0], NOW)
        assert out[0].text() == "it is left out: frozen"
        await scope.run(
            update(task_lead).where(task_lead.c.tenant_id == TENANT).values(due_at=NOW + HOUR, reason="retry")
        )
        waits = await why.of_lead(scope, number, who.leads[1], NOW)
        assert waits[0].text() == "it waits until 2026-11-26 13:00 CST (retry)"
        assert (await why.of_lead(scope, number, 10**6, NOW))[0].code == "lead_not_in_task"


class Says:
    """Rules that say one thing, for dials of seeded people."""

    def __init__(self, ok: bool) -> None:
        self.reason = Reason("other-pack", ok, "said so", outcome="ok" if ok else "blocked")

    def judge(self, facts: DialFacts, now: datetime) -> Verdict:
        return Verdict((self.reason,))

    def next_at(self, facts: DialFacts, after: datetime) -> datetime | None:
        return after


async def called(scope: Scope, who: Seeded, number: int) -> None:
    """Dial everybody, each with another outcome."""
    terms = Terms(packs=Says(True), plans=Plans())
    outcomes = iter(("completed", "no_answer", "hung_up", "completed"))
    at = NOW
    for _ in range(4):
        at += timedelta(minutes=1)
        taken = await claim(scope, terms, number, "w", 1, at)
        (one,) = await dial(scope, who.keys, terms, taken, at)
        assert isinstance(one, Dial), one
        ended = Ended(one.attempt, "w", one.fence, next(outcomes), at + timedelta(seconds=30), at, 20_000)  # type: ignore[arg-type]
        await finish(scope, who.keys, terms, [ended], [number], at + timedelta(seconds=30))


async def ready(scope: Scope, who: Seeded) -> int:
    """A running task whose script is one, and whose people have all that it says."""
    text = template_path("appointment_en").read_text(encoding="utf-8")
    await scope.run(
        update(script_version).where(script_version.c.tenant_id == TENANT).values(text=text, digest="ab" * 32)
    )
    values = dict.fromkeys(("name", "company", "item", "visit"), "x")
    sealed = who.keys.seal(json.dumps(values), "lead.variables")
    await scope.run(update(lead).where(lead.c.tenant_id == TENANT).values(variables=sealed))
    return await begun(scope, who)


async def test_results_and_a_past_task_under_other_rules(database: Database, keyring: Keyring) -> None:
    who = await seed(database, keyring, NOW, leads=4)
    async with database.scope(who.tenant) as scope:
        number = await ready(scope, who)
        await called(scope, who, number)
        far = await progress(scope, number)
        assert far.leads == {"finished": 2, "ready": 1, "parked": 1}
        assert far.outcomes == {"completed": 2, "no_answer": 1, "hung_up": 1}
        (variant,) = (await results(scope, number)).variants
        assert (variant.attempts, variant.answered, variant.good) == (4, 3, 0)
        same = await replay(scope, who.keys, number, Says(True))
        assert (same.attempts, same.allowed) == (4, 4)
        other = await replay(scope, who.keys, number, Says(False))
        assert (other.allowed, dict(other.refused)) == (0, {"other-pack": 4})
        assert other.lost == far.outcomes
        gone = await replay(scope, who.keys, number, Says(True), {"a": "cd" * 32})
        assert gone.allowed == 0  # a script version that is not there
        found = await why.of_lead(scope, number, who.leads[1], NOW + HOUR)
        assert [cause.code for cause in found][:2] == ["lead_waits", "lead_attempts"]


async def test_a_forecast_reads_the_list_as_a_dial_does(database: Database, keyring: Keyring) -> None:
    who = await seed(database, keyring, NOW, leads=12)
    async with database.scope(who.tenant) as scope:
        frozen = {"number": b"", "scope": "tenant", "reason": "opt_out", "frozen_at": NOW, "by": "x"}
        await scope.run(insert(freeze), number_index=who.keys.index(who.numbers[0]), until=None, **frozen)
        other = update(lead).where(lead.c.tenant_id == TENANT, lead.c.id == who.leads[1])
        number = await ready(scope, who)
        await scope.run(other.values(variables=b""))
        them = await subject(scope, who.keys, number, NOW)
        assert len(them.crowd) == 12
        assert len(them.crowd.kinds) == 3  # everybody; the frozen one; the one without variables
        assert (them.line.calls, them.line.calls_per_second) == (10, 10.0)
        assert all(kind.callee == "" for kind in them.crowd.kinds)
        told = forecast(them, Says(True), Assumptions(), NOW)
        assert {case: run.excluded for case, run in told.runs.items()} == {
            case: {"frozen": 1, "variables": 1} for case in ("low", "likely", "high")
        }
        least, likely, most = told.span("dials")
        assert 10 <= least <= likely <= most <= 30


def test_assumptions_are_ranges() -> None:
    some = assumptions_from({"answered": [0.1, 0.2, 0.4], "talk_s": 30})
    assert (some.answered.low, some.answered.high, some.talk_s.low) == (0.1, 0.4, 30)
    assert sum(some.odds("high").shares) == pytest.approx(1)
    for wrong in ({"answered": [0.4, 0.2, 0.1]}, {"answered": 1.2}, {"of_answered": {"busy": 1}}, {"x": 1}):
        with pytest.raises(TaskError, match="bad-assumptions"):
            assumptions_from(wrong)
