"""Who stands at the door: knows the viewer of a request by session cookie or API token, and how often a stranger may knock.

    app = create_app(storage, settings, Porter(storage))

A request with `Authorization` is a program's: cookies are not looked at then. docs/reference/security-asvs.md lists what is held to.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable

from fastapi import Request, Response

from callwright.accounts import api_tokens, doors, sessions, tenant_settings
from callwright.accounts.doors import Door, Kind
from callwright.accounts.limits import Buckets
from callwright.accounts.model import Viewer
from callwright.accounts.passwords import Hasher
from callwright.accounts.sessions import Session
from callwright.http.here import Kept, Outside, Reach
from callwright.http.problems import ApiError

__all__ = ["Porter", "by_https", "cookie_name", "drop_cookie", "give_cookie", "porter_of", "session_of"]


class Porter:
    """Knows viewers. hasher: of passwords; clock: seconds of any clock that only goes forward."""

    def __init__(
        self, kept: Kept, *, hasher: Hasher | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.hasher = hasher or Hasher()
        self._kept, self._clock = kept, clock
        self._sources, self._accounts = Buckets(20, 0.5), Buckets(10, 0.1)
        self._viewers = Buckets(300, 50.0)

    async def __call__(self, request: Request) -> Viewer | None:
        """Whoever asks; None = nobody we know.

        Raises:
            ApiError: 429, too often.
        """
        said = request.headers.get("authorization")
        if said is not None:
            return await self._program(request, said)
        return await self._person(request)

    def knock(self, request: Request, account: str = "") -> None:
        """A stranger asks for something that could be guessed: a password, a link. account: whose, whether there is such a one or not.

        Raises:
            ApiError: 429, too often.
        """
        now = self._clock()
        wait = self._sources.take(sessions.source_prefix(_address(request)) or "?", now)
        if account:
            digest = hashlib.sha256(account.strip().lower().encode()).hexdigest()
            wait = max(wait, self._accounts.take(digest, now))
        _refuse(wait)

    async def _person(self, request: Request) -> Viewer | None:
        door = doors.read(request.cookies.get(cookie_name(request), ""), Kind.SESSION)
        if door is None:
            return None
        now = request.app.state.reach.now()
        async with self._kept.database.reading(door.tenant) as scope:
            session = await sessions.find(scope, door, now)
            bare = session is not None and session.method == "password" and not session.totp
            must = bare and (await tenant_settings.sign_in(scope)).totp_required
        if session is None:
            return None
        _refuse(self._viewers.take(f"s{session.id}", self._clock()))
        if sessions.due(session, now):
            async with self._kept.database.scope(door.tenant) as scope:
                await sessions.seen(scope, session, now)
        request.state.session = session
        known = Viewer.of_session(door.tenant, session.user, session.name, session.roles)
        if not must:
            return known
        return Viewer(known.tenant, known.user, known.name, known.roles, frozenset(), "session")

    async def _program(self, request: Request, said: str) -> Viewer | None:
        scheme, _, text = said.partition(" ")
        door = doors.read(text.strip(), Kind.TOKEN) if scheme.lower() == "bearer" else None
        if door is None:
            self.knock(request)
            return None
        now = request.app.state.reach.now()
        async with self._kept.database.reading(door.tenant) as scope:
            token = await api_tokens.find(scope, door, now)
        if token is None:
            self.knock(request)
            return None
        _refuse(self._viewers.take(f"t{token.id}", self._clock()))
        if api_tokens.due(token, now):
            async with self._kept.database.scope(door.tenant) as scope:
                await api_tokens.seen(scope, token, now)
        return Viewer.of_token(door.tenant, token.id, token.user, token.name, token.roles, token.scopes)


def porter_of(outside: Outside) -> Porter:
    """The one of this application. Where viewers are known otherwise (tests), one that is made when it is needed."""
    known = outside.reach.authenticate
    if isinstance(known, Porter):
        return known
    state = outside.request.app.state
    if not hasattr(state, "porter"):
        state.porter = Porter(outside.kept)
    return state.porter  # type: ignore[no-any-return]


def session_of(request: Request) -> Session | None:
    """The session of a request that was let in; None = it was a program's."""
    found = getattr(request.state, "session", None)
    return found if isinstance(found, Session) else None


def by_https(request: Request) -> bool:
    """Whether browsers reach us over https: this request came so, or a proxy in front does it, as the public address says."""
    reach = request.app.state.reach
    assert isinstance(reach, Reach)
    return request.url.scheme == "https" or reach.settings.public_url.startswith("https:")


def cookie_name(request: Request) -> str:
    """With https a browser takes `__Host-` cookies only from this very host, for all of it, and only over https (RFC 6265bis 4.1.3.2)."""
    return "__Host-callwright" if by_https(request) else "callwright"


def give_cookie(request: Request, response: Response, door: Door) -> None:
    """Let the browser keep the session; no script can read it. It goes with the browser, at the latest with the session."""
    response.set_cookie(
        cookie_name(request), door.text, max_age=int(sessions.ABSOLUTE.total_seconds()), path="/",
        secure=by_https(request), httponly=True, samesite="lax",
    )  # fmt: skip


def drop_cookie(request: Request, response: Response) -> None:
    """Let the browser forget it."""
    response.delete_cookie(cookie_name(request), path="/", secure=by_https(request), httponly=True, samesite="lax")


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


def _refuse(wait: int) -> None:
    if wait:
        raise ApiError(
            429, "too-many", "too many requests", hint=f"Try again in {wait} s.", headers={"Retry-After": str(wait)}
        )
