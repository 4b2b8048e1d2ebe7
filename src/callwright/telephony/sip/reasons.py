"""Reason (RFC 3326): why we end a call, for the far side to read, and why it does. Causes are those of Q.850 and SIP."""

from __future__ import annotations

import re
from collections.abc import Iterable

from callwright.telephony.caller import Reason
from callwright.telephony.sip.fields import mask, split_list, split_parameters
from callwright.telephony.sip.wire import Headers, Message

__all__ = ["ELSEWHERE", "parse_reasons", "q850_cause", "reason_headers", "reason_text", "reasons_of"]

_LONG_NUMBER = re.compile(r"\+?[0-9]{5,}")
_CAUSE = re.compile(r"[0-9]{1,3}")

# cause of a LegEnded: (Q.850 cause, its text, SIP code or 0)
_WHY: dict[str, tuple[int, str, int]] = {
    "bye": (16, "Normal call clearing", 0),
    "cancelled": (16, "Normal call clearing", 0),
    "replaced": (16, "Normal call clearing", 0),
    "no_answer": (19, "No answer from user", 0),
    "media_timeout": (102, "Recovery on timer expiry", 0),
    "protocol_error": (88, "Incompatible destination", 488),
    "timeout": (102, "Recovery on timer expiry", 408),
    "transport_error": (38, "Network out of order", 0),
    "shutdown": (41, "Temporary failure", 0),
}
ELSEWHERE: Headers = (("Reason", 'SIP;cause=200;text="Call completed elsewhere"'),)


def reason_headers(cause: str) -> Headers:
    """What our BYE or CANCEL says, from the cause of the LegEnded."""
    number, text, code = _WHY.get(cause, _WHY["bye"])
    sip = f"SIP;cause={code}, " if code else ""
    return (("Reason", f'{sip}Q.850;cause={number};text="{text}"'),)


def reasons_of(message: Message) -> tuple[Reason, ...]:
    """Every reason a message gives; unreadable ones are skipped."""
    return parse_reasons(message.items("reason"))


def reason_text(message: Message) -> str:
    """What a message says of why, for a log: at most 100 letters, users of addresses and long numbers hidden."""
    return _LONG_NUMBER.sub("***", mask(message.get("reason")))[:100]


def parse_reasons(values: Iterable[str]) -> tuple[Reason, ...]:
    found = []
    for value in (item for text in values for item in split_list(text)):
        protocol, parameters = split_parameters(value)
        cause = parameters.get("cause", "")
        if protocol:
            number = int(cause) if _CAUSE.fullmatch(cause) else None
            found.append(Reason(protocol[:40], number, parameters.get("text", "")[:100]))
    return tuple(found)


def q850_cause(message: Message) -> int | None:
    """The Q.850 cause a message gives, None when there is none."""
    causes = (reason.cause for reason in reasons_of(message) if reason.protocol.upper() == "Q.850")
    return next((cause for cause in causes if cause is not None), None)
