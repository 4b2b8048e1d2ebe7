"""What a browser is told about every answer, and that a change comes from our own page.

**Own page.** A method that changes something needs the header `X-Callwright: 1`, which no form and no page of a stranger can send without asking
us first (CORS: we never agree), and an `Origin`, where there is one, of our own host. Who sends `Authorization` is no browser with our cookie.
Holds for every route, those of strangers (login) included. OWASP CSRF Prevention Cheat Sheet, "Custom Request Headers".

**Headers.** OWASP Secure Headers, ASVS 5.0 3.4: no script but our own, no frame around us, nothing guessed about types, https once seen is kept.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from types import MappingProxyType
from urllib.parse import urlsplit

from fastapi import Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from callwright.http.problems import fault, respond

__all__ = ["API_POLICY", "COMMON", "PAGE_POLICY", "Browser"]

PAGE_POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; media-src 'self' blob:; "
    "font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
"""Of the console. Styles may stand in the page: antd writes them so; they can run nothing."""

API_POLICY = "default-src 'none'; frame-ancestors 'none'"
"""Of answers that are no pages."""

COMMON: Mapping[str, str] = MappingProxyType(
    {
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(self), payment=(), usb=()",
    }
)

log = logging.getLogger(__name__)

_HSTS = "max-age=31536000"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class Browser:
    """Around the application. public_url: where people reach it, when a proxy does not hand the host on; "" = as each request says."""

    def __init__(self, app: ASGIApp, public_url: str = "") -> None:
        self._app, self._public, self._https = app, urlsplit(public_url).netloc, public_url.startswith("https:")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if scope["type"] == "websocket":
            if self._strange(headers):
                await send({"type": "websocket.close", "code": 1008})
            else:
                await self._app(scope, receive, send)
            return

        begun = False

        async def told(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                _tell(MutableHeaders(scope=message), scope, https=self._https or scope.get("scheme") == "https")
            await send(message)

        if scope["method"] not in _SAFE and not self._own(headers):
            hint = "Send X-Callwright: 1, from our own page; or an API token, without cookies."
            log.warning("a change that another page asked for was refused: %s %r", scope["method"], scope["path"])
            await respond(403, "csrf", "this change was asked for by another page", hint=hint)(scope, receive, told)
            return
        try:
            await self._app(scope, receive, told)
        except Exception as error:
            if not begun:  # here, because what the framework answers would lack our headers
                await (await fault(Request(scope, receive), error))(scope, receive, told)
            raise

    def _own(self, headers: Headers) -> bool:
        if "authorization" in headers:
            return True
        return headers.get("x-callwright") == "1" and not self._strange(headers)

    def _strange(self, headers: Headers) -> bool:
        """Whether a browser says that it comes from another site."""
        origin = headers.get("origin")
        if headers.get("sec-fetch-site") == "cross-site" or origin == "null":
            return True
        return origin is not None and _host_of(origin) not in (headers.get("host", ""), self._public or "-")


def _host_of(origin: str) -> str:
    """With its port; `?` = that is no origin."""
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return "?"


def _tell(headers: MutableHeaders, scope: Scope, *, https: bool) -> None:
    for name, value in COMMON.items():
        headers.setdefault(name, value)
    page = headers.get("content-type", "").startswith("text/html")
    headers.setdefault("Content-Security-Policy", PAGE_POLICY if page else API_POLICY)
    if scope["path"].startswith("/api/"):
        headers.setdefault("Cache-Control", "no-store")
    if https:
        headers.setdefault("Strict-Transport-Security", _HSTS)
