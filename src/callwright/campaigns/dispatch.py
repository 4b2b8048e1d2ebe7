"""Dispatch: who is dialled now, and that nobody is rung twice.

    claimed = await claim(scope, terms, task, owner, n, now)          # only what may begin now; a lease
    answers = await dial(scope, keys, terms, claimed, now)            # one transaction: everything looked at again, written, then permits
    ...                                                              # commit, and only then the INVITE
    await finish(scope, keys, terms, [Ended(...)], [task], now)       # once, fenced
    await reap(database, tenant, keys, terms, now)                    # what dead workers left

docs/explanation/nobody-is-rung-twice.md tells why; docs/reference/attempts.md draws the states.
"""

from callwright.campaigns.claims import Claimed, claim
from callwright.campaigns.ended import Ended
from callwright.campaigns.finishing import Finished, finish
from callwright.campaigns.gate import Dial, Refused, Veto, dial
from callwright.campaigns.reaping import Reaped, reap
from callwright.campaigns.terms import Plans, Terms

__all__ = [
    "Claimed",
    "Dial",
    "Ended",
    "Finished",
    "Plans",
    "Reaped",
    "Refused",
    "Terms",
    "Veto",
    "claim",
    "dial",
    "finish",
    "reap",
]
