"""Starts the process of simulated people and takes it down again; it ends with us because its standard input does."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from callwright.errors import CallwrightError, ModelError, Place, Problem
from callwright.testing.people.person import Expected

__all__ = ["Callee", "Crowd", "open_crowd"]

START_TIMEOUT_S = 120.0
STOP_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class Callee:
    """Somebody who can be rung: id and manner, E.164 number, UDP port on loopback, the right outcome."""

    id: str
    manner: str
    voice: str
    number: str
    port: int
    expected: Expected


@dataclass(frozen=True, slots=True)
class Crowd:
    """Everybody at the phone. desk_port: where a person takes transferred calls."""

    people: tuple[Callee, ...]
    desk_port: int


@asynccontextmanager
async def open_crowd(language: str, calls: int, seed: int, shared: Path) -> AsyncIterator[Crowd]:
    """The crowd, as long as the context lasts.

    Raises:
        ModelError: voices are missing (the process says which).
        CallwrightError: the process did not come up.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "callwright.testing.people.process",
        "--lang", language, "--calls", str(calls), "--seed", str(seed), "--shared", str(shared),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, limit=8 * 1024 * 1024,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    errors = asyncio.create_task(process.stderr.read())
    try:
        try:
            line = await asyncio.wait_for(process.stdout.readline(), START_TIMEOUT_S)
        except TimeoutError:
            raise CallwrightError(
                f"the simulated people did not come to the phone within {START_TIMEOUT_S:.0f} s"
            ) from None
        if not line:
            message = (await errors).decode(errors="replace").strip() or "no reason given"
            if await process.wait() == 2:
                raise ModelError(Problem("people", message, Place("simulated people")))
            raise CallwrightError(f"the simulated people ended at once: {message}")
        yield _crowd(json.loads(line))
    finally:
        if process.returncode is None:
            process.stdin.close()
            try:
                await asyncio.wait_for(process.wait(), STOP_TIMEOUT_S)
            except TimeoutError:
                process.kill()
                await process.wait()
        errors.cancel()


def _crowd(data: dict[str, object]) -> Crowd:
    people = []
    for entry in data["people"]:  # type: ignore[attr-defined]
        expected = entry["expected"]
        people.append(
            Callee(
                id=entry["id"],
                manner=entry["manner"],
                voice=entry["voice"],
                number=entry["number"],
                port=entry["port"],
                expected=Expected(
                    expected["disposition"], tuple(expected["tags"]), tuple(expected["kb"]), dict(expected["slots"])
                ),
            )
        )
    return Crowd(tuple(people), int(data["desk"]))  # type: ignore[call-overload]
