from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callwright.dialogue.understanding.pattern_index import PatternIndex, needed

PATTERNS = [
    re.compile(text)
    for text in (
        "(?:别|不要)再?打", "[停终]止(?=打)", "(?:打|拨){1,2}来", "(?:打|拨)?来", "(?<!不)要", "[^打]停", "[一-三]来", "打+?|来*", "(?:别|)停",
        "(?i:A)打", "((打)来)+", "(?!别)打", "(?P<a>别)(?P=a)", "别$", "(?>打|拨)来", ".",
    )
]  # fmt: skip


@pytest.mark.parametrize(
    ("pattern", "sets"),
    [
        ("(?:别|不要)再?打", ["不别", "打"]),
        ("[停终]止(?=打)", ["停终", "止"]),
        ("(?:打|拨)?来", ["来"]),
        ("(?:打|)", []),
        ("[^打]", []),
        ("(?i:A)打", ["打"]),
    ],
)
def test_what_a_match_cannot_do_without(pattern: str, sets: list[str]) -> None:
    assert sorted("".join(sorted(chars)) for chars in needed(re.compile(pattern))) == sorted(
        "".join(sorted(chars)) for chars in sets
    )
    assert needed(re.compile(pattern, re.IGNORECASE)) == []


@settings(max_examples=300, deadline=None)
@given(st.text("别不要再打拨停终止来一二aA", max_size=8))
def test_no_match_is_lost_and_the_order_stays(text: str) -> None:
    possible = PatternIndex(PATTERNS).possible(text)
    assert possible == [pattern for pattern in PATTERNS if pattern in possible]
    assert [pattern for pattern in PATTERNS if pattern.search(text)] == [p for p in possible if p.search(text)]


def test_what_cannot_match_is_left_out() -> None:
    index = PatternIndex(PATTERNS[:3])
    assert index.possible("今天天气好") == []
    assert index.possible("别打") == [PATTERNS[0]]
    assert PatternIndex([]).possible("别打") == []
