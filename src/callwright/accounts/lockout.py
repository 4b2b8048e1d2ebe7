"""How long a door stays shut after wrong keys. Pure.

Five may be wrong in a row; each further one shuts the account for twice as long, from half a minute up to an hour. Never for good: else anybody
could shut out anybody (OWASP ASVS 5.0 6.3.1). A right one opens it and forgets the wrong ones.
"""

from __future__ import annotations

from datetime import datetime, timedelta

__all__ = ["FREE", "LONGEST", "locked_until"]

FREE = 5
LONGEST = timedelta(hours=1)
_FIRST = timedelta(seconds=30)


def locked_until(failures: int, now: datetime) -> datetime | None:
    """Until when, after so many wrong ones in a row; None = not at all."""
    if failures < FREE:
        return None
    doubled: int = 2 ** min(failures - FREE, 12)
    return now + min(_FIRST * doubled, LONGEST)
