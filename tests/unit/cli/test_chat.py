"""`callwright chat`: a conversation through a pipe, and what it says when the input is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from callwright.cli.main import app
from callwright.errors import ScriptError, SettingsError
from callwright.script.builtin import templates

SCRIPT = """
format: script/1
id: small
title: Small
lang: en
purpose: service
compliance: {consent: {required: false, basis: contract}, disclosure: {node: a, must: [ai], interruptible: false}}
vars: {name: {required: true, example: Ann}}
slots: {age: {type: int, ask: "How old are you, say for example eight or nine?", retries: 1}}
lexicon: {affirm: ["okay"], refuse: ["no thanks"], backchannel: ["mm"]}
flow:
  start: a
  nodes:
    a:
      barge: {mode: none}
      say: ["Hello {name}, I am a robot. Is it all right?"]
      next: {affirm: b, refuse: bye, silence: bye, unrecognised: bye}
    b: {type: collect, slot: age, next: {filled: c, refused: bye, failed: bye}}
    c: {type: action, do: [{tag: asked}, {webhook: crm}], next: {ok: d, error: bye}}
    d: {type: transfer, say: ["One moment."], to: {group: sales}, next: {failed: bye}}
    bye: {say: ["Goodbye."], end: done}
kb: [{id: price, phrases: ["how much"], answers: ["It is free."]}]
globals:
  - {id: rude, role: profanity, priority: 9, phrases: ["idiot"], say: ["Sorry, goodbye."], end: profanity}
  - {id: stop, role: do_not_disturb, priority: 8, phrases: ["stop calling"], say: ["I will not call again."],
     do: [{freeze: {scope: company, days: 0}}], end: optout}
  - {id: robot, role: ask_robot, priority: 7, phrases: ["are you human"], say: ["I am a robot, yes."], then: {resume: reask}}
  - {id: human, role: transfer, priority: 6, phrases: ["a person"], goto: d}
  - {id: again, role: repeat, priority: 5, phrases: ["say that again"], then: {resume: repeat}, max: 2}
grading: {scale: {A: good}, rules: [{grade: A, when: "'asked' in tags"}, {grade: D, when: "True"}]}
portrait: [{key: age, from: slot.age, ttl_days: 10, consent: profile}]
"""


@pytest.fixture
def script(tmp_path: Path) -> str:
    path = tmp_path / "small.yaml"
    path.write_text(SCRIPT, encoding="utf-8")
    return str(path)


def talked(script: str, *lines: str, options: tuple[str, ...] = ()) -> str:
    arguments = ["chat", script, "--plain", "--rules-only", *options]
    result = CliRunner().invoke(app, arguments, input="".join(f"{line}\n" for line in lines), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_a_conversation_with_its_reasons_and_grade(script: str) -> None:
    out = talked(script, "okay, how much", "eight", "/ok", "/ok", options=("--vars", "name=Bob"))
    for text in (
        "robot  Hello Bob, I am a robot.", "you    okay, how much", "· kb price because of 'how much' (phrase, 1.00)",
        "robot  It is free.", "· carried: what affirm", "· slot: slot age, value 8", "action webhook crm", "· tag asked",
        "awaiting the action's result", "transfer to sales", "end       transfer", "grade     A good", "reason    rule 1 of 2 holds",
        "slots     age = 8", "tags      asked", "knowledge price = 1", "portrait  age = 8 (consent profile, 10 days)",
    ):  # fmt: skip
        assert text in out, text


def test_commands(script: str) -> None:
    out = talked(script, "/why", "/state", "/help", "/nonsense", "/dtmf", "/dtmf 1")
    assert '"node":"a"' in out
    assert out.count("empty line = silence") == 4
    assert "· understood" not in out
    assert "end       done" in out
    assert "end       voicemail" in talked(script, "/machine")
    assert "end       hangup" in talked(script, "/quit", "okay")
    assert "end       hangup" in talked(script, "/hangup")
    assert "end       hangup" in talked(script)
    assert "you    (silence)" in talked(script, "")
    assert "robot  Goodbye." in talked(script, "okay", "9", "/failed")
    assert "unknown   what is [this]" in talked(script, "what is [this]", options=("--no-why",))


def test_a_template_is_talked_to_by_its_name() -> None:
    for name in templates():
        assert "robot  " in talked(name, "/quit")


def test_the_ranker_is_trained_unless_told_otherwise(script: str) -> None:
    result = CliRunner().invoke(app, ["chat", script, "--plain"], input="okay\n", catch_exceptions=False)
    assert "How old are you" in result.output


def test_what_is_wrong_is_said(script: str, tmp_path: Path) -> None:
    def fails(*arguments: str) -> BaseException | None:
        return CliRunner().invoke(app, ["chat", *arguments]).exception

    assert isinstance(fails(str(tmp_path / "none.yaml")), ScriptError)
    error = fails(script, "--vars", "nome=Bob")
    assert isinstance(error, SettingsError)
    assert "Known: name" in str(error)
    broken = tmp_path / "broken.yaml"
    broken.write_text(SCRIPT.replace("goto: d}", "goto: nowhere}"), encoding="utf-8")
    error = fails(str(broken))
    assert isinstance(error, ScriptError)
    assert "broken.yaml:" in str(error)


@pytest.mark.parametrize("seed", ["-1", "4294967296"])
def test_a_seed_that_is_none(seed: str) -> None:
    refused = CliRunner().invoke(app, ["chat", "appointment_en", "--seed", seed], input="")
    assert refused.exit_code == 2
    assert "--seed" in refused.output
