"""One call that somebody asks for by name: the same worker, the same gate, and no task."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import replace

from callwright.calling import Calling, open_calling
from callwright.campaigns.direct import Asked, dial_now
from callwright.campaigns.dispatch import Refused
from callwright.campaigns.dispatch_store import SCRIPT_TEXT
from callwright.campaigns.scripts import find
from callwright.campaigns.worker import Came
from callwright.errors import InputError, Problem
from callwright.script.loader import loads
from callwright.script.model import Script
from callwright.settings import Settings
from callwright.store.crypto import TenantKeys
from callwright.store.database import Database

__all__ = ["call_now"]


async def call_now(
    calling: Calling,
    settings: Settings,
    database: Database,
    tenant: int,
    keys: TenantKeys,
    asked: Asked,
    variables: Mapping[str, str],
) -> Came | Refused:
    """One call to a person by name, under the same rules as any other; returns when it is over and written.

    Raises:
        InputError, LineError: as for `open_calling`; also when the script needs more variables, or the line has no room.
        TaskError: there is no such script version.
    """
    async with database.scope(tenant) as scope:
        version = await find(scope, asked.script)
        text = await scope.value(SCRIPT_TEXT, script=version.id)
    _complete(loads(text).script, variables)
    asked = replace(asked, script=version.digest)
    async with (
        open_calling(replace(calling, robots=0), settings, database, tenant, keys, [version.digest]) as worker,
        asyncio.TaskGroup() as tasks,
    ):
        running = tasks.create_task(worker.run())
        try:
            await worker.begun()
            permitted = time.monotonic()
            async with database.scope(tenant) as scope:
                order = await dial_now(scope, keys, worker.terms, asked, dict(variables), worker.name, worker.now())
            return order if isinstance(order, Refused) else await worker.call(order, permitted)
        finally:
            worker.stop()
            await asyncio.wait([running])


def _complete(script: Script, variables: Mapping[str, str]) -> None:
    lacking = [name for name, var in script.vars.items() if var.required and not variables.get(name)]
    if lacking:
        raise InputError(
            Problem("variables", f"the script needs {', '.join(lacking)}", hint="say each: --var NAME=VALUE")
        )
