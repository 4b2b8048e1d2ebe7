"""One taxonomy: from SIP codes, causes and the dialogue's end."""

from __future__ import annotations

from itertools import product
from typing import get_args

import pytest

from callwright.calls.disposition import (
    BY_CAUSE,
    BY_CODE,
    BY_EVIDENCE,
    CONNECTED,
    FACTS,
    NOBODY_MS,
    RANG_MS,
    TRUST,
    VAGUE_CODES,
    Disposition,
    Retry,
    disposition,
    disposition_title,
)
from callwright.calls.progress import Evidence, EvidenceKind


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
        ("timeout", "network_fault"),
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


# ---------------------------------------------------------------- what was heard, Q.850, and the code


def heard(kind: str, confidence: float = 0.9) -> Evidence:
    return Evidence(kind, "words", "x", 0, 1, confidence)  # type: ignore[arg-type]


CODES = (None, *range(300, 700))
CAUSES = (None, *sorted(BY_CAUSE), 16, 31, 127)
KINDS = (None, *get_args(get_args(EvidenceKind)[0]), *get_args(get_args(EvidenceKind)[1]))
RINGS = (None, 0, RANG_MS - 1, RANG_MS, NOBODY_MS - 1, NOBODY_MS, 60_000)
NETWORK = {"own_line", "network_busy"}


def test_every_combination_of_code_cause_evidence_and_ring_time() -> None:
    """The laws of the table, over all of it (more than a hundred thousand combinations of those that may differ)."""
    codes = [code for code in CODES if code is None or code in BY_CODE or code % 50 in (0, 2, 3, 88)]
    for code, q850, kind, ring_ms in product(codes, CAUSES, KINDS, RINGS):
        evidence = heard(kind) if kind else None
        got = disposition(
            answered=False, end="", code=code, cause="rejected", q850=q850, evidence=evidence, ring_ms=ring_ms
        )
        case = (code, q850, kind, ring_ms, got)
        assert got in FACTS, case
        assert got not in CONNECTED, case
        if code is not None and 500 <= code < 600:
            assert got == "network_fault", case
        elif code in (607, 608):
            assert got == BY_CODE[code], case
        elif kind in NETWORK:
            assert got == "network_fault", case
        elif kind in {"empty_number", "suspended", "switched_off", "out_of_service", "barred", "carrier_blocked"}:
            assert got == BY_EVIDENCE[kind], case
        elif kind == "line_busy":
            assert got in {"line_busy", "rejected", "no_answer"}, case
            assert (got == "rejected") == (
                code == 603 or q850 == 21 or (code == 486 and ring_ms is not None and RANG_MS <= ring_ms < NOBODY_MS)
            ), case
        elif kind in (None, "special", "ringback", "fax"):
            plain = disposition(answered=False, end="", code=code, cause="rejected", q850=q850)
            assert got == plain, case
            if code is not None and code in BY_CODE and code not in VAGUE_CODES:
                assert got == BY_CODE[code], case


def test_every_code_has_an_outcome_and_unknown_ones_are_unreachable() -> None:
    for code in range(300, 700):
        got = disposition(answered=False, end="", code=code, cause="rejected")
        assert got == ("network_fault" if 500 <= code < 600 else BY_CODE.get(code, "unreachable"))


@pytest.mark.parametrize(("code", "q850", "expected"), [
    (480, 20, "out_of_service"), (480, 19, "no_answer"), (480, 1, "empty_number"), (480, 21, "rejected"), (480, 34, "network_fault"),
    (480, 16, "no_answer"), (480, 127, "no_answer"), (486, 17, "busy"), (486, 21, "rejected"), (403, 55, "barred"), (403, 21, "rejected"),
    (404, 20, "empty_number"), (603, 17, "rejected"), (500, 1, "network_fault"), (503, 17, "network_fault"), (488, 88, "unreachable"),
    (499, 27, "unreachable"), (499, 17, "busy"),
])  # fmt: skip
def test_q850_knows_better_than_a_vague_code(code: int, q850: int, expected: str) -> None:
    assert disposition(answered=False, end="", code=code, cause="rejected", q850=q850) == expected


@pytest.mark.parametrize("cause", ["no_answer", "cancelled"])
def test_our_own_time_out_is_not_explained_by_the_cause_of_our_cancel(cause: str) -> None:
    assert disposition(answered=False, end="", code=487, cause=cause, q850=17) == "no_answer"
    assert disposition(answered=False, end="", code=None, cause=cause, evidence=heard("switched_off")) == "switched_off"


def test_doubtful_evidence_counts_for_nothing() -> None:
    doubtful = heard("switched_off", TRUST - 0.01)
    assert disposition(answered=False, end="", code=486, cause="rejected", evidence=doubtful) == "busy"


def test_a_fault_of_the_line_is_never_the_callee_s() -> None:
    for cause in ("transport_error", "protocol_error"):
        got = disposition(answered=False, end="", code=None, cause=cause, evidence=heard("empty_number"))
        assert got == "network_fault"


def test_a_silent_trunk_is_no_callee_that_cannot_be_reached() -> None:
    assert disposition(answered=False, end="", code=None, cause="timeout") == "network_fault"
    assert disposition(answered=False, end="", code=None, cause="timeout", ring_ms=2_000) == "unreachable"
    assert disposition(answered=False, end="", code=408, cause="rejected") == "no_answer"


def test_whoever_answered_after_all_is_not_judged_by_what_was_heard_before() -> None:
    got = disposition(answered=True, end="done", code=None, cause="bye", evidence=heard("switched_off"))
    assert got == "completed"


def test_every_disposition_has_facts() -> None:
    assert list(FACTS) == list(get_args(Disposition))
    assert {facts.retry for facts in FACTS.values()} <= set(get_args(Retry))
    assert not FACTS["network_fault"].counts
    assert disposition_title("of_the_future", "en") == "of the future"
