"""A log replayed gives the same decisions; a changed script or log is found out."""

from __future__ import annotations

from typing import Any

import pytest

from callwright.dialogue.events import event_from_json, events_from_json, events_to_json
from callwright.dialogue.replay import lines_of, replay
from callwright.dialogue.values import (
    ActionDone,
    Answered,
    Dtmf,
    Hangup,
    Heard,
    OtherParty,
    Silence,
    TimeUp,
    TransferDone,
)
from callwright.errors import InputError
from callwright.testing.literal import LiteralUnderstander


@pytest.fixture
def log(talk: Any) -> list[dict[str, Any]]:
    t = talk(vars={"who": {}}, variables={"who": "王"}, now="2026-11-20T10:00", seed=3)
    t.hears("好的，多少钱")
    t.silence()
    t.hangs_up()
    return lines_of(t.steps)


def test_the_same_script_decides_the_same(script_of: Any, log: list[dict[str, Any]]) -> None:
    script = script_of(vars={"who": {}})
    # A whole call's log has a clock and lines of its own.
    mixed = [{"n": n, **line, "at_ms": line["at_ms"] + 1234} for n, line in enumerate(log)]
    mixed.insert(1, {"n": 99, "at_ms": 1, "kind": "said", "text": "from the mouth"})
    assert replay(script, LiteralUnderstander(script), mixed) == ()


def test_the_first_difference_is_reported(script_of: Any, log: list[dict[str, Any]]) -> None:
    script = script_of(vars={"who": {}}, kb=[{"id": "price", "phrases": ["多少钱"], "answers": ["两元。"]}])
    (difference,) = replay(script, LiteralUnderstander(script), log)
    assert difference.step == 2
    assert difference.recorded is not None
    assert difference.replayed is not None
    assert (difference.recorded["kind"], difference.replayed["text"]) == ("said", "两元。")
    assert str(difference).startswith("step 2: recorded {")
    script = script_of(vars={"who": {}})
    (difference,) = replay(script, LiteralUnderstander(script), log[:-1])
    assert difference.recorded is None
    assert "recorded nothing" in str(difference)


def test_what_is_no_log_is_refused(script_of: Any, log: list[dict[str, Any]]) -> None:
    script = script_of(vars={"who": {}})
    ears = LiteralUnderstander(script)
    with pytest.raises(InputError, match="first event"):
        replay(script, ears, log[1:])
    with pytest.raises(InputError, match="first event"):
        replay(script, ears, [])
    with pytest.raises(InputError, match="not of `small`"):
        replay(script, ears, [{**log[0], "script": "other"}])
    with pytest.raises(InputError, match="no seed"):
        replay(script, ears, [{**log[0], "seed": None}])


EVENTS = (
    Answered(0, "human"), Heard(1, "好", "a", True, ("号",)), Silence(2), Dtmf(3, "1"), ActionDone(4, False, "timeout"),
    TransferDone(5, True), Hangup(6, "network"), TimeUp(7), OtherParty(8, ("node:a/say/0",)),
)  # fmt: skip


def test_events_come_back_from_json() -> None:
    lines = events_to_json(EVENTS)
    assert events_from_json([{"kind": "said", "text": "x"}, *lines]) == EVENTS
    assert lines[1] == {
        "kind": "heard",
        "event_ms": 1,
        "text": "好",
        "during": "a",
        "interrupted": True,
        "alternatives": ["号"],
    }
    assert event_from_json({"kind": "hangup", "event_ms": 6, "n": 3}) == Hangup(6)


@pytest.mark.parametrize(
    "line",
    [
        {"kind": "said"}, {}, {"kind": "heard", "event_ms": 1}, {"kind": "silence"}, {"kind": "silence", "event_ms": "1"},
        {"kind": "silence", "event_ms": True}, {"kind": "hangup", "event_ms": 1, "by": "ghost"},
        {"kind": "heard", "event_ms": 1, "text": "x", "alternatives": [1]},
        {"kind": "other_party", "event_ms": 1, "cut": "node:a/say/0"}, {"kind": "other_party"},
    ],
)  # fmt: skip
def test_damaged_events_are_refused(line: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="not-an-event"):
        event_from_json(line)
