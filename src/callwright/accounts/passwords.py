"""Passwords: which are taken (NIST SP 800-63B-4, OWASP ASVS 5.0 6.2: length, not riddles), and how they are kept (argon2id, RFC 9106).

A hash costs about 64 MB and a tenth of a second: it is made in a thread, a few at once, whoever else waits.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import partial
from importlib.resources import files
from itertools import pairwise
from typing import TypeVar

import anyio
import anyio.to_thread
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from callwright.errors import Place, Problem

__all__ = ["LONGEST", "SHORTEST", "Hasher", "problems_of"]

SHORTEST, LONGEST = 12, 128
"""Characters of a password."""

_T = TypeVar("_T")

_OURS = ("callwright", "robot", "phone")


def problems_of(password: str, about: Iterable[str] = ()) -> list[Problem]:
    """Why it is not taken; [] = it is. about: words that belong to whoever chose it, like their name and mail address."""
    place = Place(field="password")
    plain = _plain(password)
    if len(password) < SHORTEST:
        what = f"a password has at least {SHORTEST} characters"
        return [Problem("password-short", what, place, "Four or five words that do not belong together do well.")]
    if len(password) > LONGEST:
        return [Problem("password-long", f"a password has at most {LONGEST} characters", place)]
    if plain in _COMMON or len(set(plain)) < 5 or _runs(plain):
        what = "this password is among the first that are tried"
        return [Problem("password-common", what, place, "Take one that nobody else would think of.")]
    left = plain
    for part in sorted(_words(about), key=len, reverse=True):
        left = left.replace(part, "")
    if left != plain and len(left) < 8:
        what = "this password is hardly more than a name that others know"
        return [Problem("password-name", what, place, "Leave out your name, address and the product's name.")]
    return []


class Hasher:
    """Makes and checks hashes, `at_once` at a time. memory_kib, rounds: only tests choose less."""

    def __init__(self, *, at_once: int = 2, memory_kib: int = 64 * 1024, rounds: int = 3) -> None:
        self._hasher = PasswordHasher(time_cost=rounds, memory_cost=memory_kib, parallelism=1)
        self._room = anyio.CapacityLimiter(at_once)
        self._nobody = ""

    async def make(self, password: str) -> str:
        """The hash of a password, as a PHC string."""
        return await self._run(partial(self._hasher.hash, _normal(password)))

    async def fits(self, kept: str, password: str) -> bool:
        """Whether it is the password of this hash. kept: "" = there is none: it costs as much time, and does not fit."""
        if not kept:
            self._nobody = self._nobody or await self.make("nobody's password at all")
        known = kept or self._nobody
        try:
            await self._run(partial(self._hasher.verify, known, _normal(password)))
        except (VerifyMismatchError, InvalidHashError):
            return False
        return bool(kept)

    def outdated(self, kept: str) -> bool:
        """Whether it was made with other costs than now: make it anew at the next sign-in."""
        return self._hasher.check_needs_rehash(kept)

    async def _run(self, work: partial[_T]) -> _T:
        return await anyio.to_thread.run_sync(work, limiter=self._room)


def _normal(password: str) -> str:
    """The same letters typed on another keyboard are the same password (NIST SP 800-63B-4 3.1.1.2); nothing is cut off."""
    return unicodedata.normalize("NFKC", password)[: LONGEST * 4]


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def _words(about: Iterable[str]) -> set[str]:
    """Words of four letters and more in what belongs to somebody: `anna.schmidt`, `schmidt`, `acme`."""
    found = set(_OURS)
    for text in map(_plain, about):
        found |= {*text.replace("@", " ").split(), *text.replace("@", " ").replace(".", " ").split()}
    return {word for word in found if len(word) >= 4}


def _runs(plain: str) -> bool:
    """Whether it is one run of neighbours (`abcdefghijkl`, `098765432109`) or one piece repeated (`abcabcabcabc`)."""
    steps = {ord(b) - ord(a) for a, b in pairwise(plain)}
    if len(steps - {-9, 9}) <= 1 and steps <= {-1, 1, -9, 9}:
        return True
    return any(len(plain) % n == 0 and plain == plain[:n] * (len(plain) // n) for n in range(1, 5))


_COMMON = frozenset(
    _plain(line.strip())
    for line in (files(__package__) / "common_passwords.txt").read_text(encoding="utf-8").splitlines()
    if line.strip() and not line.startswith("#")
)
