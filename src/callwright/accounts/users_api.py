"""Routes of users, roles and API tokens."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from callwright import audit
from callwright.accounts import api_tokens, inviting, letters, sessions, signing_in, users
from callwright.accounts.api import house_of, person
from callwright.accounts.doors import Door
from callwright.accounts.roles import MATRIX, Permission, Role
from callwright.errors import InputError
from callwright.http.here import Here, any_viewer, needs
from callwright.http.paging import Page, Paging
from callwright.http.problems import absent

__all__ = ["found", "router"]

router = APIRouter()

Id = Annotated[int, Field(ge=1, lt=2**63)]


class UserRow(BaseModel):
    """Somebody who works here."""

    id: int
    email: str
    name: str
    language: str
    roles: list[str]
    state: str = Field(description="invited, active or disabled")
    totp: bool
    oidc: bool
    locked_until: datetime | None
    created_at: datetime
    signed_in_at: datetime | None


class UserNew(BaseModel):
    """Somebody new."""

    model_config = ConfigDict(extra="forbid")

    email: str = Field(max_length=254, examples=["bert@example.com"])
    name: str = Field(max_length=100, examples=["Bert"])
    roles: list[str] = Field(max_length=20, examples=[["operator"]])
    language: str = Field("en", max_length=8, examples=["en", "zh-CN"])


class UserChange(BaseModel):
    """What is given changes."""

    model_config = ConfigDict(extra="forbid")

    name: str | None = Field(None, max_length=100)
    language: str | None = Field(None, max_length=8)
    roles: list[str] | None = Field(None, max_length=20)
    state: str | None = Field(None, max_length=16, description="active or disabled")


class LinkMade(BaseModel):
    """A one-time link, shown once: hand it over yourself when it was not mailed."""

    user: int
    path: str = Field(examples=["/join#cwl_1_..."])
    mailed: bool


class RoleRow(BaseModel):
    """What a role may."""

    role: str
    permissions: list[str]


class TokenRow(BaseModel):
    """A token, without what it opens with."""

    id: int
    name: str
    hint: str
    scopes: list[str]
    user: int
    maker: str
    created_at: datetime
    ends_at: datetime | None
    used_at: datetime | None
    revoked_at: datetime | None


class TokenNew(BaseModel):
    """A new token: at most what its maker may."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(max_length=100, examples=["import of leads"])
    scopes: list[str] = Field(max_length=100, examples=[["lists.write"]])
    days: int = Field(90, ge=1, le=366)


class TokenMade(BaseModel):
    """A new token with its text, which is shown now and never again."""

    id: int
    token: str = Field(examples=["cw_1_..."])


@router.get("/users")
async def list_users(
    here: Annotated[Here, needs(Permission.USERS_READ)], page: Annotated[Paging, Query()]
) -> Page[UserRow]:
    """Everybody who works here."""
    last = page.after(int)
    async with here.reading() as scope:
        rows = await users.listed(scope, after=last[0] if last else 0, most=page.limit + 1)
    return Page.of(rows, page, _row, key=lambda user: (user.id,))


@router.post("/users", status_code=201)
async def invite_user(body: UserNew, here: Annotated[Here, needs(Permission.USERS_MANAGE)]) -> LinkMade:
    """Invite somebody: the answer holds the link by which they choose their password."""
    which, door = await inviting.invite(
        here.kept.database, here.kept.keyring, here.viewer, body.email, body.name, body.roles, body.language, here.now()
    )
    return await _handed(here, which, door, "invite")


@router.get("/users/{user}")
async def read_user(user: Id, here: Annotated[Here, needs(Permission.USERS_READ)]) -> UserRow:
    """One user."""
    async with here.reading() as scope:
        with found():
            return _row(await users.find(scope, user))


@router.patch("/users/{user}")
async def change_user(user: Id, body: UserChange, here: Annotated[Here, needs(Permission.USERS_MANAGE)]) -> UserRow:
    """Change a user. Other roles or another state end their sessions."""
    async with here.keyed() as (scope, keys):
        with found():
            changed = await users.change(
                scope, keys, here.viewer, user, here.now(), name=body.name, language=body.language, roles=body.roles,
                state=body.state,
            )  # fmt: skip
    return _row(changed)


@router.delete("/users/{user}", status_code=204)
async def erase_user(user: Id, here: Annotated[Here, needs(Permission.USERS_MANAGE)]) -> Response:
    """Erase somebody who left: their name and address go, their number stays in the audit log."""
    with found():
        await inviting.erase(here.kept.database, here.kept.keyring, here.viewer, user, here.now())
    return Response(status_code=204)


