from __future__ import annotations

from callwright.telephony.rtp.sequence import SequenceTracker


def track(*numbers: int) -> tuple[list[bool], int]:
    tracker = SequenceTracker()
    return [tracker.accept(n & 0xFFFF) for n in numbers], tracker.lost


def test_in_order_over_the_wrap() -> None:
    assert track(65534, 65535, 0, 1) == ([True] * 4, 0)


def test_gap_and_late_arrival() -> None:
    assert track(1, 2, 5)[1] == 2
    assert track(1, 2, 5, 4, 3)[1] == 0


def test_duplicates_are_refused_and_do_not_hide_a_loss() -> None:
    assert track(1, 2, 2, 4) == ([True, True, False, True], 1)


def test_first_packet_overtaken() -> None:
    assert track(10, 9, 11) == ([True] * 3, 0)


def test_restart_of_the_sender_is_no_loss() -> None:
    assert track(1, 2, 40000, 40001) == ([True] * 4, 0)


def test_very_old_packets_are_refused() -> None:
    assert track(1000, 500) == ([True, False], 0)


def test_a_new_source_keeps_the_counts() -> None:
    tracker = SequenceTracker()
    for number in (1, 3):
        tracker.accept(number)
    tracker.restart()
    tracker.accept(50000)
    assert tracker.lost == 1
