"""What witnesses say about an attempt that nobody finished: our own line's log, or the accounting of the proxy. Pure but for `keep`.

Both are rows of `sip_account`, by the attempt's Call-ID. The trunks write `ATTEMPT@host` for the first trunk and `ATTEMPT.2@host` for the second
one (a second one is only tried when the first did not ring): all of them are accounts of one attempt.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row

from callwright.calls.disposition import FACTS, Disposition, disposition
from callwright.campaigns import lease_store as rows
from callwright.campaigns.ended import Ended, How
from callwright.store.scope import Scope

__all__ = ["Account", "Witnessed", "attempt_of", "keep", "verdict"]

_CALL_ID = re.compile(r"([0-9a-f]{32})(?:\.\d{1,2})?(?:@.*)?")


@dataclass(frozen=True, slots=True)
class Account:
    """One line of an account. code: of the response (0 = the request left). source: `line` or `kamailio`."""

    call_id: str
    method: str
    code: int
    at: datetime
    source: str


_AWAKE = timedelta(seconds=30)
_SKEW = timedelta(seconds=5)  # by which the proxy's clock may be off
_LONGEST = timedelta(seconds=180)
"""How long a call that the proxy let through may ring, or stay up after its worker died, before it is no longer waited for: Kamailio stops
ringing after 120 s (fr_inv_timer) and notices a dead end within 60 s (ka_interval)."""


@dataclass(frozen=True, slots=True)
class Witnessed:
    """From when until when a proxy that every INVITE of a line passes has told everything."""

    since: datetime
    until: datetime

    def whole(self, begin: datetime, end: datetime) -> bool:
        """Whether it saw all of this span."""
        return self.since <= begin - _SKEW and self.until >= end


def attempt_of(call_id: str) -> str | None:
    """The attempt that a Call-ID is of; None = it is none of ours."""
    match = _CALL_ID.fullmatch(call_id)
    return match[1] if match is not None else None


async def keep(scope: Scope, accounts: Iterable[Account]) -> int:
    """Write accounts of our own calls; of others nothing is kept. How many."""
    each = [
        {"call_id": name, "method": one.method[:12], "code": one.code, "at": one.at, "source": one.source}
        for one in accounts
        if (name := attempt_of(one.call_id)) is not None
    ]
    await scope.run(rows.ADD_ACCOUNTS, each)
    return len(each)


def verdict(
    attempt: Row[Any], accounts: Sequence[Account], quiet: timedelta, now: datetime, witnessed: Witnessed | None
) -> Ended | None:
    """How an unknown attempt is settled; None = not yet, its call may still be up. attempt: a row of LOCK_ATTEMPTS.

    A final answer is an outcome. A call that began to ring and has no end counts against the caps and goes to a person (`reported`), as does one
    that nobody knows anything about, unless a complete witness says that it never left. As long as a witness is awake and knows that the call
    left, its end is waited for.
    """
    invites = [account for account in accounts if account.method == "INVITE"]
    finals = [account for account in invites if account.code >= 200]
    answered = next((account for account in finals if account.code < 300), None)
    if answered is not None or attempt.answered_at is not None:
        over = any(account.method == "BYE" for account in accounts)
        begun = answered.at if answered is not None else attempt.answered_at
        return (
            None if not over and _awaited(accounts, begun, now, witnessed) else _answered(attempt, answered, accounts)
        )
    if finals:
        last = finals[-1]
        outcome = disposition(answered=False, end="", code=last.code, cause="rejected")
        return _ended(attempt, outcome, last.at, _how(last), sip_code=last.code)
    if _awaited(invites, attempt.dialled_at, now, witnessed):
        return None
    whole = witnessed is not None and witnessed.whole(attempt.dialled_at, attempt.dialled_at + quiet)
    if not invites and attempt.state == "unknown" and whole:
        return _ended(attempt, "network_fault", attempt.dialled_at, "absent", counts=False)
    return _ended(attempt, "unknown", now, "reported")


def _awaited(accounts: Sequence[Account], begun: datetime, now: datetime, witnessed: Witnessed | None) -> bool:
    """Whether the proxy knows this call, is awake, and may yet tell how it ends."""
    known = any(account.source == "kamailio" for account in accounts)
    return known and witnessed is not None and witnessed.until >= now - _AWAKE and now < begun + _LONGEST


def _answered(attempt: Row[Any], answered: Account | None, accounts: Sequence[Account]) -> Ended:
    """Somebody answered, and we were gone: interrupted. It counts."""
    begun = answered.at if answered is not None else attempt.answered_at
    over = next((account for account in accounts if account.method == "BYE"), None)
    at = over.at if over is not None else begun
    talk_ms = max(0, round((at - begun).total_seconds() * 1000))
    how: How = _how(answered) if answered is not None else "line"
    return _ended(attempt, "interrupted_by_fault", at, how, answered_at=begun, talk_ms=talk_ms, sip_code=200)


def _how(account: Account) -> How:
    return "kamailio" if account.source == "kamailio" else "line"


def _ended(
    attempt: Row[Any],
    outcome: Disposition,
    at: datetime,
    how: How,
    *,
    answered_at: datetime | None = None,
    talk_ms: int = 0,
    sip_code: int | None = None,
    counts: bool | None = None,
) -> Ended:
    stands = FACTS[outcome].counts if counts is None else counts
    return Ended(
        attempt.id,
        attempt.owner,
        attempt.fence,
        outcome,
        at,
        answered_at,
        talk_ms,
        sip_code,
        f"reconciled:{how}",
        how=how,
        counts=stands,
    )
