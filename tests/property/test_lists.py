"""Lists from anywhere: whatever the bytes are, there are rows or problems, nothing else; what is written as text comes back as text."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from callwright.campaigns.cells import as_text, from_text, risky
from callwright.campaigns.entries import Entry, Rules, judge
from callwright.campaigns.errors_file import Complaints
from callwright.campaigns.leads import read_whole
from callwright.campaigns.mapping import targets
from callwright.campaigns.numbers import identify, look_up
from callwright.campaigns.rows import Row
from callwright.campaigns.sources import open_list
from callwright.errors import LeadsError

NOW = datetime(2026, 11, 26, 4, 0, tzinfo=UTC)
HEADS = (
    b"",
    b"number,basis\n",
    b"[",
    b"{",
    b"PK\x03\x04",
    b"\xff\xfe",
    b"\xef\xbb\xbfnumber,basis\n",
    b"\xd0\xcf\x11\xe0",
)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("lists") / "list"


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(head=st.sampled_from(HEADS), body=st.binary(max_size=400))
@example(head=b"", body=b"number,basis\n+12025550123,contract\n")
def test_any_bytes_are_rows_or_problems(file: Path, head: bytes, body: bytes) -> None:
    file.write_bytes(head + body)
    try:
        assert read_whole(file, NOW)
    except LeadsError as error:
        assert error.problems


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(max_size=300), encoding=st.sampled_from(["utf-8", "utf-16", "gb18030"]))
def test_any_text_below_a_header_is_rows_or_problems(file: Path, text: str, encoding: str) -> None:
    file.write_bytes(("number,basis,name\n" + text).encode(encoding, "replace"))
    try:
        source = open_list(file)
        found = targets(source.columns, {}, {})
        complaints = Complaints(source.name, "zh")
        for row in source.rows():
            verdict = judge(Rules(found, NOW, region="CN"), row)
            if not isinstance(verdict, Entry):
                assert verdict.faults
                complaints.add(verdict.line, *verdict.faults)
        assert complaints.error().problems or not complaints.rows
    except LeadsError as error:
        assert error.problems


@given(st.text(max_size=40))
@example("=1+1")
@example("'=1+1")
@example("+8613800138000")
def test_text_comes_back_and_is_no_formula(cell: str) -> None:
    written = as_text(cell)
    assert written[:1] not in "=+-@＝＋－＠\t\r\n" or not written
    assert from_text(written) == cell
    assert not risky(written) or written[0] == "'"


@given(
    st.lists(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20), min_size=1, max_size=4
    )
)
def test_cells_survive_a_csv(cells: list[str]) -> None:
    out = io.StringIO(newline="")
    csv.writer(out).writerow([as_text(cell) for cell in cells])
    (row,) = csv.reader(io.StringIO(out.getvalue(), newline=""), strict=True)
    assert [from_text(cell) for cell in row] == cells


@settings(max_examples=400)
@given(
    st.sampled_from(["+86", "+1", "", "86", "1", "0", "+44", "+"]),
    st.text("0123456789", min_size=7, max_size=12),
    st.sampled_from([None, "CN", "US", "CA", "GB"]),
)
def test_the_fast_way_finds_what_the_slow_one_does(code: str, digits: str, region: str | None) -> None:
    assert identify(code + digits, region) == look_up(code + digits, region)


@given(st.lists(st.text(max_size=30), max_size=4))
def test_a_row_of_anything_is_a_person_or_faults(cells: list[str]) -> None:
    rules = Rules(("number", "basis", "consent_at", "time_zone"), NOW, region="CN")
    verdict = judge(rules, Row(2, cells))
    assert isinstance(verdict, Entry) or verdict.faults
