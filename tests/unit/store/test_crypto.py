from __future__ import annotations

import base64
import hmac
import os
import pickle
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from callwright.accounts.tables import tenant_key
from callwright.errors import DamagedError, SettingsError, StoreError
from callwright.store.crypto import Keyring, TenantKeys
from callwright.store.database import Database
from callwright.store.metadata import TENANT
from callwright.testing.tenants import seed

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)


def keys(tenant: int = 1, data: bytes = b"d" * 32) -> TenantKeys:
    return TenantKeys(tenant, data, b"s" * 32)


@given(content=st.binary(max_size=200), context=st.text(max_size=20))
def test_what_is_sealed_opens_again(content: bytes, context: str) -> None:
    sealed = keys().seal(content, context)
    assert len(sealed) == len(content) + 29
    assert keys().open(sealed, context) == content


@given(where=st.integers(0, 60), bit=st.integers(0, 7), data=st.data())
def test_a_changed_bit_is_told(where: int, bit: int, data: st.DataObject) -> None:
    sealed = bytearray(keys().seal("+8613900000001", "x"))
    sealed[where % len(sealed)] ^= 1 << bit
    with pytest.raises(DamagedError, match="cannot open x"):
        keys().open(bytes(sealed), "x")
    with pytest.raises(DamagedError):
        keys().open(bytes(sealed[: data.draw(st.integers(0, len(sealed) - 1))]), "x")


def test_keys_of_fields_are_handed_on_and_the_signing_key_is_not() -> None:
    own = keys()
    handed = pickle.loads(pickle.dumps(own.fields))
    index, sealed = handed.seal_number("+8613900000001")
    assert index == own.index("+8613900000001") == hmac.digest(own._index, b"+8613900000001", "sha256")[:16]
    assert own.open_number(sealed, index) == "+8613900000001"
    assert own.opener("a.b")(handed.seal("told", "a.b")) == b"told"
    with pytest.raises(TypeError, match="hand on `fields`"):
        pickle.dumps(own)


def test_another_context_tenant_or_key_does_not_open() -> None:
    sealed = keys().seal("secret", "a.b")
    for other, context in ((keys(), "a.c"), (keys(tenant=2), "a.b"), (keys(data=b"e" * 32), "a.b")):
        with pytest.raises(DamagedError):
            other.open(sealed, context)


def test_the_index_is_keyed_and_numbers_cannot_be_swapped() -> None:
    one, two = keys().seal_number("+8613900000001"), keys().seal_number("+8613900000002")
    assert one[0] == keys().index("+8613900000001") and len(one[0]) == 16
    assert keys(data=b"e" * 32).index("+8613900000001") != one[0]
    assert keys().open_number(one[1], one[0]) == "+8613900000001"
    with pytest.raises(DamagedError):
        keys().open_number(two[1], one[0])


def test_a_key_file_is_made_once_and_only_for_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "callwright.key"
    Keyring.from_file(path, create=True)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    first = path.read_bytes()
    Keyring.from_file(path, create=True)
    assert path.read_bytes() == first
    assert [found.name for found in path.parent.iterdir()] == ["callwright.key"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "there is no key file"),
        (b"", "holds no master key"),
        (b"hunter2\n", "holds no master key"),
        (b"callwright-key-1:" + base64.b64encode(b"x" * 31), "holds no master key"),
        (b"callwright-key-1:%%%", "holds no master key"),
        (b"\xff\xfe", "cannot be read"),
    ],
)
def test_a_wrong_key_file_is_told(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "key"
    if content is not None:
        path.write_bytes(content)
        path.chmod(0o600)
    with pytest.raises(SettingsError, match=message):
        Keyring.from_file(path)


def test_a_key_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_bytes(b"callwright-key-1:" + base64.b64encode(os.urandom(32)))
    path.chmod(0o640)
    with pytest.raises(SettingsError, match="others may read"):
        Keyring.from_file(path)


@pytest.mark.anyio
async def test_keys_of_tenants(database: Database, keyring: Keyring) -> None:
    one = await seed(database, keyring, NOW, slug="one", leads=1)
    two = await seed(database, keyring, NOW, slug="two", leads=1)
    assert one.keys.index("+8613900000000") != two.keys.index("+8613900000000")
    async with database.scope(one.tenant) as scope:
        found = await keyring.tenant(scope)
        assert found is await keyring.tenant(scope)
        assert found.index("+1") == one.keys.index("+1")
        shown = await scope.value(select(tenant_key.c.public).where(tenant_key.c.tenant_id == TENANT, _SIGNING))
        assert found.signing.public_key().public_bytes_raw() == shown
        with pytest.raises(DamagedError, match="CALLWRIGHT_KEY_FILE"):
            await Keyring.new().tenant(scope)
        # A key that was put into another tenant's row, or damaged, does not open.
        wrapped = await scope.value(select(tenant_key.c.wrapped).where(tenant_key.c.tenant_id == TENANT, _SIGNING))
    async with database.scope(two.tenant) as scope:
        await scope.run(update(tenant_key).where(tenant_key.c.tenant_id == TENANT, _SIGNING).values(wrapped=wrapped))
        with pytest.raises(DamagedError, match="signing key"):
            await keyring.tenant(scope)


@pytest.mark.anyio
async def test_a_tenant_without_keys_is_told(database: Database, keyring: Keyring) -> None:
    async with database.scope(77) as scope:
        with pytest.raises(StoreError, match="tenant 77 has no keys"):
            await keyring.tenant(scope)


_SIGNING = tenant_key.c.purpose == "signing"
