"""What a tenant may decide about its desk, and which groups scripts ask for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from callwright.desk.asked import groups_asked
from callwright.desk.settings import Code, DeskSettings, Group, merged
from callwright.errors import InputError
from callwright.script.loader import loads

BEFORE = DeskSettings()
SALES = Group("sales", "Sales", "销售组")


def test_a_code_that_is_taken_away_is_archived() -> None:
    kept = merged(BEFORE, replace(BEFORE, codes=(Code("won", "won", "成交"),)))
    assert [one.code for one in kept.codes if not one.archived] == ["won"]
    assert {one.code for one in kept.codes if one.archived} == {one.code for one in BEFORE.codes}
    again = merged(kept, replace(kept, codes=(replace(BEFORE.codes[0], archived=False), *kept.codes[:1])))
    assert [one.code for one in again.codes if not one.archived] == ["interested", "won"]


@pytest.mark.parametrize(
    ("wanted", "code", "field"),
    [
        (replace(BEFORE, codes=()), "no-code", "codes"),
        (replace(BEFORE, codes=(Code("a", "a", "甲", archived=True),)), "no-code", "codes"),
        (replace(BEFORE, codes=(Code("No!", "a", "甲"),)), "bad-code", "codes.0.code"),
        (replace(BEFORE, codes=(Code("a", "a", " "),)), "bad-title", "codes.0.zh"),
        (replace(BEFORE, codes=(Code("a", "a", "甲"), Code("a", "b", "乙"))), "twice", "codes"),
        (replace(BEFORE, groups=(Group("", "a", "甲"),)), "bad-group", "groups.0.name"),
        (replace(BEFORE, groups=(SALES, SALES)), "twice", "groups"),
        (replace(BEFORE, work_s=4000), "bad-time", "work_s"),
    ],
)
def test_what_is_wrong_is_named(wanted: DeskSettings, code: str, field: str) -> None:
    with pytest.raises(InputError) as caught:
        merged(BEFORE, wanted)
    assert [(one.code, one.place.field) for one in caught.value.problems] == [(code, field)]


def test_a_group_with_agents_stays() -> None:
    with_sales = merged(BEFORE, replace(BEFORE, groups=(SALES,)))
    with pytest.raises(InputError, match="has agents"):
        merged(with_sales, BEFORE, frozenset({"sales"}))
    assert merged(with_sales, BEFORE).groups == ()


def test_which_groups_a_script_asks_for() -> None:
    text = (Path(__file__).parents[2] / "fixtures" / "calls" / "visit.yaml").read_text(encoding="utf-8")
    assert groups_asked(loads(text).script) == {"desk"}
    elsewhere = text.replace(
        'answers: ["It is free."], then: {resume: reask}', 'answers: ["It is free."], then: {transfer: sales}'
    )
    assert elsewhere != text
    assert groups_asked(loads(elsewhere).script) == {"desk", "sales"}
