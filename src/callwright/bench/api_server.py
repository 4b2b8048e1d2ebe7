"""The application over a database of `bench api`, in a process of its own; tells its address, and ends with its standard input:
`python -m callwright.bench.api_server URL KEY TENANT`.
"""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import anyio
import anyio.to_thread

from callwright.api.app import create_app
from callwright.bench.api_calls import END
from callwright.settings import Settings
from callwright.storage import Storage
from callwright.store.blobs import Blobs
from callwright.store.crypto import Keyring
from callwright.store.database import Database
from callwright.testing.api import FakeViewers
from callwright.testing.console import listening

__all__: list[str] = []


async def _serve(url: str, key: Path, tenant: int) -> None:
    with TemporaryDirectory(prefix="cw-bench-api-") as folder:
        settings = Settings.from_environment({"XDG_DATA_HOME": folder, "HOME": folder})
        async with Database.open(url) as database, Blobs.open(Path(folder, "blobs").as_uri()) as blobs:
            storage = Storage(database, Keyring.from_file(key), blobs)
            app = create_app(storage, settings, FakeViewers(tenant), now=lambda: END)
            async with listening(app) as address:
                sys.stdout.write(f"{address}\n")
                sys.stdout.flush()
                await anyio.to_thread.run_sync(sys.stdin.read)
                logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)  # that it is ended at once is no error


if __name__ == "__main__":
    anyio.run(_serve, sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
