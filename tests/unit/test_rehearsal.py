"""What a browser on a rehearsal asks for besides speaking. The conversation itself: tests/integration/studio/test_spoken_talks.py."""

from __future__ import annotations

import asyncio
from typing import cast

import pytest

from callwright import rehearsal
from callwright.errors import InputError, LineError, ModelError, Problem
from callwright.telephony.webrtc.leg import BrowserLeg


class Leg:
    """A fake leg that remembers what was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def press(self, digits: str) -> None:
        self.asked.append(digits)

    async def leave(self) -> None:
        self.asked.append("left")

    async def hangup(self, reason: str) -> None:
        self.asked.append(reason)


def obeyed(*lines: bytes) -> tuple[list[str], str]:
    async def obey() -> tuple[list[str], str]:
        orders, leg, ended = asyncio.StreamReader(), Leg(), rehearsal._Over()
        for line in lines:
            orders.feed_data(line)
        orders.feed_eof()
        await rehearsal._obey(orders, cast(BrowserLeg, leg), ended)
        return leg.asked, ended.why

    return asyncio.run(obey())


def test_keys_are_pressed_and_whoever_hangs_up_has_left() -> None:
    assert obeyed(b'{"keys": "12#"}\n', b'{"do": "hang_up"}\n', b'{"keys": "3"}\n') == (["12#", "left"], "left")


def test_nobody_to_give_orders_is_the_end() -> None:
    assert obeyed() == (["left"], "left")


def test_when_the_time_is_over_the_line_hangs_up() -> None:
    leg, ended = Leg(), rehearsal._Over()
    asyncio.run(rehearsal._limit(0, cast(BrowserLeg, leg), ended))
    assert (leg.asked, ended.why) == (["time"], "time")


@pytest.mark.parametrize(
    ("error", "code", "hint"),
    [
        (ModelError(Problem("model-missing", "no model", hint="callwright models pull x")), "model-missing", "callwright models pull x"),
        (InputError([Problem("first", "a"), Problem("second", "b")]), "first", ""),
        (LineError("webrtc: an offer of one audio stream is needed"), "no-audio", ""),
    ],
)  # fmt: skip
def test_what_is_missing_is_told_with_its_cure(error: InputError | LineError, code: str, hint: str) -> None:
    told = rehearsal._refusal(error)
    assert (told["what"], told["code"], told["hint"]) == ("refused", code, hint)
    assert "\n" not in told["message"]
