"""The product as its users meet it: `callwright up` as a process, real calls to telephones on loopback, and Chromium."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

import pytest
from tests.sound import write_microphone

from callwright.campaigns.situation import situation
from callwright.compliance.explanation import explain
from callwright.compliance.pack_file import load_packs
from callwright.testing.humming import tone
from callwright.web.console import built

CHROMIUM = Path("/usr/bin/chromium")
MICROPHONE_HZ = 1000.0
PERSON_HZ = 400.0


@pytest.fixture(scope="session", autouse=True)
def _can_run() -> None:
    if not CHROMIUM.exists():
        pytest.skip(f"there is no {CHROMIUM}: apt-get install chromium")
    if not built():
        pytest.skip("the console is not built: make web")


@dataclass(frozen=True)
class Place:
    """Where people may be called at this hour: rules know no test that runs at night."""

    country: str
    zone: str
    number: Callable[[int], str]
    own: str


PLACES = (
    Place("US", "America/New_York", lambda n: f"+1202555{100 + n:04}", "+12025550199"),
    Place("CN", "Asia/Shanghai", lambda n: f"+86139{n:08}", "+861085550000"),
    Place("GB", "Europe/London", lambda n: f"+4479005550{n:02}", "+442079460123"),
    Place("US", "Pacific/Honolulu", lambda n: f"+1808555{100 + n:04}", "+18085550199"),
    Place("AU", "Australia/Perth", lambda n: f"+61491570{150 + n}", "+61291920199"),
)


@pytest.fixture(scope="session")
def place() -> Place:
    """The first place where the real rules let a call of service through now, with half an hour to spare."""
    packs, now = load_packs(None), datetime.now(UTC)
    for one in PLACES:
        later = now.timestamp() + 1800
        moments = (now, datetime.fromtimestamp(later, UTC))
        cases = [
            situation(one.number(1), at.isoformat(), at, (one.zone,), (), "service", rest_fine=True) for at in moments
        ]
        if all(explain(facts, at, packs).decision.allow for facts, at in cases):
            return one
    pytest.skip("nowhere on the list may people be called at this hour")


class Process:
    """A process whose lines are kept, and which is stopped by its own pid."""

    def __init__(self, command: list[str], environment: dict[str, str], folder: Path) -> None:
        self.lines: list[str] = []
        self._new = threading.Condition()
        self.process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        assert self.process.stdout is not None
        self._reader = threading.Thread(target=self._read, args=(self.process.stdout,), daemon=True)
        self._reader.start()

    def _read(self, stream: IO[str]) -> None:
        for line in stream:
            with self._new:
                self.lines.append(line.rstrip("\n"))
                self._new.notify_all()
        with self._new:
            self._new.notify_all()

    def wait(self, pattern: str, seconds: float = 90.0) -> re.Match[str]:
        """The first line, past or to come, that matches."""
        end, seen = time.monotonic() + seconds, 0
        with self._new:
            while True:
                for line in self.lines[seen:]:
                    if found := re.search(pattern, line):
                        return found
                seen = len(self.lines)
                left = end - time.monotonic()
                alive = self.process.poll() is None
                assert left > 0 and alive, f"no line matches {pattern!r}:\n" + "\n".join(self.lines[-40:])
                self._new.wait(min(left, 1.0))

    def told(self) -> list[Any]:
        """Its lines, as JSON."""
        with self._new:
            return [json.loads(line) for line in self.lines if line.startswith("{")]

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(40)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self._reader.join(10)


@dataclass
class Up:
    """A running `callwright up`."""

    url: str
    setup: str
    telephones: Process
    process: Process
    folder: Path
    notes: dict[str, str] = field(default_factory=dict)


LINE = """
format: line/1
trunks:
  - name: office
    proxy: "sip:127.0.0.1:{port}"
    local: {{host: 127.0.0.1}}
    numbers: ["{own}"]
    limits: {{calls: 10, calls_per_second: 2}}
"""


@contextmanager
def up(folder: Path, place: Place) -> Iterator[Up]:
    """Telephones that hum, and everything of callwright in one command."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CALLWRIGHT_DATABASE")}
    environment |= {"XDG_DATA_HOME": str(folder / "data"), "XDG_CACHE_HOME": str(folder / "cache")}
    telephones = Process(
        [sys.executable, "-m", "callwright.testing.humming", "--tone", str(PERSON_HZ)], environment, folder
    )
    try:
        port = telephones.wait(r'"port": (\d+)')[1]
        (folder / "line.yaml").write_text(LINE.format(port=port, own=place.own))
        command = [sys.executable, "-m", "callwright", "up", "--port", "0", "--line", "line.yaml", "--drain", "2"]
        process = Process(command, environment, folder)
        try:
            url = process.wait(r"answers at (http://\S+)")[1]
            link = process.wait(r"(http://\S+/setup#\S+)")[1]
            yield Up(url, link, telephones, process, folder)
        except BaseException as wrong:
            wrong.add_note("\n".join(["callwright up:", *process.lines[-80:], "telephones:", *telephones.lines[-20:]]))
            raise
        finally:
            process.stop()
        assert process.process.returncode == 0, "\n".join(process.lines[-40:])  # it ended its worker, then itself
    finally:
        telephones.stop()


@pytest.fixture(scope="session")
def microphone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tone that comes and goes: what is steady counts as noise, which browsers take away."""
    return write_microphone(tmp_path_factory.mktemp("microphone") / "tone.wav", tone(MICROPHONE_HZ, 36_000, 48_000))
