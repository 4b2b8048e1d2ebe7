"""The matrix: every route x every role x another tenant, from the routes of the application itself. A route that is forgotten fails."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute

from callwright.accounts import tenants
from callwright.accounts.roles import MATRIX, Permission, Role
from callwright.api.schema import asked_of, routes_of
from callwright.store.crypto import Keyring
from callwright.store.database import Database
from callwright.testing.api import TestedApi, open_api
from callwright.testing.tenants import seed

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)]

NOW = datetime(2026, 11, 26, 3, 0, tzinfo=UTC)
EVERYTHING = ",".join(role.value for role in Role)

# Open to strangers, each for a reason: nobody can be known yet. Another one here is a decision.
OPEN = {
    "check_setup", "set_up", "log_in", "log_out", "read_link", "use_link", "forget_password", "list_ways", "start_oidc", "finish_oidc",
    "read_health",
}  # fmt: skip

# They ask for a second permission besides the one they name: whoever has only the first gets 403 all the same.
STRICTER = {"export_freezes", "read_consent_evidence"}


def routes(app: FastAPI) -> Iterator[tuple[str, APIRoute, str]]:
    """Address, route, method of each; never none at all: a test over nothing would find nothing."""
    found = [(path, route, method) for path, route in routes_of(app) for method in sorted(route.methods or ())]
    assert len(found) > 100
    yield from found


async def ask(
    api: TestedApi, path: str, route: APIRoute, method: str, roles: str | None, tenant: int | None = None
) -> httpx.Response:
    """With ids that look like ids, and a body that is JSON, but what no route takes: it is looked at after the viewer."""
    for param in route.dependant.path_params:
        kind = getattr(param.field_info, "annotation", str)
        path = path.replace("{" + param.name + "}", "1" if kind is int or "int" in str(kind) else "a")
    body: dict[str, Any] = (
        {} if method in ("GET", "DELETE") else {"content": b"[]", "headers": {"Content-Type": "application/json"}}
    )
    documented = any("text/event-stream" in each.get("content", {}) for each in route.responses.values())
    if documented or "text/event-stream" in str(getattr(route.response_class, "media_type", "")):
        return await _begun(api, path, roles, tenant)
    return await api.ask(method, path, roles=roles, tenant=tenant, **body)


async def _begun(api: TestedApi, path: str, roles: str | None, tenant: int | None) -> httpx.Response:
    """How a view begins that tells for ever: its status is enough, then the browser goes."""
    said = {"x-fake-roles": roles, "x-fake-tenant": None if tenant is None else str(tenant)}
    headers = [(name.encode(), value.encode()) for name, value in said.items() if value is not None]
    scope = {
        "type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "query_string": b"", "headers": headers,
        "http_version": "1.1", "scheme": "http", "server": ("callwright.test", 80), "client": ("127.0.0.1", 1), "root_path": "",
    }  # fmt: skip
    begun: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def receive() -> dict[str, Any]:
        await begun
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start" and not begun.done():
            begun.set_result(message["status"])

    asked: asyncio.Future[Any] = asyncio.ensure_future(api.app(scope, receive, send))
    try:
        both: set[asyncio.Future[Any]] = {asked, begun}
        await asyncio.wait(both, timeout=60, return_when=asyncio.FIRST_COMPLETED)
        status = begun.result() if begun.done() else 500  # it ended without an answer
    finally:
        asked.cancel()
        await asyncio.wait([asked], timeout=60)
    return httpx.Response(status, json={"code": "forbidden"} if status == 403 else {})


def _nothing(answer: httpx.Response) -> bool:
    """An empty list."""
    return answer.status_code == 200 and answer.content in (b"[]", b'{"items":[],"next":null,"total":null}')


@pytest.fixture
async def api(database: Database, keyring: Keyring) -> AsyncIterator[TestedApi]:
    seeded = await seed(database, keyring, NOW)
    async with open_api(database, keyring, seeded.tenant, now=lambda: NOW) as opened:
        yield opened


async def test_only_those_routes_are_open_to_strangers(api: TestedApi) -> None:
    open_ones = {route.name for _, route, _ in routes(api.app) if asked_of(route) == {"open"}}
    assert open_ones <= OPEN, open_ones - OPEN
    assert all(asked_of(route) for _, route, _ in routes(api.app))


async def test_every_route_lets_in_those_whose_role_may_and_nobody_else(api: TestedApi) -> None:
    wrong = []
    for path, route, method in routes(api.app):
        asked = asked_of(route) - {"open"}
        if not asked:
            continue
        stranger = await ask(api, path, route, method, None)
        if stranger.status_code != 401:
            wrong.append(f"{method} {path}: a stranger gets {stranger.status_code}")
        wanted = {Permission(one) for one in asked - {"any"}}
        if wanted and (await ask(api, path, route, method, "")).status_code != 403:
            wrong.append(f"{method} {path}: somebody without any role is let in")
        refused = [role for role in Role if not wanted <= MATRIX[role]]
        for role in refused:
            answer = await ask(api, path, route, method, role.value)
            if answer.status_code != 403 or answer.json()["code"] != "forbidden":
                wrong.append(f"{method} {path}: {role.value} gets {answer.status_code}")
        for role in [role for role in Role if role not in refused][:2]:
            answer = await ask(api, path, route, method, role.value)
            if route.name in STRICTER and answer.status_code == 403:
                continue
            if answer.status_code in (401, 500) or (answer.status_code == 403 and answer.json()["code"] == "forbidden"):
                wrong.append(f"{method} {path}: {role.value} gets {answer.status_code}")
    assert not wrong, "\n".join(wrong)


async def test_nobody_sees_anything_of_another_tenant(api: TestedApi, database: Database, keyring: Keyring) -> None:
    other = await tenants.add(database, keyring, "other", "Other", NOW)
    wrong = []
    for path, route, method in routes(api.app):
        if not asked_of(route) - {"open"} or not route.dependant.path_params:
            continue
        answer = await ask(api, path, route, method, EVERYTHING, other)
        if answer.status_code not in (403, 404, 422) and not _nothing(answer):
            wrong.append(f"{method} {path}: {answer.status_code}")
    for path, route, method in routes(api.app):
        if method == "GET" and not route.dependant.path_params and asked_of(route) - {"open", "any"}:
            answer = await ask(api, path, route, method, EVERYTHING, other)
            if answer.status_code == 200 and answer.headers.get("content-type", "").startswith("application/json"):
                items = answer.json().get("items") if isinstance(answer.json(), dict) else None
                if items and not answer.request.url.path.endswith("/audit"):
                    wrong.append(f"GET {path}: {len(items)} rows of somebody else")
    assert not wrong, "\n".join(wrong)
