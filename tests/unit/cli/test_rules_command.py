"""`callwright rules`: what it prints and how it ends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.unit.compliance.test_pack_file import PACK
from typer.testing import CliRunner

from callwright.cli.main import app
from callwright.compliance.changes import between_packs
from callwright.compliance.pack_file import loads_pack
from callwright.errors import SettingsError

RUN = CliRunner()


def _run(*words: str, code: int = 0) -> str:
    result = RUN.invoke(app, ["rules", *words])
    assert result.exit_code == code, result.output + repr(result.exception)
    return result.output


def test_list_names_every_pack() -> None:
    told = json.loads(_run("list", "--json"))
    assert {"cn@2026.11", "us@2026.11"} <= {row["pack"] for row in told}
    assert all(row["rules"] for row in told)


def test_check_ends_with_1_when_a_case_fails(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(PACK, "utf-8")
    assert "2 cases, ok" in _run("check", str(path))
    path.write_text(PACK.replace('T10:00", expect: ok', 'T09:58", expect: ok'), "utf-8")
    assert "late-start: the minute it opens: expected ok, got blocked" in _run("check", str(path), code=1)
    path.write_text(PACK.replace('T10:00"}', 'T10:01"}'), "utf-8")
    assert json.loads(_run("check", str(path), "--json", code=1))["failures"][0]["rule"] == "late-start"
    path.write_text(PACK.replace("window", "windw"), "utf-8")
    assert "Did you mean `window`?" in _run("check", str(path), code=2)


@pytest.mark.parametrize(
    ("at", "code", "told"),
    [("2026-11-26T19:59", 0, "allowed"), ("2026-11-26T20:00", 1, "next allowed: 2026-11-27 09:00 +0800")],
)
def test_explain_at_the_edge_of_the_window(at: str, code: int, told: str) -> None:
    assert told in _run("explain", "+8613800138000", "--at", at, "--rest-fine", code=code)


def test_explain_with_facts_and_an_own_pack(tmp_path: Path) -> None:
    (tmp_path / "packs").mkdir()
    (tmp_path / "packs" / "mine.yaml").write_text(PACK, "utf-8")
    facts = tmp_path / "facts.yaml"
    facts.write_text(
        "freezes: [{reason: manual, frozen_at: '2026-11-25T09:00:00+11:00', until: '2026-11-26T09:15:00+11:00'}]\n",
        "utf-8",
    )
    words = (
        "explain",
        "+61255501234",
        "--at",
        "2026-11-25T12:00",
        "--rest-fine",
        "--packs",
        str(tmp_path / "packs"),
        "--facts",
        str(facts),
    )
    told: dict[str, Any] = json.loads(_run(*words, "--json", code=1))
    assert [rule["rule"] for rule in told["rules"] if rule["refuses"]] == ["frozen"]
    assert told["next_allowed_at"].startswith("2026-11-25T23:00")  # 10:00 in Sydney, by the own pack


def test_explain_knows_nothing_that_it_was_not_told() -> None:
    told = _run("explain", "+8613800138000", "--at", "2026-11-26T10:00", code=1)
    assert "the country of the company is not known" in told
    assert "next allowed: not by itself" in told


@pytest.mark.parametrize(
    "words",
    [
        ("explain", "12"),
        ("explain", "+8613800138000", "--at", "noon"),
        ("diff",),
        ("diff", "us", "--from", "x", "--to", "y"),
    ],
)
def test_what_cannot_be_meant(words: tuple[str, ...]) -> None:
    with pytest.raises(SettingsError):
        RUN.invoke(app, ["rules", *words], catch_exceptions=False)


def test_diff_between_two_days() -> None:
    assert "+ us/pa-sunday" in _run("diff", "us", "--from", "2026-10-01", "--to", "2026-11-01")
    assert "+ eu/ai-mark" in _run("diff", "--from", "2026-11-26", "--to", "2026-12-05")
    assert "nothing changes" in _run("diff", "cn", "--from", "2026-11-01", "--to", "2026-11-26")


def test_diff_between_two_versions(tmp_path: Path) -> None:
    later = PACK.replace("10:00-20:00", "11:00-20:00").replace('version: "1"', 'version: "2"')
    later += PACK[PACK.index("  - id: late-start") :].replace("late-start", "second")
    changes = between_packs(loads_pack(PACK), loads_pack(later))
    assert [(change.kind, change.rule) for change in changes] == [
        ("changed", "mine/late-start"),
        ("added", "mine/second"),
    ]
    assert changes[0].fields == (("params.hours.daily", "10:00-20:00", "11:00-20:00"),)
    for name, text in (("1.yaml", PACK), ("2.yaml", later)):
        (tmp_path / name).write_text(text, "utf-8")
    assert "params.hours.daily: 10:00-20:00 -> 11:00-20:00" in _run(
        "diff", str(tmp_path / "1.yaml"), str(tmp_path / "2.yaml")
    )
