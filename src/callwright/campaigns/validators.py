"""Rows are looked at by worker processes: numbering plans take most of the time of an import, and a process has one core.

A worker does nothing but answer; it ends when its pipe does, even if whoever asked was killed.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import queue
import signal
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess

from callwright.campaigns.entries import Entry, Rules, Wrong, judge_all
from callwright.campaigns.rows import Row, RowReader
from callwright.errors import CallwrightError

__all__ = ["Verdicts", "judged", "workers_for"]

Verdicts = Sequence[Entry | Wrong]

_CHUNK = 2_000
_WORTH_A_PROCESS = 20_000
_ENOUGH_WORKERS = 8


def workers_for(rows: int) -> int:
    """How many processes are worth starting for so many rows; 0 = look at them in this one."""
    return 0 if rows < _WORTH_A_PROCESS else min(_ENOUGH_WORKERS, len(os.sched_getaffinity(0)))


async def judged(rules: Rules, read: RowReader, workers: int) -> AsyncGenerator[Verdicts]:
    """The verdicts on all rows in their order, a chunk at a time. Close it (`aclosing`) when leaving early.

    Raises:
        LeadsError: the file cannot be read further.
        CallwrightError: a worker was killed.
    """
    rows = read()
    with _team(rules, workers) as (threads, ask):
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


class _Team:
    def __init__(self, rules: Rules, workers: int) -> None:
        self._free: queue.SimpleQueue[Connection] = queue.SimpleQueue()
        self._rules, self._workers = rules, workers

    def ask(self, chunk: list[Row]) -> Verdicts:
        """Blocks until a worker answered."""
        if not self._workers:
            return judge_all(self._rules, chunk)
        pipe = self._free.get()
        try:
            pipe.send(chunk)
            verdicts: Verdicts = pipe.recv()
        except (EOFError, OSError):
            raise CallwrightError(
                "a worker process of the import ended before its time; import the list again"
            ) from None
        finally:
            self._free.put(pipe)
        return verdicts

    def add(self, pipe: Connection) -> None:
        self._free.put(pipe)


Ask = Callable[[list[Row]], Verdicts]


@contextmanager
def _team(rules: Rules, workers: int) -> Iterator[tuple[ThreadPoolExecutor, Ask]]:
    """Worker processes, and the threads that wait for them; all have ended on leaving."""
    context = multiprocessing.get_context("spawn")
    team = _Team(rules, workers)
    pipes: list[Connection] = []
    processes: list[SpawnProcess] = []
    threads = ThreadPoolExecutor(workers + 1, "import")
    try:
        for _ in range(workers):
            ours, theirs = context.Pipe()
            process = context.Process(target=_work, args=(theirs, rules), name="callwright-import", daemon=True)
            process.start()
            theirs.close()
            pipes.append(ours)
            processes.append(process)
            team.add(ours)
        yield threads, team.ask
    finally:
        threads.shutdown(wait=True, cancel_futures=True)
        for pipe in pipes:
            pipe.close()
        for process in processes:
            process.join()


def _work(pipe: Connection, rules: Rules) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who asked decides when it is over
    while True:
        try:
            chunk = pipe.recv()
            pipe.send(judge_all(rules, chunk))
        except (EOFError, OSError):
            return
