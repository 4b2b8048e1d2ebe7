"""A house that dispatches, for every test of campaigns that asks for one."""

from __future__ import annotations

import pytest
from tests.integration.campaigns.dispatch_house import House

from callwright.campaigns.dispatch import Terms
from callwright.store.crypto import Keyring
from callwright.store.database import Database
from callwright.testing.campaigns import NOON, Lenient, start_task
from callwright.testing.tenants import seed


@pytest.fixture
async def house(database: Database, keyring: Keyring) -> House:
    """Four leads, room for four calls."""
    seeded = await seed(database, keyring, NOON, leads=4, max_calls=4, calls_per_second=1000, burst=100)
    return House(database, seeded, await start_task(database, seeded, NOON, robots=4), Terms(Lenient()))
