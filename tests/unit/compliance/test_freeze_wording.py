"""What is said about lists of numbers nobody calls, in both languages."""

from __future__ import annotations

import re
import string

import pytest

from callwright.compliance.freeze_wording import WORDS, Wrong, told
from callwright.errors import Place

CHINESE = re.compile(r"[\u4e00-\u9fff]")


@pytest.mark.parametrize("key", sorted(WORDS))
def test_both_languages_tell_the_same(key: str) -> None:
    _, words = WORDS[key]
    assert set(words) == {"en", "zh"}
    for english, chinese in zip(words["en"], words["zh"], strict=True):
        assert not CHINESE.search(english)
        assert CHINESE.search(chinese) or english == chinese
        named = [{name for _, name, _, _ in string.Formatter().parse(text) if name} for text in (english, chinese)]
        assert named[0] == named[1]


@pytest.mark.parametrize("key", sorted(WORDS))
def test_each_says_what_where_and_how_to_mend_it(key: str) -> None:
    place = Place("list.csv", 3)
    problem = told(Wrong(key, "\x1b[31mx", ["this", "that"]), "zh", place)
    assert problem.code == WORDS[key][0]
    assert problem.place == place
    assert problem.message
    assert problem.hint
    assert key in {"other-sheets", "no-company", "no-task"} or "\x1b" not in problem.message + problem.hint
