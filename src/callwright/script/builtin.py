"""The scripts that come with callwright: starting points that pass every check."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

__all__ = ["template_path", "templates"]


def _folder() -> Path:
    return Path(str(files("callwright.script") / "templates"))


def templates() -> tuple[str, ...]:
    """Names of the built-in templates, sorted."""
    return tuple(sorted(path.stem for path in _folder().glob("*.yaml")))


def template_path(name: str) -> Path:
    """The file of a built-in template. Raises KeyError (the name) when there is none."""
    if name not in templates():
        raise KeyError(name)
    return _folder() / f"{name}.yaml"
