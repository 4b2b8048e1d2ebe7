"""Tasks whose calls people of ours take over begin no more calls than these people allow."""

from __future__ import annotations

from datetime import timedelta

import pytest

from callwright.campaigns import takeovers
from callwright.campaigns.dispatch import Terms, claim
from callwright.store.crypto import Keyring
from callwright.store.database import Database
from callwright.testing.campaigns import NOON, Lenient, start_task
from callwright.testing.tenants import seed

pytestmark = [pytest.mark.anyio, pytest.mark.integration]

PREDICTIVE = {"mode": "predictive", "min_calls": 1, "abandonment": 0.1}


@pytest.mark.parametrize(
    ("transfer", "free", "asked", "most"),
    [
        ({"mode": "robots"}, None, (), 8),
        ({"mode": "progressive"}, None, (), 0),  # nobody says that somebody is there
        ({"mode": "progressive"}, 3, (), 3),
        (PREDICTIVE, 3, (), 3),  # nothing is known yet: as progressive
        (PREDICTIVE | {"denominator": "queued"}, 3, (100,), 3),  # everybody asks: no more than there are people
        (PREDICTIVE | {"denominator": "queued"}, 3, (None,), 3),  # too many were abandoned
    ],
)
async def test_claims_are_paced_by_people(
    database: Database,
    keyring: Keyring,
    transfer: dict[str, object],
    free: int | None,
    asked: tuple[int | None, ...],
    most: int,
) -> None:
    seeded = await seed(database, keyring, NOON, leads=8, calls_per_second=1000, burst=100)
    task = await start_task(database, seeded, NOON, robots=8, transfer=transfer)
    terms = Terms(Lenient())
    async with database.scope(seeded.tenant) as scope:
        for n, waited in enumerate(asked):
            await takeovers.ask(scope, f"{n:032x}", task, NOON, waited)
        if free is not None:
            await takeovers.say(scope, "default", free + 5, 5, 0.0, NOON)  # five of them are promised
    async with database.scope(seeded.tenant) as scope:
        first = await claim(scope, terms, task, "w1", 5, NOON)
        rest = await claim(scope, terms, task, "w2", 5, NOON)
    assert len(first) + len(rest) == most


async def test_old_news_of_people_is_none(database: Database, keyring: Keyring) -> None:
    seeded = await seed(database, keyring, NOON, leads=2, calls_per_second=1000, burst=100)
    task = await start_task(database, seeded, NOON, transfer={"mode": "progressive"})
    later = NOON + takeovers.FRESH + timedelta(seconds=1)
    async with database.scope(seeded.tenant) as scope:
        await takeovers.say(scope, "default", 2, 0, 0.0, NOON)
        assert await claim(scope, Terms(Lenient()), task, "w1", 5, later) == []
        await takeovers.say(scope, "default", 1, 0, 0.0, later)
        assert len(await claim(scope, Terms(Lenient()), task, "w1", 5, later)) == 1
