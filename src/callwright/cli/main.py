"""The `callwright` command: finds the thin module of each command (lazy.py) and turns callwright errors into messages and exit codes."""

from __future__ import annotations

import errno
import sys
from collections.abc import Iterator

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
    except (CallwrightError, OSError, ExceptionGroup) as error:
        causes = list(_leaves(error))
        if not all(map(_expected, causes)):
            raise
        screen = Console(stderr=True, highlight=False, soft_wrap=True)
        for cause in causes:
            screen.print(_told(cause), markup=False)
        sys.exit(max(getattr(cause, "exit_code", 1) for cause in causes))


def _leaves(error: Exception) -> Iterator[Exception]:
    """What went wrong, without the groups that parallel tasks put around it."""
    if isinstance(error, ExceptionGroup):
        for each in error.exceptions:
            yield from _leaves(each)
    else:
        yield error


def _expected(error: Exception) -> bool:
    """Whether it is somebody's to mend: drawn on purpose, or a file or disk that cannot be used. Else it is our mistake and shows where."""
    full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
    return isinstance(error, CallwrightError) or full or (isinstance(error, OSError) and bool(error.filename))


def _told(error: Exception) -> str:
    if isinstance(error, OSError):
        return f"{error.filename or 'a file'}: cannot be used: {error.strerror}"
    return str(error)
