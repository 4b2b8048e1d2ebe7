"""Those who drive flows (`flow`): one blocks, one awaits. They know httpx, and nothing of the API."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import AsyncExitStack, ExitStack
from typing import Any, TypeVar

import anyio
import anyio.to_thread
import httpx

from callwright.client.flow import BrokenError, Came, Close, Do, Flow, Item, Many, Next, Pause, Send, Step, Upload

__all__ = ["AwaitingDriver", "BlockingDriver"]

T = TypeVar("T")
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


def _broken(error: httpx.RequestError) -> BrokenError:
    return BrokenError(f"{type(error).__name__}: {error}"[:300], unsent=isinstance(error, _NEVER_SENT))


def _headers(answer: httpx.Response) -> dict[str, str]:
    return {name.lower(): value for name, value in answer.headers.items()}


def _parts(send: Send, file: Any = None) -> dict[str, Any]:
    """As `build_request` takes them."""
    parts: dict[str, Any] = {"params": dict(send.query), "headers": dict(send.headers)}
    if isinstance(send.body, Upload):
        return {**parts, "files": {"file": (send.body.path.name, file)}, "data": dict(send.body.fields)}
    return parts if send.body is None else {**parts, "json": send.body}


class BlockingDriver:
    """sleep: how it waits."""

    def __init__(self, http: httpx.Client, sleep: Callable[[float], None] = time.sleep) -> None:
        self.http, self._sleep = http, sleep

    def run(self, flow: Flow[T]) -> T:
        """To its end."""
        with _Hand(self.http, self._sleep) as hand:
            try:
                step = next(flow)
                while True:
                    try:
                        value = hand.take(step)
                    except httpx.RequestError as error:
                        step = flow.throw(_broken(error))
                    else:
                        step = flow.send(value)
            except StopIteration as end:
                return end.value  # type: ignore[no-any-return]
            finally:
                flow.close()

    def items(self, flow: Many[T]) -> Generator[T, None, None]:
        """What it makes, one by one."""
        with _Hand(self.http, self._sleep) as hand:
            try:
                step = next(flow)
                while True:
                    if isinstance(step, Item):
                        yield step.value
                        step = flow.send(None)
                        continue
                    try:
                        value = hand.take(step)
                    except httpx.RequestError as error:
                        step = flow.throw(_broken(error))
                    else:
                        step = flow.send(value)
            except StopIteration:
                return
            finally:
                flow.close()


class _Hand:
    """Takes steps of one flow; holds the body that is coming, if one is."""

    def __init__(self, http: httpx.Client, sleep: Callable[[float], None]) -> None:
        self._http, self._sleep = http, sleep
        self._open: httpx.Response | None = None
        self._pieces: Any = None

    def __enter__(self) -> _Hand:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def _close(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None

    def take(self, step: Step) -> Any:
        match step:
            case Send():
                return self._send(step)
            case Next():
                return next(self._pieces, None)
            case Close():
                return self._close()
            case Pause(seconds):
                return self._sleep(seconds)
            case Do(act):
                return act()

    def _send(self, send: Send) -> Came:
        self._close()
        with ExitStack() as stack:
            file = stack.enter_context(send.body.path.open("rb")) if isinstance(send.body, Upload) else None
            request = self._http.build_request(send.method, send.path, **_parts(send, file))
            answer = self._http.send(request, stream=send.stream)
        if not send.stream:
            return Came(answer.status_code, _headers(answer), answer.content)
        if answer.status_code >= 300:
            try:
                return Came(answer.status_code, _headers(answer), answer.read())
            finally:
                answer.close()
        self._open, self._pieces = answer, answer.iter_bytes()
        return Came(answer.status_code, _headers(answer))


class AwaitingDriver:
    """sleep: how it waits."""

    def __init__(self, http: httpx.AsyncClient, sleep: Callable[[float], Awaitable[None]] = anyio.sleep) -> None:
        self.http, self._sleep = http, sleep

    async def run(self, flow: Flow[T]) -> T:
        """To its end."""
        async with _AwaitingHand(self.http, self._sleep) as hand:
            try:
                step = next(flow)
                while True:
                    try:
                        value = await hand.take(step)
                    except httpx.RequestError as error:
                        step = flow.throw(_broken(error))
                    else:
                        step = flow.send(value)
            except StopIteration as end:
                return end.value  # type: ignore[no-any-return]
            finally:
                flow.close()

    async def items(self, flow: Many[T]) -> AsyncGenerator[T, None]:
        """What it makes, one by one. Whoever stops in between closes it (`contextlib.aclosing`), or leaves that to the loop."""
        async with _AwaitingHand(self.http, self._sleep) as hand:
            try:
                step = next(flow)
                while True:
                    if isinstance(step, Item):
                        yield step.value
                        step = flow.send(None)
                        continue
                    try:
                        value = await hand.take(step)
                    except httpx.RequestError as error:
                        step = flow.throw(_broken(error))
                    else:
                        step = flow.send(value)
            except StopIteration:
                return
            finally:
                flow.close()


class _AwaitingHand:
    """The same, awaited."""

    def __init__(self, http: httpx.AsyncClient, sleep: Callable[[float], Awaitable[None]]) -> None:
        self._http, self._sleep = http, sleep
        self._open: httpx.Response | None = None
        self._pieces: Any = None

    async def __aenter__(self) -> _AwaitingHand:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._close()

    async def _close(self) -> None:
        if self._open is not None:
            with anyio.CancelScope(shield=True):
                await self._open.aclose()
            self._open = None

    async def take(self, step: Step) -> Any:
        match step:
            case Send():
                return await self._send(step)
            case Next():
                return await anext(self._pieces, None)
            case Close():
                return await self._close()
            case Pause(seconds):
                return await self._sleep(seconds)
            case Do(act):
                return await anyio.to_thread.run_sync(act)

    async def _send(self, send: Send) -> Came:
        await self._close()
        async with AsyncExitStack() as stack:
            file = None
            if isinstance(send.body, Upload):
                file = stack.enter_context(await anyio.to_thread.run_sync(send.body.path.open, "rb"))
            request = self._http.build_request(send.method, send.path, **_parts(send, file))
            answer = await self._http.send(request, stream=send.stream)
        if not send.stream:
            return Came(answer.status_code, _headers(answer), answer.content)
        if answer.status_code >= 300:
            try:
                return Came(answer.status_code, _headers(answer), await answer.aread())
            finally:
                await answer.aclose()
        self._open, self._pieces = answer, answer.aiter_bytes()
        return Came(answer.status_code, _headers(answer))
