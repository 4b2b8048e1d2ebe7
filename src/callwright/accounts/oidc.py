"""Signing in through the identity service of the house: OpenID Connect Core 1.0, authorization code with PKCE (RFC 7636), state and nonce.

`begin` says where the browser goes and what it must bring back (sealed, in a cookie); `finish` takes the code, asks the service for the ID token
and looks at everything it says. Which algorithms sign is our choice, never the token's.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from callwright.accounts.doors import same
from callwright.accounts.tenant_settings import Oidc
from callwright.errors import CallwrightError, DamagedError
from callwright.store.crypto import TenantKeys

__all__ = ["HOLDS", "Identity", "OidcError", "begin", "finish"]

HOLDS = timedelta(minutes=10)
"""How long somebody may take at the identity service."""

_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"]
_CONTEXT = "cookie.oidc"
_LARGEST = 1 << 20
_LEEWAY_S = 60
_TIMEOUT_S = 10.0


class OidcError(CallwrightError):
    """The identity service did not vouch for anybody; says why, for the log and for who set it up. Nothing of a token stands in it."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom the service vouches for. subject: `ISSUER|SUB`, which never changes; email: "" = none that it verified."""

    subject: str
    email: str
    name: str
    groups: object


async def begin(
    client: httpx.AsyncClient, chosen: Oidc, keys: TenantKeys, back: str, following: str, now: datetime
) -> tuple[str, str]:
    """Where the browser goes, and what it keeps meanwhile. back: our own address for the answer; following: where to go in the end.

    Raises:
        OidcError: the service cannot be reached, or does not say where.
    """
    said = await _discover(client, chosen)
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    kept = {
        "state": state,
        "nonce": nonce,
        "verifier": verifier,
        "next": following,
        "back": back,
        "ends": (now + HOLDS).timestamp(),
    }
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    asked = {
        "response_type": "code", "client_id": chosen.client, "redirect_uri": back, "scope": "openid profile email", "state": state,
        "nonce": nonce, "code_challenge": challenge, "code_challenge_method": "S256",
    }  # fmt: skip
    where = _endpoint(said, "authorization_endpoint")
    joint = "&" if urlsplit(where).query else "?"
    sealed = base64.urlsafe_b64encode(keys.seal(json.dumps(kept), _CONTEXT)).decode()
    return f"{where}{joint}{urlencode(asked)}", sealed


async def finish(
    client: httpx.AsyncClient,
    chosen: Oidc,
    keys: TenantKeys,
    kept: str,
    state: str,
    code: str,
    issuer: str,
    now: datetime,
) -> tuple[Identity, str]:
    """Whom the service vouches for, and where to go now. kept: what the browser kept; issuer: as the answer names it, "" = it does not
    (RFC 9207).

    Raises:
        OidcError: it is no answer to what we asked, or the service vouches for nobody.
    """
    asked = _unsealed(keys, kept)
    if asked["ends"] <= now.timestamp() or not same(asked["state"], state):
        raise OidcError("the answer of the identity service is to no question that this browser asked")
    if issuer and issuer != chosen.issuer:
        raise OidcError("the answer names another issuer than the one that was asked")
    said = await _discover(client, chosen)
    form = {
        "grant_type": "authorization_code", "code": code, "redirect_uri": asked["back"], "code_verifier": asked["verifier"],
        "client_id": chosen.client,
    }  # fmt: skip
    auth = httpx.BasicAuth(chosen.client, chosen.secret) if chosen.secret else None
    answer = await _json(client, "POST", _endpoint(said, "token_endpoint"), data=form, auth=auth)
    keyset = await _json(client, "GET", _endpoint(said, "jwks_uri"))
    claims = _claims(chosen, str(answer.get("id_token", "")), keyset, asked["nonce"], now)
    email = str(claims.get("email", "")).strip().lower() if claims.get("email_verified") is True else ""
    name = str(claims.get("name") or claims.get("preferred_username") or email.partition("@")[0] or "?")
    return Identity(f"{chosen.issuer}|{claims['sub']}", email, name[:100], claims.get(chosen.groups)), str(
        asked["next"]
    )


def _claims(chosen: Oidc, token: str, keyset: dict[str, Any], nonce: str, now: datetime) -> dict[str, Any]:
    """OpenID Connect Core 1.0, 3.1.3.7."""
    wanted: Any = {
        "iss": {"essential": True, "value": chosen.issuer}, "aud": {"essential": True, "value": chosen.client},
        "exp": {"essential": True}, "iat": {"essential": True}, "sub": {"essential": True}, "nonce": {"essential": True, "value": nonce},
    }  # fmt: skip
    try:
        keys = KeySet.import_key_set(keyset)  # type: ignore[arg-type]
        decoded = jwt.decode(token, keys, algorithms=_ALGORITHMS)
        jwt.JWTClaimsRegistry(now=int(now.timestamp()), leeway=_LEEWAY_S, **wanted).validate(decoded.claims)
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise OidcError(f"its ID token does not hold: {type(error).__name__}") from None
    claims = dict(decoded.claims)
    audience = claims["aud"]
    if isinstance(audience, list) and len(audience) > 1 and claims.get("azp") != chosen.client:
        raise OidcError("its ID token was made for somebody else")
    if not isinstance(claims["sub"], str) or not 1 <= len(claims["sub"]) <= 200:
        raise OidcError("its ID token names nobody")
    return claims


async def _discover(client: httpx.AsyncClient, chosen: Oidc) -> dict[str, Any]:
    """OpenID Connect Discovery 1.0, 4."""
    said = await _json(client, "GET", f"{chosen.issuer.rstrip('/')}/.well-known/openid-configuration")
    if said.get("issuer") != chosen.issuer:
        raise OidcError("the identity service calls itself another issuer than the one that was set")
    return said


def _endpoint(said: dict[str, Any], name: str) -> str:
    where = said.get(name)
    parts = urlsplit(where) if isinstance(where, str) else None
    local = parts is not None and parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost", "::1")
    if parts is None or not (parts.scheme == "https" or local):
        raise OidcError(f"the identity service names no {name} that can be trusted")
    return str(where)


async def _json(client: httpx.AsyncClient, method: str, where: str, **more: Any) -> dict[str, Any]:
    try:
        async with client.stream(method, where, timeout=_TIMEOUT_S, follow_redirects=False, **more) as answer:
            body = b""
            async for part in answer.aiter_bytes():
                body += part
                if len(body) > _LARGEST:
                    raise OidcError("the answer of the identity service is too long")
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise OidcError(f"the identity service cannot be reached: {type(error).__name__}") from None
    if answer.status_code != 200:
        raise OidcError(f"the identity service answers with {answer.status_code}")
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        raise OidcError("the identity service answers with something that is no JSON object")
    return said


def _unsealed(keys: TenantKeys, kept: str) -> dict[str, Any]:
    try:
        return dict(json.loads(keys.open(base64.urlsafe_b64decode(kept), _CONTEXT)))
    except (ValueError, DamagedError):
        raise OidcError("this browser did not ask the identity service anything") from None
