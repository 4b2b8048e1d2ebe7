"""Sends what stands in the outbox: at least once, in order of time for each tenant, many at the same time, and never for ever.

A delivery is taken by a lease. A sender that dies leaves it to another one, so it may arrive twice: with the same `webhook-id`.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

import anyio
import httpx
from sqlalchemy import Row

from callwright.campaigns import delivery_store as rows
from callwright.campaigns.notices import Answer, Outgoing, answer_of, letter, next_try, outgoing
from callwright.store.crypto import TenantKeys
from callwright.store.database import Database

__all__ = ["Post", "Sender", "exchange", "open_client"]

LEASE = timedelta(seconds=60)
TIMEOUT_S = 15.0  # Standard Webhooks: 15 to 30 s
MAX_ANSWER = 64 * 1024
BATCH = 32


class Post(Protocol):
    """Who carries mail."""

    async def send(self, mail: Any) -> None:
        """Hand it over; raises OSError when it cannot be."""


def open_client() -> httpx.AsyncClient:
    """A client that follows no redirect: the address was checked, another one was not."""
    return httpx.AsyncClient(timeout=TIMEOUT_S, follow_redirects=False, headers={"user-agent": "callwright"})


@dataclass(slots=True)
class Sender:
    """One sender of one tenant. name: of this process; post: None = mail stays in the outbox with an error that says so."""

    database: Database
    keys: TenantKeys
    tenant: int
    name: str
    client: httpx.AsyncClient
    now: Callable[[], datetime]
    post: Post | None = None
    mail_from: str = "callwright@localhost"
    language: str = "en"

    async def run(self, poll_s: float = 1.0) -> None:
        """Send for ever; whoever started it ends it by cancelling."""
        while True:
            if not await self.round():
                await anyio.sleep(poll_s)

    async def round(self) -> int:
        """Send what is due now; how many were tried."""
        due = await self._take()
        async with anyio.create_task_group() as tasks:
            for one in due:
                tasks.start_soon(self._one, one)
        return len(due)

    async def _take(self) -> Sequence[Row[Any]]:
        now = self.now()
        async with self.database.scope(self.tenant) as scope:
            due = await scope.all(rows.DUE, now=now, most=BATCH)
            await scope.run(rows.CLAIM, [{"which": one.id, "sender": self.name, "until": now + LEASE} for one in due])
        return due

    async def _one(self, one: Row[Any]) -> None:
        try:
            body = self.keys.open(one.body, f"delivery.{one.id}")
            secret = self.keys.open(one.secret, "endpoint.secret").decode() if one.secret else ""
            answer = await self._send(one, secret, body)
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            answer = Answer(False, error=type(error).__name__)
        await self._settle(one, answer)

    async def _send(self, one: Row[Any], secret: str, body: bytes) -> Answer:
        if one.kind == "mail":
            if self.post is None:
                return Answer(False, error="no mail server is set (CALLWRIGHT_SMTP_URL)")
            await self.post.send(letter(self.mail_from, one.address, one.id, body, self.now(), self.language))
            return Answer(True)
        request = outgoing(one.kind, one.address, secret, one.id, body, self.now(), self.language)
        with anyio.fail_after(LEASE.total_seconds() / 2):  # a server that drips bytes must not outlive the lease
            return answer_of(one.kind, *await exchange(self.client, request))

    async def _settle(self, one: Row[Any], answer: Answer) -> None:
        now = self.now()
        mine = {"which": one.id, "sender": self.name}
        async with self.database.scope(self.tenant) as scope:
            if answer.ok:
                await scope.run(rows.SENT, [mine | {"now": now}])
                return
            again = None if answer.gone else next_try(one.tries + 1, now, random.random())
            becomes = "given_up" if again is None else "waiting"
            failed = mine | {"becomes": becomes, "again": again or now, "error": answer.error[:300]}
            await scope.run(rows.FAILED, [failed])
            if answer.gone:
                await scope.run(rows.SWITCH_ENDPOINT, [{"which": one.endpoint_id, "on": False}])


async def exchange(client: httpx.AsyncClient, request: Outgoing) -> tuple[int, bytes]:
    """Status and the first `MAX_ANSWER` bytes of the body."""
    content = b""
    async with client.stream("POST", request.url, content=request.content, headers=dict(request.headers)) as reply:
        async for piece in reply.aiter_bytes():
            content += piece
            if len(content) > MAX_ANSWER:
                break
        return reply.status_code, content[:MAX_ANSWER]
