"""The four transaction state machines (RFC 3261 section 17, with the Accepted states of RFC 6026). Sans-IO, times in ms.

Every method returns what to do, in order: bytes to send, timers to set, messages for the transaction user, the end. A timer that
fires in a state where it means nothing is ignored, so nothing needs to be cancelled.

A machine outlives its call by up to 32 s, and a line that is busy has a thousand such: each lets go what no copy can ask for any more.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from callwright.telephony.sip.hops import Transport
from callwright.telephony.sip.wire import Request, Response, encode

__all__ = [
    "GIVE_UP",
    "T1",
    "T2",
    "T4",
    "Deliver",
    "Effect",
    "Failed",
    "InviteClient",
    "InviteServer",
    "Key",
    "NonInviteClient",
    "NonInviteServer",
    "Send",
    "SetTimer",
    "Terminated",
    "Transaction",
    "ack_for_failure",
    "answered",
    "carried",
    "client_key",
    "server_key",
]

T1 = 500
T2 = 4_000
T4 = 5_000
GIVE_UP = 64 * T1

Key = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Send:
    data: bytes


@dataclass(frozen=True, slots=True)
class SetTimer:
    """Fire `name` at `at_ms`; a later SetTimer of the same name replaces it."""

    name: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class Deliver:
    """Hand a message to the transaction user."""

    message: Request | Response


@dataclass(frozen=True, slots=True)
class Failed:
    """The transaction user must know that nobody answered (timer B, F, H) or that nothing can be sent."""

    kind: Literal["timeout", "transport"]


@dataclass(frozen=True, slots=True)
class Terminated:
    pass


Effect = Send | SetTimer | Deliver | Failed | Terminated


def client_key(message: Request | Response) -> Key:
    """What a response is matched to its request by: branch of the top Via, CSeq method (RFC 3261 section 17.1.3)."""
    return message.via[0].branch, message.cseq[1]


def server_key(request: Request, method: str = "") -> Key:
    """What a request is matched to its transaction by (RFC 3261 section 17.2.3). `method`: as if it were that method.

    An ACK belongs to its INVITE. Without the magic cookie the rules of RFC 2543 hold.
    """
    via = request.via[0]
    method = method or request.method
    method = "INVITE" if method == "ACK" else method
    if via.branch.startswith("z9hG4bK") and len(via.branch) > 7:
        return via.branch, via.host.lower(), via.port or 5060, method
    return "2543", request.uri, request.from_.tag, request.call_id, request.cseq[0], via.text, method


def ack_for_failure(invite: Request, response: Response) -> Request:
    """The ACK of a 3xx-6xx (RFC 3261 section 17.1.1.3): same branch and route as the INVITE, To of the response."""
    keep = {"via", "from", "call-id", "route", "max-forwards"}
    headers = tuple((name, value) for name, value in invite.headers if name.lower() in keep)
    rest = (("To", response.get("to")), ("CSeq", f"{invite.cseq[0]} ACK"))
    return Request(headers + rest, b"", "ACK", invite.uri)


def carried(request: Request, transport: Transport) -> Request:
    """The request as it goes over this transport: our Via names it (RFC 3261 section 18.1.1)."""
    if transport == "UDP":
        return request
    name, via = request.headers[0]
    return replace(
        request, headers=((name, via.replace("SIP/2.0/UDP", f"SIP/2.0/{transport}", 1)), *request.headers[1:])
    )


@lru_cache(16)
def answered(method: str) -> Request:
    """Stands for a request that has its last answer: nothing of it is asked for any more but its method."""
    return Request((), b"", method)


class Transaction:
    """What all four have in common. `state` is the name of the RFC's state, in lower case."""

    __slots__ = ("_interval", "_transport", "request", "state")

    def __init__(self, request: Request, state: str, transport: Transport = "UDP") -> None:
        self.request = request
        self._transport = transport
        self.state = state
        self._interval = T1

    def _answered(self) -> None:
        """The request of the far side has its last answer: no other will be made from it."""
        self.request = answered(self.request.method)

    def _repeats(self, *effects: SetTimer) -> list[Effect]:
        """Timers that send again or wait for copies: over a connection nothing is lost or repeated (RFC 3261 table 4)."""
        return list(effects) if self._transport == "UDP" else []

    def _linger(self, name: str, now_ms: int, ms: int) -> SetTimer:
        return SetTimer(name, now_ms + (ms if self._transport == "UDP" else 0))

    @property
    def terminated(self) -> bool:
        return self.state == "terminated"

    def fire(self, timer: str, now_ms: int) -> list[Effect]:
        """A timer set before has run out."""
        handler = self._timers().get((self.state, timer))
        return handler(now_ms) if handler else []

    def transport_error(self) -> list[Effect]:
        """Nothing can be sent (RFC 3261 section 17.1.4)."""
        if self.state in ("terminated", "confirmed"):
            return []
        return [Failed("transport"), *self._end()]

    def _timers(self) -> dict[tuple[str, str], Callable[[int], list[Effect]]]:
        raise AssertionError("every machine has its own table")

    def _end(self, _now_ms: int = 0) -> list[Effect]:
        self.state = "terminated"
        return [Terminated()]

    def _timeout(self, _now_ms: int) -> list[Effect]:
        return [Failed("timeout"), *self._end()]

    def _again(self, data: bytes, timer: str, now_ms: int, cap: int | None) -> list[Effect]:
        self._interval *= 2
        if cap is not None:
            self._interval = min(self._interval, cap)
        return [Send(data), SetTimer(timer, now_ms + self._interval)]


