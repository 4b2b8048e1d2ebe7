"""What waits for a recognition worker."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callwright.speech.asr.backlog import Backlog
from callwright.speech.asr.frames import Kind, pack

PACKET = bytes(640)  # 40 ms


LOUD, QUIET = (np.full(320, level, np.int16).tobytes() for level in (1000, 150))


def drained(backlog: Backlog) -> list[tuple[Kind, int, bytes]]:
    return [backlog.next() for _ in range(len(backlog))]


def test_an_utterance_that_is_over_comes_first() -> None:
    backlog = Backlog()
    for message in (
        pack(Kind.AUDIO, 1, PACKET),
        pack(Kind.AUDIO, 2, PACKET),
        pack(Kind.END, 2),
        pack(Kind.BEGIN, 2),
        pack(Kind.END, 1),
    ):
        backlog.feed(message)
    assert [(kind, number) for kind, number, _ in drained(backlog)] == [
        (Kind.AUDIO, 2), (Kind.END, 2), (Kind.AUDIO, 1), (Kind.END, 1), (Kind.BEGIN, 2),
    ]  # fmt: skip


def order(backlog: Backlog) -> list[int]:
    return [number for _, number, _ in drained(backlog)]


@pytest.mark.parametrize("then", [Kind.DROP, Kind.BEGIN, Kind.CLOSE])
def test_audio_of_an_utterance_that_is_dropped_is_not_heard(then: Kind) -> None:
    backlog = Backlog()
    first = pack(Kind.BEGIN, 1) + pack(Kind.AUDIO, 1, LOUD) + pack(Kind.END, 1)
    backlog.feed(pack(Kind.AUDIO, 2, LOUD) + first + pack(Kind.BEGIN, 1) + pack(Kind.AUDIO, 1, LOUD * 8) * 3)
    backlog.feed(pack(Kind.AUDIO, 2, QUIET) + pack(then, 1))
    handled = [(kind, number) for kind, number, _ in drained(backlog)]
    assert handled[:3] == [(Kind.BEGIN, 1), (Kind.AUDIO, 1), (Kind.END, 1)], (
        "the one before has an end, and is waited for"
    )
    assert [kind for kind, number in handled[3:] if number == 1] == [Kind.BEGIN, then]
    assert [kind for kind, number in handled[3:] if number == 2] == [Kind.AUDIO]
    assert not backlog.due
    assert len(backlog) == 0


def test_who_has_fallen_silent_comes_before_who_speaks() -> None:
    backlog = Backlog()
    for number, body in ((1, LOUD), (2, LOUD), (3, LOUD), (2, QUIET), (4, LOUD), (3, QUIET)):
        backlog.feed(pack(Kind.AUDIO, number, body))
    assert order(backlog) == [2, 3, 1, 4]
    backlog.feed(pack(Kind.AUDIO, 1, LOUD) + pack(Kind.AUDIO, 3, QUIET) + pack(Kind.AUDIO, 4, LOUD) + pack(Kind.END, 4))
    assert order(backlog) == [4, 4, 3, 1], "an utterance that is over comes before a pause"


@pytest.mark.parametrize("then", [pack(Kind.AUDIO, 2, LOUD), pack(Kind.BEGIN, 2) + pack(Kind.AUDIO, 2, QUIET)])
def test_who_goes_on_or_begins_anew_waits_like_others(then: bytes) -> None:
    """The first packet of an utterance is the loudest so far, however quiet it is."""
    backlog = Backlog()
    backlog.feed(pack(Kind.AUDIO, 2, LOUD))
    assert order(backlog) == [2]
    backlog.feed(pack(Kind.AUDIO, 1, LOUD) * 3 + pack(Kind.AUDIO, 2, QUIET) + then)
    assert order(backlog)[0] == 1


def test_a_little_audio_is_not_due_and_comes_last() -> None:
    backlog = Backlog()
    backlog.feed(pack(Kind.AUDIO, 1, LOUD) + pack(Kind.AUDIO, 2, LOUD) * 2)
    assert not backlog.due
    backlog.feed(pack(Kind.AUDIO, 2, LOUD))
    assert backlog.due, "120 ms wait for one of them"
    assert backlog.next()[:2] == (Kind.AUDIO, 2)
    assert not backlog.due
    backlog.feed(pack(Kind.EXPECT, 3))
    assert backlog.due
    assert order(backlog) == [3, 1]
    backlog.feed(pack(Kind.AUDIO, 1, LOUD) + pack(Kind.AUDIO, 1, QUIET))
    assert backlog.due, "an answer may be due"
    drained(backlog)
    assert not backlog.due


def test_a_bump_is_forgotten() -> None:
    backlog = Backlog()
    backlog.feed(pack(Kind.AUDIO, 1, np.full(320, 9000, np.int16).tobytes()) + pack(Kind.AUDIO, 1, LOUD))
    assert backlog.due, "it seems to have fallen silent"
    drained(backlog)
    for _ in range(100):
        backlog.feed(pack(Kind.AUDIO, 1, LOUD))
        drained(backlog)
    backlog.feed(pack(Kind.AUDIO, 1, LOUD))
    assert not backlog.due


def test_an_utterance_that_is_over_is_awaited_until_it_is_served() -> None:
    backlog = Backlog()
    backlog.feed(pack(Kind.AUDIO, 1, LOUD) + pack(Kind.END, 1))
    assert backlog.awaited
    backlog.next()
    assert backlog.awaited
    backlog.next()
    assert not backlog.awaited


def test_a_stream_that_was_closed_leaves_nothing() -> None:
    backlog = Backlog()
    backlog.feed(pack(Kind.AUDIO, 1, LOUD) + pack(Kind.AUDIO, 1, QUIET) + pack(Kind.CLOSE, 1))
    drained(backlog)
    assert (len(backlog), backlog._loudest, backlog._pausing, backlog._full) == (0, {}, {}, {})


def test_audio_that_waits_is_joined_up_to_240_ms() -> None:
    backlog = Backlog()
    backlog.feed(pack(Kind.AUDIO, 1, PACKET) * 8)
    assert [len(body) for _, _, body in drained(backlog)] == [3840, 1280]
    backlog.feed(pack(Kind.AUDIO, 1, PACKET) + pack(Kind.END, 1) + pack(Kind.BEGIN, 1) + pack(Kind.AUDIO, 1, PACKET))
    assert [kind for kind, _, _ in drained(backlog)] == [Kind.AUDIO, Kind.END, Kind.BEGIN, Kind.AUDIO]


def test_nothing_waits_and_nonsense_is_refused() -> None:
    with pytest.raises(IndexError):
        Backlog().next()
    with pytest.raises(ValueError, match="is not a valid Kind"):
        Backlog().feed(bytes([99]) + bytes(8))


KINDS = st.sampled_from([Kind.OPEN, Kind.BEGIN, Kind.AUDIO, Kind.AUDIO, Kind.END, Kind.EXPECT, Kind.CLOSE, Kind.DROP])
MESSAGES = st.lists(st.tuples(KINDS, st.integers(1, 3), st.binary(max_size=1500)), max_size=40)


@given(MESSAGES, st.integers(1, 700), st.lists(st.booleans(), max_size=60))
def test_each_stream_gets_all_of_its_messages_in_order(
    messages: list[tuple[Kind, int, bytes]], piece: int, taking: list[bool]
) -> None:
    wire = b"".join(pack(kind, number, body) for kind, number, body in messages)
    backlog = Backlog()
    seen: list[tuple[Kind, int, bytes]] = []
    turns = iter(taking)
    for at in range(0, len(wire), piece):
        backlog.feed(wire[at : at + piece])
        if next(turns, False) and len(backlog):
            seen.append(backlog.next())
        assert not (backlog.due and not len(backlog))
    seen += drained(backlog)
    for stream in (1, 2, 3):
        assert _told(seen, stream) == _told(messages, stream)


def _told(messages: list[tuple[Kind, int, bytes]], stream: int) -> list[tuple[Kind, bytes]]:
    """What a stream was told, its audio in one piece up to the next other message; none of an utterance that is dropped right after it."""
    found: list[tuple[Kind, bytes]] = []
    for kind, number, body in messages:
        if number != stream:
            continue
        if kind is Kind.AUDIO and found and found[-1][0] is Kind.AUDIO:
            found[-1] = (kind, found[-1][1] + body)
        else:
            if kind in {Kind.BEGIN, Kind.CLOSE, Kind.DROP} and found and found[-1][0] is Kind.AUDIO:
                found.pop()
            found.append((kind, body))
    return found