@router.post("/users/{user}/link", status_code=201)
async def make_link(user: Id, here: Annotated[Here, needs(Permission.USERS_MANAGE)]) -> LinkMade:
    """A new link: of the invitation, or for a new password. Earlier ones work no more."""
    async with here.keyed() as (scope, keys):
        with found():
            purpose = "invite" if (await users.find(scope, user)).state == "invited" else "reset"
            door = await users.link_for(scope, keys, here.viewer, user, here.now(), purpose=purpose)
    return await _handed(here, user, door, purpose)


@router.delete("/users/{user}/totp", status_code=204)
async def remove_user_totp(user: Id, here: Annotated[Here, needs(Permission.USERS_MANAGE)]) -> Response:
    """Take away the second factor of somebody who lost their telephone. Their sessions end."""
    async with here.keyed() as (scope, keys):
        with found():
            await signing_in.drop_totp(scope, keys, here.viewer, user, here.now())
    return Response(status_code=204)


@router.delete("/users/{user}/sessions", status_code=204)
async def end_user_sessions(user: Id, here: Annotated[Here, needs(Permission.USERS_MANAGE)]) -> Response:
    """End all sessions of somebody."""
    async with here.keyed() as (scope, keys):
        with found():
            await users.find(scope, user)
        ended = await sessions.end_all(scope, user)
        await audit.note(scope, keys, here.viewer, "session.end", ("user", user), {"sessions": ended}, now=here.now())
    return Response(status_code=204)


@router.get("/roles")
async def list_roles(here: Annotated[Here, any_viewer]) -> list[RoleRow]:
    """What each role may."""
    return [RoleRow(role=role.value, permissions=sorted(one.value for one in MATRIX[role])) for role in Role]


@router.get("/tokens")
async def list_tokens(here: Annotated[Here, needs(Permission.TOKENS_MANAGE)]) -> list[TokenRow]:
    """All API tokens."""
    async with here.reading() as scope:
        tokens = await api_tokens.listed(scope)
    return [
        TokenRow(
            id=one.id, name=one.name, hint=one.hint, scopes=sorted(each.value for each in one.scopes), user=one.user,
            maker=one.maker, created_at=one.created_at, ends_at=one.ends_at, used_at=one.used_at, revoked_at=one.revoked_at,
        )
        for one in tokens
    ]  # fmt: skip


@router.post("/tokens", status_code=201)
async def make_token(body: TokenNew, here: Annotated[Here, needs(Permission.TOKENS_MANAGE)]) -> TokenMade:
    """Make a token for a program. Its text is shown in this answer only."""
    person(here)
    async with here.keyed() as (scope, keys):
        await users.find(scope, person(here))
        which, door = await api_tokens.add(scope, keys, here.viewer, body.name, body.scopes, here.now(), days=body.days)
    return TokenMade(id=which, token=door.text)


@router.delete("/tokens/{token}", status_code=204)
async def revoke_token(token: Id, here: Annotated[Here, needs(Permission.TOKENS_MANAGE)]) -> Response:
    """Revoke a token: it opens nothing from now on."""
    async with here.keyed() as (scope, keys):
        with found():
            await api_tokens.revoke(scope, keys, here.viewer, token, here.now())
    return Response(status_code=204)


@contextmanager
def found() -> Iterator[None]:
    """What is not there is 404, not 422.

    Raises:
        ApiError: 404.
    """
    try:
        yield
    except InputError as error:
        code = error.problems[0].code
        if code.startswith("unknown-"):
            raise absent(code.removeprefix("unknown-")) from None
        raise


async def _handed(here: Here, which: int, door: Door, purpose: str) -> LinkMade:
    async with here.reading() as scope:
        user, house = await users.find(scope, which), await house_of(scope)
    mailed = await letters.send(user, house.name, door, purpose, here.settings)
    return LinkMade(user=which, path=letters.path_of(door), mailed=mailed)


def _row(user: users.User) -> UserRow:
    return UserRow(
        id=user.id, email=user.email, name=user.name, language=user.language, roles=sorted(role.value for role in user.roles),
        state=user.state, totp=user.totp, oidc=user.oidc, locked_until=user.locked_until, created_at=user.created_at,
        signed_in_at=user.signed_in_at,
    )  # fmt: skip
