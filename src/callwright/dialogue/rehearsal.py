"""A script's own tests, run as text: no audio, no line, no clock."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from callwright.dialogue.engine import Dialogue, Step
from callwright.dialogue.grading import Outcome, outcome
from callwright.dialogue.state import State, plain
from callwright.dialogue.understanding.port import Understander
from callwright.dialogue.values import (
    ActionDone,
    Answered,
    Dtmf,
    Event,
    Hangup,
    Heard,
    Say,
    Silence,
    TransferDone,
)
from callwright.script.model import Expect, Script, ScriptTest, TestTurn
from callwright.script.text import placeholders, render

__all__ = ["TURN_MS", "TestResult", "rehearse"]

TURN_MS = 4000  # how long one turn is taken to last


@dataclass(frozen=True, slots=True)
class TestResult:
    """One test. failures: what was expected and what came instead; lines: (who, text) of the whole conversation, who being `robot`,
    `caller` or `event`."""

    __test__ = False  # not a test class, whatever its name

    name: str
    ok: bool
    failures: tuple[str, ...]
    lines: tuple[tuple[str, str], ...]


def rehearse(script: Script, understander: Understander, *, now: str = "", seed: int = 0) -> tuple[TestResult, ...]:
    """Run every test of the script, in file order.

    Vars default to their examples. A result that is awaited comes back ok unless the test says otherwise; when the turns are over and the
    robot still listens, the caller hangs up. now: ISO minute, for relative dates and `valid`. Raises ScriptError as Dialogue does.
    """
    dialogue = Dialogue(script, understander, seed=seed)
    return tuple(_Rehearsal(dialogue, test, now).run() for test in script.tests)


class _Rehearsal:
    def __init__(self, dialogue: Dialogue, test: ScriptTest, now: str) -> None:
        self.dialogue = dialogue
        self.script = dialogue.script
        self.test = test
        examples = {name: var.example for name, var in self.script.vars.items() if var.example}
        # A var without an example is named in the text, so that a test can be read without one.
        named = {name: name for name in self.script.vars if name not in examples}
        self.variables = {**named, **examples, **test.vars}
        self.state: State = dialogue.start(self.variables, now)
        self.at_ms = 0
        self.lines: list[tuple[str, str]] = []
        self.failures: list[str] = []

    def run(self) -> TestResult:
        turns = list(self.test.turns)
        by_machine = bool(turns) and turns[0].event == "answered_by_machine"
        self._take(Answered(0, "machine" if by_machine else "human"))
        for number, turn in enumerate(turns[by_machine:], 1 + by_machine):
            self._settle(turn)
            if self.state.phase == "ended":
                self.failures.append(f"the call was over ({self.state.end}) before turn {number}: {_shown(turn)}")
                break
            self._take(self._event(turn))
        self._settle(None)
        if self.state.phase != "ended":
            self._take(Hangup(self.at_ms, "caller"))
        came = outcome(self.script, self.state, connected=True, result="answered", duration_s=self.at_ms / 1000)
        self.failures += _compared(
            self.test.expect, came, [text for who, text in self.lines if who == "robot"], self.variables
        )
        return TestResult(self.test.name, not self.failures, tuple(self.failures), tuple(self.lines))

    def _settle(self, turn: TestTurn | None) -> None:
        """Let an awaited result come back ok, unless the next turn tells how, or happens while it is awaited."""
        for _ in range(100):
            if self.state.phase == "action" and not (turn and (turn.action or turn.during == self.state.node)):
                self._take(ActionDone(self.at_ms, True))
            elif self.state.phase == "transfer" and turn is None:
                self._take(TransferDone(self.at_ms, True))
            else:
                return

    def _take(self, event: Event) -> Step:
        step = self.dialogue.step(self.state, event)
        self.lines.append(_caller_line(event))
        self.lines += [("robot", act.text) for act in step.acts if isinstance(act, Say)]
        self.state = step.state
        return step

    def _event(self, turn: TestTurn) -> Event:
        self.at_ms += TURN_MS
        if turn.action is not None:
            return ActionDone(self.at_ms, turn.action == "ok")
        if turn.transfer is not None:
            return TransferDone(self.at_ms, turn.transfer == "ok")
        if turn.event == "answered_by_machine":
            return Answered(self.at_ms, "machine")
        if turn.event == "hangup":
            return Hangup(self.at_ms, "caller")
        if turn.dtmf is not None or turn.event == "dtmf":
            return Dtmf(self.at_ms, turn.dtmf or "0")
        if not (turn.say or "").strip():
            return Silence(self.at_ms)
        during = turn.during or ""
        plan = self.dialogue.plan.nodes.get(during)
        return Heard(self.at_ms, turn.say or "", during, interrupted=plan is not None and plan.barge != "none")


def _caller_line(event: Event) -> tuple[str, str]:
    match event:
        case Heard(text=text, during=during):
            return "caller", f"{text} [during {during}]" if during else text
        case Silence():
            return "caller", ""
        case Dtmf(digits=digits):
            return "caller", f"[{digits}]"
        case Answered(by=by):
            return "event", f"answered by {by}"
        case Hangup(by=by):
            return "event", f"hung up by the {by}"
        case ActionDone(ok=ok):
            return "event", f"action {'ok' if ok else 'error'}"
        case TransferDone(ok=ok):
            return "event", f"transfer {'ok' if ok else 'failed'}"
    return "event", "time is up"


def _shown(turn: TestTurn) -> str:
    return ", ".join(f"{key}: {value!r}" for key, value in turn.model_dump(exclude_none=True).items()) or "silence"


def _compared(expect: Expect, came: Outcome, said: Sequence[str], variables: dict[str, str]) -> Iterator[str]:
    if expect.end is not None and expect.end != came.end:
        yield f"end: expected {expect.end}, got {came.end or 'nothing'}"
    if expect.grade is not None and expect.grade != came.grade:
        yield f"grade: expected {expect.grade}, got {came.grade} ({came.reason})"
    yield from _lacking("tags", expect.tags, came.tags)
    yield from _lacking("kb", expect.kb, came.kb)
    yield from _lacking("actions", expect.actions, [action["kind"] for action in came.actions])
    for text in expect.said or ():
        if not any(_filled(text, variables) in line for line in said):
            yield f"said: no robot sentence contains {text!r}"
    for text in expect.not_said or ():
        for line in said:
            if _filled(text, variables) in line:
                yield f"not_said: {text!r} was said: {line!r}"
                break
    for name, value in (expect.slots or {}).items():
        if not _same(plain(value), came.slots.get(name)):
            yield f"slots.{name}: expected {value!r}, got {came.slots.get(name)!r}"


def _lacking(what: str, wanted: Iterable[str] | None, came: Iterable[str]) -> Iterator[str]:
    there = list(came)
    for item in wanted or ():
        if item not in there:
            yield f"{what}: expected {item}, got {', '.join(there) or 'none'}"


def _filled(text: str, variables: dict[str, str]) -> str:
    return render(text, {name: variables.get(name, "{" + name + "}") for name in placeholders(text)})


def _same(wanted: Any, came: Any) -> bool:
    return bool(wanted == came) or (came is not None and not isinstance(came, dict | list) and str(wanted) == str(came))
