"""Patterns, honesty, wording, recordings, the schema, the graph and the templates: what the fixtures do not reach."""

from __future__ import annotations

import re
import struct
import wave
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from callwright.errors import Problem
from callwright.script.builtin import template_path, templates
from callwright.script.checks import check
from callwright.script.checks.honesty import affirms_robot, denies_robot
from callwright.script.checks.patterns import slow_pattern
from callwright.script.checks.recordings import wav_fault
from callwright.script.checks.wording import length
from callwright.script.graph import mermaid
from callwright.script.loader import load, loads
from callwright.script.schema import json_schema

GOOD = Path(__file__).resolve().parents[2] / "fixtures" / "scripts" / "good" / "visit.yaml"
TODAY = date(2026, 11, 20)


@pytest.mark.parametrize(
    "pattern",
    [
        r"(a+)+b",
        r"(a|aa)+",
        r"(?:a.|.b)*c",
        r"(\w+\s?)*$",
        r"(a{1,10}){1,10}",
        r"(a)\1",
        r".*a.*b.*c.*d.*e",
        r"(?=(a+)+b)a",
        r"(?>(a+)+)b",
    ],
)
def test_slow_patterns_are_found(pattern: str) -> None:
    assert slow_pattern(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        r"([1-5一二三四五])分?",
        r"(今天|明天).{0,3}(上午|下午)?",
        r"[0-9]{1,3}岁",
        r"(?:ab|cd)+",
        r"a.*b.*c",
        r"(?:好的){1,9}",
        r"(a+b?){1,3}",
        r"(?!x)y",
    ],
)
def test_plain_patterns_are_left_alone(pattern: str) -> None:
    assert slow_pattern(pattern) == ""


@pytest.mark.parametrize(
    ("text", "lang", "affirms", "denies"),
    [
        ("是的，我是{company}的智能语音助手，不是真人，可以帮您转人工。", "zh", True, False),
        ("您问我是不是机器人，是的，我是机器人。", "zh", True, False),
        ("是的，我是智能助手，不是人工客服。", "zh", True, False),
        ("我不是机器人。", "zh", False, True),
        ("不是您想的机器人。", "zh", False, True),
        ("我是真人。", "zh", False, True),
        ("是的，我是机器人，哦不，我是真人客服。", "zh", True, True),
        ("怎么会是机器人呢。", "zh", True, True),
        ("我是智能科技公司的小王。", "zh", False, False),
        ("您是问我是机器人吗？", "zh", False, False),
        ("我们公司的真人给您打电话。", "zh", False, True),
        ("Yes, I'm {company}'s AI assistant, not a real person.", "en", True, False),
        ("I am not a human, I am a virtual assistant.", "en", True, False),
        ("You are speaking with an automated assistant.", "en", True, False),
        ("No, I am not a robot.", "en", False, True),
        ("This isn't a recording.", "en", False, True),
        ("I'm a real person.", "en", False, True),
        ("Are you asking whether I am a robot?", "en", False, False),
    ],
)
def test_honest_and_dishonest_answers(text: str, lang: str, affirms: bool, denies: bool) -> None:
    assert (affirms_robot(text, lang), denies_robot(text, lang)) == (affirms, denies)


@pytest.mark.parametrize(
    ("text", "count"), [("您好，王先生。", 5), ("第12号AI", 4), ("I'm here at 9.30", 4), ("好{name}", 2)]
)
def test_length_counts_what_is_heard(text: str, count: int) -> None:
    assert length(text) == count


