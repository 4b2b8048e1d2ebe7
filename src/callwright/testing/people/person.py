"""Who the simulated people are: values only. Numbers come from ranges kept for fiction (+1 202 555 01xx) or never leave loopback."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

__all__ = ["Expected", "Line", "Person", "draw", "outcome_label"]

Answer = Literal["answer", "voicemail", "busy", "no_answer", "rejected", "unknown_number"]


@dataclass(frozen=True, slots=True)
class Line:
    """What a person says. over_ms: speak over the robot, that long into its turn, instead of waiting for its end."""

    text: str
    over_ms: int | None = None


def outcome_label(disposition: str, tags: Iterable[str], kb: Iterable[str], slots: Mapping[str, object]) -> str:
    """An outcome in one line: `completed +confirmed ?fee age=6`."""
    filled = (f"{name}={value}" for name, value in slots.items())
    return " ".join([disposition, *(f"+{tag}" for tag in tags), *(f"?{entry}" for entry in kb), *filled])


@dataclass(frozen=True, slots=True)
class Expected:
    """The right outcome of a call: the disposition, and the tags, knowledge entries and slot values that must be among the call's own."""

    disposition: str
    tags: tuple[str, ...] = ()
    kb: tuple[str, ...] = ()
    slots: Mapping[str, str] = field(default_factory=dict)

    def label(self) -> str:
        """`completed +confirmed ?fee age=6`."""
        return outcome_label(self.disposition, self.tags, self.kb, self.slots)

    def met_by(self, disposition: str, tags: tuple[str, ...], kb: tuple[str, ...], slots: Mapping[str, object]) -> bool:
        """Whether an outcome is the right one."""
        filled = all(str(slots.get(name)) == value for name, value in self.slots.items())
        return disposition == self.disposition and set(self.tags) <= set(tags) and set(self.kb) <= set(kb) and filled


@dataclass(frozen=True, slots=True)
class Person:
    """A simulated callee. hello: what is said on answering ("" = nothing); lines: one per turn, in order; the last is said again, at most
    `patience` times; leaves_after_ms: since the answer, then the person hangs up."""

    id: str
    manner: str
    number: str
    voice: str
    expected: Expected
    answer: Answer = "answer"
    hello: str = ""
    lines: tuple[Line, ...] = ()
    ring_ms: int = 300
    patience: int = 2
    leaves_after_ms: int = 120_000
    variables: dict[str, str] = field(default_factory=dict)


def draw(
    cast: tuple[tuple[Person, int], ...], calls: int, seed: int, voices: tuple[str, ...], numbers: str
) -> tuple[Person, ...]:
    """`calls` people from a cast of (prototype, share): every manner before any twice, shares kept, order and voices by seed.

    numbers: a format such as `+1202555{:04d}`.
    """
    rng = random.Random(seed)
    rounds: list[Person] = []
    first = [person for person, _ in cast]
    rest = [person for person, share in cast for _ in range(share - 1)]
    while len(rounds) < calls:
        rounds += first + rest
    chosen = rounds[:calls]
    rng.shuffle(chosen)
    offset = rng.randrange(len(voices))
    people = []
    for index, person in enumerate(chosen):
        voice = voices[(index + offset) % len(voices)]
        people.append(
            Person(
                id=f"{index + 1:02d}-{person.manner}",
                manner=person.manner,
                number=numbers.format(100 + index),
                voice=voice,
                expected=person.expected,
                answer=person.answer,
                hello=person.hello,
                lines=person.lines,
                ring_ms=person.ring_ms + rng.randrange(0, 400),
                patience=person.patience,
                variables=dict(person.variables),
            )
        )
    return tuple(people)
