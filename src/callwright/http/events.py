"""Server-sent events (WHATWG HTML, section 9.2) of a request: ended when the client goes, and when nobody is logged in any more.

return events(here, told())          # told: yields (name of the event, one line of JSON)
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from starlette.responses import StreamingResponse

from callwright.http.here import Here

__all__ = ["EventStream", "events"]

_BEAT_S = 10.0
_KNOWN_S = 60.0  # so long after a logout nothing more is told


class EventStream(StreamingResponse):
    """`response_class` of such a route. (FastAPI's own wants a generator, and complains to the log whenever a browser goes.)"""

    media_type = "text/event-stream"


def events(here: Here, source: AsyncIterator[tuple[str, str]]) -> EventStream:
    """The answer that sends them. A comment is sent when nothing happens for ten seconds, so that whatever stands between keeps the line."""
    return EventStream(_encoded(here, source), headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})


async def _encoded(here: Here, source: AsyncIterator[tuple[str, str]]) -> AsyncIterator[bytes]:
    waiting: asyncio.Queue[tuple[str, str] | None] = asyncio.Queue(1)

    async def pump() -> None:
        async for event in source:
            await waiting.put(event)
        await waiting.put(None)

    time = asyncio.get_running_loop().time
    known_at = time()
    async with asyncio.TaskGroup() as tasks:
        pumping = tasks.create_task(pump())
        try:
            yield b": open\n\n"
            while True:
                try:
                    event = await asyncio.wait_for(waiting.get(), _BEAT_S)
                except TimeoutError:
                    yield b": still here\n\n"
                else:
                    if event is None:
                        return
                    yield f"event: {event[0]}\ndata: {event[1]}\n\n".encode("utf-8", "backslashreplace")
                if time() - known_at > _KNOWN_S:
                    known_at = time()
                    if await here.reach.authenticate(here.request) is None:
                        return
        finally:
            pumping.cancel()
