"""The log of a serving process: one line an event, and no telephone number in it, whoever wrote the message."""

from __future__ import annotations

import json
import logging
import re

import pytest

from callwright.cli.logs import JsonLines, PlainLines


def record(message: str, *values: object) -> logging.LogRecord:
    return logging.LogRecord("callwright.calls.service", logging.WARNING, __file__, 1, message, values, None)


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("call from +8613900000001 is over", "call from *** is over"),
        ("to:13900000001.", "to:***."),
        ("no way to sip:+8613900000001@192.0.2.1:5060", "no way to sip:***@192.0.2.1:5060"),
        ("a connection to 192.0.2.1:5060 took 1234567 ms", "a connection to 192.0.2.1:5060 took *** ms"),
        ("call from +8613***0001 is over", "call from +8613***0001 is over"),
    ],
)
def test_numbers_are_masked(message: str, shown: str) -> None:
    plain = PlainLines().format(record(message))
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d WARNING .*", plain)
    assert plain.endswith(shown)


def test_json_lines_name_their_room() -> None:
    told = json.loads(JsonLines().format(record("call from %s: %s", "+8613900000001", "电话")))
    assert (told["level"], told["room"], told["message"]) == (
        "warning",
        "callwright.calls.service",
        "call from ***: 电话",
    )
