"""Requests of the API as flows: what is sent, what its answer becomes, and when it is sent again.

Sent again is what the server says may be (429 and 503 with Retry-After), what never left, and, where the line broke on the way, whatever is
safe to repeat: GET, and all that goes under an Idempotency-Key. Files do not; their imports know what they have seen.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from itertools import count
from pathlib import Path
from random import random
from typing import Any, TypeVar, cast
from urllib.parse import quote

from pydantic import BaseModel, TypeAdapter, ValidationError

from callwright.client.errors import AnswerError, JobError, OfflineError, problem_of
from callwright.client.flow import BrokenError, Came, Close, Do, Flow, Item, Many, Next, Pause, Send, Upload
from callwright.client.sse import Event, Events
from callwright.http.job_views import JobView
from callwright.http.paging import Page

__all__ = ["PREFIX", "Asker", "Progress", "Terms", "payload"]

PREFIX = "/api/v1"
T = TypeVar("T")
Names = Mapping[str, Any]
Progress = Callable[[JobView], None]
"""Told how far long work is, whenever that changes."""

_POLL_S, _POLL_MOST_S = 0.1, 2.0
_NOTHING: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Terms:
    """retries: after the first try; longest_s: no single wait is longer: then the error is told at once; random: 0 to 1, spreads clients that
    all failed together."""

    retries: int = 4
    longest_s: float = 60.0
    random: Callable[[], float] = field(default=random, repr=False)

    def backoff(self, tries: int) -> float:
        """Seconds before the next try: up to 0.5, 1, 2, 4 ... 16, at least a quarter of it."""
        return (0.25 + 0.75 * self.random()) * 0.5 * 2.0 ** min(tries, 5)


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def payload(model: BaseModel) -> dict[str, Any]:
    """What was given, as JSON takes it; what was not is left to the server."""
    return model.model_dump(mode="json", exclude_unset=True, by_alias=True)


class Asker:
    """Makes flows of requests."""

    def __init__(self, terms: Terms) -> None:
        self._terms = terms

    def ask(
        self,
        method: str,
        template: str,
        kind: type[T],
        names: Names = _NOTHING,
        *,
        query: Names = _NOTHING,
        body: Any = None,
        key: str = "",
    ) -> Flow[T]:
        """One request; its answer as `kind`. template: `/tasks/{task}`, names: what stands in it; key: Idempotency-Key, "" = a fresh one.

        Raises:
            ProblemError: the API refused. OfflineError: it cannot be reached. AnswerError: what came is no `kind`.
        """
        came = yield from self._answered(_send(method, template, names, query, body, key))
        return _read(kind, came)

    def tell(self, method: str, template: str, names: Names = _NOTHING, *, body: Any = None) -> Flow[None]:
        """One whose answer says nothing more than that it was done."""
        yield from self._answered(_send(method, template, names, _NOTHING, body, ""))

    def many(self, template: str, kind: type[Page[T]], names: Names = _NOTHING, *, query: Names = _NOTHING) -> Many[T]:
        """Every row of a list, page by page, as they are taken."""
        cursor: dict[str, str] = {}
        while True:
            page = yield from self.ask("GET", template, kind, names, query={**query, **cursor})
            for row in page.items:
                yield Item(row)
            if page.next is None:
                return
            cursor = {"cursor": page.next}

    def saved(self, template: str, to: Path, names: Names = _NOTHING) -> Flow[Path]:
        """Save a file; it is there when it is whole, or not at all.

        Raises:
            OSError: it cannot be written.
        """
        part = to.with_name(f"{to.name}.part")
        for tries in count():
            yield from self._answered(_send("GET", template, names, _NOTHING, None, "", stream=True))
            try:
                yield from _written(part)
            except BrokenError as error:
                if tries >= self._terms.retries:
                    yield Do(partial(part.unlink, missing_ok=True))
                    raise OfflineError(error.reason, unsent=False) from None
                yield Pause(self._terms.backoff(tries))
                continue
            yield Do(partial(part.replace, to))
            return to
        raise AssertionError("unreachable")

    def watched(self, template: str, names: Names, kinds: Mapping[str, type[T]], over: Callable[[T], bool]) -> Many[T]:
        """Events of these kinds as they come, each once. When the stream ends before the last one (`over`), it is asked for again: it begins
        with how things stand."""
        told: T | None = None
        tries = 0
        while True:
            yield from self._answered(_send("GET", template, names, _NOTHING, None, "", stream=True))
            events = Events()
            try:
                while (piece := (yield Next())) is not None:
                    for event in events.feed(piece):
                        tries = 0
                        found = _event(kinds, event)
                        if found is None or found == told:
                            continue
                        told = found
                        yield Item(found)
                        if over(found):
                            return
            except BrokenError as error:
                if tries >= self._terms.retries:
                    raise OfflineError(error.reason, unsent=False) from None
            except ValueError as error:
                raise AnswerError(str(error)) from None
            yield Pause(self._terms.backoff(tries))
            tries += 1

    def finished(self, job: JobView, progress: Progress | None = None) -> Flow[JobView]:
        """Wait for the end of long work.

        Raises:
            JobError: it failed or was cancelled. NotFoundError: the server was restarted meanwhile.
        """
        wait, told = _POLL_S, None
        while True:
            seen = (job.state, job.part, job.done)
            if progress is not None and seen != told:
                progress(job)
            if job.state == "done":
                return job
            if job.state in ("failed", "cancelled"):
                raise JobError(job)
            wait = _POLL_S if seen != told else min(wait * 1.5, _POLL_MOST_S)
            told = seen
            yield Pause(wait)
            job = yield from self.ask("GET", "/jobs/{job}", JobView, {"job": job.id})

    def made(
        self,
        template: str,
        to: Path,
        names: Names = _NOTHING,
        *,
        body: Any = None,
        progress: Progress | None = None,
        suffix: str = "",
    ) -> Flow[JobView]:
        """Long work that makes one file: begin it, wait for it, save the file. suffix: of the file, where there are several."""
        begun = yield from self.ask("POST", template, JobView, names, body=body)
        job = yield from self.finished(begun, progress)
        name = next((one for one in job.files if one.endswith(suffix)), None)
        if name is None:
            raise AnswerError(f"{job.kind} made no file")
        yield from self.saved("/jobs/{job}/files/{name}", to, {"job": job.id, "name": name})
        return job

    def _answered(self, send: Send) -> Flow[Came]:
        """The answer of success, after as many tries as it takes and the terms allow."""
        again = send.method == "GET" or "Idempotency-Key" in send.headers
        doubtful = False  # an earlier try may have been seen by the server
        for tries in count():
            last = tries >= self._terms.retries
            try:
                came: Came = yield send
            except BrokenError as error:
                doubtful = doubtful or not error.unsent
                if last or not (again or error.unsent):
                    raise OfflineError(error.reason, unsent=not doubtful) from None
                wait = self._terms.backoff(tries)
            else:
                if came.status < 300:
                    return came
                found = self._wait(send, came, tries, again=again, doubtful=doubtful)
                if found is None or last or found > self._terms.longest_s:
                    raise problem_of(came.status, came.body)
                wait = found
            yield Pause(wait)
        raise AssertionError("unreachable")

    def _wait(self, send: Send, came: Came, tries: int, *, again: bool, doubtful: bool) -> float | None:
        """Seconds until the next try; None = this answer stands."""
        after = came.headers.get("retry-after", "")
        if came.status in (429, 503) and after.isascii() and after.isdigit():
            return float(after[:9])
        if came.status in (502, 504) and again:  # of what stands between
            return self._terms.backoff(tries)
        if came.status in (429, 503) and send.method == "GET":
            return self._terms.backoff(tries)
        if came.status == 409 and doubtful and _code(came) == "idempotency-running":  # our own earlier try
            return max(1.0, self._terms.backoff(tries))
        return None


def _send(method: str, template: str, names: Names, query: Names, body: Any, key: str, *, stream: bool = False) -> Send:
    path = template.format_map({name: quote(str(value), safe="") for name, value in names.items()})
    headers = {} if method == "GET" else {"X-Callwright": "1"}
    if method != "GET" and not isinstance(body, Upload):
        headers["Idempotency-Key"] = key or secrets.token_hex(16)
    plain = payload(body) if isinstance(body, BaseModel) else body
    return Send(method, template, f"{PREFIX}{path}", query, headers, plain, stream)


def _read(kind: type[T], came: Came) -> T:
    try:
        value: T = _adapter(cast(Hashable, kind)).validate_json(came.body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise AnswerError(f"the answer is none of this version of callwright: {where}: {first['msg']}") from None
    return value


def _event(kinds: Mapping[str, type[T]], event: Event) -> T | None:
    """None = it is of another kind."""
    if event.name not in kinds:
        return None
    found: T = _adapter(cast(Hashable, kinds[event.name])).validate_json(event.data)
    return found


def _code(came: Came) -> str:
    try:
        return str(json.loads(came.body)["code"])
    except (ValueError, KeyError, TypeError):
        return ""


def _written(part: Path) -> Flow[None]:
    """The body that is coming, into a file."""
    file = yield Do(partial(part.open, "wb"))
    try:
        while (piece := (yield Next())) is not None:
            yield Do(partial(file.write, piece))
    finally:
        file.close()
    yield Close()
