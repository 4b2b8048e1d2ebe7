"""What holds for every request, whatever it asks for: size of the body, origin, headers of the answer."""

from __future__ import annotations

import re
from collections.abc import MutableMapping, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.params import Form
from starlette.exceptions import HTTPException
from starlette.routing import compile_path
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from callwright.api.browser import Browser
from callwright.api.schema import routes_of
from callwright.errors import CallwrightError
from callwright.http.here import Reach
from callwright.http.once import Once
from callwright.http.problems import ApiError, answer_of, respond
from callwright.settings import Settings

__all__ = ["BODY", "UPLOADS", "guard", "takes_files"]

BODY = 2 * 1024 * 1024
"""Bytes of a body, unless the route takes files and its viewer is known."""

UPLOADS = 256 * 1024 * 1024
"""Bytes of a body of type multipart/form-data; what each route takes of it is its own."""


def guard(app: FastAPI, settings: Settings) -> None:
    """Put the guards around the application, which has all its routes."""
    app.add_middleware(Once)
    app.add_middleware(_Guards, uploads=[compile_path(path)[0] for path in takes_files(app)])
    app.add_middleware(Browser, public_url=settings.public_url)


def takes_files(app: FastAPI) -> list[str]:
    """Addresses of routes that take files."""
    return [
        path
        for path, route in routes_of(app)
        if any(isinstance(each.field_info, Form) for each in route.dependant.body_params)
    ]


class _Guards:
    def __init__(self, app: ASGIApp, uploads: Sequence[re.Pattern[str]]) -> None:
        self._app, self._uploads = app, uploads

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {name.lower(): value for name, value in scope["headers"]}
        declared = headers.get(b"content-length", b"0" if b"transfer-encoding" not in headers else b"")
        most = BODY
        if self._large(scope, headers, declared):
            refused = await _stranger(scope, receive)
            if refused is not None:
                await refused(scope, receive, send)
                return
            most = UPLOADS
        if declared and (not declared.isdigit() or len(declared) > 18 or int(declared) > most):
            await _too_large(most)(scope, receive, send)
            return
        counted = _Counted(receive, most)
        try:
            await self._app(scope, counted, send)
        except _TooLargeError:
            await _too_large(most)(scope, receive, send)

    def _large(self, scope: Scope, headers: dict[bytes, bytes], declared: bytes) -> bool:
        """Whether more may come than anybody may send: files are read before the route looks at its viewer."""
        if not headers.get(b"content-type", b"").startswith(b"multipart/form-data"):
            return False
        small = declared.isdigit() and len(declared) < 18 and int(declared) <= BODY
        return not small and any(each.match(scope["path"]) for each in self._uploads)


async def _stranger(scope: Scope, receive: Receive) -> ASGIApp | None:
    """What is answered to somebody whom nobody knows; None = they are known."""
    request = Request(scope, receive)
    reach = request.app.state.reach
    assert isinstance(reach, Reach)
    try:
        if await reach.authenticate(request) is not None:
            return None
    except ApiError as error:
        return answer_of(error)
    except CallwrightError:
        return respond(503, "store", "what is kept cannot be reached just now", headers={"Retry-After": "2"})
    return respond(401, "unknown-viewer", "nobody is logged in")


class _TooLargeError(HTTPException):
    """More came than was declared. (An HTTPException, since others are taken for a body that cannot be read.)"""

    def __init__(self, most: int) -> None:
        super().__init__(413, _longer(most))


class _Counted:
    def __init__(self, receive: Receive, most: int) -> None:
        self._receive, self._most, self._left = receive, most, most

    async def __call__(self) -> MutableMapping[str, Any]:
        message: Message = await self._receive()
        if message["type"] == "http.request":
            self._left -= len(message.get("body", b""))
            if self._left < 0:
                raise _TooLargeError(self._most)
        return message


def _too_large(most: int) -> ASGIApp:
    return respond(413, "too-large", _longer(most))


def _longer(most: int) -> str:
    return f"the request is longer than {most // 1024} KiB"
