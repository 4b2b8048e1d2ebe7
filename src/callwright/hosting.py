"""One machine, one command: the API with its console in this process, and a worker process for each tenant. Part of the composition root.

The workers are processes of their own, so that a call never waits for a list of results, and a fault of one stops nothing else. A worker that
ends by itself is started again, later each time; all end with this process, which waits for their calls.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import anyio
import anyio.abc
import uvicorn
from starlette.types import ASGIApp

from callwright.accounts import tenants
from callwright.accounts.model import Viewer
from callwright.api.app import create_app
from callwright.campaigns import lines, retention
from callwright.compliance.pack_file import load_packs
from callwright.errors import LineError, Problem, SettingsError, StoreError
from callwright.http.here import Authenticate
from callwright.settings import Settings
from callwright.storage import Storage
from callwright.telephony.trunks.loader import LoadedLine, load_line

__all__ = ["Hosting", "Workers", "config_of", "host", "trunks_of"]

log = logging.getLogger(__name__)

_ENDING = (signal.SIGTERM, signal.SIGINT)
_LOOK_S = 5.0
_AGAIN_S = (1.0, 2.0, 5.0, 15.0, 60.0)
_HEALTHY_S = 120.0
_FIRST_RETENTION_S = 3_600.0
_RETENTION_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Hosting:
    """host, port: where the API listens (port 0: a free one); line: the line file, None = nobody is called; robots: calls at once of each
    tenant's worker; out: logs and recordings of calls; packs: rule packs of one's own."""

    host: str
    port: int
    line: Path | None
    robots: int
    out: Path
    packs: Path | None = None
    drain_s: float = 120.0


class _Server(uvicorn.Server):
    """Tells where it listens."""

    def __init__(self, config: uvicorn.Config, listens: Callable[[str], Awaitable[None]]) -> None:
        super().__init__(config)
        self._listens = listens

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            host, port = self.servers[0].sockets[0].getsockname()[:2]
            await self._listens(f"http://{f'[{host}]' if ':' in host else host}:{port}")

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """As uvicorn does, but for one thing: it raises the signal again when it is done, and dies of it before the workers have ended."""
        loop = asyncio.get_running_loop()
        for each in _ENDING:
            loop.add_signal_handler(each, self.handle_exit, each, None)
        try:
            yield
        finally:
            for each in _ENDING:
                loop.remove_signal_handler(each)


async def host(
    hosting: Hosting,
    settings: Settings,
    storage: Storage,
    authenticate: Authenticate,
    listens: Callable[[str], Awaitable[None]],
) -> None:
    """Until SIGTERM or SIGINT. listens: called with the address, once it answers.

    Raises:
        InputError: the line file, a rule pack or the folder of calls cannot be used.
        LineError: nothing can listen there.
    """
    server = _Server(config_of(create_app(storage, settings, authenticate), hosting, settings), listens)
    async with _workers(hosting, storage), anyio.create_task_group() as beside:
        beside.start_soon(_keep_retention, storage)
        try:
            await server.serve()
        except SystemExit:
            raise LineError(f"nothing can listen on {hosting.host}:{hosting.port}: is it in use?") from None
        finally:
            beside.cancel_scope.cancel()


def config_of(app: ASGIApp, hosting: Hosting, settings: Settings) -> uvicorn.Config:
    """How the application is served. Only the proxies that the settings name may say where a request comes from, and whether by https."""
    return uvicorn.Config(
        app,
        host=hosting.host,
        port=hosting.port,
        log_config=None,
        access_log=False,  # addresses hold what was searched for
        server_header=False,
        timeout_graceful_shutdown=5,
        http="h11",  # its messages are bounded, and read strictly
        proxy_headers=bool(settings.proxies),
        forwarded_allow_ips=list(settings.proxies),
    )


async def _keep_retention(storage: Storage) -> None:
    """Delete what is older than each tenant decided, once a day; the first time an hour after the start."""
    wait = _FIRST_RETENTION_S
    while True:
        await anyio.sleep(wait)
        wait = _RETENTION_S
        try:
            for row in await tenants.listed(storage.database):
                blobs = storage.blobs.of(row.id)
                done = await retention.apply(storage.database, storage.keyring, blobs.delete, row.id, datetime.now(UTC))
                log.info("retention of %s: %s", row.slug, done)
        except StoreError as error:
            log.warning("retention waits for the database: %s", type(error).__name__)
            wait = _FIRST_RETENTION_S


@asynccontextmanager
async def _workers(hosting: Hosting, storage: Storage) -> AsyncIterator[None]:
    if hosting.line is None:
        yield
        return
    # What cannot be used is told of before anything listens: a worker that ends because of it would be started again for ever.
    await anyio.to_thread.run_sync(load_line, hosting.line)
    await anyio.to_thread.run_sync(load_packs, hosting.packs)
    await anyio.to_thread.run_sync(_make_folder, hosting.out)
    workers = Workers(hosting, hosting.line, storage)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(workers.run)
        try:
            yield
        finally:
            workers.stop()


def _make_folder(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        what, hint = f"{out} cannot be used: {error.strerror}", "choose another folder with --out"
        raise SettingsError(Problem("out-folder", what, hint=hint)) from None


def trunks_of(owners: set[str], slug: str, tenants: set[str]) -> str | None:
    """Whose trunks of the line file a tenant calls by: those that name it; those that name nobody (`default`) when it is alone. None = it has
    none, since numbers of one tenant are never shown by another."""
    if slug in owners:
        return slug
    return "default" if tenants == {slug} and "default" in owners else None


class Workers:
    """A worker process for each tenant that is not suspended."""

    def __init__(self, hosting: Hosting, line: Path, storage: Storage) -> None:
        self._hosting, self._line, self._storage = hosting, line, storage
        self._stopping = anyio.Event()
        self._kept: dict[str, anyio.Event] = {}  # slug -> set when it shall end

    def stop(self) -> None:
        """Let every worker end its calls; `run` returns then."""
        self._stopping.set()

    async def run(self) -> None:
        """Keep them running until `stop`."""
        loaded = await anyio.to_thread.run_sync(load_line, self._line)
        async with anyio.create_task_group() as tasks:
            while not self._stopping.is_set():
                wanted = {row.slug: row.id for row in await tenants.listed(self._storage.database) if not row.suspended}
                for slug in self._kept.keys() - wanted.keys():
                    self._kept.pop(slug).set()
                for slug in wanted.keys() - self._kept.keys():
                    trunks = trunks_of({one.tenant for one in loaded.line.trunks}, slug, set(wanted))
                    self._kept[slug] = anyio.Event()
                    if trunks is None:
                        log.warning("no trunk of %s is for the tenant %s: nobody is called for it", self._line, slug)
                        continue
                    await self._make_known(loaded, trunks, wanted[slug])
                    tasks.start_soon(self._keep, slug, trunks, self._kept[slug])
                with anyio.move_on_after(_LOOK_S):
                    await self._stopping.wait()
            for end in self._kept.values():
                end.set()

    async def _make_known(self, loaded: LoadedLine, whose: str, tenant: int) -> None:
        trunks = [
            lines.Trunk(one.name, one.limits.calls, one.limits.calls_per_second, one.limits.burst, one.numbers)
            for one in loaded.line.trunks
            if one.tenant == whose
        ]
        async with self._storage.database.scope(tenant) as scope:
            keys, viewer = await self._storage.keyring.tenant(scope), Viewer.system(tenant, "callwright up")
            await lines.sync(scope, keys, viewer, trunks, "default", datetime.now(UTC))

    async def _keep(self, slug: str, trunks: str, end: anyio.Event) -> None:
        failed = 0
        while not end.is_set():
            begun = anyio.current_time()
            code = await self._one(slug, trunks, end)
            if end.is_set():
                return
            failed = 0 if anyio.current_time() - begun > _HEALTHY_S else failed + 1
            wait = _AGAIN_S[min(failed, len(_AGAIN_S) - 1)]
            log.warning("the worker of %s ended with %s; started again in %.0f s", slug, code, wait)
            with anyio.move_on_after(wait):
                await end.wait()

    async def _one(self, slug: str, trunks: str, end: anyio.Event) -> int | None:
        """One life of a worker process; its exit code."""
        process = await anyio.open_process(self._command(slug, trunks), stdin=None, stdout=None, stderr=None)
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._ask_to_end, process, end)
                await process.wait()
                tasks.cancel_scope.cancel()
        finally:
            if process.returncode is None:  # this task was cancelled: nothing of ours outlives it
                process.kill()
                with anyio.CancelScope(shield=True):
                    await process.wait()
        return process.returncode

    async def _ask_to_end(self, process: anyio.abc.Process, end: anyio.Event) -> None:
        await end.wait()
        process.send_signal(signal.SIGTERM)

    def _command(self, slug: str, trunks: str) -> list[str]:
        hosting = self._hosting
        command = [sys.executable, "-m", "callwright", "worker", str(self._line), "--tenant", slug, "--trunks", trunks]
        command += ["--robots", str(hosting.robots), "--out", str(hosting.out / slug), "--drain", str(hosting.drain_s)]
        if hosting.packs is not None:
            command += ["--packs", str(hosting.packs)]
        return command
