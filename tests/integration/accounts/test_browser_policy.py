"""What browsers are told about every kind of answer, cookies and sessions that nobody can plant, names that nobody can guess, refusals that
are noted. OWASP ASVS 5.0, chapters 3, 6, 7, 16."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from callwright.accounts.lockout import FREE
from callwright.accounts.passwords import Hasher
from callwright.api.browser import COMMON
from callwright.api.refusals import AGAIN
from callwright.hosting import Hosting, config_of
from callwright.store.crypto import Keyring
from callwright.store.database import Database
from callwright.testing.accounts import PASSWORD, Clock, House, open_house
from callwright.web.console import STATIC, built

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)]

NOW = datetime(2026, 11, 26, 4, 0, tzinfo=UTC)
ANNA, WRONG = "anna@acme.example", "nine green kettles drift"


@pytest.fixture
async def house(database: Database, keyring: Keyring) -> AsyncIterator[House]:
    async with open_house(database, keyring, Clock(NOW)) as opened:
        yield opened


def policy(headers: httpx.Headers) -> dict[str, list[str]]:
    """The directives of the content security policy, each once."""
    parts = [part.split() for part in headers["content-security-policy"].split(";") if part.strip()]
    assert len({part[0] for part in parts}) == len(parts)
    return {part[0]: part[1:] for part in parts}


async def begun(app: FastAPI, path: str, cookie: str) -> httpx.Headers:
    """The headers of an answer that does not end."""
    headers: list[tuple[bytes, bytes]] = []
    scope = {
        "type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "query_string": b"", "http_version": "1.1",
        "headers": [(b"host", b"callwright.test"), (b"cookie", cookie.encode())], "scheme": "http", "server": ("callwright.test", 80),
        "client": ("127.0.0.1", 1), "root_path": "",
    }  # fmt: skip

    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            headers.extend(message["headers"])

    await app(scope, receive, send)
    return httpx.Headers(headers)


async def test_every_kind_of_answer_tells_the_browser_what_it_may(house: House, tmp_path: Path) -> None:
    anna = await house.first(everything=True)

    async def broken(_: Request) -> PlainTextResponse:
        raise ValueError("secret")

    house.app.router.routes.insert(0, Route("/api/v1/broken", broken))
    new = {"name": "Acme Ltd", "registration": "A1", "country": "CN"}
    company = f"/api/v1/companies/{(await anna.post('/api/v1/companies', json=new)).json()['id']}"
    paper = (await anna.post(f"{company}/papers", files={"file": ("a.pdf", b"%PDF-1.7\n", "application/pdf")})).json()[
        "papers"
    ][0]
    nobody = await house.browser()
    answers = {
        "page": await anna.get("/tasks/7"),
        "list": await anna.get("/api/v1/users"),
        "changed": await anna.post("/api/v1/me/sessions/end-others"),
        "who": await nobody.get("/api/v1/me"),
        "not found": await anna.get("/api/v1/nothing"),
        "no method": await anna.put("/"),
        "not valid": await anna.post("/api/v1/users", json={"a": 1}),
        "other page": await anna.post("/api/v1/users", json={}, headers={"Origin": "https://evil.example"}),
        "too large": await anna.post("/api/v1/users", content=b" " * (3 << 20)),
        "fault": await anna.get("/api/v1/broken"),
        "download": await anna.get(f"{company}/papers/{paper['sha256']}"),
        "table": await anna.get("/api/v1/freezes/export"),
        "redirect": await nobody.get("/api/v1/oidc/start", params={"house": "acme"}),
        "preflight": await nobody.options("/api/v1/me", headers={"Origin": "https://evil.example"}),
        "description": await nobody.get("/api/v1/openapi.json"),
    }
    told = {name: answer.headers for name, answer in answers.items()}
    told["stream"] = await begun(house.app, "/api/v1/live/events", f"callwright={anna.cookies['callwright']}")
    if built():
        asset = next((STATIC / "assets").glob("*.js")).name
        told["asset"] = (await nobody.get(f"/assets/{asset}")).headers
    assert (answers["fault"].status_code, "secret" in answers["fault"].text) == (500, False)
    assert told["stream"]["content-type"].startswith("text/event-stream")
    for name, headers in told.items():
        assert {key: headers.get(key) for key in COMMON} == dict(COMMON), name
        assert not [key for key in headers if key.startswith("access-control")], name
        assert "server" not in headers, name
        rules = policy(headers)
        assert rules["frame-ancestors" if "sandbox" not in rules else "default-src"] == ["'none'"], name
        if name == "page":
            assert rules["script-src"] == rules["default-src"] == rules["connect-src"] == ["'self'"]
            assert rules["object-src"] == rules["base-uri"] == ["'none'"]
        else:
            assert rules["default-src"] == ["'none'"], name
            assert name in ("asset", "no method") or headers["cache-control"] in ("no-store", "private, no-store"), name
    for name in ("download", "table"):
        assert told[name]["content-disposition"].startswith("attachment; filename="), name


async def test_behind_a_proxy_that_does_https_cookies_say_so(database: Database, keyring: Keyring) -> None:
    """The proxy speaks http to us: what counts is the address that people reach us by."""
    async with open_house(database, keyring, Clock(NOW), public_url="https://calls.example") as house:
        anna = await house.first()
        answer = await house.log_in(anna, ANNA)
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith("__Host-callwright=")
        assert {"HttpOnly", "Secure", "SameSite=lax", "Path=/"} <= {part.strip() for part in cookie.split(";")}
        assert answer.headers["strict-transport-security"].startswith("max-age=31536000")
        safe = await house.browser(Cookie=cookie.partition(";")[0], Origin="https://calls.example")
        assert (await safe.post("/api/v1/me/sessions/end-others")).status_code == 204
        plain = await house.browser(Cookie=cookie.partition(";")[0].removeprefix("__Host-"))
        assert (await plain.get("/api/v1/me")).status_code == 401  # a name that any page of the domain could have set


async def test_only_the_proxies_that_are_named_say_where_a_request_comes_from(house: House) -> None:
    hosting = Hosting("127.0.0.1", 0, None, 1, Path("calls"))
    settings = house.app.state.reach.settings
    for proxies, https in (((), False), (("10.1.0.0/16",), True)):
        config = config_of(house.app, hosting, type(settings)(**{**_fields(settings), "proxies": proxies}))
        config.load()
        for client, believed in (("10.1.2.3", https), ("10.2.2.3", False), ("127.0.0.1", False)):
            transport = httpx.ASGITransport(app=config.loaded_app, client=(client, 1))
            async with httpx.AsyncClient(transport=transport, base_url="http://callwright.test") as browser:
                answer = await browser.get(
                    "/api/v1/health", headers={"X-Forwarded-Proto": "https", "X-Forwarded-For": "9.9.9.9"}
                )
                assert ("strict-transport-security" in answer.headers) is believed, (proxies, client)


def _fields(settings: Any) -> dict[str, Any]:
    return {name: getattr(settings, name) for name in settings.__dataclass_fields__}


async def test_a_session_cannot_be_planted(house: House) -> None:
    anna = await house.first()
    bert = await house.invite(anna, "bert@acme.example", "operator")
    planted = bert.cookies["callwright"]
    for brought in (planted, "cws_1_" + "A" * 43, "x", "cws_1_" + planted[6:] + "A"):
        victim = await house.browser()
        victim.cookies.set("callwright", brought, domain="callwright.test")
        answer = await house.log_in(victim, ANNA)
        assert answer.json()["email"] == ANNA
        given = answer.headers["set-cookie"].partition(";")[0].partition("=")[2]
        assert given != brought
        before = await house.browser(Cookie=f"callwright={brought}")
        assert (await before.get("/api/v1/me")).status_code == 401  # what was there before is over, and nobody's


class _Counting(Hasher):
    """Counts what takes time: hashes that are compared."""

    def __init__(self) -> None:
        super().__init__(memory_kib=64, rounds=1)
        self.compared = 0

    async def fits(self, kept: str, password: str) -> bool:
        self.compared += 1
        return await super().fits(kept, password)


async def test_how_long_it_takes_does_not_tell_who_is_there(database: Database, keyring: Keyring) -> None:
    hasher = _Counting()
    async with open_house(database, keyring, Clock(NOW), hasher=lambda: hasher) as house:
        anna = await house.first()
        await house.invite(anna, "bert@acme.example", "operator")
        left = (await anna.get("/api/v1/users")).json()["items"][1]["id"]
        assert (await anna.patch(f"/api/v1/users/{left}", json={"state": "disabled"})).status_code == 200
        browser = await house.browser()
        house.clock.pass_(600)
        for _ in range(FREE):
            await browser.post("/api/v1/login", json={"email": ANNA, "password": WRONG})  # shut now
        told = set()
        for email, more in (
            (ANNA, {}), ("nobody@acme.example", {}), ("bert@acme.example", {}), (ANNA, {"house": "other"}), ("", {}), ("a" * 254, {}),
        ):  # fmt: skip
            hasher.compared = 0
            answer = await browser.post("/api/v1/login", json={"email": email, "password": PASSWORD, **more})
            assert answer.status_code == 401, email
            told.add((hasher.compared, answer.text, tuple(sorted(answer.headers))))
        assert len(told) == 1, told
        assert next(iter(told))[0] == 1


async def test_what_somebody_may_not_stands_in_the_audit_log(house: House, caplog: pytest.LogCaptureFixture) -> None:
    anna = await house.first(everything=True)
    bert = await house.invite(anna, "bert@acme.example", "operator")

    async def refusals() -> list[dict[str, Any]]:
        return list((await anna.get("/api/v1/audit", params={"action": "access.refuse"})).json()["items"])

    for _ in range(3):
        assert (await bert.get("/api/v1/users")).status_code == 403
    assert (await bert.get("/api/v1/audit")).status_code == 403
    rows = await refusals()
    assert [(row["object"], row["detail"]) for row in rows] == [
        ("list_audit", {"wanted": "audit.read"}),
        ("list_users", {"wanted": "users.read"}),
    ]
    assert {row["user"] for row in rows} == {2}
    house.clock.pass_(AGAIN.total_seconds() + 1)
    assert (await bert.get("/api/v1/users")).status_code == 403
    assert len(await refusals()) == 3
    made = (await anna.post("/api/v1/tokens", json={"name": "CI", "scopes": ["users.read"], "days": 2})).json()
    program = await house.browser(Authorization=f"Bearer {made['token']}")
    assert (await program.get("/api/v1/me/sessions")).status_code == 403
    newest = (await refusals())[0]
    assert (newest["token"], newest["via"], newest["detail"]) == (made["id"], "token", {"wanted": "person"})
    assert (await anna.post("/api/v1/audit/verify")).json()["whole"] is True
    with caplog.at_level(logging.WARNING, "callwright.api.browser"):
        await anna.post("/api/v1/users%0aINFO forged", json={}, headers={"Origin": "https://evil.example"})
    assert "another page" in caplog.text
    assert "\nINFO forged" not in caplog.text
