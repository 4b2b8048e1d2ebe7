"""Routes of strangers and of one's own account: first start, sign-in, links; who I am, password, second factor, sessions."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, BackgroundTasks, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select

from callwright import audit
from callwright.accounts import doors, letters, sessions, setup, signing_in, tenant_settings, users
from callwright.accounts.doors import Kind
from callwright.accounts.model import Viewer
from callwright.accounts.porter import cookie_name, drop_cookie, give_cookie, porter_of, session_of
from callwright.accounts.signing_in import Asked, SignInError
from callwright.accounts.tables import tenant
from callwright.errors import InputError
from callwright.http.fields import Secret
from callwright.http.here import ForbiddenError, Here, Outside, any_viewer, open_to_all
from callwright.http.problems import ApiError, absent, answers
from callwright.store.metadata import TENANT
from callwright.store.scope import Scope

__all__ = ["house_of", "person", "router"]

router = APIRouter()

_HOUSE = select(tenant.c.slug, tenant.c.name).where(tenant.c.id == TENANT)

Chosen = Annotated[Secret, Field(max_length=1000)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class SetUpLink(_Body):
    """The first start."""

    link: str = Field(max_length=100, examples=["cwu_0_..."])


class SetUp(SetUpLink):
    """The house and its first administrator."""

    slug: str = Field("main", max_length=64, description="how commands call the house", examples=["acme"])
    house: str = Field(max_length=200, examples=["Acme Ltd"])
    email: str = Field(max_length=254, examples=["anna@example.com"])
    name: str = Field(max_length=100, examples=["Anna"])
    password: Chosen
    language: str = Field("en", max_length=8, examples=["en", "zh-CN"])
    everything: bool = Field(False, description="give this person all roles, until others are there")


class SignIn(_Body):
    """What somebody signs in with."""

    email: str = Field(max_length=254)
    password: Chosen
    code: str = Field("", max_length=40, description="of the authenticator, or a recovery code")
    house: str = Field("", max_length=64, description="the house, where an address is known in several")


class House(BaseModel):
    """A tenant."""

    slug: str
    name: str


class Me(BaseModel):
    """Who asks."""

    id: int | None
    name: str
    email: str
    tenant: House
    roles: list[str]
    permissions: list[str]
    language: str | None
    via: str
    totp: bool
    totp_required: bool = Field(description="nothing may be done before there is a second factor")
    password: bool = Field(description="whether there is a password; without one, sign-in is by the identity service")


class MeChange(_Body):
    """What one changes about oneself."""

    name: str | None = Field(None, max_length=100)
    language: str | None = Field(None, max_length=8)


class Link(_Body):
    """A one-time link."""

    link: str = Field(max_length=100, examples=["cwl_1_..."])


class LinkUse(Link):
    """The password that is chosen by it."""

    password: Chosen
    name: str = Field("", max_length=100)


class LinkTold(BaseModel):
    """Whose link it is."""

    email: str
    name: str
    purpose: str
    language: str


class Forgotten(_Body):
    """Who forgot their password."""

    email: str = Field(max_length=254)
    house: str = Field("", max_length=64)


class PasswordChange(_Body):
    """The old one, and the new one."""

    old: Chosen
    new: Chosen


class Password(_Body):
    """Asked again before something important."""

    password: Chosen


class TotpNew(BaseModel):
    """What an authenticator needs."""

    secret: str
    address: str = Field(examples=["otpauth://totp/..."])


class TotpCode(_Body):
    """What the authenticator shows."""

    code: str = Field(max_length=10)


class Recovery(BaseModel):
    """Codes for when the telephone is lost; each works once, and they are not shown again."""

    codes: list[str]


class SessionRow(BaseModel):
    """Where one is signed in."""

    id: int
    method: str
    agent: str
    source: str
    created_at: datetime
    seen_at: datetime
    ends_at: datetime
    current: bool


@router.post("/setup/check", status_code=204, responses=answers(404))
async def check_setup(body: SetUpLink, outside: Annotated[Outside, open_to_all]) -> Response:
    """Whether the link of the first start still works."""
    porter_of(outside).knock(outside.request)
    door = doors.read(body.link, Kind.SETUP)
    if door is None or not await setup.pending(outside.kept.database, door, outside.now()):
        raise absent("set-up link", "Start callwright again: as long as nobody can sign in, it prints a new one.")
    return Response(status_code=204)


@router.post("/setup", status_code=201, responses=answers(404))
async def set_up(body: SetUp, outside: Annotated[Outside, open_to_all], response: Response) -> Me:
    """Make the first house and its first administrator, and sign them in."""
    porter = porter_of(outside)
    porter.knock(outside.request)
    door = doors.read(body.link, Kind.SETUP)
    if door is None:
        raise absent("set-up link")
    first = setup.First(
        body.slug, body.house, body.email, body.name, body.password.get_secret_value(), body.language, body.everything
    )
    kept = outside.kept
    made, user = await setup.set_up(kept.database, kept.keyring, porter.hasher, door, first, outside.now())
    async with kept.database.scope(made) as scope:
        keys = await kept.keyring.tenant(scope)
        agent, address = _browser(outside.request)
        session = await signing_in.enter(scope, keys, user, "setup", agent, address, outside.now())
        give_cookie(outside.request, response, session)
        return await _told(scope, await _viewer(scope, user))


@router.post("/login", responses=answers(401))
async def log_in(body: SignIn, outside: Annotated[Outside, open_to_all], response: Response) -> Me:
    """Sign in. 401 `totp`: the password was right, and a code is needed besides; 401 `sign-in`: anything else is wrong."""
    porter = porter_of(outside)
    porter.knock(outside.request, body.email)
    agent, address = _browser(outside.request)
    asked = Asked(body.email, body.password.get_secret_value(), body.code, body.house, agent, address)
    kept, now = outside.kept, outside.now()
    try:
        door = await signing_in.sign_in(kept.database, kept.keyring, porter.hasher, asked, now)
    except SignInError as error:
        raise _refused(error) from None
    await _end_old(outside)
    give_cookie(outside.request, response, door)
    async with kept.database.reading(door.tenant) as scope:
        found = await sessions.find(scope, door, now)
        assert found is not None
        return await _told(scope, await _viewer(scope, found.user))


@router.post("/logout", status_code=204)
async def log_out(outside: Annotated[Outside, open_to_all]) -> Response:
    """End this session; the browser forgets everything of ours."""
    await _end_old(outside)
    response = Response(status_code=204, headers={"Clear-Site-Data": '"cache", "storage"'})
    drop_cookie(outside.request, response)
    return response


@router.post("/links/read", responses=answers(404))
async def read_link(body: Link, outside: Annotated[Outside, open_to_all]) -> LinkTold:
    """Whose one-time link it is."""
    porter_of(outside).knock(outside.request)
    door = _link(body.link)
    async with outside.kept.database.reading(door.tenant) as scope:
        try:
            user, purpose = await users.open_link(scope, door, outside.now())
        except InputError as error:
            raise absent("link", error.problems[0].hint) from None
    return LinkTold(email=user.email, name=user.name, purpose=purpose, language=user.language)


@router.post("/links/use", status_code=204, responses=answers(404))
async def use_link(body: LinkUse, outside: Annotated[Outside, open_to_all]) -> Response:
    """Choose a password by a one-time link. Then sign in with it."""
    porter = porter_of(outside)
    porter.knock(outside.request)
    door = _link(body.link)
    kept, now, password = outside.kept, outside.now(), body.password.get_secret_value()
    async with kept.database.reading(door.tenant) as scope:
        try:
            user, _ = await users.open_link(scope, door, now)
        except InputError as error:
            raise absent("link", error.problems[0].hint) from None
    hashed = await users.accepted(porter.hasher, user, password)  # outside of the transaction: it takes its time
    async with kept.database.scope(door.tenant) as scope:
        await users.use_link(scope, await kept.keyring.tenant(scope), door, hashed, now, name=body.name)
    return Response(status_code=204)


@router.post("/password/forgotten", status_code=202, response_class=Response)
async def forget_password(
    body: Forgotten, outside: Annotated[Outside, open_to_all], later: BackgroundTasks
) -> Response:
    """Send a link for a new password, if this address belongs to somebody and mail can be sent. The answer does not tell which."""
    porter_of(outside).knock(outside.request, f"forgotten {body.email}")
    later.add_task(_send_reset, outside, body.email.strip().lower(), body.house)
    return Response(status_code=202, background=later)


@router.get("/me")
async def read_me(here: Annotated[Here, any_viewer]) -> Me:
    """Who asks, and what they may."""
    async with here.reading() as scope:
        return await _told(scope, here.viewer)


@router.patch("/me")
async def change_me(body: MeChange, here: Annotated[Here, any_viewer]) -> Me:
    """Change one's name or language."""
    which = person(here)
    async with here.keyed() as (scope, keys):
        await users.change(scope, keys, here.viewer, which, here.now(), name=body.name, language=body.language)
        return await _told(scope, await _viewer(scope, which))


