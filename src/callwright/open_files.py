"""How many files and sockets this process may have open: each call needs some, and the usual soft limit of 1,024 ends at 170 calls."""

from __future__ import annotations

import logging
import resource

__all__ = ["allow_open_files"]

log = logging.getLogger(__name__)

_FILES_A_CALL = 6  # two UDP sockets, log, recording; two sockets more for the agent it may be put through to
_FILES_BESIDES = 200


def allow_open_files(calls: int) -> None:
    """Raise this process's limit of open files to what so many calls need; a limit that cannot be raised enough is told."""
    needed = _FILES_BESIDES + _FILES_A_CALL * calls
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft >= needed or soft == resource.RLIM_INFINITY:
        return
    allowed = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    if allowed < needed:
        log.warning(
            "%d calls at once need %d open files, %d are allowed: raise the limit (`ulimit -n`, LimitNOFILE= of systemd) or lower --max-calls",
            calls,
            needed,
            allowed,
        )
