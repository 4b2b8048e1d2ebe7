"""A network of one's own (Linux): a program that only it and its children can reach, for servers that listen on every interface. For tests."""

from __future__ import annotations

import fcntl
import json
import shutil
import socket
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

__all__ = ["missing", "raise_loopback", "run_alone"]

_GET_FLAGS, _SET_FLAGS, _UP = 0x8913, 0x8914, 0x1


def missing() -> str:
    """Why no network can be made here; "" when one can."""
    unshare = shutil.which("unshare")
    if unshare is None:
        return "unshare is not installed (apt-get install util-linux)"
    tried = subprocess.run(  # noqa: S603 - our own command
        [unshare, "-rn", "true"], capture_output=True, timeout=20, check=False
    )
    return "" if tried.returncode == 0 else f"no network namespace may be made: {tried.stderr.decode().strip()}"


def raise_loopback() -> None:
    """Called inside: 127.0.0.1 is there."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = fcntl.ioctl(any_socket, _GET_FLAGS, struct.pack("16sH14x", b"lo", 0))
        flags = struct.unpack("16sH14x", request)[1]
        fcntl.ioctl(any_socket, _SET_FLAGS, struct.pack("16sH14x", b"lo", flags | _UP))


def run_alone(program: Path, *arguments: str, timeout_s: float) -> dict[str, Any]:
    """Run a Python file in a network of its own; what it prints last is its outcome as JSON.

    Raises:
        AssertionError: it failed; the message holds what it wrote.
    """
    command = ["unshare", "-rn", sys.executable, str(program), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout_s, check=False)  # noqa: S603 - as above
    lines = done.stdout.strip().splitlines()
    assert done.returncode == 0 and lines, f"{program.name} {arguments}: {done.stdout[-2000:]}\n{done.stderr[-6000:]}"
    outcome: dict[str, Any] = json.loads(lines[-1])
    return outcome
