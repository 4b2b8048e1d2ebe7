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
from callwright.api.schema import asked_of
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

# With an id in their address, and the same for every tenant: they show nothing of anybody.
SHARED: set[str] = set()


def routes(app: FastAPI) -> Iterator[tuple[APIRoute, str]]:
    for route in app.routes:
        if isinstance(route, APIRoute):
            for method in sorted(route.methods or ()):
                yield route, method


async def ask(
    api: TestedApi, route: APIRoute, method: str, roles: str | None, tenant: int | None = None
) -> httpx.Response:
    """With ids that look like ids, and a body that no route takes: whoever is let in gets as far as that."""
    path = route.path_format
    for param in route.dependant.path_params:
        kind = getattr(param.field_info, "annotation", str)
        path = path.replace("{" + param.name + "}", "1" if kind is int or "int" in str(kind) else "a")
    body: dict[str, Any] = (
        {} if method in ("GET", "DELETE") else {"content": b"[", "headers": {"Content-Type": "application/json"}}
    )
    try:
        async with asyncio.timeout(20):
            return await api.ask(method, path, roles=roles, tenant=tenant, **body)
    except TimeoutError:
        return httpx.Response(200)  # a live view: let in, and still telling


@pytest.fixture
async def api(database: Database, keyring: Keyring) -> AsyncIterator[TestedApi]:
    seeded = await seed(database, keyring, NOW)
    async with open_api(database, keyring, seeded.tenant, now=lambda: NOW) as opened:
        yield opened


async def test_only_those_routes_are_open_to_strangers(api: TestedApi) -> None:
    open_ones = {route.name for route, _ in routes(api.app) if asked_of(route) == {"open"}}
    assert open_ones <= OPEN, open_ones - OPEN
    assert all(asked_of(route) for route, _ in routes(api.app))


async def test_every_route_lets_in_those_whose_role_may_and_nobody_else(api: TestedApi) -> None:
    wrong = []
    for route, method in routes(api.app):
        asked = asked_of(route) - {"open"}
        if not asked:
            continue
        stranger = await ask(api, route, method, None)
        if stranger.status_code != 401:
            wrong.append(f"{method} {route.path}: a stranger gets {stranger.status_code}")
        wanted = {Permission(one) for one in asked - {"any"}}
        if wanted and (await ask(api, route, method, "")).status_code != 403:
            wrong.append(f"{method} {route.path}: somebody without any role is let in")
        refused = [role for role in Role if not wanted <= MATRIX[role]]
        for role in refused:
            answer = await ask(api, route, method, role.value)
            if answer.status_code != 403 or answer.json()["code"] != "forbidden":
                wrong.append(f"{method} {route.path}: {role.value} gets {answer.status_code}")
        for role in [role for role in Role if role not in refused][:2]:
            answer = await ask(api, route, method, role.value)
            if answer.status_code in (401, 500) or (answer.status_code == 403 and answer.json()["code"] == "forbidden"):
                wrong.append(f"{method} {route.path}: {role.value} gets {answer.status_code}")
    assert not wrong, "\n".join(wrong)


async def test_nobody_sees_anything_of_another_tenant(api: TestedApi, database: Database, keyring: Keyring) -> None:
    other = await tenants.add(database, keyring, "other", "Other", NOW)
    wrong = []
    for route, method in routes(api.app):
        if not asked_of(route) - {"open"} or not route.dependant.path_params or route.name in SHARED:
            continue
        answer = await ask(api, route, method, EVERYTHING, other)
        if answer.status_code not in (403, 404, 422):
            wrong.append(f"{method} {route.path}: {answer.status_code}")
    for route, method in routes(api.app):
        if method == "GET" and not route.dependant.path_params and asked_of(route) - {"open", "any"}:
            answer = await ask(api, route, method, EVERYTHING, other)
            if answer.status_code == 200 and answer.headers.get("content-type", "").startswith("application/json"):
                items = answer.json().get("items") if isinstance(answer.json(), dict) else None
                if items and not answer.request.url.path.endswith("/audit"):
                    wrong.append(f"GET {route.path}: {len(items)} rows of somebody else")
    assert not wrong, "\n".join(wrong)
