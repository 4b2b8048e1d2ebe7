"""What happened to each lead within a simulation, and which of these histories are alike to the law. Pure.

A history is a number: the one before, and one call more. Two histories are alike when their calls were at the same times and every rule takes
the same from each of them (`Packs.recalls`), as long as all talk with the person is too short for any budget (`Packs.talk_ms`). Then each
decision about one of them is the decision about the other, whatever the moment; a property test holds that together.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from datetime import datetime
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from callwright.calls.disposition import FACTS, Disposition
from callwright.compliance.facts import PastCall

__all__ = ["REFUSALS", "Histories", "Recalling"]

Ints = NDArray[np.int64]
REFUSALS = frozenset(("declined", "opted_out"))
"""Dispositions that are remembered as refusals (dispatch_store.REFUSALS)."""


@runtime_checkable
class Recalling(Protocol):
    """A rule set that says what it looks at of earlier calls; `Packs` is one."""

    @property
    def talk_ms(self) -> int | None:
        """See Packs."""

    def recalls(self, call: PastCall) -> Hashable:
        """See Packs."""


class Histories:
    """rules: None = every difference counts; spoken_ms: the longest talk that anybody had before; at: the moment of a step; task, company: whose
    the calls are. Number 0 is nothing at all."""

    def __init__(
        self,
        rules: Recalling | None,
        spoken_ms: int,
        at: Callable[[int], datetime],
        task: int | None,
        company: int | None,
    ) -> None:
        self._rules, self._at, self._task, self._company = rules, at, task, company
        self._room_ms = 0 if rules is None or rules.talk_ms is None else rules.talk_ms - spoken_ms
        self._any_talk = rules is not None and rules.talk_ms is None
        self._known: dict[tuple[int, int, Disposition, int], int] = {}
        self._calls: list[tuple[int, int, Disposition, int]] = [
            (0, 0, "unknown", 0)
        ]  # (before, step, disposition, seconds)
        self._talk_ms = [0]
        self._shapes: dict[Hashable, int] = {}
        self._shape = [0]
        self._first: dict[int, int] = {}
        self._recalled: dict[tuple[Disposition, int], Hashable] = {}
        self._told: dict[int, tuple[PastCall, ...]] = {0: ()}
        self._alike = np.zeros(1024, np.int64)

    def __len__(self) -> int:
        return len(self._calls)

    def after(self, before: int, step: int, disposition: Disposition, seconds: int) -> int:
        """The number of what happened to somebody: `before`, and then a call in this step that came out so, with so many seconds of talk."""
        key = (before, step, disposition, seconds)
        number = self._known.get(key)
        if number is None:
            number = self._known[key] = len(self._calls)
            self._calls.append(key)
            self._talk_ms.append(self._talk_ms[before] + seconds * 1000)
            if number >= len(self._alike):
                self._alike = np.concatenate((self._alike, np.zeros(len(self._alike), np.int64)))
            self._alike[number] = number if self._rules is None else self._like(number, self._rules)
        return number

    def alike(self, numbers: Ints) -> Ints:
        """For each of them the first that is like it to the law."""
        return self._alike[numbers]

    def calls(self, number: int) -> tuple[PastCall, ...]:
        """The calls, oldest first."""
        told = self._told.get(number)
        if told is None:
            before, step, disposition, seconds = self._calls[number]
            told = self._told[number] = (*self.calls(before), self._call(step, disposition, seconds))
        return told

    def _like(self, number: int, rules: Recalling) -> int:
        before, step, disposition, seconds = self._calls[number]
        recalled = self._recalled.get((disposition, seconds))
        if recalled is None:
            taken = rules.recalls(self._call(step, disposition, seconds))
            recalled = self._recalled[disposition, seconds] = (disposition in REFUSALS, taken)
        shape = self._shapes.setdefault((self._shape[before], step, recalled), len(self._shapes) + 1)
        self._shape.append(shape)
        if not self._any_talk and self._talk_ms[number] >= self._room_ms:
            return number
        return self._first.setdefault(shape, number)

    def _call(self, step: int, disposition: Disposition, seconds: int) -> PastCall:
        return PastCall(
            self._at(step), FACTS[disposition].counts, disposition, seconds * 1000, self._task, self._company
        )
