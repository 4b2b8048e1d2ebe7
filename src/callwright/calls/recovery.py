"""After a crash: calls whose log has no end are reported once, with what is left of them. Nobody is rung again because of it.

A log without an `ended` line that no process holds (see `log.EventLog`) belongs to a process that was killed. Its torn last line is cut off,
its recording is made whole, and a `recovered` line closes it, so that the next start does not report it again.
"""

from __future__ import annotations

import fcntl
import json
import os
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from callwright.calls.folder import log_files
from callwright.errors import AudioError
from callwright.telephony.rtp.repair import repair_recording

__all__ = ["Recovery", "Unfinished", "recover", "recover_log"]

_CLOSING = frozenset({"ended", "recovered"})


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A call whose process was killed. Times in ms; number is masked.

    last_kind, last_ms: the last event that is known; talk_ms: from the answer to that event, or as long as the recording is;
    recording: "" when there is none; torn_bytes: what was cut off the log; fault: why the recording is not whole.
    """

    call_id: str
    number: str
    direction: str
    started_at: str
    log: str
    last_kind: str
    last_ms: int
    answered: bool
    talk_ms: int
    recording: str = ""
    recording_ms: int = 0
    torn_bytes: int = 0
    fault: str = ""
    disposition: str = "unknown"


@dataclass(frozen=True, slots=True)
class Recovery:
    """What was found in a folder. live: calls that a process still has; faults: logs that could not be looked at, and why."""

    calls: tuple[Unfinished, ...]
    live: int
    faults: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """JSON-ready mapping."""
        return asdict(self)


def recover(folder: Path, now: datetime) -> Recovery:
    """Report every unfinished call of a folder, each once, whoever asks and how often.

    Raises:
        InputError: there is no such folder.
    """
    calls, live, faults = [], 0, []
    for log in log_files(folder):
        try:
            found = recover_log(log, now)
        except BlockingIOError:
            live += 1
        except OSError as error:
            faults.append(f"{log}: {error.strerror or error}")
        else:
            calls += [found] if found is not None else []
    return Recovery(tuple(calls), live, tuple(faults))


def recover_log(log: Path, now: datetime) -> Unfinished | None:
    """Close one log; None when there is nothing to report: it has its end, or nothing was ever in it.

    Raises:
        BlockingIOError: the call is live.
        OSError: it cannot be read or written.
    """
    file = os.open(log, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        data = log.read_bytes()
        whole, torn = _whole(data)
        lines = [line for text in whole.split(b"\n") if (line := _line(text)) is not None]
        if not data or any(line.get("kind") in _CLOSING for line in lines):
            return None
        call = _unfinished(log, lines, torn)
        closing = {
            "n": len(lines),
            "at_ms": call.last_ms,
            "kind": "recovered",
            "disposition": call.disposition,
            "found_at": now.isoformat(timespec="seconds"),
            "answered": call.answered,
            "talk_ms": call.talk_ms,
            "recording_ms": call.recording_ms,
            "torn_bytes": torn,
        }
        os.ftruncate(file, len(data) - torn)
        between = b"" if whole.endswith(b"\n") or not whole else b"\n"
        rest = memoryview(between + json.dumps(closing).encode() + b"\n")
        while rest:
            rest = rest[os.write(file, rest) :]
        return call
    finally:
        os.close(file)


def _whole(data: bytes) -> tuple[bytes, int]:
    """The whole lines, and how many bytes of a torn one follow. A last line that only lacks its end is whole."""
    body, end, tail = data.rpartition(b"\n")
    if not tail or _line(tail) is not None:
        return data, 0
    return body + end, len(tail)


def _line(text: bytes) -> dict[str, Any] | None:
    try:
        line = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return line if isinstance(line, dict) else None


def _unfinished(log: Path, lines: list[dict[str, Any]], torn: int) -> Unfinished:
    first, last = (lines[0], lines[-1]) if lines else ({}, {})
    connected = next((line for line in lines if line.get("kind") == "connected"), None)
    over = next((line for line in lines if line.get("kind") == "released"), last)
    recording, recording_ms, fault = _recording(log, lines)
    return Unfinished(
        call_id=str(first.get("call_id", "")),
        number=str(first.get("number", "")),
        direction="in" if first.get("kind") == "came_in" else "out",
        started_at=str(first.get("started_at", "")),
        log=str(log),
        last_kind=str(last.get("kind", "")),
        last_ms=_ms(last),
        answered=connected is not None,
        talk_ms=max(0, _ms(over) - _ms(connected), recording_ms) if connected is not None else 0,
        recording=recording,
        recording_ms=recording_ms,
        torn_bytes=torn,
        fault=fault,
    )


def _ms(line: dict[str, Any]) -> int:
    at = line.get("at_ms")
    return at if isinstance(at, int) else 0


def _recording(log: Path, lines: list[dict[str, Any]]) -> tuple[str, int, str]:
    """(path, ms, why it is not whole) of the recording the log names; it is repaired on the way."""
    named = next((line.get("file") for line in reversed(lines) if line.get("kind") == "recording"), None)
    if not isinstance(named, str):
        return "", 0, ""
    folder = log.parent.parent
    path = folder / named
    if not path.resolve().is_relative_to(folder.resolve()):
        return "", 0, "the recording is not in the folder of the call"
    try:
        return str(path), repair_recording(path), ""
    except OSError as error:
        return "", 0, f"the recording cannot be repaired: {error.strerror}"
    except AudioError as error:
        return str(path), 0, str(error.problems[0].message)
