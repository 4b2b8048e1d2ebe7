"""What dispatch goes by: the rules, the plans of tasks, and how long leases last."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from callwright.campaigns import dispatch_store as rows
from callwright.campaigns.model import Plan, plan_from
from callwright.campaigns.takeovers import Takeovers
from callwright.compliance.decision import Decision, RuleSet, decide
from callwright.compliance.facts import DialFacts
from callwright.errors import StoreError
from callwright.store.scope import Scope

__all__ = ["LEASE", "QUIET", "Decide", "Plans", "Terms"]

LEASE = timedelta(seconds=30)
QUIET = timedelta(seconds=40)
"""How long nothing is asked about an attempt whose worker is gone: an INVITE of it may still be under way for 64 x T1 = 32 s (Timer B, RFC 3261
17.1.1.2), and its account is written a little later."""

Decide = Callable[[DialFacts, datetime, RuleSet | None], Decision]

_REMEMBERED = 1024


class Plans:
    """Plans of tasks, read once for each version of a task."""

    def __init__(self) -> None:
        self._plans: OrderedDict[tuple[int, int, int], Plan] = OrderedDict()

    async def of(self, scope: Scope, task: int, version: int) -> Plan:
        """The plan of this version of the task.

        Raises:
            TaskError: it is no valid plan.
            StoreError: there is no such task.
        """
        key = (scope.tenant, task, version)
        found = self._plans.get(key)
        if found is None:
            value = await scope.value(rows.PLAN, task=task)
            if value is None:
                raise StoreError(f"there is no task {task}")
            found = self._plans[key] = plan_from(value)
            if len(self._plans) > _REMEMBERED:
                self._plans.popitem(last=False)
        return found


@dataclass(frozen=True, slots=True)
class Terms:
    """packs: the rules beside the house's; lease: how long a worker may be silent; quiet: see QUIET; decide: the decision (tests put a broken
    one in its place); patience_s: a batch whose rules take longer is refused, since its facts are old by then."""

    packs: RuleSet
    plans: Plans = field(default_factory=Plans)
    takeovers: Takeovers = field(default_factory=Takeovers)
    lease: timedelta = LEASE
    quiet: timedelta = QUIET
    decide: Decide = decide
    monotonic: Callable[[], float] = time.monotonic
    patience_s: float = 2.0
