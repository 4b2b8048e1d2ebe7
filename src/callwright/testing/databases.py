"""Databases for tests: a private PostgreSQL that lives as long as its `with`, and fresh databases that are copied from a template.

    with PostgresServer.start() as server:
        url = server.fresh()            # every table, no row; owned by a role that is no superuser, as in production
        server.kill(); server.boot()    # a crash, and what comes after it

PostgreSQL refuses to run as root, so its processes run as user postgres then.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from callwright.store.database import Database
from callwright.store.schema import create_everything

__all__ = ["PostgresServer", "missing", "sqlite_template"]

_HOST = "127.0.0.1"
_ROLE = "callwright"
_TEMPLATE = "template_callwright"
_SETTINGS = {
    "fsync": "on",
    "synchronous_commit": "on",
    "shared_buffers": "64MB",
    "max_connections": "200",
    "listen_addresses": _HOST,
    "log_min_messages": "warning",
    "timezone": "UTC",
}


def _binaries() -> Path | None:
    """Where the newest PostgreSQL of Debian stands, 15 or later."""
    found = [path for path in Path("/usr/lib/postgresql").glob("*/bin") if (path / "initdb").exists()]
    newest = max(found, key=lambda path: float(path.parent.name), default=None)
    return newest if newest is not None and float(newest.parent.name) >= 15 else None


def missing() -> str:
    """Why no PostgreSQL can be started here; "" when one can."""
    if _binaries() is None:
        return "PostgreSQL 15 or later is not installed (apt-get install postgresql)"
    return "" if os.geteuid() or _account() else "there is no user postgres, and root may not run PostgreSQL"


def _account() -> pwd.struct_passwd | None:
    return next((entry for entry in pwd.getpwall() if entry.pw_name == "postgres"), None)


class PostgresServer:
    """A running PostgreSQL of one's own, with fsync. port: of 127.0.0.1; folder: its files and its unix socket."""

    def __init__(self, binaries: Path, folder: Path) -> None:
        self.folder = folder
        self.port = 0
        self._binaries = binaries
        self._account = _account() if not os.geteuid() else None
        self._process: subprocess.Popen[bytes] | None = None
        self._names = itertools.count(1)

    @property
    def processor_s(self) -> float:
        """Processor time of all its processes, those that have ended too."""
        assert self._process is not None
        own = self._process.pid
        ticks = _ticks(own, slice(4)) + sum(_ticks(child, slice(2)) for child in _children(own))
        return ticks / os.sysconf("SC_CLK_TCK")

    @classmethod
    @contextmanager
    def start(cls, keep: Path | None = None) -> Iterator[PostgresServer]:
        """A new one in a temporary folder, with the template; stopped and wiped on leaving. keep: a folder in which it stays instead, and from
        which it is started again.

        Raises:
            RuntimeError: PostgreSQL is not installed, or did not start.
        """
        why, binaries = missing(), _binaries()
        if why or binaries is None:
            raise RuntimeError(why)
        folder = Path(tempfile.mkdtemp(prefix="cw-pg-")) if keep is None else keep.absolute()
        folder.mkdir(parents=True, exist_ok=True)
        server = cls(binaries, folder)
        try:
            if server._account:
                os.chown(folder, server._account.pw_uid, server._account.pw_gid)
            if (folder / "made").exists():
                server.boot()
                yield server
                return
            shutil.rmtree(folder / "data", ignore_errors=True)
            server._run(
                "initdb", "-D", str(folder / "data"), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale"
            )
            server.boot()
            server.sql(f"CREATE ROLE {_ROLE} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS")
            server.sql(f"CREATE DATABASE {_TEMPLATE} OWNER {_ROLE}")
            _create(server.url(_TEMPLATE))
            if keep is not None:
                (folder / "made").touch()
            yield server
        finally:
            server.stop()
            if keep is None:
                shutil.rmtree(folder, ignore_errors=True)

    def url(self, name: str, role: str = _ROLE) -> str:
        """The address of one of its databases, as CALLWRIGHT_DATABASE_URL."""
        return f"postgresql://{role}@{_HOST}:{self.port}/{name}"

    def near(self, url: str) -> str:
        """The same database by the server's socket, as processes of the same machine reach it best."""
        return f"postgresql://{_ROLE}@/{url.rpartition('/')[2]}?host={self.folder}&port={self.port}"

    def fresh(self) -> str:
        """The address of a new database with every table and no row (about 50 ms)."""
        name = f"t{next(self._names)}"
        self.sql(f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE} OWNER {_ROLE}")
        return self.url(name)

    def empty(self) -> str:
        """The address of a new database with nothing in it."""
        name = f"t{next(self._names)}"
        self.sql(f"CREATE DATABASE {name} OWNER {_ROLE}")
        return self.url(name)

    def drop(self, url: str) -> None:
        """Throw a database away, whoever is still connected."""
        self.sql(f"DROP DATABASE IF EXISTS {url.rpartition('/')[2]} WITH (FORCE)")

    def sql(self, statement: str, name: str = "postgres") -> str:
        """Run a statement as superuser, past all tenants; what psql prints (`a|b` lines)."""
        common = ("-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", str(self.folder), "-p", str(self.port))
        return self._run("psql", *common, "-U", "postgres", "-d", name, "-c", statement)

    def boot(self) -> None:
        """Start it (again); returns when it lets us in, recovery from a crash included.

        Raises:
            RuntimeError: it does not start; the message holds its log.
        """
        for _ in range(5):
            self.port = self.port or _free_port()
            settings = [f"--{name}={value}" for name, value in _SETTINGS.items()]
            own = [f"--port={self.port}", f"--unix_socket_directories={self.folder}"]
            log = (self.folder / "log").open("ab")
            with log:
                self._process = subprocess.Popen(  # noqa: S603 - our own command
                    [str(self._binaries / "postgres"), "-D", str(self.folder / "data"), *own, *settings],
                    stdin=subprocess.DEVNULL, stdout=log, stderr=log, **self._as_account(),
                )  # fmt: skip
            if self._answers(60.0):
                return
            if "already in use" not in self._log():
                break
            self.port = 0
        raise RuntimeError(f"PostgreSQL does not start:\n{self._log()[-4000:]}")

    def kill(self) -> None:
        """SIGKILL to all of its processes at once: a power cut, but for what the disk still holds."""
        if self._process is None:
            return
        doomed = [self._process.pid, *_children(self._process.pid)]
        for pid in doomed:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        self._process.wait(30)
        self._process = None

    def stop(self) -> None:
        """Stop it at once, cleanly."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self.kill()
        self._process = None

    def _answers(self, seconds: float) -> bool:
        end = time.monotonic() + seconds
        while time.monotonic() < end and self._process is not None and self._process.poll() is None:
            try:
                self.sql("SELECT 1")
            except RuntimeError:
                time.sleep(0.05)
            else:
                return True
        return False

    def _run(self, program: str, *arguments: str) -> str:
        done: subprocess.CompletedProcess[str] = subprocess.run(  # noqa: S603 - our own command
            [str(self._binaries / program), *arguments],
            capture_output=True,
            text=True,
            check=False,
            **self._as_account(),
        )
        if done.returncode:
            raise RuntimeError(f"{program}: {done.stderr.strip() or done.stdout.strip()}")
        return done.stdout.strip()

    def _as_account(self) -> dict[str, Any]:
        common = {"cwd": self.folder, "env": {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8"}}
        if self._account is None:
            return common
        return {**common, "user": self._account.pw_uid, "group": self._account.pw_gid, "extra_groups": []}

    def _log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")


def sqlite_template(folder: Path) -> Path:
    """A SQLite file with every table and no row: copy it for each test."""
    path = folder / "template.db"
    _create(f"sqlite:///{path}")
    return path


def _create(url: str) -> None:
    """In a thread of its own: a test may have an event loop already."""

    async def create() -> None:
        async with Database.open(url, connections=1) as database:
            await create_everything(database)

    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, create()).result()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        return int(probe.getsockname()[1])


def _ticks(pid: int, parts: slice) -> int:
    """Processor time of a process (fields 14 to 17 of its `stat`), 0 = it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return sum(map(int, fields[11:15][parts]))


def _children(pid: int) -> list[int]:
    """Linux and others: what ps says."""
    ps = shutil.which("ps")
    if ps is None:
        raise RuntimeError("ps is not installed (apt-get install procps)")
    listed = subprocess.run([ps, "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True)  # noqa: S603
    pairs = [line.split() for line in listed.stdout.splitlines()]
    return [int(child) for child, parent in pairs if int(parent) == pid]
