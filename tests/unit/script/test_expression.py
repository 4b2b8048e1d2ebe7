from __future__ import annotations

from typing import Any

import pytest

from callwright.script.expression import compile_expression

NAMES: dict[str, Any] = {
    "tags": ["已预约"],
    "milestone": 4,
    "kb": {"price": 2},
    "slot": {"score": 3, "name": "王"},
    "end": "done",
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("'已预约' in tags", True),
        ("'x' not in tags", True),
        ("milestone >= 4 and kb.price == 2", True),
        ("kb.address >= 1", False),
        ("kb.address == 0", True),
        ("nothing == 0", True),
        ("nothing.at.all == 0", True),
        ("slot.score <= 3", True),
        ("slot.name <= 3", False),
        ("slot.name != 3", True),
        ("1 < milestone <= 4", True),
        ("4 < milestone <= 9", False),
        ("'x' in nothing", False),
        ("'x' not in nothing", True),
        ("3 in 'abc'", False),
        ("not (end in ['a', 'b'])", True),
        ("end in ('done', 'x')", True),
        ("-1 < 0", True),
        ("-slot.name == 0", True),
        ("true and not false and none == null", True),
        ("milestone > 9 or 'late'", "late"),
        ("milestone and nothing", 0),
        ("end == 'done'\n  and milestone > 1", True),
    ],
)
def test_values(text: str, value: object) -> None:
    assert compile_expression(text).evaluate(NAMES) == value


def test_names_are_dotted() -> None:
    found = compile_expression("kb.price > 1 or (tags and true) or slot.a.b")
    assert found.names == {"kb.price", "tags", "slot.a.b"}


@pytest.mark.parametrize(
    ("text", "essence"),
    [
        ("", "is empty"),
        ("f(x)", "calls are not allowed"),
        ("a - b", "arithmetic"),
        ("a[0]", "write kb.price"),
        ("{1: 2}", "mappings"),
        ("{1}", "sets"),
        ("1 if a else 2", "if/else"),
        ("lambda: 1", "lambda"),
        ("(a := 1)", "compare with =="),
        ("f'{a}'", "f-strings"),
        ("[x for x in y]", "ListComp"),
        ("~a", "UnaryOp"),
        ("a is b", "write `==`"),
        ("a = 1", "single `=`"),
        ("a && b", "`and` and `or`"),
        ("a ==", "not a valid expression"),
        ("a b", "not a valid expression near column"),
        ("'a'.b", "only follow a name"),
        ("a.b.c.d.e", "too many dots"),
        ("b'x'", "not allowed here"),
        ("...", "not allowed here"),
        ("x" * 1001, "longer than 1000"),
        ("not " * 200 + "a", "deeper than 30"),
        ("(" * 400, "not a valid expression"),
        ("\ud800", "cannot be read"),
        ("\0", ""),
    ],
)
def test_everything_else_is_refused(text: str, essence: str) -> None:
    with pytest.raises(ValueError, match=r"expression|allowed|write|dot|empty") as caught:
        compile_expression(text)
    assert essence in str(caught.value)
