"""Runs linphone-daemon, an independent softphone, as a telephone that a test works: without sound card, home folder or display of its own.

Commands go over a socket (`linphone-daemon --dump-commands-help` lists them); what happens is taken from its event queue.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from callwright.testing.sipp import HOST, free_port
from callwright.testing.tone import samples

__all__ = ["Linphone", "linphone", "missing"]

# It knows no IP address in a certificate, so the name is not compared; the signature is.
_CONFIG = """[sip]
sip_port={udp}
sip_tcp_port={tcp}
sip_tls_port={tls}
use_ipv6=0
bind_address={host}
auto_net_state_mon=0
guess_hostname=0
contact="phone" <sip:phone@{host}>
default_proxy=-1
use_info={info}
use_rfc2833={rfc2833}
media_encryption={encryption}
media_encryption_mandatory={mandatory}
root_ca={folder}/cert.pem
verify_server_certs=1
verify_server_cn=0
[rtp]
audio_rtp_port=-1
bind_address={host}
symmetric=1
[sound]
echocancellation=0
[video]
enabled=0
capture=0
display=0
[net]
firewall_policy=0
[misc]
file_transfer_server_url=
log_collection_upload_server_url=
version_check_url_root=
"""


def missing() -> str:
    """Why a test with it cannot run; "" = it can."""
    return (
        "" if shutil.which("linphone-daemon") else "linphone-daemon is not installed (Debian: apt install linphone-cli)"
    )


@dataclass
class Linphone:
    """The telephone: the port of its SIP; `tone.wav` in its folder is what `play` plays."""

    port: int
    folder: Path
    _reader: asyncio.StreamReader
    _writer: asyncio.StreamWriter
    _events: list[str]

    async def do(self, command: str) -> str:
        """Carry out a command; gives what it answers. AssertionError: it says that this cannot be done."""
        self._writer.write(f"{command}\n".encode())
        answer = (await asyncio.wait_for(self._reader.read(65_536), 30)).decode(errors="replace")
        assert answer.startswith("Status: Ok"), f"{command}: {answer}"
        return answer

    async def call(self, uri: str) -> int:
        """Dial; gives the number of the call for other commands."""
        answer = await self.do(f"call {uri}")
        found = re.search(r"Id: (\d+)", answer)
        assert found, answer
        return int(found[1])

    async def play(self, call: int) -> None:
        """Play the tone into a call."""
        await self.do(f"incall-player-start {self.folder}/tone.wav {call}")

    async def event(self, *texts: str) -> str:
        """The next event that holds these texts; earlier ones are forgotten."""
        for _ in range(1_500):
            answer = await self.do("pop-event")
            self._events.append(answer)
            if all(text in answer for text in texts):
                return answer
            if "Size: 0" in answer:
                await asyncio.sleep(0.02)
        raise AssertionError(f"no event {texts}: " + "\n".join(item for item in self._events if "Event" in item))

    async def state(self, name: str) -> int:
        """Wait until a call gets to this state (`StreamsRunning`, `End`, ...); gives its number."""
        found = re.search(r"Id: (\d+)", await self.event("call-state-changed", f"LinphoneCall{name}\n"))
        assert found
        return int(found[1])


@asynccontextmanager
async def linphone(
    folder: Path,
    *,
    hz: int = 600,
    transport: str = "udp",
    encryption: str = "none",
    keys: str = "rfc2833",
    auto_answer: bool = True,
) -> AsyncIterator[Linphone]:
    """The telephone, ready. transport: what it listens on; encryption: `none` or `srtp` (then required); keys: `rfc2833` or `info`.

    With TLS `folder` holds the `cert.pem` it believes.
    """
    port = free_port()
    for name in (".local/share/linphone", ".config/linphone"):
        (folder / name).mkdir(parents=True)
    with wave.open(str(folder / "tone.wav"), "wb") as tone:
        tone.setnchannels(1)
        tone.setsampwidth(2)
        tone.setframerate(8_000)
        tone.writeframes(samples(hz, 60).tobytes())
    ports = {name: port if name == transport else -1 for name in ("udp", "tcp", "tls")}
    text = _CONFIG.format(
        **ports,
        host=HOST,
        folder=folder,
        encryption=encryption,
        mandatory=int(encryption != "none"),
        info=int(keys == "info"),
        rfc2833=int(keys == "rfc2833"),
    )
    (folder / "linphonerc").write_text(text)
    pipe = f"callwright-linphone-{os.getpid()}-{port}"
    homes = {"HOME": folder, "XDG_CONFIG_HOME": folder / ".config", "XDG_DATA_HOME": folder / ".local/share"}
    with (folder / "linphone.log").open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *("linphone-daemon", "--pipe", pipe, "--config", str(folder / "linphonerc")),
            *("--log", str(folder / "linphone-sip.log"), *(("--auto-answer",) if auto_answer else ())),
            cwd=folder,
            env={**os.environ, **{name: str(value) for name, value in homes.items()}, "XDG_RUNTIME_DIR": str(folder)},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    at = Path("/tmp") / pipe  # noqa: S108 -- where it makes its socket
    try:
        reader, writer = await _connected(at)
        made = Linphone(port, folder, reader, writer, [])
        await made.do(
            f"firewall-policy nat {HOST}"
        )  # else its offers name the first address of the machine, be it IPv6
        yield made
        writer.close()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        at.unlink(missing_ok=True)


async def _connected(at: Path) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    for _ in range(1_000):
        with contextlib.suppress(FileNotFoundError, ConnectionRefusedError):
            return await asyncio.open_unix_connection(str(at))
        await asyncio.sleep(0.02)
    raise AssertionError("linphone opens no socket")
