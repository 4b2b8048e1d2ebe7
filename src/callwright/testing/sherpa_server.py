"""The real websocket server of sherpa-onnx (package sherpa-onnx-bin) with the toy model. It listens on every interface, so it is only to be
started in a network of its own (`own_network`). For tests."""

from __future__ import annotations

import asyncio
import shutil
import sys
from asyncio.subprocess import DEVNULL, Process
from pathlib import Path

from callwright.testing.own_network import raise_loopback

__all__ = ["SherpaServer", "program"]

_PROGRAM = "sherpa-onnx-online-websocket-server"
_READY_S = 60


def program() -> str | None:
    """Where the server is; None = not installed."""
    beside = Path(sys.executable).with_name(_PROGRAM)
    return str(beside) if beside.is_file() else shutil.which(_PROGRAM)


class SherpaServer:
    """model: folder of the toy model; port: of every interface there is."""

    def __init__(self, model: Path, port: int, folder: Path) -> None:
        self.port = port
        self._model = model
        self._folder = folder
        self._process: Process | None = None

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Returns when it can be connected to."""
        found = program()
        assert found is not None
        raise_loopback()
        with (self._folder / f"server-{self.port}.txt").open("ab") as output:
            self._process = await asyncio.create_subprocess_exec(
                found,
                f"--port={self.port}",
                f"--tokens={self._model / 'toy_tokens.txt'}",
                f"--t-one-ctc-model={self._model / 'toy.onnx'}",
                "--sample-rate=8000",
                "--input-sample-rate=8000",
                "--max-batch-size=50",
                f"--log-file={self._folder / f'log-{self.port}.txt'}",
                stdin=DEVNULL,
                stdout=output,
                stderr=output,
            )
        async with asyncio.timeout(_READY_S):
            while not await self._answers():
                assert self._process.returncode is None, "the server ended by itself"
                await asyncio.sleep(0.05)

    async def kill(self) -> None:
        """SIGKILL: connections are cut without a word."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    async def _answers(self) -> bool:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            return False
        writer.close()
        return True
