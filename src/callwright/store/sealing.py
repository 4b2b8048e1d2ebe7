"""Fields that are sealed, and the blind index of numbers: what a process needs that only does this, without the database.

Sources: as in crypto.py, where these keys come from.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from callwright.errors import DamagedError

__all__ = ["NONCE", "VERSION", "FieldKeys", "derive", "open_sealed"]

VERSION = b"\x01"
"""The first byte of whatever is sealed."""
NONCE = 12
"""Bytes of a nonce (SP 800-38D, 8.2.2: random ones)."""


class FieldKeys:
    """What one tenant's fields are indexed and sealed with. Can be pickled, for a process of ours and nobody else. No I/O."""

    def __init__(self, tenant: int, index: bytes, seal: bytes) -> None:
        self.tenant = tenant
        self._index, self._seal = index, seal
        self._cipher = AESGCM(seal)
        self._begun = HMAC(index, SHA256())  # copied for each number: what the key does is done once
        self._about = b"%d|" % tenant

    def __reduce__(self) -> str | tuple[type[FieldKeys], tuple[int, bytes, bytes]]:
        return FieldKeys, (self.tenant, self._index, self._seal)

    def index(self, number: str) -> bytes:
        """16 bytes by which an E.164 number is found without being readable: equal for equal numbers of one tenant."""
        hashed = self._begun.copy()
        hashed.update(number.encode())
        return hashed.finalize()[:16]

    def seal(self, content: str | bytes, context: str | bytes) -> bytes:
        """Encrypted and bound to this tenant and to the context (`table.column`): 29 bytes longer than the content."""
        nonce = os.urandom(NONCE)
        plain = content.encode() if isinstance(content, str) else content
        return VERSION + nonce + self._cipher.encrypt(nonce, plain, self._about + _bytes(context))

    def open(self, blob: bytes, context: str | bytes) -> bytes:
        """What was sealed.

        Raises:
            DamagedError: it was changed, or sealed by another tenant, for another context, or with another key.
        """
        return open_sealed(self._cipher, blob, self._about + _bytes(context), _bytes(context).decode(errors="replace"))

    def opener(self, context: str) -> Callable[[bytes], bytes]:
        """`open` for many of one context."""
        cipher, about, what = self._cipher, self._about + context.encode(), context
        return lambda blob: open_sealed(cipher, blob, about, what)

    def seal_number(self, number: str) -> tuple[bytes, bytes]:
        """An E.164 number as it is kept: blind index and sealed text. Bound to each other, so that rows cannot be swapped."""
        index = self.index(number)
        return index, self.seal(number, b"number|" + index)

    def open_number(self, blob: bytes, index: bytes) -> str:
        """The number of a row.

        Raises:
            DamagedError: as for `open`, or the index is not this number's.
        """
        context = b"number|" + index
        return open_sealed(self._cipher, blob, self._about + context, "a phone number").decode()


def open_sealed(cipher: AESGCM, blob: bytes, about: bytes, what: str) -> bytes:
    """what: for whoever reads the error.

    Raises:
        DamagedError: it was not sealed by this key for this context, or changed.
    """
    if blob[:1] != VERSION or len(blob) < 1 + NONCE + 16:
        raise DamagedError(f"cannot open {what}: these bytes were not sealed by us")
    try:
        return cipher.decrypt(blob[1 : 1 + NONCE], blob[1 + NONCE :], about)
    except InvalidTag:
        raise DamagedError(f"cannot open {what}: it was changed, or another key sealed it") from None


def derive(key: bytes, purpose: bytes) -> bytes:
    """A key for one purpose out of another (HKDF, RFC 5869)."""
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"callwright/1/" + purpose).derive(key)


def _bytes(context: str | bytes) -> bytes:
    return context.encode() if isinstance(context, str) else context
