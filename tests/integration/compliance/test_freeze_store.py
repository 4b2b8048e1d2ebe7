"""The freeze library on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from callwright.compliance.freeze_store import (
    confirm,
    dismiss,
    freeze,
    freeze_all,
    freezes_of,
    lift,
    listed,
    suspect,
    suspects,
)
from callwright.compliance.freezes import NewFreeze
from callwright.errors import InputError
from callwright.store.crypto import Keyring
from callwright.store.database import Database
from callwright.testing.tenants import seed

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 11, 26, 4, 0, tzinfo=UTC)
LATER = NOW + timedelta(days=1)


async def test_freezing_twice_changes_nothing(database: Database, keyring: Keyring) -> None:
    seeded = await seed(database, keyring, NOW)
    number = seeded.numbers[0]
    async with database.scope(seeded.tenant) as scope:
        first, fresh = await freeze(scope, seeded.keys, NewFreeze(number, until=LATER), NOW, "anna")
        assert fresh
        for shorter in (LATER, LATER - timedelta(hours=1)):
            assert await freeze(scope, seeded.keys, NewFreeze(number, until=shorter), NOW, "bert") == (first, False)
        longer, fresh = await freeze(scope, seeded.keys, NewFreeze(number), NOW, "bert")
        assert fresh
        assert longer != first
        found = await freezes_of(scope, seeded.keys, seeded.numbers[:2], NOW)
    assert {(one.until, one.reason) for one in found[number]} == {(LATER, "manual"), (None, "manual")}
    assert found[seeded.numbers[1]] == ()


async def test_many_at_once_with_doubles_among_them(database: Database, keyring: Keyring) -> None:
    seeded = await seed(database, keyring, NOW)
    new = [NewFreeze(f"+861390000{n:04}", "imported") for n in range(600)]
    async with database.scope(seeded.tenant) as scope:
        made = await freeze_all(scope, seeded.keys, [*new, new[0], new[599]], NOW, "anna")
        assert [fresh for _, fresh in made] == [True] * 600 + [False] * 2
        assert made[600][0] == made[0][0]
        assert made[601][0] == made[599][0]
        assert not any(fresh for _, fresh in await freeze_all(scope, seeded.keys, new, NOW, "anna"))
        page = await listed(scope, seeded.keys, NOW, most=1000)
        assert [one.number for one in page] == [one.number for one in new]
        assert len(await listed(scope, seeded.keys, NOW, after=page[-2].id)) == 1


async def test_lifting_needs_a_reason_and_is_remembered(database: Database, keyring: Keyring) -> None:
    seeded = await seed(database, keyring, NOW)
    async with database.scope(seeded.tenant) as scope:
        made, _ = await freeze(scope, seeded.keys, NewFreeze(seeded.numbers[0]), NOW, "anna")
        with pytest.raises(InputError, match="for a reason"):
            await lift(scope, made, "bert", " ", NOW)
        await lift(scope, made, "bert", "asked us to call again", NOW)
        with pytest.raises(InputError, match="lifted by bert"):
            await lift(scope, made, "carl", "again", NOW)
        with pytest.raises(InputError, match="no freeze"):
            await lift(scope, 10**9, "carl", "again", NOW)
        assert (await freezes_of(scope, seeded.keys, [seeded.numbers[0]], NOW))[seeded.numbers[0]] == ()
        assert await listed(scope, seeded.keys, NOW) == []
        (one,) = await listed(scope, seeded.keys, NOW, lifted=True, number=seeded.numbers[0])
        assert (one.lifted_by, one.lift_reason) == ("bert", "asked us to call again")
        again, fresh = await freeze(scope, seeded.keys, NewFreeze(seeded.numbers[0]), NOW, "anna")
        assert fresh
        assert again != made


async def test_suspects_wait_until_somebody_judges_them(database: Database, keyring: Keyring) -> None:
    seeded = await seed(database, keyring, NOW)
    async with database.scope(seeded.tenant) as scope:
        one, new = await suspect(scope, seeded.keys, seeded.numbers[0], "call-1", "没兴趣", NOW, task_id=3)
        assert new
        assert await suspect(scope, seeded.keys, seeded.numbers[0], "call-1", "没兴趣", NOW) == (one, False)
        two, _ = await suspect(scope, seeded.keys, seeded.numbers[1], "call-2", "不想听", NOW)
        assert [(each.words, each.number) for each in await suspects(scope, seeded.keys)] == [
            ("没兴趣", seeded.numbers[0]),
            ("不想听", seeded.numbers[1]),
        ]
        made = await confirm(scope, seeded.keys, one, "anna", NOW)
        with pytest.raises(InputError, match="for a reason"):
            await dismiss(scope, two, "anna", "", NOW)
        await dismiss(scope, two, "anna", "asked for the price", NOW)
        with pytest.raises(InputError, match="is dismissed"):
            await confirm(scope, seeded.keys, two, "anna", NOW)
        assert await suspects(scope, seeded.keys) == []
        (frozen,) = await listed(scope, seeded.keys, NOW)
    assert (frozen.id, frozen.freeze.reason, frozen.freeze.until) == (made, "keyword", NOW + timedelta(days=90))


async def test_tenants_do_not_see_each_other(database: Database, keyring: Keyring) -> None:
    one = await seed(database, keyring, NOW, slug="one")
    other = await seed(database, keyring, NOW, slug="other")
    async with database.scope(one.tenant) as scope:
        made, _ = await freeze(scope, one.keys, NewFreeze(one.numbers[0]), NOW, "anna")
    async with database.scope(other.tenant) as scope:
        assert (await freezes_of(scope, other.keys, [one.numbers[0]], NOW))[one.numbers[0]] == ()
        with pytest.raises(InputError, match="no freeze"):
            await lift(scope, made, "bert", "mischief", NOW)
