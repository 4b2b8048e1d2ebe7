"""Folders of sherpa-onnx voices: which kind one is, and whether it is whole.

vits (also Piper, MeloTTS): one network with tokens.txt and lexicon.txt or espeak-ng-data/. matcha: an acoustic network (model-steps-*.onnx) and
a vocoder (vocos*.onnx or hifigan*.onnx). kokoro: a network and voices.bin.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from callwright.errors import ModelError, Place, Problem
from callwright.speech.asr.onnx_file import metadata

__all__ = ["VoiceModel", "find_voice_model"]

_CURE = "fetch it with `callwright models pull`, or put the files of a published voice there"
_RULES = ("phone.fst", "date.fst", "number.fst", "new_heteronym.fst")


@dataclass(frozen=True, slots=True)
class VoiceModel:
    """A voice that is whole. kind: `vits`, `matcha` or `kokoro`; arguments: its files by the engine's names; rules: texts are normalised by
    these; speakers: how many voices it has; digest: names its content, for caches."""

    kind: str
    folder: Path
    arguments: dict[str, str]
    rules: tuple[str, ...]
    speakers: int
    digest: str


def find_voice_model(folder: Path) -> VoiceModel:
    """The voice of a folder. Raises ModelError that names the folder, what is missing or wrong with it, and the cure."""
    if not folder.is_dir():
        raise _error(folder, "model-missing", "there is no such folder of a voice")
    networks = {path.name: path for path in sorted(folder.glob("*.onnx"))}
    vocoders = [path for name, path in networks.items() if name.startswith(("vocos", "hifigan"))]
    others = [path for path in networks.values() if path not in vocoders]
    _need(folder, "tokens.txt")
    if not others:
        raise _error(folder, "model-damaged", "the voice lacks its network (*.onnx)")
    small = [path for path in others if ".int8." in path.name and path.stat().st_size > 10_000]
    network = small[0] if small and len(small) < len(others) else others[0]
    if len([path for path in others if path not in small]) > 1:
        names = ", ".join(path.name for path in others)
        raise _error(folder, "model-damaged", f"it is not clear which network is the voice: {names}")
    facts = _metadata(folder, network)
    common = {"tokens": str(folder / "tokens.txt"), **_texts(folder, facts)}
    if (folder / "voices.bin").is_file():
        kind, files = "kokoro", {"model": str(network), "voices": str(folder / "voices.bin")}
    elif vocoders or network.name.startswith("model-steps"):
        if not vocoders:
            raise _error(folder, "model-damaged", "the voice lacks its vocoder (vocos*.onnx or hifigan*.onnx)")
        kind, files = "matcha", {"acoustic_model": str(network), "vocoder": str(vocoders[0])}
    else:
        kind, files = "vits", {"model": str(network)}
    if "sample_rate" not in facts and kind != "matcha":
        raise _error(folder, "model-kind", f"{network.name} is no voice: it tells no sample rate")
    speakers = int(facts.get("n_speakers", "1")) if facts.get("n_speakers", "1").isdecimal() else 1
    rules = tuple(str(folder / name) for name in _RULES if (folder / name).is_file())
    return VoiceModel(kind, folder, {**files, **common}, rules, max(1, speakers), _digest(network, facts))


def _texts(folder: Path, facts: dict[str, str]) -> dict[str, str]:
    """How text becomes sounds: a lexicon, or espeak-ng's data."""
    lexicons = [str(path) for path in sorted(folder.glob("lexicon*.txt"))]
    found = {"lexicon": ",".join(lexicons)} if lexicons else {}
    if (folder / "espeak-ng-data" / "phontab").is_file():
        found["data_dir"] = str(folder / "espeak-ng-data")
    if facts.get("jieba") == "1" and (folder / "dict").is_dir():
        found["dict_dir"] = str(folder / "dict")
    if not found and facts.get("frontend") != "characters":
        raise _error(folder, "model-damaged", "the voice lacks both lexicon.txt and espeak-ng-data/")
    return found


def _metadata(folder: Path, network: Path) -> dict[str, str]:
    try:
        return metadata(network)
    except ValueError as error:
        raise _error(folder, "model-damaged", f"its network {network.name} {error}") from None
    except OSError as error:
        raise _error(folder, "model-damaged", f"its network {network.name} cannot be read: {error.strerror}") from error


def _need(folder: Path, name: str) -> None:
    path = folder / name
    if not path.is_file() or not path.stat().st_size:
        raise _error(folder, "model-damaged", f"the voice lacks {name}")


def _digest(network: Path, facts: dict[str, str]) -> str:
    """Of size, facts and beginning: another voice in the same folder has another name, without reading hundreds of megabytes."""
    with network.open("rb") as file:
        head = file.read(1 << 20)
    content = repr((network.name, network.stat().st_size, sorted(facts.items()))).encode() + head
    return hashlib.sha256(content).hexdigest()[:16]


def _error(folder: Path, code: str, message: str) -> ModelError:
    return ModelError(Problem(code, message, Place(str(folder)), _CURE))
