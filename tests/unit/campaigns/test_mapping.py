"""Which column is what: guessed from its name in two languages, or told."""

from __future__ import annotations

import pytest

from callwright.campaigns.mapping import guess, targets
from callwright.campaigns.wording import CODES
from callwright.errors import LeadsError


@pytest.mark.parametrize(
    ("column", "target"),
    [
        ("number", "number"),
        ("Phone Number", "number"),
        ("手机号（必填）", "number"),
        ("联系电话*", "number"),
        ("consent_at", "consent_at"),
        ("Consent Date", "consent_at"),
        ("授权时间", "consent_at"),
        ("姓名", "var:name"),
        ("name", "var:name"),
        ("爱好", "var:爱好"),
        ("", ""),
    ],
)
def test_guesses(column: str, target: str) -> None:
    assert guess(column) == target


def test_what_is_told_goes_before_what_is_guessed() -> None:
    columns = ("手机", "电话", "依据", "备注")
    found = targets(columns, {"手机": "number", "电话": "-", "备注": "note"}, {})
    assert found == ("number", "", "basis", "var:note")


def test_a_default_stands_for_a_column() -> None:
    assert targets(("手机",), {}, {"basis": "contract"}) == ("number",)


def test_a_column_that_is_not_there() -> None:
    with pytest.raises(LeadsError) as caught:
        targets(("number", "basis"), {"Phone": "number"}, {})
    assert [problem.code for problem in caught.value.problems] == ["unknown-column"]


def test_every_message_is_there_in_both_languages() -> None:
    assert all(set(texts) == {"en", "zh"} and all(map(all, texts.values())) for texts in CODES.values())
