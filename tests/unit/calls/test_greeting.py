"""Person or machine: a short hello is a person, a long greeting is a machine, silence is a person who waits."""

from __future__ import annotations

from callwright.calls.greeting import Greeting


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
    assert feed(Greeting(), (False, 200), (True, 1500), (False, 300), (True, 3000)) == [(3400, "machine")]


def test_a_late_machine_follows_a_human_verdict() -> None:
    assert feed(Greeting(), (False, 1200), (True, 4000)) == [(900, "human"), (4400, "machine")]


def test_an_answer_long_after_the_start_is_no_machine() -> None:
    assert feed(Greeting(), (False, 8000), (True, 6000)) == [(900, "human")]


def test_the_verdict_comes_once() -> None:
    assert len(feed(Greeting(), (True, 10_000))) == 1
