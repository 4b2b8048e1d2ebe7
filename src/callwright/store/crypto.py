"""Keys of tenants, and what is sealed with them.

One master key stands in a file outside of the database. It wraps two keys of each tenant (`tenant_key`): a data key, from which the key of
the blind index and the key of sealed fields are derived, and an Ed25519 key that signs decision records. Who loses the row of a tenant's
data key has erased its numbers; who has the database alone has noise.

    keys = await keyring.tenant(scope)
    number_index, sealed = keys.seal_number("+8613900000001")
    note = keys.seal("told his name", "call_result.summary")      # opens under this context only

Sources: AES-256-GCM (NIST SP 800-38D; random 96-bit nonces, so at most 2^32 seals for one key), HKDF (RFC 5869), HMAC (RFC 2104),
Ed25519 (RFC 8032). The blind index is keyed because eleven digits can be tried out.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
from collections import OrderedDict
from datetime import datetime
from functools import cached_property
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import insert, select

from callwright.accounts.tables import tenant_key
from callwright.errors import Problem, SettingsError, StoreError
from callwright.store.metadata import TENANT
from callwright.store.scope import Scope
from callwright.store.sealing import NONCE, VERSION, FieldKeys, derive, open_sealed

__all__ = ["Keyring", "TenantKeys"]

_MARK = "callwright-key-1:"
_REMEMBERED = 1024

_WRAPPED = select(tenant_key.c.purpose, tenant_key.c.wrapped).where(tenant_key.c.tenant_id == TENANT)
_ADD = insert(tenant_key)


class TenantKeys(FieldKeys):
    """What one tenant's fields are indexed, sealed and signed with. Fast: a few microseconds each, no I/O."""

    def __init__(self, tenant: int, data: bytes, signing: bytes) -> None:
        super().__init__(tenant, derive(data, b"index"), derive(data, b"seal"))
        self.words = derive(data, b"words")  # where words of calls stand in their index
        self._ends = derive(data, b"chain-end")
        self._signing = signing

    def __reduce__(self) -> str:
        raise TypeError("the signing key leaves its process by no way: hand on `fields`")

    @property
    def fields(self) -> FieldKeys:
        """Those of fields alone: for a process of ours that seals."""
        return FieldKeys(self.tenant, self._index, self._seal)

    def mac_of_end(self, seq: int, hashed: bytes) -> bytes:
        """32 bytes that tell who wrote where the chain of records ends: somebody with the key (keyed BLAKE2b, RFC 7693)."""
        return hashlib.blake2b(b"%d:" % seq + hashed, key=self._ends, digest_size=32).digest()

    @cached_property
    def signing(self) -> Ed25519PrivateKey:
        """The key that signs this tenant's decision records; its public half stands in `tenant_key`."""
        return Ed25519PrivateKey.from_private_bytes(self._signing)


class Keyring:
    """The master key, and the keys of tenants that it opens."""

    def __init__(self, master: bytes) -> None:
        if len(master) != 32:
            raise ValueError("a master key has 32 bytes")
        self._wrap = AESGCM(derive(master, b"wrap"))
        self._opened: OrderedDict[tuple[int, bytes, bytes], TenantKeys] = OrderedDict()

    @classmethod
    def from_file(cls, path: Path, *, create: bool = False) -> Keyring:
        """The key in this file. create: make one when there is none (readable by its owner alone).

        Raises:
            SettingsError: the file is missing, damaged, or others may read it.
        """
        if create and not path.exists():
            _make_key_file(path)
        return cls(_read_key_file(path))

    @classmethod
    def new(cls) -> Keyring:
        """One that nobody can make again: for tests and demonstrations."""
        return cls(os.urandom(32))

    async def create(self, scope: Scope, now: datetime) -> TenantKeys:
        """Make the keys of the scope's tenant, which has none yet.

        Raises:
            IntegrityError: it has keys.
        """
        data, signing = os.urandom(32), os.urandom(32)
        public = Ed25519PrivateKey.from_private_bytes(signing).public_key().public_bytes_raw()
        for purpose, key, shown in (("data", data, None), ("signing", signing, public)):
            wrapped = self._seal(key, scope.tenant, purpose)
            await scope.run(_ADD, purpose=purpose, wrapped=wrapped, public=shown, created_at=now)
        return TenantKeys(scope.tenant, data, signing)

    async def tenant(self, scope: Scope) -> TenantKeys:
        """The keys of the scope's tenant. Asks the database each time (one row each), unwraps them once.

        Raises:
            StoreError: the tenant has no keys: it was never set up, or erased.
            DamagedError: this master key did not wrap them, or they were changed.
        """
        wrapped = {row.purpose: bytes(row.wrapped) for row in await scope.all(_WRAPPED)}
        if not {"data", "signing"} <= wrapped.keys():
            raise StoreError(
                f"tenant {scope.tenant} has no keys: it was not set up by `callwright tenant add`, or erased"
            )
        known = (scope.tenant, wrapped["data"], wrapped["signing"])
        keys = self._opened.get(known)
        if keys is None:
            data, signing = (self._unseal(wrapped[purpose], scope.tenant, purpose) for purpose in ("data", "signing"))
            keys = self._opened[known] = TenantKeys(scope.tenant, data, signing)
            if len(self._opened) > _REMEMBERED:
                self._opened.popitem(last=False)
        return keys

    def _seal(self, key: bytes, tenant: int, purpose: str) -> bytes:
        nonce = os.urandom(NONCE)
        return VERSION + nonce + self._wrap.encrypt(nonce, key, _about_key(tenant, purpose))

    def _unseal(self, wrapped: bytes, tenant: int, purpose: str) -> bytes:
        what = f"the {purpose} key of tenant {tenant} (is CALLWRIGHT_KEY_FILE the file of this database?)"
        return open_sealed(self._wrap, wrapped, _about_key(tenant, purpose), what)


def _about_key(tenant: int, purpose: str) -> bytes:
    return f"{tenant}|tenant_key|{purpose}".encode()


def _make_key_file(path: Path) -> None:
    """Whole or not at all, and never over one that another process just made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.urandom(8).hex()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(f"{_MARK}{base64.b64encode(os.urandom(32)).decode()}\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            return
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    finally:
        draft.unlink()


def _read_key_file(path: Path) -> bytes:
    try:
        if path.stat().st_mode & 0o077:
            raise SettingsError(
                Problem("key-file", f"{path} holds the master key and others may read it", hint=f"chmod 600 {path}")
            )
        text = path.read_text(encoding="ascii")
    except FileNotFoundError:
        hint = "set CALLWRIGHT_KEY_FILE to the key of this database; `callwright db key FILE` makes a new one"
        raise SettingsError(Problem("key-file", f"there is no key file {path}", hint=hint)) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(Problem("key-file", f"the key file {path} cannot be read: {error}")) from None
    try:
        key = base64.b64decode(text.strip().removeprefix(_MARK), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not text.startswith(_MARK) or len(key) != 32:
        raise SettingsError(
            Problem("key-file", f"{path} holds no master key", hint=f"it is one line: {_MARK} and 32 bytes as base64")
        )
    return key
