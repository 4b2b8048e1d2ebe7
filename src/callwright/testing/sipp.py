"""Runs sipp, an independent SIP implementation, as the peer of one test: bounded in time, stopped by its process id."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from callwright.compliance.decision import DialFacts, Permit, decide
from callwright.telephony.port import DialOrder

__all__ = ["CALLEE", "CALLER", "HOST", "Sipp", "bound", "free_port", "listening", "order", "permit", "sipp"]

HOST = "127.0.0.1"
CALLEE, CALLER = "+8613900000001", "+861085550000"


def permit(callee: str = CALLEE, caller: str = CALLER) -> Permit:
    noon = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
    facts = DialFacts(
        callee, caller, frozenset({caller}), "service", "contract", local_time=noon, frozen=False, calls_today=0
    )
    return decide(facts, noon).permit()


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


@dataclass
class Sipp:
    process: asyncio.subprocess.Process
    port: int

    async def passed(self) -> None:
        """The scenario ran to its end as written."""
        _, errors = await self.process.communicate()
        assert self.process.returncode == 0, errors.decode(errors="replace")[-2000:]


@asynccontextmanager
async def sipp(folder: Path, scenario: Path, *arguments: str, calls: int = 1, port: int = 0) -> AsyncIterator[Sipp]:
    """sipp with a scenario file, working in `folder`; the first argument may be the address it calls.

    Without one it is called, and listens when the body begins.
    """
    port = port or free_port()
    target = arguments[:1] if arguments and not arguments[0].startswith("-") else ()
    fixed = ("-i", HOST, "-p", str(port), "-m", str(calls), "-nostdin", "-timeout", "60", "-timeout_error")
    process = await asyncio.create_subprocess_exec(
        "sipp",
        *target,
        "-sf",
        str(scenario),
        *fixed,
        *arguments[len(target) :],
        cwd=folder,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        if not target:
            await listening(port)
        yield Sipp(process, port)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def bound(port: int) -> bool:
    """Whether somebody listens on the port, by UDP or TCP."""
    return any(f":{port:04X} 00000000" in Path(f"/proc/net/{kind}").read_text() for kind in ("udp", "tcp"))


async def listening(port: int) -> None:
    """Wait until somebody has bound the port."""
    for _ in range(500):
        if bound(port):
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"nobody listens on port {port}")


def order(port: int, **changes: object) -> DialOrder:
    """An order for the peer at `port`; `changes` are further fields of DialOrder."""
    return DialOrder(permit(), f"sip:{CALLEE}@{HOST}:{port}", "attempt-1", **changes)  # type: ignore[arg-type]
