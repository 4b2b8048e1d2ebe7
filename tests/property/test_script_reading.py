"""Whatever is in a file, the loader answers with a script or a ScriptError, and an expression with a value or a ValueError."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from callwright.errors import Place, ScriptError
from callwright.script.checks import check
from callwright.script.dialect import SCRIPT_FILE
from callwright.script.expression import compile_expression
from callwright.script.loader import LoadedScript, loads
from callwright.script.text import placeholders, render, sentences
from callwright.yaml_file import decode

GOOD = (Path(__file__).resolve().parents[1] / "fixtures" / "scripts" / "good" / "visit.yaml").read_text(
    encoding="utf-8"
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["opening", "bye", "{x}", "(a+)+"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def load_or_refuse(text: str) -> LoadedScript | None:
    try:
        return loads(text, "f.yaml")
    except ScriptError as error:
        assert error.problems
        assert all(p.message and p.code and p.place.file == "f.yaml" for p in error.problems)
        return None


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=200) | st.text(alphabet="{}[]:,-&*!|>'\"#?%@ \n\tab1", max_size=120))
def test_any_text(text: str) -> None:
    load_or_refuse(text)
    load_or_refuse("format: script/1\n" + text)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes(data: bytes) -> None:
    try:
        text = decode(data, "f.yaml", SCRIPT_FILE)
    except ScriptError:
        return
    load_or_refuse(text)


@settings(max_examples=100, deadline=None)
@given(st.data(), VALUES)
def test_a_sound_script_with_one_value_replaced(data: st.DataObject, value: object) -> None:
    tree = yaml.safe_load(GOOD)
    owner = tree
    while True:
        key = data.draw(st.sampled_from(sorted(owner) if isinstance(owner, dict) else range(len(owner))))
        if not isinstance(owner[key], dict | list) or not owner[key] or data.draw(st.booleans()):
            break
        owner = owner[key]
    owner[key] = value
    loaded = load_or_refuse(yaml.safe_dump(tree, allow_unicode=True))
    if loaded is not None:
        found = check(loaded, date(2026, 11, 20))
        assert all(p.place != Place() and p.severity in ("error", "warning") for p in found)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, len(GOOD)), st.integers(0, 40), st.text(alphabet="{}[]:,-&*!'\" \nab1", max_size=5))
def test_a_sound_script_with_a_piece_cut_out(at: int, size: int, instead: str) -> None:
    loaded = load_or_refuse(GOOD[:at] + instead + GOOD[at + size :])
    if loaded is not None:
        check(loaded, date(2026, 11, 20))


@settings(max_examples=300, deadline=None)
@given(
    st.text(max_size=60)
    | st.lists(st.sampled_from(["a", "kb.x", "and", "or", "not", "in", "==", "<", "-", "(", ")", "[", "]", ",", "1", "'t'", "True"]),
               max_size=12).map(" ".join),
    st.dictionaries(st.sampled_from(["a", "kb", "tags"]), VALUES, max_size=3),
)  # fmt: skip
def test_expressions(text: str, names: dict[str, object]) -> None:
    try:
        expression = compile_expression(text)
    except ValueError as error:
        assert str(error)
        return
    expression.evaluate(names)


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="ab。？！.!? {}\n", max_size=40))
def test_texts(text: str) -> None:
    assert "".join("".join(sentences(text)).split()) == "".join(text.split())
    assert placeholders(render(text, dict.fromkeys(placeholders(text), "。"))) == ()
