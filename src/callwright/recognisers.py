"""Which recogniser hears: read from the setting CALLWRIGHT_ASR, checked, and made. Reference: docs/reference/speech.md.

The setting is the name of an engine, a mapping in braces, or the name of a YAML file; unset, the embedded pocketsphinx hears.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from callwright.errors import Place, Problem, SettingsError
from callwright.speech.asr.connections import Patience, Server
from callwright.speech.asr.fallback import FallbackRecogniser
from callwright.speech.asr.funasr import funasr
from callwright.speech.asr.pocketsphinx import PocketsphinxRecogniser, threshold
from callwright.speech.asr.sherpa import SherpaRecogniser, SherpaSettings
from callwright.speech.asr.sherpa_models import locate
from callwright.speech.asr.sherpa_server import sherpa_server
from callwright.speech.port import Language, Recogniser
from callwright.yaml_file import Kind, decode, nearest_place, read, read_bytes
from callwright.yaml_problems import Dialect, explain

__all__ = ["Ears", "make_ears", "read_recogniser"]

VARIABLE = "CALLWRIGHT_ASR"
_DICTATION_ACCEPT = 0.5  # an engine that writes whatever is said scores 1 with words and 0 without
_KIND = Kind(
    SettingsError,
    "recogniser setting",
    "recogniser/1",
    "Start from the examples in docs/how-to/use-a-recogniser.md.",
    "It needs a few lines only.",
)


def _address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("ws", "wss") or not parts.hostname or parts.fragment:
        raise ValueError("must be an address like ws://127.0.0.1:6006 or wss://asr.example:10095")
    if parts.username or parts.password or parts.query:
        raise ValueError("may hold no user, password or query: what is secret goes into a variable (`token_env: NAME`)")
    try:
        _ = parts.port
    except ValueError:
        raise ValueError("has a port that is none") from None
    return value


def _named(value: Any) -> Any:
    """`pocketsphinx` alone means the engine with nothing said about it."""
    return {"engine": value} if isinstance(value, str) else value


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Pocketsphinx(_Strict):
    """The embedded engine. workers: its processes; None = as the command says."""

    engine: Literal["pocketsphinx"]
    workers: int | None = Field(None, ge=1, le=64)


class Sherpa(_Strict):
    """sherpa-onnx in processes of our own. model: a folder, or the name of one in CALLWRIGHT_MODELS."""

    engine: Literal["sherpa"]
    model: str = Field(min_length=1)
    kind: Literal["", "transducer", "paraformer", "zipformer2-ctc", "nemo-ctc", "wenet-ctc", "t-one-ctc"] = ""
    threads: int = Field(1, ge=1, le=64)
    provider: Literal["cpu", "cuda"] = "cpu"
    hotwords: bool = True
    workers: int = Field(1, ge=1, le=64)
    most_streams: int | None = Field(None, ge=1, le=100_000)


class _Remote(_Strict):
    url: Annotated[str, AfterValidator(_address)]
    ca: str | None = Field(None, min_length=1)
    token_env: str | None = Field(None, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    connect_ms: int = Field(2000, ge=50, le=60_000)
    final_ms: int = Field(1500, ge=100, le=60_000)
    lag_ms: int = Field(10_000, ge=500, le=120_000)
    most_streams: int | None = Field(None, ge=1, le=100_000)

    @model_validator(mode="after")
    def _tls(self) -> _Remote:
        if self.url.startswith("ws:") and (self.ca or self.token_env):
            raise ValueError("ca and token_env need an encrypted address (wss://)")
        return self


class SherpaServer(_Remote):
    """The websocket server of sherpa-onnx. rate: what it was started for (--input-sample-rate)."""

    engine: Literal["sherpa-server"]
    rate: Literal[8000, 16000] = 16000


class FunAsr(_Remote):
    """The FunASR runtime. itn: numbers come as digits."""

    engine: Literal["funasr"]
    rate: Literal[8000, 16000] = 8000
    itn: bool = False


Engine = Annotated[Pocketsphinx | Sherpa | SherpaServer | FunAsr, Field(discriminator="engine")]


class _WithFallback(_Strict):
    """fallback: the engine that hears what this one fails."""

    format: Literal["recogniser/1"] = "recogniser/1"
    fallback: Annotated[Engine | None, BeforeValidator(_named)] = None


class PocketsphinxFirst(_WithFallback, Pocketsphinx):
    """See Pocketsphinx."""


class SherpaFirst(_WithFallback, Sherpa):
    """See Sherpa."""


class SherpaServerFirst(_WithFallback, SherpaServer):
    """See SherpaServer."""


class FunAsrFirst(_WithFallback, FunAsr):
    """See FunAsr."""


First = PocketsphinxFirst | SherpaFirst | SherpaServerFirst | FunAsrFirst


_ENGINES: Mapping[str, type[First]] = {
    "pocketsphinx": PocketsphinxFirst,
    "sherpa": SherpaFirst,
    "sherpa-server": SherpaServerFirst,
    "funasr": FunAsrFirst,
}

_DIALECT = Dialect(
    PocketsphinxFirst,
    "the recogniser setting",
    "See docs/reference/speech.md.",
    {r"^[A-Za-z_][A-Za-z0-9_]*$": "is no name of an environment variable"},
    {"address": "url", "uri": "url", "host": "url", "sample_rate": "rate", "backup": "fallback", "ca_file": "ca"},
    {
        "token": (
            "literal-token",
            "a token does not belong here",
            "Put it into a variable and name that: `token_env: NAME`.",
        )
    },
)


@dataclass(frozen=True, slots=True)
class Ears:
    """A recogniser that was made. accept: score from which its words count; processes: how many of its own run."""

    recogniser: Recogniser
    accept: Callable[[Language], float]
    processes: Callable[[], int]


def read_recogniser(setting: str) -> tuple[First, Path]:
    """The setting, and the folder its paths are relative to. Raises SettingsError with every problem, and where it stands."""
    text, name, folder = _text(setting.strip())
    source = read(text, name, _KIND)
    engine = source.value.get("engine") if isinstance(source.value, dict) else None
    model = _ENGINES.get(engine) if isinstance(engine, str) else None
    if model is None:
        message = f"`{engine}` is no recogniser" if engine is not None else "it does not say which `engine` hears"
        place = nearest_place(source.places, "engine")
        raise SettingsError(Problem("no-engine", message, place, f"write engine: {', '.join(_ENGINES)}"))
    try:
        made = model.model_validate(source.value)
    except ValidationError as error:
        raise SettingsError([*source.problems, *explain(error, source, replace(_DIALECT, model=model))]) from None
    if source.problems:
        raise SettingsError(list(source.problems))
    return made, folder


def make_ears(setting: str, models: Path, workers: int, environ: Mapping[str, str] | None = None) -> Ears:
    """The recogniser of a setting. models: folder of speech models; workers: processes of an embedded engine that does not say itself.

    Raises SettingsError: the setting is wrong; ModelError: a model or package is missing.
    """
    wanted, folder = read_recogniser(setting)
    env = os.environ if environ is None else environ
    made = [_make(wanted, models, workers, folder, env)]
    if wanted.fallback is not None:
        made.append(_make(wanted.fallback, models, workers, folder, env))
    embedded = any(isinstance(one, PocketsphinxRecogniser) for one in made)
    recogniser: Recogniser = made[0]
    if len(made) == 2:
        final_s = min(1.2, wanted.final_ms / 1000) if isinstance(wanted, _Remote) else 1.2
        recogniser = FallbackRecogniser(made[0], made[1], final_s=final_s)
    return Ears(
        recogniser,
        threshold if embedded else lambda language: _DICTATION_ACCEPT,
        lambda: sum(len(getattr(one, "worker_pids", ())) for one in made),
    )


def _text(setting: str) -> tuple[str, str, Path]:
    if not setting or setting in _ENGINES:
        return f"{{engine: {setting or 'pocketsphinx'}}}", VARIABLE, Path()
    if setting.startswith("{"):
        return setting, VARIABLE, Path()
    path = Path(setting)
    return decode(read_bytes(path, _KIND), str(path), _KIND), str(path), path.parent


def _make(wanted: Engine, models: Path, workers: int, folder: Path, env: Mapping[str, str]) -> Recogniser:
    match wanted:
        case Pocketsphinx():
            return PocketsphinxRecogniser(models, workers=wanted.workers or workers)
        case Sherpa():
            at = locate(wanted.model, models, folder)
            settings = SherpaSettings(str(at), wanted.kind, wanted.threads, wanted.provider, wanted.hotwords)
            return SherpaRecogniser(settings, workers=wanted.workers, most_streams=wanted.most_streams)
        case SherpaServer():
            server, patience = _server(wanted, folder, env), _patience(wanted)
            return sherpa_server(server, rate=wanted.rate, patience=patience, most_streams=wanted.most_streams)
        case FunAsr():
            server, patience = _server(wanted, folder, env), _patience(wanted)
            return funasr(server, rate=wanted.rate, itn=wanted.itn, patience=patience, most_streams=wanted.most_streams)


def _patience(wanted: _Remote) -> Patience:
    return Patience(wanted.connect_ms / 1000, wanted.final_ms / 1000, wanted.lag_ms / 1000)


def _server(wanted: _Remote, folder: Path, env: Mapping[str, str]) -> Server:
    headers: tuple[tuple[str, str], ...] = ()
    if wanted.token_env is not None:
        token = env.get(wanted.token_env, "")
        if not token or not token.isprintable() or not token.isascii():
            message = f"the environment variable {wanted.token_env} holds no token"
            raise SettingsError(Problem("no-token", message, Place(VARIABLE), "set it where callwright is started"))
        headers = (("Authorization", f"Bearer {token}"),)
    context = None
    if wanted.url.startswith("wss:"):
        try:
            context = ssl.create_default_context(cafile=str(folder / wanted.ca) if wanted.ca else None)
        except (OSError, ssl.SSLError) as error:
            message = f"the CA file {wanted.ca} cannot be used: {getattr(error, 'strerror', None) or error}"
            raise SettingsError(Problem("no-ca", message, Place(VARIABLE), "name a PEM file of certificates")) from None
        context.minimum_version = ssl.TLSVersion.TLSv1_2
    return Server(wanted.url, context, headers)
