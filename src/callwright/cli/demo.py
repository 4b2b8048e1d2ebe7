"""`callwright demo`: rings simulated people over real SIP and RTP on loopback and reports every call."""

from __future__ import annotations

import asyncio
import json
import shutil
import time
import webbrowser
from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from pathlib import Path

import typer
from rich.console import Console
from rich.live import Live

from callwright.accounts.porter import Porter
from callwright.demo.console import Entry, settings_of
from callwright.demo.run import DemoResult
from callwright.demo.show import Show, run_demo
from callwright.demo.view import progress_table, results_table
from callwright.errors import Place, Problem, SettingsError
from callwright.hosting import Hosting, host
from callwright.settings import Settings
from callwright.storage import open_storage
from callwright.web.console import built

__all__ = ["demo"]


class Language(StrEnum):
    """Languages of the demo."""

    en = "en"
    zh = "zh"


def demo(
    calls: int = typer.Option(24, min=1, max=500, help="How many people are rung."),
    robots: int = typer.Option(6, min=1, max=50, help="How many robots ring at once."),
    lang: Language = typer.Option(Language.en, help="Language of script and people."),
    json_file: Path | None = typer.Option(None, "--json", help="Write the outcome of every call to this file."),
    seed: int = typer.Option(1, help="Order and voices of the people."),
    no_open: bool = typer.Option(
        False, "--no-open", help="Do not open the console in a browser when the calls are over."
    ),
    out: Path = typer.Option(
        Path("callwright-demo"), help="Folder for recordings, transcripts, event logs and the report."
    ),
) -> None:
    """Ring simulated people over SIP and RTP.

    Everything runs on loopback, over real sockets. Exit 0 when the run completed, 2 when data or a folder is missing.
    """
    if json_file is not None and not json_file.resolve().parent.is_dir():
        raise SettingsError(
            Problem(
                "no-folder", "the folder of --json does not exist", Place(str(json_file)), "make it, or choose another"
            )
        )
    if json_file is not None and json_file.is_dir():
        raise SettingsError(
            Problem("is-folder", "--json names a folder", Place(str(json_file)), "name a file to be written")
        )
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=150)
    if lang is Language.en and shutil.which("flite") is None:
        console.print(
            "flite is not installed (Debian: apt-get install flite): the people speak with espeak-ng, which is understood less well"
        )
    begun = time.monotonic()
    result, entry = asyncio.run(_run(console, lang.value, calls, robots, seed, out))
    rows = [(call.person.id, call.record, call.person.expected.label(), call.right) for call in result.calls]
    console.print(results_table(lang.value, rows, console.width))
    console.print(f"{result.right} of {len(result.calls)} calls came out right, in {time.monotonic() - begun:.0f} s")
    console.print(
        f"report: {out / 'report.html'}   recordings, transcripts and event logs: {out}/", soft_wrap=True, markup=False
    )
    if json_file is not None:
        json_file.write_text(json.dumps(result.to_json(out.resolve()), ensure_ascii=False, indent=1), encoding="utf-8")
    if console.is_terminal and not no_open:
        _open_console(console, entry, out)
    else:
        console.print("in a terminal, the console opens here with these calls", markup=False)


def _open_console(console: Console, entry: Entry, out: Path) -> None:
    """Serve the console with the calls of this run until Ctrl+C."""

    async def listens(address: str) -> None:
        console.print(f"console: {address}   e-mail {entry.email}   password {entry.password}", markup=False)
        console.print("Ctrl+C ends it" if built() else "the console was not built yet: make web")
        await asyncio.to_thread(webbrowser.open, address)

    async def serve() -> None:
        settings = settings_of(Settings.from_environment(), out)
        async with open_storage(settings) as storage:
            hosting = Hosting("127.0.0.1", 0, None, 1, out)
            await host(hosting, settings, storage, Porter(storage), listens)

    asyncio.run(serve())


async def _run(
    console: Console, language: str, calls: int, robots: int, seed: int, out: Path
) -> tuple[DemoResult, Entry]:
    show = Show(language, calls, robots, seed, out, datetime.now().astimezone())
    if not console.is_terminal:
        console.print(f"ringing {calls} simulated people with {robots} robots")
        return await run_demo(show, Settings.from_environment(), _lines(console))
    states: dict[str, tuple[str, str]] = {}
    done: set[str] = set()
    with Live(
        progress_table(language, states, 0, calls), console=console, refresh_per_second=5, transient=True
    ) as live:

        def watch(person: str, state: str, said: str) -> None:
            before = states.get(person, ("", ""))
            states[person] = (state, said or before[1])
            if state in show.final_states:
                done.add(person)
                states.pop(person)
            live.update(progress_table(language, states, len(done), calls))

        return await run_demo(show, Settings.from_environment(), watch)


def _lines(console: Console) -> Callable[[str, str, str], None]:
    shown = 0

    def watch(person: str, state: str, said: str) -> None:
        nonlocal shown
        if state in Show.final_states:
            shown += 1
            console.print(f"  {shown:>3}  {person:<24} {state}")

    return watch
