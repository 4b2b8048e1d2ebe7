"""Hosting: whose trunks a tenant calls by, and that workers are kept running and end with their host."""

from __future__ import annotations

import os
import signal
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import anyio
import anyio.to_thread
import pytest

from callwright.accounts import tenants
from callwright.accounts.porter import Porter
from callwright.errors import InputError
from callwright.hosting import Hosting, Workers, host, trunks_of
from callwright.settings import Settings
from callwright.storage import open_storage

LINE = """
format: line/1
trunks:
  - name: office
    proxy: "sip:127.0.0.1:5060"
    local: {host: 127.0.0.1}
    numbers: ["+12025550100"]
    limits: {calls: 10, calls_per_second: 2}
"""


@pytest.mark.parametrize(
    ("owners", "slug", "others", "whose"),
    [
        ({"default"}, "acme", {"acme"}, "default"),
        ({"default"}, "acme", {"acme", "other"}, None),
        ({"default", "acme"}, "acme", {"acme", "other"}, "acme"),
        ({"other"}, "acme", {"acme"}, None),
        ({"acme"}, "acme", {"acme"}, "acme"),
    ],
)
def test_numbers_of_one_tenant_are_never_shown_by_another(
    owners: set[str], slug: str, others: set[str], whose: str | None
) -> None:
    assert trunks_of(owners, slug, others) == whose


class _Stand(Workers):
    """Runs a small program in the place of a worker."""

    def _command(self, slug: str, trunks: str) -> list[str]:
        told = self._hosting.out / f"{slug}.pids"
        program = f"import os, signal; open({str(told)!r}, 'a').write(f'{{os.getpid()}} {trunks}\\n'); signal.pause()"
        return [sys.executable, "-c", program]


def _pids(file: Path, count: int) -> list[int]:
    deadline = time.monotonic() + 60
    while not file.exists() or len(file.read_text().splitlines()) < count:
        assert time.monotonic() < deadline, "the program did not start"
        time.sleep(0.05)  # nothing else tells of its start
    return [int(line.split()[0]) for line in file.read_text().splitlines()]


@pytest.mark.anyio
async def test_a_worker_that_dies_is_started_again_and_all_end_with_the_host(tmp_path: Path) -> None:
    file = tmp_path / "line.yaml"
    file.write_text(LINE)
    settings = Settings.from_environment({"XDG_DATA_HOME": str(tmp_path), "HOME": str(tmp_path)})
    async with open_storage(settings) as storage:
        await tenants.add(storage.database, storage.keyring, "acme", "Acme", datetime(2026, 11, 26, tzinfo=UTC))
        workers = _Stand(Hosting("127.0.0.1", 0, file, 3, tmp_path), file, storage)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(workers.run)
            (first,) = await anyio.to_thread.run_sync(_pids, tmp_path / "acme.pids", 1)
            os.kill(first, signal.SIGKILL)
            second = (await anyio.to_thread.run_sync(_pids, tmp_path / "acme.pids", 2))[1]
            workers.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(second, 0)
    assert "default" in (tmp_path / "acme.pids").read_text()


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("missing", "told"), [("packs", "no such folder"), ("out", "cannot be used"), ("line", "no such file")]
)
async def test_what_no_worker_could_use_is_told_before_anything_listens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str, told: str
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    line = tmp_path / "line.yaml"
    line.write_text(LINE, encoding="utf-8")
    (tmp_path / "file").touch()
    wrong = {"packs": tmp_path / "none", "out": tmp_path / "file" / "calls", "line": tmp_path / "none.yaml"}
    given = {"packs": None, "out": tmp_path / "calls", "line": line} | {missing: wrong[missing]}
    hosting = Hosting("127.0.0.1", 0, given["line"], 1, given["out"] or tmp_path, given["packs"])
    settings = Settings.from_environment({"XDG_DATA_HOME": str(tmp_path / "data")})

    async def listens(address: str) -> None:
        pytest.fail(f"it answers at {address}")

    async with open_storage(settings) as storage:
        with pytest.raises(InputError, match=told):
            await host(hosting, settings, storage, Porter(storage), listens)
