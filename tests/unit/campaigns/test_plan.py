"""The task/1 file: what it becomes, and what is said about a wrong one."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from callwright.campaigns.model import plan_from
from callwright.campaigns.plan import loads_plan
from callwright.errors import TaskError

NOW = datetime(2026, 11, 26, 2, tzinfo=UTC)
WHOLE = """\
format: task/1
name: November renewals
company: "91310000MA1K00001X"
list: november
line: a
scripts:
  - {name: a, script: renewal, weight: 3}
  - {name: b, script: renewal_short, digest: "0123abcd"}
calling:
  zone: Asia/Shanghai
  windows:
    - {days: [mon, tue, wed, thu, fri], from: 09:30, to: 18:00}
    - {days: sat, from: "10:00", to: "16:00"}
  breaks:
    - {from: 12:00, to: 13:30}
  forbidden: [2027-02-17]
  holidays: [CN]
robots: {guaranteed: 5, max: 20}
not_after: 2027-03-01T18:00:00+08:00
retry:
  rules:
    - {after: busy, wait_min: 15, attempts: 2}
    - {tag: later, wait_min: 1440}
budget: {currency: CNY, total: 500, per_attempt: 0.01, per_minute: 0.12}
"""


def test_a_plan_is_kept_as_json_and_comes_back_the_same() -> None:
    loaded = loads_plan(WHOLE, NOW)
    plan = loaded.task.plan
    assert plan.not_after == datetime(2027, 3, 1, 10, tzinfo=UTC)
    assert plan.calling.windows[0].from_ == 570
    assert plan_from(json.loads(json.dumps(plan.model_dump(mode="json")))) == plan
    assert loaded.warnings == ()


@pytest.mark.parametrize(
    ("old", "new", "code", "line"),
    [
        ("to: 18:00", "to: 08:00", "wrong-value", 12),
        ("days: sat", "days: sax", "wrong-value", 13),
        ("max: 20", "maximum: 20", "unknown-key", 18),
        ("guaranteed: 5", "guaranteed: 50", "wrong-value", 18),
        ("after: busy", "after: declined", "wrong-value", 22),
        ("zone: Asia/Shanghai", "zone: Asia/Shangai", "wrong-value", 10),
        ("holidays: [CN]", "holidays: [XX]", "wrong-value", 17),
        ("T18:00:00+08:00", "T18:00:00", "wrong-value", 19),
        ("2027-03-01T", "2026-01-01T", "never-open", 9),
        ("name: b,", "name: a,", "wrong-value", 1),
        ("format: task/1\n", "", "wrong-format", 1),
    ],
)
def test_what_is_wrong_is_said_with_its_place(old: str, new: str, code: str, line: int) -> None:
    assert old in WHOLE
    with pytest.raises(TaskError) as caught:
        loads_plan(WHOLE.replace(old, new), NOW, "t.yaml")
    found = [(problem.code, problem.place.line) for problem in caught.value.problems]
    assert (code, line) in found, found


def test_what_is_doubtful_is_a_warning() -> None:
    text = WHOLE.replace("to: 18:00", "to: 21:00").replace(
        "not_after: 2027-03-01T18:00:00+08:00\n", "calls_per_second: 30\n"
    )
    assert {problem.code for problem in loads_plan(text, NOW).warnings} == {"outside-house-hours", "too-fast", "no-end"}


def test_a_damaged_plan_is_not_used() -> None:
    with pytest.raises(TaskError, match="calling"):
        plan_from({"scripts": [{"script": "s"}], "robots": {"max": 1}})
