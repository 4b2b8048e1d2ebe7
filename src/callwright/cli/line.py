"""`callwright line ...`: the trunks to the telephone network."""

from __future__ import annotations

import os
from pathlib import Path

import typer

from callwright.cli.problems import fails, file_json, print_json, show_problems
from callwright.errors import LineFileError, Problem
from callwright.telephony.trunks.loader import LoadedLine, load_line
from callwright.telephony.trunks.model import Auth, User
from callwright.telephony.trunks.schema import line_schema

__all__ = ["line_app"]

line_app = typer.Typer(no_args_is_help=True, help="Check and serve lines.", rich_markup_mode=None)


@line_app.command("check")
def check_command(
    file: Path = typer.Argument(..., metavar="FILE", help="A line file (YAML or JSON)."),
    as_json: bool = typer.Option(False, "--json", help="Print JSON for programs."),
    strict: bool = typer.Option(False, "--strict", help="Treat warnings as errors."),
) -> None:
    """Find everything that is wrong with a line file. Exit 0: sound, 2: errors (with --strict also warnings). Calls nobody."""
    problems = _problems(file)
    if as_json:
        print_json({"ok": not fails(problems, strict), "files": [file_json(str(file), problems)]})
    else:
        show_problems({str(file): problems})
    if fails(problems, strict):
        raise typer.Exit(2)


@line_app.command("schema")
def schema_command() -> None:
    """Print the JSON Schema of line/1, for editors."""
    print_json(line_schema())


def _problems(file: Path) -> list[Problem]:
    try:
        loaded = load_line(file)
    except LineFileError as error:
        return error.problems
    return [*loaded.warnings, *_unset(loaded)]


def _unset(loaded: LoadedLine) -> list[Problem]:
    """Passwords whose variable is not set here: on the machine that serves the line it must be."""
    found: list[Problem] = []
    for at, trunk in enumerate(loaded.line.trunks):
        secrets: list[tuple[str, Auth | User]] = [(f"trunks[{at}].auth", trunk.auth)] if trunk.auth else []
        secrets += [(f"trunks[{at}].users[{index}]", user) for index, user in enumerate(trunk.users)]
        for field, secret in secrets:
            if secret.password_env is not None and not os.environ.get(secret.password_env):
                message = f"the environment variable {secret.password_env} is not set here"
                hint = "It must be set where the line is served."
                found.append(
                    Problem("no-password", message, loaded.place(f"{field}.password_env"), hint, severity="warning")
                )
    return found
