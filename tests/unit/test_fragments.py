from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callwright.fragments import fragment_file, fragments, has_values, pause_ms, values

TEMPLATE = "您好{name}，我是{company}的智能助手。{note}"


def test_a_text_is_cut_at_its_variables() -> None:
    parts = fragments(TEMPLATE)
    assert [(part.spoken, part.number, part.name) for part in parts] == [
        ("您好", 1, ""), ("", 0, "name"), ("我是", 2, ""), ("", 0, "company"), ("的智能助手。", 3, ""), ("", 0, "note"),
    ]  # fmt: skip
    assert [part.number for part in fragments("{a}、{b}。")] == [0, 0, 0, 0]
    assert has_values(TEMPLATE)
    assert not has_values("a {b c} d")


def test_values_come_back_out_of_the_text() -> None:
    assert values(TEMPLATE, "您好王先生，我是晨光的智能助手。") == {1: "王先生", 3: "晨光", 5: ""}
    assert values(TEMPLATE, "您好王先生，我是晨光的助手。") is None
    assert values("  Hello {name}! ", "Hello Ann!") == {1: "Ann"}


def test_names_of_fragments() -> None:
    assert fragment_file("prompts/opening.wav", 2) == "prompts/opening.2.wav"


@pytest.mark.parametrize(
    ("between", "ms"),
    [
        ("", 20),
        (" ", 20),
        ("、", 80),
        ("，", 150),
        (", ", 150),
        ("：", 180),
        ("。", 250),
        (". ", 250),
        ("，。", 250),
        (".5", 20),
    ],
)
def test_pauses_by_punctuation(between: str, ms: int) -> None:
    assert pause_ms(between) == ms


@given(
    st.lists(st.one_of(st.just("{a}"), st.just("{b}"), st.text("您好，。ab 1", max_size=5)), max_size=8),
    st.text("您好x", max_size=4),
)
def test_what_is_cut_can_be_put_together_again(pieces: list[str], value: str) -> None:
    template = "".join(pieces)
    text = template.strip().replace("{a}", value).replace("{b}", value)
    found = values(template, text)
    assert found is not None
    parts = fragments(template)
    again = "".join(found[at] if part.name else part.text for at, part in enumerate(parts))
    assert again.replace(" ", "") == text.replace(" ", "")
