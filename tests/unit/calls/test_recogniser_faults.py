"""A recogniser that fails: the call goes on or ends with a named cause, and is never mute for ever."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from callwright.errors import ModelError, Problem
from callwright.testing.loopback import Phone
from callwright.testing.stub_speech import Script as Recognition

if TYPE_CHECKING:
    from tests.unit.calls.conftest import Bench

    Make = Callable[..., Bench]


async def asked(phone: Phone) -> None:
    await phone.answer()
    await phone.say("hello", 400)
    await phone.hears("Does that work")
    await phone.wait(300)


def test_an_utterance_lost_in_its_middle_is_asked_for_again(make_bench: Make) -> None:
    bench = make_bench(recognition=Recognition(break_on=("no way",)))

    async def callee(phone: Phone) -> None:
        await asked(phone)
        await phone.say("no way")
        await phone.hears("Does Monday work?")
        await phone.say("yes")

    record = bench.call(callee)
    assert record.tags == ("confirmed",)
    assert record.faults == ("the stub broke off",)


def test_a_final_that_failed_does_not_shift_the_following_ones(make_bench: Make) -> None:
    bench = make_bench(recognition=Recognition(fail_final_on=("mumble mumble",), partial_ms=10_000))

    async def callee(phone: Phone) -> None:
        await asked(phone)
        await phone.say("mumble mumble")
        await phone.hears("Does Monday work?")
        await phone.say("how much is it")
        await phone.hears("Does Monday work?")
        await phone.say("yes")

    record = bench.call(callee)
    assert (record.tags, record.kb) == (("confirmed",), ("price",))
    assert [event["text"] for event in bench.events("utterance")] == ["", "how much is it", "yes"]


def test_without_any_final_the_partial_counts(make_bench: Make) -> None:
    bench = make_bench(recognition=Recognition(mute_on=("yes that works",)))

    async def callee(phone: Phone) -> None:
        await asked(phone)
        await phone.say("yes that works")

    assert bench.call(callee).tags == ("confirmed",)


def test_a_recogniser_that_never_answers_ends_the_call_politely(make_bench: Make) -> None:
    bench = make_bench(recognition=Recognition(mute_on=("blah",), partial_ms=10_000))

    async def callee(phone: Phone) -> None:
        await asked(phone)
        while True:
            await phone.say("blah")
            await phone.wait(6000)

    record = bench.call(callee)
    assert record.disposition in ("not_understood", "no_interaction")
    assert bench.seconds < 80


def test_a_failure_between_utterances_changes_nothing(bench: Bench) -> None:
    async def callee(phone: Phone) -> None:
        await asked(phone)
        bench.recogniser.streams[0].fail("the process ended unexpectedly")
        await phone.say("yes")

    record = bench.call(callee)
    assert record.tags == ("confirmed",)
    assert record.faults == ("the process ended unexpectedly",)
    assert bench.events("utterance")[0]["text"] == "yes"


def test_without_any_recogniser_the_call_goes_on_by_keys(make_bench: Make) -> None:
    broken = ModelError(Problem("recogniser", "the model is damaged"))
    bench = make_bench(recognition=Recognition(unopened=broken))

    async def callee(phone: Phone) -> None:
        await asked(phone)
        await phone.say("yes")
        await phone.hears("Does Monday work?")
        await phone.press("1")

    record = bench.call(callee)
    assert record.tags == ("confirmed",)
    assert len(record.faults) == 1
    assert "the model is damaged" in record.faults[0]


def test_without_any_recogniser_the_ladder_ends_the_call(make_bench: Make) -> None:
    bench = make_bench(recognition=Recognition(unopened=RuntimeError("gone")))

    async def callee(phone: Phone) -> None:
        await asked(phone)
        while True:
            await phone.say("yes")
            await phone.wait(3000)

    record = bench.call(callee)
    assert record.disposition == "not_understood"
    assert record.faults == ("nothing is heard: gone",)
    assert len([text for text in bench.heard if "Does Monday work?" in text]) >= 2  # it was asked again, and never mute
    assert bench.seconds < 60


def test_a_recogniser_that_comes_back_hears_the_rest_of_the_call(make_bench: Make) -> None:
    recognition = Recognition(unopened=RuntimeError("gone"))
    bench = make_bench(recognition=recognition)

    async def callee(phone: Phone) -> None:
        await asked(phone)
        await phone.say("yes")
        await phone.hears("Does Monday work?")
        recognition.unopened = None
        await phone.wait(9000)
        await phone.say("yes")

    record = bench.call(callee)
    assert record.tags == ("confirmed",)
    assert [event["text"] for event in bench.events("heard")] == ["", "yes"]


def test_hanging_up_while_the_recogniser_opens_leaves_nothing_behind(make_bench: Make) -> None:
    bench = make_bench(recognition=Recognition(open_s=20))

    async def callee(phone: Phone) -> None:
        await phone.answer()
        await phone.wait(2500)
        await phone.hang_up()

    record = bench.call(callee)
    assert (record.disposition, record.faults) == ("hung_up", ())
    assert bench.seconds < 5


def test_a_recogniser_that_opens_late_hears_the_next_utterance(make_bench: Make) -> None:
    bench = make_bench(recognition=Recognition(open_s=8))

    async def callee(phone: Phone) -> None:
        await asked(phone)
        await phone.say("yes")  # nobody has ears yet
        await phone.hears("Does Monday work?")
        await phone.wait(3000)
        await phone.say("yes")

    assert bench.call(callee).tags == ("confirmed",)


def test_words_that_fit_badly_are_not_believed(make_bench: Make) -> None:
    bench = make_bench(recognition=Recognition(scores={"something else": 0.1}, partial_ms=10_000))

    async def callee(phone: Phone) -> None:
        await asked(phone)
        await phone.say("something else")
        await phone.hears("Does Monday work?")
        await phone.say("no")

    record = bench.call(callee)
    assert record.tags == ("cancelled",)
    assert [event["text"] for event in bench.events("heard")] == ["", "no"]
