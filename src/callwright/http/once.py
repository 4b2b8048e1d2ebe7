"""A request with an `Idempotency-Key` is done once: the same one again gets the answer of the first.

    POST /api/v1/tasks/7/start
    Idempotency-Key: 5f0c...

After draft-ietf-httpapi-idempotency-key-header-07: another request under the same key is refused (422); one that comes while the first is
being done gets 409. Answers are kept sealed for a day. What failed by a fault of ours (5xx) is forgotten and may be sent again; what was cut
by a crash stays 409 until the day is over, since nobody knows whether it was done. Files (multipart) are not covered: their imports have
digests of their own.
"""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta

from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from callwright.accounts.model import Viewer
from callwright.errors import CallwrightError
from callwright.http.here import Reach
from callwright.http.problems import respond
from callwright.http.tables import once
from callwright.store.metadata import TENANT

__all__ = ["KEPT", "Once"]

KEPT = timedelta(days=1)
_LONGEST_KEY = 255
_LONGEST_ANSWER = 1024 * 1024
_UNSAFE = ("POST", "PUT", "PATCH", "DELETE")

_MINE = (once.c.tenant_id == TENANT, once.c.who == bindparam("whose"), once.c.key == bindparam("which"))
_BEGIN = insert(once)
_FIND = select(once.c.digest, once.c.status, once.c.answer).where(*_MINE)
_DONE = update(once).where(*_MINE).values(status=bindparam("new_status"), answer=bindparam("new_answer"))
_FORGET = delete(once).where(*_MINE)
_FORGET_OLD = delete(once).where(once.c.tenant_id == TENANT, once.c.created_at < bindparam("before"))


class Once:
    """Around the application."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        key = _key(scope)
        if key is None:
            await self._app(scope, receive, send)
            return
        if not 0 < len(key) <= _LONGEST_KEY:
            await _refuse(422, "idempotency-key", "Idempotency-Key has 1 to 255 characters")(scope, receive, send)
            return
        request = Request(scope, receive)
        reach: Reach = request.app.state.reach
        try:
            viewer = await reach.authenticate(request)
        except CallwrightError:
            viewer = None
        if viewer is None:
            await self._app(scope, receive, send)  # which says why
            return
        body = await request.body()
        answer = await _Doing(reach, viewer, key, request, body).answer(self._app)
        await answer(scope, receive, send)


def _key(scope: Scope) -> bytes | None:
    if scope["type"] != "http" or scope["method"] not in _UNSAFE:
        return None
    headers = dict(scope["headers"])
    if headers.get(b"content-type", b"").startswith(b"multipart/"):
        return None
    return headers.get(b"idempotency-key")


class _Doing:
    """One request under its key."""

    def __init__(self, reach: Reach, viewer: Viewer, key: bytes, request: Request, body: bytes) -> None:
        self._reach, self._viewer, self._request, self._body = reach, viewer, request, body
        self._who = f"token:{viewer.token}" if viewer.token is not None else f"user:{viewer.user}"
        self._key = hashlib.sha256(key).hexdigest()
        asked = f"{request.method} {request.url.path}?{request.url.query}\n".encode()
        self._digest = hashlib.sha256(asked + body).hexdigest()

    async def answer(self, app: ASGIApp) -> Response:
        known = await self._begin()
        if known is not None:
            return known
        try:
            answer = await _ask(app, self._request, self._body)
        except BaseException:
            await self._forget()
            raise
        if answer.status_code >= 500 or len(answer.body) > _LONGEST_ANSWER:
            await self._forget()
        else:
            await self._keep(answer)
        return answer

    async def _begin(self) -> Response | None:
        """The answer of the first request, or None: this is the first."""
        now = self._reach.now()
        kept = self._reach.kept
        try:
            async with kept.database.scope(self._viewer.tenant) as scope:
                await scope.run(_FORGET_OLD, before=now - KEPT)
                await scope.run(_BEGIN, who=self._who, key=self._key, digest=self._digest, created_at=now)
        except IntegrityError:
            async with kept.database.scope(self._viewer.tenant) as scope:
                row = await scope.first(_FIND, whose=self._who, which=self._key)
                keys = await kept.keyring.tenant(scope)
            if row is None or (row.status is None and row.digest == self._digest):
                return _refuse(409, "idempotency-running", "the same request is being done, or its answer was lost")
            if row.digest != self._digest:
                return _refuse(422, "idempotency-reused", "this Idempotency-Key was used for another request")
            media, text = json.loads(keys.open(row.answer, self._context))
            headers = {"Content-Type": media, "Idempotency-Replayed": "true"}
            return Response(text.encode("latin-1"), row.status, headers)
        return None

    @property
    def _context(self) -> str:
        return f"once.{self._who}.{self._key}"

    async def _keep(self, answer: Response) -> None:
        plain = json.dumps([answer.headers.get("content-type", ""), bytes(answer.body).decode("latin-1")])
        async with self._reach.kept.database.scope(self._viewer.tenant) as scope:
            keys = await self._reach.kept.keyring.tenant(scope)
            sealed = keys.seal(plain, self._context)
            await scope.run(_DONE, whose=self._who, which=self._key, new_status=answer.status_code, new_answer=sealed)

    async def _forget(self) -> None:
        async with self._reach.kept.database.scope(self._viewer.tenant) as scope:
            await scope.run(_FORGET, whose=self._who, which=self._key)


async def _ask(app: ASGIApp, request: Request, body: bytes) -> Response:
    """The application's answer, as a whole."""
    status, headers, parts = 500, [], [b""]

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def take(message: Message) -> None:
        nonlocal status, headers
        if message["type"] == "http.response.start":
            status, headers = message["status"], list(message["headers"])
        elif message["type"] == "http.response.body":
            parts.append(message.get("body", b""))

    await app(request.scope, receive, take)
    answer = Response(b"".join(parts), status)
    answer.raw_headers = headers
    return answer


def _refuse(status: int, code: str, message: str) -> Response:
    return respond(status, code, message, hint="Use a new key for a new request.")