@router.post("/me/password", status_code=204, responses=answers(401))
async def change_password(body: PasswordChange, here: Annotated[Here, any_viewer], response: Response) -> Response:
    """Change one's password. All other sessions end."""
    which = person(here)
    await _again(here, body.old.get_secret_value())
    async with here.reading() as scope:
        user = await users.find(scope, which)
    hashed = await users.accepted(porter_of(here).hasher, user, body.new.get_secret_value())
    done = Response(status_code=204)
    async with here.keyed() as (scope, keys):
        await users.set_password(scope, keys, here.viewer, user, hashed, here.now())
        await _renew(here, scope, done)
    return done


@router.post("/me/totp", status_code=201)
async def begin_totp(body: Password, here: Annotated[Here, any_viewer]) -> TotpNew:
    """Begin with a second factor; the password is asked again. Nothing changes before it is confirmed."""
    person(here)
    await _again(here, body.password.get_secret_value())
    async with here.keyed() as (scope, keys):
        house = await house_of(scope)
        secret, address = await signing_in.enrol_totp(scope, keys, here.viewer, house.name)
    return TotpNew(secret=secret, address=address)


@router.post("/me/totp/confirm")
async def confirm_totp(body: TotpCode, here: Annotated[Here, any_viewer], response: Response) -> Recovery:
    """Finish with the second factor. All other sessions end."""
    person(here)
    porter_of(here).knock(here.request, f"totp {here.viewer.tenant} {here.viewer.user}")
    async with here.keyed() as (scope, keys):
        codes = await signing_in.confirm_totp(scope, keys, here.viewer, body.code, here.now(), keep=None)
        await _renew(here, scope, response)
    return Recovery(codes=codes)


