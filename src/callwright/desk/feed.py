"""What a worker tells about its live calls: a row for each, and every quarter of a second what has changed in any of them.

A message is a line of JSON: `{"set": {call: {field: value}}, "gone": [call]}`. One with `"whole": true` (the first after a subscription) holds
every row, and what it does not name is gone; an empty one says that the worker is alive.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

from callwright.calls.live import LiveCall, LiveCalls
from callwright.calls.standing import Row, begun, changes
from callwright.desk.fanout import Fanout

__all__ = ["BEAT_S", "PERIOD_S", "Feed"]

PERIOD_S = 0.25
"""Between messages: what happens to a call meanwhile is told together."""

BEAT_S = 5.0
_KEPT_S = 4.0  # a call that is over stays so long, that people see how it came out
_KNOWN_BY = frozenset({"slot", "kb", "entered", "global", "taken", "did", "end", "counted", "branch", "next"})


class Feed:
    """Follows the calls of one process as long as somebody listens. Belongs to the event loop.

    with feed.about(call_id, task=3): ...          # what only the worker knows about a call
    async for message in feed.messages(): ...
    """

    def __init__(self, live: LiveCalls, loop_time: Callable[[], float] | None = None) -> None:
        self._live = live
        self._time = loop_time or asyncio.get_running_loop().time
        self._known: dict[str, Mapping[str, Any]] = {}
        self._rows: dict[str, Row] = {}
        self._changed: dict[str, Row] = {}
        self._stale: set[str] = set()  # something was understood: the grade so far may be another one
        self._over: dict[str, float] = {}
        self._readers = Fanout(self._whole, b"{}\n", BEAT_S)
        self._news = asyncio.Event()
        live.on_begin.append(self._begin)
        live.on_end.append(self._end)

    @contextmanager
    def about(self, call: str, **known: Any) -> Iterator[None]:
        """What is known about a call besides, while the body runs: it stands in its row."""
        self._known[call] = known
        try:
            yield
        finally:
            self._known.pop(call, None)

    def row(self, call: str) -> Row | None:
        """The call as it is now, None = there is none."""
        return self._rows.get(call)

    def tell(self, call: str, **fields: Any) -> None:
        """Something about a call that no line of its log says (who talks)."""
        row = self._rows.get(call)
        if row is not None:
            self._take(call, {name: value for name, value in fields.items() if row.get(name) != value})

    # ------------------------------------------------------------ from the calls

    def _begin(self, call: LiveCall) -> None:
        row = begun(call.call_id, call.script, call.number, call.started_at, call.direction)
        row |= {"trunk": call.trunk, **self._known.get(call.call_id, {})}
        self._rows[call.call_id] = row
        self._changed[call.call_id] = dict(row)
        self._over.pop(call.call_id, None)
        call.log.watchers.append(partial(self._line, call.call_id))
        self._news.set()

    def _line(self, call: str, line: Mapping[str, Any]) -> None:
        row = self._rows.get(call)
        if row is None:
            return
        if line["kind"] in _KNOWN_BY:
            self._stale.add(call)
            self._news.set()
        new = changes(row, line)
        if new:
            self._take(call, new)

    def _end(self, call: LiveCall) -> None:
        if call.call_id in self._rows:
            self._take(call.call_id, {"standing": "ended", "stage": "over"})
            self._over[call.call_id] = self._time() + _KEPT_S

    def _take(self, call: str, new: Row) -> None:
        self._rows[call].update(new)
        self._changed.setdefault(call, {}).update(new)
        self._news.set()

    # ------------------------------------------------------------ to whoever listens

    def messages(self) -> AsyncIterator[bytes]:
        """Lines, from now on until nobody wants them."""
        return self._readers.read()

    def _whole(self) -> bytes:
        self._look()
        return _message(self._rows, [], whole=True)

    async def run(self) -> None:
        """Send what has changed, for ever. Owned by the worker; costs nothing while nothing happens."""
        while True:
            await self._wait()
            gone = self._drop()
            if len(self._readers):
                self._look()
                if self._changed or gone:
                    self._readers.send(_message(self._changed, gone))
            self._changed = {}
            await asyncio.sleep(PERIOD_S)

    async def _wait(self) -> None:
        first = min(self._over.values(), default=None)
        with contextlib.suppress(TimeoutError):  # a call that is over has been shown long enough
            await asyncio.wait_for(self._news.wait(), None if first is None else max(0.0, first - self._time()))
        self._news.clear()

    def _drop(self) -> list[str]:
        now = self._time()
        gone = [call for call, until in self._over.items() if until <= now]
        for call in gone:
            del self._over[call]
            self._rows.pop(call, None)
            self._changed.pop(call, None)
        return gone

    def _look(self) -> None:
        """Grades so far, of calls in which something was understood since the last look."""
        stale, self._stale = self._stale, set()
        for call in stale:
            live, row = self._live.get(call), self._rows.get(call)
            if live is None or row is None or live.look is None:
                continue
            look = live.look()
            seen = {"grade": look.grade, "tags": list(look.tags), "node": look.node or row["node"]}
            new = {name: value for name, value in seen.items() if row.get(name) != value}
            if new:
                row.update(new)
                self._changed.setdefault(call, {}).update(new)


def _message(rows: Mapping[str, Row], gone: list[str], *, whole: bool = False) -> bytes:
    said: dict[str, Any] = {"set": rows}
    if gone:
        said["gone"] = gone
    if whole:
        said["whole"] = True
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "backslashreplace") + b"\n"
