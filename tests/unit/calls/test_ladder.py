"""The SIP ladder: from the line into the event log, and from the log onto paper."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from callwright.calls.ladder import as_text, rtp_line, signal_line, trace
from callwright.calls.transcript import transcript
from callwright.telephony.port import CallQuality, LegSignal
from callwright.testing.loopback import Phone
from callwright.testing.media import FakeMediaStream

if TYPE_CHECKING:
    from tests.unit.calls.conftest import Bench


def rung(at_ms: int, direction: str, line: str, request: str = "1 INVITE", **more: Any) -> dict[str, Any]:
    signal = LegSignal(at_ms, direction, line, request, "UDP", "192.0.2.2:5060", **more)  # type: ignore[arg-type]
    return {"n": 0, "at_ms": at_ms, "kind": "sip", **signal_line(signal)}


REFUSED = [
    {
        "n": 0,
        "at_ms": 0,
        "kind": "placed",
        "number": "+8613***0001",
        "call_id": "attempt-1",
        "started_at": "2026-11-20T10:00:00+08:00",
    },
    rung(1, "->", "INVITE sip:************01@192.0.2.2 SIP/2.0", sdp=True),
    rung(502, "->", "INVITE sip:************01@192.0.2.2 SIP/2.0", sdp=True, again=True),
    rung(540, "<-", "SIP/2.0 180 Ringing"),
    {"n": 4, "at_ms": 540, "kind": "ringing"},
    rung(2100, "<-", "SIP/2.0 486 Busy Here", reason="Q.850;cause=17"),
    rung(2100, "->", "ACK sip:************01@192.0.2.2 SIP/2.0", "1 ACK"),
    {"n": 7, "at_ms": 2101, "kind": "rejected", "code": 486, "text": "Busy Here", "q850": 17},
    {"n": 8, "at_ms": 2101, "kind": "released", "cause": "rejected", "by": "peer", "detail": "486 Busy Here"},
]
ENDED = {"n": 9, "at_ms": 2102, "kind": "ended", "disposition": "busy", "cause": "rejected"}


def test_a_refused_call_on_paper() -> None:
    assert as_text(trace([*REFUSED, ENDED], running=False)).splitlines() == [
        "call attempt-1 to +8613***0001  2026-11-20T10:00:00+08:00",
        "",
        "    time s   us                                        192.0.2.2:5060",
        "     0.001   -- INVITE sip:************01@192.0.2.2 SDP ------------>",
        "     0.502   -- INVITE sip:************01@192.0.2.2 SDP ------------>  retransmission",
        "     0.540   <------------------------------- 180 Ringing (INVITE) --",
        "     0.540      ringing",
        "     2.100   <----------------------------- 486 Busy Here (INVITE) --  Q.850;cause=17",
        "     2.100   -- ACK sip:************01@192.0.2.2 ------------------->",
        "     2.101      rejected: 486 Busy Here, Q.850 cause 17",
        "     2.101      released: rejected by peer (486 Busy Here)",
        "",
        "busy: rejected by peer, SIP 486, Q.850 cause 17; 2.102 s",
    ]


def test_a_call_that_has_not_ended_says_which_way() -> None:
    assert "still running; last event at 2.101 s" in as_text(trace(REFUSED, running=True))
    assert "its process was killed" in as_text(trace(REFUSED, running=False))
    recovered = {"n": 9, "at_ms": 2101, "kind": "recovered", "disposition": "unknown"}
    found = trace([*REFUSED, recovered], running=False)
    assert (found.state, found.disposition) == ("recovered", "unknown")
    assert "unknown (its process was killed)" in as_text(found)


def test_another_peer_and_transport_stand_beside_the_rung() -> None:
    other = {**rung(3, "->", "INVITE sip:*1@192.0.2.9 SIP/2.0"), "peer": "192.0.2.9:5061", "transport": "TLS"}
    text = as_text(trace([REFUSED[0], REFUSED[1], {**other, "leg": "desk"}], running=False))
    assert text.splitlines()[4].endswith(">  [desk] 192.0.2.9:5061 TLS")


def test_audio_in_numbers() -> None:
    class Heard(FakeMediaStream):
        def quality(self) -> CallQuality:
            return CallQuality("PCMA", 100, 95, 5, 1, jitter_ms=1.2634)

    line = {"n": 5, "at_ms": 5, "kind": "rtp", **rtp_line(Heard(4000))}
    assert (line["jitter_ms"], "mos" in line) == (1.263, False)
    assert "rtp  PCMA: sent 100, received 95, lost 5 (5.0 %), late 1, jitter 1.3 ms\n" in as_text(
        trace([*REFUSED, line], running=False)
    )
    quality = {**line, "round_trip_ms": 23.4, "mos": 4.21, "far_loss": 0.01}
    assert "round trip 23 ms, MOS 4.2, they lost 1.0 %" in as_text(trace([*REFUSED, quality], running=False))


def test_an_empty_or_strange_log_is_shown_all_the_same() -> None:
    assert "no SIP message" in as_text(trace([], running=False))
    assert "call (unknown)" in as_text(trace([{"kind": "sip"}, {"kind": "rtp"}, {}], running=False))


def test_a_call_leaves_its_ladder_and_audio_in_the_log(bench: Bench) -> None:
    async def callee(phone: Phone) -> None:
        await phone.signal("->", "INVITE sip:*********23@127.0.0.1 SIP/2.0", "1 INVITE", sdp=True)
        await phone.ring()
        await phone.signal("<-", "SIP/2.0 200 OK", "1 INVITE")
        await phone.answer()
        await phone.say("hello", 400)
        await phone.hears("Does that work")
        await phone.say("yes")

    record = bench.call(callee)
    kinds = [line["kind"] for line in bench.log()]
    assert kinds[:5] == ["placed", "sip", "ringing", "sip", "connected"]
    assert kinds[-2:] == ["rtp", "ended"]
    assert bench.events("sip")[0] == {
        "n": 1,
        "at_ms": 0,
        "kind": "sip",
        "direction": "->",
        "line": "INVITE sip:*********23@127.0.0.1 SIP/2.0",
        "request": "1 INVITE",
        "transport": "UDP",
        "peer": "127.0.0.1:5060",
        "sdp": True,
    }
    assert record.rtp == {
        key: value for key, value in bench.events("rtp")[0].items() if key not in ("n", "at_ms", "kind")
    }
    json.dumps(record.to_json())
    assert bench.replayed() == ()
    without = [line for line in bench.log() if line["kind"] not in ("sip", "rtp")]
    assert transcript(bench.log()) == transcript(without)


def test_a_refusal_keeps_its_sip_cause(bench: Bench) -> None:
    async def callee(phone: Phone) -> None:
        await phone.ring()
        await phone.reject(486, "Busy Here")

    record = bench.call(callee)
    assert (record.code, record.q850, record.rtp) == (486, None, {})
