"""Looks at running calls are looks at personal data: each is in the audit log once for a viewer and a call, however often a browser asks."""

from __future__ import annotations

from datetime import timedelta

from callwright import audit
from callwright.audit.store import Wanted, find
from callwright.http.here import Here

__all__ = ["note_board", "note_look"]

_BOARD_AGAIN = timedelta(hours=1)
_MOST = 200  # viewers of one call


async def note_look(here: Here, action: str, call: str) -> None:
    """Write it down, unless this viewer has done the same with this call before."""
    async with here.keyed() as (scope, keys):
        viewer = here.viewer
        before = await find(scope, Wanted(user=viewer.user, action=action, kind="call", object=call), _MOST)
        if not any((one.user, one.token) == (viewer.user, viewer.token) for one in before):
            await audit.note(scope, keys, viewer, action, ("call", call), now=here.now())


async def note_board(here: Here) -> None:
    """The board shows the last words of all calls: once in an hour for a viewer."""
    async with here.keyed() as (scope, keys):
        viewer, since = here.viewer, here.now() - _BOARD_AGAIN
        before = await find(scope, Wanted(user=viewer.user, action="live.board", kind="board", since=since), _MOST)
        if not any((one.user, one.token) == (viewer.user, viewer.token) for one in before):
            await audit.note(scope, keys, viewer, "live.board", ("board", "live"), now=here.now())
