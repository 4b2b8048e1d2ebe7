"""Person or machine: a short hello is a person, a long greeting is a machine, silence is a person who waits."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callwright.calls.greeting import CALLED_US, Greeting, Sign


def feed(greeting: Greeting, *parts: tuple[bool, int]) -> list[tuple[int, str]]:
    verdicts: list[tuple[int, str]] = []
    now = 0
    for voice, ms in parts:
        for _ in range(ms // 20):
            now += 20
            verdict = greeting.push(voice)
            if verdict:
                verdicts.append((now, verdict))
    return verdicts


def test_hello() -> None:
    assert feed(Greeting(), (False, 300), (True, 500), (False, 3000)) == [(1260, "human")]


def test_silence_is_a_person_who_waits() -> None:
    assert feed(Greeting(), (False, 5000)) == [(900, "human")]


def test_a_long_greeting_is_a_machine() -> None:
    assert feed(Greeting(), (False, 200), (True, 1500), (False, 300), (True, 3000)) == [(4200, "machine")]


def test_a_late_machine_follows_a_human_verdict() -> None:
    assert feed(Greeting(), (False, 1200), (True, 4800)) == [(900, "human"), (5200, "machine")]


def test_an_answer_long_after_the_start_is_no_machine() -> None:
    assert feed(Greeting(), (False, 8000), (True, 6000)) == [(900, "human")]


def test_the_verdict_comes_once() -> None:
    assert len(feed(Greeting(), (True, 10_000))) == 1


def test_whoever_calls_us_and_talks_long_before_pausing_is_answered_all_the_same() -> None:
    greeting = Greeting(CALLED_US)
    assert feed(greeting, (True, 9000)) == []
    assert not greeting.over
    assert feed(greeting, (False, 600)) == [(460, "human")]
    assert greeting.over


# ---------------------------------------------------------------- halting greetings, words, beeps


def greet(greeting: Greeting, voice: bool, ms: int) -> list[tuple[int, str]]:
    return feed(greeting, (voice, ms))


def test_a_machine_that_halts_between_its_sentences_is_not_spoken_to() -> None:
    """The pause of half a second after a long sentence used to end the greeting."""
    assert feed(Greeting(), (True, 2200), (False, 560), (True, 1800), (False, 560), (True, 2200)) == [(7120, "machine")]


def test_a_person_who_halts_is_no_machine() -> None:
    for pause in (300, 460, 560, 880):
        told = feed(Greeting(), (True, 1400), (False, pause), (True, 900), (False, 3000))
        assert [verdict for _, verdict in told] == ["human"], pause


def test_a_short_greeting_is_answered_as_soon_as_ever() -> None:
    assert feed(Greeting(), (True, 1480), (False, 2000)) == [(1940, "human")]
    assert feed(Greeting(), (True, 1520), (False, 2000)) == [(2420, "human")]


@pytest.mark.parametrize("sign", ["voicemail", "menu", "announcement"])
def test_words_of_a_machine(sign: Sign) -> None:
    greeting = Greeting()
    assert greet(greeting, True, 1200) == []
    greeting.suspect(sign)
    assert greet(greeting, True, 40) == [(20, "machine")]
    assert (greeting.verdict, greeting.why, greeting.settled) == ("machine", sign, True)


@pytest.mark.parametrize("sign", ["screening", "assistant"])
def test_a_screener_may_finish(sign: Sign) -> None:
    greeting = Greeting()
    greet(greeting, True, 1200)
    greeting.suspect(sign)
    assert greeting.suspecting
    assert greet(greeting, True, 2500) == []
    assert greet(greeting, False, 2000) == [(600, "screening")]
    endless = Greeting()
    endless.suspect(sign)
    assert greet(endless, True, 9000) == [(6000, "screening")]


def test_words_that_come_late() -> None:
    greeting = Greeting()
    assert greet(greeting, False, 900) == [(900, "human")]
    greeting.suspect("voicemail")  # after no voice at all it was nothing
    assert not greeting.suspecting
    greet(greeting, True, 1600)
    greeting.suspect("voicemail")
    assert greet(greeting, True, 20) == [(20, "machine")]
    talking = Greeting()
    feed(talking, (True, 600), (False, 11_500))
    talking.suspect("voicemail")
    assert feed(talking, (True, 5000)) == []
    assert talking.verdict == "human"


def test_a_beep_after_a_greeting_is_a_machine_and_one_in_a_kitchen_is_not() -> None:
    greeting = Greeting()
    assert feed(greeting, (True, 1800), (False, 500)) == []
    greeting.suspect("beep")
    assert feed(greeting, (False, 40)) == [(20, "machine")]
    kitchen = Greeting()
    feed(kitchen, (True, 600), (False, 1500))
    kitchen.suspect("beep")
    assert not kitchen.suspecting
    assert kitchen.verdict == "human"


def test_a_fax() -> None:
    greeting = Greeting()
    feed(greeting, (False, 1500))
    greeting.suspect("fax")
    assert feed(greeting, (False, 20)) == [(20, "machine")]


def test_a_person_who_explains_at_length() -> None:
    greeting = Greeting()
    feed(greeting, (True, 1000))
    greeting.vouch()
    assert [verdict for _, verdict in feed(greeting, (True, 3600), (False, 2000))] == ["human"]
    assert [verdict for _, verdict in feed(Greeting(), (True, 4600), (False, 2000))] == ["machine"]


def test_whoever_calls_us_is_never_a_machine() -> None:
    greeting = Greeting(CALLED_US)
    feed(greeting, (True, 2000))
    greeting.suspect("voicemail")
    assert [verdict for _, verdict in feed(greeting, (True, 8000), (False, 1000))] == ["human"]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(1, 100), st.sampled_from([None, *get_args(Sign)])), max_size=12))
def test_the_laws_of_verdicts(parts: list[tuple[bool, int, Sign | None]]) -> None:
    """At most one person and then one other; nothing after that; no machine without voice, a sign or a fax."""
    greeting = Greeting()
    told: list[str] = []
    spoken = 0
    for voice, frames, sign in parts:
        if sign is not None:
            greeting.suspect(sign)
        for _ in range(frames):
            spoken += 20 * voice
            verdict = greeting.push(voice)
            if verdict:
                told.append(verdict)
                if verdict == "machine" and greeting.why in ("length", "halting"):
                    assert spoken >= 1500
    assert told in ([], ["human"], ["machine"], ["screening"], ["human", "machine"], ["human", "screening"])
