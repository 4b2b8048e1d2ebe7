"""Kamailio and rtpengine from Debian's packages with the configuration of `deploy/`, on loopback addresses and free ports, without systemd.

Workers are inside on 127.0.0.1; the outside is 127.0.0.2. Whoever calls from TRUNK is a carrier, from anywhere else a stranger.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import socket
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from hashlib import md5
from pathlib import Path

from callwright.testing.certificates import certificate
from callwright.testing.sipp import listening

__all__ = ["DOMAIN", "INSIDE", "OUTSIDE", "STRANGER", "TRUNK", "Front", "front", "missing"]

INSIDE, OUTSIDE, TRUNK, STRANGER = "127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4"
DOMAIN = "robots.example"

_PORTS = 500
_FIELD = re.compile(r"([a-z_]+)=([^;]*)")


def missing() -> str:
    """Which of the programs is not installed, "" when all are."""
    programs = ("kamailio", "kamcmd", "rtpengine")
    return ", ".join(name for name in programs if shutil.which(name) is None)


@dataclass
class Front:
    """The running proxy. outside, inside, tls: the ports; `folder` holds its files and `kamailio.log`; media: pid of its rtpengine."""

    folder: Path
    outside: int
    inside: int
    tls: int
    media: int = 0

    async def command(self, *words: str) -> str:
        """What `kamcmd` answers, e.g. to `dispatcher.list`."""
        socket_at = f"unix:{self.folder}/run/kamailio_ctl"
        process = await asyncio.create_subprocess_exec(
            "kamcmd", "-s", socket_at, *words, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
        return (await process.communicate())[0].decode()

    async def states(self) -> dict[str, str]:
        """How the dispatcher sees each destination: `AP` takes calls, `IP` does not (being asked), by its URI."""
        text = await self.command("dispatcher.list")
        return dict(re.findall(r"URI: (\S+)\s+FLAGS: (\S+)", text))

    def log(self) -> str:
        return (self.folder / "kamailio.log").read_text(errors="replace")

    def calls(self) -> dict[str, str]:
        """Calls that were up and are over: to whom each went, by Call-ID."""
        return _calls(self.accounts())

    def outcomes(self, method: str) -> dict[str, str]:
        """The code each request of this method ended with, by Call-ID."""
        return {line["call_id"]: line["code"] for line in self.accounts() if line.get("method") == method}

    def accounts(self) -> list[dict[str, str]]:
        """Every line of the accounting: `call_id`, and `method`, `code` of a transaction, or `duration` of a call."""
        found = []
        for line in self.log().splitlines():
            text = line.partition("ACC: ")[2] or line.partition("log_write_cdr(): ")[2]
            if text:
                found.append(dict(_FIELD.findall(text)))
        return found


def _calls(lines: list[dict[str, str]]) -> dict[str, str]:
    listed = [line for line in lines if float(line.get("duration", "0"))]
    assert len({line["call_id"] for line in listed}) == len(listed), "a call is listed twice"
    return {line["call_id"]: line["to"] for line in listed}


def account(user: str, password: str) -> str:
    """A line of `phones/subscriber`."""
    return f"{user}:{DOMAIN}:{md5(f'{user}:{DOMAIN}:{password}'.encode(), usedforsecurity=False).hexdigest()}\n"


def _free(host: str, kinds: Iterable[socket.SocketKind]) -> int:
    """A port that is free for all of them."""
    for _ in range(100):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as first:
            first.bind((host, 0))
            port = int(first.getsockname()[1])
        try:
            for kind in kinds:
                with socket.socket(socket.AF_INET, kind) as probe:
                    probe.bind((host, port))
        except OSError:
            continue
        return port
    raise AssertionError(f"no free port on {host}")


@asynccontextmanager
async def front(
    deploy: Path,
    folder: Path,
    dispatcher: str,
    *,
    phones: Mapping[str, str] | None = None,
    settings: Mapping[str, str] | None = None,
) -> AsyncIterator[Front]:
    """Both programs, ready. dispatcher: lines of `dispatcher.list`; phones: passwords by user; settings: further SIP_ variables."""
    both = (socket.SOCK_DGRAM, socket.SOCK_STREAM)
    made = Front(folder, _free(OUTSIDE, both), _free(INSIDE, both), _free(OUTSIDE, both))
    control = _free(INSIDE, both)
    shutil.copytree(deploy / "kamailio", folder, dirs_exist_ok=True)
    (folder / "run").mkdir(parents=True)
    (folder / "dispatcher.list").write_text(dispatcher)
    (folder / "address.list").write_text(f"1 {TRUNK} 32 0\n")
    with (folder / "phones" / "subscriber").open("a") as subscribers:
        subscribers.writelines(account(user, password) for user, password in (phones or {}).items())
    certificate(folder, OUTSIDE)
    tls = (folder / "tls.cfg").read_text()
    for name, ours in {"sip.pem": "cert.pem", "sip.key": "key.pem", "trunks-ca.pem": "cert.pem"}.items():
        tls = tls.replace(f"/etc/kamailio/certs/{name}", f"{folder}/{ours}")
    (folder / "tls.cfg").write_text(tls)
    variables = {
        "SIP_OUTSIDE_IP": OUTSIDE,
        "SIP_OUTSIDE_PORT": str(made.outside),
        "SIP_TLS_PORT": str(made.tls),
        "SIP_INSIDE_IP": INSIDE,
        "SIP_INSIDE_PORT": str(made.inside),
        "SIP_DOMAIN": DOMAIN,
        "SIP_CONFIG_DIR": str(folder),
        "SIP_RUN_DIR": f"{folder}/run",
        "SIP_RTPENGINE": f"udp:{INSIDE}:{control}",
        "SIP_CHILDREN": "2",
        "SIP_TLS": "yes",
        "SIP_PROBE_S": "1",
        # Nobody is silent unless a test lets one die: a machine that stands still for some seconds must not look like it.
        "SIP_SILENCE_MS": "20000",
        **({"SIP_PHONES": "yes"} if phones else {}),
        **(settings or {}),
    }
    async with AsyncExitStack() as stack:
        made.media = (await stack.enter_async_context(_rtpengine(deploy, folder, control))).pid
        process = await stack.enter_async_context(_kamailio(folder, variables))
        await _until_ready(made, process)
        yield made


@contextmanager
def _ports_of_its_own() -> Iterator[int]:
    """The first of `_PORTS` ports that no other rtpengine of these tests has: two of them share ports without a word (SO_REUSEADDR), and
    each then gets the other's audio. The claim is a socket on the first port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as claim:
        for first in range(33_000, 40_000, _PORTS):
            try:
                claim.bind((INSIDE, first))
            except OSError:
                continue
            yield first
            return
    raise AssertionError("every block of ports for rtpengine is taken")


