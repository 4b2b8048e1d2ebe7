"""A call that somebody asks for by name, now: the same gate, the same caps, the same record. It belongs to no task, but may be asked for in the
frame of one: then the caps of its plan hold too.

The person must be known (imported, with a consent or another basis); the script must be reviewed, the company vetted.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from callwright.campaigns import dispatch_store as rows
from callwright.campaigns.claims import tokens
from callwright.campaigns.facts import Concern, company_facts, gather_all
from callwright.campaigns.gate import decided, with_use
from callwright.campaigns.intents import Case, Dial, Refused, Veto, permitted, record, why, written
from callwright.campaigns.model import Plan
from callwright.campaigns.terms import Terms
from callwright.compliance.facts import CompanyFacts
from callwright.errors import LineError
from callwright.store.crypto import TenantKeys
from callwright.store.scope import Scope

__all__ = ["Asked", "dial_now"]


@dataclass(frozen=True, slots=True)
class Asked:
    """Who is to be called, with what. script: digest of a reviewed version; line: its name; origin: `api` or `agent`; plan: of the task in whose
    frame it is, None = none; veto: the customer's pre-dial webhook said no."""

    number: str
    script: str
    company: int
    line: str
    pool: str = "default"
    ring_s: float = 30.0
    origin: str = "api"
    plan: Plan | None = None
    veto: Veto | None = None


async def dial_now(
    scope: Scope, keys: TenantKeys, terms: Terms, asked: Asked, variables: dict[str, str], owner: str, now: datetime
) -> Dial | Refused:
    """Decide and write it down; the INVITE may leave once this is committed. owner: who places the call and finishes it.

    Raises:
        LineError: the line has no room now; nothing was written, ask again.
    """
    if await scope.value(rows.SUSPENDED):
        return Refused(None, 0, "suspended")
    who = await scope.all(rows.LOCK_PERSON, number_index=keys.index(asked.number))
    if not who:
        return Refused(None, 0, "unknown-person")
    found = await gather_all(scope, keys, who, now, [asked.script], asked.pool, asked.line)
    (one,) = found.known
    one.variables = variables
    house = await scope.first(rows.FIND_COMPANY, company=asked.company)
    version = found.scripts.get(asked.script)
    numbers = await with_use(scope, found.numbers, now)
    concern = Concern(
        company_facts(house, asked.company) if house is not None else CompanyFacts(asked.company),
        asked.ring_s,
        owned=frozenset(number.number for number in numbers if number.verified),
    )
    case = decided(terms, concern, one, version, numbers, now, asked.plan, terms.monotonic())
    case.veto = asked.veto
    records = await record(scope, keys, [case], None, asked.company, now)
    if not case.allowed:
        await scope.together(*records)
        return _refused(case)
    line = await scope.first(rows.LOCK_LINE, name=asked.line)
    granted = tokens(line.tat, now, line.calls_per_second, line.burst, 1) if line is not None else None
    if (
        line is None
        or granted is None
        or not granted.granted
        or line.active >= line.max_calls
        or _blocked(line.blocked_until, now)
    ):
        raise LineError(f"the line {asked.line} takes no call now")
    await scope.together(
        *records,
        *written([case], line.id, now + terms.lease, now, asked.origin, owner),
        (rows.CHARGE_LINE, [{"line": line.id, "more": 1, "new_tat": granted.tat}]),
    )
    return permitted(case, asked.line, asked.ring_s, None, asked.origin, owner)


def _refused(case: Case) -> Refused:
    found = case.decision.refusals
    following = case.decision.next_allowed_at if not case.decision.allow or case.veto is None else case.veto.retry_at
    pack, detail = (found[0].pack, found[0].detail) if found else ("", "")
    reason = why(case) if found or case.veto is None else "pre_dial"
    return Refused(None, case.one.person_id, reason, following, case.record, pack, detail or why(case))


def _blocked(until: datetime | None, now: datetime) -> bool:
    return until is not None and now < until
