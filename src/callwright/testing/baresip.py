"""Runs baresip, an independent softphone, as the peer of one test: it plays a tone and keeps what it hears; stopped by its process id.

It names the address of a network interface in its SDP and never the loopback, so both sides have to use that address: `address()`.
"""

from __future__ import annotations

import asyncio
import datetime
import functools
import ipaddress
import shutil
import socket
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from callwright.telephony.port import DialOrder, WireCodec
from callwright.testing.sipp import CALLEE, bound, free_port, permit

__all__ = ["MODULES", "Baresip", "address", "baresip", "certificate", "missing", "strength"]

MODULES = Path("/usr/lib/baresip/modules")
_RATES = {"PCMA": 8000, "PCMU": 8000, "G722": 16000, "opus": 48000}
_CONFIG = """sip_listen {host}:{port}
sip_certificate {folder}/both.pem
sip_verify_server no
module_path {modules}
{loaded}
module_tmp account.so
module_app menu.so
audio_source aufile,{folder}/tone.wav
snd_path {folder}
audio_channels 1
opus_stereo no
opus_sprop_stereo no
rtp_timeout 60
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
    """port: where it listens, over the transport asked for; folder: its configuration, `cert.pem`, and the WAV files."""

    port: int
    folder: Path
    process: asyncio.subprocess.Process
    output: list[str] = field(default_factory=list)

    def order(self, codecs: tuple[WireCodec, ...] = ("PCMA", "PCMU")) -> DialOrder:
        """An order to call it."""
        return DialOrder(permit(), f"sip:{CALLEE}@{address()}:{self.port}", "attempt-1", codecs=codecs)

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
) -> AsyncIterator[Baresip]:
    """A telephone that answers at once. codec: as baresip calls it; account: further parameters of its account, `;mediaenc=srtp`;
    hz: the tone it plays; dial: a URI it calls."""
    port = _free_pair()
    rate = _RATES[codec]
    certificate(folder)
    _tone(folder / "tone.wav", rate, hz)
    loaded = "\n".join(f"module {name}.so" for name in (*modules, "aufile", "sndfile"))
    config = _CONFIG.format(host=address(), port=port, folder=folder, modules=MODULES, loaded=loaded)
    (folder / "config").write_text(config)
    (folder / "contacts").write_text("")
    name = {"opus": "opus/48000/1", "G722": "G722/16000/1"}.get(codec, codec)
    (folder / "accounts").write_text(
        f"<sip:{CALLEE}@{address()};transport={transport}>;regint=0;answermode=auto;audio_codecs={name}{account}\n"
    )
    process = await asyncio.create_subprocess_exec(
        *("baresip", "-f", str(folder), "-t", "60", *(("-e", f"/dial {dial}") if dial else ())),
        cwd=folder,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    port += transport == "tls"
    phone = Baresip(port, folder, process)
    reading = asyncio.create_task(_read(phone))
    try:
        for _ in range(1_000):
            if bound(port):
                break
            await asyncio.sleep(0.01)
        yield phone
    finally:
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


def certificate(folder: Path) -> None:
    """`cert.pem`, `key.pem` and both in `both.pem`, signed by itself, for `address()`."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "phone")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address()))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    text = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    shown = made.public_bytes(serialization.Encoding.PEM)
    (folder / "cert.pem").write_bytes(shown)
    (folder / "key.pem").write_bytes(text)
    (folder / "both.pem").write_bytes(text + shown)
