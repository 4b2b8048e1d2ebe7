"""Folders of sherpa-onnx models: which kind one is, whether it is whole, and the engine's recogniser made from it.

A folder holds a table of tokens and either an encoder, a decoder and a joiner (transducer), an encoder and a decoder (paraformer), or one
network whose metadata name its kind (CTC, SenseVoice). Of a network that comes in two precisions the one of 8 bit is taken.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from callwright.errors import ModelError, Place, Problem
from callwright.speech.asr.onnx_file import metadata
from callwright.speech.models.finding import find_model
from callwright.speech.models.manifest import bundled

__all__ = [
    "KINDS",
    "OFFLINE",
    "STREAMING",
    "SherpaModel",
    "find_sherpa_model",
    "locate",
    "need_sherpa",
    "offline_recogniser",
    "streaming_recogniser",
]

STREAMING = ("transducer", "paraformer", "zipformer2-ctc", "nemo-ctc", "wenet-ctc", "t-one-ctc")
OFFLINE = (
    "sense-voice", "transducer", "paraformer", "zipformer2-ctc", "nemo-ctc", "wenet-ctc", "telespeech-ctc", "tdnn-ctc"
)  # fmt: skip
KINDS = tuple(dict.fromkeys((*STREAMING, *OFFLINE)))
_BY_METADATA = {
    "t-one": "t-one-ctc",
    "zipformer2": "zipformer2-ctc",
    "zipformer2_ctc": "zipformer2-ctc",
    "wenet_ctc": "wenet-ctc",
    "sense_voice_ctc": "sense-voice",
    "paraformer": "paraformer",
    "telespeech_ctc": "telespeech-ctc",
    "tdnn": "tdnn-ctc",
}
_CURE = "fetch it with `callwright models pull`, or put the files of a published model there"


@dataclass(frozen=True, slots=True)
class SherpaModel:
    """A model that is whole. files: paths by part (encoder, decoder, joiner or model); rate: Hz it was trained at; bpe: its vocabulary of
    word pieces, None = the tokens are characters."""

    kind: str
    folder: Path
    tokens: Path
    files: dict[str, Path]
    rate: int
    bpe: Path | None = None

    @property
    def hotwords(self) -> bool:
        """It can be told what to listen for."""
        return self.kind == "transducer"

    @property
    def modeling_unit(self) -> str:
        """What hot words are made of: `cjkchar`, `bpe` or both."""
        if self.bpe is None:
            return "cjkchar"
        chinese = any("\u4e00" <= letter <= "\u9fff" for letter in self.tokens.read_text(encoding="utf-8"))
        return "cjkchar+bpe" if chinese else "bpe"

    def arguments(self) -> dict[str, Any]:
        """Files for the engine, by its names."""
        return {"tokens": str(self.tokens), **{part: str(path) for part, path in self.files.items()}}


def need_sherpa() -> None:
    """Raises ModelError: the package sherpa-onnx is not installed."""
    if importlib.util.find_spec("sherpa_onnx") is None:
        hint = "install it: pip install 'callwright[sherpa]'"
        raise ModelError(Problem("no-sherpa", "the package sherpa-onnx is not installed", hint=hint))


def locate(name: str, models: Path, near: Path = Path()) -> Path:
    """The folder that is meant: a path (relative to `near`), a model of the manifest, or a folder in `models`.

    Raises ModelError: a model of the manifest is not here, or not whole.
    """
    if (near / name).is_dir():
        return near / name
    if name in bundled().models:
        return find_model(name, models)
    return models / name


def find_sherpa_model(folder: Path, kind: str = "", *, offline: bool = False) -> SherpaModel:
    """The model of a folder. kind: one of KINDS when the files do not tell it.

    Raises ModelError that names the folder, what is missing or wrong with it, and the cure.
    """
    allowed = OFFLINE if offline else STREAMING
    if not folder.is_dir():
        raise _error(folder, "model-missing", "there is no such folder of a speech model")
    if kind and kind not in allowed:
        raise _error(folder, "model-kind", f"{kind!r} is no kind of model for this; choose {', '.join(allowed)}")
    tokens = _tokens(folder)
    networks = sorted(folder.glob("*.onnx"))
    if not networks:
        raise _error(folder, "model-damaged", "the speech model lacks its networks (*.onnx)")
    parts = {part: _best([n for n in networks if n.name.startswith(part)]) for part in ("encoder", "decoder", "joiner")}
    files = {part: path for part, path in parts.items() if path is not None}
    if len(files) == 1 or ("joiner" in files and len(files) < 3):
        missing = ", ".join(part for part in ("encoder", "decoder") if part not in files)
        raise _error(folder, "model-damaged", f"the speech model lacks its {missing}")
    if not files:
        files = {"model": _single(folder, networks)}
    facts = {part: _metadata(folder, path) for part, path in files.items()}
    found = _kind(files, facts)
    if kind and found and kind != found:
        raise _error(folder, "model-kind", f"the speech model is of the kind {found}, not {kind}")
    kind = kind or found
    if kind not in allowed:
        way = "recordings" if offline else "calls"
        what = kind or "an unknown kind"
        raise _error(
            folder, "model-kind", f"the speech model ({what}) is none for {way}; those are {', '.join(allowed)}"
        )
    rate = 8000 if kind == "t-one-ctc" or kind == "tdnn-ctc" else 16000
    return SherpaModel(kind, folder, tokens, files, rate, _bpe(folder))


def streaming_recogniser(model: SherpaModel, *, threads: int, provider: str, hotwords: bool) -> Any:
    """The engine's recogniser for calls. Loads the model, which may take seconds; a model that the engine refuses may end the process."""
    import sherpa_onnx

    common = {"num_threads": threads, "provider": provider, "sample_rate": model.rate, **model.arguments()}
    make = sherpa_onnx.OnlineRecognizer
    if model.kind == "transducer":
        if hotwords:
            common |= {"decoding_method": "modified_beam_search", "modeling_unit": model.modeling_unit}
            common |= {"bpe_vocab": str(model.bpe)} if model.bpe is not None else {}
        return make.from_transducer(**common)
    maker = {
        "paraformer": make.from_paraformer,
        "zipformer2-ctc": make.from_zipformer2_ctc,
        "nemo-ctc": make.from_nemo_ctc,
        "wenet-ctc": make.from_wenet_ctc,
        "t-one-ctc": make.from_t_one_ctc,
    }[model.kind]
    return maker(**common)


