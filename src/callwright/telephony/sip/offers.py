"""Offer and answer of one call (RFC 3264, RFC 3261 section 14): what we said last, what we are waiting for, what we want."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from dataclasses import replace

from callwright.errors import WireError
from callwright.telephony.sip import crypto, sdp

__all__ = ["Offers"]


class Offers:
    """direction: what we want from now on (`sendonly` while we hold the far side); pending: an offer of ours has no answer yet.

    entropy gives so many unguessable bytes, for the keys of encrypted audio: new ones for each call, and in the answer to an offer that
    brings new ones. An offer of ours within the call repeats the key that holds (RFC 4568 section 7.1.4 allows both): the stream goes
    on without a seam, and there are telephones that take no other key in mid-call.
    """

    __slots__ = ("_agreed", "_entropy", "_id", "_pending", "_said", "_session", "direction", "local")

    def __init__(self, session_id: int, local: sdp.LocalMedia | None, entropy: Callable[[int], bytes]) -> None:
        self.local = local
        self.direction: sdp.Direction = "sendrecv"
        self._id = session_id
        self._entropy = entropy
        self._session: sdp.Session | None = None
        self._said: sdp.Description | None = None
        self._agreed: sdp.Description | None = None
        self._pending: sdp.Description | None = None

    def forget(self) -> None:
        """The call is over: nothing is offered or answered any more."""
        self.local = self._session = self._said = self._agreed = self._pending = None

    def fork(self) -> Offers:
        """The same course of offer and answer, to go on by itself from here: one for each dialog an INVITE makes."""
        return copy(self)

    @property
    def pending(self) -> bool:
        return self._pending is not None

    def offer(self) -> bytes:
        """A full offer of what we can do, in the direction we want; empty without media of ours."""
        if self.local is None:
            return b""
        return self._put(sdp.offer(self._keyed(self.local), self._id, 1, self.direction))

    def repeat(self) -> bytes:
        """The description that holds, as an offer that changes nothing (a session refresh)."""
        return self._put(self._agreed) if self._agreed is not None else self.offer()

    def _put(self, made: sdp.Description) -> bytes:
        self._pending = self._numbered(made)
        return self._pending.encode()

    def _numbered(self, made: sdp.Description) -> sdp.Description:
        """The version counts up whenever the text changes (RFC 3264 section 8)."""
        if self._said is not None:
            same = replace(made, version=self._said.version) == self._said
            made = replace(made, version=self._said.version + (0 if same else 1))
        self._said = made
        return made

    def withdraw(self) -> None:
        """Our offer was refused: what held before still holds (RFC 3261 section 14.1)."""
        self._pending = None

    def settle(self, body: bytes) -> sdp.Session:
        """The far side's answer to our offer; also once more for a further answer to the same offer.

        Raises:
            WireError: no usable answer.
        """
        offered = self._pending or self._agreed
        if offered is None:
            raise WireError("an answer without an offer")
        session = self._session = sdp.settle(offered, sdp.parse(body))
        self._agreed, self._pending = offered, None
        return session

    def answer(self, body: bytes) -> tuple[bytes, sdp.Session] | None:
        """Our answer to an offer, and what holds then; None when there is nothing in common."""
        try:
            offered = sdp.parse(body)
        except WireError:
            return None
        if self.local is None:
            return None
        made = sdp.answer(offered, self._keyed(self.local, offered), self._id, 1, self.direction)
        if made is None:
            return None
        self._agreed, self._session = self._numbered(made[0]), made[1]
        return self._agreed.encode(), made[1]

    def _keyed(self, local: sdp.LocalMedia, offered: sdp.Description | None = None) -> sdp.LocalMedia:
        """Our media with keys to offer, or to answer `offered` with."""
        if local.srtp == "off":
            return local
        fresh = crypto.fresh(self._entropy)
        held = self._session.srtp if self._session else None
        changed = offered is not None and held is not None and not _names(offered, held.theirs)
        if held is not None and not changed:
            fresh = tuple(replace(item, key=held.ours) if item.suite == held.suite else item for item in fresh)
        return replace(local, crypto=fresh)


def _names(offered: sdp.Description, key: bytes) -> bool:
    return any(item.key == key for line in offered.media for item in line.crypto)
