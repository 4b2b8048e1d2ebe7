"""An opt-out is honoured wherever it falls: before our first word, over the goodbye, while a person is being joined."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from callwright.testing.loopback import Phone
from callwright.testing.stub_speech import Script as Recognition

if TYPE_CHECKING:
    from tests.unit.calls.conftest import Bench

    Make = Callable[..., Bench]

OPENING = "Hello, AI assistant"


async def asked(phone: Phone) -> None:
    await phone.answer()
    await phone.say("hello", 400)
    await phone.hears("Does that work")
    await phone.wait(300)


def kept(bench: Bench) -> list[str]:
    return [kind for kind, _ in bench.outbox.kept]


# ---------------------------------------------------------------- over the goodbye


@pytest.mark.parametrize("after_ms", [100, 500, 900, 1000])
def test_an_opt_out_over_the_goodbye_counts(bench: Bench, after_ms: int) -> None:
    """Said in the midst of the goodbye, or still being said when it is over."""

    async def callee(phone: Phone) -> None:
        await asked(phone)
        await phone.say("yes that works")
        await phone.starts("See you")
        await phone.wait(after_ms)
        await phone.say("stop calling me", 800)

    record = bench.call(callee)
    assert (record.disposition, record.end, record.grade) == ("opted_out", "optout", "F")
    assert kept(bench) == ["note", "freeze"]
    assert bench.heard[-1] == "See you then. Goodbye."
    assert [event["cut"] for event in bench.events("prompt")][-1] is False
    assert len(bench.events("late_opt_out")) == 1
    assert bench.line.legs[0].hangups == ["optout"]
    assert bench.replayed() == ()


def test_an_opt_out_over_the_goodbye_counts_when_the_caller_hangs_up_with_it(bench: Bench) -> None:
    async def callee(phone: Phone) -> None:
        await asked(phone)
        await phone.say("yes that works")
        await phone.starts("See you")
        await phone.say("stop calling me", 600)
        await phone.hang_up()

    record = bench.call(callee)
    assert (record.disposition, kept(bench)) == ("opted_out", ["note", "freeze"])
    assert bench.replayed() == ()


def test_other_words_over_the_goodbye_change_nothing(bench: Bench) -> None:
    async def callee(phone: Phone) -> None:
        await asked(phone)
        await phone.say("yes that works")
        await phone.starts("See you")
        await phone.say("how much is it", 500)

    record = bench.call(callee)
    assert (record.end, record.tags, record.kb, record.turns) == ("done", ("confirmed",), (), 1)
    assert bench.heard[-1] == "See you then. Goodbye."
    assert bench.events("ignored")[-1]["why"] == "the conversation is over"


def goodbye_over_ms(bench: Bench) -> int:
    last = bench.events("prompt")[-1]
    return int(bench.log()[-1]["at_ms"]) - int(last["begun_ms"]) - int(last["of_ms"])


def test_a_silent_caller_is_hung_up_on_at_once(bench: Bench) -> None:
    async def callee(phone: Phone) -> None:
        await asked(phone)
        await phone.say("yes that works")

    assert bench.call(callee).end == "done"
    assert goodbye_over_ms(bench) <= 60


def test_a_caller_who_talks_on_and_on_is_left_in_the_end(bench: Bench) -> None:
    async def callee(phone: Phone) -> None:
        await asked(phone)
        await phone.say("yes that works")
        await phone.starts("See you")
        await phone.say("well well well", 9000)

    assert bench.call(callee).end == "done"
    assert goodbye_over_ms(bench) <= 2600


def test_a_recogniser_that_breaks_over_the_goodbye_keeps_the_outcome(make_bench: Make) -> None:
    bench = make_bench(recognition=Recognition(fail_final_on=("stop calling me",), partial_ms=10_000))

    async def callee(phone: Phone) -> None:
        await asked(phone)
        await phone.say("yes that works")
        await phone.starts("See you")
        await phone.say("stop calling me", 900)

    record = bench.call(callee)
    assert (record.disposition, record.end, record.faults) == ("completed", "done", ("the stub could not decode it",))


# ---------------------------------------------------------------- while a person is joined


@pytest.mark.parametrize("rings_ms", [0, 200, 600, 3000])
@pytest.mark.parametrize("after_ms", [0, 400])
def test_an_opt_out_over_the_last_words_before_a_person_counts(bench: Bench, rings_ms: int, after_ms: int) -> None:
    async def callee(phone: Phone) -> None:
        await asked(phone)
        await phone.say("get me a person")
        await phone.starts("One moment")
        await phone.wait(after_ms)
        await phone.say("stop calling me", 700)
        await phone.wait(6000)
        await phone.hang_up()

    async def desk(phone: Phone) -> None:
        await phone.wait(rings_ms)
        await phone.answer()

    record = bench.call(callee, desk)
    assert (record.disposition, kept(bench).count("freeze"), record.faults) == ("opted_out", 1, ())
    assert bench.replayed() == ()


def test_other_words_from_before_the_person_came_do_not_end_their_talk(bench: Bench) -> None:
    async def callee(phone: Phone) -> None:
        await asked(phone)
        await phone.say("get me a person")
        await phone.hears("One moment")
        await phone.say("go to hell", 600)
        await phone.wait(8000)
        await phone.hang_up()

    async def desk(phone: Phone) -> None:
        await phone.wait(500)
        await phone.answer()

    record = bench.call(callee, desk)
    assert (record.disposition, record.faults) == ("transferred", ())
    assert bench.seconds > 12


# ---------------------------------------------------------------- before our first word


@pytest.mark.parametrize("ms", [700, 1500, 2800])
@pytest.mark.parametrize("final_ms", [50, 300, 700])
def test_whoever_opts_out_with_the_first_words_hears_only_the_farewell(
    make_bench: Make, ms: int, final_ms: int
) -> None:
    bench = make_bench(recognition=Recognition(final_ms=final_ms))

    async def callee(phone: Phone) -> None:
        await phone.answer()
        await phone.say("stop calling me", ms)

    record = bench.call(callee)
    assert (record.disposition, record.turns) == ("opted_out", 1)
    assert kept(bench) == ["freeze"]
    assert bench.heard == ["I will not call again."]
    assert [event["text"] for event in bench.events("utterance")] == ["stop calling me"]
    assert bench.replayed() == ()


def test_an_opt_out_that_is_understood_late_cuts_the_opening(make_bench: Make) -> None:
    bench = make_bench(recognition=Recognition(final_ms=1800))

    async def callee(phone: Phone) -> None:
        await phone.answer()
        await phone.say("stop calling me", 900)

    record = bench.call(callee)
    assert record.disposition == "opted_out"
    assert [text.startswith(OPENING) for text in bench.heard] == [True, False]
    assert bench.events("prompt")[0]["cut"] is True


def test_an_opt_out_in_two_breaths_is_one(bench: Bench) -> None:
    async def callee(phone: Phone) -> None:
        await phone.answer()
        await phone.say("stop", 300)
        await phone.wait(480)
        await phone.say("calling me", 500)

    assert bench.call(callee).disposition == "opted_out"
    assert len(bench.events("recognised")) == 2


@pytest.mark.parametrize("open_s", [0.1, 0.5, 1.1, 1.4, 3.0])
def test_the_first_words_count_before_the_recogniser_is_ready(make_bench: Make, open_s: float) -> None:
    bench = make_bench(recognition=Recognition(open_s=open_s))

    async def callee(phone: Phone) -> None:
        await phone.answer()
        await phone.say("stop", 300)
        await phone.wait(480)
        await phone.say("calling me", 500)

    assert bench.call(callee).disposition == "opted_out"
    assert bench.events("first_words")[0]["text"] == "stop calling me"


@pytest.mark.parametrize("ms", [400, 900, 2000])
def test_an_opt_out_before_anybody_knows_who_answered_counts_when_the_caller_hangs_up(bench: Bench, ms: int) -> None:
    async def callee(phone: Phone) -> None:
        await phone.answer()
        await phone.say("stop calling me", ms)
        await phone.hang_up()

    record = bench.call(callee)
    assert (record.disposition, kept(bench)) == ("opted_out", ["freeze"])
    assert bench.replayed() == ()


def test_hanging_up_with_a_mere_greeting_is_hanging_up(bench: Bench) -> None:
    async def callee(phone: Phone) -> None:
        await phone.answer()
        await phone.say("hello", 400)
        await phone.hang_up()

    record = bench.call(callee)
    assert (record.disposition, record.turns) == ("hung_up", 0)


def begins_ms(bench: Bench) -> int:
    return int(bench.events("prompt")[0]["begun_ms"]) - int(bench.events("greeting")[0]["at_ms"])


@pytest.mark.parametrize(
    ("ms", "partial_ms", "most_ms"), [(400, 400, 40), (1200, 400, 40), (300, 9999, 40), (900, 9999, 340)]
)
def test_a_greeting_does_not_hold_back_the_opening_and_is_no_turn(
    make_bench: Make, ms: int, partial_ms: int, most_ms: int
) -> None:
    bench = make_bench(recognition=Recognition(partial_ms=partial_ms, final_ms=900))

    async def callee(phone: Phone) -> None:
        await phone.answer()
        await phone.say("hello", ms)

    record = bench.call(callee)
    assert bench.heard[0].startswith(OPENING)
    assert begins_ms(bench) <= most_ms
    assert (record.turns, record.end) == (0, "silence")
    assert bench.events("heard") == []
    assert [event["known"] for event in bench.events("first_words")] == [False]


def test_a_question_among_the_first_words_is_answered_after_the_disclosure(bench: Bench) -> None:
    async def callee(phone: Phone) -> None:
        await phone.answer()
        await phone.say("are you a robot", 900)
        await phone.hears("Does Monday work")
        await phone.say("yes")

    record = bench.call(callee)
    assert bench.heard[0].startswith(OPENING)
    assert "Yes, a robot." in bench.heard
    assert record.tags == ("confirmed",)


def test_words_that_fit_nothing_or_poorly_are_a_greeting(make_bench: Make) -> None:
    bench = make_bench(recognition=Recognition(scores={"stop calling me": 0.3}))

    async def callee(phone: Phone) -> None:
        await phone.answer()
        await phone.say("stop calling me", 700)

    record = bench.call(callee)
    assert (record.end, bench.events("first_words")) == ("silence", [])


def test_what_a_machine_says_first_sets_nothing_off(bench: Bench) -> None:
    async def callee(phone: Phone) -> None:
        await phone.answer()
        await phone.say("stop calling me", 6000)

    record = bench.call(callee)
    assert (record.disposition, bench.outbox.kept, bench.events("first_words")) == ("voicemail", [], [])
