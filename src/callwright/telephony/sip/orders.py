"""Checks of a DialOrder before anything leaves: the permit covers both numbers, the target can be dialled, headers are harmless."""

from __future__ import annotations

import re

from callwright.compliance.decision import Permit
from callwright.errors import LineError, RefusedError, WireError
from callwright.telephony.port import DialOrder
from callwright.telephony.sip.accounts import NumberPlan
from callwright.telephony.sip.caller import user_to_user_header
from callwright.telephony.sip.fields import Uri, parse_address, parse_uri, split_list
from callwright.telephony.sip.hops import Transport
from callwright.telephony.sip.replies import KNOWN_METHODS

__all__ = ["check_order", "redirect_refusal"]

MAX_PREFIX = 6

_CALL_ID = re.compile(r"[A-Za-z0-9\-.!%*_+~]{1,120}")
_NUMBER = re.compile(r"\+?[0-9]{2,20}")
_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9\-]*")
_ROUTING = {"via", "route", "record-route", "max-forwards", "contact", "require", "proxy-require", "allow"}
_DIALOG = {"from", "to", "call-id", "cseq", "content-length", "content-type", "remote-party-id"}
_PROOF = {"authorization", "proxy-authorization"}
_OURS = _ROUTING | _DIALOG | _PROOF | set("vftimlck")
_IDENTITY = frozenset(("p-asserted-identity", "p-preferred-identity"))


def check_order(order: DialOrder, transport: Transport = "UDP", plan: NumberPlan | None = None) -> Uri:
    """The target, once everything about the order holds. plan: how the trunk writes numbers; the target must be the permit's callee
    written that way, exactly. Without, it is E.164, or digits behind a dialling prefix.

    Raises:
        RefusedError: no permit, or the permit is for other numbers than would be dialled or shown.
        LineError: target, Call-ID, codecs, times or headers cannot be used.
    """
    permit = order.permit
    if not isinstance(permit, Permit):
        raise RefusedError("a call is only placed with a permit")
    if not _NUMBER.fullmatch(permit.caller):
        raise RefusedError("the permit's caller number is no telephone number")
    try:
        target = parse_uri(order.target)
    except WireError as error:
        raise LineError("the target is no SIP URI: write sip:NUMBER@HOST[:PORT]") from error
    if plan is not None and target.user != plan.callee(permit.callee):
        raise RefusedError("the target does not dial the permit's number as the trunk writes it")
    if plan is None and not _same_number(target.user, permit.callee):
        raise RefusedError("the target dials another number than the permit allows")
    if not _reached_over(target, transport):
        raise LineError(f"the target must be a sip: URI reached over {transport}, as the line is")
    if not _CALL_ID.fullmatch(order.call_id):
        raise LineError("the call_id may hold letters, digits and -.!%*_+~ only, at most 120")
    if not order.codecs or order.ring_timeout_s <= 0 or order.max_duration_s <= 0:
        raise LineError("an order needs at least one codec and times above zero")
    _check_headers(order, {permit.caller} if plan is None else {permit.caller, plan.caller(permit.caller)})
    if sum(name.lower() in ("identity", "y") for name, _ in order.headers) > 1:
        raise LineError("an order brings one Identity header at most")
    if user_to_user_header(order.user_to_user) and any(name.lower() == "user-to-user" for name, _ in order.headers):
        raise LineError("an order brings User-to-User once: in `user_to_user`, or among its headers")
    return target


def redirect_refusal(target: Uri, permit: Permit, transport: Transport, plan: NumberPlan | None = None) -> str:
    """Why a call may not be sent on to `target`, "" = it may: the permit holds for the number, whoever names it."""
    same = _same_number(target.user, permit.callee) if plan is None else _dials(target.user, permit.callee, plan)
    if not same:
        return "it leads to another number than the permit allows"
    return "" if _reached_over(target, transport) else f"it leads away from {transport}, which the line speaks"


def _dials(user: str, callee: str, plan: NumberPlan) -> bool:
    """As the trunk reads it: digits in front of a number may make another number of it. What it cannot read is the number itself, or none."""
    try:
        return plan.dialled(user) == callee
    except LineError:
        return _bare(user) in (callee, callee.removeprefix("+"))


def _bare(user: str) -> str:
    return re.sub(r"[\-.()]", "", user.split(";", 1)[0])


def _reached_over(target: Uri, transport: Transport) -> bool:
    wanted = (dict(target.parameters).get("transport") or transport).upper()
    return target.scheme == "sip" and bool(target.host) and wanted == transport


def _same_number(user: str, callee: str) -> bool:
    """E.164 with `+` must be equal; without, a dialling prefix of the line may stand before the number's digits."""
    number = _bare(user)
    if not _NUMBER.fullmatch(callee):
        return False
    if number.startswith("+") or number == callee:
        return number == callee
    digits = callee.lstrip("+")
    return number.isdigit() and number.endswith(digits) and len(number) - len(digits) <= MAX_PREFIX


def _check_headers(order: DialOrder, shown: set[str]) -> None:
    for name, value in order.headers:
        lower = name.lower()
        if not _HEADER.fullmatch(name) or lower in _OURS or name.upper() in KNOWN_METHODS:
            raise LineError(f"header {name!r} cannot be set on a call")
        if "\r" in value or "\n" in value:
            raise LineError(f"header {name!r} holds a line break")
        if lower in _IDENTITY and not all(_shows(item, shown) for item in split_list(value) or [""]):
            raise RefusedError(f"header {name!r} shows another number than the permit allows")


def _shows(identity: str, numbers: set[str]) -> bool:
    """Whether one asserted identity is one of these numbers: its URI, whatever name stands before it."""
    try:
        return _bare(parse_uri(parse_address(identity).uri).user) in numbers
    except WireError:
        return False
