"""A machine, a screener or a person answers: what the robot says to each, with and without the words."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from callwright.calls.ears import EarsParts
from callwright.calls.machines import MACHINES, machine_vocabulary, read_machine
from callwright.calls.vocabulary import vocabulary
from callwright.speech.vad import Vad
from callwright.testing.loopback import Phone
from callwright.testing.stub_speech import EverythingIsSpeech, StubRecogniser, StubStream
from callwright.testing.stub_speech import Script as Recognition
from callwright.testing.tones import line, sines

if TYPE_CHECKING:
    from tests.unit.calls.conftest import Bench

    Make = Callable[..., Bench]

SCREENER = "please state your name and the reason for your call"
VOICEMAIL = "i can not take your call please leave a message"
RULE = "  - {id: machine, role: voicemail, priority: 920, event: answered_by_machine, end: voicemail}\n"
SCREENED = "  - {id: screener, role: call_screening, priority: 910, phrases: [call screening], say: [Acme calls about a visit.]%s}\n"


def with_words(bench: Bench, recognition: Recognition | None = None) -> Bench:
    """Ears with a second recogniser stream that knows what machines say."""
    recogniser = StubRecogniser(bench.utterances, recognition or bench.recognition)
    bench.parts["ears"] = EarsParts(
        bench.script,
        recogniser,
        vocabulary(bench.script),
        bench.ears,
        lambda: Vad(EverythingIsSpeech()),
        accept=0.5,
        answering=machine_vocabulary("en"),
    )
    return bench


@pytest.mark.parametrize("end", [", end: screened", ", then: {resume: reask}", ""])
def test_a_screener_hears_one_truthful_sentence(make_bench: Make, end: str) -> None:
    bench = with_words(make_bench((RULE, RULE + SCREENED % end)))

    async def callee(phone: Phone) -> None:
        await phone.answer()
        await phone.say(SCREENER, 2400)
        await phone.wait(8000)

    record = bench.call(callee)
    assert bench.heard[0] == "Acme calls about a visit."
    if "resume" not in end:
        assert bench.heard == ["Acme calls about a visit."]
        assert record.disposition == "screened"
    (greeting,) = bench.events("greeting")
    assert (greeting["verdict"], greeting["why"]) == ("screening", "screening")
    assert greeting["at_ms"] >= 2400  # it may finish
    assert [event["by"] for event in bench.events("answered")] == ["screening"]
    assert bench.replayed() == ()


def test_a_screener_is_a_machine_to_a_script_that_has_nothing_to_say_to_it(bench: Bench) -> None:
    async def callee(phone: Phone) -> None:
        await phone.answer()
        await phone.say(SCREENER, 2400)
        await phone.wait(8000)

    record = with_words(bench).call(callee)
    assert (record.disposition, bench.heard) == ("voicemail", [])


def test_the_script_s_own_recogniser_tells_a_screener_too(make_bench: Make) -> None:
    bench = make_bench((RULE, RULE + SCREENED % ", end: screened"))

    async def callee(phone: Phone) -> None:
        await phone.answer()
        await phone.say(SCREENER, 2000)
        await phone.wait(8000)

    record = bench.call(callee)
    assert (record.disposition, bench.heard) == ("screened", ["Acme calls about a visit."])


def test_a_voicemail_is_known_by_its_words_before_it_has_finished(bench: Bench) -> None:
    async def callee(phone: Phone) -> None:
        await phone.answer()
        await phone.say(VOICEMAIL, 2600)
        await phone.wait(5000)

    record = with_words(bench, Recognition(partial_ms=1000)).call(callee)
    assert (record.disposition, bench.heard) == ("voicemail", [])
    (greeting,) = bench.events("greeting")
    assert greeting["why"] == "voicemail"
    assert greeting["at_ms"] < 2000


def test_a_voicemail_that_greets_shortly_and_beeps(bench: Bench) -> None:
    async def callee(phone: Phone) -> None:
        await phone.answer()
        await phone.say("hi this is joe", 1700)
        await phone.wait(300)
        await phone.play(line(sines((1000,), 400, -12)))
        await phone.wait(3000)

    record = bench.call(callee)
    assert (record.disposition, bench.heard) == ("voicemail", [])
    assert bench.events("greeting")[0]["why"] == "beep"


def test_late_words_of_a_machine_stop_the_opening(bench: Bench) -> None:
    async def callee(phone: Phone) -> None:
        await phone.answer()
        await phone.wait(1500)
        await phone.say(VOICEMAIL, 2800)
        await phone.wait(3000)

    record = with_words(bench).call(callee)
    assert record.disposition == "voicemail"
    assert [event["why"] for event in bench.events("greeting")] == ["quiet", "voicemail"]


@pytest.mark.parametrize("recognition", [
    Recognition(unopened=RuntimeError("gone")), Recognition(fail_final_on=("hello",)), Recognition(break_on=("hello",)),
    Recognition(open_s=30.0),
])  # fmt: skip
def test_a_dead_recogniser_never_keeps_the_robot_from_a_person(bench: Bench, recognition: Recognition) -> None:
    """The second stream fails; the first one, of the script, is the bench's own and works."""

    class Second(StubRecogniser):
        async def open(self, vocabulary: Any, on_event: Any) -> Any:
            if vocabulary.key != machine_vocabulary("en").key:
                return await bench.recogniser.open(vocabulary, on_event)
            return await super().open(vocabulary, on_event)

    second = Second(bench.utterances, recognition)
    bench.parts["ears"] = EarsParts(
        bench.script, second, vocabulary(bench.script), bench.ears, lambda: Vad(EverythingIsSpeech()), accept=0.5,
        answering=machine_vocabulary("en"),
    )  # fmt: skip

    async def callee(phone: Phone) -> None:
        await phone.answer()
        await phone.say("hello", 1200)
        await phone.hears("Does that work")
        await phone.hang_up()

    record = bench.call(callee)
    assert (record.answered, record.disposition) == (True, "hung_up")
    begun = bench.events("prompt")[0]["begun_ms"]
    assert begun < 2600


