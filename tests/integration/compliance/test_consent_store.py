"""The consent ledger on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from callwright.compliance.consent_store import add, consents_of, known, revoke, used, uses_of
from callwright.compliance.consents import NewConsent
from callwright.errors import InputError
from callwright.store.crypto import Keyring
from callwright.store.database import Database
from callwright.testing.tenants import seed

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 11, 26, 4, 0, tzinfo=UTC)
PROOF = "9f" * 32


async def test_add_use_and_revoke(database: Database, keyring: Keyring) -> None:
    seeded = await seed(database, keyring, NOW)
    async with database.scope(seeded.tenant) as scope:
        person = await known(scope, seeded.keys, seeded.numbers[0])
        assert (person.id, person.country, person.erased) == (seeded.persons[0], "CN", False)
        new = NewConsent("consent", frozenset({"survey"}), NOW, evidence=PROOF, channel="paper", source="fair")
        made = await add(scope, person.id, new, NOW)
        await used(
            scope, [(made, "call-1"), (made, "call-2"), (seeded.consents[1], "call-3")], NOW + timedelta(hours=1)
        )
        first, second = await consents_of(scope, person.id)
        assert (second.facts.id, second.facts.scope, second.facts.evidence) == (made, frozenset({"survey"}), PROOF)
        assert (second.uses, second.last_used_at) == (2, NOW + timedelta(hours=1))
        assert first.uses == 0
        assert {use.attempt_id for use in await uses_of(scope, made)} == {"call-1", "call-2"}
        revoked = await revoke(scope, person.id, "sms", NOW + timedelta(hours=2))
        assert revoked == [seeded.consents[0], made]
        for one in await consents_of(scope, person.id):
            assert one.facts.revoked_at == one.honour_by == NOW + timedelta(hours=2)
            assert one.revoked_means == "sms"
        assert await revoke(scope, person.id, "mail", NOW + timedelta(hours=3)) == []
        (other,) = await consents_of(scope, seeded.persons[1])
        assert other.facts.revoked_at is None


async def test_revoking_for_one_company_or_one_consent(database: Database, keyring: Keyring) -> None:
    seeded = await seed(database, keyring, NOW)
    person = seeded.persons[0]
    async with database.scope(seeded.tenant) as scope:
        made = await add(scope, person, NewConsent("contract", frozenset(), NOW), NOW)
        assert await revoke(scope, person, "call", NOW, consent_id=made) == [made]
        assert await revoke(scope, person, "call", NOW, company_id=seeded.company + 99) == []
        assert await revoke(scope, person, "call", NOW, company_id=seeded.company) == [seeded.consents[0]]
        with pytest.raises(InputError, match="no means"):
            await revoke(scope, person, "telepathy", NOW)
        with pytest.raises(InputError, match="nobody here"):
            await known(scope, seeded.keys, "+8613911112222")