@asynccontextmanager
async def _rtpengine(deploy: Path, folder: Path, control: int) -> AsyncIterator[asyncio.subprocess.Process]:
    with _ports_of_its_own() as first:
        async with _rtpengine_within(deploy, folder, control, first) as process:
            yield process


@asynccontextmanager
async def _rtpengine_within(
    deploy: Path, folder: Path, control: int, first: int
) -> AsyncIterator[asyncio.subprocess.Process]:
    changed = {
        "port-min": str(first + 2),
        "port-max": str(first + _PORTS - 1),
        "interface": f"outside/{OUTSIDE};inside/{INSIDE}",
        "listen-ng": f"{INSIDE}:{control}",
        "listen-cli": f"{INSIDE}:{_free(INSIDE, (socket.SOCK_STREAM,))}",
    }
    text = (deploy / "rtpengine" / "rtpengine.conf").read_text()
    for name, value in changed.items():
        text, count = re.subn(rf"(?m)^{name} = .*$", f"{name} = {value}", text)
        assert count == 1, f"rtpengine.conf names {name} {count} times"
    (folder / "rtpengine.conf").write_text(text)
    command = ("rtpengine", "-f", "-E", "--config-file", str(folder / "rtpengine.conf"))
    async with _running(command, folder, "rtpengine.log", os.environ) as process:
        await listening(control)
        yield process


@asynccontextmanager
async def _kamailio(folder: Path, variables: Mapping[str, str]) -> AsyncIterator[asyncio.subprocess.Process]:
    config, run = str(folder / "kamailio.cfg"), str(folder / "run")
    command = ("kamailio", "-f", config, "-DD", "-E", "-P", f"{run}/pid", "-Y", run, "-w", run, "-m", "64", "-M", "8")
    async with _running(command, folder, "kamailio.log", {**os.environ, **variables}) as process:
        yield process


@asynccontextmanager
async def _running(
    command: tuple[str, ...], folder: Path, log: str, variables: Mapping[str, str]
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A program in a session of its own, its output in a file; at the end all its processes are gone."""
    with (folder / log).open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=folder,
            env=dict(variables),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
            try:
                async with asyncio.timeout(10):
                    await process.wait()
            except TimeoutError:
                os.killpg(process.pid, 9)
                await process.wait()


async def _until_ready(made: Front, process: asyncio.subprocess.Process) -> None:
    for _ in range(200):
        if (await made.command("core.version")).startswith("kamailio"):
            return
        if process.returncode is not None:
            break
        await asyncio.sleep(0.05)
    raise AssertionError(f"Kamailio did not start: {made.log()[-2000:]}")
