"""Phone numbers in answers: masked, unless the viewer may see them; and who sees them whole stands in the audit log."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from callwright.accounts.roles import Permission
from callwright.audit.store import note
from callwright.compliance.freezes import masked
from callwright.http.here import Here
from callwright.store.crypto import TenantKeys
from callwright.store.scope import Scope

__all__ = ["Showing", "showing"]


@dataclass(frozen=True, slots=True)
class Showing:
    """A transaction that shows people to the viewer."""

    here: Here
    scope: Scope
    keys: TenantKeys
    whole: bool

    def number(self, number: str) -> str:
        """As this viewer may see it; "" of somebody who was erased."""
        return number if self.whole or not number else masked(number)

    async def looked(self, action: str, kind: str, ids: Sequence[int], **more: int | str) -> None:
        """These were shown. One entry for a page; nothing when the numbers were masked or there was none. Call it last."""
        if self.whole and ids:
            detail = {"shown": len(ids), "last": ids[-1]} | more
            await note(self.scope, self.keys, self.here.viewer, action, (kind, ids[0]), detail, now=self.here.now())


@asynccontextmanager
async def showing(here: Here) -> AsyncIterator[Showing]:
    """For lists: a transaction that only reads while numbers are masked, and one that can note the look otherwise."""
    whole = here.may(Permission.NUMBERS_UNMASKED)
    async with here.scope() if whole else here.reading() as scope:
        yield Showing(here, scope, await here.keys(scope), whole)