def test_a_person_who_explains_at_length_is_not_hung_up_on(bench: Bench) -> None:
    async def callee(phone: Phone) -> None:
        await phone.answer()
        await phone.say("go to hell", 4600)
        await phone.wait(6000)

    record = bench.call(callee)
    assert record.disposition == "abused"


def test_every_machine_phrase_is_read_as_its_kind_and_expected() -> None:
    for language in ("zh", "en"):
        expected = {text for text, _ in machine_vocabulary(language).phrases}
        for kind, by_language in MACHINES.items():
            for phrase in by_language[language]:
                found = read_machine(phrase, language)
                assert found is not None
                assert found[0] == kind, phrase
                assert phrase in expected


@pytest.mark.parametrize(("text", "language"), [
    ("喂", "zh"), ("喂你好", "zh"), ("我现在不方便接电话", "zh"), ("等会儿再打给我吧", "zh"),
    ("我是机长", "zh"), ("你有什么事", "zh"), ("请说", "zh"),
    ("hello", "en"), ("hi this is ann speaking", "en"), ("i am driving call me later", "en"), ("who is this", "en"),
    ("good afternoon brown and sons mary speaking how can i help you", "en"), ("i can not talk right now", "en"),
    ("thank you for calling the bakery", "en"), ("what is this about", "en"),
    ("no he's not available right now who is calling", "en"), ("sorry she can't come to the phone right now", "en"),
    ("would you like to leave a message", "en"), ("you have reached the miller family", "en"),
    ("i can't take your call now i'm driving", "en"), ("can i take a message he can not answer the phone", "en"),
])  # fmt: skip
def test_what_people_say_is_no_machine(text: str, language: Any) -> None:
    assert read_machine(text, language) is None


def test_a_recogniser_that_cannot_be_let_go_does_not_end_the_call(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    streams: list[StubStream] = []

    async def close(stream: StubStream) -> None:
        stream.closed = True
        streams.append(stream)
        if len(streams) == 1:
            raise OSError("the worker is gone")

    monkeypatch.setattr(StubStream, "close", close)
    with_words(bench)

    async def callee(phone: Phone) -> None:
        await phone.answer()
        await phone.say("hello", 400)
        await phone.wait(12_500)  # who answered is settled
        await phone.say("yes")
        await phone.wait(20_000)

    record = bench.call(callee)
    assert streams
    assert record.end == "done"
    assert record.faults == ("who answered: the worker is gone",)
