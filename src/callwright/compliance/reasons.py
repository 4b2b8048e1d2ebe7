"""One rule that was looked at, and how it came out."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

__all__ = ["REFUSING", "Outcome", "Reason", "Severity"]

Severity = Literal["block", "defer", "warn", "annotate"]
Outcome = Literal["ok", "blocked", "unknown"]
REFUSING = frozenset({"block", "defer"})


@dataclass(frozen=True, slots=True)
class Reason:
    """rule: its id; pack, version: where it stands ("house" = in the program); severity: `block` and `defer` (it will pass by itself) refuse
    the call, `warn` and `annotate` only say so; outcome: `unknown` = a fact was missing, which is as bad as `blocked`; next_at: the
    earliest moment at which this rule alone would hold, None = never or nobody knows."""

    rule: str
    ok: bool
    detail: str
    pack: str = "house"
    version: str = ""
    severity: Severity = "block"
    outcome: Outcome = "ok"
    next_at: datetime | None = None
    _told: list[str] = field(default_factory=list, init=False, repr=False, compare=False)

    def canonical(self) -> str:
        """Canonical JSON of it. Kept, as most reasons are the same objects from one dial to the next."""
        if not self._told:
            next_at = None if self.next_at is None else self.next_at.isoformat()
            told = {
                "detail": self.detail, "next_at": next_at, "ok": self.ok, "outcome": self.outcome, "pack": self.pack, "rule": self.rule,
                "severity": self.severity, "version": self.version,
            }  # fmt: skip
            self._told.append(json.dumps(told, sort_keys=True, ensure_ascii=False, separators=(",", ":")))
        return self._told[0]

    @property
    def refuses(self) -> bool:
        return not self.ok and self.severity in REFUSING
