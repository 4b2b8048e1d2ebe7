"""How a simulated person behaves on the phone: a pure state machine over 20 ms ticks (is the robot speaking? am I?)."""

from __future__ import annotations

from dataclasses import dataclass

from callwright.testing.people.person import Line, Person

__all__ = ["HangUp", "Manner", "Speak"]


@dataclass(frozen=True, slots=True)
class Speak:
    """Say this text now."""

    text: str


@dataclass(frozen=True, slots=True)
class HangUp:
    """Leave the call now."""


class Manner:
    """`tick(robot_voice, speaking)` once per 20 ms from answer on. The robot's turn is over after `pause_ms` without its voice;
    then the person reacts after `think_ms`."""

    def __init__(self, person: Person, *, pause_ms: int = 800, think_ms: int = 200) -> None:
        self._person = person
        self._pause_ms = pause_ms
        self._think_ms = think_ms
        self._longest_ms = person.leaves_after_ms
        self._now = 0
        self._next = 0
        self._repeats = 0
        self._robot_ms = 0  # voiced ms of the robot's current turn
        self._quiet_ms = 0
        self._greeted = not person.hello

    def tick(self, robot_voice: bool, speaking: bool) -> Speak | HangUp | None:
        """What the person does in this tick."""
        self._now += 20
        if self._now >= self._longest_ms:
            return HangUp()
        if speaking:
            self._quiet_ms = 0
            return None
        if not self._greeted and self._now >= 300:
            self._greeted = True
            return Speak(self._person.hello)
        if robot_voice:
            self._robot_ms += 20
            self._quiet_ms = 0
            return self._over()
        self._quiet_ms += 20
        if self._robot_ms >= 300 and self._quiet_ms >= self._pause_ms + self._think_ms:
            self._robot_ms = 0
            return self._answer()
        return None

    def _over(self) -> Speak | None:
        line = self._line()
        if line is None or line.over_ms is None or self._robot_ms < line.over_ms:
            return None
        self._next += 1
        self._robot_ms = 0
        return Speak(line.text)

    def _answer(self) -> Speak | None:
        lines = self._person.lines
        if self._next < len(lines):
            line = lines[self._next]
            self._next += 1
            return Speak(line.text)
        if lines and self._repeats < self._person.patience:
            self._repeats += 1
            return Speak(lines[-1].text)
        return None

    def _line(self) -> Line | None:
        lines = self._person.lines
        return lines[self._next] if self._next < len(lines) else None
