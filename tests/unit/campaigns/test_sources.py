"""Lists as people have them: encodings, delimiters, workbooks, JSON; and what only an attacker has."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import date
from pathlib import Path

import openpyxl
import pytest

from callwright.campaigns import spreadsheet
from callwright.campaigns.json_rows import read_rows
from callwright.campaigns.rows import Fault, Source
from callwright.campaigns.sources import open_list
from callwright.errors import LeadsError

CHINESE = "手机号;依据;姓名\n13800138000;合同;王小明\n13900139000;合同;李静\n"


def cells(source: Source) -> list[tuple[int, list[str] | Fault]]:
    return [(line, found if isinstance(found, Fault) else list(found)) for line, found in source.rows()]


@pytest.mark.parametrize(
    ("encoding", "name"),
    [
        ("utf-8", "UTF-8"),
        ("utf-8-sig", "UTF-8"),
        ("utf-16", "UTF-16"),
        ("utf-16-le", "UTF-16"),
        ("utf-16-be", "UTF-16"),
        ("gb18030", "GB18030"),
    ],
)
@pytest.mark.parametrize(("delimiter", "called"), [(",", "comma"), (";", "semicolon"), ("\t", "tab")])
def test_text_is_read_as_it_was_meant(tmp_path: Path, encoding: str, name: str, delimiter: str, called: str) -> None:
    path = tmp_path / "list"
    path.write_bytes(CHINESE.replace(";", delimiter).encode(encoding))
    source = open_list(path)
    assert source.columns == ("手机号", "依据", "姓名")
    assert source.how == {"encoding": name, "delimiter": called}
    assert cells(source) == [(2, ["13800138000", "合同", "王小明"]), (3, ["13900139000", "合同", "李静"])]


def test_the_delimiter_that_excel_writes_first(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("sep=;\nnumber;basis\n\n+12025550123;contract\n", encoding="utf-8")
    source = open_list(path)
    assert (source.columns, cells(source)) == (("number", "basis"), [(4, ["+12025550123", "contract"])])


def test_western_letters_are_not_taken_for_chinese(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes("number,basis,name\n+4930123456,contract,Müller\n+4930123457,contract,Jürgen\n".encode("cp1252"))
    with pytest.raises(LeadsError) as caught:
        open_list(path)
    assert caught.value.problems[0].code == "unknown-encoding"
    assert cells(open_list(path, encoding="windows-1252"))[0][1] == ["+4930123456", "contract", "Müller"]
    with pytest.raises(LeadsError) as caught:
        open_list(path, encoding="utf-8")
    assert caught.value.problems[0].code == "bad-encoding"


@pytest.mark.parametrize("name", ["nonsense", "zlib_codec", "idna", "a\0b"])
def test_an_encoding_that_is_none(tmp_path: Path, name: str) -> None:
    path = tmp_path / "people.csv"
    path.write_text("number,basis\n12,contract\n", encoding="utf-8")
    with pytest.raises(LeadsError, match="no encoding of lists") as caught:
        open_list(path, encoding=name)
    assert "big5" in caught.value.problems[0].hint


@pytest.mark.parametrize("name", ["GBK", "gb2312", "UTF8", "cp1252"])
def test_an_encoding_by_another_of_its_names(tmp_path: Path, name: str) -> None:
    path = tmp_path / "people.csv"
    path.write_text("number,basis\n12,contract\n", encoding="ascii")
    assert cells(open_list(path, encoding=name)) == [(2, ["12", "contract"])]


def workbook(path: Path, rows: list[list[object]], hidden: bool = False) -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "people"
    for row in rows:
        sheet.append(row)
    other = book.create_sheet("notes", 0)
    other.sheet_state = "hidden" if hidden else "visible"
    other.append(["nothing"])
    book.save(path)
    return path


def test_a_workbook(tmp_path: Path) -> None:
    rows: list[list[object]] = [
        ["手机号", "依据", "同意时间", "金额"],
        [],
        [13800138000, "同意", date(2026, 1, 2), 12.5],
    ]
    path = workbook(tmp_path / "list.xlsx", rows, hidden=True)
    source = open_list(path)
    assert source.columns == ("手机号", "依据", "同意时间", "金额")
    assert cells(source) == [(3, ["13800138000", "同意", "2026-01-02T00:00:00", "12.5"])]
    assert open_list(path, sheet="people").how["sheet"] == "people"
    with pytest.raises(LeadsError, match="it has notes, people"):
        open_list(path, sheet="nowhere")


def archive(path: Path, entries: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as made:
        for name, content in entries.items():
            made.writestr(name, content)
    return path


def nested() -> bytes:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as made:
        made.writestr("a", b"a")
    return inner.getvalue()


@pytest.mark.parametrize(
    "entries",
    [
        {"xl/worksheets/sheet1.xml": b"\0" * (4 << 20)},  # packed a thousand times
        {f"e{n}": b"" for n in range(2001)},
        {"xl/inner.zip": nested()},
    ],
    ids=["ratio", "entries", "nested"],
)
def test_zip_bombs(tmp_path: Path, entries: dict[str, bytes]) -> None:
    with pytest.raises(LeadsError) as caught:
        open_list(archive(tmp_path / "bomb.xlsx", entries))
    assert caught.value.problems[0].code == "zip-bomb"


def test_an_archive_of_too_many_bytes(tmp_path: Path) -> None:
    path = archive(tmp_path / "list.xlsx", {"a": b"abc" * 100, "b": b"abc" * 100}, zipfile.ZIP_STORED)
    spreadsheet.check_archive(path, most=600)
    with pytest.raises(LeadsError, match="declares more"):
        spreadsheet.check_archive(path, most=599)


def test_an_archive_that_lies_about_its_bytes(tmp_path: Path) -> None:
    path = archive(tmp_path / "list.xlsx", {"a": b"abc" * 1000})
    data = bytearray(path.read_bytes())
    for mark, at in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        place = data.index(mark) + at
        data[place : place + 4] = (10).to_bytes(4, "little")
    path.write_bytes(data)
    with pytest.raises(LeadsError) as caught:
        open_list(path)
    assert caught.value.problems[0].code == "not-xlsx"


def test_entries_that_lie_over_each_other(tmp_path: Path) -> None:
    path = archive(tmp_path / "list.xlsx", {"a": b"abc" * 1000, "b": b"abc" * 1000}, zipfile.ZIP_STORED)
    data = bytearray(path.read_bytes())
    first = data.index(b"PK\x01\x02")
    second = data.index(b"PK\x01\x02", first + 4)
    for place in (first, second):  # both claim more packed bytes than the file has
        data[place + 20 : place + 24] = (5000).to_bytes(4, "little")
    path.write_bytes(data)
    with pytest.raises(LeadsError) as caught:
        open_list(path)
    assert caught.value.problems[0].code in ("zip-bomb", "not-xlsx")


def test_entities_in_a_workbook_are_refused(tmp_path: Path) -> None:
    path = workbook(tmp_path / "list.xlsx", [["number", "basis"], ["+12025550123", "contract"]])
    with zipfile.ZipFile(path) as old:
        entries = {name: old.read(name) for name in old.namelist()}
    assert open_list(path, sheet="people").columns == ("number", "basis")
    laughs = b'<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol">]>'
    for name in list(entries):
        if name.startswith("xl/worksheets"):
            entries[name] = laughs + entries[name].split(b"?>", 1)[-1]
    with pytest.raises(LeadsError) as caught:
        open_list(archive(path, entries), sheet="people")
    assert caught.value.problems[0].code == "not-xlsx"


def test_old_workbooks_and_passwords(tmp_path: Path) -> None:
    path = tmp_path / "list.xls"
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600)
    with pytest.raises(LeadsError, match="XLS, password"):
        open_list(path)


@pytest.mark.parametrize("form", ["array", "lines"])
def test_json(tmp_path: Path, form: str) -> None:
    people = [
        {"number": "+12025550123", "basis": "contract"},
        {"number": 12, "name": "Ann", "vip": True},
        ["no"],
        {"number": {}},
    ]
    path = tmp_path / "list"
    text = json.dumps(people, indent=1) if form == "array" else "\n".join(map(json.dumps, people))
    path.write_text(text, encoding="utf-8")
    source = open_list(path)
    assert source.columns == ("number", "basis", "name", "vip")
    assert source.how == {"form": form}
    assert cells(source) == [
        (1, ["+12025550123", "contract", "", ""]),
        (2, ["12", "", "Ann", "true"]),
        (3, Fault("", "not-an-object")),
        (4, Fault("number", "not-an-object")),
    ]


@pytest.mark.parametrize("text", ["[", "[{}", '[{"a": 1}] x', "[{'a': 1}]", "[" * 100_000])
def test_broken_json(tmp_path: Path, text: str) -> None:
    path = tmp_path / "list.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(LeadsError) as caught:
        open_list(path)
    assert caught.value.problems[0].code == "not-json"


def test_a_broken_line_leaves_the_others(tmp_path: Path) -> None:
    path = tmp_path / "list.json"
    path.write_text('{"number": "1"}\n{"number": \n{"number": "2"}\n', encoding="utf-8")
    assert [found for _, found in cells(open_list(path))] == [["1"], Fault("", "not-an-object"), ["2"]]


def test_an_array_longer_than_a_piece(tmp_path: Path) -> None:
    path = tmp_path / "list.json"
    people = [{"number": str(n), "note": "x" * 997} for n in range(3000)]
    path.write_text(json.dumps(people), encoding="utf-8")
    assert [found[0] for _, found in cells(open_list(path))] == [str(n) for n in range(3000)]


def test_rows_of_a_program() -> None:
    source = read_rows([{"number": "+12025550123", "basis": "contract", "amount": 12.0}])
    assert (source.columns, cells(source)) == (
        ("number", "basis", "amount"),
        [(1, ["+12025550123", "contract", "12"])],
    )
    assert source.sha256 == read_rows([{"basis": "contract", "number": "+12025550123", "amount": 12.0}]).sha256


def test_evidence_names_one_row_of_one_file() -> None:
    one, other = read_rows([{"number": "1"}]), read_rows([{"number": "2"}])
    assert len({one.evidence(1), one.evidence(2), other.evidence(1)}) == 3
