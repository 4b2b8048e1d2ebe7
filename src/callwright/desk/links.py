"""The API's side of a worker's port: follow its feed, read the log of a call, ask for something."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from callwright.desk.feed import BEAT_S
from callwright.http.problems import ApiError, conflict

__all__ = ["LOST", "Link", "first_able", "open_client"]

LOST = (httpx.HTTPError, ValueError)
"""What a broken link raises: the worker is gone, or does not speak as it should."""

_PLACED_S = 90.0  # a worker may have to make its robot ready, ask the customer's own system, and begin the call

_CODES = {
    400: (422, "invalid"), 401: (503, "worker"), 403: (403, "forbidden"), 404: (404, "absent"), 409: (409, "line"),
    422: (422, "invalid"),
}  # fmt: skip


def open_client() -> httpx.AsyncClient:
    """One for all workers. They are in our own network: no proxy of the environment stands between."""
    return httpx.AsyncClient(timeout=httpx.Timeout(10.0, read=3 * BEAT_S), trust_env=False)


@dataclass(frozen=True, slots=True)
class Link:
    """To one worker."""

    worker: str
    address: str
    secret: str = field(repr=False)
    client: httpx.AsyncClient = field(repr=False)

    async def lines(self, path: str) -> AsyncIterator[dict[str, Any]]:
        """The JSON lines of an answer that goes on.

        Raises:
            LOST: the link broke.
            ApiError: 404, there is no such call (any more).
        """
        async with self.client.stream("GET", self._url(path), headers=self._headers) as answer:
            if answer.status_code == 404:
                raise ApiError(404, "absent", "there is no such live call")
            answer.raise_for_status()
            async for line in answer.aiter_lines():
                value = json.loads(line)
                if not isinstance(value, dict):
                    raise ValueError("a line of a worker is no object")  # noqa: TRY004 - as broken JSON
                yield value

    async def post(self, path: str, body: Mapping[str, Any], patience_s: float = 3 * BEAT_S) -> dict[str, Any]:
        """Ask for something; the answer.

        Raises:
            ApiError: the worker refuses (its status, code and words); cannot be reached (503 `unreached`: it heard nothing); or was heard of no
                more within so many seconds (503 `worker`: what it did is not known).
        """
        patience = httpx.Timeout(10.0, read=patience_s)
        try:
            answer = await self.client.post(self._url(path), json=body, headers=self._headers, timeout=patience)
            value = answer.json()
        except (httpx.ConnectError, httpx.ConnectTimeout):
            raise ApiError(503, "unreached", f"the worker {self.worker} cannot be reached") from None
        except LOST as error:
            raise ApiError(
                503, "worker", f"the worker of this call cannot be reached: {type(error).__name__}"
            ) from None
        if answer.status_code == 200 and isinstance(value, dict):
            return value
        status, code = _CODES.get(answer.status_code, (503, "worker"))
        said = value if isinstance(value, dict) else {}
        raise ApiError(
            status, str(said.get("code", code)), str(said.get("message", "the worker does not answer as it should"))
        )

    @property
    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.secret}"}

    def _url(self, path: str) -> str:
        return f"http://{self.address}{path}"


async def first_able(links: Sequence[Link], order: Mapping[str, Any]) -> dict[str, Any]:
    """The answer to `/dial` of the first worker that has the line of the task.

    Raises:
        ApiError: 409 or 503, none has, or the call cannot be placed now; 409 `not-known`, the call may be under way.
    """
    found: ApiError = conflict(
        "no-worker", "no worker is running that could place the call", "Start one: callwright worker."
    )
    for link in links:
        try:
            return await link.post("/dial", order, _PLACED_S)
        except ApiError as error:
            if (
                error.code == "worker"
            ):  # nobody else is asked, and the answer is kept under its Idempotency-Key as no 503 is
                hint = "Look at the live calls before you try again."
                raise conflict("not-known", "the worker did not answer: the call may be under way", hint) from None
            if error.code not in ("no-line", "not-ready", "unreached"):
                raise
            found = error
    raise found
