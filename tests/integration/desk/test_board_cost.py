"""The board of 200 running calls costs the API a small part of a core: processor time of this process, which serves, against the wall clock.
The calls talk in a process of their own, behind the real live port; two browsers read in another."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import anyio
import anyio.to_thread
import pytest

from callwright.testing.console import open_console

pytestmark = [pytest.mark.anyio, pytest.mark.integration]

CALLS, SECONDS, MOST = 200, 6.0, 0.10

# A browser that only reads: prints how many messages and bytes came until its input is closed.
READER = """
import http.client, json, sys, threading, urllib.parse
url = urllib.parse.urlparse(sys.argv[1])
got = {"messages": 0, "bytes": 0, "calls": 0}
def read():
    link = http.client.HTTPConnection(url.hostname, url.port)
    link.request("GET", "/api/v1/live/events", headers={"x-fake-roles": "operator"})
    answer = link.getresponse()
    while line := answer.readline():
        got["bytes"] += len(line)
        if line.startswith(b"data:"):
            told = json.loads(line[5:])
            got["messages"] += 1
            got["calls"] = max(got["calls"], len(told.get("set", ())))
threads = [threading.Thread(target=read, daemon=True) for _ in range(2)]
[thread.start() for thread in threads]
sys.stdin.readline()
print(json.dumps(got), flush=True)
"""


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def _begun(arguments: tuple[str, ...], environ: dict[str, str]) -> subprocess.Popen[str]:
    command = [sys.executable, *arguments]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environ)


@asynccontextmanager
async def process(*arguments: str, environ: dict[str, str]) -> AsyncIterator[subprocess.Popen[str]]:
    with await anyio.to_thread.run_sync(partial(_begun, arguments, environ)) as running:
        try:
            yield running
        finally:
            assert running.stdin is not None
            running.stdin.close()
            # Waited for in a thread: it ends once this process, which serves, has let go of its port.
            await anyio.to_thread.run_sync(running.wait, 60)


def _line(running: subprocess.Popen[str]) -> str:
    assert running.stdout is not None
    return running.stdout.readline()


async def test_two_hundred_calls(tmp_path: Path) -> None:
    environ = {**os.environ, "XDG_DATA_HOME": str(tmp_path), "HOME": str(tmp_path)}
    for name in ("CALLWRIGHT_DATABASE_URL", "CALLWRIGHT_KEY_FILE"):
        environ.pop(name, None)
    async with (
        open_console(tmp_path) as console,
        process("-m", "callwright.testing.live_calls", str(CALLS), environ=environ) as worker,
    ):
        assert await anyio.to_thread.run_sync(_line, worker) == "ready\n"
        async with process("-c", READER, console.url, environ=environ) as reader:
            await anyio.sleep(3.0)  # everything is there, and the first whole board has been sent
            before, begun = time.process_time(), time.monotonic()
            await anyio.sleep(SECONDS)
            used = time.process_time() - before
            share = used / (time.monotonic() - begun)
            assert reader.stdin is not None
            reader.stdin.write("\n")
            reader.stdin.flush()
            got = json.loads(await anyio.to_thread.run_sync(_line, reader))
    sys.stdout.write(f"board of {CALLS} calls, two readers: {share:.1%} of a core; {got}\n")
    assert got["calls"] == CALLS
    assert got["messages"] >= SECONDS  # of both readers; four in a second each where the machine is not busy
    assert share <= MOST
