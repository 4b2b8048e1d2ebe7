"""`callwright chat SCRIPT`: talk to a script in the terminal, and see after every turn what was understood and why."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.markup import escape

from callwright.dialogue.engine import Dialogue, Step
from callwright.dialogue.explaining import explained
from callwright.dialogue.grading import Outcome, outcome
from callwright.dialogue.understanding.nlu import Nlu
from callwright.dialogue.values import (
    ActionDone,
    Answered,
    Do,
    Dtmf,
    Event,
    Hangup,
    Heard,
    Say,
    Silence,
    Transfer,
    TransferDone,
)
from callwright.errors import Problem, ScriptError, SettingsError
from callwright.script.builtin import template_path, templates
from callwright.script.checks import check
from callwright.script.loader import LoadedScript, load
from callwright.script.model import Script

__all__ = ["chat", "load_checked"]

HELP = "empty line = silence, /dtmf 1, /machine, /hangup, /why, /state, /help, /quit; while a result is awaited: /ok, /failed"


def chat(
    script: str = typer.Argument(help="A script file, or the name of a built-in template."),
    variables: list[str] = typer.Option(
        [], "--vars", help="A variable as NAME=VALUE; again for more. Default: its example."
    ),
    plain: bool = typer.Option(False, "--plain", help="No colours."),
    seed: int = typer.Option(0, min=0, max=2**32 - 1, help="Settles random wordings and A/B arms."),
    rules_only: bool = typer.Option(
        False, "--rules-only", help="Understand by the script's phrases alone, without the ranker."
    ),
    why: bool = typer.Option(True, "--why/--no-why", help="Show after each turn what was understood and why."),
) -> None:
    """Talk to a script in the terminal.

    After each turn: what was understood and why. At the end: the grade with its reason, the slots and the tags.
    """
    loaded = load_checked(script)
    values = _variables(loaded.script, variables)
    understander = Nlu.rules_only(loaded.script) if rules_only else Nlu.train(loaded.script, seed=seed)
    console = Console(
        no_color=plain, highlight=False, soft_wrap=True, emoji=False, color_system=None if plain else "auto"
    )
    conversation = _Conversation(Dialogue(loaded.script, understander, seed=seed), values, console, explains=why)
    conversation.run(sys.stdin, echo=not sys.stdin.isatty())


def load_checked(name: str) -> LoadedScript:
    """Load a file, or a template by name, and check it; a checked script has no errors (warnings may stand). Raises ScriptError."""
    path = Path(name)
    if not path.exists() and name in templates():
        path = template_path(name)
    loaded = load(path)
    errors = [problem for problem in check(loaded, date.today()) if problem.severity == "error"]
    if errors:
        raise ScriptError(errors)
    return loaded


def _variables(script: Script, given: Iterable[str]) -> dict[str, str]:
    values = {name: var.example for name, var in script.vars.items() if var.example}
    for pair in given:
        name, equals, value = pair.partition("=")
        if not equals or name not in script.vars:
            known = ", ".join(script.vars) or "none"
            raise SettingsError(
                Problem("bad-var", f"--vars {pair}: not NAME=VALUE with a var of the script", hint=f"Known: {known}.")
            )
        values[name] = value
    return values


class _Conversation:
    def __init__(self, dialogue: Dialogue, values: Mapping[str, str], console: Console, *, explains: bool) -> None:
        self.dialogue = dialogue
        self.console = console
        self.explains = explains
        self.state = dialogue.start(values, datetime.now().strftime("%Y-%m-%dT%H:%M"))
        self.begun = time.monotonic()

    def run(self, lines: Iterable[str], *, echo: bool = False) -> None:
        """Talk until the lines or the conversation end. echo: show the lines too (they come from a pipe)."""
        self._show(f"[dim]{HELP}[/dim]")
        self._take(Answered(0, "human"))
        for line in lines:
            if self.state.phase == "ended":
                break
            if echo:
                self._show(f"[bold green]you[/bold green]    {escape(line.strip()) or '(silence)'}")
            if not self._line(line.strip()):
                break
        if self.state.phase != "ended":
            self._take(Hangup(self._now(), "caller"))
        self._outcome()

    def _now(self) -> int:
        return int((time.monotonic() - self.begun) * 1000)

    def _line(self, line: str) -> bool:
        """Take one line of input; False = leave."""
        word, _, rest = line.partition(" ")
        if word == "/quit":
            return False
        if word == "/why":
            self.explains = not self.explains
        elif word == "/state":
            self._show(escape(self.state.to_json()))
        elif word == "/help":
            self._show(f"[dim]{HELP}[/dim]")
        else:
            event = self._event(word, rest.strip(), line)
            if event is None:
                self._show(f"[red]{escape(word)}?[/red] {HELP}")
            else:
                self._take(event)
        return True

    def _event(self, word: str, rest: str, line: str) -> Event | None:
        at_ms = self._now()
        made: dict[str, Callable[[], Event]] = {
            "": lambda: Silence(at_ms),
            "/dtmf": lambda: Dtmf(at_ms, rest),
            "/hangup": lambda: Hangup(at_ms, "caller"),
            "/machine": lambda: Answered(at_ms, "machine"),
            "/ok": lambda: self._result(at_ms, True),
            "/failed": lambda: self._result(at_ms, False),
        }
        if word in made and (word != "/dtmf" or rest):
            return made[word]()
        return None if word.startswith("/") else Heard(at_ms, line)

    def _result(self, at_ms: int, ok: bool) -> Event:
        return TransferDone(at_ms, ok) if self.state.phase == "transfer" else ActionDone(at_ms, ok)

    def _take(self, event: Event) -> None:
        step = self.dialogue.step(self.state, event)
        self.state = step.state
        if self.explains:
            for text in explained(step.entries):
                self._show(f"[dim]  · {escape(text)}[/dim]")
        for act in step.acts:
            self._act(act)
        self._await(step)

    def _act(self, act: Any) -> None:
        match act:
            case Say(text=text):
                self._show(f"[bold cyan]robot[/bold cyan]  {escape(text)}")
            case Do(kind=kind, arg=arg):
                self._show(f"[yellow]action[/yellow] {escape(f'{kind} {arg}')}")
            case Transfer(group=group, wait_s=wait_s):
                self._show(f"[yellow]transfer[/yellow] to {escape(group)}, waiting up to {wait_s} s: /ok or /failed?")
            case _:
                pass  # Listen and End show by themselves

    def _await(self, step: Step) -> None:
        if step.state.phase == "action":
            self._show("[yellow]awaiting[/yellow] the action's result: /ok or /failed?")

    def _outcome(self) -> None:
        seconds = self._now() / 1000
        came = outcome(self.dialogue.script, self.state, connected=True, result="answered", duration_s=seconds)
        for name, value in _summary(came):
            if value:
                self._show(f"[bold]{name:9}[/bold] {escape(value)}")

    def _show(self, text: str) -> None:
        self.console.print(text)


def _summary(came: Outcome) -> list[tuple[str, str]]:
    def pairs(values: Mapping[str, Any]) -> str:
        return ", ".join(f"{name} = {value}" for name, value in values.items())

    return [
        ("end", came.end),
        ("grade", " ".join(part for part in (came.grade or "none", came.grade_title) if part)),
        ("reason", came.reason),
        ("follow-up", came.follow_up),
        ("slots", pairs(came.slots)),
        ("tags", ", ".join(came.tags)),
        ("knowledge", pairs(came.kb)),
        ("portrait", ", ".join(f"{a.key} = {a.value} (consent {a.consent}, {a.ttl_days} days)" for a in came.portrait)),
        ("unknown", ", ".join(str(item["sentence"]) for item in came.learn)),
    ]
