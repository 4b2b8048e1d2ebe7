"""An opt-out is honoured at any moment of a call, whatever the robot is doing, however late its words are read."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from callwright.speech.port import Abilities
from callwright.testing.loopback import Phone
from callwright.testing.stub_speech import Script as Recognition

if TYPE_CHECKING:
    from tests.unit.calls.conftest import Bench

    Make = Callable[..., Bench]

EARS = {
    "sure": Recognition(partial_ms=200, final_ms=120),
    "late": Recognition(partial_ms=200, final_ms=900),
    "only finals": Recognition(partial_ms=100_000, final_ms=300),
    "only partials": Recognition(partial_ms=200, mute_on=("stop calling me",)),
}
MOMENTS = range(0, 9000, 400)  # the greeting, the disclosure, the question, the silence after it


def opted_out(bench: Bench) -> None:
    record = bench.log()[-1]
    assert (record["disposition"], [kind for kind, _ in bench.outbox.kept].count("freeze")) == ("opted_out", 1)
    assert bench.replayed() == ()


# Before the robot's first word a partial is no reading: an end for good needs a final.
@pytest.mark.parametrize(
    ("ears", "moment_ms"), [(ears, ms) for ears in EARS for ms in MOMENTS if ears != "only partials" or ms >= 1600]
)
def test_at_any_moment(make_bench: Make, ears: str, moment_ms: int) -> None:
    bench = make_bench(recognition=EARS[ears])

    async def callee(phone: Phone) -> None:
        await phone.answer()
        await phone.wait(moment_ms)
        await phone.say("stop calling me", 800)

    bench.call(callee)
    opted_out(bench)


@pytest.mark.parametrize("ears", ["sure", "late", "only finals"])
@pytest.mark.parametrize("moment_ms", range(200, 9000, 800))
def test_with_which_the_caller_hangs_up(make_bench: Make, ears: str, moment_ms: int) -> None:
    bench = make_bench(recognition=EARS[ears])

    async def callee(phone: Phone) -> None:
        await phone.answer()
        await phone.wait(moment_ms)
        await phone.say("stop calling me", 800)
        await phone.hang_up()

    bench.call(callee)
    opted_out(bench)


@pytest.mark.parametrize("after_ms", range(400, 1600, 200))
def test_while_the_prompt_is_paused_for_a_cough_and_after_it(bench: Bench, after_ms: int) -> None:
    async def callee(phone: Phone) -> None:
        await phone.answer()
        await phone.say("hello", 400)
        await phone.starts("Your visit")
        await phone.wait(700)
        await phone.say("uh huh", 300)
        await phone.wait(after_ms)
        await phone.say("stop calling me", 800)

    bench.call(callee)
    opted_out(bench)
    assert bench.events("paused")


@pytest.mark.parametrize("mode", ["voice", "words", "sentence", "keywords", "none"])
@pytest.mark.parametrize("dictation", [True, False])
def test_in_every_mode_of_interruption(make_bench: Make, mode: str, dictation: bool) -> None:
    bench = make_bench(("barge: {mode: words, guard_ms: 500", f"barge: {{mode: {mode}, guard_ms: 500"))

    async def callee(phone: Phone) -> None:
        await phone.answer()
        await phone.say("hello", 400)
        bench.recogniser.abilities = Abilities("stub", 8000, 20, hotwords=True, dictation=dictation)
        await phone.starts("Your visit")
        await phone.wait(300)
        await phone.say("stop calling me", 800)

    bench.call(callee)
    opted_out(bench)


def test_in_a_final_when_the_partial_was_another_answer(make_bench: Make) -> None:
    """The reply to the partial has begun; what the final says counts all the same."""
    bench = make_bench(
        recognition=Recognition(partial_ms=200, final_ms=700, partials={"stop calling me": "how much is it"})
    )

    async def callee(phone: Phone) -> None:
        await phone.answer()
        await phone.say("hello", 400)
        await phone.hears("Does that work")
        await phone.wait(300)
        await phone.say("stop calling me", 500)

    bench.call(callee)
    opted_out(bench)
    assert [event.get("corrects", False) for event in bench.events("utterance")] == [False, True]


@pytest.mark.parametrize("over_ms", [0, 600, 1500, 3000])
def test_while_a_person_is_rung(bench: Bench, over_ms: int) -> None:
    async def callee(phone: Phone) -> None:
        await phone.answer()
        await phone.say("hello", 400)
        await phone.hears("Does that work")
        await phone.say("get me a person")
        await phone.starts("One moment")
        await phone.wait(over_ms)
        await phone.say("stop calling me", 800)

    async def desk(phone: Phone) -> None:
        await phone.ring()
        await phone.wait(30_000)

    bench.call(callee, desk)
    opted_out(bench)
