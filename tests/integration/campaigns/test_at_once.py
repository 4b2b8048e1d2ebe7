"""Claim and dial in one transaction, on both databases: the same as one after the other, but for the line, which is locked last."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
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

from callwright.accounts.tables import company, own_number
from callwright.campaigns.dispatch import Dial, Refused, claim_and_dial, lock_task
from callwright.campaigns.gate import cases_of
from callwright.campaigns.tables import line, task, task_lead
from callwright.campaigns.terms import LEASE
from callwright.compliance.pack_file import load_packs
from callwright.compliance.tables import consent_use, freeze
from callwright.store.metadata import TENANT
from callwright.store.scope import Scope
from callwright.testing.campaigns import NOON, Counters, start_task

pytestmark = [pytest.mark.anyio, pytest.mark.integration]

LINE = select(line.c.tat, line.c.active).where(line.c.tenant_id == TENANT)
HELD = (
    select(task_lead.c.state, task_lead.c.owner, task_lead.c.fence, task_lead.c.attempts)
    .where(task_lead.c.tenant_id == TENANT)
    .order_by(task_lead.c.lead_id)
)
TASKS = select(task.c.dialled, task.c.active).where(task.c.tenant_id == TENANT)


def dials(answers: Sequence[Dial | Refused]) -> list[Dial]:
    return [one for one in answers if isinstance(one, Dial)]


async def test_a_dial_is_written_with_its_record_before_anything_rings(house: House) -> None:
    begun = dials(await house.begin(3))
    assert [one.permit.callee for one in begun] == list(house.seeded.numbers[:3])
    rows = await house.rows(ATTEMPTS)
    assert {row.id for row in rows} == {one.attempt for one in begun}
    assert {(row.state, row.n, row.local_day, row.counts) for row in rows} == {("dialling", 1, "2026-11-26", True)}
    records = await house.rows(RECORDS)
    assert [(row.seq, row.kind) for row in records] == [(1, "dial"), (2, "dial"), (3, "dial")]
    assert {row.attempt_id for row in records} == {one.attempt for one in begun}
    assert len(await house.rows(select(consent_use.c.attempt_id).where(consent_use.c.tenant_id == TENANT))) == 3
    assert [tuple(row) for row in await house.rows(HELD)] == [("dialling", "w1", 1, 1)] * 3 + [("ready", None, 0, 0)]
    assert await house.counters() == Counters(3, 3, 3, 0)
    assert [tuple(row) for row in await house.rows(TASKS)] == [(3, 3)]
    assert await house.finish(*(ended(one) for one in begun)) == [True] * 3
    assert await house.counters() == Counters(0, 0, 0, 0)


async def test_only_free_places_are_taken(house: House) -> None:
    assert len(await house.begin(3)) == 3
    assert len(await house.begin(3)) == 1  # of four robots
    assert await house.begin(3) == []
    assert await house.begin(0) == []
    assert await house.counters() == Counters(4, 4, 4, 0)


async def test_a_suspended_tenant_calls_nobody(house: House) -> None:
    await suspend(house, True)
    assert await house.begin() == []
    assert await house.rows(RECORDS) == []
    await suspend(house, False)
    assert len(await house.begin()) == 4


async def test_calls_per_second_of_the_line_and_of_the_task_hold(house: House) -> None:
    await house.put(SET_LINE.values(calls_per_second=1.0, burst=2), [{"of_line": house.seeded.line}])
    assert len(await house.begin(4)) == 2
    assert await house.begin(4, NOON + timedelta(milliseconds=900)) == []
    assert len(await house.begin(4, NOON + timedelta(seconds=1))) == 1
    await house.put(SET_LINE.values(calls_per_second=1000.0, burst=50, tat=None), [{"of_line": house.seeded.line}])
    await house.set_task(tat=NOON + timedelta(seconds=1))
    assert len(await house.begin(4, NOON + timedelta(seconds=9))) == 1


async def test_whose_turn_came_first_is_called_first(house: House) -> None:
    by_rank = update(task_lead).where(task_lead.c.tenant_id == TENANT)
    for rank, number in enumerate(reversed(house.seeded.leads)):
        await house.put(by_rank.where(task_lead.c.lead_id == number).values(rank=rank), [{}])
    begun = dials(await house.begin(2)) + dials(await house.begin(2))
    assert [one.lead_id for one in begun] == list(reversed(house.seeded.leads))


async def test_refusals_are_written_and_cost_the_line_nothing(house: House) -> None:
    await house.put(SET_LINE.values(calls_per_second=1.0, burst=2), [{"of_line": house.seeded.line}])
    await house.put(insert(freeze), [frozen(house.seeded, 0), frozen(house.seeded, 1, until=NOON + timedelta(days=2))])
    answers = await house.begin(4)
    assert [one.reason for one in answers if isinstance(one, Refused)] == ["frozen", "frozen"]
    assert [tuple(row) for row in await house.rows(LINE)] == [(None, 0)]
    leads = await house.rows(LEADS)
    assert [(row.state, row.reason) for row in leads[:2]] == [("excluded", "frozen"), ("ready", "frozen")]
    assert leads[1].due_at >= NOON + timedelta(days=2)
    assert {row.kind for row in await house.rows(RECORDS)} == {"refusal"}
    assert await house.counters() == Counters(0, 0, 0, 0)
    assert len(dials(await house.begin(4))) == 2  # in the same second: nothing of the burst was used up
    assert await house.counters() == Counters(2, 2, 2, 0)


@pytest.mark.parametrize(
    ("change", "most"),
    [
        ({"active": 3}, 1),
        ({"active": 9}, 0),
        ({"max_calls": 2}, 2),
        ({"tat": NOON + timedelta(seconds=1), "calls_per_second": 1.0, "burst": 3}, 2),
        ({"blocked_until": NOON + timedelta(seconds=30)}, 0),
    ],
)
async def test_a_line_that_filled_up_meanwhile_leaves_the_last_as_they_are(
    house: House, change: dict[str, Any], most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others use the line while the rules are asked: it is looked at again once it is locked."""
    decide = cases_of
    await house.put(insert(freeze), [frozen(house.seeded, 1)])

    async def meanwhile(scope: Scope, *about: Any) -> Any:
        cases = await decide(scope, *about)
        taken = SET_LINE.values(**change)
        if scope.dialect == "sqlite":  # which has one writer: nobody else could
            await scope.run(taken, [{"of_line": house.seeded.line}])
        else:
            await house.put(taken, [{"of_line": house.seeded.line}])
        return cases

    monkeypatch.setattr("callwright.campaigns.at_once.cases_of", meanwhile)
    answers = await house.begin(4)
    begun = dials(answers)
    assert [one.lead_id for one in begun] == [house.seeded.leads[n] for n in (0, 2, 3)][:most]
    assert len(answers) == most + 1  # a refusal stays one
    kinds = sorted(row.kind for row in await house.rows(RECORDS))
    assert kinds == ["dial"] * most + ["refusal"]
    assert [row.state for row in await house.rows(LEADS)].count("ready") == 3 - most
    assert {row.id for row in await house.rows(ATTEMPTS)} == {one.attempt for one in begun}
    (now,) = await house.rows(LINE)
    assert now.active == change.get("active", 0) + most
    assert (await house.counters()).task == most
    monkeypatch.undo()
    await house.put(
        SET_LINE.values(active=most, max_calls=9, tat=None, blocked_until=None), [{"of_line": house.seeded.line}]
    )
    assert len(dials(await house.begin(4))) == 3 - most


