"""Endpoints: where news of a tenant goes. Added with their secret, switched off and on, never shown with their secret again."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import anyio
import httpx
from sqlalchemy import Row

from callwright.campaigns import delivery_store as rows
from callwright.campaigns.deliveries import exchange, open_client
from callwright.campaigns.events import EVENTS
from callwright.campaigns.notices import KINDS, Answer, Kind, answer_of, check_address, outgoing
from callwright.campaigns.signing import is_secret, new_secret
from callwright.errors import InputError, Problem
from callwright.store.crypto import TenantKeys
from callwright.store.scope import Scope

__all__ = ["Endpoint", "add", "again", "backlog", "drop", "listed", "switch", "try_out"]

_TEST_S = 20.0


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One endpoint, without its secret. address: shortened when it carries a key of its own (the robots of groups do)."""

    id: int
    kind: str
    address: str
    events: tuple[str, ...]
    active: bool


async def add(
    scope: Scope,
    keys: TenantKeys,
    kind: str,
    address: str,
    now: datetime,
    *,
    events: Sequence[str] = (),
    secret: str = "",
) -> tuple[int, str]:
    """A new endpoint; its id and its secret (made for webhooks when none is given). events: what it wants, () = all.

    Raises:
        InputError: an unknown kind or event, an address nothing can be sent to, a secret of the wrong form.
    """
    if kind not in KINDS:
        raise InputError(Problem("endpoint-kind", f"{kind} is no kind of endpoint", hint=f"one of {', '.join(KINDS)}"))
    known: Kind = kind
    check_address(known, address)
    for event in events:
        if event not in EVENTS:
            raise InputError(Problem("event", f"{event} is no event", hint=f"some of {', '.join(EVENTS)}"))
    if kind in ("webhook", "pre_dial"):
        secret = secret or new_secret(secrets.token_bytes(32))
        if not is_secret(secret):
            hint = "whsec_ and 24 to 64 bytes in base64, or leave it out: one is made"
            raise InputError(Problem("secret", "the secret of the webhook has another form", hint=hint))
    row = {
        "kind": kind,
        "address": address,
        "secret": keys.seal(secret, "endpoint.secret") if secret else b"",
        "events": list(events),
        "active": True,
        "created_at": now,
    }
    return int(await scope.value(rows.ADD_ENDPOINT, **row)), secret


async def listed(scope: Scope) -> list[Endpoint]:
    """All endpoints, also those that are off."""
    return [
        Endpoint(row.id, row.kind, _shown(row.kind, row.address), tuple(row.events), bool(row.active))
        for row in await scope.all(rows.LIST_ENDPOINTS)
    ]


async def switch(scope: Scope, endpoint: int, on: bool) -> None:
    """Switch an endpoint on or off; what waits for it waits on.

    Raises:
        InputError: there is no such endpoint.
    """
    if not await scope.run(rows.SWITCH_ENDPOINT, which=endpoint, on=on):
        raise InputError(Problem("endpoint", f"there is no endpoint {endpoint}", hint="see callwright endpoint list"))


async def drop(scope: Scope, endpoint: int) -> None:
    """Away with an endpoint, and with what waits for it.

    Raises:
        InputError: there is no such endpoint.
    """
    if not await scope.run(rows.DROP_ENDPOINT, which=endpoint):
        raise InputError(Problem("endpoint", f"there is no endpoint {endpoint}", hint="see callwright endpoint list"))


async def again(scope: Scope, endpoint: int, delivery: str, now: datetime) -> bool:
    """Send a delivery that did not arrive once more, from the first try on; False: there is none that waits or was given up."""
    return bool(await scope.run(rows.AGAIN, of=endpoint, which=delivery, now=now))


async def try_out(keys: TenantKeys, row: Row[Any], message: str, now: datetime, language: str) -> Answer:
    """Send a test event to an endpoint (a row of the table), at once and once: it is not in the outbox, and is not tried again."""
    body = json.dumps(
        {"type": "test", "timestamp": now.isoformat(timespec="milliseconds"), "data": {"message": "callwright"}},
        ensure_ascii=False,
    ).encode()
    secret = keys.open(row.secret, "endpoint.secret").decode() if row.secret else ""
    request = outgoing(row.kind, row.address, secret, message, body, now, language)
    try:
        with anyio.fail_after(_TEST_S):
            async with open_client() as client:
                return answer_of(row.kind, *await exchange(client, request))
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        return Answer(False, error=type(error).__name__)


async def backlog(scope: Scope) -> list[dict[str, Any]]:
    """For each endpoint and state (`waiting`, `sent`, `given_up`): how many deliveries, the oldest, and one last error."""
    return [dict(row._mapping) for row in await scope.all(rows.BACKLOG)]


def _shown(kind: str, address: str) -> str:
    """The key of a group robot stands in its address: whoever has it can write to the group."""
    return address if kind in ("webhook", "pre_dial", "mail") else address.partition("?")[0].rpartition("/")[0] + "/..."
