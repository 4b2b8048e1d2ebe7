from __future__ import annotations

import pytest

from callwright.script.text import placeholders, render, sentences, stray_braces


def test_placeholders_come_once_in_order() -> None:
    assert placeholders("{b} and { a } and {b}{孩子}") == ("b", "a", "孩子")


def test_render_fills_in_and_refuses_a_hole() -> None:
    assert render("您好{name}，{n}岁", {"name": "王", "n": 8}) == "您好王，8岁"
    with pytest.raises(KeyError, match="name"):
        render("您好{name}", {})


def test_values_are_not_expanded_again() -> None:
    assert render("{a}", {"a": "{b}", "b": "x"}) == "{b}"


@pytest.mark.parametrize(
    ("text", "stray"), [("{a}", False), ("{a b}", True), ("a}", True), ("{", True), ("none", False)]
)
def test_stray_braces(text: str, stray: bool) -> None:
    assert stray_braces(text) is stray


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("您好。请问方便吗？好！", ("您好。", "请问方便吗？", "好！")),
        ("一共2.5元；可以吗", ("一共2.5元；", "可以吗")),
        ("Mr. Smith called at 5 p.m. yesterday. Bye", ("Mr. Smith called at 5 p.m. yesterday.", "Bye")),
        ("真的？！好", ("真的？！", "好")),
        ("他说“好。”再见", ("他说“好。”", "再见")),
        ("one\ntwo", ("one", "two")),
        ("See Mr.", ("See Mr.",)),
        ("", ()),
    ],
)
def test_sentences(text: str, parts: tuple[str, ...]) -> None:
    assert sentences(text) == parts
