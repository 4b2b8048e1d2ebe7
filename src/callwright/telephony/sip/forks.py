"""The early dialogs of one INVITE (RFC 3261 section 13.2.2.4): each fork answers our offer for itself, and only for itself."""

from __future__ import annotations

from dataclasses import dataclass

from callwright.errors import WireError
from callwright.telephony.sip.dialog import Dialog
from callwright.telephony.sip.offers import Offers
from callwright.telephony.sip.sdp import Session

__all__ = ["MOST", "Fork"]

MOST = 32  # forks of one INVITE that are dealt with; a peer that invents more of them is not followed


@dataclass(slots=True, eq=False)
class Fork:
    """One early dialog. offers: its own course of offer and answer, which begins with the INVITE's offer; session: what holds in it
    (None = it has not answered yet); reliable: a reliable provisional response brought the answer, so that it may offer anew by UPDATE,
    and no later description of the same INVITE counts (RFC 6337 section 3.1.1)."""

    dialog: Dialog
    offers: Offers
    session: Session | None = None
    reliable: bool = False

    def settle(self, body: bytes, reliable: bool) -> Session | None:
        """What holds after a response with a session description; None when it is not usable: the next one may be."""
        if not self.reliable:
            try:
                self.session = self.offers.settle(body)
            except WireError:
                return None
            self.reliable = reliable
        return self.session
