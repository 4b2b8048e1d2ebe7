"""One taxonomy: from SIP codes, causes and the dialogue's end."""

from __future__ import annotations

from typing import get_args

import pytest

from callwright.calls.disposition import CONNECTED, Disposition, disposition, disposition_title


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (486, "busy"),
        (600, "busy"),
        (603, "rejected"),
        (607, "rejected"),
        (608, "carrier_blocked"),
        (404, "empty_number"),
        (410, "empty_number"),
        (484, "empty_number"),
        (604, "empty_number"),
        (480, "no_answer"),
        (408, "no_answer"),
        (487, "no_answer"),
        (403, "barred"),
        (407, "barred"),
        (500, "network_fault"),
        (503, "network_fault"),
        (488, "unreachable"),
        (302, "unreachable"),
    ],
)
def test_codes(code: int, expected: str) -> None:
    assert disposition(answered=False, end="", code=code, cause="rejected") == expected


@pytest.mark.parametrize(
    ("cause", "expected"),
    [
        ("no_answer", "no_answer"),
        ("timeout", "unreachable"),
        ("transport_error", "network_fault"),
        ("strange", "unknown"),
    ],
)
def test_causes_without_a_code(cause: str, expected: str) -> None:
    assert disposition(answered=False, end="", code=None, cause=cause) == expected


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        ("done", "completed"),
        ("optout", "opted_out"),
        ("transfer", "transferred"),
        ("silence", "no_interaction"),
        ("voicemail", "voicemail"),
        ("hangup", "hung_up"),
        ("", "hung_up"),
    ],
)
def test_ends(end: str, expected: str) -> None:
    got = disposition(answered=True, end=end, code=None, cause="bye")
    assert got == expected
    assert got in CONNECTED


def test_a_fault_is_not_a_hang_up() -> None:
    assert disposition(answered=True, end="hangup", code=None, cause="media_timeout") == "interrupted_by_fault"
    assert disposition(answered=True, end="optout", code=None, cause="media_timeout") == "opted_out"


def test_every_disposition_has_a_chinese_name() -> None:
    names = [disposition_title(value, "zh") for value in get_args(Disposition)]
    assert len(set(names)) == len(names)
    assert all(not name.isascii() for name in names)
    assert disposition_title("no_answer", "en") == "no answer"


@pytest.mark.parametrize("end", ["", "hangup", "silence"])
@pytest.mark.parametrize("cause", ["media_timeout", "timeout", "transport_error", "internal_error"])
def test_a_peer_that_is_gone_is_a_fault_and_no_silent_person(cause: str, end: str) -> None:
    assert disposition(answered=True, end=end, code=None, cause=cause) == "interrupted_by_fault"


def test_what_was_agreed_before_the_fault_stays() -> None:
    assert disposition(answered=True, end="optout", code=None, cause="timeout") == "opted_out"


def test_a_refused_order_was_not_dialled() -> None:
    assert disposition(answered=False, end="", code=None, cause="refused") == "not_allowed"
