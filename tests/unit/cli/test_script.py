from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from callwright.cli.main import app
from callwright.errors import ScriptError, SettingsError
from callwright.script.builtin import templates

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures" / "scripts"
GOOD = str(FIXTURES / "good" / "visit.yaml")
BAD = str(FIXTURES / "bad" / "unknown-node.yaml")
WARNED = str(FIXTURES / "bad" / "role-without-test.yaml")


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["script", *arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout


def test_check_sound() -> None:
    code, out = run("check", "--strict", GOOD)
    assert (code, out.strip()) == (0, f"{GOOD}: ok")


def test_check_groups_by_file_and_gives_hints() -> None:
    code, out = run("check", BAD, GOOD)
    assert code == 2
    assert f"{BAD}: 1 error(s), 0 warning(s)" in out
    assert f"{GOOD}: ok" in out
    assert "there is no node `thank`  [unknown-node]" in out
    assert "Did you mean `thanks`?" in out


def test_check_strict_refuses_warnings() -> None:
    assert run("check", WARNED)[0] == 0
    assert run("check", "--strict", WARNED)[0] == 2


def test_check_shows_the_path_of_the_model_checker() -> None:
    code, out = run("check", str(FIXTURES / "bad" / "second-refusal.yaml"))
    assert code == 2
    assert "path: opening → " in out


def test_check_json() -> None:
    code, out = run("check", "--json", BAD, "no-such.yaml")
    answer = json.loads(out)
    assert (code, answer["ok"]) == (2, False)
    first, second = answer["files"]
    assert (first["problems"][0]["code"], first["problems"][0]["line"]) == ("unknown-node", 44)
    assert second["problems"][0]["code"] == "no-such-file"


def test_schema_and_graph() -> None:
    assert json.loads(run("schema")[1])["title"] == "callwright script/1"
    assert run("graph", GOOD)[1].startswith("flowchart TD\n")


def test_test_passes_and_fails(tmp_path: Path) -> None:
    code, out = run("test", GOOD)
    assert code == 0
    assert "6 of 6 tests pass" in out
    wrong = tmp_path / "wrong.yaml"
    text = Path(GOOD).read_text(encoding="utf-8")
    wrong.write_text(text.replace("expect: {end: rude}", "expect: {end: done}"), encoding="utf-8")
    code, out = run("test", str(wrong))
    assert code == 1
    assert "✗ 骂人" in out
    assert "caller: 滚" in out
    code, out = run("test", "--json", str(wrong))
    answer = json.loads(out)
    assert (code, answer["ok"]) == (1, False)
    assert [test["ok"] for test in answer["files"][0]["tests"]] == [True, False, True, True, True, True]


def test_test_refuses_a_script_with_errors() -> None:
    with pytest.raises(ScriptError, match="unknown-node"):
        run("test", BAD)


def test_new_starts_a_sound_script_and_never_overwrites(tmp_path: Path) -> None:
    out = tmp_path / "我的 脚本.yaml"
    code, text = run("new", "我的 脚本", "--out", str(out))
    assert code == 0
    assert "script check" in text
    assert 'id: "我的-脚本"' in out.read_text(encoding="utf-8")
    assert run("check", str(out))[0] == 0
    with pytest.raises(SettingsError, match="not overwritten"):
        run("new", "x", "--out", str(out))
    with pytest.raises(SettingsError, match="no template"):
        run("new", "x", "--template", "nope")
    with pytest.raises(SettingsError, match="cannot be written"):
        run("new", "x", "--out", str(tmp_path / "no" / "x.yaml"))
    assert all(name in run("templates")[1] for name in templates())
