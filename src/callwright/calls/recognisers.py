"""The end of a recogniser's stream that was held beside a call."""

from __future__ import annotations

from collections.abc import Callable

import anyio

from callwright.speech.port import RecogniserStream

__all__ = ["let_go"]


async def let_go(stream: RecogniserStream | None, fault: Callable[[str], None]) -> None:
    """Close it, whatever happens to the task that asks for it; what goes wrong is told to `fault`: the call goes on."""
    if stream is None:
        return
    with anyio.CancelScope(shield=True):
        try:
            await stream.close()
        except Exception as error:  # noqa: BLE001 - as above
            fault(str(error))
