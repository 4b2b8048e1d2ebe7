"""One import, in a process of its own: `python -m callwright.bench.importing_once URL FILE` tells what became of the rows, as JSON."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import insert, select

from callwright.accounts.tables import tenant
from callwright.campaigns.importing import Options, import_people
from callwright.campaigns.sources import open_list
from callwright.compliance.tables import freeze
from callwright.store.crypto import Keyring
from callwright.store.database import Database

__all__: list[str] = []

NOW = datetime(2026, 11, 26, 4, 0, tzinfo=UTC)
KEY = bytes(range(32))  # of a database that lives as long as the measurement


async def main(url: str, path: Path) -> None:
    """Make the tenant if there is none; import; tell."""
    async with Database.open(url) as database:
        keyring = Keyring(KEY)
        async with database.system() as system:
            known = (await system.execute(select(tenant.c.id))).scalar()
            if known is None:
                row = {"slug": "bench", "name": "bench", "suspended": False, "created_at": NOW}
                known = (await system.execute(insert(tenant).values(row).returning(tenant.c.id))).scalar_one()
                fresh = True
            else:
                fresh = False
        async with database.scope(known) as scope:
            keys = await (keyring.create(scope, NOW) if fresh else keyring.tenant(scope))
            if fresh:
                frozen = [keys.seal_number(number) for number in path.with_suffix(".frozen").read_text().split()]
                common = {"scope": "tenant", "reason": "opt_out", "frozen_at": NOW, "by": "bench"}
                await scope.run(insert(freeze), [{**common, "number_index": i, "number": n} for i, n in frozen])
        begin = time.monotonic()
        report = await import_people(database, keys, open_list(path), Options("bench"), NOW)
        seconds = time.monotonic() - begin
    used = os.times()
    told = {
        "seconds": seconds, "processor": used.user + used.system + used.children_user + used.children_system,
        "rows": report.rows, "imported": report.imported, "already": report.already, "bad": report.bad,
        "duplicates": report.duplicates, "frozen": report.kept_out.get("frozen", 0), "people": report.people,
    }  # fmt: skip
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
