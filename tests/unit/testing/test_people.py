"""Simulated people: drawn by seed, behaving by a pure machine."""

from __future__ import annotations

from dataclasses import replace

from callwright.testing.people.cast import cast_for
from callwright.testing.people.manner import HangUp, Manner, Speak
from callwright.testing.people.person import Expected, Line, Person, draw


def person(*lines: Line, hello: str = "", patience: int = 1) -> Person:
    return Person("p", "p", "+12025550100", "slt", Expected("completed"), hello=hello, lines=lines, patience=patience)


def play(manner: Manner, *parts: tuple[bool, int]) -> list[tuple[int, str]]:
    said, now = [], 0
    for robot, ms in parts:
        for _ in range(ms // 20):
            now += 20
            act = manner.tick(robot, False)
            if isinstance(act, Speak):
                said.append((now, act.text))
            elif isinstance(act, HangUp):
                said.append((now, "<leaves>"))
    return said


def test_answers_when_the_robot_is_silent() -> None:
    manner = Manner(person(Line("yes"), hello="hello"))
    said = play(manner, (False, 1000), (True, 3000), (False, 500), (True, 500), (False, 2000))
    assert said == [(300, "hello"), (6000, "yes")]


def test_speaks_over_the_robot() -> None:
    assert play(Manner(person(Line("wait", over_ms=1000))), (True, 3000), (False, 200)) == [(1000, "wait")]


def test_says_the_last_line_again_but_not_for_ever() -> None:
    turn = ((True, 1000), (False, 1500))
    assert [text for _, text in play(Manner(person(Line("no"))), *turn, *turn, *turn)] == ["no", "no"]


def test_leaves_in_the_end() -> None:
    assert play(Manner(replace(person(), leaves_after_ms=1000)), (True, 1000)) == [(1000, "<leaves>")]


def test_every_manner_comes_before_any_comes_twice() -> None:
    for language in ("en", "zh"):
        cast = cast_for(language)
        people = draw(cast, len(cast), 3, ("a", "b"), "+1202555{:04d}")
        assert {one.manner for one in people} == {one.manner for one, _ in cast}
        assert sum(share for _, share in cast) == 24


def test_the_draw_is_by_seed() -> None:
    cast = cast_for("en")
    assert draw(cast, 24, 1, ("a",), "+1{}") == draw(cast, 24, 1, ("a",), "+1{}")
    assert [one.manner for one in draw(cast, 24, 1, ("a",), "+1{}")] != [
        one.manner for one in draw(cast, 24, 2, ("a",), "+1{}")
    ]


def test_expected() -> None:
    expected = Expected("completed", ("confirmed",), ("price",))
    assert expected.label() == "completed +confirmed ?price"
    assert expected.met_by("completed", ("x", "confirmed"), ("price",), {})
    assert not expected.met_by("completed", ("confirmed",), (), {})
    assert not expected.met_by("opted_out", ("confirmed",), ("price",), {})
