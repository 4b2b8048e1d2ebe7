"""Claim, dial, finish and reap on both databases: what may begin, what is written, and that everything goes back."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, update
from tests.integration.campaigns.dispatch_house import (
    ATTEMPTS,
    LEADS,
    RECORDS,
    SET_LINE,
    House,
    ended,
    frozen,
    suspend,
)

from callwright.accounts.tables import own_number
from callwright.campaigns.accounting_store import WITNESS
from callwright.campaigns.direct import Asked, dial_now
from callwright.campaigns.dispatch import Dial, Refused, Veto, finish
from callwright.campaigns.reconcile import Account, keep
from callwright.campaigns.tables import script_version, task
from callwright.campaigns.terms import LEASE, QUIET
from callwright.compliance.decision import Decision, RuleSet
from callwright.compliance.facts import DialFacts
from callwright.compliance.pack_file import load_packs
from callwright.compliance.tables import consent_use, freeze, freeze_suspect
from callwright.store.metadata import TENANT
from callwright.testing.campaigns import NOON, VARIABLES, Counters, start_task

pytestmark = [pytest.mark.anyio, pytest.mark.integration]

SCRIPT = select(script_version.c.digest).where(
    script_version.c.tenant_id == TENANT, script_version.c.script_id == "appointment"
)


# ------------------------------------------------------------ claim


async def test_only_free_slots_are_claimed(house: House) -> None:
    assert len(await house.claim(3)) == 3
    assert len(await house.claim(3)) == 1  # of four robots
    assert await house.claim(3) == []
    assert await house.counters() == Counters(4, 4, 0, 4)


@pytest.mark.parametrize(
    "values",
    [
        {"state": "paused"},
        {"state": "pausing"},
        {"state": "draft"},
        {"not_after": NOON},
        {"starts_at": NOON + timedelta(seconds=1)},
        {"max_robots": 0},
        {"opens_at": NOON - timedelta(hours=2), "closes_at": NOON, "plan": None},
    ],
)
async def test_a_task_that_may_not_call_claims_nothing_at_all(house: House, values: dict[str, Any]) -> None:
    if "plan" in values:  # closed at this very moment, and open again only tomorrow
        plan = (await house.rows(select(task.c.plan).where(task.c.tenant_id == TENANT)))[0].plan
        plan["calling"]["windows"] = [{"from": "11:00", "to": "12:00"}]
        values = {**values, "plan": plan}
    await house.set_task(**values)
    assert await house.claim(1000) == []
    assert await house.begin(1000) == []
    assert {row.state for row in await house.rows(LEADS)} == {"ready"}
    assert await house.counters() == Counters(0, 0, 0, 0)


async def test_calls_per_second_and_the_breaker_of_the_line_hold(house: House) -> None:
    await house.put(SET_LINE.values(calls_per_second=1.0, burst=2), [{"of_line": house.seeded.line}])
    assert len(await house.claim(4)) == 2
    assert await house.claim(4, NOON + timedelta(milliseconds=900)) == []
    assert len(await house.claim(4, NOON + timedelta(seconds=1))) == 1
    later = NOON + timedelta(seconds=60)
    await house.put(SET_LINE.values(blocked_until=later), [{"of_line": house.seeded.line}])
    assert await house.claim(4, NOON + timedelta(seconds=30)) == []
    assert len(await house.claim(4, later)) == 1


async def test_two_workers_never_hold_the_same_lead(house: House) -> None:
    got = await asyncio.gather(*(house.claim(1, owner=f"w{n}") for n in range(8)))
    leads = [one.lead_id for batch in got for one in batch]
    assert len(leads) == len(set(leads)) == 4


# ------------------------------------------------------------ dial


async def test_a_dial_is_written_with_its_record_before_anything_rings(house: House) -> None:
    dials = await house.rings(3)
    assert [one.permit.callee for one in dials] == list(house.seeded.numbers[:3])
    assert {one.variables["item"] for one in dials} == {"空调清洗"}
    rows = await house.rows(ATTEMPTS)
    assert {row.id for row in rows} == {one.attempt for one in dials}
    assert {(row.state, row.n, row.local_day, row.counts) for row in rows} == {("dialling", 1, "2026-11-26", True)}
    records = await house.rows(RECORDS)
    assert [(row.seq, row.kind) for row in records] == [(1, "dial"), (2, "dial"), (3, "dial")]
    assert {row.attempt_id for row in records} == {one.attempt for one in dials}
    uses = await house.rows(select(consent_use.c.attempt_id).where(consent_use.c.tenant_id == TENANT))
    assert len(uses) == 3
    assert await house.counters() == Counters(3, 3, 3, 0)


async def test_pausing_between_claim_and_dial_stops_the_dial(house: House) -> None:
    claimed = await house.claim(3)
    await house.set_task(state="pausing")
    assert {one.reason for one in await house.dial(claimed) if isinstance(one, Refused)} == {"not_running"}
    assert await house.rows(ATTEMPTS) == []
    assert {row.state for row in await house.rows(LEADS)} == {"ready"}
    assert await house.counters() == Counters(0, 0, 0, 0)


async def test_a_suspended_tenant_calls_nobody(house: House) -> None:
    taken = await house.claim(2)
    await suspend(house, True)
    answers = await house.dial(taken)
    assert [(one.reason, isinstance(one, Refused)) for one in answers if isinstance(one, Refused)] == [
        ("suspended", True)
    ] * 2
    assert await house.claim(2) == []
    asked = Asked(house.seeded.numbers[0], "", house.seeded.company, "a")
    async with house.database.scope(house.seeded.tenant) as scope:
        answer = await dial_now(scope, house.seeded.keys, house.terms, asked, {}, "w1", NOON)
    assert isinstance(answer, Refused)
    assert answer.reason == "suspended"
    assert not await house.rows(ATTEMPTS)
    await suspend(house, False)
    assert len(await house.rings(2)) == 2


async def test_a_lead_that_is_no_longer_ours_is_not_dialled(house: House) -> None:
    claimed = await house.claim(4)
    later = NOON + LEASE + timedelta(seconds=1)
    assert (await house.reap(later)).released == 4
    again = await house.claim(4, later, "w2")
    assert {one.fence for one in again} == {2}
    assert {one.reason for one in await house.dial(claimed, later) if isinstance(one, Refused)} == {"lost"}
    stolen = [replace(one, owner="w2") for one in claimed]  # the right name with an old fence
    assert {one.reason for one in await house.dial(stolen, later) if isinstance(one, Refused)} == {"lost"}
    assert sum(isinstance(one, Dial) for one in await house.dial(again, later)) == 4
    assert await house.counters() == Counters(4, 4, 4, 0)


async def test_what_was_frozen_after_the_claim_is_not_dialled(house: House) -> None:
    claimed = await house.claim(3)
    await house.put(insert(freeze), [frozen(house.seeded, 0), frozen(house.seeded, 1, until=NOON + timedelta(days=2))])
    index, sealed = house.seeded.keys.seal_number(house.seeded.numbers[2])
    suspect = {"number_index": index, "number": sealed, "call_id": "c", "words": "没兴趣", "found_at": NOON}
    await house.put(insert(freeze_suspect), [suspect])
    answers = await house.dial(claimed)
    assert [one.reason for one in answers[:2] if isinstance(one, Refused)] == ["frozen", "frozen"]
    leads = await house.rows(LEADS)
    assert (leads[0].state, leads[0].reason) == ("excluded", "frozen")
    assert leads[1].state == "ready"
    assert leads[1].due_at >= NOON + timedelta(days=2)
    assert {row.kind for row in (await house.rows(RECORDS))[:2]} == {"refusal"}
    assert [row.person_id for row in await house.rows(ATTEMPTS)] == [house.seeded.persons[2]]


@pytest.mark.parametrize("at_once", [False, True])
@pytest.mark.parametrize("fault", ["raises", "slow", "withdrawn", "no-number"])
async def test_whatever_cannot_be_evaluated_blocks(house: House, fault: str, at_once: bool) -> None:
    ticks = iter(range(0, 1000, 10))

    def broken(facts: DialFacts, now: datetime, packs: RuleSet | None = None) -> Decision:
        raise ZeroDivisionError(facts.callee)

    if fault == "raises":
        house.terms = replace(house.terms, decide=broken)
    elif fault == "slow":
        house.terms = replace(house.terms, monotonic=lambda: float(next(ticks)))
    elif fault == "withdrawn":
        house.terms = replace(house.terms, packs=load_packs())
        await house.put(
            update(script_version).where(script_version.c.tenant_id == TENANT).values(withdrawn_at=NOON), [{}]
        )
    elif fault == "no-number":
        await house.put(update(own_number).where(own_number.c.tenant_id == TENANT).values(state="resting"), [{}])
    answers = await house.begin(3) if at_once else await house.dial(await house.claim(3))
    await nobody_was_dialled(house, answers)


async def test_a_veto_stops_the_dial(house: House) -> None:
    claimed = await house.claim(3)
    vetoes = {one.lead_id: Veto("pre-dial webhook: no", NOON + timedelta(minutes=5)) for one in claimed}
    await nobody_was_dialled(house, await house.dial(claimed, vetoes=vetoes))


async def nobody_was_dialled(house: House, answers: Sequence[Dial | Refused]) -> None:
    """But all three are on record."""
    assert [type(one) for one in answers] == [Refused] * 3
    assert await house.rows(ATTEMPTS) == []
    assert [row.kind for row in await house.rows(RECORDS)] == ["refusal"] * 3
    assert await house.counters() == Counters(0, 0, 0, 0)


async def test_nobody_is_rung_while_in_a_call_of_ours(house: House) -> None:
    first = await house.rings(2)
    other = await start_task(house.database, house.seeded, NOON, name="other")
    twin = House(house.database, house.seeded, other, house.terms)
    answers = await twin.dial(await twin.claim(2))
    assert {one.reason for one in answers if isinstance(one, Refused)} == {"in-call"}
    await house.finish(*(ended(one) for one in first))
    later = NOON + timedelta(minutes=6)
    assert len(await twin.rings(2, later)) == 2


async def test_the_cap_of_a_day_holds_over_all_tasks(house: House) -> None:
    """The script allows two calls a day to one person; three tasks want them at once."""
    twins = [house]
    for name in ("b", "c"):
        made = await start_task(house.database, house.seeded, NOON, name=name)
        twins.append(House(house.database, house.seeded, made, house.terms))
    reached = []
    for round_, twin in enumerate(twins):
        now = NOON + timedelta(minutes=10 * round_)
        dials = await twin.rings(4, now)
        reached.append(len(dials))
        await twin.finish(*(ended(one, at=now) for one in dials), now=now)
    assert reached == [4, 4, 0]


# ------------------------------------------------------------ finish


async def test_a_finish_gives_back_everything_once(house: House) -> None:
    dials = await house.rings(3)
    outcomes = [
        ended(dials[0], "completed", answered_at=NOON, talk_ms=12_000, sip_code=200),
        ended(dials[1], "no_answer"),
        ended(dials[2], "network_fault"),
    ]
    assert await house.finish(*outcomes) == [True, True, True]
    assert await house.finish(*outcomes) == [False, False, False]
    assert await house.counters() == Counters(0, 0, 0, 0)
    assert [row.state for row in await house.rows(LEADS)][:3] == ["finished", "ready", "ready"]
    by_id = {row.id: row for row in await house.rows(ATTEMPTS)}
    assert [by_id[one.attempt].counts for one in dials] == [True, True, False]
    assert {row.state for row in by_id.values()} == {"done"}


async def test_an_attempt_that_is_not_there_ends_nothing(house: House) -> None:
    one, other = await house.rings(2)
    assert await house.finish(ended(one), replace(ended(other), attempt="0" * 32)) == [True, False]
    assert await house.counters() == Counters(1, 1, 1, 0)


async def test_a_call_that_was_asked_for_ends_with_those_of_a_task(house: House) -> None:
    (one,) = await house.rings(1)
    async with house.database.scope(house.seeded.tenant) as scope:
        digest = await scope.value(SCRIPT)
        person = house.seeded.persons.index(one.person_id)
        asked = Asked(house.seeded.numbers[person - 1], digest, house.seeded.company, "a")
        other = await dial_now(scope, house.seeded.keys, house.terms, asked, VARIABLES, "w1", NOON)
    assert isinstance(other, Dial) and other.task_id is None
    assert await house.finish(ended(other), ended(one)) == [True, True]
    assert await house.counters() == Counters(0, 0, 0, 0)


async def test_nobody_ends_an_attempt_of_another_task(house: House) -> None:
    (one,) = await house.rings(1)
    other = await start_task(house.database, house.seeded, NOON, name="other", robots=4)
    async with house.database.scope(house.seeded.tenant) as scope:
        done = await finish(scope, house.seeded.keys, house.terms, [ended(one)], [other], NOON)
    assert [end.fresh for end in done] == [False] and (await house.counters()).line == 1
    assert await house.finish(ended(one)) == [True]


async def test_only_the_owner_with_its_fence_finishes(house: House) -> None:
    (one,) = await house.rings(1)
    assert await house.finish(replace(ended(one), owner="w2"), replace(ended(one), fence=7)) == [False, False]
    assert await house.finish(ended(one), ended(one)) == [True, False]


# ------------------------------------------------------------ reap, reconcile


async def test_a_witness_that_came_late_does_not_say_that_a_call_never_left(house: House) -> None:
    (one,) = await house.rings(1)
    now = NOON + LEASE + QUIET + timedelta(minutes=1)
    await house.put(WITNESS, [{"of_line": house.seeded.line, "since": NOON + timedelta(seconds=1), "until": now}])
    await house.reap(NOON + LEASE + timedelta(seconds=1))
    await house.reap(now)
    assert [(row.id, row.reconciled) for row in await house.rows(ATTEMPTS)] == [(one.attempt, "reported")]


async def test_a_lapsed_dial_is_unknown_and_never_dialled_again_by_itself(house: House) -> None:
    (one,) = await house.rings(1)
    late = NOON + LEASE + timedelta(seconds=1)
    done = await house.reap(late)
    assert (done.released, done.lost, done.settled) == (0, 1, [])
    assert (await house.counters()).line == 1  # its call may still be up
    assert len(await house.claim(10, late)) == 3
    quiet = late + QUIET + timedelta(seconds=1)
    done = await house.reap(quiet)
    assert [(end.attempt, end.following and end.following.state) for end in done.settled] == [(one.attempt, "parked")]
    assert await house.counters() == Counters(0, 0, 0, 0)  # the three claims lapsed as well
    assert (await house.rows(ATTEMPTS))[0].reconciled == "reported"
    assert (await house.rows(LEADS))[0].state == "parked"
    # The worker was only stopped: what it has to say is still taken, once.
    assert await house.finish(ended(one, "completed", talk_ms=1000)) == [True]
    assert await house.finish(ended(one, "completed", talk_ms=1000)) == [False]
    assert await house.counters() == Counters(0, 0, 0, 0)
    row = (await house.rows(ATTEMPTS))[0]
    assert (row.state, row.disposition, row.reconciled) == ("done", "completed", "late")


async def test_witnesses_settle_what_is_unknown(house: House) -> None:
    answered, busy, gone, silent = await house.rings(4)
    lost_at = NOON + LEASE + timedelta(seconds=1)
    await house.reap(lost_at)

    def told(one: Dial, method: str, code: int, after: int, suffix: str = "") -> Account:
        return Account(f"{one.attempt}{suffix}@host", method, code, NOON + timedelta(seconds=after), "kamailio")

    async with house.database.scope(house.seeded.tenant) as scope:
        kept = await keep(
            scope,
            [
                told(answered, "INVITE", 200, 3),
                told(answered, "BYE", 200, 9),
                told(busy, "INVITE", 486, 2, ".2"),
                told(gone, "INVITE", 180, 2),
                Account("not-ours@host", "INVITE", 200, NOON, "kamailio"),
            ],
        )
    assert kept == 4
    now = lost_at + QUIET
    await house.put(WITNESS, [{"of_line": house.seeded.line, "since": NOON - timedelta(minutes=1), "until": now}])
    await house.reap(now)
    (waiting,) = [row for row in await house.rows(ATTEMPTS) if row.reconciled == ""]
    assert waiting.id == gone.attempt  # it left, and the proxy is awake: it may still ring
    await house.reap(NOON + timedelta(minutes=3))
    rows = {row.id: row for row in await house.rows(ATTEMPTS)}
    seen = [(rows[one.attempt].disposition, rows[one.attempt].reconciled) for one in (answered, busy, gone, silent)]
    assert seen == [
        ("interrupted_by_fault", "kamailio"), ("busy", "kamailio"), ("unknown", "reported"), ("network_fault", "absent"),
    ]  # fmt: skip
    assert rows[answered.attempt].talk_ms == 6000
    assert not rows[silent.attempt].counts
    states = {row.lead_id: row.state for row in await house.rows(LEADS)}
    assert [states[one.lead_id or 0] for one in (answered, busy, gone, silent)] == [
        "parked",
        "ready",
        "parked",
        "ready",
    ]
    assert await house.counters() == Counters(0, 0, 0, 0)
