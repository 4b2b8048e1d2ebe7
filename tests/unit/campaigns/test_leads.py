"""A list of people is taken whole or not at all, and every bad row says where and how to mend it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callwright.campaigns.leads import import_csv, parse_csv
from callwright.errors import LeadsError

GOOD = (
    "number,basis,consent_at,scope,time_zone,name\n+1 202-555-0123,consent,2026-11-03,trial;news,America/New_York,Ann\n"
)


def test_a_good_row() -> None:
    (lead,) = parse_csv(GOOD)
    assert lead.number == "+12025550123"
    assert lead.scope == {"trial", "news"}
    assert lead.variables == {"name": "Ann"}
    assert lead.consent_at is not None
    assert lead.consent_at.year == 2026


def test_numbers_of_a_region() -> None:
    (lead,) = parse_csv("number,basis\n17000000123,contract\n", region="CN")
    assert lead.number == "+8617000000123"


@pytest.mark.parametrize(
    ("text", "code", "line", "field"),
    [
        ("", "no-column", 1, ""),
        ("number\n+12025550123\n", "no-column", 1, ""),
        ("number,basis,basis\n", "column-twice", 1, ""),
        ("number,basis\n", "empty", 0, ""),
        ("number,basis\n12,contract\n", "bad-number", 2, "number"),
        ("number,basis\nhello,contract\n", "bad-number", 2, "number"),
        ("number,basis\n+12025550123,hearsay\n", "bad-basis", 2, "basis"),
        ("number,basis,consent_at\n+12025550123,consent,soon\n", "bad-time", 2, "consent_at"),
        ("number,basis\n+12025550123,consent\n", "no-consent-date", 2, "consent_at"),
        ("number,basis,time_zone\n+12025550123,contract,Mars/Base\n", "bad-zone", 2, "time_zone"),
        ("number,basis\n+12025550123,contract\n+1 202 555 0123,contract\n", "duplicate", 3, "number"),
        ("number,basis\n+12025550123,contract,more\n", "too-many-cells", 2, ""),
        ("number,basis,note\n+12025550123,contract," + "x" * 3000 + "\n", "cell-too-long", 2, "note"),
        ('number,basis\n"+12025550123,contract\n', "not-csv", 2, ""),
    ],
)
def test_bad_rows_say_where(text: str, code: str, line: int, field: str) -> None:
    with pytest.raises(LeadsError) as caught:
        parse_csv(text, "people.csv")
    (problem,) = caught.value.problems
    assert (problem.code, problem.place.file, problem.place.line, problem.place.field) == (
        code,
        "people.csv",
        line,
        field,
    )
    assert problem.hint
    assert caught.value.exit_code == 2


def test_every_bad_row_is_told_at_once() -> None:
    with pytest.raises(LeadsError) as caught:
        parse_csv("number,basis\n1,contract\n2,contract\n+12025550123,contract\n")
    assert [problem.place.line for problem in caught.value.problems] == [2, 3]


def test_files(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.encode())
    assert len(import_csv(path)) == 1
    path.write_bytes("number,basis\n+12025550123,contract\n".encode("utf-16"))
    with pytest.raises(LeadsError, match="UTF-8"):
        import_csv(path)
    with pytest.raises(LeadsError, match="no such file"):
        import_csv(tmp_path / "nobody.csv")
    with pytest.raises(LeadsError, match="cannot be read"):
        import_csv(tmp_path)


@given(st.text(max_size=300))
def test_nothing_but_leads_errors(text: str) -> None:
    try:
        parse_csv("number,basis\n" + text)
    except LeadsError as error:
        assert error.problems
