"""The ladder of one call: every message it sent or received, in order, as a person may read it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Literal

from callwright.telephony.port import LegSignal
from callwright.telephony.sip.fields import host_text, mask
from callwright.telephony.sip.hops import Hop

__all__ = ["Ladder"]

_LONGEST = 200
_HEAD = 4_000  # of a message: its first line and the fields a rung shows
_MOST = 1_000
_CSEQ = re.compile(rb"\r\ncseq[ \t]*:[ \t]*(\d{1,10})[ \t]+([A-Za-z]{1,20})[ \t]*\r\n", re.IGNORECASE)
_REASON = re.compile(rb"\r\nreason[ \t]*:[ \t]*([^\r\n]{1,200})", re.IGNORECASE)
_SDP = re.compile(rb"\r\n(?:content-type|c)[ \t]*:[ \t]*application/sdp", re.IGNORECASE)


class Ladder:
    """The rungs so far, at most 1,000. Nobody's number is in them: user parts are hidden but for their last two characters."""

    __slots__ = ("__weakref__", "_raw", "_rungs", "_seen", "_tell")

    def __init__(self) -> None:
        self._rungs: list[LegSignal] = []
        self._raw: list[
            tuple[int, Literal["->", "<-"], bytes, Hop, bool]
        ] = []  # not read yet: few ladders are ever looked at
        self._seen: set[int] = set()
        self._tell: Callable[[LegSignal], None] | None = None

    def add(self, now_ms: int, direction: Literal["->", "<-"], data: bytes, hop: Hop) -> None:
        """Note a message. One with the very same bytes as an earlier one is a retransmission (RFC 3261 section 17)."""
        if len(self._rungs) + len(self._raw) >= _MOST:
            return  # a flood; the call goes on
        known = hash(data) ^ (direction == "->")
        self._raw.append((now_ms, direction, data.partition(b"\r\n\r\n")[0][:_HEAD], hop, known in self._seen))
        self._seen.add(known)
        if self._tell is not None:  # whoever follows a ladder wants it now; else few are ever looked at
            self._tell(self._read()[-1])

    def __iter__(self) -> Iterator[LegSignal]:
        return iter(self._read())

    def _read(self) -> list[LegSignal]:
        self._rungs += [_rung(*raw) for raw in self._raw]
        self._raw.clear()
        return self._rungs

    def follow(self, tell: Callable[[LegSignal], None]) -> None:
        """Tell each further rung as it comes."""
        self._tell = tell


def _rung(now_ms: int, direction: Literal["->", "<-"], data: bytes, hop: Hop, again: bool) -> LegSignal:
    head = data + b"\r\n"
    cseq, reason = _CSEQ.search(head), _REASON.search(head)
    return LegSignal(
        now_ms,
        direction,
        mask(_text(head.partition(b"\r\n")[0]))[:_LONGEST],
        request=_text(b" ".join(cseq.groups())) if cseq else "",
        transport=hop.transport,
        peer=f"{host_text(hop.host)}:{hop.port}",
        again=again,
        sdp=_SDP.search(head) is not None,
        reason=mask(_text(reason[1]))[:_LONGEST] if reason else "",
    )


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")
