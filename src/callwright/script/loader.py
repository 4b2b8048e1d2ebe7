"""From a file to a checked `Script`: read safely, validate strictly, and report every problem at once with file:line:column."""

from __future__ import annotations

import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from callwright.errors import Place, Problem, ScriptError
from callwright.script.explain import explain, nearest_place
from callwright.script.model import SCRIPT_FORMAT, Script
from callwright.script.source import MAX_BYTES, Source, decode, read

__all__ = ["LoadedScript", "load", "loads"]


@dataclass(frozen=True)
class LoadedScript:
    """A valid script and where each of its values stands. `folder` is where recordings are looked up (None: read from text)."""

    script: Script
    places: Mapping[str, Place]
    file: str = "<text>"
    folder: Path | None = None

    def place(self, path: str) -> Place:
        """Where the field `flow.nodes.opening.say[0].text` stands, or its nearest known ancestor."""
        return nearest_place(self.places, path)


def load(path: Path) -> LoadedScript:
    """The script in `path`. Raises ScriptError with every problem: unreadable, not YAML, or not a valid script."""
    return _validated(decode(_bytes(path), str(path)), str(path), path.parent)


def loads(text: str, file: str = "<text>") -> LoadedScript:
    """The script in `text`; `file` names it in messages. Raises ScriptError with every problem."""
    return _validated(text, file, None)


def _bytes(path: Path) -> bytes:
    place = Place(str(path))
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise ScriptError(
                Problem("not-a-file", "this is a folder, not a script", place, "Name the .yaml file in it.")
            )
        if not stat.S_ISREG(mode):
            raise ScriptError(Problem("not-a-file", "this is not a regular file", place, "Name a .yaml file."))
        with path.open("rb") as stream:
            return stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        hint = "Check the name, or start with `callwright script new NAME`."
        raise ScriptError(Problem("no-such-file", "there is no such file", place, hint)) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ScriptError(
            Problem("unreadable", f"the file cannot be read: {reason}", place, "Check its permissions.")
        ) from None


def _validated(text: str, file: str, folder: Path | None) -> LoadedScript:
    source = read(text, file)
    _check_head(source, file)
    problems = list(source.problems)
    script = None
    try:
        script = Script.model_validate(source.value)
    except ValidationError as error:
        problems += explain(error, source)
    if problems or script is None:
        raise ScriptError(sorted(problems, key=lambda problem: (problem.place.line, problem.place.column)))
    return LoadedScript(script, source.places, file, folder)


def _check_head(source: Source, file: str) -> None:
    place = nearest_place(source.places, "")
    if not isinstance(source.value, dict):
        hint = "A script starts with `format: script/1`."
        raise ScriptError(Problem("wrong-type", "the file is not a mapping (key: value)", place, hint))
    format_ = source.value.get("format")
    if format_ != SCRIPT_FORMAT:
        where = nearest_place(source.places, "format")
        found = f"`format` is `{format_}`" if "format" in source.value else "`format` is missing"
        raise ScriptError(
            Problem("wrong-format", f"{found}, not {SCRIPT_FORMAT}", where, f"Write `format: {SCRIPT_FORMAT}` first.")
        )
