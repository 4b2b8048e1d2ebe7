"""One call in the place of another (RFC 3891): what names it, whether it may be replaced, how its owner goes along."""

from __future__ import annotations

from typing import TYPE_CHECKING

from callwright.errors import LineError
from callwright.telephony.sip.fields import split_headers
from callwright.telephony.sip.replaces import Replaces
from callwright.telephony.sip.wire import Headers

if TYPE_CHECKING:
    from callwright.telephony.sip.call import Call

__all__ = ["attended", "name_of", "refusal"]


def name_of(call: Call) -> Replaces | None:
    """What names a call of ours in an INVITE that is to replace it; None while it has no dialog."""
    dialog = call.dialog or next(iter(call.dialogs.values()), None)
    return Replaces(dialog.call_id, call.local_tag, dialog.remote_tag or "0") if dialog else None


def refusal(call: Call, wanted: Replaces) -> int:
    """The code an INVITE is refused with that wants to replace this call; 0 = it may (section 3)."""
    dialog = call.dialogs.get(wanted.remote_tag)
    if dialog is None or call.state == "offered":  # a call that we did not begin cannot be taken before its answer
        return 481
    if call.state not in ("calling", "answered") or call.dialog not in (None, dialog):
        return 603
    return 486 if wanted.early_only and call.state == "answered" else 0


def attended(call: Call, other: Call) -> tuple[str, Headers]:
    """(target, headers) of the Refer-To that asks the far side of `call` to take our place in `other` (RFC 5589 section 7).

    Raises:
        LineError: `other` is not up, or is the same call.
    """
    there = other.dialog
    if other is call or other.state != "answered" or there is None or not other.confirmed:
        raise LineError("an attended transfer joins two calls that are up")
    replaces = Replaces(there.call_id, there.remote_tag or "0", other.local_tag)
    require = (("Require", "replaces"),) if other.peer_supports("replaces") else ()
    return split_headers(there.target)[0], (("Replaces", str(replaces)), *require)
