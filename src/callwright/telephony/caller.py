"""Who calls, as the call says it: values without a protocol. Nothing here decides anything, and all of it may be forged but `asserted`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

__all__ = ["Caller", "Diversion", "HistoryEntry", "IdentityVerdict", "Party", "Reason", "UserToUser"]

_TOKEN = re.compile(r"[A-Za-z0-9\-.!%*_+`'~]+")


@dataclass(frozen=True, slots=True)
class Party:
    """One address. number: its user part, a telephone number or a name; display: the name beside it; uri: as it came."""

    number: str = ""
    display: str = ""
    uri: str = ""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something ended or was sent on (RFC 3326). protocol: `Q.850` or `SIP`; cause: its number there."""

    protocol: str
    cause: int | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Diversion:
    """Who sent the call on (RFC 5806). reason: `unconditional`, `user-busy`, `no-answer`, `time-of-day`, ...; count: how many times;
    private: the number may not be shown."""

    party: Party
    reason: str = ""
    count: int = 1
    private: bool = False


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """Whom the call was for on its way (RFC 7044). index: `1.1` comes from `1`; reasons: why it went on from there."""

    party: Party
    index: str = ""
    reasons: tuple[Reason, ...] = ()
    private: bool = False


@dataclass(frozen=True, slots=True)
class UserToUser:
    """What a person or a program sends along with a call (RFC 7433). data: decoded when the encoding is `hex`, else as it came."""

    data: bytes
    purpose: str = ""
    content: str = ""
    encoding: str = "hex"

    def __str__(self) -> str:
        """The value of the header."""
        data = self.data.hex() if self.encoding == "hex" else _quoted(self.data.decode("utf-8", "surrogateescape"))
        named = (("purpose", self.purpose), ("content", self.content), ("encoding", self.encoding))
        return ";".join([data, *(f"{name}={_quoted(value)}" for name, value in named if value)])


@dataclass(frozen=True, slots=True)
class IdentityVerdict:
    """What a signature over the caller's number proves (STIR, SHAKEN): `absent` = there is none, `unverified` = it cannot be judged
    here, `invalid` = it is wrong; reason says why, without any number.

    When `valid`: number is the one that was signed for; attestation and origid are the signer's word (RFC 8588): `A` = it knows the
    caller and its right to the number, `B` = it knows the caller, `C` = it only passed the call on, "" = a plain signature.
    """

    status: Literal["valid", "invalid", "unverified", "absent"] = "absent"
    attestation: Literal["A", "B", "C", ""] = ""
    origid: str = ""
    reason: str = ""
    number: str = ""


def _quoted(text: str) -> str:
    """A token as it is, anything else as a quoted string (RFC 3261 section 25.1)."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return text if _TOKEN.fullmatch(text) else f'"{escaped}"'


@dataclass(frozen=True, slots=True)
class Caller:
    """A call that comes in. shown: what the caller calls itself; asserted: what a trusted network vouches for, empty from anybody else;
    privacy: what the caller asked to be kept back (`id`, `user`, `header`); diversions and history: latest first and first to last;
    identity: what its signature proves, `absent` also where the line verifies none."""

    shown: Party = Party()
    asserted: tuple[Party, ...] = ()
    privacy: frozenset[str] = frozenset()
    diversions: tuple[Diversion, ...] = ()
    history: tuple[HistoryEntry, ...] = ()
    user_to_user: tuple[UserToUser, ...] = ()
    identity: IdentityVerdict = IdentityVerdict()

    @property
    def number(self) -> str:
        """The number to go by: what is vouched for, else what is shown."""
        return next((party.number for party in self.asserted if party.number), self.shown.number)

    @property
    def withheld(self) -> bool:
        """Whether the caller does not want its number shown to anybody."""
        return bool(self.privacy & {"id", "user"}) or self.shown.number.lower() in ("", "anonymous")
