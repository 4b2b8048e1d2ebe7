"""The application with its real door, for tests: sessions, tokens, lock-out as in production; only password hashes are cheap.

async with open_house(database, keyring, clock) as house:
    anna = await house.first("anna@acme.example")          # signed in: cookies of her own
    answer = await anna.get("/api/v1/me")
"""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
from fastapi import FastAPI

from callwright.accounts import setup
from callwright.accounts.passwords import Hasher
from callwright.accounts.porter import Porter
from callwright.api.app import create_app
from callwright.settings import Settings
from callwright.storage import Storage
from callwright.store.blobs import Blobs
from callwright.store.crypto import Keyring
from callwright.store.database import Database

__all__ = ["PASSWORD", "Clock", "House", "open_house"]

PASSWORD = "tulip ladder seven moss"  # noqa: S105 - of nobody


class Clock:
    """A clock that stands until it is set forward."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.seconds = 0.0

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, seconds: float) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)
        self.seconds += seconds


class House:
    """An application and the browsers that look at it."""

    def __init__(self, app: FastAPI, storage: Storage, clock: Clock, stack: AsyncExitStack) -> None:
        self.app, self.storage, self.clock = app, storage, clock
        self._stack = stack

    async def browser(self, *, base: str = "http://callwright.test", **headers: str) -> httpx.AsyncClient:
        """One with cookies of its own, as our page sends requests."""
        transport = httpx.ASGITransport(app=self.app, raise_app_exceptions=False)
        client = httpx.AsyncClient(transport=transport, base_url=base, headers={"X-Callwright": "1", **headers})
        return await self._stack.enter_async_context(client)

    async def first(
        self, email: str = "anna@acme.example", *, everything: bool = False, **more: Any
    ) -> httpx.AsyncClient:
        """The first administrator, signed in by the link of the first start."""
        door = await setup.link_if_first(self.storage.database, self.clock())
        assert door is not None
        client = await self.browser()
        body = {"slug": "acme", "house": "Acme", "name": "Anna", "email": email, "password": PASSWORD, **more}
        answer = await client.post("/api/v1/setup", json={"link": door.text, "everything": everything, **body})
        assert answer.status_code == 201, answer.text
        return client

    async def invite(self, by: httpx.AsyncClient, email: str, *roles: str) -> httpx.AsyncClient:
        """Somebody whom `by` invites, signed in."""
        made = await by.post("/api/v1/users", json={"email": email, "name": email.partition("@")[0], "roles": roles})
        assert made.status_code == 201, made.text
        client = await self.browser()
        link = made.json()["path"].partition("#")[2]
        used = await client.post("/api/v1/links/use", json={"link": link, "password": PASSWORD})
        assert used.status_code == 204, used.text
        answer = await self.log_in(client, email)
        assert answer.status_code == 200, answer.text
        return client

    async def log_in(
        self, client: httpx.AsyncClient, email: str, password: str = PASSWORD, **more: str
    ) -> httpx.Response:
        """Sign in, a while after whatever came before: buckets are full again."""
        self.clock.pass_(120)
        return await client.post("/api/v1/login", json={"email": email, "password": password, **more})


@asynccontextmanager
async def open_house(
    database: Database, keyring: Keyring, clock: Clock, *, hasher: Callable[[], Hasher] | None = None, **settings: Any
) -> AsyncIterator[House]:
    """The whole application in this process. settings: fields of `Settings` that differ."""
    cheap = hasher or (lambda: Hasher(memory_kib=64, rounds=1))
    async with AsyncExitStack() as stack:
        here = Path(stack.enter_context(TemporaryDirectory(prefix="callwright-house-")))
        blobs = await stack.enter_async_context(Blobs.open((here / "blobs").as_uri()))
        storage = Storage(database, keyring, blobs)
        known = Settings.from_environment({"XDG_DATA_HOME": str(here), "HOME": str(here)})
        porter = Porter(storage, hasher=cheap(), clock=lambda: clock.seconds)
        app = create_app(storage, dataclasses.replace(known, **settings), porter, now=clock)
        yield House(app, storage, clock, stack)
