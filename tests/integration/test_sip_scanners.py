"""Scanners (sipvicious) find nothing: silence where only known sources are welcome, no product and no extensions where everybody is."""

from __future__ import annotations

import asyncio
import re
import shutil
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from callwright.telephony.sip.driver import SipLine
from callwright.testing.media import FakeMediaEngine
from callwright.testing.sipp import HOST

TOOLS = {name: shutil.which(f"sipvicious_{name}") or shutil.which(name) for name in ("svmap", "svwar", "svcrack")}

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(None in TOOLS.values(), reason="sipvicious is not installed (apt-get install sipvicious)"),
]

STRANGER_S = 8.0  # how long a scanner that nobody answers is let alone


async def scan(folder: Path, tool: str, *arguments: str) -> str:
    """Everything the scanner says, in at most STRANGER_S."""
    command = TOOLS[tool]
    assert command is not None
    process = await asyncio.create_subprocess_exec(
        command,
        *arguments,
        cwd=folder,
        env={"HOME": str(folder), "PATH": "/usr/bin:/bin", "COLUMNS": "200"},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert process.stdout is not None
    said = bytearray()

    async def read() -> None:
        while data := await process.stdout.read(4096):  # type: ignore[union-attr]
            said.extend(data)

    try:
        async with asyncio.timeout(STRANGER_S):
            await read()
    except TimeoutError:
        pass  # nobody answers it, and it goes on waiting
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
    return said.decode(errors="replace")


@asynccontextmanager
async def watched(**settings: object) -> AsyncGenerator[tuple[SipLine, list[bytes]], None]:
    """A line, and everything it sends."""
    async with SipLine.open(HOST, engine=FakeMediaEngine(), **settings) as line:  # type: ignore[arg-type]
        sent: list[bytes] = []
        send = line._datagrams.send

        def note(data: bytes, peer: tuple[str, int]) -> None:
            sent.append(data)
            send(data, peer)

        line._datagrams.send = note  # type: ignore[method-assign]
        yield line, sent


def test_known_sources_only_scanners_hear_nothing(tmp_path: Path) -> None:
    async def run() -> tuple[dict[str, str], list[bytes]]:
        async with watched(allow=frozenset({"192.0.2.55"})) as (line, sent):
            port = str(line.address[1])
            found = await asyncio.gather(
                scan(tmp_path, "svmap", "-p", port, HOST),
                scan(tmp_path, "svmap", "-p", port, "-m", "INVITE", HOST),
                scan(tmp_path, "svwar", "-p", port, "-e100-105", HOST),
                scan(tmp_path, "svwar", "-p", port, "-m", "INVITE", "-e100-105", HOST),
                scan(tmp_path, "svcrack", "-p", port, "-u", "100", "-r", "1-9", HOST),
            )
            return dict(zip("abcde", found, strict=True)), sent

    found, sent = asyncio.run(run())
    assert sent == []
    assert not any("callwright" in text.lower() for text in found.values())
    assert f"{HOST}:" not in found["a"].replace(f"{HOST}:0", "") or "found nothing" in found["a"]


def test_everybody_is_welcome_but_nobody_learns_who_we_are(tmp_path: Path) -> None:
    async def run() -> tuple[dict[str, str], list[bytes]]:
        async with watched(max_calls=3) as (line, sent):
            port = str(line.address[1])
            found = {
                "map": await scan(tmp_path, "svmap", "-p", port, HOST),
                "war": await scan(tmp_path, "svwar", "-p", port, "-e100-105", HOST),
                "crack": await scan(tmp_path, "svcrack", "-p", port, "-u", "100", "-r", "1-9", HOST),
            }
            return found, sent

    found, sent = asyncio.run(run())
    assert sent, "it was answered"
    for data in sent:
        assert b"callwright" not in data.lower(), data
        assert not re.search(rb"\r\n(?:server|user-agent):", data, re.IGNORECASE), data
    assert not any("callwright" in text.lower() for text in found.values())
    # every extension and every password gets the same answer
    assert not re.search(r"\b10[0-5]\b\s*\|\s*(?:noauth|reqauth|weird)", found["war"]), found["war"]
    assert "password" not in found["crack"].lower() or "found" not in found["crack"].lower(), found["crack"]


def test_who_asks_for_one_name_or_another_gets_the_same_answer() -> None:
    """What svwar looks for: a difference between users, whether asked by OPTIONS, REGISTER or INVITE."""

    def ask(method: str, user: str, port: int, asker: socket.socket) -> bytes:
        asker.sendto(
            f"{method} sip:{user}@{HOST}:{port} SIP/2.0\r\nVia: SIP/2.0/UDP {HOST}:{asker.getsockname()[1]};"
            f"branch=z9hG4bK{method}{user};rport\r\n"
            f"Max-Forwards: 70\r\nFrom: <sip:x@{HOST}>;tag=1\r\nTo: <sip:{user}@{HOST}>\r\nCall-ID: {method}{user}\r\nCSeq: 1 {method}\r\n"
            f"Contact: <sip:x@{HOST}>\r\nContent-Length: 0\r\n\r\n".encode(),
            (HOST, port),
        )
        return asker.recv(4096)

    async def run() -> dict[str, set[bytes]]:
        async with SipLine.open(HOST, engine=FakeMediaEngine()) as line:
            answers: dict[str, set[bytes]] = {}
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
                asker.bind((HOST, 0))
                asker.settimeout(5)
                for method in ("OPTIONS", "REGISTER", "SUBSCRIBE", "MESSAGE"):
                    for user in ("line", "robot", "nobody", "+861085550000"):
                        answer = await asyncio.to_thread(ask, method, user, line.address[1], asker)
                        echoed = re.compile(rb"\r\n(?:via|from|to|call-id|cseq):[^\r\n]*", re.IGNORECASE)
                        answers.setdefault(method, set()).add(echoed.sub(b"", answer))
            return answers

    for method, found in asyncio.run(run()).items():
        assert len(found) == 1, (method, found)
