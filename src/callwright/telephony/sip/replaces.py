"""Replaces (RFC 3891): a new INVITE that takes the place of a dialog; and how an attended transfer writes it (RFC 5589 section 7)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from callwright.errors import WireError
from callwright.telephony.sip.wire import Request

__all__ = ["Replaces", "parse_replaces", "replaces_of"]

MAX_TEXT = 500

_CALL_ID = re.compile(r"[A-Za-z0-9\-.!%*_+`'~()<>:\\\"/\[\]?{}]+(?:@[A-Za-z0-9\-.!%*_+`'~()<>:\\\"/\[\]?{}]+)?")
_TOKEN = re.compile(r"[A-Za-z0-9\-.!%*_+`'~]+")


@dataclass(frozen=True, slots=True)
class Replaces:
    """The dialog to replace, as the one who is asked to replace it knows it: to_tag is its own tag, from_tag that of its far side.

    early_only: not when it has been answered already.
    """

    call_id: str
    to_tag: str
    from_tag: str
    early_only: bool = False

    def __str__(self) -> str:
        """The value of the header."""
        text = f"{self.call_id};to-tag={self.to_tag};from-tag={self.from_tag}"
        return f"{text};early-only" if self.early_only else text

    @property
    def remote_tag(self) -> str:
        """from_tag; `0` stands for the missing tag of a peer that follows RFC 2543 (section 3)."""
        return "" if self.from_tag == "0" else self.from_tag


def parse_replaces(text: str) -> Replaces:
    """Read one value (RFC 3891 section 6.1): parameters in any order, unknown ones skipped.

    Raises:
        WireError: no Call-ID, not exactly one to-tag and one from-tag, or too long.
    """
    call_id, *parameters = [part.strip() for part in text.split(";")]
    if len(text) > MAX_TEXT or not _CALL_ID.fullmatch(call_id):
        raise WireError("Replaces names no Call-ID")
    found: dict[str, str] = {}
    for parameter in parameters:
        name, _, value = (part.strip() for part in parameter.partition("="))
        if name.lower() in found:
            raise WireError("Replaces holds a parameter twice")
        found[name.lower()] = value
    tags = found.get("to-tag", ""), found.get("from-tag", "")
    if not all(_TOKEN.fullmatch(tag) for tag in tags):
        raise WireError("Replaces needs one to-tag and one from-tag")
    return Replaces(call_id, *tags, "early-only" in found)


def replaces_of(request: Request) -> Replaces | None:
    """What an INVITE is to replace; None = nothing.

    Raises:
        WireError: more than one, one that cannot be read, or Join beside it (RFC 3891 section 3: 400).
    """
    values = request.items("replaces")
    if not values and not request.all("replaces"):
        return None
    if len(values) != 1 or request.all("join"):
        raise WireError("more than one dialog to replace")
    return parse_replaces(values[0])