@pytest.mark.parametrize("what", ["suspended", "vetting"])
async def test_what_changed_while_the_task_was_waited_for_is_seen(house: House, what: str) -> None:
    if house.database.dialect == "sqlite":
        pytest.skip("SQLite has one writer: whoever waited begins after it")
    if what == "vetting":
        house.terms = replace(house.terms, packs=load_packs())
    waiting = asyncio.Event()

    async def begin() -> Sequence[Dial | Refused]:
        async with house.database.scope(house.seeded.tenant) as scope:
            row = await lock_task(scope, house.task)
            waiting.set()
            await changed.wait()
            assert row is not None
            return await claim_and_dial(scope, house.seeded.keys, house.terms, row, "w1", 10, NOON)

    changed = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        begun = tasks.create_task(begin())
        await waiting.wait()
        if what == "suspended":
            await suspend(house, True)
        else:
            await house.put(update(company).where(company.c.tenant_id == TENANT).values(vetted_at=None), [{}])
        changed.set()
    assert dials(begun.result()) == []
    reasons = {one.reason for one in begun.result() if isinstance(one, Refused)}
    assert reasons == ({"company-vetted"} if what == "vetting" else set())
    assert await house.counters() == Counters(0, 0, 0, 0)


async def test_who_has_no_number_of_ours_for_others_sake_is_not_refused(house: House) -> None:
    """One call a day is left of our number: the first gets it. The others are refused only when they are by themselves."""
    used = update(own_number).where(own_number.c.tenant_id == TENANT).values(max_per_day=1)
    await house.put(used, [{}])
    assert [type(one) for one in await house.begin(3)] == [Dial]
    assert [row.kind for row in await house.rows(RECORDS)] == ["dial"]
    answers = await house.begin(3)
    assert [one.reason for one in answers if isinstance(one, Refused)] == ["own-number"] * 3
    assert await house.counters() == Counters(1, 1, 1, 0)


