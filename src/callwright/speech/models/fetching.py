"""One file from an address or a folder: resumed where it was cut, bounded in size, and kept only when its checksum is right."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from callwright.errors import ModelError, Place, Problem
from callwright.speech.models.finding import hash_file

__all__ = ["MOST_BYTES", "Progress", "Wanted", "fetch", "free_bytes", "take"]

MOST_BYTES = 4 * 1024**3  # of a file whose size nobody told
_BLOCK = 256 * 1024
_TRIES = 6  # in a row without a byte received
_TIMEOUT = httpx.Timeout(30.0, connect=15.0)
_CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")
_ANOTHER = "the file there is not the one this manifest knows"
_LOOPBACK = ("127.0.0.1", "::1", "localhost")

Progress = Callable[[str, int, int | None], None]  # what, bytes so far, bytes in all


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file to be fetched. bytes, sha256: None when not known (the caller has decided to trust what comes)."""

    name: str
    url: str
    bytes: int | None
    sha256: str | None

    @property
    def most(self) -> int:
        """Not one byte more is taken."""
        return self.bytes if self.bytes is not None else MOST_BYTES


def fetch(
    wanted: Wanted, into: Path, progress: Progress, *, sleep: Callable[[float], None] = time.sleep
) -> tuple[int, str]:
    """Download to `into`; what is there already of an earlier try (`into`.part) is not fetched again. Returns (bytes, sha256).

    Raises ModelError: unsafe address, server refuses, cut off too often, too large, checksum wrong (what came is then kept as
    `into`.refused for a look, and never used).
    """
    _safe(wanted)
    part = into.with_name(into.name + ".part")
    resumed = part.exists()
    _download(wanted, part, progress, sleep)
    size, digest = part.stat().st_size, hash_file(part)
    if resumed and not _right(wanted, size, digest):
        part.unlink()  # half of it was another file's: once from the beginning
        _download(wanted, part, progress, sleep)
        size, digest = part.stat().st_size, hash_file(part)
    _meta(part).unlink(missing_ok=True)
    if not _right(wanted, size, digest):
        refused = into.with_name(into.name + ".refused")
        part.replace(refused)
        raise _mismatch(
            wanted, size, digest, str(refused), "the file there is not the one this manifest knows; do not use it"
        )
    part.replace(into)
    return size, digest


def take(wanted: Wanted, source: Path, into: Path, progress: Progress) -> tuple[int, str]:
    """As `fetch`, from a file on this machine: copied, then compared. Raises ModelError."""
    digest, done = hashlib.sha256(), 0
    try:
        with source.open("rb") as file, into.open("wb") as out:
            while block := file.read(_BLOCK):
                done += len(block)
                if done > wanted.most:
                    raise _mismatch(wanted, done, "", str(source), "take the right file")
                digest.update(block)
                out.write(block)
                progress(wanted.name, done, wanted.bytes)
    except OSError as error:
        raise ModelError(
            Problem("model-unreadable", f"{wanted.name} cannot be copied: {error.strerror}", Place(str(source)))
        ) from error
    if not _right(wanted, done, digest.hexdigest()):
        into.unlink()
        raise _mismatch(wanted, done, digest.hexdigest(), str(source), "take the right file; it was left where it is")
    return done, digest.hexdigest()


def _right(wanted: Wanted, size: int, digest: str) -> bool:
    return wanted.bytes in (None, size) and wanted.sha256 in (None, digest)


def _mismatch(wanted: Wanted, size: int, digest: str, place: str, hint: str) -> ModelError:
    if wanted.bytes is not None and size != wanted.bytes:
        what = f"{wanted.name} has {size:,} bytes{'' if digest else ' or more'}, not {wanted.bytes:,}"
    else:
        what = f"{wanted.name} has the sha256 {digest}, not {wanted.sha256}"
    return ModelError(Problem("model-mismatch", f"refused: {what}", Place(place), hint))


def _safe(wanted: Wanted) -> None:
    parts = urlsplit(wanted.url)
    if parts.scheme not in ("http", "https"):
        raise _failed(wanted, "it is no http or https address", "mend the manifest or the mirror's address")
    if parts.scheme == "http" and wanted.sha256 is None and parts.hostname not in _LOOPBACK:
        raise _failed(wanted, "its checksum is not known, and http proves nothing", "use https, or a folder (--from)")


