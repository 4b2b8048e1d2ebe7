"""A small list is taken whole or not at all, and every bad row says where and how to mend it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from callwright.campaigns.leads import Lead, read_whole, usable
from callwright.errors import LeadsError
from callwright.script.loader import loads

NOW = datetime(2026, 11, 26, 4, 0, tzinfo=UTC)
GOOD = (
    "number,basis,consent_at,scope,time_zone,name\n+1 202-555-0123,consent,2026-11-03,trial;news,America/New_York,Ann\n"
)


@pytest.fixture
def read(tmp_path: Path):  # type: ignore[no-untyped-def]
    path = tmp_path / "people.csv"

    def from_text(text: str, region: str | None = None) -> tuple[Lead, ...]:
        path.write_text(text, encoding="utf-8")
        return read_whole(path, NOW, region)

    return from_text


def test_a_good_row(read) -> None:  # type: ignore[no-untyped-def]
    (lead,) = read(GOOD)
    assert lead.number == "+12025550123"
    assert lead.scope == {"trial", "news"}
    assert lead.variables == {"name": "Ann"}
    assert lead.consent_at == datetime(2026, 11, 3, tzinfo=UTC)


def test_numbers_of_a_region(read) -> None:  # type: ignore[no-untyped-def]
    (lead,) = read("number,basis\n17000000123,contract\n", "CN")
    assert lead.number == "+8617000000123"


@pytest.mark.parametrize(
    ("text", "code", "line", "field"),
    [
        ("", "no-column", 1, ""),
        ("number\n+12025550123\n", "no-column", 1, ""),
        ("number,basis,basis\n", "column-twice", 1, ""),
        ("手机,电话,依据\n13800138000,,合同\n", "column-twice", 1, ""),
        ("+12025550123,contract\n", "no-header", 1, ""),
        ("number,basis\n", "empty", 0, ""),
        ("number,basis\n12,contract\n", "bad-number", 2, "number"),
        ("number,basis\nhello,contract\n", "bad-number", 2, "number"),
        ("number,basis\n,contract\n", "no-number", 2, "number"),
        ("number,basis\n8.61E+12,contract\n", "rounded-number", 2, "number"),
        ("number,basis\n+12025550123,hearsay\n", "bad-basis", 2, "basis"),
        ("number,basis\n+12025550123,\n", "no-basis", 2, "basis"),
        ("number,basis,consent_at\n+12025550123,consent,soon\n", "bad-time", 2, "consent_at"),
        ("number,basis,consent_at\n+12025550123,consent,2026-11-31\n", "bad-time", 2, "consent_at"),
        ("number,basis,consent_at\n+12025550123,consent,03/11/2026\n", "bad-time", 2, "consent_at"),
        ("number,basis,consent_at\n+12025550123,consent,2026-11-28\n", "future-time", 2, "consent_at"),
        ("number,basis,valid_until\n+12025550123,contract,2026-11-25\n", "over", 2, "valid_until"),
        ("number,basis\n+12025550123,consent\n", "no-consent-date", 2, "consent_at"),
        ("number,basis,time_zone\n+12025550123,contract,Mars/Base\n", "bad-zone", 2, "time_zone"),
        ("number,basis\n+12025550123,contract\n+1 202 555 0123,contract\n", "duplicate", 3, "number"),
        ("number,basis\n+12025550123,contract,more\n", "too-many-cells", 2, ""),
        ("number,basis,note\n+12025550123,contract," + "x" * 3000 + "\n", "cell-too-long", 2, "note"),
        ("number,basis,wording\n+12025550123,contract," + "x" * 65 + "\n", "cell-too-long", 2, "wording"),
        ("number,basis,note\n+12025550123,contract,a\x07b\n", "bad-character", 2, "note"),
        ('number,basis\n"+12025550123,contract\n', "not-csv", 2, ""),
    ],
)
def test_bad_rows_say_where(read, text: str, code: str, line: int, field: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(LeadsError) as caught:
        read(text)
    (problem,) = caught.value.problems
    assert (problem.code, problem.place.line, problem.place.field) == (code, line, field)
    assert problem.place.file.endswith("people.csv")
    assert problem.hint
    assert caught.value.exit_code == 2


def test_every_bad_row_is_told_at_once(read) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(LeadsError) as caught:
        read('number,basis\n1,contract\n"2"x,contract\n3,contract\n+12025550123,contract\n')
    assert [problem.place.line for problem in caught.value.problems] == [2, 3, 4]


def test_what_is_valid_to_the_end_of_a_day(read) -> None:  # type: ignore[no-untyped-def]
    assert read("number,basis,valid_until\n+12025550123,contract,2026-11-26\n")


def test_files(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.encode())
    assert len(read_whole(path, NOW)) == 1
    with pytest.raises(LeadsError, match="no such file"):
        read_whole(tmp_path / "nobody.csv", NOW)
    with pytest.raises(LeadsError, match="cannot be read"):
        read_whole(tmp_path, NOW)


def test_messages_in_chinese(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("手机号,依据\n12,合同\n", encoding="utf-8")
    with pytest.raises(LeadsError, match="不是存在的电话号码"):
        read_whole(path, NOW, lang="zh")


def test_who_lacks_what_the_script_must_say() -> None:
    script = loads(
        """
format: script/1
id: s
title: T
lang: en
purpose: service
vars: {name: {required: true}, item: {required: true}, note: {}}
flow: {start: a, nodes: {a: {say: [{text: "Hello {name}, your {item}."}], end: done}}}
"""
    ).script
    assert usable({"name": "Ann", "item": "watch"}, script).ok
    use = usable({"name": "Ann", "item": " "}, script)
    assert (use.ok, use.missing, use.reason) == (False, ("item",), "missing: item")
