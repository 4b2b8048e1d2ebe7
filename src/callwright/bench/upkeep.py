"""What one process holds at a moment: memory, open files, tasks, threads. For benchmarks that must leave nothing behind."""

from __future__ import annotations

import asyncio
import os
import threading
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Held", "held", "resident_mb"]


@dataclass(frozen=True, slots=True)
class Held:
    """files: open file descriptors (sockets among them); tasks: of the running event loop."""

    files: int
    tasks: int
    threads: int


def held() -> Held:
    """As it is now; Linux only, within an event loop."""
    return Held(len(list(Path("/proc/self/fd").iterdir())), len(asyncio.all_tasks()), threading.active_count())


def resident_mb() -> float:
    """Memory of this process that is really there, MB; Linux only."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
