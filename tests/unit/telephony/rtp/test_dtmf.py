from __future__ import annotations

import pytest

from callwright.errors import LineError
from callwright.telephony.rtp.dtmf import KeyReceiver, KeySender, OutEvent
from callwright.telephony.rtp.packet import KEYS, KeyEvent


def sent(digits: str, first_timestamp: int = 1000) -> list[OutEvent | None]:
    sender = KeySender()
    sender.send(digits)
    out = []
    timestamp = first_timestamp
    while sender.busy:
        out.append(sender.step(timestamp))
        timestamp += 160
    return out


def test_one_key_on_the_wire() -> None:
    events = [e for e in sent("5") if e]
    assert [e.event.duration for e in events] == [160, 320, 480, 640, 800, 800, 800]
    assert [e.event.end for e in events] == [False] * 4 + [True] * 3
    assert [e.marker for e in events] == [True] + [False] * 6
    assert {e.timestamp for e in events} == {1000}
    assert {e.event.code for e in events} == {5}


def test_keys_are_apart() -> None:
    out = sent("12")
    gap = [i for i, e in enumerate(out) if e is None]
    assert gap == [7, 8, 9, 17, 18, 19]
    second = out[10]
    assert second is not None
    assert second.timestamp == 1000 + 10 * 160
    assert second.marker


def test_every_key_is_received_once() -> None:
    receiver = KeyReceiver()
    keys = [receiver.receive(e.event, e.timestamp, e.marker) for e in sent(KEYS) if e]
    assert "".join(k for k in keys if k) == KEYS


def test_what_is_no_key_is_refused_whole() -> None:
    sender = KeySender()
    with pytest.raises(LineError, match="'X' is no telephone key"):
        sender.send("12x")
    assert not sender.busy


def test_same_key_twice_with_all_ends_lost() -> None:
    receiver = KeyReceiver()
    assert receiver.receive(KeyEvent(1, 160), 1000, True) == "1"
    assert receiver.receive(KeyEvent(1, 320), 1000, False) is None
    assert receiver.receive(KeyEvent(1, 320), 3000, False) == "1"  # its marker packet was lost as well
    assert receiver.receive(KeyEvent(1, 480), 1000, False) is None  # a straggler of the first


def test_a_long_key_that_is_split_is_one() -> None:
    receiver = KeyReceiver()
    assert receiver.receive(KeyEvent(9, 0xFFFF), 0xFFFFFF00, True) == "9"
    assert receiver.receive(KeyEvent(9, 160), (0xFFFFFF00 + 0xFFFF) & 0xFFFFFFFF, False) is None


def test_a_gateway_that_moves_the_timestamp_within_a_key() -> None:
    receiver = KeyReceiver()
    keys = [receiver.receive(KeyEvent(4, 160 * n), 5000 + 160 * n, n == 1) for n in range(1, 6)]
    assert keys == ["4", None, None, None, None]


def test_events_that_are_no_keys_are_ignored() -> None:
    assert KeyReceiver().receive(KeyEvent(16, 160), 0, True) is None  # flash
