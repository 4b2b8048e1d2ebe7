"""The HTTP application over a real database, with a fake of who asks: a header names the roles. Named as what it is; nothing of it is in the
product's own application.

    async with open_api(database, keyring, tenant) as api:
        answer = await api.get("/api/v1/tasks", roles="operator")
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
from fastapi import FastAPI, Request

from callwright.accounts.model import Viewer
from callwright.accounts.roles import Role
from callwright.api.app import create_app
from callwright.settings import Settings
from callwright.storage import Storage
from callwright.store.blobs import Blobs
from callwright.store.crypto import Keyring
from callwright.store.database import Database

__all__ = ["FakeViewers", "TestedApi", "open_api"]

_WHO = "x-fake-roles"
_TENANT = "x-fake-tenant"
_USER = "x-fake-user"
_NAME = "x-fake-name"


@dataclass(frozen=True, slots=True)
class FakeViewers:
    """Knows whoever says so: `x-fake-roles: operator,agent`, `x-fake-user: 2`, `x-fake-name: Anna`; without the first nobody is."""

    tenant: int

    async def __call__(self, request: Request) -> Viewer | None:
        said = request.headers.get(_WHO)
        if said is None:
            return None
        roles = frozenset(Role(name) for name in said.split(",") if name)
        tenant, user = (int(request.headers.get(name, usual)) for name, usual in ((_TENANT, self.tenant), (_USER, 1)))
        return Viewer.of_session(tenant, user, request.headers.get(_NAME) or said or "nobody", roles)


class TestedApi:
    """A client of the application. Each call names the roles of who asks ("" = logged in without any, None = not logged in)."""

    __test__ = False

    def __init__(self, client: httpx.AsyncClient, app: FastAPI, blobs: Blobs) -> None:
        self.client, self.app, self.blobs = client, app, blobs

    async def ask(
        self,
        method: str,
        path: str,
        *,
        roles: str | None = "administrator",
        tenant: int | None = None,
        user: int = 1,
        **more: Any,
    ) -> httpx.Response:
        """One request."""
        headers = {"X-Callwright": "1", _USER: str(user)} | dict(more.pop("headers", {}))
        if roles is not None:
            headers[_WHO] = roles
        if tenant is not None:
            headers[_TENANT] = str(tenant)
        return await self.client.request(method, path, headers=headers, **more)

    async def get(self, path: str, **more: Any) -> httpx.Response:
        """GET."""
        return await self.ask("GET", path, **more)

    async def post(self, path: str, **more: Any) -> httpx.Response:
        """POST."""
        return await self.ask("POST", path, **more)

    async def put(self, path: str, **more: Any) -> httpx.Response:
        """PUT."""
        return await self.ask("PUT", path, **more)

    async def patch(self, path: str, **more: Any) -> httpx.Response:
        """PATCH."""
        return await self.ask("PATCH", path, **more)

    async def delete(self, path: str, **more: Any) -> httpx.Response:
        """DELETE."""
        return await self.ask("DELETE", path, **more)


@asynccontextmanager
async def open_api(
    database: Database,
    keyring: Keyring,
    tenant: int,
    *,
    settings: Settings | None = None,
    now: Callable[[], datetime] | None = None,
) -> AsyncIterator[TestedApi]:
    """The whole application in this process, with its blobs in a folder that goes away."""
    with TemporaryDirectory(prefix="callwright-api-") as folder:
        here = Path(folder)
        wanted = settings or Settings.from_environment({"XDG_DATA_HOME": str(here), "HOME": str(here)})
        async with Blobs.open((here / "blobs").as_uri()) as blobs:
            app = create_app(Storage(database, keyring, blobs), wanted, FakeViewers(tenant), now=now)
            transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
            async with (
                app.router.lifespan_context(app),
                httpx.AsyncClient(transport=transport, base_url="http://callwright.test") as client,
            ):
                yield TestedApi(client, app, blobs)
