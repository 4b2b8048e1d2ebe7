"""The far side is handed over: whoever is on the line now hears that a robot speaks, at once and whatever it was saying."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from callwright.speech.port import Partial
from callwright.telephony.port import Codec, LegReplaced
from callwright.testing.loopback import Phone
from callwright.testing.stub_speech import Script as Recognition
from callwright.testing.stub_speech import StubPrompt

if TYPE_CHECKING:
    from tests.unit.calls.conftest import Bench

    Make = Callable[..., Bench]

OPENING = "Hello, AI assistant of Home Care, recorded. Say do not call me to opt out."
TOLD = "Yes, a robot."
QUESTION = "Your visit is on Monday. Does that work?"
SHORT = "Does Monday work?"


async def pick_up(phone: Phone) -> None:
    await phone.answer()
    await phone.say("hello", 400)


async def hand_over(phone: Phone) -> None:
    phone.leg.put(LegReplaced(0, "+8613900000002"))
    await asyncio.sleep(0)


def prompts(bench: Bench) -> list[tuple[str, bool]]:
    return [(event["text"], event["cut"]) for event in bench.events("prompt")]


def test_after_the_question_they_are_told_and_asked_again(bench: Bench) -> None:
    async def callee(phone: Phone) -> None:
        await pick_up(phone)
        await phone.hears("Does that work")
        await hand_over(phone)
        await phone.hears(SHORT)
        await phone.say("yes that works")

    record = bench.call(callee)
    assert (record.disposition, record.end, record.turns) == ("completed", "done", 1)
    assert bench.heard == [OPENING, QUESTION, TOLD, SHORT, "See you then. Goodbye."]
    assert [event["total"] for event in bench.events("counted") if event["what"] == "other_party"] == [1]
    assert len(bench.events("replaced")) == len(bench.events("other_party")) == len(bench.events("disclosed")) == 1
    assert bench.replayed() == ()


@pytest.mark.parametrize("after_ms", [0, 300, 900])
def test_the_running_prompt_is_stopped_for_it(bench: Bench, after_ms: int) -> None:
    async def callee(phone: Phone) -> None:
        await pick_up(phone)
        await phone.starts("Your visit")
        await phone.wait(after_ms)
        await hand_over(phone)
        await phone.hears(SHORT)
        await phone.say("yes")

    record = bench.call(callee)
    assert record.tags == ("confirmed",)
    assert prompts(bench)[1:4] == [(QUESTION, True), (TOLD, False), (SHORT, False)]
    assert bench.replayed() == ()


def test_an_opening_that_was_cut_off_is_said_again_whole(bench: Bench) -> None:
    async def callee(phone: Phone) -> None:
        await pick_up(phone)
        await phone.starts("AI assistant")
        await phone.wait(300)
        await hand_over(phone)
        await phone.hears("Does that work")
        await phone.say("yes")

    record = bench.call(callee)
    assert record.tags == ("confirmed",)
    assert prompts(bench)[:4] == [(OPENING, True), (TOLD, False), (OPENING, False), (QUESTION, False)]
    assert [event["cut"] for event in bench.events("other_party")] == [["node:opening/say/0", "node:ask/say/0"]]
    assert bench.replayed() == ()


def test_every_hand_over_is_told_and_counted(bench: Bench) -> None:
    async def callee(phone: Phone) -> None:
        await pick_up(phone)
        await phone.hears("Does that work")
        await hand_over(phone)
        await phone.starts(TOLD)
        await phone.wait(200)
        await hand_over(phone)
        await phone.hears(SHORT)
        await phone.say("yes")

    bench.call(callee)
    assert prompts(bench)[2:5] == [(TOLD, True), (TOLD, False), (SHORT, False)]
    assert [event["times"] for event in bench.events("disclosed")] == [1, 2]


@pytest.mark.parametrize("after_ms", range(0, 700, 100))
def test_words_and_keys_over_it_do_not_cut_it_off(bench: Bench, after_ms: int) -> None:
    async def callee(phone: Phone) -> None:
        await pick_up(phone)
        await phone.starts("Your visit")
        await phone.wait(700)
        talking = asyncio.create_task(phone.say("how much is it", 1500))  # begun before, known words only over it
        await phone.wait(after_ms)
        await hand_over(phone)
        await phone.starts(TOLD)
        await phone.press("9")
        await talking
        await phone.hears("It is free")
        await phone.hears(SHORT)
        await phone.say("yes")

    record = bench.call(callee)
    assert record.kb == ("price",)
    assert (TOLD, False) in prompts(bench)
    assert (TOLD, True) not in prompts(bench)
    assert bench.replayed() == ()


@pytest.mark.parametrize("during", [QUESTION, TOLD])
def test_an_opt_out_counts_and_the_number_that_was_called_is_frozen(bench: Bench, during: str) -> None:
    async def callee(phone: Phone) -> None:
        await pick_up(phone)
        await phone.starts("Your visit")
        await phone.wait(600)
        if during == QUESTION:
            talking = asyncio.create_task(phone.say("stop calling me", 1000))
            await phone.wait(100)
            await hand_over(phone)
            await talking
        else:
            await hand_over(phone)
            await phone.starts(TOLD)
            await phone.say("stop calling me", 700)

    record = bench.call(callee)
    assert (record.disposition, record.end, record.grade) == ("opted_out", "optout", "F")
    assert ([kind for kind, _ in bench.outbox.kept], bench.outbox.numbers) == (["freeze"], {"+12025550123"})
    (entry,) = bench.events("by_other_party")
    assert "handed over" in entry["why"]
    assert "390000" not in str(bench.log())
    assert bench.replayed() == ()


def test_before_the_opening_the_opening_is_enough(bench: Bench) -> None:
    async def callee(phone: Phone) -> None:
        await phone.answer()
        await hand_over(phone)
        await phone.say("hello", 400)
        await phone.hears("Does that work")
        await phone.say("yes")

    bench.call(callee)
    assert bench.heard[:2] == [OPENING, QUESTION]
    assert TOLD not in bench.heard


def test_over_the_goodbye_nothing_is_added(bench: Bench) -> None:
    async def callee(phone: Phone) -> None:
        await pick_up(phone)
        await phone.hears("Does that work")
        await phone.say("yes")
        await phone.starts("See you")
        await hand_over(phone)

    record = bench.call(callee)
    assert (record.end, prompts(bench)[-1]) == ("done", ("See you then. Goodbye.", False))
    assert [event["why"] for event in bench.events("ignored")] == ["the conversation is over"]
    assert bench.replayed() == ()


def test_with_a_person_on_the_line_nothing_is_said(bench: Bench) -> None:
    async def callee(phone: Phone) -> None:
        await pick_up(phone)
        await phone.hears("Does that work")
        await phone.say("get me a person")
        await phone.hears("One moment")
        await phone.wait(3000)
        await hand_over(phone)
        await phone.wait(3000)
        await phone.hang_up()

    async def desk(phone: Phone) -> None:
        await phone.wait(500)
        await phone.answer()

    record = bench.call(callee, desk)
    assert (record.disposition, record.faults) == ("transferred", ())
    assert bench.heard[-1] == "One moment."
    assert (len(bench.events("replaced")), bench.events("other_party")) == (1, [])
    assert [event["why"] for event in bench.events("undisclosed")] == ["a person talks, not the robot"]


def test_while_a_person_is_rung_they_are_told_and_the_ringing_goes_on(bench: Bench) -> None:
    async def callee(phone: Phone) -> None:
        await pick_up(phone)
        await phone.hears("Does that work")
        await phone.say("get me a person")
        await phone.hears("One moment")
        await phone.wait(500)
        await hand_over(phone)
        await phone.wait(9000)
        await phone.hang_up()

    async def desk(phone: Phone) -> None:
        await phone.wait(6000)
        await phone.answer()

    record = bench.call(callee, desk)
    assert (record.disposition, record.faults) == ("transferred", ())
    assert prompts(bench)[-1] == (TOLD, False)
    assert len(bench.events("bridged")) == 1


def test_a_slow_voice_does_not_let_anything_else_be_said_before(bench: Bench) -> None:
    prepare = bench.voice.prepare

    async def slowly(text: str, audio: str | None, codec: Codec, template: str) -> StubPrompt:
        await asyncio.sleep(0.8)
        return await prepare(text, audio, codec, template)

    async def callee(phone: Phone) -> None:
        await pick_up(phone)
        await phone.starts("Your visit")
        await phone.wait(700)
        await hand_over(phone)
        await phone.say("how much is it", 900)
        await phone.hears("It is free")
        await phone.hears(SHORT)
        await phone.say("yes")

    bench.parts["prepare"] = slowly
    bench.call(callee)
    assert prompts(bench)[1:3] == [(QUESTION, True), (TOLD, False)]


def test_somebody_who_calls_us_and_hands_us_over(bench: Bench) -> None:
    async def caller(phone: Phone) -> None:
        await phone.hears("Does that work")
        await hand_over(phone)
        await phone.hears(SHORT)
        await phone.say("yes")

    record = bench.take(caller)
    assert record.tags == ("confirmed",)
    assert TOLD in bench.heard


def test_words_that_are_recognised_before_its_first_frame_do_not_cut_it_off(make_bench: Make) -> None:
    """The last prompt could be interrupted, this one cannot; until a frame of it was played nothing else tells them apart."""
    bench = make_bench(recognition=Recognition(partial_ms=9999))

    async def callee(phone: Phone) -> None:
        await pick_up(phone)
        await phone.starts("Your visit")
        await phone.wait(900)
        talking = asyncio.create_task(phone.say("how much is it", 1500))
        await phone.wait(250)
        await hand_over(phone)
        for _ in range(20):  # no time passes: the robot has taken it in, and no frame was played
            await asyncio.sleep(0)
        bench.recogniser.streams[0]._emit(Partial("how much is it", 0))
        await talking
        await phone.hears("It is free")
        await phone.hears(SHORT)
        await phone.say("yes")

    bench.call(callee)
    assert prompts(bench)[1:3] == [(QUESTION, True), (TOLD, False)]


def test_an_action_under_way_has_one_result_whatever_comes_between(make_bench: Make) -> None:
    booking = """ok: {type: action, do: [{note: booked}], next: {ok: more}}
    more: {say: ["Anything else?"], next: {affirm: cancel, deny: booked}}
    booked: {say:"""
    bench = make_bench(("ok: {say:", booking))
    put = bench.outbox.put

    async def callee(phone: Phone) -> None:
        async def kept(*what: Any) -> None:
            bench.outbox.put = put  # type: ignore[method-assign]
            await hand_over(phone)
            await asyncio.sleep(0.1)
            await put(*what)

        await pick_up(phone)
        await phone.hears("Does that work")
        bench.outbox.put = kept  # type: ignore[assignment, method-assign]
        await phone.say("yes")
        await phone.hears("Anything else")
        await phone.say("no")

    record = bench.call(callee)
    assert (record.end, [event["ok"] for event in bench.events("action_done")]) == ("done", [True])
    assert bench.heard[-3:] == [TOLD, "Anything else?", "See you then. Goodbye."]
