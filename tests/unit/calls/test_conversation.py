"""Whole calls in virtual time: what the callee hears, what is kept, how each call is named."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from callwright.telephony.port import Codec
from callwright.testing.loopback import Phone
from callwright.testing.stub_speech import StubPrompt

if TYPE_CHECKING:
    from tests.unit.calls.conftest import Bench

    Make = Callable[..., Bench]


async def pick_up(phone: Phone) -> None:
    await phone.ring()
    await phone.wait(500)
    await phone.answer()
    await phone.say("hello", 400)


async def asked(phone: Phone) -> None:
    await pick_up(phone)
    await phone.hears("Does that work")


def test_the_caller_agrees(bench: Bench) -> None:
    async def callee(phone: Phone) -> None:
        await asked(phone)
        await phone.wait(300)
        await phone.say("yes that works")

    record = bench.call(callee)
    assert (record.disposition, record.end, record.grade, record.tags) == ("completed", "done", "A", ("confirmed",))
    assert bench.heard[0].startswith("Hello, AI assistant")
    assert bench.heard[-1] == "See you then. Goodbye."
    assert bench.outbox.kept == [("note", "visit confirmed")]
    assert (record.cause, record.turns, record.faults) == ("bye", 1, ())
    assert bench.replayed() == ()
    assert [event["cut"] for event in bench.events("prompt")] == [False, False, False]


def test_silence_is_asked_after_then_the_call_ends(bench: Bench) -> None:
    record = bench.call(pick_up)
    assert (record.disposition, record.end) == ("no_interaction", "silence")
    assert len(bench.events("no_input")) == 2
    assert bench.seconds < 40


def test_a_backchannel_pauses_the_prompt_and_nothing_is_lost(bench: Bench) -> None:
    async def callee(phone: Phone) -> None:
        await pick_up(phone)
        await phone.starts("Your visit")
        await phone.wait(700)
        await phone.say("uh huh", 400)
        await phone.hears("Does that work")
        await phone.say("yes")

    record = bench.call(callee)
    assert record.tags == ("confirmed",)
    assert len(bench.events("paused")) == 1
    assert len(bench.events("resumed")) == 1
    assert not bench.events("interrupted")


def test_barge_resume_reask_says_the_short_question(make_bench: Make) -> None:
    bench = make_bench(("guard_ms: 500, min_words: 2", "guard_ms: 500, min_words: 2, resume: reask"))

    async def callee(phone: Phone) -> None:
        await pick_up(phone)
        await phone.starts("Your visit")
        await phone.wait(700)
        await phone.say("uh huh", 400)
        await phone.hears("Does Monday work?")
        await phone.say("yes")

    record = bench.call(callee)
    assert record.tags == ("confirmed",)
    assert "Does Monday work?" in bench.heard
    assert bench.replayed() == ()


def test_words_interrupt_the_prompt(bench: Bench) -> None:
    async def callee(phone: Phone) -> None:
        await pick_up(phone)
        await phone.starts("Your visit")
        await phone.wait(700)
        await phone.say("how much is it", 1200)
        await phone.hears("It is free")
        await phone.hears("Does Monday work?")
        await phone.say("yes")

    record = bench.call(callee)
    assert (record.tags, record.kb) == (("confirmed",), ("price",))
    cut = [event for event in bench.events("prompt") if event["cut"]]
    assert [event["text"] for event in cut] == ["Your visit is on Monday. Does that work?"]
    assert 0 < cut[0]["played_ms"] < cut[0]["of_ms"]


def test_an_opt_out_during_the_uninterruptible_disclosure_counts(bench: Bench) -> None:
    async def callee(phone: Phone) -> None:
        await pick_up(phone)
        await phone.starts("AI assistant")
        await phone.wait(800)
        await phone.say("stop calling me", 1000)

    record = bench.call(callee)
    assert (record.disposition, record.grade) == ("opted_out", "F")
    assert [kind for kind, _ in bench.outbox.kept] == ["freeze"]
    assert bench.outbox.numbers == {"+12025550123"}
    assert bench.heard[-1] == "I will not call again."
    # The disclosure itself was said to its end.
    assert bench.events("prompt")[0]["cut"] is False


def test_an_opt_out_counts_when_the_caller_hangs_up_with_it(bench: Bench) -> None:
    async def callee(phone: Phone) -> None:
        await asked(phone)
        await phone.say("stop calling me", 1000)
        await phone.hang_up()

    record = bench.call(callee)
    assert (record.disposition, record.grade, record.faults) == ("opted_out", "F", ())
    assert [kind for kind, _ in bench.outbox.kept] == ["freeze"]


def test_an_opt_out_is_kept_before_the_robot_confirms_it(bench: Bench) -> None:
    async def callee(phone: Phone) -> None:
        await asked(phone)
        await phone.say("stop calling me", 1000)
        await phone.starts("I will not")
        await phone.hang_up()

    record = bench.call(callee)
    assert (record.disposition, record.end, record.faults) == ("opted_out", "optout", ())
    assert [kind for kind, _ in bench.outbox.kept] == ["freeze"]


def test_hanging_up_during_the_goodbye_keeps_the_outcome(bench: Bench) -> None:
    async def callee(phone: Phone) -> None:
        await asked(phone)
        await phone.say("yes that works")
        await phone.starts("See you")
        await phone.hang_up()

    record = bench.call(callee)
    assert (record.disposition, record.end, record.tags) == ("completed", "done", ("confirmed",))
    assert bench.events("prompt")[-1]["cut"] is True


def test_hanging_up_in_the_disclosure(bench: Bench) -> None:
    async def callee(phone: Phone) -> None:
        await pick_up(phone)
        await phone.starts("AI assistant")
        await phone.wait(300)
        await phone.hang_up()

    record = bench.call(callee)
    assert (record.disposition, record.end, record.faults) == ("hung_up", "hangup", ())
    assert bench.outbox.kept == [("note", "hung up")]
    assert [event["cut"] for event in bench.events("prompt")] == [True]


def test_hanging_up_at_once(bench: Bench) -> None:
    async def callee(phone: Phone) -> None:
        await phone.answer()
        await phone.hang_up()

    record = bench.call(callee)
    assert (record.disposition, record.cause, record.faults) == ("hung_up", "bye", ())
    assert bench.heard == []


@pytest.mark.parametrize("after_ms", range(0, 1100, 60))
def test_hanging_up_at_any_moment_after_the_answer_is_no_fault(bench: Bench, after_ms: int) -> None:
    """From the last word over the recogniser and the prepared prompt to the goodbye."""
    prepare = bench.voice.prepare

    async def slowly(text: str, audio: str | None, codec: Codec, template: str) -> StubPrompt:
        await asyncio.sleep(0.2)
        return await prepare(text, audio, codec, template)

    async def callee(phone: Phone) -> None:
        await asked(phone)
        await phone.say("yes that works")
        await phone.wait(after_ms)
        await phone.hang_up()

    bench.parts["prepare"] = slowly
    record = bench.call(callee)
    assert (record.disposition, record.tags, record.faults) == ("completed", ("confirmed",), ())
    assert bench.outbox.kept[0] == ("note", "visit confirmed")


def test_a_key_is_taken_once_and_cuts_in(bench: Bench) -> None:
    async def callee(phone: Phone) -> None:
        await pick_up(phone)
        await phone.starts("Your visit")
        await phone.press("2")

    record = bench.call(callee)
    assert (record.end, record.tags) == ("done", ("cancelled",))
    assert [event["digit"] for event in bench.events("key")] == ["2"]
    assert len(bench.events("dtmf")) == 1


def test_a_machine_is_left_without_a_message(bench: Bench) -> None:
    async def callee(phone: Phone) -> None:
        await phone.answer()
        await phone.say("you have reached the voicemail of somebody", 6000)

    record = bench.call(callee)
    assert (record.disposition, record.cause) == ("voicemail", "bye")


def test_a_late_machine_is_left_too(bench: Bench) -> None:
    async def callee(phone: Phone) -> None:
        await phone.answer()
        await phone.wait(1500)
        await phone.say("this is an answering machine", 6000)

    record = bench.call(callee)
    assert record.disposition == "voicemail"
    assert [event["verdict"] for event in bench.events("greeting")] == ["human", "machine"]
    assert bench.events("prompt")[-1]["cut"] is True


def test_the_time_limit_says_goodbye(make_bench: Make) -> None:
    bench = make_bench(("max_seconds: 90", "max_seconds: 15"))

    async def callee(phone: Phone) -> None:
        await asked(phone)
        while True:
            await phone.say("how much is it", 1000)
            await phone.wait(1000)

    record = bench.call(callee)
    assert (record.disposition, record.end) == ("too_long", "too_long")
    assert bench.seconds < 25


def test_the_lines_own_limit_is_named(bench: Bench) -> None:
    async def callee(phone: Phone) -> None:
        await asked(phone)
        phone.leg.end("bye", "us", "max_duration")

    assert bench.call(callee).disposition == "too_long"


def test_lost_audio_is_a_fault_of_the_line(bench: Bench) -> None:
    async def callee(phone: Phone) -> None:
        await asked(phone)
        await phone.vanish("media_timeout")

    record = bench.call(callee)
    assert (record.disposition, record.cause) == ("interrupted_by_fault", "media_timeout")


def test_a_prompt_without_sound_does_not_silence_the_robot(make_bench: Make) -> None:
    bench = make_bench()
    say = bench.voice.prepare

    async def prepare(text: str, audio: str | None, codec: object, template: str) -> object:
        prompt = await say(text, audio, "PCMA", template)
        return type(prompt)(b"", (0,), 0) if "AI assistant" in text else prompt

    async def callee(phone: Phone) -> None:
        await asked(phone)
        await phone.say("yes")

    bench.parts["prepare"] = prepare
    record = bench.call(callee)
    assert record.tags == ("confirmed",)
    assert bench.events("unsaid")[0]["why"] == "the prompt has no sound"


def test_a_prompt_that_cannot_be_made_ends_the_call_by_name(bench: Bench) -> None:
    bench.voice.fails["It is cancelled. Goodbye."] = RuntimeError("the synthesiser broke")

    async def callee(phone: Phone) -> None:
        await asked(phone)
        await phone.say("no", 900)

    record = bench.call(callee)
    assert (record.disposition, record.end) == ("interrupted_by_fault", "fault")
    assert record.faults == ("RuntimeError: the synthesiser broke",)
    assert bench.line.legs[0].hangups == ["fault"]


def test_an_understander_that_breaks_ends_the_call_by_name(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(text: str, context: object, alternatives: tuple[str, ...] = ()) -> object:
        raise ValueError("out of its mind")

    async def callee(phone: Phone) -> None:
        await asked(phone)
        monkeypatch.setattr(bench.ears, "understand", broken)
        await phone.say("yes")

    record = bench.call(callee)
    assert record.disposition == "interrupted_by_fault"
    assert record.faults[0] == "ValueError: out of its mind"
