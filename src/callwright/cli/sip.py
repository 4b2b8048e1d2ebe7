"""`callwright sip ...`: what happened on the line."""

from __future__ import annotations

import json
from pathlib import Path

import typer

from callwright.calls.folder import find_log
from callwright.calls.ladder import as_text, trace
from callwright.calls.log import being_written, read_log
from callwright.errors import InputError, Place, Problem

__all__ = ["sip_app"]

sip_app = typer.Typer(no_args_is_help=True, help="The line: what was said to the far side, and what it answered.")


@sip_app.callback()
def _sip() -> None:
    """Keeps `trace` a command of its own."""


@sip_app.command("trace")
def sip_trace(
    call: str = typer.Argument(help="The call: its id, its SIP Call-ID, the name of its files, or an event log."),
    folder: Path = typer.Option(Path(), "--folder", help="Results folder, or a folder of such folders."),
    as_json: bool = typer.Option(False, "--json", help="Print the ladder as JSON."),
) -> None:
    """Print the SIP ladder of a call, also of one that is still running or whose process was killed."""
    log = find_log(call, folder)
    try:
        running, lines = being_written(log), read_log(log)
    except OSError as error:
        raise InputError(
            Problem("no-log", f"cannot be read: {error.strerror}", Place(str(log)), "check the path")
        ) from None
    if not lines:
        raise InputError(Problem("empty-log", "holds no event yet", Place(str(log)), "take another log"))
    found = trace(lines, running=running)
    typer.echo(json.dumps(found.to_json(), ensure_ascii=False, indent=1) if as_json else as_text(found), nl=as_json)
