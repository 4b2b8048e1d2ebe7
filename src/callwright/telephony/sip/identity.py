"""Who one user agent is on the line, whom it listens to and what it agrees to."""

from __future__ import annotations

from dataclasses import dataclass

from callwright.telephony.port import WireCodec
from callwright.telephony.sip.caller import IdentityCheck
from callwright.telephony.sip.digest import Credentials
from callwright.telephony.sip.hops import Transport
from callwright.telephony.sip.session_timer import LEAST_S
from callwright.telephony.wire_audio import SrtpPolicy

__all__ = ["Identity"]


@dataclass(frozen=True, slots=True)
class Identity:
    """Who we are on the line.

    host, port: the address we are reached at (Via, Contact); domain: host of our From ("" = host); allow: source addresses that may
    open something new with us, None = all; everybody else gets silence; max_calls: more than these are answered 503;
    session_expires_s: how long a session lives without a refresh (RFC 4028; 0 = only when the far side asks); min_se_s: the least
    we agree to (below 90 for tests only); transport: what our Contact asks for; tcp: large requests may go by TCP;
    trusted: source addresses whose P-Asserted-Identity is believed (RFC 3325: those within our trust domain);
    check: judges the signature over a caller's number (STIR), None = nobody does;
    product: named in User-Agent and Server; "" = neither, so that a scanner learns nothing;
    takes_refer: somebody decides on a REFER of the far side; without, the answer is 603; codecs, srtp: what a call that comes in
    may speak, best first, and whether encrypted.
    """

    host: str
    port: int
    user: str = "line"
    domain: str = ""
    credentials: Credentials | None = None
    product: str = ""
    allow: frozenset[str] | None = None
    max_calls: int = 1_000
    incoming_ring_ms: int = 120_000
    incoming_max_ms: int = 3_600_000
    session_expires_s: int = 1_800
    min_se_s: int = LEAST_S
    transport: Transport = "UDP"
    tcp: bool = False
    takes_refer: bool = False
    trusted: frozenset[str] = frozenset()
    check: IdentityCheck | None = None
    codecs: tuple[WireCodec, ...] = ("PCMA", "PCMU")
    srtp: SrtpPolicy = "off"