def english(**changes: str) -> str:
    text = """
format: script/1
id: visit
title: Visit
lang: en
purpose: survey
compliance:
  disclosure: {node: open, must: [ai, company, purpose, recording, opt_out]}
  forbidden: [cure]
vars: {company: {required: true, example: Acme}}
lexicon: {affirm: [sure], deny: [busy], refuse: [no thanks]}
flow:
  start: open
  nodes:
    open:
      barge: {mode: none}
      say: ["Hello, this is the AI assistant of {company}. This call is recorded. Say stop calling at any time. Is now a good time?"]
      next: {affirm: bye, deny: bye, refuse: bye, silence: bye}
    bye: {say: [EXTRA], end: done}
globals:
  - {id: rude, role: profanity, priority: 9, phrases: [damn], say: [Goodbye.], end: rude}
  - {id: dnd, role: do_not_disturb, priority: 8, phrases: [stop calling], do: [{freeze: {scope: company}}], end: optout}
  - {id: robot, role: ask_robot, priority: 7, phrases: [a robot], say: ["Yes, I am an AI assistant."], then: {resume: reask}}
  - {id: person, role: transfer, priority: 6, phrases: [a person], say: [One moment.], then: {transfer: desk}}
  - {id: again, role: repeat, priority: 5, REPEAT, then: {resume: repeat}}
  - {id: machine, role: voicemail, event: answered_by_machine, end: voicemail}
  - {id: fed_up, role: gives_up, count: {refuse: 2}, end: enough}
tests:
  - {name: all, turns: [Damn!, please stop calling, are you a robot, a person, say that again], expect: {end: rude}}
  - {name: machine, turns: [{event: answered_by_machine}], expect: {end: voicemail}}
  - {name: keys, turns: [{dtmf: "1"}], expect: {end: enough}}
"""
    defaults = {"EXTRA": "Thank you. Goodbye.", "REPEAT": "regex: 'say (that|it) again'"}
    for name, value in {**defaults, **changes}.items():
        text = text.replace(name, value)
    return text.lstrip()


def codes(text: str) -> list[str]:
    return [problem.code for problem in check(loads(text), TODAY)]


def test_an_english_script() -> None:
    assert codes(english()) == []
    assert codes(english(EXTRA="We cure all. Goodbye.")) == ["forbidden-word"]
    assert codes(english(EXTRA="Secure as ever. Goodbye.")) == []
    assert codes(english(EXTRA="word " * 26 + ".")) == ["long-sentence"]
    assert codes(english(REPEAT="regex: 'say (that'")) == ["role-without-test", "bad-regex"]


def test_inbound_scripts_need_no_disclosure_node() -> None:
    text = english().replace("purpose: survey", "purpose: inbound")
    assert "disclosure-missing" not in codes(re.sub(r"  disclosure: .*\n", "", text))


def write_wav(path: Path, *, channels: int = 1, width: int = 2, rate: int = 8000, frames: int = 800) -> Path:
    with wave.open(str(path), "wb") as out:
        out.setnchannels(channels)
        out.setsampwidth(width)
        out.setframerate(rate)
        out.writeframes(b"\0" * frames * channels * width)
    return path


def test_wav_faults(tmp_path: Path) -> None:
    file = tmp_path / "a.wav"
    assert wav_fault(write_wav(file)) == ""
    assert "2 channels" in wav_fault(write_wav(file, channels=2))
    assert "not PCM 16 bit" in wav_fault(write_wav(file, width=1))
    assert "96000 Hz" in wav_fault(write_wav(file, rate=96_000))
    assert "no sound" in wav_fault(write_wav(file, frames=0))
    file.write_bytes(b"ID3 not a wav at all")
    assert "not a WAV" in wav_fault(file)
    file.write_bytes(b"RIFF\0\0\0\0WAVE" + struct.pack("<4sI", b"data", 4) + b"\0" * 4)
    assert "does not tell its format" in wav_fault(file)
    file.write_bytes(b"RIFF\0\0\0\0WAVE" + struct.pack("<4sI", b"LIST", 3) + b"\0" * 4)
    assert "no sound" in wav_fault(file)
    assert "cannot be read" in wav_fault(tmp_path / "none.wav")


def with_audio(folder: Path, audio: str = "x.wav") -> list[Problem]:
    text = GOOD.read_text(encoding="utf-8")
    said = "say: [好的，已经记下，再见。]"
    path = folder / "s.yaml"
    path.write_text(text.replace(said, f"say: [{{text: 好的，已经记下，再见。, audio: {audio!r}}}]"), encoding="utf-8")
    return check(load(path), TODAY)


