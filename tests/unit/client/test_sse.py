"""Server-sent events, in whatever pieces they come."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callwright.client.sse import Event, Events

STREAM = (
    "\ufeff: open\n\nevent: counters\ndata: {\"a\":\ndata: 1}\n\r\n:beat\r\n\r\ndata:没有\rid: 7\r\rretry: 5\n\nevent: x\n\ndata: last\n\n"
).encode()  # fmt: skip
WANTED = [Event("counters", '{"a":\n1}'), Event("message", "没有"), Event("message", "last")]


@given(st.lists(st.integers(0, len(STREAM)), max_size=8))
def test_however_it_is_cut(cuts: list[int]) -> None:
    events = Events()
    at = [0, *sorted(cuts), len(STREAM)]
    pieces = [STREAM[begin:end] for begin, end in pairwise(at)]
    assert [event for piece in pieces for event in events.feed(piece)] == WANTED


def test_a_line_without_end_is_no_stream_of_ours() -> None:
    events = Events()
    with pytest.raises(ValueError, match="too long"):
        for _ in range(5):
            events.feed(b"x" * 1024 * 1024)
