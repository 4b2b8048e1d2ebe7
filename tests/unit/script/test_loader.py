"""Reading files, hostile ones too. Every refusal is a ScriptError that says what, where and how to mend it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from callwright.errors import Problem, ScriptError
from callwright.script.loader import LoadedScript, load, loads

HEAD = "format: script/1\nid: 007\ntitle: 标题\nlang: zh\npurpose: survey\n"
FLOW = "flow: {start: a, nodes: {a: {end: x}}}\n"
SOUND = HEAD + FLOW


def problems(text: str) -> list[Problem]:
    with pytest.raises(ScriptError) as caught:
        loads(text, "s.yaml")
    return caught.value.problems


def file_problem(path: Path) -> Problem:
    with pytest.raises(ScriptError) as caught:
        load(path)
    (problem,) = caught.value.problems
    assert problem.place.file == str(path)
    return problem


def test_spelling_is_kept_where_text_is_meant_and_numbers_where_numbers_are() -> None:
    text = HEAD + (
        "compliance: {window: {from: 09:00, to: 19:30}}\n"
        "lexicon: {affirm: [12321, 007, 1.50, 0x1F, 1_000, 12:30:15, 2027-03-01, -3]}\n"
        "flow: {start: a, nodes: {a: {milestone: 010, score: 1.50, end: 1}}}\n"
    )
    script = loads(text).script
    assert script.id == "007"
    assert script.lexicon.affirm == ("12321", "007", "1.50", "0x1F", "1_000", "12:30:15", "2027-03-01", "-3")
    node = script.flow.nodes["a"]
    assert (node.milestone, node.score, node.end) == (10, 1.5, "1")
    assert script.compliance.window is not None
    assert (script.compliance.window.from_, script.compliance.window.to) == ("09:00", "19:30")


def test_places() -> None:
    loaded = loads(SOUND.replace("{end: x}", "{say: [好, {text: 再见}], end: x}"))
    assert (loaded.place("flow.nodes.a.say[1].text").line, loaded.place("flow.nodes.a.say[0].text").column) == (6, 36)
    unknown = loaded.place("flow.nodes.a.say[7].text")
    assert (unknown.line, unknown.field) == (6, "flow.nodes.a.say[7].text")
    assert loaded.place("no.such").line == 1


@pytest.mark.parametrize("text", [SOUND, "\ufeff" + SOUND, SOUND.replace("\n", "\r\n"), "# note\n---\n" + SOUND])
def test_harmless_differences_are_accepted(text: str) -> None:
    assert loads(text).script.title == "标题"


def test_json_is_accepted_with_escaped_emoji_and_tabs() -> None:
    value = {
        "format": "script/1", "id": "a", "title": "😀/", "lang": "en", "purpose": "survey",
        "flow": {"start": "a", "nodes": {"a": {"say": ["\\ud83d"], "end": "x"}}},
    }  # fmt: skip
    script = loads(json.dumps(value, indent="\t").replace("/", "\\/")).script
    assert script.title == "😀/"
    assert script.flow.nodes["a"].say[0].text == "\\ud83d"


def test_every_problem_at_once_in_file_order() -> None:
    text = HEAD.replace("survey", "survay") + "on: 1\nlexicon: {affirn: [a], deny: [yes]}\n" + FLOW
    found = problems(text)
    assert [p.place.line for p in found] == [5, 6, 7, 7]
    assert [p.code for p in found] == ["wrong-value", "bare-boolean", "unknown-key", "bare-boolean"]
    assert found[0].hint == "Did you mean `survey`?"
    assert found[2].hint == "Did you mean `affirm`?"
    assert "in quotes" in found[3].hint


@pytest.mark.parametrize(
    ("written", "code", "essence", "hint"),
    [
        ("{end: x, zzz: 1}", "unknown-key", "`zzz`", "Known: type"),
        ("{end: x, text: 好}", "unknown-key", "`text`", "Did you mean `say`?"),
        ("{end: x, next: {affirm: a b}}", "wrong-value", "`a b` may hold only", ""),
        ("{end: x, next: {affirm: {sayy: 1}}}", "unknown-key", "`sayy`", "Did you mean `say`?"),
        ("{end: x, next: {affirm: [a]}}", "wrong-type", "must be text, not a list", ""),
        ("{end: x, next: {whatever: a}}", "unknown-key", "`whatever` is not a key of `next`", "Known: affirm"),
        ("{end: x, milestone: many}", "wrong-type", "a whole number, not `many`", ""),
        ("{end: x, listen: perhaps}", "wrong-type", "true or false", ""),
        ("{end: x, do: [{tga: 1}]}", "wrong-value", "`tga` is not one of", "Did you mean `tag`?"),
        ("{end: x, barge: none}", "wrong-type", "must be a mapping", ""),
        ("{end: x, say: {a: b}}", "wrong-type", "must be a list, not a mapping", ""),
        ("{end: x, say: [{text: 好, weight: 0}]}", "out-of-range", "more than 0", ""),
        ("{end: ~}x", "yaml-syntax", "not valid YAML", ""),
        ("{end: x, to: {group: null}}", "no-value", "`group` has no value", '"null"'),
        ("{end: x, say: [" + "长" * 2001 + "]}", "too-long", "more than 2000 characters", ""),
        ("{end: x, say: ['" + "a" * 5 + "'], slot: " + "s" * 65 + "}", "too-long", "64 characters", ""),
    ],
)
def test_wrong_values_are_explained(written: str, code: str, essence: str, hint: str) -> None:
    (problem,) = problems(SOUND.replace("{end: x}", written))
    assert (problem.code, problem.place.line) == (code, 6)
    assert essence in problem.message
    assert hint in problem.hint


def test_counts_with_an_unknown_name_and_a_wrong_grade() -> None:
    text = SOUND + "globals: [{id: a, count: {refusal: 2}}]\ngrading: {scale: {Z: x}}\n"
    first, second = problems(text)
    assert (first.code, second.code) == ("unknown-key", "wrong-key")
    assert "refuse" in first.message
    assert "one letter, A to F" in second.message


def test_a_flood_of_problems_is_cut_off() -> None:
    text = SOUND + "lexicon: {" + ", ".join(f"k{i}: [a]" for i in range(150)) + "}\n"
    found = problems(text)
    assert len(found) == 101
    assert found[-1].message == "and 50 more"


def test_the_same_key_written_often_is_cut_off() -> None:
    assert len(problems(SOUND + "vars: {" + ", ".join(["a: {}"] * 300) + "}\n")) == 100


def bomb(levels: int) -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [" + ", ".join([f"*a{i - 1}"] * 9) + "]" for i in range(1, levels)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        (bomb(9), "too-many-values", None),
        (bomb(30), "too-many-aliases", 13),
        ("a: &a [*a]", "too-deep", 1),
        ("a: &a\n  b: *a", "too-deep", None),
        ("a: *nobody", "yaml-syntax", 1),
        ("[" * 100_000, "too-deep", 1),
        ("{a: " * 100_000, "too-deep", 1),
        ("a:\n" + "".join(" " * i + "- \n" for i in range(60)), "too-deep", None),
        (SOUND + "lexicon: {affirm: [" + "a," * 450_000 + "]}", "too-many-values", 7),
        (SOUND + "lexicon: {affirm: [" + "a," * 6_000 + "]}", "too-long", 7),
        ("a" * (2 * 1024 * 1024), "too-large", 0),
        ("字" * 400_000, "too-large", 0),
        ("a:\n\tb: 1", "yaml-syntax", 2),
        ("a: 1\nb: \x01", "yaml-syntax", 2),
        ("a: \ud800", "not-utf8", 0),
        ("", "empty", 0),
        ("# only a note\n", "empty", 0),
        ("a: 1\n---\nb: 2\n", "many-documents", 2),
        ("- a\n- b\n", "wrong-type", 1),
        ("just words", "wrong-type", 1),
        ("id: a\n", "wrong-format", 1),
    ],
)
def test_hostile_and_empty_texts(text: str, code: str, line: int | None) -> None:
    (problem,) = problems(text)
    assert problem.code == code
    assert line is None or problem.place.line == line


@pytest.mark.parametrize(
    ("written", "codes"),
    [
        ("? [a]\n: 1\n", ["wrong-key"]),
        ("x: !!python/object/apply:os.system [ls]\n", ["unknown-key", "yaml-tag"]),
        ("x: !!set {a}\n", ["unknown-key", "yaml-tag"]),
        ("title: again\n", ["duplicate-key"]),
        ("<<: {a: 1}\n", ["merge-key"]),
    ],
)
def test_yaml_features_that_are_not_taken(written: str, codes: list[str]) -> None:
    assert [problem.code for problem in problems(SOUND + written)] == codes


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("a:\n\tb: 1", "not tabs"),
        ("say: [我是{company}的助手]", "in quotes"),
        ("a: b: c", "in quotes"),
        ("a: *b", "in quotes"),
        ("a: 'b", "missing quote"),
    ],
)
def test_syntax_hints(text: str, hint: str) -> None:
    assert hint in problems(text)[0].hint


def test_load_knows_its_folder(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(SOUND, encoding="utf-8")
    loaded = load(path)
    assert isinstance(loaded, LoadedScript)
    assert (loaded.folder, loaded.file) == (tmp_path, str(path))


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\xff\xfea\x00", "not-utf8"),
        ("标题: 上门".encode("gbk"), "not-utf8"),
        (b"\x7fELF\x00\x01", "not-text"),
        (b"a" * (2 * 1024 * 1024), "too-large"),
        (b"", "empty"),
    ],
)
def test_wrong_files(tmp_path: Path, data: bytes, code: str) -> None:
    path = tmp_path / "s.yaml"
    path.write_bytes(data)
    assert file_problem(path).code == code


def test_a_byte_order_mark_is_dropped(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + SOUND.encode())
    assert load(path).script.id == "007"


def test_what_is_no_file(tmp_path: Path) -> None:
    assert file_problem(tmp_path / "none.yaml").code == "no-such-file"
    assert file_problem(tmp_path).code == "not-a-file"
    os.mkfifo(tmp_path / "pipe")
    assert file_problem(tmp_path / "pipe").code == "not-a-file"
    looped = tmp_path / "loop"
    looped.symlink_to(looped)
    assert file_problem(looped).code == "unreadable"


@pytest.mark.shared
@pytest.mark.parametrize("name", ["trial_lesson", "appointment", "csat"])
def test_the_examples_have_no_errors(shared: Path, name: str) -> None:
    from datetime import date

    from callwright.script.checks import check

    found = check(load(shared / "formats" / "examples" / f"{name}.yaml"), date(2026, 11, 20))
    assert [problem for problem in found if problem.severity == "error"] == []
