"""Cursors: what a list gives comes back as it was; anything else is refused."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callwright.http.paging import Page, Paging, cursor_of, keys_of
from callwright.http.problems import ApiError

MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)).map(lambda at: at.replace(tzinfo=UTC))


@given(st.integers(-(2**62), 2**62), st.text(max_size=30), MOMENTS)
def test_a_cursor_comes_back_as_it_was(number: int, word: str, at: datetime) -> None:
    assert keys_of(cursor_of((number, word, at)), int, str, datetime) == (number, word, at)


@given(st.text(max_size=60))
def test_what_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(ApiError) as refused:
        keys_of(text, int, str)
    assert refused.value.status == 422


@pytest.mark.parametrize(
    "inside", ["[1]", "[1,2]", '["a","b"]', '[true,"x"]', '[1e400,"x"]', "{}", '[[1],"x"]', "[" * 5000]
)
def test_a_cursor_of_another_list_is_refused(inside: str) -> None:
    cursor = base64.urlsafe_b64encode(inside.encode()).decode().rstrip("=")
    with pytest.raises(ApiError):
        keys_of(cursor, int, str)


def test_one_row_more_than_shown_means_a_next_page() -> None:
    start = datetime(2026, 11, 26, tzinfo=UTC)
    rows = [(start + timedelta(minutes=n), n) for n in range(4)]
    asked = Paging(limit=3)
    page = Page[int].of(rows, asked, lambda row: row[1], key=lambda row: row)
    assert page.items == [0, 1, 2]
    assert page.next is not None
    assert keys_of(page.next, datetime, int) == rows[2]
    assert Page[int].of(rows[:3], asked, lambda row: row[1], key=lambda row: row).next is None
