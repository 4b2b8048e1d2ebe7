"""Requests outside of any call: one after the other, with credentials where they are asked for. REGISTER and OPTIONS stand on it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from callwright.errors import WireError
from callwright.telephony.sip.accounts import Account
from callwright.telephony.sip.digest import DigestClient, other_realms
from callwright.telephony.sip.hops import Hop
from callwright.telephony.sip.wire import Headers, Request, Response

if TYPE_CHECKING:
    from callwright.telephony.sip.agent import Agent

__all__ = ["Asker"]


class Asker:
    """One Call-ID and one row of CSeq numbers; at most one request at a time."""

    def __init__(self, agent: Agent, hop: Hop, uri: str, address: str, account: Account) -> None:
        self.agent = agent
        self.hop = hop
        self._uri = uri
        self._address = address
        self._call_id = f"{agent.new_id()}@{agent.identity.host}"
        self._tag = agent.new_id()
        self._number = 0
        self._digest = DigestClient(account.credentials, agent.new_id)
        self._current: Request | None = None

    @property
    def busy(self) -> bool:
        """A request waits for its answer."""
        return self._current is not None

    def ask(self, method: str, to: str, extra: Headers, now_ms: int) -> None:
        """Send a request; `answered` or `unanswered` follows."""
        self._number += 1
        headers: Headers = (
            ("Via", self.agent.via()),
            ("Max-Forwards", "70"),
            ("From", f"<{self._address}>;tag={self._tag}"),
            ("To", f"<{to}>"),
            ("Call-ID", self._call_id),
            ("CSeq", f"{self._number} {method}"),
            ("Contact", self.agent.contact),
            *extra,
            *self.agent.signature,
        )
        request = Request(headers, b"", method, self._uri)
        self._send(replace(request, headers=(*headers, *self._digest.proofs(request))), now_ms)

    def _send(self, request: Request, now_ms: int) -> None:
        self._current = request
        self.agent.start_client(request, self.hop, self, now_ms)

    def give_up(self, now_ms: int) -> None:
        """Wait no longer for the answer to what is under way: `unanswered` follows."""
        request, self._current = self._current, None
        if request is not None:
            self.agent.abandon(request, self)
            self.unanswered("timeout", now_ms)

    def answered(self, response: Response, now_ms: int) -> None:
        """A final answer that no credentials could change."""
        raise AssertionError("every kind has its own way")

    def unanswered(self, kind: str, now_ms: int) -> None:
        """Nobody answered (`timeout`), or nothing could be sent (`transport`)."""
        raise AssertionError("every kind has its own way")

    # ------------------------------------------------------------ from the transactions

    def record(self, now_ms: int, direction: Literal["->", "<-"], data: bytes, hop: Hop) -> None:
        """Nothing is kept: there is no call it belongs to."""

    def on_response(self, request: Request, response: Response, source: Hop, now_ms: int) -> None:
        if request is not self._current or response.code < 200:
            return
        self._current = None
        if response.code in (401, 407) and self._prove(request, response, now_ms):
            return
        if response.code not in (401, 407):
            self._digest.accepted()
        self.answered(response, now_ms)

    def on_failure(self, request: Request, kind: str, now_ms: int) -> None:
        if request is self._current:
            self._current = None
            self.unanswered(kind, now_ms)

    def _prove(self, request: Request, response: Response, now_ms: int) -> bool:
        try:
            header = self._digest.answer(request, response)
        except WireError:
            return False
        if header is None:
            return False
        self._number += 1
        fresh = {"via": self.agent.via(), "cseq": f"{self._number} {request.method}"}
        kept = [(name, fresh.get(name.lower(), value)) for name, value in request.headers if name != header[0]]
        self._send(replace(request, headers=(*kept, header, *other_realms(request, header))), now_ms)
        return True
