"""A fake download server on 127.0.0.1, named as one: ranges, cuts, wrong answers. It counts what it was asked."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import cast

__all__ = ["FakeServer", "fake_server"]


@dataclass
class FakeServer:
    """files: path -> bytes. cut_after: bytes after which a connection is cut, one for each request (then none is); ranges: whether it knows
    them; status, moved: answers for single paths. asked: (path, Range header)."""

    address: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    cut_after: list[int] = field(default_factory=list)
    ranges: bool = True
    etag: str = '"1"'
    status: dict[str, int] = field(default_factory=dict)
    moved: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)


class _Handler(BaseHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        return

    def do_GET(self) -> None:
        fake = cast("_Http", self.server).fake
        fake.asked.append((self.path, self.headers.get("Range", "")))
        if self.path in fake.moved:
            self._head(302, {"Location": fake.moved[self.path]})
        elif self.path in fake.status or self.path not in fake.files:
            self._head(fake.status.get(self.path, 404), {})
        else:
            self._send(fake, fake.files[self.path])

    def _send(self, fake: FakeServer, body: bytes) -> None:
        begin = 0
        wanted = self.headers.get("Range", "")
        if wanted and fake.ranges and self.headers.get("If-Range", fake.etag) == fake.etag:
            begin = int(wanted.removeprefix("bytes=").rstrip("-"))
            if begin >= len(body):
                self._head(416, {"Content-Range": f"bytes */{len(body)}"})
                return
            span = {"Content-Range": f"bytes {begin}-{len(body) - 1}/{len(body)}"}
            self._head(206, span | {"Content-Length": str(len(body) - begin), "ETag": fake.etag})
        else:
            self._head(200, {"Content-Length": str(len(body)), "ETag": fake.etag})
        cut = fake.cut_after.pop(0) if fake.cut_after else len(body)
        self.wfile.write(body[begin : begin + cut])
        self.wfile.flush()
        self.close_connection = True

    def _head(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 200 and "Content-Length" not in headers:
            self.send_header("Content-Length", "0")
        self.end_headers()


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    fake: FakeServer


@contextmanager
def fake_server() -> Iterator[FakeServer]:
    """Serve on a free port of 127.0.0.1."""
    http = _Http(("127.0.0.1", 0), _Handler)
    http.fake = FakeServer(f"http://127.0.0.1:{http.server_address[1]}")
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield http.fake
    finally:
        http.shutdown()
        thread.join()
        http.server_close()
