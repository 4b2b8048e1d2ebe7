"""One rule that was looked at, and how it came out."""

from __future__ import annotations

from dataclasses import dataclass
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

    @property
    def refuses(self) -> bool:
        return not self.ok and self.severity in REFUSING
