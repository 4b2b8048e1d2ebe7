"""The ladder of a call: what it shows of each message, and what it does not."""

from __future__ import annotations

from callwright.telephony.port import LegSignal
from callwright.telephony.sip.hops import Hop
from callwright.telephony.sip.ladder import Ladder
from callwright.testing.sip_peer import Bench, answer

PEER = Hop("192.0.2.2", 5060)
BYE = b"BYE sip:+8613900000001@192.0.2.2 SIP/2.0\r\nCSeq: 2 BYE\r\nReason: Q.850;cause=16\r\n\r\nReason: body\r\n"


def test_a_rung_shows_the_message_without_the_number() -> None:
    ladder = Ladder()
    ladder.add(7, "->", BYE, PEER)
    ladder.add(9, "<-", b"SIP/2.0 200 OK\r\ncseq:2  BYE\r\nc: application/sdp\r\n\r\n", Hop("::1", 5061, "TLS"))
    line = "BYE sip:************01@192.0.2.2 SIP/2.0"
    assert list(ladder) == [
        LegSignal(7, "->", line, "2 BYE", "UDP", "192.0.2.2:5060", reason="Q.850;cause=16"),
        LegSignal(9, "<-", "SIP/2.0 200 OK", "2 BYE", "TLS", "[::1]:5061", sdp=True),
    ]


def test_the_same_bytes_again_are_a_retransmission() -> None:
    ladder = Ladder()
    for direction, data in (("->", BYE), ("->", BYE), ("<-", BYE), ("->", BYE.replace(b"2 BYE", b"3 BYE"))):
        ladder.add(0, direction, data, PEER)  # type: ignore[arg-type]
    assert [rung.again for rung in ladder] == [False, True, False, False]


def test_who_follows_is_told_what_comes() -> None:
    ladder, told = Ladder(), list[LegSignal]()
    ladder.add(0, "->", BYE, PEER)
    ladder.follow(told.append)
    ladder.add(1, "->", BYE, PEER)
    assert told == list(ladder)[1:]


def test_a_flood_does_not_grow_it_without_end() -> None:
    ladder = Ladder()
    for number in range(1_500):
        ladder.add(number, "<-", BYE, PEER)
    assert len(list(ladder)) == 1_000


def test_what_is_no_message_is_a_rung_all_the_same() -> None:
    ladder = Ladder()
    ladder.add(0, "<-", b"\xff\xfe", PEER)
    assert [rung.line for rung in ladder] == ["\ufffd\ufffd"]


def test_a_lost_ringing_is_seen_as_an_invite_sent_twice() -> None:
    bench = Bench()
    call, invite = bench.place()
    bench.at(600)
    bench.say(answer(invite, 180))
    assert [(rung.direction, rung.line.split(" ")[0], rung.again) for rung in call.ladder] == [
        ("->", "INVITE", False),
        ("->", "INVITE", True),
        ("<-", "SIP/2.0", False),
    ]


def test_a_call_that_comes_in_begins_with_its_invite() -> None:
    bench = Bench()
    call = bench.offered()
    shown = [(rung.direction, rung.request, rung.peer, rung.sdp) for rung in call.ladder]
    assert shown == [("<-", "1 INVITE", "192.0.2.2:5060", True), ("->", "1 INVITE", "192.0.2.2:5060", False)]
