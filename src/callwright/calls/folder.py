"""Finding the event logs of calls in a folder of results."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from callwright.errors import InputError, Place, Problem

__all__ = ["find_log", "log_files"]


def log_files(folder: Path) -> list[Path]:
    """Every event log of the folder (`events/*.jsonl`) and of folders directly in it, in order of name.

    Raises:
        InputError: there is no such folder, or it cannot be read.
    """
    try:
        folders = [folder, *sorted(entry for entry in folder.iterdir() if entry.is_dir() and entry.name != "events")]
        return [log for one in folders for log in sorted((one / "events").glob("*.jsonl"))]
    except OSError as error:
        raise InputError(
            Problem(
                "no-folder", f"cannot be read: {error.strerror}", Place(str(folder)), "name the folder of the results"
            )
        ) from None


def find_log(call: str, folder: Path) -> Path:
    """The log of a call. call: a file, the call id, the SIP Call-ID, or the name of the call's files.

    Raises:
        InputError: nothing is found, or more than one call has this name.
    """
    if call.endswith(".jsonl"):
        if Path(call).is_file():
            return Path(call)
        raise InputError(Problem("no-log", "there is no such file", Place(call), "check the path"))
    logs = log_files(folder)
    found = [log for log in logs if log.stem == call] or [log for log in logs if _is_of(log, call)]
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(str(log) for log in found[:5])
        raise InputError(
            Problem("ambiguous", f"{len(found)} calls are named `{call}`: {names}", Place(str(folder)), "name the file")
        )
    hint = "name the folder with --folder; a call is named by its call id, its SIP Call-ID or the name of its files"
    what = f"none of {len(logs)} event logs is of call `{call}`" if logs else "there are no event logs in this folder"
    raise InputError(Problem("no-call", what, Place(str(folder)), hint))


def _is_of(log: Path, call: str) -> bool:
    try:
        with log.open("rb") as file:
            first: Any = json.loads(file.readline())
    except (OSError, ValueError):
        return False
    known = first.get("call_id") if isinstance(first, dict) else None
    return isinstance(known, str) and known != "" and known.partition("@")[0] == call.partition("@")[0]
