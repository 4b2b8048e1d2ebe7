"""A transfer the far side asks for (RFC 3515): a policy decides, the call is placed, and the far side hears how it goes."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Protocol

from callwright.errors import CallwrightError, RefusedError
from callwright.telephony.port import DialOrder
from callwright.telephony.sip.call import Call
from callwright.telephony.sip.leg import LegHost, SipLeg
from callwright.telephony.sip.refer import Referred
from callwright.telephony.sip.wire import Headers

__all__ = ["ReferPlacer", "ReferPolicy", "decide"]

log = logging.getLogger(__name__)


class ReferPolicy(Protocol):
    """Decides on transfers the far side asks for."""

    async def allow(self, leg: SipLeg, request: Referred) -> DialOrder | None:
        """The call to place for it, with its permit; None = no (603)."""

    def placed(self, leg: SipLeg, new: SipLeg) -> None:
        """The new call is on its way; the policy owns it now."""


ReferPlacer = Callable[[SipLeg, DialOrder, Headers], Awaitable[SipLeg]]


async def decide(
    host: LegHost, call: Call, leg: SipLeg, request: Referred, policy: ReferPolicy, place: ReferPlacer
) -> None:
    """The far side wants to be connected with somebody else: ask the policy, place the call, report how it goes."""
    referral = call.referral
    if referral is None:
        return
    try:
        order = await policy.allow(leg, request)
    except CallwrightError as error:
        log.warning("sip: a transfer is refused: %s", error)
        order = None
    except Exception as error:  # noqa: BLE001 - the policy is not ours: its fault must not end the other calls
        log.error("sip: a transfer is refused, deciding on it failed with %s", type(error).__name__)
        order = None
    if order is None:
        referral.decline(host.now_ms())
        host.pump()
        return
    accepted = referral.accept(host.now_ms())
    host.pump()
    if not accepted:
        log.warning("sip: nobody is called for a transfer: whoever asked for it has hung up before it was decided")
        return
    try:
        new = await place(leg, order, request.headers)
    except CallwrightError as error:
        log.warning("sip: the call of a transfer cannot be placed: %s", error)
        referral.tell(603 if isinstance(error, RefusedError) else 503, "", host.now_ms())
        host.pump()
        return
    new.watch(referral.tell)
    policy.placed(leg, new)
