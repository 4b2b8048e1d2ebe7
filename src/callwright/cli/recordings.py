"""`callwright recordings ...`: the sheet for the speaker, the import of what came back, and a listener that compares it with the texts."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

from callwright.cli.problems import console, print_json
from callwright.cli.sheet_files import as_csv, as_html
from callwright.errors import InputError, Place, Problem
from callwright.script.loader import load
from callwright.script.model import Script
from callwright.script.sheet import Line, recording_sheet, unrecordable
from callwright.settings import Settings
from callwright.speech.port import Language
from callwright.speech.recordings.importing import Item, Wanted, import_recordings
from callwright.speech.recordings.listening import listen
from callwright.speech.recordings.reviewing import Review

__all__ = ["recordings_app"]

recordings_app = typer.Typer(
    no_args_is_help=True, help="Recorded prompts: sheet, import, review.", rich_markup_mode=None
)
_SCRIPT = typer.Argument(..., metavar="SCRIPT", help="A script.")
_ALL = typer.Option(False, "--all", help="Also wordings that name no `audio` (with a name to use).")
_JSON = typer.Option(False, "--json", help="Print JSON for programs.")
_COLOURS = {"missing": "red", "failed": "red", "unreadable": "red", "mixed-up": "red", "suspicious": "yellow"}


@recordings_app.command("sheet")
def sheet_command(
    script: Path = _SCRIPT,
    out: Path | None = typer.Option(None, "--out", help="Write it here: .csv or .html (default: CSV to the screen)."),
    everything: bool = _ALL,
) -> None:
    """Write what a speaker has to read: texts, file names, and which sentence a fragment is a part of."""
    loaded = load(script).script
    lines = _lines(loaded, script, everything)
    if out is None:
        typer.echo(as_csv(lines).removeprefix("\ufeff"), nl=False)
        return
    if out.suffix not in (".csv", ".html"):
        raise InputError(Problem("bad-format", "a sheet is written as .csv or .html", Place(str(out))))
    text = as_csv(lines) if out.suffix == ".csv" else as_html(lines, loaded.title, loaded.language)
    try:
        out.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise InputError(Problem("unwritable", f"it cannot be written: {error.strerror}", Place(str(out)))) from None
    typer.echo(f"{out}: {len(lines)} recordings")
    always = unrecordable(loaded)
    if always:
        typer.echo(
            f"{len(always)} texts (questions of slots, answers in `next`) have no recordings: they are synthesised"
        )


@recordings_app.command("import")
def import_command(
    script: Path = _SCRIPT,
    folder: Path = typer.Argument(..., metavar="FOLDER", help="The speaker's files."),
    into: Path | None = typer.Option(None, "--into", help="Where they go (default: recordings/ beside the script)."),
    everything: bool = _ALL,
    as_json: bool = _JSON,
) -> None:
    """Take a speaker's files: finished alike, and what is missing or wrong told. Exit 1 when something is."""
    loaded = load(script).script
    wanted = _wanted(_lines(loaded, script, everything))
    target = into or script.parent / "recordings"
    with _shown("importing") as progress:
        found = import_recordings(wanted, loaded.language, folder, target, progress=progress)
    if as_json:
        print_json({"ok": found.ok, "items": [asdict(item) for item in found.items], "extra": list(found.extra)})
    else:
        _show_import(found.items, found.extra, target)
    if not found.ok:
        raise typer.Exit(1)


@recordings_app.command("review")
def review_command(
    script: Path = _SCRIPT,
    folder: Path | None = typer.Option(
        None, "--folder", help="Where the recordings are (default: recordings/ beside the script)."
    ),
    everything: bool = _ALL,
    as_json: bool = _JSON,
) -> None:
    """Listen to every recording and compare it with its text. Exit 1 when one does not sound like it, or is missing."""
    loaded = load(script).script
    wanted = _wanted(_lines(loaded, script, everything))
    where = folder or script.parent / "recordings"
    results = asyncio.run(_review(wanted, where, loaded.language, Settings.from_environment().models))
    if as_json:
        print_json([asdict(result) for result in results])
    else:
        _show_review(results)
    if any(result.verdict != "right" for result in results):
        raise typer.Exit(1)


async def _review(wanted: tuple[Wanted, ...], folder: Path, language: Language, models: Path) -> tuple[Review, ...]:
    with _shown("listening") as progress:
        return await listen(wanted, folder, language, models, progress=progress)


def _lines(script: Script, file: Path, everything: bool) -> tuple[Line, ...]:
    lines = tuple(line for line in recording_sheet(script) if line.named or everything)
    if not lines:
        hint = "--all lists every wording with a name to use; add `audio: NAME` to it in the script"
        raise InputError(
            Problem("no-recordings", "no wording of this script names a recording", Place(str(file)), hint)
        )
    return lines


def _wanted(lines: tuple[Line, ...]) -> tuple[Wanted, ...]:
    return tuple(Wanted(line.file, line.text) for line in lines)


def _show_import(items: tuple[Item, ...], extra: tuple[str, ...], target: Path) -> None:
    wrong = [item for item in items if item.state == "missing" or item.faults]
    table = _table("file", "state", "what is wrong", "text")
    for item in wrong:
        table.add_row(item.file, _coloured(item.state), "; ".join(item.faults), item.text)
    for name in extra:
        table.add_row(name, Text("extra", "yellow"), "no line of the script has this name", "")
    count = {
        state: sum(item.state == state for item in items) for state in ("imported", "unchanged", "missing", "failed")
    }
    screen = _screen()
    if table.row_count:
        screen.print(table)
    counts = ", ".join(f"{number} {state}" for state, number in count.items())
    screen.print(f"{len(items)} recordings: {counts}, {len(extra)} extra; in {target}", markup=False)


def _show_review(results: tuple[Review, ...]) -> None:
    table = _table("file", "verdict", "alike", "text", "heard")
    for result in results:
        if result.verdict == "right":
            continue
        told = f"sounds like {result.other}: {result.heard}" if result.other else result.heard
        table.add_row(result.file, _coloured(result.verdict), f"{result.similarity:.0%}", result.text, told)
    screen = _screen()
    if table.row_count:
        screen.print(table)
    right = sum(result.verdict == "right" for result in results)
    screen.print(f"{right} of {len(results)} recordings sound like their text", markup=False)


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, no_wrap=column in ("file", "verdict", "state", "alike"), overflow="fold")
    return table


def _coloured(word: str) -> Text:
    return Text(word, _COLOURS.get(word, ""))


def _screen() -> Console:
    screen = console()
    if not screen.is_terminal:
        screen.width = 150
    return screen


class _Bar:
    def __init__(self, bars: Progress, what: str) -> None:
        self._bars = bars
        self._task = bars.add_task(what, total=None)

    def __call__(self, done: int, whole: int) -> None:
        self._bars.update(self._task, completed=done, total=whole)


@contextmanager
def _shown(what: str) -> Iterator[_Bar]:
    """A bar on standard error; nothing without a terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as bars:
        yield _Bar(bars, what)
