"""REFER and its NOTIFYs within a call (RFC 3515): handing the far side over, and being handed over, with progress both ways.

An attended transfer (RFC 5589) is a REFER whose Refer-To holds `?Replaces=`: the new call takes the place of the one that was announced.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from callwright.errors import LineError, WireError
from callwright.telephony.sip.caller import parse_user_to_user
from callwright.telephony.sip.fields import parse_address, parse_uri, split_headers, with_headers
from callwright.telephony.sip.replaces import Replaces, parse_replaces
from callwright.telephony.sip.replies import REASONS
from callwright.telephony.sip.transactions import Key
from callwright.telephony.sip.wire import Headers, Request, Response

if TYPE_CHECKING:
    from callwright.telephony.sip.call import Call

__all__ = ["Referral", "Referred", "Transfer", "TransferProgress", "read_refer"]

PATIENCE_MS = 120_000
MAX_PENDING = 10

_FRAG = re.compile(rb"SIP/2\.0 ([1-6]\d\d)(?: ([^\r\n]*))?")


@dataclass(frozen=True, slots=True)
class TransferProgress:
    """How a transfer of ours goes. code: 202 = the far side tries; 1xx as its new call goes; from 200 on it is over:
    2xx = they talk, 3xx-6xx = they do not (408 = nothing was heard for long). final marks the last one."""

    at_ms: int
    code: int
    reason: str
    final: bool


@dataclass(frozen=True, slots=True)
class Referred:
    """The far side asks us to call `target` (a SIP URI); the call's `referral` waits for `accept` or `decline`.

    replaces: the call of the target that ours is to take the place of (attended transfer), None in a blind one; headers: what the new
    INVITE carries for it, read and checked: Replaces, Require: replaces, User-to-User, Referred-By. Nothing else of the Refer-To counts.
    """

    at_ms: int
    target: str
    referred_by: str
    replaces: Replaces | None = None
    headers: Headers = ()


class Transfer:
    """A REFER of ours: one at a time in a call. Progress comes by NOTIFY, which may overtake the answer to the REFER.

    A 491 is tried again after the time of RFC 3261 section 14.1: linphone gives it while our ACK is still missing, as when it was lost.
    """

    def __init__(self, call: Call, target: str, now_ms: int, headers: Headers = ()) -> None:
        self._call = call
        self._over = False
        try:
            parse_uri(target)
        except WireError as error:
            raise LineError("a transfer goes to a SIP or TEL URI") from error
        if call.state != "answered" or call.dialog is None or not call.confirmed:
            raise LineError("only a call that is up can be transferred")
        by = parse_address(call.dialog.local).uri
        self._extra: Headers = (("Refer-To", f"<{with_headers(target, headers)}>"), ("Referred-By", f"<{by}>"))
        self._pending = 0
        self.request = call.send_in(call.dialog, "REFER", now_ms, self._extra)
        call.set_timer("refer", now_ms + PATIENCE_MS, lambda now: self._tell(408, "nothing was heard", True, now))

    @property
    def over(self) -> bool:
        return self._over

    def on_response(self, response: Response, now_ms: int) -> None:
        """The answer to the REFER: accepted, or the end."""
        if 200 <= response.code < 300:
            self._tell(202, response.reason, False, now_ms)
        elif response.code == 491 and self._pending < MAX_PENDING and not self._over:
            self._pending += 1
            self._call.set_timer("refer-again", now_ms + self._call.glare_ms(), self._again)
        elif response.code >= 300:
            self._tell(response.code, response.reason, True, now_ms)

    def _again(self, now_ms: int) -> None:
        call = self._call
        if not self._over and call.state == "answered" and call.dialog is not None:
            self.request = call.send_in(call.dialog, "REFER", now_ms, self._extra)

    def fail(self, reason: str, now_ms: int) -> None:
        """Nobody answered, or the call ended before the transfer did."""
        self._tell(408, reason, True, now_ms)

    def on_notify(self, request: Request, now_ms: int) -> int:
        """A NOTIFY of the far side; the code it is answered with."""
        state = request.get("subscription-state").partition(";")[0].strip().lower()
        match = _FRAG.match(request.body.lstrip())
        if request.content_type != "message/sipfrag" or match is None:
            if state == "terminated":
                self._tell(408, "the far side reports no more", True, now_ms)
                return 200
            return 400
        code = int(match[1])
        self._tell(
            code, (match[2] or b"").decode("utf-8", "replace")[:100], code >= 200 or state == "terminated", now_ms
        )
        return 200

    def _tell(self, code: int, reason: str, final: bool, now_ms: int) -> None:
        if self._over:
            return
        self._over = final
        if final:
            self._call.cancel_timer("refer", "refer-again")
        self._call.emit(TransferProgress(now_ms, code, reason, final))


class Referral:
    """A REFER of the far side that somebody must decide on. Until then it has no answer; afterwards `tell` reports the new call."""

    def __init__(self, call: Call, key: Key, request: Request) -> None:
        self._call = call
        self._key = key
        self._number = request.cseq[0]
        self._open = False
        self._decided = False
        self._told = 0

    @property
    def open(self) -> bool:
        """Not decided yet, or still reporting."""
        return self._open or not self._decided

    def decline(self, now_ms: int, code: int = 603) -> None:
        """No."""
        if not self._decided:
            self._decided = True
            self._call.agent.respond(self._key, code, now_ms)

    def accept(self, now_ms: int) -> bool:
        """202, and the first NOTIFY at once (section 2.4.4). False: it was declined already, so nobody may be called for it."""
        if self._decided:
            return False
        self._decided = self._open = True
        self._call.agent.respond(self._key, 202, now_ms, extra=(("Contact", self._call.agent.contact),))
        self.tell(100, "Trying", now_ms)
        return True

    def tell(self, code: int, reason: str, now_ms: int) -> None:
        """The new call's answer `code` came; from 200 on this is the last report. Nothing when the old call is over."""
        call = self._call
        if not self._open or code == self._told or call.state != "answered" or call.dialog is None:
            return
        self._open, self._told = code < 200, code
        state = "active;expires=120" if code < 200 else "terminated;reason=noresource"
        extra = (
            ("Event", f"refer;id={self._number}"),
            ("Subscription-State", state),
            ("Content-Type", "message/sipfrag;version=2.0"),
        )
        text = " ".join((reason or REASONS.get(code, "")).split())
        request = replace(
            call.make_in(call.dialog, "NOTIFY", extra),
            body=f"SIP/2.0 {code} {text}\r\n".encode("utf-8", "surrogateescape"),
        )
        call.agent.start_client(request, call.dialog.next_hop(), call, now_ms)


