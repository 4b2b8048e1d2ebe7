"""What holds for every request, whatever it asks for: size of the body, origin, headers of the answer."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from callwright.api.browser import Browser
from callwright.http.once import Once
from callwright.http.problems import respond
from callwright.settings import Settings

__all__ = ["BODY", "guard"]

BODY = 2 * 1024 * 1024
"""Bytes of a body, unless the route takes files (`UPLOADS`)."""

UPLOADS = 256 * 1024 * 1024
"""Bytes of a body of type multipart/form-data."""


def guard(app: FastAPI, settings: Settings) -> None:
    """Put the guards around the application."""
    app.add_middleware(Once)
    app.add_middleware(_Guards)
    app.add_middleware(Browser, public_url=settings.public_url)


class _Guards:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {name.lower(): value for name, value in scope["headers"]}
        most = UPLOADS if headers.get(b"content-type", b"").startswith(b"multipart/form-data") else BODY
        declared = headers.get(b"content-length", b"0")
        if not declared.isdigit() or int(declared) > most:
            await _too_large(most)(scope, receive, send)
            return
        counted = _Counted(receive, most)
        try:
            await self._app(scope, counted, send)
        except _TooLargeError:
            await _too_large(most)(scope, receive, send)


class _TooLargeError(Exception):
    """More came than was declared."""


class _Counted:
    def __init__(self, receive: Receive, most: int) -> None:
        self._receive, self._left = receive, most

    async def __call__(self) -> MutableMapping[str, Any]:
        message: Message = await self._receive()
        if message["type"] == "http.request":
            self._left -= len(message.get("body", b""))
            if self._left < 0:
                raise _TooLargeError
        return message


def _too_large(most: int) -> ASGIApp:
    return respond(413, "too-large", f"the request is longer than {most // 1024} KiB")
