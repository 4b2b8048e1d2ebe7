"""Where speech models are, and whether they are whole. Fetching them is another command's work; here they are only found."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import pocketsphinx

from callwright.errors import ModelError, Place, Problem

__all__ = ["ENGLISH", "MANDARIN", "find_english_model", "find_model"]

MANDARIN = "pocketsphinx-zh-8k"
ENGLISH = "en-us"
_ACOUSTIC = ("feat.params", "mdef", "means", "noisedict", "sendump", "transition_matrices", "variances")

_FILES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {MANDARIN: ("mandarin_notone.dic", *(f"hmm/{name}" for name in _ACOUSTIC))}
)
_SOURCES: Mapping[str, str] = MappingProxyType(
    {
        MANDARIN: "CMU Sphinx repository, commit 9e3a5ea6, folders model/hmm/zh/tdt_sc_8k (as hmm/) and model/lm/zh_CN (the .dic file)"
    }
)


def find_model(name: str, folder: Path) -> Path:
    """The folder of a model, with every file it needs present and not empty.

    Raises ModelError that names the folder searched, the files missing and the cure."""
    needed = _FILES.get(name)
    if needed is None:
        known = ", ".join(sorted(_FILES))
        raise ModelError(
            Problem("unknown-model", f"there is no speech model called {name!r}", hint=f"known models: {known}")
        )
    path = folder / name
    return _whole(
        path,
        needed,
        name,
        f"put the model there (from the {_SOURCES[name]}) or set CALLWRIGHT_MODELS to the folder that holds {name}/",
    )


def find_english_model() -> tuple[Path, Path]:
    """Acoustic model folder and dictionary of the English model that comes inside the pocketsphinx wheel."""
    root = Path(pocketsphinx.get_model_path(ENGLISH))
    needed = ("cmudict-en-us.dict", *(f"{ENGLISH}/{name}" for name in _ACOUSTIC))
    _whole(
        root,
        needed,
        ENGLISH,
        "install the pocketsphinx package again (its wheel holds the model); unset POCKETSPHINX_PATH",
    )
    return root / ENGLISH, root / "cmudict-en-us.dict"


def _whole(path: Path, needed: tuple[str, ...], name: str, cure: str) -> Path:
    place = Place(file=str(path))
    if not path.is_dir():
        raise ModelError(Problem("model-missing", f"the speech model {name} is not installed", place, cure))
    missing = [file for file in needed if not (path / file).is_file() or (path / file).stat().st_size == 0]
    if missing:
        message = f"the speech model {name} lacks {', '.join(missing)}"
        raise ModelError(Problem("model-damaged", message, place, cure))
    return path
