"""`callwright calls ...`: what is left of calls."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import typer

from callwright.calls.recovery import Recovery, Unfinished, recover

__all__ = ["calls_app", "recovery_lines"]

calls_app = typer.Typer(no_args_is_help=True, help="Calls that were made: what is left of them.")


@calls_app.callback()
def _calls() -> None:
    """Keeps `recover` a command of its own."""


@calls_app.command("recover")
def calls_recover(
    folder: Path = typer.Argument(help="Results folder, or a folder of such folders."),
    as_json: bool = typer.Option(False, "--json", help="Print what was found as JSON."),
) -> None:
    """Report calls whose process was killed, make their recordings whole, close their logs. Each call is reported once; nobody is rung."""
    found = recover(folder, datetime.now().astimezone())
    if as_json:
        typer.echo(json.dumps(found.to_json(), ensure_ascii=False, indent=1))
        return
    for line in recovery_lines(found):
        typer.echo(line)


def recovery_lines(found: Recovery) -> list[str]:
    """The report for people."""
    count = len(found.calls)
    head = f"{count} call{'' if count == 1 else 's'} without an end: their process was killed, how they came out is unknown"
    lines = [head, *(_call(call) for call in found.calls)] if count else ["no call without an end"]
    if found.live:
        lines.append(f"{found.live} still running, left alone")
    return [*lines, *(f"cannot be looked at: {fault}" for fault in found.faults)]


def _call(call: Unfinished) -> str:
    way = "from" if call.direction == "in" else "to"
    talked = f"answered, {call.talk_ms / 1000:.1f} s" if call.answered else "not answered"
    kept = f"{call.recording} {call.recording_ms / 1000:.1f} s" if call.recording else "no recording"
    torn = f", {call.torn_bytes} bytes of a torn line cut off" if call.torn_bytes else ""
    fault = f" ({call.fault})" if call.fault else ""
    last = f"last event {call.last_kind or '(none)'} at {call.last_ms / 1000:.1f} s"
    return f"  {call.call_id or call.log} {way} {call.number or '(unknown)'}: {talked}, {last}; {kept}{fault}{torn}"
