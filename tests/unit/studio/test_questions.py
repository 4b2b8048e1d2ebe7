"""Knowledge from a table."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callwright.errors import InputError
from callwright.studio.questions import read_questions


def test_a_table_as_a_spreadsheet_writes_it() -> None:
    text = (
        '\ufeff问题,答案,相似问\r\n多少钱,"四十元,\n含税",价格|怎么收费；贵不贵\r\n\r\n'
        "在哪里,人民路,\r\n多少钱,可以打折,价格\r\n,空的,\r\n没答案,,\r\n"
    )
    found = read_questions(text)
    price, place = found.entries
    assert (price.id, price.phrases) == ("多少钱", ("多少钱", "价格", "怎么收费", "贵不贵"))
    assert price.answers == ("四十元,\n含税", "可以打折")
    assert (place.id, place.answers) == ("在哪里", ("人民路",))
    assert [(p.place.line, p.place.field) for p in found.problems] == [(7, "question"), (8, "answer")]


def test_english_columns_tabs_and_ids() -> None:
    found = read_questions(
        "ID\tQuestion\tAnswer\tTitle\nprice\thow much?\tforty\tPrice\n\thow much now\tfifty\tPrice\n"
    )
    assert [(one.id, one.title) for one in found.entries] == [("price", "Price"), ("Price", "Price")]


@pytest.mark.parametrize("text", ["", "\n\n", "question\nx\n", "a,b\n1,2\n"])
def test_what_is_no_table_says_how_it_should_be(text: str) -> None:
    with pytest.raises(InputError, match=r"column|empty") as error:
        read_questions(text)
    assert "question" in error.value.problems[0].hint


@given(st.text(max_size=300))
def test_any_text_gives_entries_or_a_clear_error(text: str) -> None:
    try:
        found = read_questions("question,answer,id\n" + text)
    except InputError:
        return
    ids = [one.id for one in found.entries]
    assert len(ids) == len(set(ids))
    assert all(one.id and one.phrases and all(one.answers) for one in found.entries)
