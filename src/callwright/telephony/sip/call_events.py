"""What a call tells its owner: the events every leg has, and those the line alone hears of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from callwright.telephony.port import LegEvent
from callwright.telephony.sip import sdp
from callwright.telephony.sip.modifier import Changed
from callwright.telephony.sip.redirects import Lookup
from callwright.telephony.sip.refer import Referred, TransferProgress

if TYPE_CHECKING:
    from callwright.telephony.sip.call import Call

__all__ = ["CallEvent", "CallOffered", "Replaced", "SessionSet"]


@dataclass(frozen=True, slots=True)
class SessionSet:
    """Audio goes this way from now on; early = before the answer."""

    at_ms: int
    session: sdp.Session
    early: bool = False


@dataclass(frozen=True, slots=True)
class CallOffered:
    """Somebody calls us."""

    at_ms: int


@dataclass(frozen=True, slots=True)
class Replaced:
    """`by` goes on in this call's place (RFC 3891). The last event of this call."""

    at_ms: int
    by: Call


CallEvent = LegEvent | SessionSet | CallOffered | Changed | Referred | TransferProgress | Replaced | Lookup
