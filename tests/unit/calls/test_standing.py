"""The row of a call, kept by the lines of its log."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callwright.calls.standing import RISKS, STANDINGS, Row, begun, changes, stands

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


def followed(*lines: dict[str, Any]) -> Row:
    row = begun("c1", "visit", "+86139****0001", NOW, "out")
    for n, line in enumerate(lines):
        row.update(changes(row, {"at_ms": 100 * n, **line}))
    return row


@pytest.mark.parametrize(
    ("kinds", "standing"),
    [
        ("", "robot"),
        ("paused", "paused"),
        ("paused resumed", "robot"),
        ("paused interrupted", "robot"),
        ("transfer", "queued"),
        ("transfer nobody_came", "robot"),
        ("transfer bridged", "person"),
        ("bridged given_back", "returned"),
        ("bridged given_back paused", "paused"),
        ("bridged paused", "person"),
        ("bridged ended", "ended"),
        ("ended bridged", "ended"),
    ],
)
def test_where_it_stands(kinds: str, standing: str) -> None:
    lines = [{"kind": kind, "group": "sales", "played_ms": 1} for kind in kinds.split()]
    assert followed(*lines)["standing"] == standing


def test_who_waits_for_whom() -> None:
    asked = {"kind": "transfer", "group": "sales", "wait_s": 20}
    row = followed(asked)
    assert (row["group"], row["wait_s"], row["asked_ms"]) == ("sales", 20, 0)
    row = followed(asked, {"kind": "nobody_came", "group": "sales"})
    assert (row["group"], row["wait_s"], row["asked_ms"]) == ("", None, None)
    row = followed(asked, {"kind": "bridged", "group": "sales"})
    assert (row["standing"], row["group"]) == ("person", "sales")


def test_what_is_said_last() -> None:
    row = followed({"kind": "saying", "text": "Hello"}, {"kind": "partial", "text": "y"})
    assert row["said"] == {"who": "caller", "text": "y", "final": False}
    row = followed({"kind": "partial", "text": "y"}, {"kind": "utterance", "text": "yes " * 100})
    assert row["said"]["final"]
    assert len(row["said"]["text"]) == 161
    assert row["turns"] == 1
    # The end of a prompt that was interrupted does not hide the words that did so.
    row = followed({"kind": "partial", "text": "wait"}, {"kind": "prompt", "text": "Hello"})
    assert row["said"]["text"] == "wait"


def test_risks_and_course() -> None:
    row = followed(
        {"kind": "ringing"},
        {"kind": "connected"},
        {"kind": "global", "id": "complain", "role": "complaint"},
        {"kind": "no_input"},
        {"kind": "no_input"},
        {"kind": "entered", "node": "price"},
        {"kind": "supervising"},
    )
    assert (row["stage"], row["answered_ms"], row["risks"], row["node"], row["listeners"]) == (
        "talking", 100, ["complaint", "silent"], "price", 1,
    )  # fmt: skip
    row.update(changes(row, {"kind": "supervised", "at_ms": 900, "mode": "listen"}))
    assert row["listeners"] == 1  # only another mode
    row.update(changes(row, {"kind": "supervised", "at_ms": 950, "over": True}))
    row.update(changes(row, {"kind": "ended", "at_ms": 1000, "disposition": "completed", "grade": "A"}))
    assert (row["listeners"], row["stage"], row["disposition"], row["grade"]) == (0, "over", "completed", "A")


def test_what_tells_nothing_new_changes_nothing() -> None:
    row = followed({"kind": "entered", "node": "price"})
    assert changes(row, {"kind": "entered", "node": "price", "at_ms": 5}) == {}
    assert changes(row, {"kind": "sip", "at_ms": 5}) == {}


KINDS = st.sampled_from(
    ["paused", "resumed", "interrupted", "transfer", "bridged", "nobody_came", "given_back", "fault"]
)


@settings(max_examples=200)
@given(st.lists(KINDS, max_size=30))
def test_a_call_that_has_ended_never_stands_otherwise(kinds: list[str]) -> None:
    row = followed({"kind": "ended"}, *({"kind": kind, "group": "g"} for kind in kinds))
    assert row["standing"] == "ended"
    assert set(row["risks"]) <= set(RISKS)
    now = STANDINGS[0]
    for kind in kinds:
        now = stands(now, kind)
        assert now in STANDINGS
        assert now != "returned" or "bridged" in kinds
