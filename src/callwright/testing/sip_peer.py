"""The pen of a SIP peer: writes messages to one agent and reads what it says, in virtual time. For tests of signalling."""

from __future__ import annotations

from typing import Any

from callwright.telephony.port import LegEnded
from callwright.telephony.sip.call_events import CallEvent, CallOffered
from callwright.telephony.sip.incoming import IncomingCall
from callwright.telephony.sip.outgoing import OutgoingCall
from callwright.telephony.sip.sdp import LocalMedia
from callwright.telephony.sip.wire import Request, Response, encode, parse
from callwright.testing.network import seeded_agent

__all__ = ["LOCAL", "PEER", "SDP", "US", "Bench", "answer", "codes", "end", "methods"]

US, PEER = "192.0.2.1", ("192.0.2.2", 5060)
LOCAL = LocalMedia(US, 4000)
SDP = "v=0\r\no=- 1 1 IN IP4 192.0.2.2\r\ns=-\r\nc=IN IP4 192.0.2.2\r\nt=0 0\r\nm=audio 5000 RTP/AVP 8\r\n"


class Bench:
    """One agent, the peer's pen, and everything that came out."""

    def __init__(self, **identity: object) -> None:
        self.agent = seeded_agent(US, 5, **identity)
        self.now = 0
        self.branches = 0
        self.events: list[CallEvent] = []
        self.calls: list[object] = []

    def out(self) -> list[Request | Response]:
        messages = [parse(datagram.data) for datagram in self.agent.datagrams()]
        for call, event in self.agent.events():
            self.calls.append(call)
            self.events.append(event)
        return messages

    def say(self, message: Request | Response | bytes, source: tuple[str, int] = PEER) -> list[Request | Response]:
        self.agent.receive(message if isinstance(message, bytes) else encode(message), source, self.now)
        return self.out()

    def at(self, now_ms: int) -> list[Request | Response]:
        self.now = now_ms
        self.agent.handle_timer(now_ms)
        return self.out()

    def ask(
        self,
        method: str,
        cseq: int = 1,
        body: str = "",
        to: str = "<sip:robot@192.0.2.1>",
        source: tuple[str, int] = PEER,
        **headers: Any,
    ) -> list[Request | Response]:
        self.branches += 1
        fields = {
            "via": f"SIP/2.0/UDP 192.0.2.2:5060;branch=z9hG4bKp{self.branches};rport",
            "from": "<sip:+8613900000001@192.0.2.2>;tag=p",
            "to": to,
            "call_id": "c1",
            "cseq": f"{cseq} {method}",
            "contact": "<sip:peer@192.0.2.2>",
        }
        fields.update(headers)
        if body:
            fields.setdefault("content_type", "application/sdp")
        lines = tuple((name.replace("_", "-"), value) for name, value in fields.items())
        return self.say(Request(lines, body.encode(), method, "sip:robot@192.0.2.1"), source)

    def place(self) -> tuple[OutgoingCall, Request]:
        call = self.agent.place("id@h", "sip:200@192.0.2.2", "+8610", PEER, LOCAL, self.now)
        invite = self.out()[0]
        assert isinstance(invite, Request)
        return call, invite

    def offered(self, **headers: Any) -> IncomingCall:
        codes(self.ask("INVITE", body=SDP, **headers))
        assert isinstance(self.events[-1], CallOffered)
        call = self.calls[-1]
        assert isinstance(call, IncomingCall)
        return call

    def answered(self, **headers: Any) -> tuple[IncomingCall, str]:
        """An incoming call that is up; the To value of requests within it."""
        call = self.offered(**headers)
        call.answer(self.now, LOCAL)
        ok = self.out()[0]
        self.ask("ACK", to=ok.get("to"))
        return call, ok.get("to")


def answer(request: Request | Response, code: int, body: str = "", tag: str = "t", **headers: str) -> Response:
    to = request.get("to") if "tag=" in request.get("to") or code == 100 else f"{request.get('to')};tag={tag}"
    fields = [("Via", request.get("via")), ("From", request.get("from")), ("To", to)]
    fields += [("Call-ID", request.call_id), ("CSeq", request.get("cseq"))]
    fields += [(name.replace("_", "-"), value) for name, value in headers.items()]
    if body:
        fields.append(("Content-Type", "application/sdp"))
    fields.append(("Contact", f"<sip:peer-{tag}@192.0.2.2>"))
    return Response(tuple(fields), body.encode(), code, "x")


def codes(messages: list[Request | Response]) -> list[int]:
    return [message.code for message in messages if isinstance(message, Response)]


def methods(messages: list[Request | Response]) -> list[str]:
    return [message.method for message in messages if isinstance(message, Request)]


def end(bench: Bench) -> tuple[str, str]:
    ends = [event for event in bench.events if isinstance(event, LegEnded)]
    assert len(ends) == 1
    return ends[0].cause, ends[0].by
