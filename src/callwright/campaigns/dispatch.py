"""Dispatch: who is dialled now, and that nobody is rung twice.

    row = await lock_task(scope, task)
    answers = await claim_and_dial(scope, keys, terms, row, owner, n, now)    # only what may begin now: looked at, written, then permits
    ...                                                                      # commit, and only then the INVITE
    await finish(scope, keys, terms, [Ended(...)], [task], now)               # once, fenced
    await reap(database, tenant, keys, terms, now)                            # what dead workers left

Where the customer's pre-dial webhook has to be asked in between, no transaction is open meanwhile:

    claimed = await claim(scope, terms, task, owner, n, now)          # a lease
    answers = await dial(scope, keys, terms, claimed, now, vetoes)    # a second transaction: everything looked at again

docs/explanation/nobody-is-rung-twice.md tells why; docs/reference/attempts.md draws the states.
"""

from callwright.campaigns.at_once import claim_and_dial, lock_task
from callwright.campaigns.claims import Claimed, claim
from callwright.campaigns.ended import Ended
from callwright.campaigns.finishing import Finished, finish
from callwright.campaigns.gate import dial
from callwright.campaigns.intents import Dial, Refused, Veto
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
    "claim_and_dial",
    "dial",
    "finish",
    "lock_task",
    "reap",
]
