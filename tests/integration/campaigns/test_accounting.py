"""The accounting of a proxy in the database: what is ours, which span is told completely, and that nothing is written twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from callwright.campaigns.accounting import Witness, witnessed
from callwright.campaigns.dispatch import Dial, Terms, claim, dial
from callwright.campaigns.reconcile import Witnessed
from callwright.campaigns.tables import sip_account
from callwright.store.crypto import Keyring
from callwright.store.database import Database
from callwright.store.metadata import TENANT
from callwright.testing.campaigns import NOON, Lenient, start_task
from callwright.testing.tenants import Seeded, seed

pytestmark = [pytest.mark.anyio, pytest.mark.integration]

ACCOUNTS = (
    select(sip_account.c.call_id, sip_account.c.method, sip_account.c.code)
    .where(sip_account.c.tenant_id == TENANT)
    .order_by(sip_account.c.id)
)


def alive(seconds: float) -> str:
    return f"x: WITNESS: alive timestamp={(NOON + timedelta(seconds=seconds)).timestamp():.0f}\n"


def invite(call: str, code: int, seconds: float) -> str:
    at = (NOON + timedelta(seconds=seconds)).timestamp()
    return f"x: ACC: transaction answered: timestamp={at:.0f};method=INVITE;call_id={call}@127.0.0.1;code={code};reason=x\n"


def at(seconds: float) -> datetime:
    return (NOON + timedelta(seconds=seconds)).astimezone(UTC)


async def dialled(database: Database, seeded: Seeded) -> list[str]:
    task, terms = await start_task(database, seeded, NOON), Terms(Lenient())
    async with database.scope(seeded.tenant) as scope:
        claimed = await claim(scope, terms, task, "w1", 10, NOON)
    async with database.scope(seeded.tenant) as scope:
        answers = await dial(scope, seeded.keys, terms, claimed, NOON)
    return [one.attempt for one in answers if isinstance(one, Dial)]


async def test_accounts_of_ours_are_kept_once_and_their_span_is_known(
    database: Database, keyring: Keyring, tmp_path: Path
) -> None:
    seeded = await seed(database, keyring, NOON, leads=2, burst=2)
    one, two = await dialled(database, seeded)
    path = tmp_path / "kamailio.log"

    async def told(witness: Witness) -> tuple[list[tuple[str, str, int]], Witnessed | None]:
        while await witness.round():
            pass
        async with database.scope(seeded.tenant) as scope:
            kept = [(row.call_id, row.method, row.code) for row in await scope.all(ACCOUNTS)]
            return kept, (await witnessed(scope)).get(seeded.line)

    witness = Witness(database, seeded.tenant, path, ["a"])
    path.write_text(alive(0) + invite(one, 100, 1) + invite("f" * 32, 100, 1) + alive(5))
    kept, span = await told(witness)
    assert kept == [(one, "INVITE", 100)]  # of a call that is not ours nothing is kept
    assert span == Witnessed(at(0), at(5))
    with path.open("a") as file:
        file.write(invite(one, 486, 6) + invite(two, 100, 7) + alive(10))
    kept, span = await told(witness)
    assert kept == [(one, "INVITE", 100), (one, "INVITE", 486), (two, "INVITE", 100)]
    assert span == Witnessed(at(0), at(10))
    # Begun anew it reads the same again: nothing is kept twice. What the new one did not see itself, the old one did.
    path.write_text(alive(10) + invite(two, 100, 7) + alive(15))
    assert await told(Witness(database, seeded.tenant, path)) == (kept, Witnessed(at(0), at(15)))
    # A hole in the log: what left in it is told by nobody.
    with path.open("a") as file:
        file.write(alive(120))
    assert (await told(Witness(database, seeded.tenant, path)))[1] == Witnessed(at(120), at(120))
    assert (await told(Witness(database, seeded.tenant, path, ["another"])))[1] == Witnessed(at(120), at(120))
