"""From a list of people to a queue: who is called with which script, and who is left out, and why. The law is asked again at each dial."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row

from callwright.campaigns import task_store as rows
from callwright.campaigns.model import Plan
from callwright.campaigns.scripts import Version
from callwright.campaigns.variants import assign
from callwright.compliance.facts import BASES
from callwright.compliance.house import PERMITTED_BASES
from callwright.errors import ScriptError
from callwright.script.loader import loads
from callwright.store.crypto import TenantKeys
from callwright.store.scope import Scope

__all__ = ["Filled", "fill"]

_BATCH = 2000
_FOR_EVER = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Filled:
    """added: leads that came into the queue; the others of them: left out, and why."""

    added: int
    missing_variables: int
    suppressed: int
    no_consent: int
    frozen: int
    later: int


async def fill(
    scope: Scope, keys: TenantKeys, task: Row[Any], plan: Plan, versions: Mapping[str, Version], now: datetime
) -> Filled:
    """Put every lead of the task's list that is not in the queue yet into it. Doing it again adds only what is new on the list.

    Args:
        task: a row of the table, locked.
    """
    needed = {name: await _required(scope, version) for name, version in versions.items()}
    alone = plan.scripts[0].name if len(plan.scripts) == 1 and not any(needed.values()) else ""
    added = await scope.run(rows.FILL, task=task.id, list=task.list_id, due=now, variant=alone)
    missing = 0 if alone else await _sort(scope, keys, task.id, plan, needed)
    bases: frozenset[str] = frozenset()
    for version in versions.values():
        bases |= PERMITTED_BASES.get(version.purpose, BASES - {"staff"})
    suppressed = await scope.run(rows.EXCLUDE_SUPPRESSED, task=task.id)
    no_consent = await scope.run(
        rows.EXCLUDE_NO_CONSENT, task=task.id, now=now, company=task.company_id, bases=sorted(bases)
    )
    until = plan.not_after or _FOR_EVER
    frozen = await scope.run(rows.EXCLUDE_FROZEN, task=task.id, company=task.company_id, not_after=until)
    later = await scope.run(rows.POSTPONE_FROZEN, task=task.id, company=task.company_id, now=now)
    return Filled(added, missing, suppressed, no_consent, frozen, later)


async def _sort(scope: Scope, keys: TenantKeys, task: int, plan: Plan, needed: Mapping[str, tuple[str, ...]]) -> int:
    """Divide the new leads among the variants; leave out those that miss what their script has to say. How many those are."""
    after, missing = 0, 0
    look = any(needed.values())
    while batch := await scope.all(rows.UNSORTED, task=task, after=after, room=_BATCH):
        after = batch[-1].lead_id
        groups: dict[tuple[str, str], list[int]] = defaultdict(list)
        for row in batch:
            variant = assign(plan, str(task), row.lead_id)
            lacks = _lacking(keys, row.variables, needed.get(variant, ())) if look else ()
            missing += bool(lacks)
            groups[variant, f"missing: {', '.join(lacks)}"[:64] if lacks else ""].append(row.lead_id)
        for (variant, reason), leads in groups.items():
            state = "excluded" if reason else "ready"
            await scope.run(
                rows.SET_VARIANT, task=task, leads=leads, new_variant=variant, new_state=state, new_reason=reason
            )
    return missing


def _lacking(keys: TenantKeys, sealed: bytes, needed: tuple[str, ...]) -> tuple[str, ...]:
    if not needed:
        return ()
    known = json.loads(keys.open(sealed, "lead.variables")) if sealed else {}
    return tuple(name for name in needed if not str(known.get(name, "")).strip())


async def _required(scope: Scope, version: Version) -> tuple[str, ...]:
    """The variables a version cannot do without. A text that is no script (any more) asks for none here: nobody is called with it anyway."""
    row = await scope.first(rows.FIND_SCRIPT, digest=version.digest)
    try:
        script = loads(row.text, version.script).script if row is not None else None
    except ScriptError:
        return ()
    return () if script is None else tuple(name for name, var in script.vars.items() if var.required)