class InviteClient(Transaction):
    """RFC 3261 figure 5, RFC 6026 section 7.2. States: calling, proceeding, completed, accepted, terminated."""

    __slots__ = ("_ack", "_bytes")

    def __init__(self, request: Request, transport: Transport = "UDP") -> None:
        super().__init__(request, "calling", transport)
        self._bytes = encode(carried(request, transport))
        self._ack = b""

    def start(self, now_ms: int) -> list[Effect]:
        return [Send(self._bytes), *self._repeats(SetTimer("A", now_ms + T1)), SetTimer("B", now_ms + GIVE_UP)]

    def receive(self, response: Response, now_ms: int) -> list[Effect]:
        """A response whose `client_key` is ours."""
        code = response.code
        if self.state in ("calling", "proceeding"):
            self._bytes = b""
            if code < 200:
                self.state = "proceeding"
                return [Deliver(response)]
            if code < 300:
                self.state = "accepted"
                return [Deliver(response), SetTimer("M", now_ms + GIVE_UP)]
            self.state = "completed"
            self._ack = encode(carried(ack_for_failure(self.request, response), self._transport))
            return [Send(self._ack), Deliver(response), self._linger("D", now_ms, GIVE_UP)]
        if self.state == "completed" and code >= 300:
            return [Send(self._ack)]
        if self.state == "accepted" and 200 <= code < 300:
            return [Deliver(response)]
        return []

    def _timers(self) -> dict[tuple[str, str], Callable[[int], list[Effect]]]:
        return {
            ("calling", "A"): lambda now: self._again(self._bytes, "A", now, None),
            ("calling", "B"): self._timeout,
            ("completed", "D"): self._end,
            ("accepted", "M"): self._end,
        }


