"""Shared fixtures: where the shared data folder is, and loud skips when it is not there."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared() -> Path:
    """The shared data folder (CALLWRIGHT_SHARED, default ../shared); skips loudly without it."""
    folder = Path(os.environ.get("CALLWRIGHT_SHARED", ROOT / ".." / "shared")).resolve()
    if not (folder / "formats").is_dir():
        pytest.skip(f"no shared data at {folder}: set CALLWRIGHT_SHARED")
    return folder


@pytest.fixture(scope="session")
def espeak() -> str:
    """Path of espeak-ng; skips loudly without it."""
    path = shutil.which("espeak-ng")
    if path is None:
        pytest.skip("espeak-ng is not installed (apt-get install espeak-ng)")
    return path
