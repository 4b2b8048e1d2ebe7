"""The two sides of a benchmark are processes that talk by lines of JSON: what is told, and whoever is not to be reached."""

from __future__ import annotations

import json
import sys

from callwright.dialogue.values import Transfer
from callwright.telephony.port import DialOrder

__all__ = ["nobody", "tell"]


def tell(what: object) -> None:
    """One line of JSON on standard output, at once."""
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


async def nobody(wanted: Transfer, call_id: str) -> DialOrder | None:
    """The desk of a benchmark: no person is there."""
    return None
