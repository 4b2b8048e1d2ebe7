"""The `callwright` command: finds the thin module of each command (lazy.py) and turns callwright errors into messages and exit codes."""

from __future__ import annotations

import sys

import typer
from rich.console import Console

from callwright import __version__
from callwright.cli.lazy import LazyGroup
from callwright.errors import CallwrightError

app = typer.Typer(
    cls=LazyGroup,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback(invoke_without_command=True)
def main(version: bool = typer.Option(False, "--version", help="Print the version and leave.")) -> None:
    """An AI phone robot: readable scripts, real calls, every call explained."""
    if version:
        typer.echo(f"callwright {__version__}")
        raise typer.Exit


def run() -> None:
    """Entry point: exit 0 when done, 1 when a check or target failed, 2 when an input is wrong, 3 when a call is not allowed."""
    try:
        app()
    except CallwrightError as error:
        Console(stderr=True, highlight=False, soft_wrap=True).print(str(error), markup=False)
        sys.exit(error.exit_code)