async def test_two_workers_never_take_the_same_lead(house: House) -> None:
    async def one(number: int) -> list[int | None]:
        if number % 2:
            return [claimed.lead_id for claimed in await house.claim(1, owner=f"w{number}")]
        return [begun.lead_id for begun in await house.begin(1, owner=f"w{number}")]

    leads = [lead for batch in await asyncio.gather(*map(one, range(8))) for lead in batch]
    assert len(leads) == len(set(leads)) == 4


async def test_a_callback_is_one(house: House) -> None:
    wanted = update(task_lead).where(task_lead.c.tenant_id == TENANT, task_lead.c.lead_id == house.seeded.leads[0])
    await house.put(wanted.values(callback_at=NOON), [{}])
    assert [one.origin for one in dials(await house.begin(2))] == ["callback", "task"]


async def test_what_a_worker_that_died_had_begun_is_unknown(house: House) -> None:
    (one,) = dials(await house.begin(1))
    done = await house.reap(NOON + LEASE + timedelta(seconds=1))
    assert (done.released, done.lost) == (0, 1)
    assert (await house.counters()).line == 1  # its call may still be up
    assert await house.finish(ended(one, "completed", talk_ms=1000)) == [True]
    assert await house.counters() == Counters(0, 0, 0, 0)


async def test_tasks_that_want_the_same_people_over_one_line_never_wait_for_each_other_in_a_ring(house: House) -> None:
    """Whoever begins, claims, dials and finishes at the same time: the line never has more calls than it may, and nobody is undone."""
    twins = [house]
    for name in ("b", "c"):
        made = await start_task(house.database, house.seeded, NOON, name=name, robots=4)
        twins.append(House(house.database, house.seeded, made, house.terms))
    most = 3
    await house.put(SET_LINE.values(max_calls=most), [{"of_line": house.seeded.line}])
    rung: list[int] = []

    async def work(twin: House, owner: str, in_two_steps: bool) -> None:
        for turn in range(6):
            now = NOON + timedelta(minutes=10 * turn)
            ways = twin.dial(await twin.claim(2, now, owner), now) if in_two_steps else twin.begin(2, now, owner)
            begun = dials(await ways)
            (used,) = await twin.rows(LINE)
            assert used.active <= most
            rung.extend(one.person_id for one in begun)
            done = await twin.finish(*(ended(one, "network_fault", now) for one in begun), now=now)
            assert all(done)

    async with asyncio.TaskGroup() as tasks:
        for number, twin in enumerate(twins):
            tasks.create_task(work(twin, f"w{number}", False))
            tasks.create_task(work(twin, f"v{number}", number == 0))
    assert rung
    assert await house.counters() == Counters(0, 0, 0, 0)
