"""Hand-written spoken expressions (250 zh, 127 en); expectations were written before the reader first ran on them."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from callwright.dialogue.understanding.normalise import Language, normalise
from callwright.dialogue.understanding.slots import read_slots

NOW, WINDOW = "2026-11-20T17:00", ("09:00", "20:00")
FIXTURES = Path(__file__).parents[4] / "fixtures" / "slots"


def rows(lang: str) -> list[list[Any]]:
    loaded: list[list[Any]] = json.loads((FIXTURES / f"{lang}.json").read_text(encoding="utf-8"))
    return loaded


ALL: list[tuple[Language, list[Any]]] = [("zh", row) for row in rows("zh")] + [("en", row) for row in rows("en")]


def test_there_are_enough() -> None:
    assert len(rows("zh")) >= 200
    assert len(rows("en")) >= 100


@pytest.mark.parametrize(("lang", "row"), ALL, ids=[f"{lang}-{row[1]}-{row[0]}" for lang, row in ALL])
@pytest.mark.parametrize("normalised", [False, True], ids=["raw", "normalised"])
def test_expression(lang: Language, row: list[Any], normalised: bool) -> None:
    text, kind, wanted = row[:3]
    text = normalise(text, lang) if normalised else text
    got = read_slots(text, frozenset({kind}), lang, NOW, WINDOW)
    if wanted is None:
        assert got == ()
        return
    assert len(got) == 1
    value = pytest.approx(wanted, abs=5e-4) if isinstance(wanted, float) else wanted
    assert got[0].value == value
    assert not isinstance(got[0].value, bool)
    assert got[0].raw == text[slice(*got[0].span)]
    if len(row) > 3:
        assert list(got[0].ambiguous) == row[3]


def test_no_sentence_sends_a_pattern_round_in_circles() -> None:
    """What it costs is measured by `callwright bench nlu`; here only what would grow without bound is found, on any machine."""
    every = frozenset({"number", "int", "time", "date", "duration", "money", "phone", "age", "name"})

    def cost_s(lang: str, text: str) -> float:
        began = time.process_time()
        read_slots(text, every, lang, NOW, WINDOW)
        return time.process_time() - began

    slow = {row[0] for lang, row in ALL if min(cost_s(lang, row[0]) for _ in range(3)) > 0.1}
    assert not slow
