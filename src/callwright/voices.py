"""Which voice speaks: read from the setting CALLWRIGHT_VOICE, checked, and made. Reference: docs/reference/speech.md.

The setting is the name of an engine, a mapping in braces, or the name of a YAML file; unset, espeak-ng speaks. A mapping with `zh` and `en`
gives each language its own.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from callwright.errors import Problem, SettingsError
from callwright.speech.asr.sherpa_models import locate
from callwright.speech.port import Language, Voice
from callwright.speech.tts.espeak import EspeakVoice
from callwright.speech.tts.sherpa import SherpaVoice
from callwright.yaml_file import Kind, decode, nearest_place, read, read_bytes
from callwright.yaml_problems import Dialect, explain

__all__ = ["Mouth", "make_voice", "read_voice"]

VARIABLE = "CALLWRIGHT_VOICE"
_KIND = Kind(
    SettingsError,
    "voice setting",
    "voice/1",
    "Start from the examples in docs/reference/speech.md.",
    "It needs a few lines only.",
)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Espeak(_Strict):
    """The embedded voice. variant: of espeak-ng, like `f3`; speed: words a minute, as espeak-ng counts them."""

    engine: Literal["espeak"]
    variant: str = Field("", pattern=r"^[A-Za-z0-9_-]{0,20}$")
    speed: int | None = Field(None, ge=80, le=450)


class Sherpa(_Strict):
    """A sherpa-onnx voice. model: of `callwright models`, or a folder; speaker: a number from 0; speed: 1.0 = as trained."""

    engine: Literal["sherpa"]
    model: str = Field(min_length=1)
    speaker: int = Field(0, ge=0, le=10_000)
    speed: float = Field(1.0, ge=0.5, le=2.0)
    threads: int = Field(1, ge=1, le=64)


def _named(value: Any) -> Any:
    """`espeak` alone means the engine with nothing said about it."""
    return {"engine": value} if isinstance(value, str) else value


One = Annotated[Espeak | Sherpa, Field(discriminator="engine"), BeforeValidator(_named)]


class VoiceSetting(_Strict):
    """zh, en: the voice of each language; what is not named speaks with espeak-ng."""

    format: Literal["voice/1"] = "voice/1"
    zh: One = Espeak(engine="espeak")
    en: One = Espeak(engine="espeak")


class EspeakForAll(Espeak):
    """One voice for both languages."""

    format: Literal["voice/1"] = "voice/1"


class SherpaForAll(Sherpa):
    """One voice for both languages."""

    format: Literal["voice/1"] = "voice/1"


_ENGINES: Mapping[str, type[EspeakForAll | SherpaForAll]] = {"espeak": EspeakForAll, "sherpa": SherpaForAll}


_DIALECT = Dialect(
    VoiceSetting,
    "the voice setting",
    "See docs/reference/speech.md.",
    {r"^[A-Za-z0-9_-]{0,20}$": "may hold only letters, digits, `_` and `-`"},
    {"voice": "speaker", "sid": "speaker", "rate": "speed", "folder": "model"},
    {},
)


@dataclass(frozen=True, slots=True)
class Mouth:
    """A voice that was made. ready: loads it, and fails when it cannot speak; aclose: ends what it started."""

    voice: Voice
    ready: Callable[[], Awaitable[None]]
    aclose: Callable[[], Awaitable[None]]


def read_voice(setting: str) -> tuple[VoiceSetting, Path]:
    """The setting, and the folder its paths are relative to. Raises SettingsError with every problem, and where it stands."""
    text, name, folder = _text(setting.strip())
    source = read(text, name, _KIND)
    engine = source.value.get("engine") if isinstance(source.value, dict) else None
    if engine is not None and engine not in _ENGINES:
        place = nearest_place(source.places, "engine")
        hint = f"write engine: {' or '.join(_ENGINES)}"
        raise SettingsError(Problem("no-engine", f"`{engine}` is no voice", place, hint))
    model: type[VoiceSetting | EspeakForAll | SherpaForAll] = VoiceSetting if engine is None else _ENGINES[engine]
    try:
        made = model.model_validate(source.value)
    except ValidationError as error:
        raise SettingsError([*source.problems, *explain(error, source, replace(_DIALECT, model=model))]) from None
    if source.problems:
        raise SettingsError(list(source.problems))
    if isinstance(made, VoiceSetting):
        return made, folder
    return VoiceSetting(zh=made, en=made), folder


def make_voice(setting: str, language: Language, models: Path) -> Mouth:
    """The voice of a language. models: folder of speech models.

    Raises SettingsError: the setting is wrong; ModelError: a model or package is missing."""
    wanted, folder = read_voice(setting)
    one = wanted.zh if language == "zh" else wanted.en
    if isinstance(one, Espeak):
        return Mouth(EspeakVoice(language, one.variant, one.speed), _nothing, _nothing)
    voice = SherpaVoice(locate(one.model, models, folder), speaker=one.speaker, speed=one.speed, threads=one.threads)
    return Mouth(voice, voice.ready, voice.aclose)


async def _nothing() -> None:
    """espeak-ng is started for each text."""


def _text(setting: str) -> tuple[str, str, Path]:
    if not setting or setting == "espeak":
        return "{engine: espeak}", VARIABLE, Path()
    if setting.startswith("{"):
        return setting, VARIABLE, Path()
    path = Path(setting)
    return decode(read_bytes(path, _KIND), str(path), _KIND), str(path), path.parent
