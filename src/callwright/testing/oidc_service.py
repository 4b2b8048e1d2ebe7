"""An identity service for tests: OpenID Connect over real HTTP, with ID tokens that a real key signs. It lets in whomever it is told to.

async with OidcService.open() as service:
    service.who = {"sub": "17", "email": "anna@acme.example", "email_verified": True, "groups": ["staff"]}
    code = service.visit(location)           # what a browser would bring back
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

from fastapi import FastAPI, Request
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey, RSAKey
from starlette.responses import JSONResponse

from callwright.testing.console import listening

__all__ = ["OidcService"]

Key = RSAKey | ECKey | OctKey


class OidcService:
    """issuer: its address; who: claims of whoever signs in; wrong: claims that differ from what they should be; key, algorithm: what signs,
    when it is not what the service says."""

    def __init__(self) -> None:
        self.issuer = ""
        self.who: dict[str, Any] = {"sub": "17"}
        self.wrong: dict[str, Any] = {}
        self.clock: Any = time.time
        self.key: Key = ECKey.generate_key("P-256", {"kid": "one", "use": "sig"}, private=True)
        self.signs: Key | None = None
        self.algorithm = "ES256"
        self.said: dict[str, Any] = {}
        self.secret = ""
        self._codes: dict[str, dict[str, str]] = {}

    @classmethod
    @asynccontextmanager
    async def open(cls) -> AsyncIterator[OidcService]:
        """On a free port of loopback."""
        service = cls()
        app = FastAPI()
        app.get("/.well-known/openid-configuration")(service._discovery)
        app.get("/keys")(service._keys)
        app.post("/token")(service._token)
        async with listening(app) as address:
            service.issuer = address
            yield service

    def visit(self, location: str) -> dict[str, str]:
        """What the browser brings back from there: `code` and `state`. Somebody signs in."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
        code = secrets.token_urlsafe(16)
        self._codes[code] = asked
        return {"code": code, "state": asked["state"], "iss": self.issuer}

    async def _discovery(self) -> dict[str, Any]:
        where = {"authorization_endpoint": "/authorize", "token_endpoint": "/token", "jwks_uri": "/keys"}
        return {"issuer": self.issuer, **{name: self.issuer + path for name, path in where.items()}, **self.said}

    async def _keys(self) -> dict[str, Any]:
        return dict(KeySet([self.key]).as_dict(private=False))

    async def _token(self, request: Request) -> JSONResponse:
        form = {name: str(value) for name, value in (await request.form()).items()}
        asked = self._codes.pop(form.get("code", ""), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        if asked is None or challenge != asked["code_challenge"] or form.get("redirect_uri") != asked["redirect_uri"]:
            return JSONResponse({"error": "invalid_grant"}, 400)
        expected = base64.b64encode(f"{asked['client_id']}:{self.secret}".encode()).decode()
        if self.secret and request.headers.get("authorization") != f"Basic {expected}":
            return JSONResponse({"error": "invalid_client"}, 401)
        now = int(self.clock())
        claims = {
            "iss": self.issuer, "aud": asked["client_id"], "iat": now, "exp": now + 300, "nonce": asked["nonce"], **self.who,
            **self.wrong,
        }  # fmt: skip
        header = {"alg": self.algorithm, "kid": "one"}
        if self.algorithm == "none":
            parts = (str(header).replace("'", '"'), str(claims).replace("'", '"').replace("True", "true"))
            token = ".".join(base64.urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in parts) + "."
        else:
            token = jwt.encode(header, claims, self.signs or self.key, algorithms=[self.algorithm])
        return JSONResponse({"access_token": "x", "token_type": "Bearer", "id_token": token})