def _download(wanted: Wanted, part: Path, progress: Progress, sleep: Callable[[float], None]) -> None:
    """Until it is whole: after a cut, on from there. `_TRIES` in a row that bring nothing end it."""
    fruitless = 0
    while True:
        before = part.stat().st_size if part.exists() else 0
        if wanted.bytes is not None and before == wanted.bytes:
            return
        if wanted.bytes is not None and before > wanted.bytes:
            part.unlink()
            before = 0
        try:
            _request(wanted, part, before, progress)
            return
        except httpx.HTTPError as error:
            fruitless = 0 if part.exists() and part.stat().st_size > before else fruitless + 1
            if fruitless >= _TRIES:
                why = f"the connection failed {_TRIES} times: {type(error).__name__} {error}"
                raise _failed(
                    wanted, why, "try again later: it goes on from there; or use --mirror or --from"
                ) from None
            sleep(min(2.0**fruitless, 30.0) / 2)


def _request(wanted: Wanted, part: Path, have: int, progress: Progress) -> None:
    headers = {"Accept-Encoding": "identity"}
    validator = _validator(part)
    if have:
        headers["Range"] = f"bytes={have}-"
        if validator:
            headers["If-Range"] = validator
    with _open(wanted, headers) as response:
        if response.status_code == 416:  # nothing after what we have: another file, or an odd one; from the beginning
            part.unlink(missing_ok=True)
            raise httpx.RemoteProtocolError("the server has nothing after what was fetched")
        if response.status_code == 206 and have:
            told = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
            if told is None or int(told[1]) != have:
                raise _failed(wanted, "the server sent another part than was asked for", "use another mirror")
        elif response.status_code == 200:
            have = 0
        else:
            raise _refusal(wanted, response)
        coming = have + int(length) if (length := response.headers.get("Content-Length", "")).isdecimal() else None
        if coming is not None and wanted.bytes not in (None, coming):
            part.unlink(missing_ok=True)
            raise _mismatch(wanted, coming, "", wanted.url, _ANOTHER)
        etag = response.headers.get("ETag", "")
        _meta(part).write_text(json.dumps({"etag": etag if not etag.startswith("W/") else ""}), encoding="utf-8")
        _write(wanted, part, have, response, progress)


def _write(wanted: Wanted, part: Path, have: int, response: httpx.Response, progress: Progress) -> None:
    try:
        with part.open("ab" if have else "wb") as file:
            for block in response.iter_raw():  # as it comes: nothing is lost in a buffer when it is cut
                have += len(block)
                if have > wanted.most:
                    file.close()
                    part.unlink()
                    raise _mismatch(wanted, have, "", wanted.url, _ANOTHER)
                file.write(block)
                progress(wanted.name, have, wanted.bytes)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise _failed(wanted, f"it cannot be written: {error.strerror}", f"look at {part.parent}") from error
    if wanted.bytes is not None and have < wanted.bytes:
        raise httpx.RemoteProtocolError("the connection ended too early")


@cache
def _certificates() -> ssl.SSLContext:
    """Reading them takes longer than a small file."""
    return httpx.create_ssl_context()


@contextmanager
def _open(wanted: Wanted, headers: dict[str, str]) -> Iterator[httpx.Response]:
    """The answer, after redirects (at most five, never from https to http)."""
    url = httpx.URL(wanted.url)
    with httpx.Client(timeout=_TIMEOUT, follow_redirects=False, verify=_certificates()) as client:
        for _ in range(6):
            with client.stream("GET", url, headers=headers) as response:
                if not response.has_redirect_location:
                    yield response
                    return
                target = url.join(response.headers["Location"])
            if url.scheme == "https" and target.scheme != "https":
                raise _failed(wanted, f"{url.host} sends us on to {target.scheme}", "use another mirror")
            url = target
            _safe(replace(wanted, url=str(url)))
    raise _failed(wanted, "too many redirects", "use another mirror")


def _refusal(wanted: Wanted, response: httpx.Response) -> Exception:
    if response.status_code in (408, 425, 429) or response.status_code >= 500:
        return httpx.RemoteProtocolError(f"the server answers {response.status_code}")
    hint = "use --mirror or --from; the release may have moved"
    return _failed(wanted, f"the server answers {response.status_code} {response.reason_phrase}", hint)


def _meta(part: Path) -> Path:
    return part.with_name(part.name + ".json")


def _validator(part: Path) -> str:
    """ETag of the file a part is of, or "" when it is not known."""
    try:
        etag = json.loads(_meta(part).read_text(encoding="utf-8"))["etag"]
    except (OSError, ValueError, KeyError, TypeError):
        return ""
    return etag if isinstance(etag, str) and etag.isascii() and etag.isprintable() else ""


def _failed(wanted: Wanted, why: str, hint: str) -> ModelError:
    return ModelError(Problem("model-unfetched", f"{wanted.name} cannot be fetched: {why}", Place(wanted.url), hint))


def free_bytes(folder: Path) -> int:
    """Space left where `folder` is, or will be."""
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    return shutil.disk_usage(there).free
