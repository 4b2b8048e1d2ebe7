"""`callwright models ...`: which speech models there are, which of them are here, and fetching one when asked."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from callwright.cli.problems import console, print_json
from callwright.errors import Problem, SettingsError
from callwright.settings import Settings
from callwright.speech.models.finding import Found, State, check, find_model, look
from callwright.speech.models.manifest import Manifest, Model, bundled, load_manifest
from callwright.speech.models.pulling import Order, pull

__all__ = ["models_app"]

models_app = typer.Typer(no_args_is_help=True, help="Speech models: list, fetch, compare, find.", rich_markup_mode=None)
_NAME = typer.Argument(..., metavar="NAME", help="A model (see `models list`).")
_NAMES = typer.Argument(..., metavar="NAME...", help="Models (see `models list`).")
_SOME = typer.Argument(None, metavar="[NAME...]", help="Models; none: all that are here.")
_FOLDER = typer.Option(None, "--models", help="Folder of models (default: CALLWRIGHT_MODELS).")
_MANIFEST = typer.Option(None, "--manifest", help="Models of your own, in a file of the same format.")
_JSON = typer.Option(False, "--json", help="Print JSON for programs.")
_COLOUR = {State.INSTALLED: "green", State.MISSING: "dim", State.DAMAGED: "red"}


@models_app.command("list")
def list_command(models: Path | None = _FOLDER, manifest: Path | None = _MANIFEST, as_json: bool = _JSON) -> None:
    """Tell which models there are, what they are for, their licences, and which are here."""
    known, folder = _manifest(manifest), _folder(models)
    found = {name: look(name, folder, known) for name in known.models}
    if as_json:
        print_json([_as_json(name, known.models[name], found[name]) for name in known.models])
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("name", "state", "MB", "languages", "licence"):
        table.add_column(column, no_wrap=True, justify="right" if column == "MB" else "left")
    table.add_column("for", overflow="fold")
    for name, model in known.models.items():
        state = found[name].state
        size = "?" if model.download_bytes is None else f"{model.download_bytes / 1e6:,.0f}"
        coloured = Text(state, _COLOUR[state])
        table.add_row(name, coloured, size, " ".join(model.languages), model.licence.name, model.purpose)
    screen = console()
    if not screen.is_terminal:
        screen.width = 150
    screen.print(table)
    screen.print(f"in {folder}; `callwright models pull NAME` fetches one", markup=False)


@models_app.command("pull")
def pull_command(
    names: list[str] = _NAMES,
    source: Path | None = typer.Option(None, "--from", help="Take the files from this folder, not from the net."),
    mirror: str = typer.Option("", "--mirror", help="Address below which NAME/FILE lies (CALLWRIGHT_MODELS_MIRROR)."),
    trust_first_use: bool = typer.Option(
        False, "--trust-first-use", help="Take a file whose checksum is not known, and write its checksum down."
    ),
    again: bool = typer.Option(False, "--again", help="Fetch also what is here and whole."),
    models: Path | None = _FOLDER,
    manifest: Path | None = _MANIFEST,
) -> None:
    """Fetch models and put them in place. A file with a wrong checksum is refused; a download that was cut goes on where it was."""
    known, folder = _manifest(manifest), _folder(models)
    order = Order(folder, known, _mirror(mirror) if source is None else None, source, trust_first_use, again)
    for name in names:
        known.get(name)  # all names are right before anything is fetched
    for name in names:
        model = known.get(name)
        typer.echo(f"{name}: {model.title}; licence: {_licence(model)}", err=True)
        with _shown() as progress:
            found = pull(name, order, progress)
        typer.echo(f"{name} is in {found.folder}")


@models_app.command("verify")
def verify_command(
    names: list[str] | None = _SOME,
    models: Path | None = _FOLDER,
    manifest: Path | None = _MANIFEST,
    as_json: bool = _JSON,
) -> None:
    """Compare the checksum of every file of models that are here. Exit 1 when one is damaged, or a named one is missing."""
    known, folder = _manifest(manifest), _folder(models)
    asked = names or [name for name in known.models if look(name, folder, known).state is not State.MISSING]
    found: dict[str, Found] = {}
    for name in asked:
        with _shown() as progress:
            found[name] = check(name, folder, known, progress)
    if as_json:
        print_json([_as_json(name, known.models[name], one) for name, one in found.items()])
    else:
        for name, one in found.items():
            typer.echo(f"{name}: {_verdict(one)}")
        if not found:
            typer.echo(f"no model in {folder}")
    if any(one.state is not State.INSTALLED for one in found.values()):
        raise typer.Exit(1)


@models_app.command("path")
def path_command(name: str = _NAME, models: Path | None = _FOLDER, manifest: Path | None = _MANIFEST) -> None:
    """Print the folder of a model. Exit 2 when it is missing or damaged."""
    typer.echo(str(find_model(name, _folder(models), _manifest(manifest))))


def _folder(models: Path | None) -> Path:
    return Settings.from_environment().models if models is None else models


def _manifest(path: Path | None) -> Manifest:
    return bundled() if path is None else load_manifest(path)


def _mirror(told: str) -> str | None:
    mirror = told or os.environ.get("CALLWRIGHT_MODELS_MIRROR", "")
    if not mirror:
        return None
    parts = urlsplit(mirror)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise SettingsError(
            Problem(
                "bad-mirror",
                f"the mirror {mirror!r} is no address",
                hint="write https://HOST/FOLDER; for a folder use --from",
            )
        )
    return mirror


def _licence(model: Model) -> str:
    licence = model.licence
    return " ".join(
        [licence.name, *([f"({licence.note})"] if licence.note else []), *([licence.url] if licence.url else [])]
    )


def _verdict(found: Found) -> str:
    if found.state is State.MISSING:
        return "missing"
    if found.state is State.DAMAGED:
        return "DAMAGED: " + "; ".join(found.faults)
    if found.unpinned:
        return f"whole, as far as is known: no checksum of {', '.join(found.unpinned)}; in {found.folder}"
    return f"whole, in {found.folder}"


def _as_json(name: str, model: Model, found: Found) -> dict[str, Any]:
    return {
        "name": name,
        "state": found.state.value,
        "folder": None if found.folder is None else str(found.folder),
        "faults": list(found.faults),
        "unpinned": list(found.unpinned),
        "title": model.title,
        "purpose": model.purpose,
        "languages": list(model.languages),
        "licence": model.licence.model_dump(),
        "download_bytes": model.download_bytes,
    }


@dataclass
class _Bars:
    """One bar for each thing under way."""

    bars: Progress
    tasks: dict[str, TaskID]

    def __call__(self, what: str, done: int, whole: int | None) -> None:
        if what not in self.tasks:
            self.tasks[what] = self.bars.add_task(what, total=whole)
        self.bars.update(self.tasks[what], completed=done, total=whole)


@contextmanager
def _shown() -> Iterator[_Bars]:
    """Progress on standard error while something long is under way; nothing without a terminal."""
    screen = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=screen, transient=True, disable=not sys.stderr.isatty()) as bars:
        yield _Bars(bars, {})