def test_recordings(tmp_path: Path) -> None:
    (missing,) = with_audio(tmp_path)
    assert (missing.code, missing.severity) == ("recording-missing", "warning")
    (tmp_path / "recordings").mkdir()
    (missing,) = with_audio(tmp_path)
    assert (missing.code, missing.severity) == ("recording-missing", "error")
    write_wav(tmp_path / "x.wav")
    assert with_audio(tmp_path) == []
    (tmp_path / "recordings" / "x.wav").write_bytes(b"noise")
    (bad,) = with_audio(tmp_path)
    assert (bad.code, bad.severity, bad.place.line) == ("bad-recording", "error", 46)
    write_wav(tmp_path / "recordings" / "x.wav")
    beside = tmp_path / "recordings" / "x.wav.txt"
    beside.write_text("好的 已经记下 再见", encoding="utf-8")
    assert with_audio(tmp_path) == []
    beside.write_text("好的，再见。", encoding="utf-8")
    (differs,) = with_audio(tmp_path)
    assert (differs.code, differs.severity) == ("recording-differs", "warning")


@pytest.mark.parametrize("audio", ["../x.wav", "/etc/passwd", "C:/x.wav", "a/../../x.wav", "..\\x.wav"])
def test_recordings_stay_in_the_folder(tmp_path: Path, audio: str) -> None:
    assert [problem.code for problem in with_audio(tmp_path, audio)] == ["recording-outside"]


def test_schema_names_every_block_and_takes_what_authors_write() -> None:
    schema = json_schema()
    definitions = schema["$defs"]
    assert schema["title"] == "callwright script/1"
    assert set(schema["properties"]) >= {
        "format",
        "flow",
        "kb",
        "globals",
        "grading",
        "portrait",
        "tests",
        "compliance",
    }
    assert schema["additionalProperties"] is False
    assert {"else", "say", "arms", "enter"} <= set(definitions["Node"]["properties"])
    assert "case_else" not in definitions["Node"]["properties"]
    assert set(definitions["Window"]["properties"]) == {"from", "to"}
    assert definitions["Variant"]["anyOf"][0] == {"type": ["string", "number"]}
    assert "freeze" in definitions["Action"]["properties"]
    assert definitions["Action"]["maxProperties"] == 1
    assert definitions["Expect"]["properties"]["said"]["anyOf"][0] == {"type": ["string", "number"]}


def test_schema_validates_the_fixture_when_a_validator_is_there() -> None:
    jsonschema: Any = pytest.importorskip("jsonschema")
    yaml: Any = pytest.importorskip("yaml")
    jsonschema.validate(yaml.safe_load(GOOD.read_text(encoding="utf-8")), json_schema())


def test_graph_shows_every_node_edge_rule_and_entry() -> None:
    text = mermaid(load(GOOD).script)
    lines = [line.strip() for line in text.splitlines()]
    assert lines[0] == "flowchart TD"
    assert "start --> n0" in lines
    assert 'n0 -->|"unrecognised (max 1)"| n0' in lines
    assert 'n0 -->|"unrecognised, then"| n5' in lines
    assert any(line.startswith('n2{"split') for line in lines)
    assert any(line.startswith('n4(["human') and "to: 售后" in line for line in lines)
    assert 'subgraph rules["globals"]' in lines
    assert "g3 --> n4" in lines
    assert "{company}" not in text


def test_graph_escapes_text_and_draws_the_other_types() -> None:
    text = english(EXTRA='"A|B <b>#1</b> [x]`"').replace(
        "    bye: {",
        "    one: {type: ab, arms: [{name: a, goto: two}, {name: b, goto: no_such}]}\n"
        "    two: {type: subflow, enter: three, next: {ok: bye}}\n"
        "    three: {say: [ok], listen: false, next: {any: return}}\n    bye: {",
    )
    drawn = mermaid(loads(text + "kb: [{id: k, phrases: [q], answers: [a], then: {resume: goto, goto: bye}}]\n").script)
    assert "A#124;B #60;b#62;#35;1#60;/b#62; #91;x#93;#96;" in drawn
    assert 'n1{{"one"}}' in drawn
    assert 'n1 -->|"b"| n1_out(("no_such"))' in drawn
    assert 'n3 -->|"any"| n3_out(("return"))' in drawn
    assert "k0 --> n4" in drawn
    assert "subgraph" not in mermaid(loads(re.sub(r"globals:\n(  - .*\n)+", "", english())).script)


def test_templates_are_sound() -> None:
    with pytest.raises(KeyError):
        template_path("no-such")
    for name in templates():
        found = check(load(template_path(name)), TODAY)
        assert [str(problem) for problem in found if problem.severity == "error"] == []
