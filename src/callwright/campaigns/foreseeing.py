"""A forecast and the preview of who is not called, reckoned by a process of their own: minutes of arithmetic must not hold up live calls.

The process is a program (`python -m` this module): it reads what it is asked from its input, writes how far it is, then what it found, and
ends; it is killed when whoever asked goes away. Both sides are this program, so what goes between them is pickled.
"""

from __future__ import annotations

import pickle
import struct
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, BinaryIO

import anyio
from anyio.abc import ByteReceiveStream, Process
from anyio.streams.buffered import BufferedByteReceiveStream

from callwright.campaigns.assumptions import Assumptions, Case
from callwright.campaigns.crowd import Subject
from callwright.campaigns.forecast import Forecast, forecast
from callwright.campaigns.preview import Preview, preview
from callwright.compliance.pack_file import load_packs
from callwright.errors import Problem, TaskError

__all__ = ["Asked", "Foreseen", "foresee"]

PATIENCE_S = 300.0
_LENGTH = struct.Struct(">Q")


@dataclass(frozen=True)
class Asked:
    """begins: when the task would; aware. days: how far ahead, at most."""

    subject: Subject
    assumptions: Assumptions
    begins: datetime
    seed: int = 1
    days: int = 120


@dataclass(frozen=True)
class Foreseen:
    """What came of it."""

    forecast: Forecast
    preview: Preview


async def foresee(
    asked: Asked, progress: Callable[[str], None] = lambda _: None, patience_s: float = PATIENCE_S
) -> Foreseen:
    """Reckon it elsewhere. progress: told `preview`, then each case as it begins.

    Raises:
        TaskError: it took too long, or the process died.
    """
    program = [sys.executable, "-m", __name__]
    try:
        with anyio.fail_after(patience_s):
            async with await anyio.open_process(program, stderr=subprocess.DEVNULL) as process:
                return await _conversation(process, asked, progress)
    except TimeoutError:
        hint = "Forecast a part of the list, or a plan that is over sooner."
        raise TaskError(Problem("too-long", "the forecast took too long and was given up", hint=hint)) from None
    except (anyio.EndOfStream, anyio.IncompleteRead, anyio.BrokenResourceError):
        raise TaskError(Problem("forecast-died", "the forecast ended without a result")) from None


async def _conversation(process: Process, asked: Asked, progress: Callable[[str], None]) -> Foreseen:
    try:
        assert process.stdin is not None
        assert process.stdout is not None
        await process.stdin.send(await anyio.to_thread.run_sync(_packed, asked))
        await process.stdin.aclose()
        heard = BufferedByteReceiveStream(process.stdout)
        while True:
            said = await _receive(heard)
            if isinstance(said, Foreseen):
                return said
            progress(str(said))
    finally:
        if process.returncode is None:
            process.kill()


async def _receive(stream: BufferedByteReceiveStream | ByteReceiveStream) -> Any:
    assert isinstance(stream, BufferedByteReceiveStream)
    (length,) = _LENGTH.unpack(await stream.receive_exactly(_LENGTH.size))
    return pickle.loads(await stream.receive_exactly(length))  # noqa: S301 - written by a process of ours


def _packed(value: Any) -> bytes:
    plain = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
    return _LENGTH.pack(len(plain)) + plain


def _main(heard: BinaryIO, told: BinaryIO) -> None:
    def tell(value: str | Foreseen) -> None:
        told.write(_packed(value))
        told.flush()

    def begun(case: Case) -> None:
        tell(case)

    (length,) = _LENGTH.unpack(heard.read(_LENGTH.size))
    asked: Asked = pickle.loads(heard.read(length))  # noqa: S301 - as above
    packs = load_packs()
    tell("preview")
    seen = preview(asked.subject, packs, asked.begins)
    runs = forecast(
        asked.subject, packs, asked.assumptions, asked.begins, seed=asked.seed, days=asked.days, progress=begun
    )
    tell(Foreseen(runs, seen))


if __name__ == "__main__":
    from callwright.campaigns import foreseeing  # so that what is pickled has the module's own name

    foreseeing._main(sys.stdin.buffer, sys.stdout.buffer)
