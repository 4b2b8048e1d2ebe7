"""The two clients: `Client` answers, `AsyncClient` is awaited. Everything else is the same, and written once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import httpx

from callwright import __version__
from callwright.client.access import Access, AsyncAccess, AsyncTokens, Tokens
from callwright.client.asking import Asker, Terms
from callwright.client.calls import AsyncCalls, Calls
from callwright.client.compliance import AsyncConsents, AsyncFreezes, AsyncRecords, Consents, Freezes, Records
from callwright.client.drivers import AwaitingDriver, BlockingDriver
from callwright.client.endpoints import AsyncEndpoints, Endpoints
from callwright.client.following import AsyncFollowUps, AsyncJobs, FollowUps, Jobs
from callwright.client.lists import AsyncLists, Lists
from callwright.client.tasks import AsyncTasks, Tasks
from callwright.errors import Problem, SettingsError

__all__ = ["AsyncClient", "Client"]

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_URL, _TOKEN = "CALLWRIGHT_URL", "CALLWRIGHT_TOKEN"
_CONNECT_S = 10.0


def _address(url: str, *, insecure: bool) -> str:
    """Raises SettingsError: it is none, or the token would go over the network in plain sight."""
    try:
        parts = urlsplit(url)
    except ValueError:  # brackets that do not close
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        message = f"`{url[:100]}` is no address of callwright"
        raise SettingsError(Problem("client-url", message, hint="Write https://calls.example.com."))
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK and not insecure:
        message = "over http:// everybody on the way could read the token"
        raise SettingsError(Problem("client-http", message, hint="Use https://, or say insecure=True."))
    return url.rstrip("/")


def _options(token: str, timeout_s: float) -> dict[str, Any]:
    headers = {"User-Agent": f"callwright-client/{__version__}", "Accept": "application/json, */*"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    return {"headers": headers, "timeout": httpx.Timeout(timeout_s, connect=min(_CONNECT_S, timeout_s))}


def _said(environ: Mapping[str, str]) -> tuple[str, str]:
    missing = [name for name in (_URL, _TOKEN) if not environ.get(name)]
    if missing:
        raise SettingsError(Problem("client-env", f"{missing[0]} is not set"))
    return environ[_URL], environ[_TOKEN]


class Client:
    """A client that answers.

        with Client("https://calls.example.com", token) as client:
            for call in client.calls.find(grade=["A"]):
                ...

    token: `cw_...`; "" = `access.sign_in` comes first. timeout_s: for an answer, and between two pieces of a long one; terms: how often
    something is tried; insecure: http:// to another machine; transport: how httpx sends (tests).

    Raises:
        SettingsError: the address cannot be used.
    """

    def __init__(
        self,
        url: str,
        token: str = "",
        *,
        timeout_s: float = 30.0,
        terms: Terms | None = None,
        insecure: bool = False,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        base = _address(url, insecure=insecure)
        self._http = httpx.Client(base_url=base, transport=transport, **_options(token, timeout_s))
        at, driver = Asker(terms or Terms()), BlockingDriver(self._http)
        self.access = Access(at, driver)
        self.tokens = Tokens(at, driver)
        self.lists = Lists(at, driver)
        self.tasks = Tasks(at, driver)
        self.calls = Calls(at, driver)
        self.follow_ups = FollowUps(at, driver)
        self.freezes = Freezes(at, driver)
        self.consents = Consents(at, driver)
        self.records = Records(at, driver)
        self.endpoints = Endpoints(at, driver)
        self.jobs = Jobs(at, driver)

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ, **more: Any) -> Self:
        """Address and token from CALLWRIGHT_URL and CALLWRIGHT_TOKEN."""
        return cls(*_said(environ), **more)

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class AsyncClient:
    """The same, awaited: `async with AsyncClient(url, token) as client`. See Client."""

    def __init__(
        self,
        url: str,
        token: str = "",
        *,
        timeout_s: float = 30.0,
        terms: Terms | None = None,
        insecure: bool = False,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        base = _address(url, insecure=insecure)
        self._http = httpx.AsyncClient(base_url=base, transport=transport, **_options(token, timeout_s))
        at, driver = Asker(terms or Terms()), AwaitingDriver(self._http)
        self.access = AsyncAccess(at, driver)
        self.tokens = AsyncTokens(at, driver)
        self.lists = AsyncLists(at, driver)
        self.tasks = AsyncTasks(at, driver)
        self.calls = AsyncCalls(at, driver)
        self.follow_ups = AsyncFollowUps(at, driver)
        self.freezes = AsyncFreezes(at, driver)
        self.consents = AsyncConsents(at, driver)
        self.records = AsyncRecords(at, driver)
        self.endpoints = AsyncEndpoints(at, driver)
        self.jobs = AsyncJobs(at, driver)

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ, **more: Any) -> Self:
        """Address and token from CALLWRIGHT_URL and CALLWRIGHT_TOKEN."""
        return cls(*_said(environ), **more)

    async def aclose(self) -> None:
        """Give the connections back."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()