@router.post("/me/totp/remove", status_code=204, responses=answers(401))
async def remove_totp(body: Password, here: Annotated[Here, any_viewer]) -> Response:
    """Take one's second factor away; the password is asked again."""
    which = person(here)
    await _again(here, body.password.get_secret_value())
    async with here.keyed() as (scope, keys):
        await signing_in.drop_totp(scope, keys, here.viewer, which, here.now())
    return Response(status_code=204)


@router.get("/me/sessions")
async def list_sessions(here: Annotated[Here, any_viewer]) -> list[SessionRow]:
    """Where one is signed in."""
    current = session_of(here.request)
    async with here.reading() as scope:
        rows = await sessions.listed(scope, person(here), here.now())
    names = ("id", "method", "agent", "source", "created_at", "seen_at", "ends_at")
    return [
        SessionRow(**{name: getattr(row, name) for name in names}, current=current is not None and row.id == current.id)
        for row in rows
    ]


@router.delete("/me/sessions/{session}", status_code=204)
async def end_session(session: int, here: Annotated[Here, any_viewer]) -> Response:
    """End one of one's sessions."""
    which = person(here)
    async with here.keyed() as (scope, keys):
        if not await sessions.end(scope, which, session):
            raise absent("session")
        await audit.note(scope, keys, here.viewer, "session.end", ("session", session), now=here.now())
    return Response(status_code=204)


@router.post("/me/sessions/end-others", status_code=204)
async def end_other_sessions(here: Annotated[Here, any_viewer]) -> Response:
    """End all sessions but this one."""
    which, current = person(here), session_of(here.request)
    async with here.keyed() as (scope, keys):
        ended = await sessions.end_all(scope, which, keep=current.id if current else None)
        await audit.note(scope, keys, here.viewer, "session.end", ("user", which), {"sessions": ended}, now=here.now())
    return Response(status_code=204)


