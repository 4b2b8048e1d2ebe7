"""`callwright retention`: delete what is older than a tenant decided to keep."""

from __future__ import annotations

from datetime import UTC, datetime

import anyio
import typer

from callwright.accounts import tenant_settings, tenants
from callwright.campaigns import retention
from callwright.cli.tenancy import TenantOption, working
from callwright.settings import Settings
from callwright.storage import find_tenant, open_storage

__all__ = ["retention_app"]

retention_app = typer.Typer(no_args_is_help=True, help="How long things are kept: show it, apply it.")


@retention_app.command("run")
def run(tenant: TenantOption = "") -> None:
    """Delete what is older than each tenant decided. Run it every night; there is no way back."""

    async def work() -> list[tuple[str, retention.Applied]]:
        async with open_storage(Settings.from_environment()) as storage:
            if tenant:
                await find_tenant(storage.database, tenant)
            rows = [row for row in await tenants.listed(storage.database) if tenant in ("", row.slug)]
            now = datetime.now(UTC)
            return [
                (row.slug, await retention.apply(storage.database, storage.keyring, storage.blobs.of(row.id).delete, row.id, now))
                for row in rows
            ]  # fmt: skip

    for slug, done in anyio.run(work):
        typer.echo(
            f"{slug}: {done.recordings} recordings, {done.transcripts} transcripts, {done.audit} audit entries, "
            f"{done.sessions} sessions deleted"
        )


@retention_app.command("show")
def show(tenant: TenantOption = "") -> None:
    """For how many days things are kept."""

    async def work() -> tenant_settings.Retention:
        async with working(tenant) as at, at.database.reading(at.tenant) as scope:
            return await tenant_settings.retention(scope)

    chosen = anyio.run(work)
    for name in ("recordings", "transcripts", "audit"):
        days = getattr(chosen, name)
        typer.echo(f"{name}: {'until somebody deletes them' if days is None else f'{days} days'}")
