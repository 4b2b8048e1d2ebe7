"""Rows are worked on by processes of their own: numbering plans and seals take most of the time of an import, and a process has one core.

A worker does nothing but answer; it ends when its pipe does, even if whoever asked was killed. It is a program of its own (`python -m` this
module), so that it holds the numbering plans and what its work brings along (staged.py), and nothing else of whoever asked.
"""

from __future__ import annotations

import asyncio
import os
import queue
import signal
import socket
import subprocess
import sys
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from itertools import islice
from multiprocessing.connection import Connection

from callwright.campaigns.entries import Wrong
from callwright.campaigns.rows import Row, RowReader
from callwright.campaigns.staged import Made, Work
from callwright.errors import CallwrightError

__all__ = ["Verdicts", "judged", "workers_for"]

Verdicts = list[Made | Wrong]

_CHUNK = 2_000
_WORTH_A_PROCESS = 20_000
_ENOUGH_WORKERS = 8


def workers_for(rows: int) -> int:
    """How many processes are worth starting for so many rows; 0 = look at them in this one."""
    return 0 if rows < _WORTH_A_PROCESS else min(_ENOUGH_WORKERS, len(os.sched_getaffinity(0)))


async def judged(work: Work, read: RowReader, workers: int) -> AsyncGenerator[Verdicts, None]:
    """What comes of the rows, a chunk at a time and in their order. Close it (`aclosing`) when leaving early.

    Raises:
        LeadsError: the file cannot be read further.
        CallwrightError: a worker was killed.
    """
    rows = read()
    with _team(work, workers) as ask, ThreadPoolExecutor(workers + 1, "import") as threads:
        loop = asyncio.get_running_loop()
        pending: deque[Future[Verdicts]] = deque()
        try:
            while chunk := await loop.run_in_executor(threads, _next, rows):
                pending.append(threads.submit(ask, chunk))
                if len(pending) > 2 * workers:
                    yield await asyncio.wrap_future(pending.popleft())
            while pending:
                yield await asyncio.wrap_future(pending.popleft())
        finally:
            for future in pending:
                future.cancel()


def _next(rows: Iterator[Row]) -> list[Row]:
    return list(islice(rows, _CHUNK))


@contextmanager
def _team(work: Work, workers: int) -> Iterator[Callable[[list[Row]], Verdicts]]:
    """Worker processes, and how they are asked (blocks until one answered); all have ended on leaving."""
    free: queue.SimpleQueue[Connection] = queue.SimpleQueue()

    def ask(chunk: list[Row]) -> Verdicts:
        if not workers:
            return work(chunk)
        pipe = free.get()
        try:
            pipe.send([tuple(row) for row in chunk])  # tuples of one's own take three times as long to pickle
            verdicts: Verdicts = pipe.recv()
        except (EOFError, OSError):
            raise CallwrightError(
                "a worker process of the import ended before its time; import the list again"
            ) from None
        finally:
            free.put(pipe)
        return verdicts

    with ExitStack() as stack:
        for _ in range(workers):
            pipe = stack.enter_context(_worker())
            pipe.send(work)
            free.put(pipe)
        yield ask


@contextmanager
def _worker() -> Iterator[Connection]:
    ours, theirs = socket.socketpair()
    with theirs:
        command = [sys.executable, "-m", "callwright.campaigns.validators", str(theirs.fileno())]
        process = subprocess.Popen(command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL)  # noqa: S603 - ours
    try:
        with Connection(ours.detach()) as pipe:
            yield pipe
    finally:
        process.wait()  # its pipe is closed


def _work(pipe: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who asked decides when it is over
    try:
        work: Work = pipe.recv()
        while True:
            pipe.send(work([Row(*each) for each in pipe.recv()]))
    except (EOFError, OSError):
        return


if __name__ == "__main__":
    _work(Connection(int(sys.argv[1])))
