"""Which speech models there are: where they come from, how large they are, their checksums and licences. Read strictly."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator, model_validator

from callwright.errors import ModelError, Place, Problem

__all__ = ["Licence", "Manifest", "Model", "Pin", "Source", "bundled", "load_manifest", "safe_path"]

_MOST_BYTES = 1024 * 1024
_Sha = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
_Size = Annotated[int, Field(gt=0)]
_Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]


def safe_path(path: str) -> str:
    """`path` when it is a plain relative path, / between its parts. Raises ValueError: absolute, with `..`, `\\`, `:` or control characters."""
    pure = PurePosixPath(path)
    if not path or pure.is_absolute() or ".." in pure.parts or str(pure) != path or re.search(r"[\\:\x00-\x1f]", path):
        raise ValueError(f"{path!r} is no plain relative path")
    return path


class _Plain(yaml.SafeLoader):
    """Without aliases: a manifest needs none, and they can blow up."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise ValueError("aliases (*name) are not taken")
        return super().compose_node(parent, index)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Licence(_Strict):
    """name: SPDX name where there is one; note: what an operator has to know before using it."""

    name: str
    note: str = ""
    url: str = ""


class Pin(_Strict):
    """A file of an installed model. None = not known here (it is recorded when an archive with a known checksum is unpacked)."""

    bytes: _Size | None = None
    sha256: _Sha | None = None


class Source(_Strict):
    """One download. to: where this file goes in the model's folder; or unpack: kind of archive, root: its top folder (stripped).
    sha256 None: not known; such a file is only taken when the operator says so."""

    url: str
    bytes: _Size | None = None
    sha256: _Sha | None = None
    to: str | None = None
    unpack: Literal["tar.bz2", "tar.gz"] | None = None
    root: str = ""

    @property
    def file_name(self) -> str:
        """The last part of its address: what the file is called in a mirror or an offline folder."""
        return PurePosixPath(urlsplit(self.url).path).name

    @property
    def place(self) -> str:
        """Where it lies below the model's name in a mirror or an offline folder."""
        return self.to if self.to is not None else self.file_name

    @field_validator("url")
    @classmethod
    def _https(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in ("https", "http") or not parts.hostname or not PurePosixPath(parts.path).name:
            raise ValueError("an address is https://HOST/.../FILE")
        return url

    @model_validator(mode="after")
    def _one_use(self) -> Self:
        if (self.to is None) == (self.unpack is None):
            raise ValueError("a source has either `to` (where the file goes) or `unpack` (an archive)")
        for path in (self.to, self.root):
            if path:
                safe_path(path)
        return self


class Model(_Strict):
    """A model. also: other names its folder may have; keep: patterns of the files of an archive that are installed (all when empty);
    needs: files without which it is damaged (files fetched singly are always needed)."""

    title: str
    purpose: str
    languages: tuple[str, ...]
    licence: Licence
    sources: Annotated[tuple[Source, ...], Field(min_length=1)]
    also: tuple[_Name, ...] = ()
    keep: tuple[str, ...] = ()
    needs: dict[str, Pin] = {}

    @property
    def download_bytes(self) -> int | None:
        """What has to be fetched; None when a size is not known."""
        sizes = [source.bytes for source in self.sources]
        return sum(size for size in sizes if size is not None) if None not in sizes else None

    @property
    def files(self) -> dict[str, Pin]:
        """Every file it must have, with what is known of it."""
        single = {s.to: Pin(bytes=s.bytes, sha256=s.sha256) for s in self.sources if s.to is not None}
        return {**single, **self.needs}

    @field_validator("needs")
    @classmethod
    def _inside(cls, needs: dict[str, Pin]) -> dict[str, Pin]:
        for path in needs:
            safe_path(path)
        return needs


class Manifest(_Strict):
    """models by name."""

    format: Literal["models/1"]
    models: Annotated[dict[_Name, Model], Field(min_length=1)]

    def get(self, name: str) -> Model:
        """Raises ModelError, with the known names, for one that is not there."""
        if name not in self.models:
            known = f"known models: {', '.join(sorted(self.models))}"
            raise ModelError(Problem("unknown-model", f"there is no speech model called {name!r}", hint=known))
        return self.models[name]


@cache
def bundled() -> Manifest:
    """The manifest that comes with callwright."""
    return _parse(files(__package__).joinpath("manifest.yaml").read_bytes(), "manifest.yaml")


def load_manifest(path: Path) -> Manifest:
    """A manifest of the operator's own. Raises ModelError with every problem found."""
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise ModelError(Problem("no-manifest", f"cannot be read: {error.strerror}", Place(str(path)))) from None
    if len(data) > _MOST_BYTES:
        raise ModelError(Problem("bad-manifest", "the manifest is larger than 1 MiB", Place(str(path))))
    return _parse(data, str(path))


def _parse(data: bytes, name: str) -> Manifest:
    hint = "its format stands in docs/reference/speech.md"
    try:
        value: Any = yaml.load(data, _Plain)  # noqa: S506 - a SafeLoader, without aliases
        return Manifest.model_validate(value)
    except ValidationError as error:
        problems = [
            Problem("bad-manifest", item["msg"], Place(name, field=".".join(str(part) for part in item["loc"])), hint)
            for item in error.errors()
        ]
        raise ModelError(problems) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        message = f"the manifest cannot be read: {' '.join(str(error).split())[:200]}"
        raise ModelError(Problem("bad-manifest", message, Place(name), hint)) from None