def person(here: Here) -> int:
    """The user who asks.

    Raises:
        ForbiddenError: 403, it is a program.
    """
    if here.viewer.via != "session" or here.viewer.user is None:
        told = "this is for people, not for programs"
        raise ForbiddenError(here.viewer, "person", "person-only", told, "Sign in to the console.")
    return here.viewer.user


async def house_of(scope: Scope) -> House:
    """The tenant, as people call it."""
    row = await scope.first(_HOUSE)
    assert row is not None
    return House(slug=row.slug, name=row.name)


async def _viewer(scope: Scope, which: int) -> Viewer:
    user = await users.find(scope, which)
    return Viewer.of_session(scope.tenant, which, user.name, user.roles)


async def _told(scope: Scope, viewer: Viewer) -> Me:
    house = await house_of(scope)
    found: users.User | None = None
    if viewer.user is not None:
        try:
            found = await users.find(scope, viewer.user)
        except InputError:
            found = None
    bare = found is not None and viewer.via == "session" and bool(found.password) and not found.totp
    must = bare and not (found and found.oidc) and (await tenant_settings.sign_in(scope)).totp_required
    permissions = frozenset() if must else viewer.permissions
    return Me(
        id=viewer.user, name=viewer.name, email=found.email if found else "", tenant=house,
        roles=sorted(role.value for role in viewer.roles), permissions=sorted(one.value for one in permissions),
        language=found.language if found else None, via=viewer.via, totp=bool(found and found.totp), totp_required=must,
        password=bool(found and found.password),
    )  # fmt: skip


def _browser(request: Request) -> tuple[str, str]:
    return request.headers.get("user-agent", ""), request.client.host if request.client else ""


def _link(text: str) -> doors.Door:
    door = doors.read(text, Kind.LINK)
    if door is None:
        raise absent("link", "Ask for a new one.")
    return door


def _refused(error: SignInError) -> ApiError:
    if error.code == "totp":
        return ApiError(401, "totp", "a code of your authenticator is needed", hint="Or one of your recovery codes.")
    hint = "After several wrong attempts an account is shut for a while. Known in several houses? Then name the house."
    return ApiError(401, "sign-in", "this does not open any account", hint=hint)


async def _again(here: Here, password: str) -> None:
    """The password is asked again before what opens the account is changed."""
    porter = porter_of(here)
    porter.knock(here.request, f"again {here.viewer.tenant} {here.viewer.user}")
    try:
        await signing_in.verify(here.kept.database, porter.hasher, here.viewer, password, here.now())
    except SignInError:
        raise ApiError(401, "password", "this is not your password") from None


async def _renew(here: Here, scope: Scope, response: Response) -> None:
    """A new session in place of all that ended: what opens the account has changed."""
    method = (session_of(here.request) or _NO_SESSION).method
    agent, address = _browser(here.request)
    door = await sessions.begin(scope, person(here), method, agent, address, here.now())
    give_cookie(here.request, response, door)


async def _end_old(outside: Outside) -> None:
    """Whatever session the browser still has is over."""
    door = doors.read(outside.request.cookies.get(cookie_name(outside.request), ""), Kind.SESSION)
    if door is None:
        return
    async with outside.kept.database.scope(door.tenant) as scope:
        session = await sessions.find(scope, door, outside.now())
        if session is None:
            return
        await sessions.end(scope, session.user, session.id)
        viewer = Viewer.of_session(door.tenant, session.user, session.name, session.roles)
        keys = await outside.kept.keyring.tenant(scope)
        await audit.note(scope, keys, viewer, "session.end", ("user", session.user), now=outside.now())


async def _send_reset(outside: Outside, email: str, house: str) -> None:
    kept, settings = outside.kept, outside.settings
    if not settings.smtp or not settings.public_url:
        return
    for which in await signing_in.houses(kept.database, email, house):
        async with kept.database.scope(which) as scope:
            user = await users.find_by_email(scope, email)
            if user is None or user.state != "active":
                continue
            keys, viewer = await kept.keyring.tenant(scope), Viewer.system(which, "password forgotten")
            door = await users.link_for(scope, keys, viewer, user.id, outside.now(), purpose="reset")
            name = (await house_of(scope)).name
        await letters.send(user, name, door, "reset", settings)


class _NoSession:
    method = "password"


_NO_SESSION: Any = _NoSession()
