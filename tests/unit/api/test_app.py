"""The application: problem documents, guards, the console or how to build it, and that every route says what it asks for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from callwright.api.guards import BODY
from callwright.api.schema import asked_of, routes_of
from callwright.store.crypto import Keyring
from callwright.store.database import Database
from callwright.testing.api import TestedApi, open_api
from callwright.testing.tenants import seed
from callwright.web.console import STATIC, built, serve_console

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 11, 26, 3, 0, tzinfo=UTC)


@pytest.fixture
async def api(database: Database, keyring: Keyring) -> AsyncIterator[TestedApi]:
    seeded = await seed(database, keyring, NOW)
    async with open_api(database, keyring, seeded.tenant, now=lambda: NOW) as opened:
        yield opened


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_every_route_says_what_it_asks_for(api: TestedApi) -> None:
    routes = list(routes_of(api.app))
    assert len(routes) > 3
    assert [path for path, route in routes if not asked_of(route)] == []


async def test_health_needs_nobody(api: TestedApi) -> None:
    answer = await api.get("/api/v1/health", roles=None)
    assert answer.status_code == 200
    assert answer.json()["database"] in ("sqlite", "postgresql")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_what_is_not_there_is_a_problem_document(api: TestedApi) -> None:
    answer = await api.get("/api/v1/nothing")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] in ("no-route", "absent")
    wrong = await api.delete("/api/v1/health")
    assert (wrong.status_code, wrong.json()["code"]) == (405, "no-method")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_body_that_is_too_long_is_refused_whatever_it_declares(api: TestedApi) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(BODY // 65536 + 2):
            yield b" " * 65536

    declared = await api.post("/api/v1/health", content=b" " * (BODY + 1))
    assert declared.status_code == 413
    streamed = await api.post("/api/v1/health", content=pieces())
    assert streamed.status_code in (405, 413)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_the_description_is_complete(api: TestedApi) -> None:
    document = (await api.get("/api/v1/openapi.json", roles=None)).json()
    assert document["openapi"].startswith("3.1")
    assert "ProblemDocument" in document["components"]["schemas"]
    assert "HTTPValidationError" not in str(document)
    names = [operation["operationId"] for path in document["paths"].values() for operation in path.values()]
    assert len(names) == len(set(names))


async def _page(static: Path, path: str) -> httpx.Response:
    app = FastAPI()
    serve_console(app, static)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://console.test") as client:
        return await client.get(path)


async def test_without_the_console_the_page_says_how_to_build_it(tmp_path: Path) -> None:
    answer = await _page(tmp_path, "/tasks/7")
    assert answer.status_code == 200
    assert "make web" in answer.text
    assert (await _page(tmp_path, "/api/v1/nothing")).status_code == 404


async def test_every_address_is_the_first_page_and_nothing_outside_is_served(tmp_path: Path) -> None:
    static = tmp_path / "static"
    (static / "assets").mkdir(parents=True)
    (static / "index.html").write_text("<p>console</p>")
    (static / "assets" / "a-1.js").write_text("1")
    (tmp_path / "secret.txt").write_text("secret")
    for path in ("/", "/tasks/7", "/../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt"):
        answer = await _page(static, path)
        assert answer.text == "<p>console</p>", path
        assert answer.headers["cache-control"] == "no-cache"
    asset = await _page(static, "/assets/a-1.js")
    assert "immutable" in asset.headers["cache-control"]
    assert (await _page(static, "/assets/..%2f..%2fsecret.txt")).status_code == 404


@pytest.mark.skipif(not built(), reason="the console is not built: make web")
async def test_the_page_brings_no_script_of_its_own() -> None:
    text = (STATIC / "index.html").read_text(encoding="utf-8")
    for part in text.split("<script")[1:]:
        assert " src=" in part.partition(">")[0]
        assert not part.partition(">")[2].partition("</script>")[0].strip()
    assert " onload=" not in text and "javascript:" not in text and "http://" not in text and "https://" not in text
