"""`callwright worker`: robots that call for running tasks."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import typer

from callwright import event_loop
from callwright.calling import Calling, open_calling
from callwright.cli.logs import log_to_stderr
from callwright.cli.tenancy import TenantOption, working

__all__ = ["work", "worker"]


def worker(
    line: Path = typer.Argument(..., metavar="FILE", help="A line file (YAML or JSON): the trunks."),
    robots: int = typer.Option(10, "--robots", min=1, max=10_000, help="Calls at once."),
    out: Path = typer.Option(Path("callwright-calls"), "--out", help="Folder for logs and recordings."),
    trunks: str = typer.Option("default", "--trunks", metavar="NAME", help="Whose trunks of the line file."),
    packs: Path | None = typer.Option(
        None, "--packs", metavar="FOLDER", envvar="CALLWRIGHT_PACKS", help="Rule packs of your own."
    ),
    drain_s: float = typer.Option(
        120.0, "--drain", min=0, max=86_400, help="Seconds calls may take when it is stopped."
    ),
    accounting: Path | None = typer.Option(
        None, "--accounting", metavar="FILE", help="Log of the Kamailio that every call of these trunks passes."
    ),
    live: str = typer.Option(
        "127.0.0.1", "--live", metavar="ADDRESS", help="Address of this machine where the API reaches running calls."
    ),
    json_logs: bool = typer.Option(False, "--json-logs", help="Write the log of the process as JSON lines."),
    tenant: TenantOption = "",
) -> None:
    """Call the people of running tasks, until SIGTERM or SIGINT: then no call begins any more, and those that are up may end."""
    log_to_stderr(as_json=json_logs)
    event_loop.run(work(Calling(line, out, robots, trunks, packs, drain_s, accounting=accounting, live=live), tenant))


async def work(calling: Calling, tenant: str) -> None:
    """Until it is told to stop."""
    async with (
        working(tenant) as at,
        open_calling(calling, at.settings, at.database, at.tenant, at.keys) as ready,
    ):
        loop = asyncio.get_running_loop()
        for each in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(each, ready.stop)
        typer.echo(f"working with {calling.robots} robots; calls go to {calling.out}/")
        await ready.run()