def read_refer(request: Request, now_ms: int) -> Referred:
    """What a REFER asks for.

    Raises:
        WireError: not exactly one Refer-To, one that we could not call, or a Replaces in it that cannot be read.
    """
    values = request.items("refer-to")
    if len(values) != 1:
        raise WireError("no single Refer-To")
    target, inner = split_headers(parse_address(values[0]).uri)
    parse_uri(target)
    wanted = [parse_replaces(value) for name, value in inner if name.lower() == "replaces"]
    if len(wanted) > 1:
        raise WireError("more than one dialog to replace")
    replaces = wanted[0] if wanted else None
    referred_by = next((value for name, value in inner if name.lower() == "referred-by"), request.get("referred-by"))
    return Referred(now_ms, target, referred_by[:200], replaces, _carried(inner, replaces, referred_by))


def _carried(inner: Headers, replaces: Replaces | None, referred_by: str) -> Headers:
    headers: list[tuple[str, str]] = []
    if replaces is not None:
        headers.append(("Replaces", str(replaces)))
    for name, value in inner:
        if name.lower() == "require" and value.strip().lower() == "replaces" and replaces is not None:
            headers.append(("Require", "replaces"))
        elif name.lower() == "user-to-user":
            headers += [("User-to-User", str(item)) for item in parse_user_to_user(value)]
    if referred_by and _is_address(referred_by):
        headers.append(("Referred-By", referred_by))
    return tuple(headers)


def _is_address(text: str) -> bool:
    try:
        parse_address(text)
    except WireError:
        return False
    return len(text) <= 200 and "\r" not in text and "\n" not in text
