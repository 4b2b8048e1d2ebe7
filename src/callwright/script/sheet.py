"""What a speaker has to read for a script: every wording, those with variables in fragments, each with the name of its file. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from callwright.errors import InputError, Place, Problem
from callwright.fragments import fragment_file, fragments, has_values
from callwright.script.checks.walk import texts, variants
from callwright.script.model import Script

__all__ = ["Line", "recording_sheet", "unrecordable"]

_UNSAFE = re.compile(r"[^\w.-]+")


@dataclass(frozen=True, slots=True)
class Line:
    """One recording. file: its name below the recordings folder; text: what is read; whole: the wording it is a part of, as the script has it
    (the part in [ ]); where: its place in the script; named: whether the script names this file (else `audio` has to be added there)."""

    file: str
    text: str
    whole: str
    where: str
    named: bool


def recording_sheet(script: Script) -> tuple[Line, ...]:
    """All recordings of a script, in its order; a file that several wordings share stands once.

    Raises InputError: one file is to say two texts, or its name leads out of the folder."""
    lines: dict[str, Line] = {}
    problems: list[Problem] = []
    for path, variant in variants(script):
        file = variant.audio or _name(script, path)
        pure = PurePosixPath(file)
        if pure.is_absolute() or ".." in pure.parts or pure.suffix.lower() != ".wav":
            message = f"`{file}` is no name of a recording"
            problems.append(
                Problem(
                    "no-recording-name",
                    message,
                    Place(field=f"{path}.audio"),
                    "like opening.wav (what a speaker sends may be of another kind: the import makes WAV of it)",
                )
            )
            continue
        for line in _parts(file, variant.text.strip(), path, variant.audio is not None):
            known = lines.setdefault(line.file, line)
            if known.text != line.text:
                message = (
                    f"`{line.file}` is to say two texts: {known.text[:30]!r} ({known.where}) and {line.text[:30]!r}"
                )
                hint = "give each wording an `audio` of its own"
                problems.append(Problem("two-texts", message, Place(field=f"{path}.audio"), hint))
    if problems:
        raise InputError(problems)
    return tuple(lines.values())


def unrecordable(script: Script) -> tuple[str, ...]:
    """Texts that are always synthesised, because the format has no `audio` for them (questions of slots, texts of `next`)."""
    recordable = {f"{path}.text" for path, _ in variants(script)}
    return tuple(found.text for found in texts(script) if found.path not in recordable)


def _parts(file: str, text: str, path: str, named: bool) -> Iterator[Line]:
    if not has_values(text):
        yield Line(file, text, text, path, named)
        return
    parts = fragments(text)
    shown = [f"{{{part.name}}}" if part.name else part.text for part in parts]
    for place, part in enumerate(parts):
        if part.number:
            whole = "".join(f"[{piece.strip()}]" if at == place else piece for at, piece in enumerate(shown))
            yield Line(fragment_file(file, part.number), part.spoken, whole, path, named)


def _name(script: Script, path: str) -> str:
    """A file name for a wording that has none: `flow.nodes.opening.say[0]` -> `opening-say-1.wav`."""
    path = re.sub(r"^kb\[(\d+)\]", lambda m: f"kb-{script.kb[int(m[1])].id}", path)
    path = re.sub(r"^globals\[(\d+)\]", lambda m: f"global-{script.globals[int(m[1])].id}", path)
    path = re.sub(r"\[(\d+)\]", lambda m: f"-{int(m[1]) + 1}", path.removeprefix("flow.nodes."))
    return _UNSAFE.sub("-", path).replace(".", "-") + ".wav"
