"""Routes of what a house decides about itself: sign-in, identity service, how long things are kept; and signing in by that service."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import httpx
from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import RedirectResponse

from callwright.accounts import oidc, oidc_users, signing_in, tenant_settings, tenants
from callwright.accounts.oidc import OidcError
from callwright.accounts.porter import by_https, give_cookie, porter_of
from callwright.accounts.roles import Permission
from callwright.accounts.tenant_settings import Oidc, Retention, SignIn
from callwright.accounts.users import roles_of
from callwright.http.fields import Secret
from callwright.http.here import Here, Outside, needs, open_to_all

__all__ = ["router"]

router = APIRouter()

COOKIE = "callwright-oidc"


class SignInRules(BaseModel):
    """How people sign in."""

    model_config = ConfigDict(extra="forbid")

    totp_required: bool = Field(description="whoever signs in with a password needs a second factor")


class RetentionDays(BaseModel):
    """For how many days things are kept; null = as long as nobody deletes them."""

    model_config = ConfigDict(extra="forbid")

    recordings: int | None = Field(None, ge=1, le=36_500)
    transcripts: int | None = Field(None, ge=1, le=36_500)
    audit: int | None = Field(None, ge=1, le=36_500)


class OidcTold(BaseModel):
    """The identity service, without its secret."""

    issuer: str
    client: str
    secret_kept: bool
    groups: str
    roles: dict[str, list[str]]
    invite: bool
    label: str


class OidcNew(BaseModel):
    """The identity service of the house."""

    model_config = ConfigDict(extra="forbid")

    issuer: str = Field(max_length=300, examples=["https://login.example.com/realms/acme"])
    client: str = Field(max_length=200)
    secret: Secret | None = Field(None, max_length=500, description="null = the one that is kept stays")
    groups: str = Field("groups", max_length=100, description="the claim that names somebody's groups")
    roles: dict[str, list[str]] = Field(default_factory=dict, description="roles that each group gives")
    invite: bool = Field(False, description="take in whoever a group gives a role")
    label: str = Field("", max_length=60, description="what the button says")


class Way(BaseModel):
    """A way of signing in besides the password."""

    house: str
    label: str


class Ways(BaseModel):
    """Those there are."""

    ways: list[Way]


@router.get("/settings/sign-in")
async def read_sign_in(here: Annotated[Here, needs(Permission.SETTINGS_MANAGE)]) -> SignInRules:
    """How people sign in."""
    async with here.reading() as scope:
        return SignInRules(totp_required=(await tenant_settings.sign_in(scope)).totp_required)


@router.put("/settings/sign-in")
async def keep_sign_in(body: SignInRules, here: Annotated[Here, needs(Permission.SETTINGS_MANAGE)]) -> SignInRules:
    """Decide how people sign in."""
    async with here.keyed() as (scope, keys):
        await tenant_settings.keep_sign_in(scope, keys, here.viewer, SignIn(body.totp_required), here.now())
    return body


@router.get("/settings/retention")
async def read_retention(here: Annotated[Here, needs(Permission.SETTINGS_MANAGE)]) -> RetentionDays:
    """How long things are kept."""
    async with here.reading() as scope:
        chosen = await tenant_settings.retention(scope)
    return RetentionDays(recordings=chosen.recordings, transcripts=chosen.transcripts, audit=chosen.audit)


@router.put("/settings/retention")
async def keep_retention(
    body: RetentionDays, here: Annotated[Here, needs(Permission.SETTINGS_MANAGE)]
) -> RetentionDays:
    """Decide how long things are kept. What is older is deleted by the nightly job; there is no way back."""
    chosen = Retention(body.recordings, body.transcripts, body.audit)
    async with here.keyed() as (scope, keys):
        await tenant_settings.keep_retention(scope, keys, here.viewer, chosen, here.now())
    return body


@router.get("/settings/oidc")
async def read_oidc(here: Annotated[Here, needs(Permission.SETTINGS_MANAGE)]) -> OidcTold | None:
    """The identity service; null = there is none."""
    async with here.scope() as scope:
        chosen = await tenant_settings.oidc(scope, await here.keys(scope))
    return _told(chosen) if chosen else None


@router.put("/settings/oidc")
async def keep_oidc(body: OidcNew, here: Annotated[Here, needs(Permission.SETTINGS_MANAGE)]) -> OidcTold:
    """Let people sign in through an identity service."""
    roles = {group: tuple(sorted(roles_of(names))) for group, names in body.roles.items()}
    secret = body.secret.get_secret_value() if body.secret is not None else ""
    chosen = Oidc(body.issuer, body.client, secret, body.groups, roles, body.invite, body.label)
    async with here.keyed() as (scope, keys):
        stays = body.secret is None
        await tenant_settings.keep_oidc(scope, keys, here.viewer, chosen, here.now(), secret_stays=stays)
        kept = await tenant_settings.oidc(scope, keys)
    assert kept is not None
    return _told(kept)


@router.delete("/settings/oidc", status_code=204)
async def drop_oidc(here: Annotated[Here, needs(Permission.SETTINGS_MANAGE)]) -> Response:
    """Let nobody sign in through an identity service any more."""
    async with here.keyed() as (scope, keys):
        await tenant_settings.keep_oidc(scope, keys, here.viewer, None, here.now())
    return Response(status_code=204)


@router.get("/login/ways")
async def list_ways(outside: Annotated[Outside, open_to_all], house: Annotated[str, Query(max_length=64)] = "") -> Ways:
    """How one may sign in to a house besides the password; without a name, to the only one there is."""
    porter_of(outside).knock(outside.request)
    found = await tenants.named(outside.kept.database, house)
    if found is None:
        return Ways(ways=[])
    async with outside.kept.database.reading(found.id) as scope:
        chosen = await tenant_settings.oidc(scope, await outside.kept.keyring.tenant(scope))
    return Ways(ways=[Way(house=found.slug, label=chosen.label)] if chosen else [])


@router.get("/oidc/start", status_code=303, response_class=RedirectResponse)
async def start_oidc(
    outside: Annotated[Outside, open_to_all],
    house: Annotated[str, Query(max_length=64)] = "",
    following: Annotated[str, Query(alias="next", max_length=300)] = "/",
) -> RedirectResponse:
    """Go to the identity service of a house."""
    porter_of(outside).knock(outside.request)
    found = await tenants.named(outside.kept.database, house)
    if found is None:
        return _back(outside.request, "oidc-none")
    async with outside.kept.database.reading(found.id) as scope:
        keys = await outside.kept.keyring.tenant(scope)
        chosen = await tenant_settings.oidc(scope, keys)
    if chosen is None:
        return _back(outside.request, "oidc-none")
    back = f"{outside.settings.public_url or str(outside.request.base_url).rstrip('/')}/api/v1/oidc/callback"
    try:
        async with _client() as client:
            where, kept = await oidc.begin(client, chosen, keys, back, _local(following), outside.now())
    except OidcError:
        return _back(outside.request, "oidc-unreachable")
    answer = RedirectResponse(where, 303)
    answer.set_cookie(
        COOKIE, f"{found.id}.{kept}", max_age=int(oidc.HOLDS.total_seconds()), path="/api/v1/oidc",
        secure=by_https(outside.request), httponly=True, samesite="lax",
    )  # fmt: skip
    return answer


@router.get("/oidc/callback", status_code=303, response_class=RedirectResponse)
async def finish_oidc(
    outside: Annotated[Outside, open_to_all],
    state: Annotated[str, Query(max_length=200)] = "",
    code: Annotated[str, Query(max_length=2000)] = "",
    iss: Annotated[str, Query(max_length=300)] = "",
) -> RedirectResponse:
    """Come back from the identity service, and be signed in."""
    porter_of(outside).knock(outside.request)
    request, kept, now = outside.request, outside.kept, outside.now()
    which, sealed = _cookie(request)
    if not which or not code:
        return _back(request, "oidc-refused")
    if (await tenants.numbered(kept.database, which)) is None:
        return _back(request, "oidc-refused")
    async with kept.database.reading(which) as scope:
        keys = await kept.keyring.tenant(scope)
        chosen = await tenant_settings.oidc(scope, keys)
    if chosen is None:
        return _back(request, "oidc-none")
    try:
        async with _client() as client:
            identity, following = await oidc.finish(client, chosen, keys, sealed, state, code, iss, now)
        user = await oidc_users.settle(kept.database, kept.keyring, which, chosen, identity, now)
    except OidcError as error:
        await oidc_users.tell(kept.database, kept.keyring, which, str(error), now)
        return _back(request, "oidc-refused")
    answer = RedirectResponse(_local(following), 303)
    async with kept.database.scope(which) as scope:
        agent, address = request.headers.get("user-agent", ""), request.client.host if request.client else ""
        door = await signing_in.enter(scope, keys, user, "oidc", agent, address, now)
    give_cookie(request, answer, door)
    answer.delete_cookie(COOKIE, path="/api/v1/oidc")
    return answer


def _told(chosen: Oidc) -> OidcTold:
    roles = {group: sorted(role.value for role in given) for group, given in chosen.roles.items()}
    return OidcTold(
        issuer=chosen.issuer, client=chosen.client, secret_kept=bool(chosen.secret), groups=chosen.groups, roles=roles,
        invite=chosen.invite, label=chosen.label,
    )  # fmt: skip


def _local(following: str) -> str:
    """A path of our own, whatever was asked for: no open redirect."""
    plain = following.startswith("/") and not following.startswith(("//", "/\\")) and following.isprintable()
    return following if plain and "\\" not in following else "/"


def _back(request: Request, why: str) -> RedirectResponse:
    answer = RedirectResponse(f"/login?problem={why}", 303)
    answer.delete_cookie(COOKIE, path="/api/v1/oidc")
    return answer


def _cookie(request: Request) -> tuple[int, str]:
    which, _, sealed = request.cookies.get(COOKIE, "").partition(".")
    if not (which.isascii() and which.isdigit() and len(which) < 19) or len(sealed) > 3000:
        return 0, ""
    try:
        base64.urlsafe_b64decode(sealed)
    except ValueError:
        return 0, ""
    return int(which), sealed


@asynccontextmanager
async def _client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient() as client:
        yield client
