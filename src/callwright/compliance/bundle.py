"""Evidence in one file: a ZIP whose last entry is a signed manifest of all others. Pure but for the file it is given.

`manifest.json` is canonical JSON: what the bundle is about, every file with its length and SHA-256, the tenant's public key, an Ed25519
signature over `callwright-bundle/1:` and the rest. Below `records/` lie exports of decision records, which are verified with it.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import IO, Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from callwright.compliance.record_file import Finding, genuine, parse_signed, public_text, signed, verify
from callwright.compliance.records import iso

__all__ = ["FORMAT", "MANIFEST", "BundleWriter", "verify_bundle"]

FORMAT = "callwright-bundle/1"
MANIFEST = "manifest.json"
_STORED = frozenset({"wav", "ogg", "opus", "zip"})  # packed already, or not worth it
_MOST_FILES = 100_000
_LARGEST_TEXT = 1 << 28
_PART = 1 << 20
_FIELDS = {"about": dict, "files": list, "format": str, "made_at": str, "public_key": str, "signature": str}


class BundleWriter:
    """Writes a bundle into an open file: `add` each file, then `finish`."""

    def __init__(self, out: IO[bytes], now: datetime) -> None:
        self._zip = zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED)
        self._now = now
        self._files: dict[str, dict[str, Any]] = {}

    def add(self, name: str, content: bytes) -> None:
        """A file that is in memory. Raises ValueError: the name is taken."""
        with self._zip.open(self._entry(name), "w") as entry:
            entry.write(content)
        self._note(name, len(content), hashlib.sha256(content).hexdigest())

    async def add_stream(self, name: str, parts: AsyncIterator[bytes]) -> None:
        """A file that comes in parts. Raises ValueError: the name is taken."""
        digest, size = hashlib.sha256(), 0
        with self._zip.open(self._entry(name), "w", force_zip64=True) as entry:
            async for part in parts:
                entry.write(part)
                digest.update(part)
                size += len(part)
        self._note(name, size, digest.hexdigest())

    def finish(self, about: Mapping[str, Any], key: Ed25519PrivateKey) -> None:
        """Write the manifest; nothing can be added after it."""
        said = {
            "about": dict(about), "files": [self._files[name] for name in sorted(self._files)], "format": FORMAT,
            "made_at": iso(self._now), "public_key": public_text(key.public_key()),
        }  # fmt: skip
        with self._zip.open(self._entry(MANIFEST), "w") as entry:
            entry.write(signed(said, key).encode())
        self._zip.close()

    def _entry(self, name: str) -> zipfile.ZipInfo:
        if name in self._files:
            raise ValueError(f"{name} is in the bundle already")
        info = zipfile.ZipInfo(name, self._now.timetuple()[:6])
        packed = name.rpartition(".")[2] in _STORED
        info.compress_type = zipfile.ZIP_STORED if packed else zipfile.ZIP_DEFLATED
        return info

    def _note(self, name: str, size: int, digest: str) -> None:
        self._files[name] = {"name": name, "sha256": digest, "size": size}


def verify_bundle(file: IO[bytes], key: Ed25519PublicKey) -> tuple[dict[str, Any], list[Finding]]:
    """What a bundle is about, and what is wrong with it; never raises for what the file holds."""
    try:
        with zipfile.ZipFile(file) as opened:
            return _verify_zip(opened, key)
    except (
        zipfile.BadZipFile,
        zipfile.LargeZipFile,
        NotImplementedError,
        EOFError,
        RuntimeError,
        OSError,
        ValueError,
    ) as error:
        return {}, [Finding("not-an-export", f"this is no bundle that can be read: {error}")]


def _verify_zip(opened: zipfile.ZipFile, key: Ed25519PublicKey) -> tuple[dict[str, Any], list[Finding]]:
    entries = opened.infolist()
    names = [entry.filename for entry in entries]
    if len(names) > _MOST_FILES or names.count(MANIFEST) != 1:
        return {}, [Finding("not-an-export", "it has no manifest, or more than one")]
    said = parse_signed(_limited(opened, opened.getinfo(MANIFEST)), _FIELDS)
    if said is None or said["format"] != FORMAT:
        return {}, [Finding("not-an-export", "its manifest is no canonical JSON of ours")]
    if said["public_key"] != public_text(key):
        return said["about"], [
            Finding("other-key", "the manifest names another public key than the one it is checked with")
        ]
    if not genuine(said, key):
        return said["about"], [Finding("changed-header", "the signature of the manifest does not fit it")]
    wanted = {one["name"]: one for one in said["files"]}
    findings = [Finding("gap", f"{name} is missing") for name in sorted(wanted.keys() - set(names))]
    for name in sorted(set(names)):
        if names.count(name) > 1:
            findings.append(Finding("duplicate", f"{name} is there more than once"))
        elif name != MANIFEST and name not in wanted:
            findings.append(Finding("added", f"{name} does not stand in the manifest"))
        elif name != MANIFEST:
            findings += _verify_file(opened, opened.getinfo(name), wanted[name], key)
    return said["about"], findings


def _verify_file(
    opened: zipfile.ZipFile, entry: zipfile.ZipInfo, wanted: Mapping[str, Any], key: Ed25519PublicKey
) -> list[Finding]:
    name = entry.filename
    if entry.file_size != wanted["size"] or _digest(opened, entry, wanted["size"]) != wanted["sha256"]:
        return [Finding("edited", f"{name} is not what the manifest says")]
    if name.startswith("records/") and name.endswith(".jsonl"):
        with opened.open(entry) as file:
            report = verify(file, key)
        return [Finding(one.found, f"{name}: {one.detail}", one.seq, one.line) for one in report.findings]
    return []


def _digest(opened: zipfile.ZipFile, entry: zipfile.ZipInfo, most: int) -> str:
    """Never more than the manifest allows: what unpacks to more is none of ours."""
    digest, left = hashlib.sha256(), most
    with opened.open(entry) as file:
        while part := file.read(_PART):
            left -= len(part)
            if left < 0:
                return ""
            digest.update(part)
    return digest.hexdigest()


def _limited(opened: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    if entry.file_size > _LARGEST_TEXT:
        raise ValueError("its manifest is too large")
    with opened.open(entry) as file:
        return file.read(_LARGEST_TEXT)
