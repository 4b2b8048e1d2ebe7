"""Before the answer: what is heard becomes evidence and the outcome, and never gets in the way of the call."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from callwright.calls.early import ProgressParts
from callwright.errors import ModelError, Problem
from callwright.speech.vad import Vad
from callwright.telephony.tones.sets import CHINA, SIT_VARIANTS
from callwright.testing.loopback import Phone
from callwright.testing.stub_speech import EverythingIsSpeech, Script, StubRecogniser
from callwright.testing.tones import line, rhythm, special

if TYPE_CHECKING:
    from tests.unit.calls.conftest import Bench

OFF = "the number you have dialed is switched off"
BUSY = "sorry the subscriber you dialed is busy now"


@pytest.fixture
def listening(bench: Bench) -> Bench:
    listens(bench)
    return bench


def listens(bench: Bench, recognition: Script | None = None, **more: Any) -> StubRecogniser:
    recogniser = StubRecogniser(bench.utterances, recognition or Script())
    bench.parts["progress"] = ProgressParts("en", lambda: Vad(EverythingIsSpeech()), recogniser, **more)
    return recogniser


def test_an_announcement_says_more_than_the_code(listening: Bench) -> None:
    async def callee(phone: Phone) -> None:
        await phone.ring()
        await phone.early_media()
        await phone.say(OFF, 2500)
        await phone.wait(1000)
        await phone.reject(480, "Temporarily Unavailable")

    record = listening.call(callee)
    assert (record.disposition, record.code, record.answered) == ("switched_off", 480, False)
    (found,) = record.evidence
    assert (found["kind"], found["source"], found["heard"]) == ("switched_off", "words", OFF)
    assert found["confidence"] == 1
    (event,) = listening.events("progress")
    assert (event["found"], event["heard"]) == ("switched_off", OFF)
    assert event["begin_ms"] < event["at_ms"]


def test_words_cut_off_by_the_rejection_are_still_heard(listening: Bench) -> None:
    async def callee(phone: Phone) -> None:
        await phone.early_media()
        await phone.say(OFF, 2500)
        await phone.reject(480)

    assert listening.call(callee).disposition == "switched_off"


def test_a_definite_announcement_ends_the_ringing_when_that_is_wished(bench: Bench) -> None:
    recogniser = listens(bench, end_early=True)

    async def callee(phone: Phone) -> None:
        await phone.ring()
        await phone.early_media()
        await phone.say(OFF, 2500)
        await phone.wait(60_000)

    record = bench.call(callee)
    assert (record.disposition, record.cause) == ("switched_off", "cancelled")
    assert bench.line.legs[0].hangups == ["announcement"]
    assert bench.seconds < 6
    assert all(stream.closed for stream in recogniser.streams)


def test_without_the_wish_it_rings_on(listening: Bench) -> None:
    async def callee(phone: Phone) -> None:
        await phone.early_media()
        await phone.say(OFF, 2500)
        await phone.wait(20_000)
        phone.leg.end("no_answer", "us")

    record = listening.call(callee)
    assert (record.disposition, record.cause) == ("switched_off", "no_answer")
    assert not listening.line.legs[0].hangups


def test_busy_is_not_definite(bench: Bench) -> None:
    """With call waiting somebody may come to the phone after all."""
    listens(bench, end_early=True)

    async def callee(phone: Phone) -> None:
        await phone.early_media()
        await phone.say(BUSY, 2500)
        await phone.wait(3000)
        await phone.answer()
        await phone.say("hello", 400)
        await phone.hears("Does that work")
        await phone.hang_up()

    record = bench.call(callee)
    assert (record.answered, record.disposition) == (True, "hung_up")
    assert record.evidence[0]["kind"] == "line_busy"


@pytest.mark.parametrize(("ring_ms", "code", "expected"), [
    (0, 486, "line_busy"), (8000, 486, "rejected"), (8000, 480, "line_busy"), (30_000, 480, "no_answer"), (8000, 603, "rejected"),
])  # fmt: skip
def test_in_a_call_is_what_switches_say_of_much(listening: Bench, ring_ms: int, code: int, expected: str) -> None:
    async def callee(phone: Phone) -> None:
        if ring_ms:
            await phone.ring()
        await phone.wait(ring_ms)
        await phone.early_media()
        await phone.say(BUSY, 2500)
        await phone.wait(1000)
        await phone.reject(code)

    assert listening.call(callee).disposition == expected


def test_a_busy_tone(listening: Bench) -> None:
    async def callee(phone: Phone) -> None:
        await phone.early_media()
        await phone.play(line(rhythm(CHINA[1], 5)))
        await phone.reject(480)

    record = listening.call(callee)
    assert record.disposition == "busy"
    assert (record.evidence[0]["source"], record.evidence[0]["heard"]) == ("tone", "busy cn")


@pytest.mark.parametrize(("name", "expected"), [("VC", "empty_number"), ("NC'", "network_fault")])
def test_special_information_tones(listening: Bench, name: str, expected: str) -> None:
    (variant,) = (one for one in SIT_VARIANTS if one.name == name)

    async def callee(phone: Phone) -> None:
        await phone.early_media()
        await phone.play(line(special(variant)))
        await phone.reject(480)

    assert listening.call(callee).disposition == expected


def test_ringing_with_tone_is_no_reason(listening: Bench) -> None:
    async def callee(phone: Phone) -> None:
        await phone.ring()
        await phone.early_media()
        await phone.play(line(rhythm(CHINA[0], 10)))
        await phone.reject(486)

    record = listening.call(callee)
    assert (record.disposition, [one["kind"] for one in record.evidence]) == ("busy", ["ringback"])


@pytest.mark.parametrize("recognition", [
    Script(unopened=ModelError(Problem("recogniser", "no model"))), Script(break_on=(OFF,), mute_on=(OFF,)), Script(fail_final_on=(OFF,)),
    Script(mute_on=(OFF,)), Script(open_s=3600.0),
])  # fmt: skip
def test_a_dead_recogniser_leaves_tones_and_the_code(bench: Bench, recognition: Script) -> None:
    listens(bench, recognition)

    async def callee(phone: Phone) -> None:
        await phone.ring()
        await phone.early_media()
        await phone.say(OFF, 2500)
        await phone.play(line(rhythm(CHINA[1], 5)))
        await phone.reject(480)

    record = bench.call(callee)
    assert (record.disposition, record.code) == ("busy", 480)
    assert bench.seconds < 12


def test_a_recogniser_that_comes_late_hears_it_all_the_same(bench: Bench) -> None:
    listens(bench, Script(open_s=4.0))

    async def callee(phone: Phone) -> None:
        await phone.early_media()
        await phone.say(OFF, 2500)
        await phone.wait(4000)
        await phone.reject(480)

    assert bench.call(callee).disposition == "switched_off"


def test_listening_ends_with_the_answer(listening: Bench) -> None:
    async def callee(phone: Phone) -> None:
        await phone.ring()
        await phone.early_media()
        await phone.say("please hold while we connect your call", 1500)
        await phone.answer()
        await phone.say("hello", 400)
        await phone.hears("Does that work")
        await phone.hang_up()

    record = listening.call(callee)
    assert record.answered
    assert record.evidence == ()
    assert not [event for event in listening.log() if event["kind"] == "fault"]


def test_endless_music_is_recognised_for_a_while_only(bench: Bench) -> None:
    recogniser = listens(bench, words_for_ms=12_000)

    async def callee(phone: Phone) -> None:
        await phone.early_media()
        await phone.say("la la la", 60_000)
        await phone.reject(480)

    assert bench.call(callee).disposition == "no_answer"
    assert len(recogniser.streams) == 1
    assert len(bench.events("early_words")) == 2


def test_the_signalling_never_waits_for_the_listener(bench: Bench) -> None:
    """The answer is taken in the very moment it comes, whatever the recogniser does."""
    listens(bench, Script(open_s=30.0))
    answered: list[float] = []

    async def callee(phone: Phone) -> None:
        await phone.early_media()
        await phone.say(OFF, 2500)
        await phone.answer()
        answered.append(asyncio.get_running_loop().time())
        await phone.say("hello", 400)
        await phone.hears("Does that work")
        await phone.hang_up()

    assert bench.call(callee).answered
    (connected,) = bench.events("connected")
    assert connected["at_ms"] <= answered[0] * 1000 + 1
