"""The log of a serving process, on standard error: a line an event, for people or as JSON."""

from __future__ import annotations

import json
import logging
import re
import sys
from datetime import datetime

__all__ = ["JsonLines", "PlainLines", "log_to_stderr"]

_NUMBER = re.compile(r"(?<!\w)\+?\d{7,15}(?!\w)|(?<=sip:)[^@\s]+(?=@)")


def _masked(text: str) -> str:
    """No telephone number, and no user of a SIP address, reaches the log, whoever wrote the message."""
    return _NUMBER.sub("***", text)


class PlainLines(logging.Formatter):
    """`2026-11-20T10:00:00+08:00 INFO message`."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created).astimezone().isoformat(timespec="seconds")
        return _masked(f"{at} {record.levelname} {super().format(record)}")


class JsonLines(logging.Formatter):
    """`{"at", "level", "room", "message"}`; room: the module that says it."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created).astimezone().isoformat(timespec="milliseconds")
        told = {
            "at": at,
            "level": record.levelname.lower(),
            "room": record.name,
            "message": _masked(super().format(record)),
        }
        return json.dumps(told, ensure_ascii=False)


def log_to_stderr(*, as_json: bool = False) -> None:
    """Log of our rooms from INFO on, of everything else from WARNING on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if as_json else PlainLines())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("callwright").setLevel(logging.INFO)
