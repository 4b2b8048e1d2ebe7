"""The `callwright` command: registers one thin module per command and turns callwright errors into messages and exit codes."""

from __future__ import annotations

import sys

import typer
from rich.console import Console

from callwright import __version__
from callwright.cli.bench import bench_app
from callwright.cli.calls import calls_app
from callwright.cli.chat import chat
from callwright.cli.demo import demo
from callwright.cli.leads import leads_app
from callwright.cli.line import line_app
from callwright.cli.replay import replay_command
from callwright.cli.script import script_app
from callwright.cli.sip import sip_app
from callwright.errors import CallwrightError

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
app.command("chat")(chat)
app.command("demo")(demo)
app.command("replay")(replay_command)
app.add_typer(script_app, name="script")
app.add_typer(leads_app, name="leads")
app.add_typer(sip_app, name="sip")
app.add_typer(line_app, name="line")
app.add_typer(calls_app, name="calls")
app.add_typer(bench_app, name="bench")


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
