"""Keys as an answer: one at a time, or a number where the question wants one."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.calls.conftest import SCRIPT

from callwright.calls.keypad import BETWEEN_MS, Keypad
from callwright.script.loader import loads
from callwright.testing.loopback import Phone

if TYPE_CHECKING:
    from tests.unit.calls.conftest import Bench

    Make = Callable[..., Bench]

PHONE = re.compile(r"\d{11}")
ANY_LENGTH = re.compile(r"\d{3,}")


def typed(keys: str, wanted: re.Pattern[str] | None, every_ms: int = 300) -> list[str]:
    pad = Keypad()
    out = [pad.press(at * every_ms, key, wanted) for at, key in enumerate(keys)]
    out.append(pad.tick(len(keys) * every_ms + BETWEEN_MS))
    return [one for one in out if one]


@pytest.mark.parametrize(
    ("keys", "wanted", "answers"),
    [
        ("12", None, ["1", "2"]),
        ("#", None, ["#"]),
        ("3", re.compile("[1-5]"), ["3"]),
        ("13800138000", PHONE, ["13800138000"]),
        ("13800138000#", PHONE, ["13800138000", "#"]),
        ("1380", PHONE, ["1380"]),
        ("1380*13800138000", PHONE, ["13800138000"]),
        ("12345#", ANY_LENGTH, ["12345"]),
        ("12345", ANY_LENGTH, ["12345"]),
        ("#", PHONE, ["#"]),
    ],
)
def test_what_keys_answer(keys: str, wanted: re.Pattern[str] | None, answers: list[str]) -> None:
    assert typed(keys, wanted) == answers


@given(st.text("0123456789", max_size=200), st.sampled_from([PHONE, ANY_LENGTH, re.compile("[1-5]"), None]))
def test_no_digit_is_lost_or_kept_for_ever(keys: str, wanted: re.Pattern[str] | None) -> None:
    assert "".join(typed(keys, wanted)) == keys


def script_with_number() -> str:
    text = SCRIPT.replace(
        "lexicon:\n", "slots: {phone: {type: phone, ask: 'Which number?', dtmf: '[0-9]{11}'}}\nlexicon:\n", 1
    )
    asks = "ask2: {type: collect, slot: phone, next: {filled: ok, refused: cancel, failed: cancel}}"
    return text.replace(
        "affirm: ok, deny: cancel, refuse: cancel, dtmf.1", "affirm: ask2, deny: cancel, dtmf.1"
    ).replace("    ok: {say", f"    {asks}\n    ok: {{say", 1)


def test_a_number_typed_over_the_question_is_its_answer(make_bench: Make) -> None:
    bench = make_bench(script=loads(script_with_number()).script)

    async def callee(phone: Phone) -> None:
        await phone.answer()
        await phone.say("hello", 400)
        await phone.hears("Does that work")
        await phone.say("yes")
        await phone.starts("Which number")
        for key in "13800138000":
            await phone.press(key)
            await phone.wait(400)

    record = bench.call(callee)
    assert record.tags == ("confirmed",)
    assert [event["digits"] for event in bench.events("dtmf")] == ["13800138000"]
    assert [event["cut"] for event in bench.events("prompt") if "Which" in event["text"]] == [True]
    assert bench.replayed() == ()


def test_a_number_under_way_keeps_the_silence_away(make_bench: Make) -> None:
    bench = make_bench(script=loads(script_with_number()).script)

    async def callee(phone: Phone) -> None:
        await phone.answer()
        await phone.say("hello", 400)
        await phone.hears("Does that work")
        await phone.say("yes")
        await phone.hears("Which number")
        for key in "13800138000":
            await phone.wait(2000)
            await phone.press(key)

    record = bench.call(callee)
    assert record.tags == ("confirmed",)
    assert bench.events("no_input") == []
