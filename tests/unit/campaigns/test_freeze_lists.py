"""Lists of numbers nobody may call, as people have them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from callwright.campaigns.freeze_lists import read_freezes
from callwright.campaigns.sources import open_list
from callwright.campaigns.uploads import look_through
from callwright.compliance.freezes import COLUMNS, REASONS, SCOPES, NewFreeze, Reading, write_freezes
from callwright.errors import LeadsError

NOW = datetime(2026, 11, 26, 4, 0, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
NOTES = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), max_size=40)
ONE_FOLDER = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


def read(folder: Path, text: str, region: str | None = None, encoding: str = "utf-8") -> Reading:
    path = folder / "f.csv"
    path.write_bytes(text.encode(encoding))
    return read_freezes(look_through(path, "f.csv", "en"), NOW, region)


@ONE_FOLDER
@given(st.lists(NOTES, max_size=4))
def test_what_is_written_is_read_again(tmp_path: Path, notes: list[str]) -> None:
    made = [NewFreeze("+8613900000001", "manual", until=LATER, note=note, source="f.csv") for note in notes]
    text = "".join(write_freezes(made))
    assert not any(line.startswith(("=", "+", "-", "@")) for line in text.split("\n"))
    reading = read(tmp_path, text)
    assert not reading.problems
    assert [one.note for one in reading.freezes] == notes
    assert [one.until for one in reading.freezes] == [LATER] * len(notes)


@ONE_FOLDER
@given(st.lists(st.text(max_size=30), max_size=6))
def test_whatever_a_file_holds_is_a_problem_and_no_error(tmp_path: Path, lines: list[str]) -> None:
    for header in ("number,scope\n", ""):
        (tmp_path / "f.csv").write_text(header + "\n".join(lines), encoding="utf-8", errors="surrogatepass")
        try:
            source = open_list(tmp_path / "f.csv")
        except LeadsError:
            continue
        read_freezes(source, NOW, "CN")


def test_bad_rows_are_told_and_good_ones_kept(tmp_path: Path) -> None:
    text = (
        "\ufeffNumber,Scope,scope_id,reason,until\n"
        "+8613900000001,,,,\n"
        "13900000001,,,,\n"
        "+8613900000002,galaxy,,,\n"
        "+8613900000003,task,x,,\n"
        "+8613900000004,task,,,\n"
        "+8613900000005,,,because,\n"
        "+8613900000006,,,,soon\n"
        "+8613900000007,,,,2020-01-01\n"
        "\n"
        "+8613900000008,company,3,manual,2027-03-01\n"
    )
    reading = read(tmp_path, text)
    assert [one.number[-1] for one in reading.freezes] == ["1", "8"]
    assert reading.freezes[1].until == datetime(2027, 3, 2, 12, tzinfo=UTC)  # the day is over everywhere
    told = [(problem.place.line, problem.code) for problem in reading.problems]
    codes = ["number", "scope", "scope-id", "scope-id", "reason", "until", "over"]
    assert told == list(zip(range(3, 10), codes, strict=True))


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16"])
def test_a_list_as_a_chinese_spreadsheet_saves_it(tmp_path: Path, encoding: str) -> None:
    text = (
        "手机号码;冻结原因;到期日期;备注;冻结范围\n"
        "139 0000 0001;投诉;2027年3月1日;三月名单;全部\n"
        "13900000002;要求免打扰;;;机器人\n"
        "+86-139-0000-0003;;2027/4/2 9:30;;\n"
        "010;;;;\n"
    )
    reading = read(tmp_path, text, "CN", encoding)
    first, second, third = reading.freezes
    assert first == NewFreeze(
        "+8613900000001", "complaint", until=datetime(2027, 3, 2, 12, tzinfo=UTC), note="三月名单", source="f.csv"
    )
    assert (second.number, second.reason, second.scope, second.until) == ("+8613900000002", "opt_out", "voice", None)
    assert (third.number, third.reason) == ("+8613900000003", "imported")
    assert third.until == datetime(2027, 4, 2, 21, 30, tzinfo=UTC)
    assert [(one.place.line, one.code) for one in reading.problems] == [(5, "number")]


def test_a_workbook_and_json(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    day = datetime(2027, 3, 1)
    for row in (("号码", "备注", "到期"), (13900000001, "一", day), ("+8613900000002", None, None)):
        book.active.append(row)
    more = book.create_sheet("more")
    more.append(("号码",))
    more.append(("+8613900000009",))
    book.save(tmp_path / "list.xlsx")
    told = [{"number": "+8613900000003", "until": "2027-01-01T00:00:00+08:00"}, {"number": 5}]
    (tmp_path / "list.json").write_text(json.dumps(told), encoding="utf-8")
    reading = read_freezes(open_list(tmp_path / "list.xlsx", sheet="more"), NOW, "CN", "more")
    assert ([one.number for one in reading.freezes], reading.problems) == (["+8613900000009"], ())
    reading = read_freezes(open_list(tmp_path / "list.xlsx"), NOW, "CN")
    assert [one.code for one in reading.problems] == ["other-sheets"]
    assert [one.until for one in reading.freezes] == [datetime(2027, 3, 2, 12, tzinfo=UTC), None]
    assert [(one.number, one.note) for one in reading.freezes] == [("+8613900000001", "一"), ("+8613900000002", "")]
    reading = read_freezes(open_list(tmp_path / "list.json"), NOW)
    assert [one.until for one in reading.freezes] == [datetime(2026, 12, 31, 16, tzinfo=UTC)]
    assert [one.code for one in reading.problems] == ["number"]


def test_what_no_database_takes_is_told(tmp_path: Path) -> None:
    told = [
        {"number": "+8613900000001", "note": "a\x00b"},
        {"number": "+8613900000002", "until": "9999-12-31T23:59-08:00"},
    ]
    (tmp_path / "list.json").write_text(json.dumps(told), encoding="utf-8")
    reading = read_freezes(open_list(tmp_path / "list.json"), NOW)
    assert not reading.freezes
    assert [one.code for one in reading.problems] == ["bad-character", "until"]


def test_a_number_means_the_same_with_and_without_a_region(tmp_path: Path) -> None:
    for region in (None, "CN"):
        reading = read(tmp_path, "number\n+44 (0)20 7946 0018\n", region)
        assert [one.number for one in reading.freezes] == ["+442079460018"]


@pytest.mark.parametrize(
    ("text", "until"),
    [
        ("2027-03-01T00:00:00+08:00", datetime(2027, 2, 28, 16, tzinfo=UTC)),
        ("2027-03-01T10:00:00Z", datetime(2027, 3, 1, 10, tzinfo=UTC)),
        ("2027-03-01 00:00:00", datetime(2027, 3, 2, 12, tzinfo=UTC)),
        ("2027-03-01T10:00", datetime(2027, 3, 1, 22, tzinfo=UTC)),
        ("9999-12-31", datetime(9999, 12, 31, 12, tzinfo=UTC)),
        ("2026/11/26", datetime(2026, 11, 27, 12, tzinfo=UTC)),  # today
    ],
)
def test_a_freeze_is_never_shorter_than_the_list_says(tmp_path: Path, text: str, until: datetime) -> None:
    assert [one.until for one in read(tmp_path, f"number,until\n+8613900000001,{text}\n").freezes] == [until]


def test_numbers_without_a_country_are_of_the_one_that_is_told(tmp_path: Path) -> None:
    text = "number\n13900000001\n(650) 253-0000\n"
    assert not read(tmp_path, text).freezes
    assert [one.number for one in read(tmp_path, text, "CN").freezes] == ["+8613900000001"]
    assert [one.number for one in read(tmp_path, text, "US").freezes] == ["+16502530000"]


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("phone,colour", "unknown-column"),
        ("name,colour", "no-number"),
        ("phone,号码", "twice"),
        ("number,number", "twice"),
    ],
)
def test_a_list_without_a_proper_header_is_refused(tmp_path: Path, header: str, code: str) -> None:
    try:
        reading = read(tmp_path, f"{header}\n+8613900000001,x\n")
    except LeadsError as error:  # a name that stands there twice is no list at all
        assert header == "number,number", error
        return
    assert not reading.freezes
    assert [one.code for one in reading.problems] == [code]


def test_every_column_scope_and_reason_is_known_by_its_own_name(tmp_path: Path) -> None:
    for reason, (english, chinese, _) in REASONS.items():
        for word in (reason, english, chinese):
            reading = read(tmp_path, f'{",".join(COLUMNS)}\n+8613900000001,,,"{word}",,\n')
            assert [one.reason for one in reading.freezes] == [reason]
    for scope in SCOPES:
        number = "1" if scope in {"company", "task"} else ""
        reading = read(tmp_path, f"number,scope,scope_id\n+8613900000001,{scope},{number}\n")
        assert [one.scope for one in reading.freezes] == [scope]


@pytest.mark.parametrize(
    ("line", "what", "hint"),
    [
        ("13900000001,,,,", "不是带国家代码的号码", "+8613900000001"),
        ("+8613900000001,planet,,,", "没有 'planet' 这种范围", "tenant"),
        ("+8613900000001,,,because,", "没有 'because' 这种原因", "complaint"),
        ("+8613900000001,,x,,", "范围编号是公司或任务的编号", "留空"),
        ("+8613900000001,company,,,", "须写编号", "范围编号"),
        ("+8613900000001,,,,tomorrow", "到期时间不是日期", "2027-03-01"),
        ("+8613900000001,,,,2020-01-01", "已经到期", "更晚"),
        ("+8613900000001,,,,,\x07", "无法显示", "删去"),
    ],
)
def test_problems_are_told_in_chinese(tmp_path: Path, line: str, what: str, hint: str) -> None:
    path = tmp_path / "f.csv"
    path.write_text(f"number,scope,scope_id,reason,until,note\n{line}\n", encoding="utf-8")
    (problem,) = read_freezes(look_through(path, "f.csv", "zh"), NOW, lang="zh").problems
    assert what in problem.message
    assert hint in problem.hint
    assert problem.place.line == 2


def test_columns_are_told_in_chinese(tmp_path: Path) -> None:
    path = tmp_path / "f.csv"
    path.write_text("姓名\n张三\n", encoding="utf-8")
    (problem,) = read_freezes(look_through(path, "f.csv", "zh"), NOW, lang="zh").problems
    assert problem.code == "no-number"
    assert "号码列" in problem.message
    assert "scope_id" in problem.hint
