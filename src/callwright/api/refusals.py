"""What somebody asked for and may not have stands in the audit log: `access.refuse`, once in ten minutes for each viewer and route, so that
a program that asks for ever does not fill it.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from datetime import datetime, timedelta
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from callwright import audit
from callwright.errors import CallwrightError
from callwright.http.here import ForbiddenError, Reach
from callwright.http.problems import answer_of

__all__ = ["AGAIN", "Refusals"]

log = logging.getLogger(__name__)

AGAIN = timedelta(minutes=10)
_REMEMBERED = 10_000


class Refusals:
    """Notes them, and answers as usual."""

    def __init__(self) -> None:
        self._noted: OrderedDict[tuple[Any, ...], datetime] = OrderedDict()

    @classmethod
    def of(cls, app: FastAPI) -> None:
        """Let the application note them."""
        app.add_exception_handler(ForbiddenError, cls().answer)

    async def answer(self, request: Request, error: Exception) -> JSONResponse:
        """403, noted. A log that cannot be written lets nobody in either."""
        assert isinstance(error, ForbiddenError)
        try:
            await self._note(request, error)
        except CallwrightError as unwritten:
            log.error("a refusal could not be noted: %s", type(unwritten).__name__)
        return answer_of(error)

    async def _note(self, request: Request, error: ForbiddenError) -> None:
        viewer, reach = error.viewer, request.app.state.reach
        assert isinstance(reach, Reach)
        route, now = str(getattr(request.scope.get("route"), "name", "?"))[:64], reach.now()
        key = (viewer.tenant, viewer.user, viewer.token, route)
        last = self._noted.get(key)
        if last is not None and timedelta() <= now - last < AGAIN:
            return
        async with reach.kept.database.scope(viewer.tenant) as scope:
            keys = await reach.kept.keyring.tenant(scope)
            await audit.note(scope, keys, viewer, "access.refuse", ("route", route), {"wanted": error.wanted}, now=now)
        self._noted[key] = now
        self._noted.move_to_end(key)
        if len(self._noted) > _REMEMBERED:
            self._noted.popitem(last=False)
