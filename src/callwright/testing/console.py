"""The console over a seeded database, for browsers: `python -m callwright.testing.console`, or in a test

    async with open_console(tmp_path, now) as console:
        await page.goto(console.url)          # with the header x-fake-roles, by which the fake viewers are known

A fake of who is logged in; everything else is the product's own.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import anyio
import uvicorn
from fastapi import FastAPI, Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from callwright.accounts import tenants
from callwright.api.app import create_app
from callwright.http.here import Authenticate
from callwright.settings import Settings
from callwright.storage import Storage, open_storage
from callwright.testing.api import FakeViewers
from callwright.testing.tenants import Seeded, seed

__all__ = ["Console", "listening", "open_console"]


@dataclass(frozen=True, slots=True)
class Console:
    """Where it is, and what is in it."""

    url: str
    app: FastAPI
    storage: Storage
    settings: Settings
    seeded: Seeded


class _Server(uvicorn.Server):
    """Tells when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listens = anyio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listens.set()


@asynccontextmanager
async def listening(app: FastAPI) -> AsyncIterator[str]:
    """Serve an application on a free port of loopback; its address."""
    server = _Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", lifespan="on"))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(server._serve)
        await server.listens.wait()
        port = server.servers[0].sockets[0].getsockname()[1]
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            server.should_exit = True
            server.force_exit = True


@asynccontextmanager
async def open_console(
    folder: Path,
    *,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    environ: Mapping[str, str] | None = None,
    leads: int = 25,
    authenticate: Callable[[Storage, int], Authenticate] = lambda _, tenant: FakeViewers(tenant),
) -> AsyncIterator[Console]:
    """A fresh database in this folder with one tenant that is fit to call, and the whole application over it."""
    settings = Settings.from_environment({"XDG_DATA_HOME": str(folder), "HOME": str(folder), **(environ or {})})
    async with open_storage(settings) as storage:
        seeded = await seed(storage.database, storage.keyring, now(), name="和顺客服中心", leads=leads)
        known = authenticate(storage, seeded.tenant)
        app = create_app(storage, settings, known, now=now)
        if isinstance(known, FakeViewers):
            app.router.routes.insert(0, Route("/api/v1/me", _me(known, storage), methods=["GET"]))
        async with listening(app) as url:
            yield Console(url, app, storage, settings, seeded)


def _me(known: FakeViewers, storage: Storage) -> Callable[[Request], Awaitable[JSONResponse]]:
    """Fake viewers have no account to read."""

    async def me(request: Request) -> JSONResponse:
        viewer = await known(request)
        if viewer is None:
            return JSONResponse({"status": 401, "code": "unknown-viewer", "detail": "nobody is logged in"}, 401)
        (house,) = [one for one in await tenants.listed(storage.database) if one.id == viewer.tenant]
        tenant = {"slug": house.slug, "name": house.name}
        roles, permissions = sorted(viewer.roles), sorted(viewer.permissions)
        return JSONResponse({"name": viewer.name[:20], "tenant": tenant, "roles": roles, "permissions": permissions})

    return me


async def _main() -> None:
    with TemporaryDirectory(prefix="callwright-console-") as folder:
        async with open_console(Path(folder)) as console:
            sys.stdout.write(f"{console.url} (send x-fake-roles: administrator,operator)\n")
            sys.stdout.flush()
            await anyio.sleep_forever()


if __name__ == "__main__":
    anyio.run(_main)
