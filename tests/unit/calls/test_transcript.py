"""The transcript is read from the event log, in order of speech."""

from __future__ import annotations

from callwright.calls.transcript import as_text, transcript

EVENTS = [
    {"n": 0, "at_ms": 10, "kind": "placed"},
    {"n": 1, "at_ms": 4000, "kind": "prompt", "begun_ms": 1000, "text": "Hello.", "played_ms": 2900},
    {"n": 2, "at_ms": 5200, "kind": "utterance", "begin_ms": 4300, "text": "yes"},
    {"n": 3, "at_ms": 9000, "kind": "prompt", "begun_ms": 5400, "text": "It costs", "played_ms": 1200, "cut": True},
    {"n": 4, "at_ms": 9900, "kind": "key", "digit": "1"},
    {"n": 5, "at_ms": 15000, "kind": "no_input"},
    {"n": 6, "at_ms": 20000, "kind": "replaced"},
    {"n": 7, "at_ms": 61000, "kind": "bridged", "group": "sales"},
]


def test_lines_in_order_of_speech() -> None:
    lines = transcript(EVENTS)
    assert [(line.who, line.at_ms) for line in lines] == [
        ("robot", 1000),
        ("caller", 4300),
        ("robot", 5400),
        ("caller", 9900),
        ("note", 15000),
        ("note", 20000),
        ("note", 61000),
    ]
    assert lines[2].note == "cut off after 1200 ms"


def test_text() -> None:
    text = as_text(transcript(EVENTS))
    assert "00:01.0 robot   Hello.\n" in text
    assert "00:05.4 robot   It costs   [cut off after 1200 ms]\n" in text
    assert "00:20.0 note    (handed over: somebody else is on the line)\n" in text
    assert "01:01.0 note    (with a person: sales)\n" in text
