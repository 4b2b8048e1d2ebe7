"""Signing in through an identity service, over real HTTP with tokens that are really signed; and every way in which they must not hold."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from joserfc.jwk import ECKey, OctKey

from callwright.store.crypto import Keyring
from callwright.store.database import Database
from callwright.testing.accounts import Clock, House, open_house
from callwright.testing.oidc_service import OidcService

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)]

NOW = datetime(2026, 11, 26, 4, 0, tzinfo=UTC)
BERT = {
    "sub": "17",
    "email": "bert@acme.example",
    "email_verified": True,
    "name": "Bert",
    "groups": ["staff", "others"],
}


class Rig:
    """A house with its identity service."""

    def __init__(self, house: House, service: OidcService, anna: httpx.AsyncClient) -> None:
        self.house, self.service, self.anna = house, service, anna

    async def choose(self, **more: Any) -> None:
        body = {
            "issuer": self.service.issuer,
            "client": "cw",
            "secret": "s3cret",
            "roles": {"staff": ["operator"]},
            "invite": True,
            **more,
        }
        assert (await self.anna.put("/api/v1/settings/oidc", json=body)).status_code == 200

    async def go(self, browser: httpx.AsyncClient, following: str = "/tasks", **changed: str) -> httpx.Response:
        """There and back."""
        self.house.clock.pass_(60)
        start = await browser.get("/api/v1/oidc/start", params={"house": "acme", "next": following})
        assert start.status_code == 303
        if start.headers["location"].startswith("/login"):
            return start
        brought = self.service.visit(start.headers["location"]) | changed
        return await browser.get("/api/v1/oidc/callback", params=brought)

    async def why(self) -> str:
        """Why somebody was not let in, as the audit log tells it."""
        row = (await self.anna.get("/api/v1/audit", params={"action": "session.refuse"})).json()["items"][0]
        return str(row["detail"]["why"])


@pytest.fixture
async def rig(database: Database, keyring: Keyring) -> AsyncIterator[Rig]:
    async with open_house(database, keyring, Clock(NOW)) as house, OidcService.open() as service:
        service.clock, service.secret, service.who = lambda: house.clock().timestamp(), "s3cret", dict(BERT)
        made = Rig(house, service, await house.first())
        await made.choose()
        yield made


async def test_somebody_new_comes_in_with_the_roles_of_their_groups(rig: Rig) -> None:
    browser = await rig.house.browser()
    done = await rig.go(browser)
    assert (done.status_code, done.headers["location"]) == (303, "/tasks")
    me = (await browser.get("/api/v1/me")).json()
    assert (me["email"], me["roles"], me["password"]) == ("bert@acme.example", ["operator"], False)
    rig.service.who |= {"email": "other@acme.example"}  # the subject is who they are, whatever their address is now
    await rig.go(browser)
    assert (await browser.get("/api/v1/me")).json()["id"] == me["id"]
    await rig.choose(roles={"staff": ["auditor"]})
    await rig.go(browser)
    assert (await browser.get("/api/v1/me")).json()["roles"] == ["auditor"]
    await rig.anna.patch(f"/api/v1/users/{me['id']}", json={"state": "disabled"})
    assert (await rig.go(browser)).headers["location"] == "/login?problem=oidc-refused"
    assert "disabled" in await rig.why()


async def test_somebody_who_is_known_is_found_by_the_address_that_was_verified(rig: Rig) -> None:
    rig.service.who |= {"email": "Anna@acme.example"}
    await rig.choose(roles={}, invite=False)
    browser = await rig.house.browser()
    await rig.go(browser)
    assert (await browser.get("/api/v1/me")).json()["roles"] == ["administrator"]
    rig.service.who |= {"sub": "18"}
    assert (await rig.go(await rig.house.browser())).headers["location"] == "/login?problem=oidc-refused"
    rig.service.who |= {"sub": "19", "email_verified": False}
    assert (await rig.go(await rig.house.browser())).headers["location"] == "/login?problem=oidc-refused"
    assert "verified" in await rig.why()
    rig.service.who |= {"sub": "20", "email_verified": True, "email": "nobody@acme.example"}
    assert (await rig.go(await rig.house.browser())).headers["location"] == "/login?problem=oidc-refused"


WRONG: dict[str, dict[str, Any]] = {
    "issuer": {"iss": "https://evil.example"}, "audience": {"aud": "somebody"}, "audiences": {"aud": ["cw", "somebody"]},
    "nonce": {"nonce": "x"}, "no nonce": {"nonce": None}, "over": {"exp": int(NOW.timestamp()) - 3600}, "nobody": {"sub": ""},
    "no end": {"exp": None},
}  # fmt: skip


async def test_a_token_that_does_not_hold_lets_nobody_in(rig: Rig) -> None:
    for what in (*WRONG, "other key", "none", "our own secret"):
        rig.service.wrong = WRONG.get(what, {})
        if what == "other key":
            rig.service.signs = ECKey.generate_key("P-256", {"kid": "one"}, private=True)
        elif what == "none":
            rig.service.algorithm = "none"
        elif what == "our own secret":  # a public key taken for an HMAC secret
            rig.service.signs, rig.service.algorithm = OctKey.import_key("s3cret" * 8), "HS256"
        browser = await rig.house.browser()
        assert (await rig.go(browser)).headers["location"] == "/login?problem=oidc-refused", what
        assert (await browser.get("/api/v1/me")).status_code == 401
        assert "ID token" in await rig.why(), what


async def test_an_answer_that_belongs_to_no_question(rig: Rig) -> None:
    browser = await rig.house.browser()
    for changed in ({"state": "x"}, {"code": "x"}, {"iss": "https://evil.example"}):
        assert (await rig.go(browser, **changed)).headers["location"] == "/login?problem=oidc-refused", changed
    start = await browser.get("/api/v1/oidc/start", params={"house": "acme"})
    brought = rig.service.visit(start.headers["location"])
    stranger = await rig.house.browser()  # login CSRF: somebody else's code in this browser
    assert (await stranger.get("/api/v1/oidc/callback", params=brought)).headers[
        "location"
    ] == "/login?problem=oidc-refused"
    rig.house.clock.pass_(601)
    assert (await browser.get("/api/v1/oidc/callback", params=brought)).headers[
        "location"
    ] == "/login?problem=oidc-refused"
    rig.service.secret = "another"
    assert (await rig.go(browser)).headers["location"] == "/login?problem=oidc-refused"
    rig.service.secret = "s3cret"
    rig.service.said = {"issuer": "https://evil.example"}
    assert (await rig.go(browser)).headers["location"] == "/login?problem=oidc-unreachable"
    rig.service.said = {"token_endpoint": "http://evil.example/token"}
    assert (await rig.go(browser)).headers["location"] == "/login?problem=oidc-refused"


async def test_nobody_is_sent_elsewhere_afterwards(rig: Rig) -> None:
    for following in ("//evil.example", "https://evil.example", "/\\evil.example", "/a\\b", "tasks", "/\nx"):
        assert (await rig.go(await rig.house.browser(), following)).headers["location"] == "/", following
