"""Requests of somebody who means harm, as a scanner sends them: too large, too deep, other methods and hosts, paths that climb, broken HTTP."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from importlib import import_module
from typing import Any

import anyio
import httpx
import pytest

from callwright.api.guards import BODY, UPLOADS, takes_files
from callwright.api.schema import asked_of, routes_of
from callwright.store.crypto import Keyring
from callwright.store.database import Database
from callwright.testing.api import TestedApi, open_api
from callwright.testing.console import listening
from callwright.testing.tenants import seed

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)]

NOW = datetime(2026, 11, 26, 3, 0, tzinfo=UTC)
EVERYTHING = "administrator,author,reviewer,operator,agent,inspector,auditor"
UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}
CLIMBING = (
    "..%2f..%2f..%2fetc%2fpasswd",
    "..%5c..%5cboot.ini",
    "%2e%2e",
    "a%00.pdf",
    "%0d%0aSet-Cookie:%20a=1",
    "'%20or%20'1'='1",
)

# What each route takes of files, and where it says so. One that takes files and is not here has no limit of its own yet.
OWN_LIMITS = {
    "/api/v1/companies/{company}/papers": "callwright.accounts.papers.LARGEST",
    "/api/v1/lists/uploads": "callwright.campaigns.api.uploads.MOST",
    "/api/v1/consents/evidence": "callwright.compliance.api.consents._LARGEST",
    "/api/v1/freezes/import": "callwright.compliance.api.freezes._LARGEST",
    "/api/v1/registries/import": "callwright.compliance.api.registries.MOST",
    "/api/v1/scripts/{script}/recordings/uploads": "callwright.studio.api.recordings.MOST_SENT",
}

# What else such a route must be told.
FIELDS = {"/api/v1/registries/import": {"registry": "us-national-dnc", "as_of": "2026-11-25T00:00:00Z"}}


@pytest.fixture
async def api(database: Database, keyring: Keyring) -> AsyncIterator[TestedApi]:
    seeded = await seed(database, keyring, NOW)
    async with open_api(database, keyring, seeded.tenant, now=lambda: NOW) as opened:
        yield opened


def unsafe(api: TestedApi) -> Iterator[tuple[str, str, Any]]:
    """Method, address with ids in it, and the description of each operation that changes something."""
    document = api.app.openapi()
    found = 0
    for path, route in routes_of(api.app):
        for method in sorted((route.methods or set()) & UNSAFE):
            found += 1
            yield method, re.sub(r"\{[^}]*\}", "1", path), document["paths"][path][method.lower()]
    assert found > 60


async def declared(api: TestedApi, method: str, path: str, length: int, kind: str, roles: str | None) -> int:
    """The status of a request that says it is so long; nothing of it is sent."""
    headers = {"x-callwright": "1", "content-type": kind, "content-length": str(length)}
    if roles is not None:
        headers["x-fake-roles"] = roles
    scope = {
        "type": "http", "method": method, "path": path, "raw_path": path.encode(), "query_string": b"", "http_version": "1.1",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()], "scheme": "http",
        "server": ("callwright.test", 80), "client": ("127.0.0.1", 1), "root_path": "",
    }  # fmt: skip
    statuses: list[int] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    await api.app(scope, receive, send)
    return statuses[0]


async def test_nobody_sends_more_than_the_route_takes(api: TestedApi) -> None:
    form, words = "multipart/form-data; boundary=x", "application/json"
    files = {re.sub(r"\{[^}]*\}", "1", path) for path in takes_files(api.app)}
    assert len(files) >= 4
    wrong = []
    for method, path, _ in unsafe(api):
        found = [
            await declared(api, method, path, BODY + 1, words, EVERYTHING),
            await declared(api, method, path, 10**30, words, EVERYTHING),
        ]
        if path in files:  # what is larger than a page of text is looked at only when its sender is known
            found.append(await declared(api, method, path, UPLOADS + 1, form, EVERYTHING))
            stranger = await declared(api, method, path, BODY + 1, form, None)
            if stranger != 401:
                wrong.append(f"{method} {path}: a stranger's file gets {stranger}")
        else:
            found.append(await declared(api, method, path, BODY + 1, form, EVERYTHING))
        if set(found) != {413}:
            wrong.append(f"{method} {path}: {found}")
    assert not wrong, "\n".join(wrong)


async def test_more_than_was_declared_is_told_as_that(api: TestedApi) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(BODY // 65536 + 2):
            yield b" " * 65536

    for kind in ("application/json", "multipart/form-data; boundary=x"):
        for path in ("/api/v1/login", "/api/v1/tasks"):
            answer = await api.post(path, content=pieces(), headers={"Content-Type": kind})
            assert (answer.status_code, answer.json()["code"]) == (413, "too-large"), (path, kind)


async def test_every_upload_has_a_limit_of_its_own(api: TestedApi, monkeypatch: pytest.MonkeyPatch) -> None:
    for path in takes_files(api.app):
        assert path in OWN_LIMITS, f"{path} takes files: how large may they be?"
        module, _, name = OWN_LIMITS[path].rpartition(".")
        assert getattr(import_module(module), name) <= UPLOADS
        if path.startswith("/api/v1/scripts/"):
            continue  # it needs a draft: tested where it is
        monkeypatch.setattr(OWN_LIMITS[path], 1000)
        file = {"file": ("a.csv", b"%PDF-1.7 " + b"a,b\n" * 400, "text/csv")}
        answer = await api.post(re.sub(r"\{[^}]*\}", "1", path), roles=EVERYTHING, files=file, data=FIELDS.get(path))
        told = (answer.status_code, answer.json()["code"])
        assert told in {(413, "too-large"), (422, "too-large")}, f"{path}: {answer.text}"


async def test_what_is_nested_too_deep_is_no_fault_of_ours(api: TestedApi) -> None:
    endless, deep = b"[" * 100_000, "[" * 900 + "]" * 900
    wrong = []
    for method, path, operation in unsafe(api):
        schema = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
        if "$ref" in schema:
            schema = api.app.openapi()["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        fields = ",".join(f"{json.dumps(name)}:{deep}" for name in schema.get("properties", {"a": 1}))
        for body in (
            endless,
            ("{" + fields + "}").encode(),
            deep.encode(),
            b'{"\\ud800": 1}',
            b"\xff\xfe",
            b'{"a": NaN}',
        ):
            answer = await api.ask(
                method, path, roles=EVERYTHING, content=body, headers={"Content-Type": "application/json"}
            )
            if answer.status_code >= 500 or str(answer.status_code) not in operation["responses"]:
                wrong.append(f"{method} {path}: {answer.status_code} for {body[:20]!r}")
    assert not wrong, "\n".join(wrong)


def halved(value: Any) -> Iterator[Any]:
    """The value with half a character in the place of one of its texts, each in turn."""
    if isinstance(value, str):
        yield "\ud800"
    elif isinstance(value, dict):
        yield from ({**value, name: bad} for name, one in value.items() for bad in halved(one))
    elif isinstance(value, list):
        yield from ([*value[:at], bad, *value[at + 1 :]] for at, one in enumerate(value) for bad in halved(one))


async def test_half_a_character_is_no_fault_of_ours(api: TestedApi) -> None:
    wrong, tried = [], 0
    for method, path, operation in unsafe(api):
        example = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("example")
        for body in halved(example):
            tried += 1
            content, headers = json.dumps(body).encode(), {"Content-Type": "application/json"}
            answer = await api.ask(method, path, roles=EVERYTHING, content=content, headers=headers)
            if answer.status_code >= 500:
                wrong.append(f"{method} {path}: {answer.status_code} for {body}")
    assert not wrong, "\n".join(wrong)
    assert tried > 100


async def test_a_part_of_an_address_climbs_nowhere(api: TestedApi) -> None:
    wrong, tried = [], 0
    for path, route in routes_of(api.app):
        if "GET" not in (route.methods or ()) or "{" not in path or not asked_of(route) - {"open"}:
            continue
        for part in CLIMBING:
            tried += 1
            answer = await api.get(re.sub(r"\{[^}]*\}", part, path), roles=EVERYTHING)
            if answer.status_code not in (404, 422) and answer.content not in (
                b"[]",
                b'{"items":[],"next":null,"total":null}',
            ):
                wrong.append(f"{path} with {part}: {answer.status_code} {answer.text[:80]}")
            if "set-cookie" in answer.headers:
                wrong.append(f"{path} with {part}: a header was made")
    assert tried > 100
    assert not wrong, "\n".join(wrong)


async def test_other_methods_do_nothing(api: TestedApi) -> None:
    made = await api.post(
        "/api/v1/endpoints", json={"kind": "webhook", "url": "https://hooks.example/a", "events": ["call.ended"]}
    )
    before = (await api.get("/api/v1/endpoints")).text
    for method in ("TRACE", "TRACK", "CONNECT", "PROPFIND", "MOVE", "DEBUG", "COPY"):
        for path in ("/", "/api/v1/endpoints", "/api/v1/me"):
            answer = await api.ask(method, path, headers={"X-Secret": "s3cret"})
            assert answer.status_code == 405, (method, path)
            assert "s3cret" not in answer.text
    which = made.json().get("id", 1) if made.status_code == 201 else 1
    for header in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"):
        await api.get(f"/api/v1/endpoints/{which}", headers={header: "DELETE"}, params={"_method": "DELETE"})
        await api.post(f"/api/v1/endpoints/{which}", headers={header: "DELETE"}, json={"_method": "DELETE"})
    assert (await api.get("/api/v1/endpoints")).text == before


async def test_another_host_is_told_nowhere(api: TestedApi) -> None:
    evil = {
        "Host": "evil.example",
        "X-Forwarded-Host": "evil.example",
        "Forwarded": "host=evil.example",
        "X-Original-URL": "/api/v1/users",
    }
    for path in (
        "/",
        "/login",
        "/api/v1/overview",
        "/api/v1/overview/",
        "/api/v1/nothing",
        "/api/v1/openapi.json",
        "/api/v1/users?limit=0",
    ):
        answer = await api.get(path, headers=evil)
        assert "evil.example" not in answer.text + str(answer.headers), path
        assert "location" not in answer.headers


async def test_no_other_site_may_read_or_change_anything(api: TestedApi) -> None:
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-callwright"}
    for origin in (
        "https://evil.example",
        "null",
        "http://[",
        "http://callwright.test@evil.example",
        "http://CALLWRIGHT.test.evil.example",
    ):
        for path in ("/api/v1/overview", "/"):
            for answer in (
                await api.get(path, headers={"Origin": origin}),
                await api.ask("OPTIONS", path, headers={"Origin": origin, **asked}),
            ):
                assert not [name for name in answer.headers if name.startswith("access-control")]
        changed = await api.post("/api/v1/endpoints", json={}, headers={"Origin": origin})
        assert (changed.status_code, changed.json()["code"]) == (403, "csrf"), origin


RAW = [
    b"GET / HTTP/1.1\r\nHost: a\r\nX-Long: " + b"a" * 200_000 + b"\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X-Many: a\r\n" * 20_000 + b"\r\n",
    b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nX-Nul: a\x00b\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nBad Name: a\r\n\r\n",
    b"POST /api/v1/login HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    b"POST /api/v1/login HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
    b"POST /api/v1/login HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n",
    b"POST /api/v1/login HTTP/1.1\r\nHost: a\r\nX-Callwright: 1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
]


async def test_broken_http_is_refused(api: TestedApi) -> None:
    async with listening(api.app) as url:
        host, port = httpx.URL(url).host, httpx.URL(url).port or 80
        for request in RAW:
            with anyio.fail_after(60):
                told = b""
                stream = await anyio.connect_tcp(host, port)
                async with stream:
                    try:
                        await stream.send(request)
                        while piece := await stream.receive():
                            told += piece
                    except (anyio.EndOfStream, anyio.BrokenResourceError):
                        pass  # it was closed, as it should be
            assert re.match(rb"HTTP/1.1 4\d\d ", told) or not told, (request[:60], told[:80])
        async with httpx.AsyncClient() as client:  # and it still answers
            assert (await client.get(f"{url}/api/v1/health")).status_code == 200
