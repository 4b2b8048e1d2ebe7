"""Whatever tasks, callbacks, retries, calls asked for by name, freezes and pauses do in any order, on both databases: no cap is passed, no
window is left, nobody who is frozen is dialled, nothing is dialled while paused, and the counters say what is under way."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import bindparam, insert, select, update

from callwright.campaigns.direct import Asked, dial_now
from callwright.campaigns.dispatch import Dial, Ended, Terms, claim, claim_and_dial, dial, finish, lock_task
from callwright.campaigns.reaping import reap
from callwright.campaigns.tables import attempt, attempt_lease, task, task_lead
from callwright.compliance.tables import freeze
from callwright.errors import LineError
from callwright.store.crypto import Keyring
from callwright.store.database import Database
from callwright.store.metadata import TENANT
from callwright.testing.campaigns import NOON, VARIABLES, Lenient, counters, start_task
from callwright.testing.tenants import Seeded, seed

PER_DAY, LINE = 2, 3  # of the script, to one person, over everything; calls at once
TASKS = ("a", "b")
SLOTS = count(1)
SET_STATE = update(task).where(task.c.tenant_id == TENANT, task.c.id == bindparam("of_task"))
MAKE_DUE = update(task_lead).where(task_lead.c.tenant_id == TENANT, task_lead.c.state == "ready")
ATTEMPTS = select(attempt).where(attempt.c.tenant_id == TENANT)
FREEZE = insert(freeze)

steps = st.lists(
    st.one_of(
        st.tuples(st.just("begin"), st.integers(0, 1)),
        st.tuples(st.just("claim_then_dial"), st.integers(0, 1)),
        st.tuples(st.just("finish"), st.sampled_from(["busy", "no_answer", "callback", "hung_up", "network_fault"])),
        st.tuples(st.just("ask"), st.integers(0, 2)),
        st.tuples(st.just("freeze"), st.integers(0, 2)),
        st.tuples(st.just("pause"), st.integers(0, 1)),
        st.tuples(st.just("resume"), st.integers(0, 1)),
        st.tuples(st.just("wait"), st.sampled_from([1, 20, 200, 600])),
        st.tuples(st.just("die"), st.just(0)),
    ),
    min_size=4,
    max_size=14,
)  # fmt: skip


@dataclass
class Play:
    """What a worker and everybody around it do, and what must hold after each step."""

    database: Database
    seeded: Seeded
    tasks: tuple[int, ...]
    digest: str
    now: datetime = NOON
    terms: Terms = field(default_factory=lambda: Terms(Lenient()))
    up: list[Dial] = field(default_factory=list)
    paused: set[int] = field(default_factory=set)
    frozen: set[int] = field(default_factory=set)

    async def act(self, what: str, which: int | str) -> None:
        if what == "wait":
            self.now += timedelta(minutes=int(which))
            async with self.database.scope(self.seeded.tenant) as scope:
                await scope.run(
                    MAKE_DUE.values(due_at=self.now), [{}]
                )  # whoever is due early is still held by the caps
                for one in self.up:
                    await scope.run(_KEEP, [{"of_attempt": one.attempt, "new_until": self.now + self.terms.lease}])
        elif what == "die":
            self.up.clear()
            self.now += timedelta(minutes=2)
            await reap(self.database, self.seeded.tenant, self.seeded.keys, self.terms, self.now)
        else:
            await getattr(self, f"_{what}")(which)

    async def _begin(self, which: int) -> None:
        async with self.database.scope(self.seeded.tenant) as scope:
            row = await lock_task(scope, self.tasks[which])
            assert row is not None
            begun = await claim_and_dial(scope, self.seeded.keys, self.terms, row, "w", 3, self.now)
        self._rang(begun, self.tasks[which])

    async def _claim_then_dial(self, which: int) -> None:
        async with self.database.scope(self.seeded.tenant) as scope:
            claimed = await claim(scope, self.terms, self.tasks[which], "w", 3, self.now)
        async with self.database.scope(self.seeded.tenant) as scope:
            self._rang(await dial(scope, self.seeded.keys, self.terms, claimed, self.now), self.tasks[which])

    async def _ask(self, which: int) -> None:
        asked = Asked(self.seeded.numbers[which], self.digest, self.seeded.company, "a")
        try:
            async with self.database.scope(self.seeded.tenant) as scope:
                answer = await dial_now(scope, self.seeded.keys, self.terms, asked, VARIABLES, "w", self.now)
        except LineError:
            return
        self._rang([answer], None)

    def _rang(self, answers: Sequence[object], number: int | None) -> None:
        for one in answers:
            if isinstance(one, Dial):
                assert number not in self.paused, "dialled while paused"
                assert self.seeded.persons.index(one.person_id) not in self.frozen, "a frozen number was dialled"
                assert one.person_id not in {other.person_id for other in self.up}, "rung while in a call"
                assert 9 <= self.now.astimezone(ZoneInfo("Asia/Shanghai")).hour < 20, "outside of the window"
                self.up.append(one)

    async def _finish(self, outcome: str) -> None:
        over, self.up = self.up, []
        ended = [Ended(one.attempt, one.owner, one.fence, outcome, self.now) for one in over]  # type: ignore[arg-type]
        tasks = [one.task_id for one in over if one.task_id is not None]
        async with self.database.scope(self.seeded.tenant) as scope:
            await finish(scope, self.seeded.keys, self.terms, ended, tasks, self.now)

    async def _freeze(self, which: int) -> None:
        self.frozen.add(which)
        index, sealed = self.seeded.keys.seal_number(self.seeded.numbers[which])
        row = {
            "number_index": index,
            "number": sealed,
            "scope": "tenant",
            "reason": "manual",
            "frozen_at": self.now,
            "by": "x",
        }
        async with self.database.scope(self.seeded.tenant) as scope:
            await scope.run(FREEZE, [row])

    async def _pause(self, which: int) -> None:
        self.paused.add(self.tasks[which])
        await self._state(which, "paused")

    async def _resume(self, which: int) -> None:
        self.paused.discard(self.tasks[which])
        await self._state(which, "running")

    async def _state(self, which: int, state: str) -> None:
        async with self.database.scope(self.seeded.tenant) as scope:
            await scope.run(SET_STATE.values(state=state), [{"of_task": self.tasks[which]}])

    async def check(self) -> None:
        async with self.database.scope(self.seeded.tenant) as scope:
            rows = list(await scope.all(ATTEMPTS))
            counted = [await counters(scope, one) for one in self.tasks]
        days: dict[tuple[int, str], int] = {}
        for row in rows:
            if row.counts:
                key = (row.person_id, row.local_day)
                days[key] = days.get(key, 0) + 1
        assert all(number <= PER_DAY for number in days.values()), "the cap of a day was passed"
        under_way = sum(row.ended_at is None for row in rows)
        assert counted[0].line == under_way <= LINE
        assert [one.task for one in counted] == [one.in_flight for one in counted]


_KEEP = (
    update(attempt_lease)
    .where(attempt_lease.c.tenant_id == TENANT, attempt_lease.c.attempt_id == bindparam("of_attempt"))
    .values(until=bindparam("new_until", type_=attempt_lease.c.until.type))
)


@pytest.mark.integration
@settings(max_examples=16, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deeds=steps)
def test_no_interleaving_passes_a_cap_or_leaves_the_rules(
    database_url: str, keyring: Keyring, deeds: list[tuple[str, int | str]]
) -> None:
    async def body() -> None:
        async with Database.open(database_url, connections=2) as database:
            seeded = await seed(
                database,
                keyring,
                NOON,
                slug=f"t{next(SLOTS)}",
                leads=3,
                max_calls=LINE,
                calls_per_second=1000,
                burst=50,
            )
            tasks = tuple([await start_task(database, seeded, NOON, name=name, robots=3) for name in TASKS])
            async with database.scope(seeded.tenant) as scope:
                plan = await scope.value(select(task.c.plan).where(task.c.tenant_id == TENANT).limit(1))
            play = Play(database, seeded, tasks, plan["scripts"][0]["digest"])
            for what, which in deeds:
                await play.act(what, which)
                await play.check()

    asyncio.run(body())