def offline_recogniser(model: SherpaModel, *, threads: int, provider: str = "cpu", language: str = "") -> Any:
    """The engine's recogniser for recordings. language: `zh`, `en`, ... for SenseVoice ("" = it finds out). As above, it loads the model."""
    import sherpa_onnx

    make = sherpa_onnx.OfflineRecognizer
    common = {"num_threads": threads, "provider": provider, **model.arguments()}
    match model.kind:
        case "sense-voice":
            return make.from_sense_voice(**common, language=language, use_itn=False)
        case "transducer":
            return make.from_transducer(**common)
        case "paraformer":
            return make.from_paraformer(paraformer=common.pop("model"), **common)
        case "zipformer2-ctc":
            return make.from_zipformer_ctc(**common)
        case "nemo-ctc":
            return make.from_nemo_ctc(**common)
        case "wenet-ctc":
            return make.from_wenet_ctc(**common)
        case "telespeech-ctc":
            return make.from_telespeech_ctc(**common)
        case "tdnn-ctc":
            return make.from_tdnn_ctc(**common)
    raise AssertionError(model.kind)


def _tokens(folder: Path) -> Path:
    """The table of tokens: a symbol and its number a line, every number from 0 once."""
    tables = [path for path in (folder / "tokens.txt", *sorted(folder.glob("*tokens.txt"))) if path.is_file()]
    if not tables:
        raise _error(folder, "model-damaged", "the speech model lacks its table of tokens (tokens.txt)")
    path = tables[0]
    numbers: set[int] = set()
    try:
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.strip():
                numbers.add(int(line.rsplit(maxsplit=1)[-1]))
    except (ValueError, OSError) as error:
        raise _error(folder, "model-damaged", f"its table of tokens {path.name} cannot be read: {error}") from error
    if not numbers or numbers != set(range(len(numbers))):
        raise _error(folder, "model-damaged", f"its table of tokens {path.name} does not number them from 0")
    return path


def _best(candidates: list[Path]) -> Path | None:
    small = [path for path in candidates if ".int8." in path.name]
    return next(iter(small or candidates), None)


def _single(folder: Path, networks: list[Path]) -> Path:
    small = [path for path in networks if ".int8." in path.name]
    chosen = small or networks
    if len(chosen) > 1:
        names = ", ".join(path.name for path in chosen)
        raise _error(folder, "model-damaged", f"it is not clear which network is the model: {names}")
    return chosen[0]


def _metadata(folder: Path, path: Path) -> dict[str, str]:
    try:
        return metadata(path)
    except ValueError as error:
        raise _error(folder, "model-damaged", f"its network {path.name} {error}") from None
    except OSError as error:
        raise _error(folder, "model-damaged", f"its network {path.name} cannot be read: {error.strerror}") from error


def _kind(files: dict[str, Path], facts: dict[str, dict[str, str]]) -> str:
    if "joiner" in files:
        return "transducer"
    if "encoder" in files:
        return "paraformer"
    told = facts["model"].get("model_type", "")
    return "nemo-ctc" if told.startswith("EncDec") else _BY_METADATA.get(told, "")


def _bpe(folder: Path) -> Path | None:
    return next((path for path in (folder / "bpe.vocab", *sorted(folder.glob("*.vocab"))) if path.is_file()), None)


def _error(folder: Path, code: str, message: str) -> ModelError:
    return ModelError(Problem(code, message, Place(file=str(folder)), _CURE))
