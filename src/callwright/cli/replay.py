"""`callwright replay SCRIPT LOG`: do the same events through the same script give the same decisions?"""

from __future__ import annotations

from pathlib import Path

import typer

from callwright.calls.log import read_log
from callwright.cli.chat import load_checked
from callwright.dialogue.events import EVENT_KINDS
from callwright.dialogue.replay import replay
from callwright.dialogue.understanding.nlu import Nlu
from callwright.errors import InputError, Place, Problem

__all__ = ["replay_command"]


def replay_command(
    script: str = typer.Argument(help="The script of the call: a file, or the name of a built-in template."),
    log: Path = typer.Argument(help="The event log of a call (events/NAME.jsonl)."),
) -> None:
    """Run the events of a call through its script again; exit 1 at the first decision that differs from the log."""
    loaded = load_checked(script)
    try:
        lines = read_log(log)
    except OSError as error:
        raise InputError(
            Problem("no-log", f"cannot be read: {error.strerror}", Place(str(log)), "check the path")
        ) from None
    if not any(line.get("kind") in EVENT_KINDS for line in lines):
        raise InputError(
            Problem(
                "no-conversation",
                "holds no conversation: nobody answered",
                Place(str(log)),
                "take the log of an answered call",
            )
        )
    seeds = (line.get("seed") for line in lines)
    seed = next((one for one in seeds if isinstance(one, int) and 0 <= one < 2**32), 0)
    differences = replay(loaded.script, Nlu.train(loaded.script, seed=seed), lines)
    for difference in differences:
        typer.echo(str(difference))
    if differences:
        raise typer.Exit(1)
    events = sum(line.get("kind") in EVENT_KINDS for line in lines)
    typer.echo(f"{log}: {events} events, every decision is the same")
