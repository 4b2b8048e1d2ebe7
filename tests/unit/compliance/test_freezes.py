"""What a freeze forbids, and lists of them as files."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from callwright.compliance.facts import Freeze
from callwright.compliance.freezes import (
    NewFreeze,
    active,
    applies,
    e164,
    masked,
    outlasts,
    period_end,
    safe_cell,
)
from callwright.errors import InputError

NOW = datetime(2026, 11, 26, 4, 0, tzinfo=UTC)
LATER = NOW + timedelta(days=1)


def frozen(scope: str = "tenant", until: datetime | None = None, scope_id: int | None = None) -> Freeze:
    return Freeze(scope, "manual", NOW, until, scope_id)  # type: ignore[arg-type]


def test_a_freeze_ends_at_its_end() -> None:
    until = NOW + timedelta(seconds=1)
    assert active(frozen(until=until), NOW)
    assert not active(frozen(until=until), until)
    assert active(frozen(), NOW + timedelta(days=36500))


@pytest.mark.parametrize(
    ("freeze", "robot", "company", "task", "forbids"),
    [
        (frozen(), True, 1, 2, True),
        (frozen(), False, 1, 2, True),
        (frozen("voice"), True, 1, 2, True),
        (frozen("voice"), False, 1, 2, False),
        (frozen("company", scope_id=1), False, 1, 2, True),
        (frozen("company", scope_id=1), True, 9, 2, False),
        (frozen("company", scope_id=1), True, None, None, True),
        (frozen("task", scope_id=2), True, 1, 2, True),
        (frozen("task", scope_id=2), True, 1, 3, False),
        (frozen(until=NOW), True, 1, 2, False),
    ],
)
def test_scopes(freeze: Freeze, robot: bool, company: int | None, task: int | None, forbids: bool) -> None:
    assert bool(applies([freeze], NOW, company_id=company, task_id=task, robot=robot)) is forbids


def test_periods() -> None:
    assert period_end("opt_out", NOW) is None
    assert period_end("keyword", NOW) == NOW + timedelta(days=90)
    assert outlasts(None, None)
    assert outlasts(LATER, NOW)
    assert not outlasts(NOW, None)


@pytest.mark.parametrize(
    ("text", "number"),
    [("+86 139-0000 0001", "+8613900000001"), ("'+1 (202) 555-0123", "+12025550123"), ("13900000001", None), ("+0", None),
     ("+86139000000011112222", None), ("", None), ("+８６1390000", None)],
)  # fmt: skip
def test_numbers(text: str, number: str | None) -> None:
    assert e164(text) == number


def test_numbers_are_masked() -> None:
    assert masked("+8613900000001") == "+86139****0001"
    assert masked("+49301234") == "****"


@pytest.mark.parametrize("text", ["=1+1", "+86", "-1", "@x", "\tx", "＝1"])
def test_no_cell_is_a_formula(text: str) -> None:
    assert safe_cell(text).startswith("'")


def test_a_freeze_without_a_zone_is_refused() -> None:
    with pytest.raises(InputError, match="time zone"):
        NewFreeze("+8613900000001", until=datetime(2027, 1, 1))
