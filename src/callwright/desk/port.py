"""The private port of a worker: what happens in its calls, and what may be done to them. Only the API speaks to it, with the worker's secret.

| request | answer |
|---|---|
| `GET /feed` | lines of JSON without end (`desk.feed`) |
| `GET /calls/{call}/log` | the event log of a live call, line by line, as long as it lasts |
| other | what `extra` adds: see `desk.joining` and `desk.placing` |

Every request carries `Authorization: Bearer SECRET`. The port is no door for browsers: it knows no users, and says so by 401.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import json
import secrets
import socket
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from callwright.calls.live import LiveCalls
from callwright.desk.feed import BEAT_S, Feed
from callwright.errors import CallwrightError, LineError, Problem, SettingsError

__all__ = ["Address", "open_port", "refuse"]

_LINES = "application/x-ndjson"
_WAITING = 2_000  # lines of one call that wait for a reader; one that is slower is cut off


@dataclass(frozen=True, slots=True)
class Address:
    """Where a worker's port is: `host:port`, and what opens it."""

    address: str
    secret: str = field(repr=False)


@asynccontextmanager
async def open_port(
    live: LiveCalls, feed: Feed, *, host: str = "127.0.0.1", extra: Sequence[BaseRoute] = ()
) -> AsyncIterator[Address]:
    """Serve it while the body runs, on a free port of `host`.

    Raises:
        SettingsError: the address cannot be bound.
    """
    secret = secrets.token_urlsafe(32)
    listening = _listen(host)
    routes = [
        Route("/feed", partial(_feed, feed=feed)),
        Route("/calls/{call}/log", partial(_log, live=live)),
        *extra,
    ]
    app = Starlette(routes=routes, exception_handlers={LineError: _line_error, CallwrightError: _line_error})
    config = uvicorn.Config(
        _guarded(app, secret), log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=1
    )
    server = _Server(config)
    async with asyncio.TaskGroup() as tasks:
        feeding = tasks.create_task(feed.run())
        serving = tasks.create_task(server.serve(sockets=[listening]))
        name = listening.getsockname()
        try:
            yield Address(f"{_bracketed(name[0])}:{name[1]}", secret)
        finally:
            feeding.cancel()
            server.should_exit = True
            with contextlib.suppress(asyncio.CancelledError):
                await serving


class _Server(uvicorn.Server):
    """One that leaves the signals to whoever owns the process."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def refuse(status: int, code: str, message: str) -> HTTPException:
    """An answer other than success: the API passes its code and words on."""
    return HTTPException(status, detail=json.dumps({"code": code, "message": message}))


def _listen(host: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, 0), family=family)
    except OSError as error:
        message = f"the live port cannot be bound on {host}: {error.strerror}"
        raise SettingsError(Problem("live-port", message, hint="give an address of this machine with --live")) from None


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _guarded(app: Starlette, secret: str) -> Any:
    expected = f"Bearer {secret}".encode()

    async def guarded(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        given = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
        if not hmac.compare_digest(given, expected):
            await JSONResponse({"code": "secret", "message": "this port is private"}, 401)(scope, receive, send)
            return
        await app(scope, receive, send)

    return guarded


async def _line_error(_: Request, error: Exception) -> Response:
    return JSONResponse({"code": "line", "message": str(error)}, 409)


async def _feed(_: Request, feed: Feed) -> Response:
    return StreamingResponse(feed.messages(), media_type=_LINES)


async def _log(request: Request, live: LiveCalls) -> Response:
    call = live.get(request.path_params["call"])
    if call is None:
        raise refuse(404, "absent", "there is no such live call")
    waiting: asyncio.Queue[Mapping[str, Any]] = asyncio.Queue(_WAITING)
    lagging = asyncio.Event()

    def take(line: Mapping[str, Any]) -> None:
        if waiting.full():
            lagging.set()
        else:
            waiting.put_nowait(line)

    async def lines() -> AsyncIterator[bytes]:
        call.log.watchers.append(take)
        try:
            yield b"".join(_json(line) for line in call.log.lines)
            while not lagging.is_set():
                try:
                    line = await asyncio.wait_for(waiting.get(), BEAT_S)
                except TimeoutError:
                    yield b"{}\n"
                    continue
                yield _json(line)
                if line["kind"] == "ended":
                    return
        finally:
            call.log.watchers.remove(take)

    return StreamingResponse(lines(), media_type=_LINES)


def _json(line: Mapping[str, Any]) -> bytes:
    text = json.dumps(line, ensure_ascii=False, separators=(",", ":"), default=str)
    return text.encode("utf-8", "backslashreplace") + b"\n"
