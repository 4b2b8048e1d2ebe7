"""`callwright script …`: check, test, draw and start scripts."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

import typer
from rich.text import Text

from callwright.cli.problems import console, fails, file_json, print_json, show_problems
from callwright.cli.script_versions import add_version_commands
from callwright.dialogue.rehearsal import TestResult, rehearse
from callwright.dialogue.understanding.nlu import Nlu
from callwright.errors import Place, Problem, ScriptError, SettingsError
from callwright.script.builtin import template_path, templates
from callwright.script.checks import check
from callwright.script.graph import mermaid
from callwright.script.loader import load
from callwright.script.schema import json_schema

__all__ = ["script_app"]

DEFAULT_TEMPLATE = "appointment_en"

script_app = typer.Typer(no_args_is_help=True, help="Check, test, draw and start scripts.", rich_markup_mode=None)
_FILES = typer.Argument(..., metavar="FILE...", help="Script files (YAML or JSON).")
_JSON = typer.Option(False, "--json", help="Print JSON for programs.")


@script_app.command("check")
def check_command(
    files: list[Path] = _FILES,
    as_json: bool = _JSON,
    strict: bool = typer.Option(False, "--strict", help="Treat warnings as errors."),
) -> None:
    """Find everything that is wrong with scripts. Exit 0: sound, 2: errors (with --strict also warnings)."""
    found = {str(file): _problems(file) for file in files}
    every = [problem for problems in found.values() for problem in problems]
    if as_json:
        print_json({"ok": not fails(every, strict), "files": [file_json(name, items) for name, items in found.items()]})
    else:
        show_problems(found)
    if fails(every, strict):
        raise typer.Exit(2)


@script_app.command("schema")
def schema_command() -> None:
    """Print the JSON Schema of script/1, for editors."""
    print_json(json_schema())


@script_app.command("graph")
def graph_command(file: Path = typer.Argument(..., metavar="FILE", help="A script.")) -> None:
    """Print a script as a Mermaid flowchart."""
    typer.echo(mermaid(load(file).script), nl=False)


@script_app.command("test")
def test_command(files: list[Path] = _FILES, as_json: bool = _JSON) -> None:
    """Run the dialogues under `tests`, without audio. Exit 0: all pass, 1: one failed, 2: a script has errors."""
    results: dict[str, tuple[TestResult, ...]] = {}
    for file in files:
        loaded = load(file)
        errors = [problem for problem in check(loaded, date.today()) if problem.severity == "error"]
        if errors:
            raise ScriptError(errors)
        results[str(file)] = rehearse(loaded.script, Nlu.train(loaded.script))
    if as_json:
        ok = all(result.ok for group in results.values() for result in group)
        print_json(
            {"ok": ok, "files": [{"file": name, "tests": _tests_json(group)} for name, group in results.items()]}
        )
    else:
        _show_tests(results)
    if not all(result.ok for group in results.values() for result in group):
        raise typer.Exit(1)


@script_app.command("new")
def new_command(
    name: str = typer.Argument(..., help="Name of the new script, with or without `.yaml`; also the file name."),
    template: str = typer.Option(
        "", "--template", help=f"Which template to start from (see `script templates`; default {DEFAULT_TEMPLATE})."
    ),
    out: Path | None = typer.Option(None, "--out", help="Where to write it (default NAME.yaml)."),
) -> None:
    """Start a script from a built-in template. Never overwrites a file."""
    known = templates()
    chosen = template or DEFAULT_TEMPLATE
    if chosen not in known:
        raise SettingsError(
            Problem("unknown-template", f"there is no template `{chosen}`", hint=f"Known: {', '.join(known)}.")
        )
    name = name.removesuffix(".yaml")
    target = out or Path(f"{name}.yaml")
    text = template_path(chosen).read_text(encoding="utf-8")
    try:
        with target.open("x", encoding="utf-8") as stream:
            stream.write(text.replace(f"\nid: {_id_of(text)}\n", f"\nid: {_id_from(target, name)}\n", 1))
    except FileExistsError:
        raise SettingsError(
            Problem("exists", "this file exists and is not overwritten", Place(str(target)), "Use --out.")
        ) from None
    except OSError as error:
        raise SettingsError(
            Problem("unwritable", f"it cannot be written: {error.strerror}", Place(str(target)))
        ) from None
    typer.echo(f"{target} written from template {chosen}. Next: callwright script check {target}")


@script_app.command("templates")
def templates_command() -> None:
    """List the built-in templates."""
    for name in templates():
        script = load(template_path(name)).script
        typer.echo(f"{name:<24} {script.lang:<6} {script.purpose:<10} {script.title}")


def _id_of(text: str) -> str:
    return next((line[3:].strip() for line in text.splitlines() if line.startswith("id:")), "")


def _id_from(target: Path, name: str) -> str:
    wanted = "".join(char if char.isalnum() or char in "_-." else "-" for char in (Path(name).stem or target.stem))
    return json.dumps(wanted[:64], ensure_ascii=False)


def _problems(file: Path) -> list[Problem]:
    try:
        return check(load(file), date.today())
    except ScriptError as error:
        return error.problems


def _tests_json(results: Iterable[TestResult]) -> list[dict[str, Any]]:
    return [
        {"name": r.name, "ok": r.ok, "failures": list(r.failures), "lines": [list(line) for line in r.lines]}
        for r in results
    ]


def _show_tests(results: dict[str, tuple[TestResult, ...]]) -> None:
    screen = console()
    for name, group in results.items():
        passed = sum(result.ok for result in group)
        verdict = f"{passed} of {len(group)} tests pass" if group else "no tests (add dialogues under `tests`)"
        screen.print(Text.assemble((name, "bold"), f": {verdict}"))
        for result in group:
            screen.print(Text.assemble("  ", ("✓", "green") if result.ok else ("✗", "red"), f" {result.name}"))
            if result.ok:
                continue
            for failure in result.failures:
                screen.print(Text(f"      {failure}", style="red"))
            for who, text in result.lines:
                screen.print(Text(f"      {who}: {text}", style="dim"))


add_version_commands(script_app)
