"""How commands show what is wrong with an input: for people, and as JSON for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from typing import Any

import typer
from rich.console import Console
from rich.text import Text

from callwright.errors import Problem

__all__ = ["console", "fails", "file_json", "print_json", "show_problems"]


def fails(problems: Iterable[Problem], strict: bool) -> bool:
    """Whether a check with these problems fails; strict: warnings count too."""
    return any(problem.severity == "error" or strict for problem in problems)


def print_json(value: Any) -> None:
    """JSON for programs, on standard output."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2))


def file_json(name: str, problems: list[Problem]) -> dict[str, Any]:
    """The problems of one file as a JSON-ready mapping."""
    shown = [
        {
            "severity": p.severity, "code": p.code, "message": p.message, "line": p.place.line, "column": p.place.column,
            "field": p.place.field, "hint": p.hint, "trace": list(p.trace),
        }
        for p in problems
    ]  # fmt: skip
    return {"file": name, "problems": shown}


def console() -> Console:
    """Standard output, without wrapping."""
    return Console(file=sys.stdout, highlight=False, soft_wrap=True)


def show_problems(found: dict[str, list[Problem]]) -> None:
    """Problems by file, for people."""
    screen = console()
    for name, problems in found.items():
        errors = sum(problem.severity == "error" for problem in problems)
        warnings = len(problems) - errors
        verdict = "ok" if not problems else f"{errors} error(s), {warnings} warning(s)"
        screen.print(Text.assemble((name, "bold"), ": ", (verdict, "red" if errors else "green")))
        for problem in problems:
            _show_problem(screen, problem)


def _show_problem(screen: Console, problem: Problem) -> None:
    color = "red" if problem.severity == "error" else "yellow"
    place = problem.place
    where = f"{place.line}:{place.column}" if place.line else "-"
    screen.print(
        Text.assemble(
            f"  {where:<8}", (f"{problem.severity:<8}", color), problem.message, (f"  [{problem.code}]", "dim")
        )
    )
    if place.field:
        screen.print(Text(f"{'':10}at: {place.field}", style="dim"))
    if problem.trace:
        screen.print(Text(f"{'':10}path: {' → '.join(problem.trace)}", style="dim"))
    if problem.hint:
        screen.print(Text(f"{'':10}{problem.hint}", style="cyan"))
