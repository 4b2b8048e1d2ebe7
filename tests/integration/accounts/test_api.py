"""The door as a browser meets it: first start, sign-in, cookies, headers, other pages, users, tokens, papers, the audit log."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from callwright.accounts import totp
from callwright.accounts.papers import LARGEST, MOST
from callwright.accounts.sessions import ABSOLUTE, IDLE
from callwright.store.crypto import Keyring
from callwright.store.database import Database
from callwright.testing.accounts import PASSWORD, Clock, House, open_house

pytestmark = pytest.mark.anyio
sqlite_only = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

NOW = datetime(2026, 11, 26, 4, 0, tzinfo=UTC)
ANNA, OTHER = "anna@acme.example", "nine green kettles drift"
PDF, PNG = b"%PDF-1.7\n...", b"\x89PNG\r\n\x1a\n..."


@pytest.fixture
async def house(database: Database, keyring: Keyring) -> AsyncIterator[House]:
    async with open_house(database, keyring, Clock(NOW)) as opened:
        yield opened


def code(answer: httpx.Response) -> str:
    return str(answer.json()["code"])


async def test_from_the_first_start_to_a_colleague_at_work(house: House) -> None:
    anna = await house.first()
    me = (await anna.get("/api/v1/me")).json()
    assert (me["email"], me["tenant"]["slug"], me["roles"]) == (ANNA, "acme", ["administrator"])
    assert "users.manage" in me["permissions"]
    bert = await house.invite(anna, "bert@acme.example", "operator")
    assert (await bert.get("/api/v1/users")).status_code == 403
    rows = (await anna.get("/api/v1/users", params={"limit": 1})).json()
    assert [row["email"] for row in rows["items"]] == [ANNA]
    rows = (await anna.get("/api/v1/users", params={"cursor": rows["next"]})).json()
    assert [(row["email"], row["state"]) for row in rows["items"]] == [("bert@acme.example", "active")]
    user = rows["items"][0]["id"]
    changed = await anna.patch(f"/api/v1/users/{user}", json={"roles": ["auditor"]})
    assert changed.json()["roles"] == ["auditor"]
    assert (await bert.get("/api/v1/me")).status_code == 401  # his session was that of an operator
    assert (await house.log_in(bert, "bert@acme.example")).json()["roles"] == ["auditor"]
    told = (await bert.get("/api/v1/audit", params={"action": "user."})).json()["items"]
    assert [row["action"] for row in told] == [
        "user.change", "user.password", "user.invite", "user.add", "user.password", "user.add",
    ]  # fmt: skip
    assert (await bert.post("/api/v1/audit/verify")).json()["whole"] is True
    assert (await anna.delete(f"/api/v1/users/{user}")).status_code == 204
    assert (await bert.get("/api/v1/me")).status_code == 401
    assert (await anna.get("/api/v1/users/99")).status_code == 404


@sqlite_only
async def test_what_is_wrong_is_not_told(house: House) -> None:
    await house.first()
    browser = await house.browser()
    answers = [
        await house.log_in(browser, ANNA, OTHER), await house.log_in(browser, "nobody@acme.example"),
        await house.log_in(browser, ANNA, house="other"), await house.log_in(browser, "", ""),
    ]  # fmt: skip
    assert {(each.status_code, each.text) for each in answers} == {(401, answers[0].text)}
    assert not browser.cookies
    for email in (ANNA, "nobody@acme.example"):
        forgotten = await browser.post("/api/v1/password/forgotten", json={"email": email})
        assert (forgotten.status_code, forgotten.content) == (202, b"")


@sqlite_only
async def test_guessing_is_slowed_down(house: House) -> None:
    await house.first()
    browser = await house.browser()
    for email in (ANNA, "nobody@acme.example"):  # the same for those who are there and those who are not
        body = {"email": email, "password": OTHER}
        house.clock.pass_(600)
        statuses = [(await browser.post("/api/v1/login", json=body)).status_code for _ in range(12)]
        assert statuses == [401] * 10 + [429] * 2
    last = await browser.post("/api/v1/login", json=body)
    assert int(last.headers["retry-after"]) >= 1
    links = [(await browser.post("/api/v1/links/read", json={"link": "x"})).status_code for _ in range(25)]
    assert links[-1] == 429


@sqlite_only
async def test_sessions_end(house: House) -> None:
    anna = await house.first()
    before = anna.cookies["callwright"]
    await house.log_in(anna, ANNA)
    after = anna.cookies["callwright"]
    assert before != after
    old = await house.browser(Cookie=f"callwright={before}")
    assert (await old.get("/api/v1/me")).status_code == 401  # signing in again ended the one before
    for _ in range(3):
        house.clock.pass_(IDLE.total_seconds() - 60)
        assert (await anna.get("/api/v1/me")).status_code == 200
    house.clock.pass_(IDLE.total_seconds())
    assert (await anna.get("/api/v1/me")).status_code == 401
    await house.log_in(anna, ANNA)
    for _ in range(int(ABSOLUTE / IDLE) + 1):
        house.clock.pass_(IDLE.total_seconds() - 60)
        last = await anna.get("/api/v1/me")
    assert last.status_code == 401
    await house.log_in(anna, ANNA)
    elsewhere = await house.browser()
    await house.log_in(elsewhere, ANNA)
    rows = (await anna.get("/api/v1/me/sessions")).json()
    assert sorted(row["current"] for row in rows) == [False, True]
    other = next(row["id"] for row in rows if not row["current"])
    assert (await anna.delete(f"/api/v1/me/sessions/{other}")).status_code == 204
    assert (await elsewhere.get("/api/v1/me")).status_code == 401
    kept = anna.cookies["callwright"]
    assert (await anna.post("/api/v1/logout")).status_code == 204
    assert "callwright" not in anna.cookies
    again = await house.browser(Cookie=f"callwright={kept}")
    assert (await again.get("/api/v1/me")).status_code == 401


@sqlite_only
async def test_what_opens_the_account_is_changed_by_who_knows_the_password(house: House) -> None:
    anna = await house.first()
    elsewhere = await house.browser()
    await house.log_in(elsewhere, ANNA)
    wrong = await anna.post("/api/v1/me/password", json={"old": OTHER, "new": OTHER})
    assert (wrong.status_code, code(wrong)) == (401, "password")
    weak = await anna.post("/api/v1/me/password", json={"old": PASSWORD, "new": "password1234"})
    assert (weak.status_code, code(weak)) == (422, "password-common")
    before = anna.cookies["callwright"]
    assert (await anna.post("/api/v1/me/password", json={"old": PASSWORD, "new": OTHER})).status_code == 204
    assert anna.cookies["callwright"] != before
    assert (await anna.get("/api/v1/me")).status_code == 200
    assert (await elsewhere.get("/api/v1/me")).status_code == 401
    assert (await anna.post("/api/v1/me/totp", json={"password": PASSWORD})).status_code == 401
    begun = (await anna.post("/api/v1/me/totp", json={"password": OTHER})).json()
    secret = base64.b32decode(begun["secret"])
    assert code(await anna.post("/api/v1/me/totp/confirm", json={"code": "1"})) == "totp-code"
    done = await anna.post("/api/v1/me/totp/confirm", json={"code": totp.code_at(secret, house.clock())})
    assert len(done.json()["codes"]) == totp.RECOVERY_CODES
    assert (await anna.get("/api/v1/me")).json()["totp"] is True
    missing = await house.log_in(elsewhere, ANNA, OTHER)
    assert (missing.status_code, code(missing)) == (401, "totp")
    house.clock.pass_(60)
    good = await house.log_in(elsewhere, ANNA, OTHER, code=totp.code_at(secret, house.clock() + timedelta(seconds=120)))
    assert good.status_code == 200
    assert (await anna.post("/api/v1/me/totp/remove", json={"password": OTHER})).status_code == 204


@sqlite_only
async def test_a_house_may_ask_for_a_second_factor(house: House) -> None:
    anna = await house.first()
    assert (await anna.put("/api/v1/settings/sign-in", json={"totp_required": True})).status_code == 200
    await house.log_in(anna, ANNA)
    me = (await anna.get("/api/v1/me")).json()
    assert (me["totp_required"], me["permissions"]) == (True, [])
    assert (await anna.get("/api/v1/users")).status_code == 403
    begun = (await anna.post("/api/v1/me/totp", json={"password": PASSWORD})).json()
    secret = base64.b32decode(begun["secret"])
    await anna.post("/api/v1/me/totp/confirm", json={"code": totp.code_at(secret, house.clock())})
    assert (await anna.get("/api/v1/users")).status_code == 200


@sqlite_only
async def test_a_change_comes_from_our_own_page(house: House) -> None:
    anna = await house.first()
    cases = [
        {"X-Callwright": ""}, {"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"},
        {"Origin": "http://callwright.test.evil.example"}, {"Origin": "http://callwright.test:81"},
    ]  # fmt: skip
    for headers in cases:
        for path in ("/api/v1/me/sessions/end-others", "/api/v1/login", "/api/v1/logout", "/api/v1/setup"):
            answer = await anna.post(path, headers=headers, json={})
            assert (answer.status_code, code(answer)) == (403, "csrf"), headers
            assert "x-content-type-options" in answer.headers
    for headers in ({"Origin": "http://callwright.test"}, {"Sec-Fetch-Site": "same-origin"}, {}):
        assert (await anna.post("/api/v1/me/sessions/end-others", headers=headers)).status_code == 204
    asked = await anna.options(
        "/api/v1/me", headers={"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    )
    assert not [name for name in asked.headers if name.startswith("access-control")]


@sqlite_only
async def test_headers_and_cookies(house: House) -> None:
    anna = await house.first()
    for path in ("/", "/api/v1/me", "/api/v1/nothing", "/api/v1/openapi.json", "/login"):
        headers = (await anna.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "no-referrer"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "'unsafe-eval'" not in headers["content-security-policy"]
        assert "script-src 'self' 'unsafe-inline'" not in headers["content-security-policy"]
        assert "strict-transport-security" not in headers
        assert "server" not in headers
    assert (await anna.get("/api/v1/me")).headers["cache-control"] == "no-store"
    safe = await house.browser(base="https://callwright.test")
    answer = await house.log_in(safe, ANNA)
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-callwright=cws_1_")
    assert {"HttpOnly", "Secure", "SameSite=lax", "Path=/"} <= {part.strip() for part in cookie.split(";")}
    assert "Domain" not in cookie
    assert answer.headers["strict-transport-security"].startswith("max-age=")
    assert (await safe.get("/api/v1/me")).status_code == 200
    plain = (await house.log_in(anna, ANNA)).headers["set-cookie"]
    assert plain.startswith("callwright=")
    assert "HttpOnly" in plain


@sqlite_only
async def test_a_program_with_a_token(house: House) -> None:
    anna = await house.first()
    made = (await anna.post("/api/v1/tokens", json={"name": "CI", "scopes": ["users.read"], "days": 2})).json()
    assert made["token"].startswith("cw_")
    program = await house.browser(Authorization=f"Bearer {made['token']}")
    del program.headers["X-Callwright"]
    me = (await program.get("/api/v1/me")).json()
    assert (me["via"], me["permissions"], me["roles"]) == ("token", ["users.read"], [])
    assert (await program.get("/api/v1/users")).status_code == 200
    assert (await program.post("/api/v1/users", json={})).status_code == 403
    for method, path in (
        ("POST", "/api/v1/me/totp"), ("PATCH", "/api/v1/me"), ("GET", "/api/v1/me/sessions"), ("POST", "/api/v1/me/password"),
    ):  # fmt: skip
        body = {"password": PASSWORD} if path.endswith("totp") else {"old": PASSWORD, "new": OTHER}
        answer = await program.request(method, path, json={} if method == "PATCH" else body)
        assert code(answer) == "person-only", path
    beyond = await anna.post("/api/v1/tokens", json={"name": "x", "scopes": ["live.takeover"]})
    assert (beyond.status_code, code(beyond)) == (422, "bad-scope")
    rows = (await anna.get("/api/v1/tokens")).json()
    assert rows[0]["used_at"] is not None
    assert made["token"] not in str(rows)
    # a browser that also has a cookie is a program as soon as it says so: a wrong token does not fall back to the session
    assert (await anna.get("/api/v1/me", headers={"Authorization": "Bearer cw_1_x"})).status_code == 401
    assert (await anna.delete(f"/api/v1/tokens/{made['id']}")).status_code == 204
    assert (await program.get("/api/v1/users")).status_code == 401
    short = (await anna.post("/api/v1/tokens", json={"name": "CI", "scopes": ["users.read"], "days": 1})).json()[
        "token"
    ]
    program.headers["Authorization"] = f"Bearer {short}"
    assert (await program.get("/api/v1/users")).status_code == 200
    house.clock.pass_(86_400)
    assert (await program.get("/api/v1/users")).status_code == 401


async def test_papers_are_looked_at_by_somebody_else(house: House) -> None:
    anna = await house.first()
    bert = await house.invite(anna, "bert@acme.example", "administrator")
    new = {"name": "Acme Ltd", "registration": "91110000000000000A", "country": "CN"}
    which = (await anna.post("/api/v1/companies", json=new)).json()["id"]
    path = f"/api/v1/companies/{which}"
    until = {"accept": True, "until": (NOW + timedelta(days=365)).isoformat()}
    assert code(await bert.post(f"{path}/vetting", json=until)) == "no-papers"
    added = await anna.post(f"{path}/papers", files={"file": ("../../etc/licence.pdf", PDF, "text/html")})
    assert added.status_code == 201, added.text
    paper = added.json()["papers"][0]
    assert (paper["name"], paper["type"], paper["size"]) == ("licence.pdf", "application/pdf", len(PDF))
    assert code(await anna.post(f"{path}/vetting", json=until)) == "own-papers"
    assert (await bert.post(f"{path}/vetting", json={"accept": True})).status_code == 422
    vetted = (await bert.post(f"{path}/vetting", json=until)).json()
    assert (vetted["state"], vetted["vetted_by"]) == ("vetted", "bert")
    file = await bert.get(f"{path}/papers/{paper['sha256']}")
    assert file.content == PDF
    assert file.headers["content-type"] == "application/octet-stream"
    assert file.headers["content-disposition"].startswith("attachment")
    assert "sandbox" in file.headers["content-security-policy"]
    assert (await bert.get(f"{path}/papers/{'0' * 64}")).status_code == 404
    assert (await bert.post(f"{path}/vetting", json={"accept": False})).json()["state"] == "open"
    told = (await anna.get("/api/v1/audit", params={"kind": "company"})).json()["items"]
    actions = ["company.refuse", "company.paper-read", "company.vet", "company.paper", "company.add"]
    assert [row["action"] for row in told] == actions


@sqlite_only
async def test_limits_of_uploads(house: House) -> None:
    anna = await house.first()
    new = {"name": "Acme Ltd", "registration": "A1", "country": "CN"}
    path = f"/api/v1/companies/{(await anna.post('/api/v1/companies', json=new)).json()['id']}/papers"

    async def put(content: bytes, name: str = "a.pdf") -> httpx.Response:
        return await anna.post(path, files={"file": (name, content, "application/pdf")})

    for content in (b"", b"<html>", b"MZ\x90\x00", b"PK\x03\x04", b"%PDF", b" %PDF-1.7"):
        assert code(await put(content)) == "paper-kind"
    assert (await put(PDF + b" " * LARGEST)).status_code == 413
    assert (await put(PNG, "x" * 500 + "\r\n<script>")).status_code == 201
    assert code(await put(PNG)) == "paper-known"
    for n in range(MOST - 1):
        assert (await put(PDF + bytes([n]))).status_code == 201
    assert code(await put(PDF)) == "papers-many"


@sqlite_only
async def test_settings_of_a_house(house: House) -> None:
    anna = await house.first()
    assert (await anna.get("/api/v1/settings/retention")).json() == {
        "recordings": None,
        "transcripts": None,
        "audit": None,
    }
    days = {"recordings": 90, "transcripts": None, "audit": 730}
    assert (await anna.put("/api/v1/settings/retention", json=days)).json() == days
    assert (await anna.get("/api/v1/settings/retention")).json() == days
    assert (await anna.put("/api/v1/settings/retention", json={"recordings": 0})).status_code == 422
    assert (await anna.get("/api/v1/settings/oidc")).json() is None
    service = {
        "issuer": "https://login.acme.example",
        "client": "cw",
        "secret": "s3cret",
        "roles": {"staff": ["operator"]},
    }
    kept = (await anna.put("/api/v1/settings/oidc", json=service)).json()
    assert (kept["secret_kept"], kept["roles"]) == (True, {"staff": ["operator"]})
    again = (await anna.put("/api/v1/settings/oidc", json={**service, "secret": None})).json()
    assert again["secret_kept"] is True
    moved = (
        await anna.put("/api/v1/settings/oidc", json={**service, "issuer": "https://evil.example", "secret": None})
    ).json()
    assert moved["secret_kept"] is False  # a secret is not handed to another service
    for wrong in ("http://login.acme.example", "ftp://x", "nothing", "https://a.example/?x=1"):
        assert (await anna.put("/api/v1/settings/oidc", json={**service, "issuer": wrong})).status_code == 422
    assert "s3cret" not in (await anna.get("/api/v1/audit")).text
    assert (await anna.delete("/api/v1/settings/oidc")).status_code == 204
    assert (await anna.get("/api/v1/login/ways")).json() == {"ways": []}
