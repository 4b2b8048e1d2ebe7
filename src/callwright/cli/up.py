"""`callwright up`: everything of one machine, in one command."""

from __future__ import annotations

import asyncio
import webbrowser
from datetime import UTC, datetime
from pathlib import Path

import typer

from callwright.accounts.porter import Porter
from callwright.accounts.setup import link_if_first
from callwright.cli.logs import log_to_stderr
from callwright.hosting import Hosting, host
from callwright.settings import Settings
from callwright.storage import Storage, open_storage
from callwright.web.console import built

__all__ = ["up"]


def up(
    line: Path | None = typer.Option(
        None, "--line", metavar="FILE", help="A line file (YAML or JSON): the trunks. Without it nobody is called."
    ),
    at: str = typer.Option("127.0.0.1", "--host", help="Address to listen on. Put a proxy with TLS before any other."),
    port: int = typer.Option(8420, "--port", min=0, max=65_535, help="0 = a free one."),
    robots: int = typer.Option(10, "--robots", min=1, max=10_000, help="Calls at once of each tenant."),
    out: Path = typer.Option(Path("callwright-calls"), "--out", help="Folder for logs and recordings of calls."),
    packs: Path | None = typer.Option(None, "--packs", metavar="FOLDER", help="Rule packs of your own."),
    drain_s: float = typer.Option(120.0, "--drain", min=0, max=86_400, help="Seconds calls may take at the end."),
    show: bool = typer.Option(False, "--open", help="Open the console in a browser."),
    json_logs: bool = typer.Option(False, "--json-logs", help="Write the log of the process as JSON lines."),
) -> None:
    """Serve the console and the API, and call the people of running tasks, until SIGTERM or SIGINT.

    The first start prints a link that makes the first account; it works once.
    """
    log_to_stderr(as_json=json_logs)
    asyncio.run(_up(Hosting(at, port, line, robots, out, packs, drain_s), show))


async def _up(hosting: Hosting, show: bool) -> None:
    settings = Settings.from_environment()
    async with open_storage(settings) as storage:

        async def listens(address: str) -> None:
            link = await _greet(storage, settings, address, hosting)
            if show:
                await asyncio.to_thread(webbrowser.open, link)

        await host(hosting, settings, storage, Porter(storage), listens)


async def _greet(storage: Storage, settings: Settings, address: str, hosting: Hosting) -> str:
    """Say where it is; the link to begin with."""
    address = settings.public_url or address
    typer.echo(f"callwright answers at {address}")
    if not built():
        typer.echo("the console was not built into this installation: open the address to see how; the API works")
    if hosting.line is None:
        typer.echo("no line file was given: nobody is called (callwright up --line FILE)")
    door = await link_if_first(storage.database, datetime.now(UTC))
    if door is None:
        return address
    link = f"{address}/setup#{door.text}"
    typer.echo(f"nobody can sign in yet; make the first account, once, within a day:\n  {link}")
    return link
