"""Packs are read strictly: every problem with its line, its field and its cure; own packs add and never replace."""

from __future__ import annotations

from pathlib import Path

import pytest

from callwright.compliance.pack_file import built_in_packs, load_facts, load_pack, load_packs, loads_pack
from callwright.errors import PackError

PACK = """\
format: rule-pack/1
id: mine
version: "1"
title: Ours
jurisdiction: AU
places: [AU]
coverage: partial
clock: Australia/Sydney
effective_from: 2026-01-01
sources: [{id: handbook, title: Our handbook, as_of: 2026-11-26, quote: Not before ten.}]
rules:
  - id: late-start
    title: Not before ten
    check: window
    params: {hours: {daily: ["10:00-20:00"]}}
    severity: defer
    status: contract
    citation: {source: handbook}
    tests:
      - {name: the minute before, at: "2026-11-25T09:59", expect: blocked, next: "2026-11-25T10:00"}
      - {name: the minute it opens, at: "2026-11-25T10:00", expect: ok}
"""


def test_a_sound_pack_is_read() -> None:
    pack = loads_pack(PACK)
    assert pack.name == "mine@1"
    assert pack.own


@pytest.mark.parametrize(
    ("old", "new", "code", "line", "field"),
    [
        ("rule-pack/1", "rule-pack/2", "wrong-format", 1, "format"),
        ("[AU]", "[Australia]", "wrong-value", 6, "places[0]"),
        ("Australia/Sydney", "Australia/Sidney", "no-such-zone", 8, "clock"),
        ("clock: Australia/Sydney\n", "", "missing-key", 1, ""),
        ("check: window", "check: windows", "no-such-check", 14, "rules[0].check"),
        ("source: handbook}", "source: hanbook}", "no-such-source", 18, "rules[0].citation.source"),
        ("10:00-20:00", "10-20", "wrong-value", 15, "rules[0].params.hours.daily[0]"),
        ("10:00-20:00", "20:00-10:00", "wrong-value", 15, "rules[0].params"),
        ("daily:", "mon-fri:", "wrong-value", 15, "rules[0].params"),
        ("params: {hours", "params: {holydays: AU, hours", "unknown-key", 15, "rules[0].params.holydays"),
        ("params: {hours", "params: {holidays: XX, hours", "wrong-value", 15, "rules[0].params"),
        ("severity: defer", "severity: maybe", "wrong-value", 16, "rules[0].severity"),
        ("status: contract", "status: custom", "wrong-value", 17, "rules[0].status"),
        ("09:59\"", "nine\"", "wrong-value", 20, "rules[0].tests[0].at"),
        ("T10:00\"}", "T10:00x\"}", "wrong-value", 20, "rules[0].tests[0].next"),
        ("expect: ok", "facts: {zone: [X]}, expect: ok", "unknown-key", 21, "rules[0].tests[1].facts.zone"),
        ("expect: ok", "facts: {zones: [Mars/North]}, expect: ok", "no-such-zone", 21, "rules[0].tests[1].facts.zones[0]"),
        ("expect: ok", "facts: {past: [{at: tomorrow}]}, expect: ok", "wrong-value", 21, "rules[0].tests[1].facts.past[0].at"),
        ("expect: ok", "expect: fine", "wrong-value", 21, "rules[0].tests[1].expect"),
        ("effective_from: 2026-01-01", "effective_from: 2026-01-01\neffective_to: 2025-01-01", "ends-before", 10, "effective_to"),
        ("    severity: defer", "    severity: defer\n    on_unknown: allow", "wrong-value", 17, "rules[0].on_unknown"),
        ("    tests:", "    tests: []\n    x:", "too-short", 19, "rules[0].tests"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_place(old: str, new: str, code: str, line: int, field: str) -> None:
    with pytest.raises(PackError) as caught:
        loads_pack(PACK.replace(old, new, 1), "mine.yaml")
    told = {(problem.code, problem.place.line, problem.place.field) for problem in caught.value.problems}
    assert (code, line, field) in told, caught.value
    assert all(problem.hint for problem in caught.value.problems if problem.code == code)


def test_two_rules_of_one_name() -> None:
    twice = PACK + PACK[PACK.index("  - id: late-start") :]
    with pytest.raises(PackError, match="stands here twice"):
        loads_pack(twice)


def test_own_packs_add_and_never_replace(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(PACK, "utf-8")
    packs = load_packs(tmp_path)
    assert [pack.name for pack in packs.packs] == [*(pack.name for pack in built_in_packs()), "mine@1"]
    (tmp_path / "au.yaml").write_text(PACK.replace("id: mine", "id: au"), "utf-8")
    (tmp_path / "again.yaml").write_text(PACK, "utf-8")
    with pytest.raises(PackError) as caught:
        load_packs(tmp_path)
    assert [problem.code for problem in caught.value.problems] == ["duplicate-pack", "duplicate-pack"]


def test_a_later_version_stands_beside_the_earlier_one(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(PACK, "utf-8")
    (tmp_path / "mine-2.yaml").write_text(PACK.replace('version: "1"', 'version: "2"'), "utf-8")
    assert {"mine@1", "mine@2"} <= {pack.name for pack in load_packs(tmp_path).packs}


def test_a_file_or_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(PackError, match="there is no such file"):
        load_pack(tmp_path / "x.yaml")
    with pytest.raises(PackError, match="no such folder"):
        load_packs(tmp_path / "x")


def test_facts_are_read_as_strictly(tmp_path: Path) -> None:
    path = tmp_path / "facts.yaml"
    path.write_text("suspects: 1\npast:\n  - {at: 2026-11-25T10:00:00+08:00, talk: 3}\n", "utf-8")
    with pytest.raises(PackError, match=r"facts\.yaml:3:\d+ \(past\[0\]\.talk\): error: unknown key"):
        load_facts(path)
    path.write_text("suspects: 1\n", "utf-8")
    assert load_facts(path) == {"suspects": 1}
