"""Where a benchmark runs: which core, and whether others may get in its way."""

from __future__ import annotations

import os

__all__ = ["pin", "urgent"]

_PRIORITY = 5


def pin(core: int) -> bool:
    """Keep this process on one core; False where the system or the number of cores does not allow it."""
    if not hasattr(os, "sched_setaffinity") or core not in os.sched_getaffinity(0):
        return False
    os.sched_setaffinity(0, {core})
    return True


def urgent() -> bool:
    """Run before every ordinary process (SCHED_RR); False where that is not allowed."""
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(_PRIORITY))
    except (AttributeError, OSError):
        return False
    return True
