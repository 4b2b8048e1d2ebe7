from __future__ import annotations

from callwright.telephony.rtp.latch import Latch, Verdict

SDP = ("192.0.2.1", 4000)
NAT = ("192.0.2.1", 61234)
THIEF = ("198.51.100.9", 4000)


def test_only_the_sdp_address_may_speak() -> None:
    latch = Latch(SDP)
    assert latch.judge(THIEF, 1) is Verdict.REFUSE
    assert latch.peer == SDP
    assert latch.judge(SDP, 1) is Verdict.NEW_SOURCE
    assert latch.judge(SDP, 1) is Verdict.ACCEPT
    assert latch.judge(THIEF, 1) is Verdict.REFUSE
    assert latch.peer == SDP


def test_the_port_behind_a_nat_is_latched_once() -> None:
    latch = Latch(SDP)
    assert latch.judge(NAT, 1) is Verdict.NEW_SOURCE
    assert latch.peer == NAT
    assert latch.judge(("192.0.2.1", 61235), 1) is Verdict.REFUSE
    assert latch.peer == NAT


def test_the_exact_port_wins_within_the_first_second_only() -> None:
    early = Latch(SDP)
    early.judge(NAT, 1)
    assert early.judge(SDP, 2) is Verdict.NEW_SOURCE
    assert early.peer == SDP
    late = Latch(SDP)
    for _ in range(60):
        late.judge(NAT, 1)
    assert late.judge(SDP, 2) is Verdict.REFUSE
    assert late.peer == NAT


def test_a_new_ssrc_is_believed_at_its_second_packet_in_a_row() -> None:
    latch = Latch(SDP)
    latch.judge(SDP, 1)
    assert latch.judge(SDP, 2) is Verdict.REFUSE
    assert latch.judge(SDP, 1) is Verdict.ACCEPT
    assert latch.judge(SDP, 2) is Verdict.REFUSE
    assert latch.judge(SDP, 2) is Verdict.NEW_SOURCE
    assert latch.judge(SDP, 1) is Verdict.REFUSE
