"""One fixture per check. A wrong line ends with `# !severity code: part of the message`; the fixture's other lines are sound."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from callwright.errors import Problem, ScriptError
from callwright.script.checks import check
from callwright.script.loader import load

ROOT = Path(__file__).resolve().parents[2] / "fixtures" / "scripts"
BAD = sorted((ROOT / "bad").glob("*.yaml"))
TODAY = date(2026, 11, 20)
MARK = re.compile(r"# !(error|warning) ([\w-]+): ([^#]+)")


def problems_of(path: Path) -> list[Problem]:
    try:
        return check(load(path), TODAY)
    except ScriptError as error:
        return error.problems


def marks(path: Path) -> list[tuple[int, str, str, str]]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return [(i, m[1], m[2], m[3].strip()) for i, line in enumerate(lines, 1) for m in MARK.finditer(line)]


def test_the_sound_script_has_no_problem_at_all() -> None:
    assert check(load(ROOT / "good" / "visit.yaml"), TODAY) == []


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_fixture(path: Path) -> None:
    found = problems_of(path)
    expected = marks(path)
    assert expected, "the fixture marks no line"
    for line, severity, code, essence in expected:
        matching = [p for p in found if p.place.line == line and p.code == code and p.severity == severity]
        assert matching, f"{code} is not reported on line {line}: {[str(p) for p in found]}"
        assert any(essence in p.message for p in matching), [p.message for p in matching]
    wanted = {(line, code) for line, _, code, _ in expected}
    others = [str(p) for p in found if p.severity == "error" and (p.place.line, p.code) not in wanted]
    assert not others


def test_problems_come_in_file_order_and_name_their_file() -> None:
    found = problems_of(ROOT / "bad" / "denies-robot.yaml")
    assert [p.place.line for p in found] == sorted(p.place.line for p in found)
    assert all(p.place.file.endswith("denies-robot.yaml") for p in found)


def test_every_problem_of_every_fixture_says_where_and_how_to_mend_it() -> None:
    everything = [problem for path in BAD for problem in problems_of(path)]
    assert len({problem.code for problem in everything}) > 70
    assert [str(p) for p in everything if not (p.hint and p.place.line and p.place.column)] == []
