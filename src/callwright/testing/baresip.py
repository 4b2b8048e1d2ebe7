"""Runs baresip, an independent softphone, as the peer of one test: it plays a tone and keeps what it hears; stopped by its process id.

It names the address of a network interface in its SDP and never the loopback, so both sides have to use that address: `address()`.
"""

from __future__ import annotations

import asyncio
import functools
import shutil
import socket
import wave
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from callwright.telephony.port import DialOrder, WireCodec
from callwright.testing.certificates import certificate
from callwright.testing.sipp import CALLEE, bound, free_port, permit

__all__ = ["MODULES", "Baresip", "address", "baresip", "missing", "strength"]

MODULES = Path("/usr/lib/baresip/modules")
_RATES = {"PCMA": 8000, "PCMU": 8000, "G722": 16000, "opus": 48000}
_CONFIG = """sip_listen {host}:{port}
sip_certificate {folder}/both.pem
sip_verify_server no
module_path {modules}
{loaded}
module_tmp account.so
module_app menu.so
module cons.so
cons_listen 127.0.0.1:{console}
audio_source aufile,{folder}/tone.wav
snd_path {folder}
audio_channels 1
opus_stereo no
opus_sprop_stereo no
rtp_timeout {patience_s}
call_max_calls 100
call_hold_other_calls no
"""


def missing(*modules: str) -> str:
    """Why a test with these modules cannot run; "" = it can."""
    if shutil.which("baresip") is None or not MODULES.is_dir():
        return "baresip is not installed (Debian: apt install baresip-core)"
    if not address():
        return "baresip needs a network interface beside the loopback"
    lacking = [name for name in modules if not (MODULES / f"{name}.so").exists()]
    return f"baresip has no module {', '.join(lacking)}" if lacking else ""


@functools.cache
def address() -> str:
    """Our address on the interface that baresip takes; "" = there is none. Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.254", 9))
        except OSError:
            return ""
        found = str(probe.getsockname()[0])
        return "" if found.startswith("127.") else found


@dataclass
class Baresip:
    """port: where it listens, over the transport asked for; folder: its configuration, `cert.pem`, and the WAV files;
    console: the port its console listens on."""

    port: int
    folder: Path
    process: asyncio.subprocess.Process
    console: int
    output: list[str] = field(default_factory=list)
    _said: str = ""
    _console: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    def order(self, codecs: tuple[WireCodec, ...] = ("PCMA", "PCMU")) -> DialOrder:
        """An order to call it."""
        return DialOrder(permit(), f"sip:{CALLEE}@{address()}:{self.port}", "attempt-1", codecs=codecs)

    async def work(self) -> None:
        """Sit down at its console as soon as it is ready; it is left with the telephone."""
        for _ in range(1_000):
            if any("baresip is ready" in line for line in self.output):
                self._console = await asyncio.open_connection("127.0.0.1", self.console)
                return
            await asyncio.sleep(0.02)
        raise AssertionError("baresip is not ready: " + "\n".join(self.output))

    def type(self, text: str) -> None:
        """Keys of its console: `/dial URI` and the like with a line break at the end; single keys are commands in a call."""
        if self._console is None:
            raise AssertionError("nobody sits at the console: `work` comes first")
        self._console[1].write(text.encode())

    def press(self, key: str) -> None:
        """A key of the telephone, and let it go."""
        self.type(f"{key}\x04")

    async def says(self, text: str) -> None:
        """Wait until its console says that; what came before it is forgotten."""
        if self._console is None:
            raise AssertionError("nobody sits at the console: `work` comes first")
        async with asyncio.timeout(30):
            while text not in self._said:
                data = await self._console[0].read(4_096)
                if not data:
                    raise AssertionError(f"baresip ended without saying {text!r}: {self._said[-1_000:]}")
                self._said += data.decode(errors="replace")
        self._said = self._said.partition(text)[2]

    def close(self) -> None:
        """Leave the console."""
        if self._console is not None:
            self._console[1].close()

    async def heard(self) -> npt.NDArray[np.int16]:
        """What it heard in the call that is over, at the rate of its codec."""
        for _ in range(500):
            if any("terminated" in line for line in self.output):
                break
            await asyncio.sleep(0.01)
        files = sorted(self.folder.glob("dump-*-dec.wav"))
        return np.frombuffer(files[-1].read_bytes()[44:], "<i2") if files else np.zeros(0, np.int16)


def strength(pcm: npt.NDArray[np.int16], hz: float, rate: int) -> float:
    """Share of the power that lies at `hz`, 0 to 1."""
    wave_ = pcm.astype(np.float64)
    at = 2 * np.pi * hz * np.arange(len(wave_)) / rate
    power = float(np.mean(wave_**2))
    return float(np.abs(np.mean(wave_ * np.exp(1j * at))) ** 2 * 2 / power) if power else 0.0


@asynccontextmanager
async def baresip(
    folder: Path,
    transport: str = "udp",
    *,
    codec: str = "PCMA",
    account: str = "",
    modules: tuple[str, ...] = ("g711",),
    hz: float = 1000.0,
    dial: str = "",
    seconds: int = 60,
    patience_s: int = 60,
    users: Sequence[str] = (CALLEE,),
) -> AsyncIterator[Baresip]:
    """A telephone that answers at once. codec: as baresip calls it; account: further parameters of its account, `;mediaenc=srtp`;
    hz: the tone it plays; dial: a URI it calls; seconds: after which it ends by itself; patience_s: without
    audio, then it hangs up; users: numbers it answers to."""
    port, console = _free_pair(), _free_pair()
    rate = _RATES[codec]
    certificate(folder, address())
    _tone(folder / "tone.wav", rate, hz)
    loaded = "\n".join(f"module {name}.so" for name in (*modules, "aufile", "sndfile"))
    config = _CONFIG.format(
        host=address(), port=port, folder=folder, console=console, modules=MODULES, loaded=loaded, patience_s=patience_s
    )
    (folder / "config").write_text(config)
    (folder / "contacts").write_text("")
    name = {"opus": "opus/48000/1", "G722": "G722/16000/1"}.get(codec, codec)
    (folder / "accounts").write_text(
        "".join(
            f"<sip:{user}@{address()};transport={transport}>;regint=0;answermode=auto;audio_codecs={name}{account}\n"
            for user in users
        )
    )
    process = await asyncio.create_subprocess_exec(
        *("baresip", "-f", str(folder), "-t", str(seconds), *(("-e", f"/dial {dial}") if dial else ())),
        cwd=folder,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    port += transport == "tls"
    phone = Baresip(port, folder, process, console)
    reading = asyncio.create_task(_read(phone))
    try:
        for _ in range(1_000):
            if bound(port):
                break
            await asyncio.sleep(0.01)
        yield phone
    finally:
        phone.close()
        if process.returncode is None:
            process.kill()
            await process.wait()
        await reading


async def _read(phone: Baresip) -> None:
    """Its words are kept for the message of a test that fails."""
    if phone.process.stdout is not None:
        async for line in phone.process.stdout:
            phone.output.append(line.decode(errors="replace").rstrip())


def _free_pair() -> int:
    """A port that is free for UDP and TCP, and so is the next one (baresip takes TLS there)."""
    for _ in range(50):
        port = free_port()
        if port < 65_000 and not bound(port) and not bound(port + 1):
            return port
    raise AssertionError("no free ports")


def _tone(path: Path, rate: int, hz: float) -> None:
    pcm = (8000 * np.sin(2 * np.pi * hz * np.arange(60 * rate) / rate)).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(pcm.tobytes())
