"""`callwright endpoint`: where news goes."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import anyio
import typer
from rich.console import Console
from rich.table import Table

from callwright.campaigns import deliveries, endpoints
from callwright.campaigns.mail import SmtpPost
from callwright.cli.tenancy import TenantOption, working
from callwright.errors import Place, Problem, SettingsError

__all__ = ["endpoint_app"]

endpoint_app = typer.Typer(no_args_is_help=True, help="Where news of campaigns goes: webhooks, group robots, mail.")


@endpoint_app.command("add")
def add(
    kind: Annotated[str, typer.Argument(help="webhook, pre_dial, wecom, dingtalk, feishu or mail")],
    address: Annotated[str, typer.Argument(help="https://..., or a mail address")],
    event: Annotated[
        list[str] | None, typer.Option("--event", help="An event it wants; all when none is named.")
    ] = None,
    secret_file: Annotated[
        Path | None,
        typer.Option("--secret-file", help="Its secret (whsec_..., 加签); - reads it from the terminal."),
    ] = None,
    tenant: TenantOption = "",
) -> None:
    """Add an endpoint. The secret of a webhook is shown once."""
    secret = _secret(secret_file) if secret_file else ""

    async def run() -> None:
        async with working(tenant) as at, at.database.scope(at.tenant) as scope:
            now = datetime.now(UTC)
            number, kept = await endpoints.add(scope, at.keys, kind, address, now, events=event or (), secret=secret)
            await at.note(scope, "endpoint add", "endpoint.add", ("endpoint", number), {"kind": kind})
        typer.echo(f"endpoint {number} added")
        if kept and not secret:
            typer.echo(f"secret (shown this once): {kept}")

    anyio.run(run)


@endpoint_app.command("list")
def list_(tenant: TenantOption = "") -> None:
    """Endpoints, and what waits for them."""

    async def run() -> None:
        async with working(tenant) as at, at.database.reading(at.tenant) as scope:
            found, waiting = await endpoints.listed(scope), await endpoints.backlog(scope)
        table = Table("id", "kind", "address", "events", "on", "waiting", "sent", "given up", "last error")
        for one in found:
            states = {row["state"]: row for row in waiting if row["endpoint_id"] == one.id}
            counts = [
                str(states[state]["count"]) if state in states else "0" for state in ("waiting", "sent", "given_up")
            ]
            error = next((row["error"] for row in states.values() if row["error"]), "")
            events = ", ".join(one.events) or "all"
            table.add_row(str(one.id), one.kind, one.address, events, "yes" if one.active else "no", *counts, error)
        Console().print(table if found else "no endpoints: callwright endpoint add webhook https://...")

    anyio.run(run)


@endpoint_app.command("switch")
def switch(
    endpoint: Annotated[int, typer.Argument(help="Its id.")],
    on: Annotated[bool, typer.Option("--on/--off", help="What waits for it waits on while it is off.")] = True,
    tenant: TenantOption = "",
) -> None:
    """Switch an endpoint on or off."""

    async def run() -> None:
        async with working(tenant) as at, at.database.scope(at.tenant) as scope:
            await endpoints.switch(scope, endpoint, on)
            await at.note(scope, "endpoint switch", "endpoint.switch", ("endpoint", endpoint), {"active": on})

    anyio.run(run)


@endpoint_app.command("send")
def send(tenant: TenantOption = "") -> None:
    """Send what is due now, and leave. A worker does so all the time."""

    async def run() -> None:
        async with working(tenant) as at, deliveries.open_client() as client:
            post = SmtpPost.from_url(at.settings.smtp) if at.settings.smtp else None
            sender = deliveries.Sender(
                at.database,
                at.keys,
                at.tenant,
                f"cli-{datetime.now(UTC):%H%M%S%f}",
                client,
                lambda: datetime.now(UTC),
                post,
                at.settings.mail_from,
            )
            tried = 0
            while more := await sender.round():
                tried += more
        typer.echo(f"{tried} tried")

    anyio.run(run)


def _secret(file: Path) -> str:
    """What stands in the file, or is typed (`-`).

    Raises:
        SettingsError: it cannot be read, or is empty: then an endpoint would be made with another secret, or none.
    """
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is no text in UTF-8"
        raise SettingsError(Problem("secret-file", f"cannot be read: {why}", Place(str(file)))) from None
    if not text.strip():
        raise SettingsError(Problem("secret-file", "it holds no secret", Place(str(file))))
    return text.strip()