class NonInviteClient(Transaction):
    """RFC 3261 figure 6. States: trying, proceeding, completed, terminated."""

    __slots__ = ("_bytes",)

    def __init__(self, request: Request, transport: Transport = "UDP") -> None:
        super().__init__(request, "trying", transport)
        self._bytes = encode(carried(request, transport))

    def start(self, now_ms: int) -> list[Effect]:
        return [Send(self._bytes), *self._repeats(SetTimer("E", now_ms + T1)), SetTimer("F", now_ms + GIVE_UP)]

    def receive(self, response: Response, now_ms: int) -> list[Effect]:
        """A response whose `client_key` is ours."""
        if self.state not in ("trying", "proceeding"):
            return []
        if response.code < 200:
            self.state = "proceeding"
            return [Deliver(response)]
        self.state, self._bytes = "completed", b""
        return [Deliver(response), self._linger("K", now_ms, T4)]

    def _timers(self) -> dict[tuple[str, str], Callable[[int], list[Effect]]]:
        return {
            ("trying", "E"): lambda now: self._again(self._bytes, "E", now, T2),
            ("proceeding", "E"): lambda now: [Send(self._bytes), SetTimer("E", now + T2)],
            ("trying", "F"): self._timeout,
            ("proceeding", "F"): self._timeout,
            ("completed", "K"): self._end,
        }


class InviteServer(Transaction):
    """RFC 3261 figure 7, RFC 6026 section 7.1. States: proceeding, completed, confirmed, accepted, terminated.

    The user sends a 2xx again by itself until the ACK is there (RFC 3261 section 13.3.1.4), and then says so: `acknowledged`.
    """

    __slots__ = ("_last",)

    def __init__(self, request: Request, transport: Transport = "UDP") -> None:
        super().__init__(request, "proceeding", transport)
        self._last = b""

    def receive(self, request: Request, now_ms: int) -> list[Effect]:
        """A retransmitted INVITE, or an ACK with the same branch."""
        if request.method == "ACK":
            if self.state == "completed":
                self.state, self._last = "confirmed", b""
                return [self._linger("I", now_ms, T4)]
            return [Deliver(request)] if self.state == "accepted" else []
        return [Send(self._last)] if self.state in ("proceeding", "completed") and self._last else []

    def send(self, response: Response, now_ms: int) -> list[Effect]:
        """What the user answers; a second final answer is ignored, but for 2xx again."""
        data = encode(response)
        if self.state == "accepted":
            return [Send(data)] if 200 <= response.code < 300 else []
        if self.state != "proceeding":
            return []
        self._last = data
        if response.code < 200:
            return [Send(data)]
        if response.code < 300:
            self.state, self._last = "accepted", b""
            return [Send(data), SetTimer("L", now_ms + GIVE_UP)]
        self.state = "completed"
        self._answered()
        return [Send(data), *self._repeats(SetTimer("G", now_ms + T1)), SetTimer("H", now_ms + GIVE_UP)]

    def acknowledged(self) -> None:
        """The ACK of a 2xx is there: it is not sent any more."""
        if self.state == "accepted":
            self._answered()

    def _timers(self) -> dict[tuple[str, str], Callable[[int], list[Effect]]]:
        return {
            ("completed", "G"): lambda now: self._again(self._last, "G", now, T2),
            ("completed", "H"): self._timeout,
            ("confirmed", "I"): self._end,
            ("accepted", "L"): self._end,
        }


class NonInviteServer(Transaction):
    """RFC 3261 figure 8. States: trying, proceeding, completed, terminated."""

    __slots__ = ("_last",)

    def __init__(self, request: Request, transport: Transport = "UDP") -> None:
        super().__init__(request, "trying", transport)
        self._last = b""

    def receive(self, _request: Request, _now_ms: int) -> list[Effect]:
        """A retransmitted request."""
        return [Send(self._last)] if self._last and not self.terminated else []

    def send(self, response: Response, now_ms: int) -> list[Effect]:
        """What the user answers; anything behind a final answer is ignored."""
        if self.state not in ("trying", "proceeding"):
            return []
        self._last = encode(response)
        if response.code < 200:
            self.state = "proceeding"
            return [Send(self._last)]
        self.state = "completed"
        self._answered()
        return [Send(self._last), self._linger("J", now_ms, GIVE_UP)]

    def _timers(self) -> dict[tuple[str, str], Callable[[int], list[Effect]]]:
        return {("completed", "J"): self._end}
