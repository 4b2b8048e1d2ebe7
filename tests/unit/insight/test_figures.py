"""Shares and differences with their ranges, costs as ranges, questions put together, drafts of answers."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from callwright.insight.comparing import difference, share
from callwright.insight.costs import Range, Seats, costs
from callwright.insight.questions import TO_WRITE, Asked, clustered, draft, entry_name
from callwright.script.builtin import template_path
from callwright.script.loader import loads


def test_shares_as_the_papers_give_them() -> None:
    wilson = share(81, 263)  # Newcombe 1998, part 1, table I
    assert (round(wilson.low, 4), round(wilson.high, 4)) == (0.2553, 0.3662)
    nothing = share(0, 20)
    assert (nothing.low, round(nothing.high, 4)) == (0.0, 0.1611)
    value, low, high = difference(share(56, 70), share(48, 80))  # part 2, table II (a), method 10
    assert (round(value, 4), round(low, 4), round(high, 4)) == (0.2, 0.0524, 0.3339)


@given(st.integers(0, 500), st.integers(0, 500))
def test_a_share_lies_within_its_range(part: int, more: int) -> None:
    one = share(part, part + more)
    assert 0 <= one.low <= one.value <= one.high <= 1 or not one.whole
    value, low, high = difference(one, share(3, 10))
    assert low <= value <= high


def test_a_share_of_less_than_nothing_is_none() -> None:
    with pytest.raises(ValueError, match="2 of 1"):
        share(2, 1)


def test_costs_are_ranges() -> None:
    one = Range(1, 1)
    exact = costs(Seats(Range(1000, 1000), Range(0.1, 0.1), Range(2000, 2000), Range(0.5, 0.5), Range(0.1, 0.1), one))
    assert exact.month == Range(1100, 1100)
    assert exact.got == Range(100, 100)
    assert exact.per_answered == Range(1.1, 1.1)
    assert exact.per_wanted is not None
    assert round(exact.per_wanted.low, 6) == 11
    vague = costs(Seats(Range(1000, 2000), Range(0.1, 0.2), Range(1000, 2000), Range(0.4, 0.6), Range(0, 0.1), one))
    assert vague.per_answered is not None
    assert vague.per_answered.low < 1.1 < vague.per_answered.high
    assert vague.per_wanted is None
    with pytest.raises(ValueError, match="no range"):
        Range(2, 1)


def asked(*sentences: str) -> list[Asked]:
    return [Asked(n, f"c{n}", sentence, "offer", 0) for n, sentence in enumerate(sentences, 1)]


def test_the_same_questions_come_together_in_any_order() -> None:
    all_of_them = asked(
        "有没有停车位",
        "请问有停车位吗",
        "可以停车吗有停车位没",
        "能不能开发票",
        "开发票吗",
        "where do I park?",
        "where can I park",
    )
    found = clustered(all_of_them)
    groups = [sorted(one.id for one in cluster.asked) for cluster in found]
    assert sorted(groups) == [[1, 2, 3], [4, 5], [6, 7]]
    assert [sorted(one.id for one in cluster.asked) for cluster in clustered(all_of_them[::-1])] == groups
    assert found[0].sentence in {"有没有停车位", "请问有停车位吗", "可以停车吗有停车位没"}


def test_the_script_that_was_asked_most_comes_first() -> None:
    said = [Asked(n, f"c{n}", "有没有停车位", "", 0, script) for n, script in enumerate(("b", "a", "b", "", "a", "b"))]
    (cluster,) = clustered(said)
    assert cluster.scripts == ["b", "a"]


@pytest.mark.parametrize(
    ("sentence", "name"),
    [
        ("有没有停车位", "you_mei_you_ting"),
        ("Is there PARKING nearby, please?", "is_there_parking_nearby"),
        ("2 号门在哪", "question"),
        ("？！", "question"),
        ("x" * 200, "x" * 64),
    ],
)
def test_an_entry_is_named_after_its_question(sentence: str, name: str) -> None:
    assert entry_name(sentence) == name
    draft(name, "t", [sentence], TO_WRITE)


def test_a_draft_belongs_into_a_script_with_its_test() -> None:
    made = draft("parking_space", "停车", ["有没有停车位", "有停车位吗", "有没有停车位"], "有，地下一层可以停车。")
    text = template_path("trial_lesson").read_text(encoding="utf-8")
    script = yaml.safe_load(text)
    script["kb"] += made["kb"]
    script["tests"] += made["tests"]
    loaded = loads(yaml.safe_dump(script, allow_unicode=True)).script
    entry = next(one for one in loaded.kb if one.id == "parking_space")
    assert len(entry.phrases) == 1
    assert yaml.safe_load(made["yaml"])["tests"][0]["expect"] == {"kb": ["parking_space"]}
