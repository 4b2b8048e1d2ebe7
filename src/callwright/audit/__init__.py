"""The audit log: every change and every look at personal data, by whom, in a chain that cannot be changed unseen.

from callwright import audit
...
await audit.note(scope, keys, viewer, "task.start", ("task", 17), {"lines": 2}, now=now)     # last in the transaction of the change
"""

from __future__ import annotations

from callwright.audit.model import Detail
from callwright.audit.store import note

__all__ = ["Detail", "note"]
