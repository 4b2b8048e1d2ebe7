"""Records on both databases: one chain for each tenant, whoever writes to it at the same time."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Executable, delete, func, select, update

from callwright.compliance.decision import Decision
from callwright.compliance.reasons import Reason
from callwright.compliance.record_file import anchor_text, read_anchor, record_text, verify
from callwright.compliance.record_store import (
    append,
    checked_head,
    export,
    find,
    head,
    pages,
    show,
    verify_kept,
    verify_one,
    vouched,
)
from callwright.compliance.records import GENESIS, Head, NewRecord, Sealed, link, signed_bytes
from callwright.compliance.tables import chain_head, decision_record, decision_rules
from callwright.errors import DamagedError, InputError
from callwright.store.crypto import Keyring
from callwright.store.database import Database
from callwright.store.metadata import TENANT
from callwright.testing.tenants import Seeded, seed

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 11, 26, 4, 0, tzinfo=UTC)


RULES_TEXT = (
    '[{"detail":"12:00","ok":true,"outcome":"ok","pack":"house","rule":"window","severity":"block","version":""}]'
)


def dial(n: int, person: int = 1, says: str = "12:00") -> NewRecord:
    decision = Decision("+8613900000001", "+861085550000", NOW.isoformat(), (Reason("window", True, says),))
    return NewRecord("dial", NOW, decision, "ab" * 32, person, 3, 5, f"call-{n}")


async def test_a_chain_without_gaps_that_anybody_can_check(database: Database, keyring: Keyring) -> None:
    seeded = await seed(database, keyring, NOW)
    for batch in ([dial(1), dial(2)], [], [dial(3)]):
        async with database.scope(seeded.tenant) as scope:
            await append(scope, seeded.keys, batch)
    async with database.scope(seeded.tenant) as scope:
        kept = [each async for page in pages(scope, 1, 99) for each in page]
        end = await head(scope)
    assert [each.record.seq for each in kept] == [1, 2, 3]
    assert [each.attempt_id for each in kept] == ["call-1", "call-2", "call-3"]
    before, public = GENESIS, seeded.keys.signing.public_key()
    for each in kept:
        assert each.record.hash == link(before, each.record.body)
        assert each.at == NOW
        before = each.record.hash
    assert [bool(each.record.signature) for each in kept] == [False, True, True]  # the last of each transaction
    for each in kept[1:]:
        public.verify(each.record.signature, signed_bytes(each.record.hash))
    assert {each.record.rules for each in kept} == {RULES_TEXT}
    async with database.scope(seeded.tenant) as scope:
        assert (
            await scope.value(
                select(func.count()).select_from(decision_rules).where(decision_rules.c.tenant_id == TENANT)
            )
            == 1
        )
    assert (end.seq, end.hash) == (3, before)


async def test_what_is_undone_leaves_nothing(database: Database, keyring: Keyring) -> None:
    seeded = await seed(database, keyring, NOW)
    with pytest.raises(RuntimeError):
        async with database.scope(seeded.tenant) as scope:
            await append(scope, seeded.keys, [dial(1)])
            raise RuntimeError
    async with database.scope(seeded.tenant) as scope:
        (sealed,) = await append(scope, seeded.keys, [dial(2)])
    assert sealed.seq == 1


async def test_writers_at_the_same_time_make_one_chain(database: Database, keyring: Keyring) -> None:
    seeded = await seed(database, keyring, NOW)

    async def write(n: int) -> None:
        async with database.scope(seeded.tenant) as scope:
            await append(scope, seeded.keys, [dial(n * 10 + m) for m in range(3)])

    async with asyncio.TaskGroup() as writers:
        for n in range(8):
            writers.create_task(write(n))
    async with database.scope(seeded.tenant) as scope:
        kept = [each async for page in pages(scope, 1, 99) for each in page]
    assert [each.record.seq for each in kept] == list(range(1, 25))
    before = GENESIS
    for each in kept:
        assert each.record.hash == link(before, each.record.body)
        before = each.record.hash


async def test_tenants_have_chains_of_their_own(database: Database, keyring: Keyring) -> None:
    one = await seed(database, keyring, NOW, slug="one")
    other = await seed(database, keyring, NOW, slug="other")
    for seeded in (one, other):
        async with database.scope(seeded.tenant) as scope:
            (sealed,) = await append(scope, seeded.keys, [dial(1)])
            assert sealed.seq == 1
    async with database.scope(other.tenant) as scope:
        assert [each.record.id for each in await find(scope)] == [sealed.id]


async def test_records_are_found_by_whom_they_are_about(database: Database, keyring: Keyring) -> None:
    seeded = await seed(database, keyring, NOW)
    async with database.scope(seeded.tenant) as scope:
        first, second = await append(scope, seeded.keys, [dial(1), dial(2, person=2)])
        assert [each.record.id for each in await find(scope, person=2)] == [second.id]
        assert [each.record.id for each in await find(scope, task=3)] == [second.id, first.id]
        assert [each.record.id for each in await find(scope, attempt="call-1", kind="dial")] == [first.id]
        assert await find(scope, kind="refusal") == []
        found = await show(scope, 1)
        assert found is not None
        assert found.record == first
        assert await show(scope, 3) is None


async def test_an_export_can_be_verified_without_the_database(database: Database, keyring: Keyring) -> None:
    seeded = await seed(database, keyring, NOW)
    async with database.scope(seeded.tenant) as scope:
        await append(scope, seeded.keys, [dial(n) for n in range(5)])
        whole = [line.encode() async for line in export(scope, seeded.keys, NOW)]
        part = [line.encode() async for line in export(scope, seeded.keys, NOW, 2, 3)]
        with pytest.raises(InputError, match="no record number 6"):
            [line async for line in export(scope, seeded.keys, NOW, 6)]
    public = seeded.keys.signing.public_key()
    assert verify(whole, public).last == 5
    assert verify(part, public).ok
    assert (verify(part, public).first, verify(part, public).last) == (2, 3)


async def test_records_whose_rules_say_different_things(database: Database, keyring: Keyring) -> None:
    seeded = await seed(database, keyring, NOW)
    public = seeded.keys.signing.public_key()
    for batch in (["a", "b", "a"], ["b"], ["c", "a"]):
        async with database.scope(seeded.tenant) as scope:
            await append(scope, seeded.keys, [dial(n, says=says) for n, says in enumerate(batch)])
    async with database.scope(seeded.tenant) as scope:
        kept = [each async for page in pages(scope, 1, 99) for each in page]
        assert (await verify_kept(scope, public)).ok
        assert verify([line.encode() async for line in export(scope, seeded.keys, NOW)], public).ok
        for each in kept:  # each of them by itself
            assert (await verify_one(scope, public, each)).ok
    assert [json.loads(each.record.rules)[0]["detail"] for each in kept] == ["a", "b", "a", "b", "c", "a"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_one_record_is_vouched_for_by_the_next_signature(database: Database, keyring: Keyring) -> None:
    seeded = await seed(database, keyring, NOW)
    for _ in range(2):
        await written(database, seeded, 3)
    await change(database, update(decision_record).values(person_id=99).where(decision_record.c.seq == 3))
    assert await each_by_itself(database, seeded) == [set(), set(), {"columns-differ"}, set(), set(), set()]
    await change(database, update(decision_record).values(signature=bytes(64)).where(decision_record.c.seq == 3))
    found = await each_by_itself(database, seeded)  # the next transaction vouches for the first two as well
    assert found == [set(), set(), {"columns-differ", "bad-signature"}, set(), set(), set()]
    await change(database, update(decision_record).values(signature=b"").where(decision_record.c.seq == 6))
    assert (await each_by_itself(database, seeded))[3:] == [{"unsigned"}, {"unsigned"}, {"unsigned", "bad-signature"}]


@pytest.mark.parametrize("move_head", [False, True])
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_nothing_of_ours_vouches_for_what_somebody_without_the_key_wrote(
    database: Database, keyring: Keyring, move_head: bool
) -> None:
    """They change the last record, take its signature away, and put right everything that needs no key."""
    seeded = await seed(database, keyring, NOW)
    public = seeded.keys.signing.public_key()
    await written(database, seeded, 2)
    async with database.scope(seeded.tenant) as scope:
        first, last = [each async for page in pages(scope, 1, 99) for each in page]
    body = last.record.body.replace('"signed":true', '"signed":false').replace('"because":""', '"because":"x"')
    forged = link(first.record.hash, body)
    new = {"body": body, "hash": forged, "signature": b""}
    await change(database, update(decision_record).values(**new).where(decision_record.c.seq == 2))
    if move_head:
        await change(database, update(chain_head).values(hash=forged))
    async with database.scope(seeded.tenant) as scope:
        kept = await show(scope, 2)
        assert kept is not None
        assert not await vouched(scope, public, kept.record)
        assert {one.found for one in (await verify_one(scope, public, kept)).findings} == {"unsigned"}
        exported = [line.encode() async for line in export(scope, seeded.keys, NOW)]
        assert "unsigned" in {one.found for one in verify(exported, public).findings}
        alone = [line.encode() async for line in export(scope, seeded.keys, NOW, 2)]
        assert "unsigned" in {one.found for one in verify(alone, public).findings}
    if move_head:
        async with database.scope(seeded.tenant) as scope:
            with pytest.raises(DamagedError, match="somebody else wrote"):
                await append(scope, seeded.keys, [dial(9)])
            with pytest.raises(DamagedError, match="somebody else wrote"):
                await checked_head(scope, seeded.keys)
    else:
        await written(database, seeded, 1)  # from the end as it was: what follows does not follow from the forged one
    async with database.scope(seeded.tenant) as scope:
        assert not (await verify_kept(scope, public)).ok


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_no_header_vouches_for_a_head_that_is_not_there(database: Database, keyring: Keyring) -> None:
    """They move the head while somebody exports, and then give out the forged record with that header."""
    seeded = await seed(database, keyring, NOW)
    await written(database, seeded, 2)
    async with database.scope(seeded.tenant) as scope:
        first, last = [each async for page in pages(scope, 1, 99) for each in page]
    body = last.record.body.replace('"signed":true', '"signed":false').replace('"because":""', '"because":"x"')
    forged = Sealed(2, body, link(first.record.hash, body), b"", last.record.rules)
    await change(database, update(chain_head).values(hash=forged.hash))
    async with database.scope(seeded.tenant) as scope:
        header, *_ = [line.encode() async for line in export(scope, seeded.keys, NOW)]
    given = [header, record_text(first.record).encode(), record_text(forged).encode()]
    found = {one.found for one in verify(given, seeded.keys.signing.public_key()).findings}
    assert found == {"unsigned"}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_damaged_mac_stops_nobody(database: Database, keyring: Keyring) -> None:
    """The record that the head names is signed: that says as much."""
    seeded = await seed(database, keyring, NOW)
    await written(database, seeded, 2)
    await change(database, update(chain_head).values(mac=bytes(32)))
    async with database.scope(seeded.tenant) as scope:
        assert (await checked_head(scope, seeded.keys)).seq == 2
    await written(database, seeded, 1)
    async with database.scope(seeded.tenant) as scope:
        assert (await verify_kept(scope, seeded.keys.signing.public_key())).records == 3
    await change(
        database, update(chain_head).values(mac=bytes(32), seq=1)
    )  # of a record that is not the last, and not signed
    async with database.scope(seeded.tenant) as scope:
        with pytest.raises(DamagedError):
            await append(scope, seeded.keys, [dial(9)])


async def test_a_chain_that_was_not_begun_has_no_end(database: Database, keyring: Keyring) -> None:
    seeded = await seed(database, keyring, NOW)
    async with database.scope(seeded.tenant) as scope:
        assert await checked_head(scope, seeded.keys) == Head()
        await scope.run(update(chain_head).where(chain_head.c.tenant_id == TENANT).values(seq=4))
        with pytest.raises(DamagedError):
            await append(scope, seeded.keys, [dial(1)])


async def written(database: Database, seeded: Seeded, count: int) -> None:
    async with database.scope(seeded.tenant) as scope:
        await append(scope, seeded.keys, [dial(n) for n in range(count)])


async def change(database: Database, statement: Executable) -> None:
    async with database.system() as connection:
        await connection.execute(statement)


async def each_by_itself(database: Database, seeded: Seeded) -> list[set[str]]:
    public = seeded.keys.signing.public_key()
    async with database.scope(seeded.tenant) as scope:
        kept = [each async for page in pages(scope, 1, 99) for each in page]
        return [{one.found for one in (await verify_one(scope, public, each)).findings} for each in kept]


TAMPERED = {
    "a body": (update(decision_record).values(body='{"a":1}').where(decision_record.c.seq == 2), "edited"),
    "a column": (update(decision_record).values(person_id=99).where(decision_record.c.seq == 2), "columns-differ"),
    "a time": (update(decision_record).values(at=NOW + timedelta(hours=1)), "columns-differ"),
    "a signature": (update(decision_record).values(signature=bytes(64)).where(decision_record.c.seq == 4), "bad-signature"),
    "a signature removed": (update(decision_record).values(signature=b"").where(decision_record.c.seq == 4), "unsigned"),
    "what the rules said": (update(decision_rules).values(text="[]"), "edited"),
    "what the rules said removed": (delete(decision_rules), "edited"),
    "by which text": (update(decision_record).values(rules=bytes(32)).where(decision_record.c.seq == 2), "edited"),
    "a row": (delete(decision_record).where(decision_record.c.seq == 2), "gap"),
    "the last row": (delete(decision_record).where(decision_record.c.seq == 4), "truncated"),
    "the head": (update(chain_head).values(seq=3), "added"),
    "row and head": (None, "cut-off"),
}  # fmt: skip


@pytest.mark.parametrize("how", TAMPERED)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_tampering_with_the_database_is_found(database: Database, keyring: Keyring, how: str) -> None:
    seeded = await seed(database, keyring, NOW)
    public = seeded.keys.signing.public_key()
    async with database.scope(seeded.tenant) as scope:
        await append(scope, seeded.keys, [dial(n) for n in range(4)])
        end = await head(scope)
        anchor = read_anchor(anchor_text(seeded.tenant, end, seeded.keys.signing, NOW).encode(), public)
        assert (await verify_kept(scope, public, [anchor])).ok
        third = await show(scope, 3)
    assert third is not None
    statement, name = TAMPERED[how]
    async with database.system() as connection:
        if statement is not None:
            await connection.execute(statement)
        else:
            await connection.execute(delete(decision_record).where(decision_record.c.seq == 4))
            await connection.execute(update(chain_head).values(seq=3, hash=third.record.hash))
    async with database.scope(seeded.tenant) as scope:
        report = await verify_kept(scope, public, [anchor])
    assert name in {finding.found for finding in report.findings}
