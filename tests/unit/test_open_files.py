"""The limit of open files follows the calls."""

from __future__ import annotations

import logging

import pytest

from callwright.open_files import allow_open_files

LIMIT = "callwright.open_files.resource"


@pytest.mark.parametrize(
    ("before", "calls", "after"),
    [
        ((1024, 1 << 20), 100, None),
        ((1024, 1 << 20), 500, 3_200),
        ((1024, 2_000), 500, 2_000),
        ((1024, -1), 500, 3_200),
        ((-1, -1), 500, None),
    ],
)
def test_the_soft_limit_is_raised_as_far_as_allowed(
    before: tuple[int, int],
    calls: int,
    after: int | None,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    told: list[tuple[int, int]] = []
    monkeypatch.setattr(f"{LIMIT}.getrlimit", lambda _what: before)
    monkeypatch.setattr(f"{LIMIT}.setrlimit", lambda _what, limits: told.append(limits))
    with caplog.at_level(logging.WARNING):
        allow_open_files(calls)
    assert told == ([] if after is None else [(after, before[1])])
    assert ("LimitNOFILE" in caplog.text) == (after == 2_000)
