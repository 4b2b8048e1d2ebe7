"""The pre-dial webhook: the customer's own system has the last word before somebody is rung. Whatever is no clear yes blocks.

Asked between claim and dial, outside of any transaction. Request: `{"type": "call.before", "timestamp", "data"}`, signed as webhooks are.
Answer within the time-out: 200 with `{"allow": true}` or `{"allow": false, "reason": "...", "retry_after_s": 3600}`.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import anyio
import httpx
from sqlalchemy import Row

from callwright.campaigns.deliveries import exchange
from callwright.campaigns.notices import outgoing
from callwright.store.crypto import TenantKeys

__all__ = ["Verdict", "ask", "read_verdict"]

TIMEOUT_S = 3.0
MAX_WAIT_S = 7 * 86400


@dataclass(frozen=True, slots=True)
class Verdict:
    """allow: ring. retry_after_s: ask again then (None = not in this task). reason: for the record and for people."""

    allow: bool
    reason: str = ""
    retry_after_s: int | None = None


async def ask(
    client: httpx.AsyncClient,
    keys: TenantKeys,
    endpoints: Sequence[Row[Any]],
    data: Mapping[str, Any],
    now: datetime,
    timeout_s: float = TIMEOUT_S,
) -> Verdict:
    """Ask every endpoint in turn; the first no decides. data: what is known of the call (the number in full: it is the customer's own).

    None of them raises: who cannot be reached, is too late or says something else has not said yes.
    """
    body = json.dumps(
        {"type": "call.before", "timestamp": now.isoformat(timespec="milliseconds"), "data": dict(data)},
        ensure_ascii=False,
        default=str,
    ).encode()
    for endpoint in endpoints:
        secret = keys.open(endpoint.secret, "endpoint.secret").decode()
        request = outgoing("pre_dial", endpoint.address, secret, f"msg_{secrets.token_hex(12)}", body, now, "en")
        try:
            with anyio.fail_after(timeout_s):
                verdict = read_verdict(*await exchange(client, request))
        except (httpx.HTTPError, OSError) as error:
            verdict = Verdict(False, f"pre-dial webhook: {type(error).__name__}", 300)
        if not verdict.allow:
            return verdict
    return Verdict(True)


def read_verdict(status: int, content: bytes) -> Verdict:
    """What an answer means. Pure; anything that is not as documented is a no for five minutes."""
    if status != 200:
        return Verdict(False, f"pre-dial webhook: HTTP {status}", 300)
    try:
        said = json.loads(content)
    except ValueError:
        said = None
    if not isinstance(said, dict) or not isinstance(said.get("allow"), bool):
        return Verdict(False, "pre-dial webhook: no `allow` in the answer", 300)
    if said["allow"]:
        return Verdict(True)
    wait = said.get("retry_after_s")
    good = isinstance(wait, int) and not isinstance(wait, bool) and 0 < wait <= MAX_WAIT_S
    return Verdict(False, f"pre-dial webhook: {str(said.get('reason', 'no'))[:200]}", wait if good else None)
