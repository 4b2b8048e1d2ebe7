"""`callwright recogniser ...`: who hears."""

from __future__ import annotations

import asyncio
from enum import StrEnum
from pathlib import Path

import typer

from callwright.errors import CallwrightError
from callwright.recognisers import make_ears
from callwright.settings import Settings
from callwright.speech.port import Abilities, Final, Hearing, Partial, Pcm, Recogniser, RecognitionError, Vocabulary
from callwright.speech.wav import read_wav

__all__ = ["recogniser_app"]

recogniser_app = typer.Typer(
    no_args_is_help=True, help="The recogniser that CALLWRIGHT_ASR names.", rich_markup_mode=None
)
_FRAME = 160
_FASTER = 4  # than real time, so that a server which is sized for real time is not flooded
_WORDS_S = 30.0


class Language(StrEnum):
    """What is spoken."""

    zh = "zh"
    en = "en"


@recogniser_app.callback()
def _recogniser() -> None:
    """Keeps `check` a command of its own."""


@recogniser_app.command("check")
def check_command(
    listen: Path | None = typer.Option(None, "--listen", metavar="FILE", help="A WAV file that it shall recognise."),
    language: Language = typer.Option(Language.zh, "--lang", help="What is spoken in the file."),
) -> None:
    """Tell whether the recogniser can hear, what it can do, and what it makes of a file. Exit 1: it cannot hear, 2: the setting is wrong."""
    settings = Settings.from_environment()
    pcm = read_wav(listen) if listen is not None else None
    made = make_ears(settings.asr, settings.models, workers=1)
    vocabulary = Vocabulary("check", language.value, ())

    async def check() -> None:
        try:
            await made.recogniser.ready(vocabulary)
            typer.echo(_abilities(made.recogniser.abilities))
            if pcm is not None:
                await _listen(made.recogniser, vocabulary, pcm[: len(pcm) // _FRAME * _FRAME])
        finally:
            await made.recogniser.aclose()

    asyncio.run(check())


async def _listen(recogniser: Recogniser, vocabulary: Vocabulary, pcm: Pcm) -> None:
    """One utterance. Raises CallwrightError: it failed."""
    answer: asyncio.Future[Final | RecognitionError] = asyncio.get_running_loop().create_future()

    def hear(event: Hearing) -> None:
        if isinstance(event, Partial):
            typer.echo(f"  {event.at_ms / 1000:6.2f} s  {event.text}")
        elif not answer.done():
            answer.set_result(event)

    stream = await recogniser.open(vocabulary, hear)
    try:
        stream.begin()
        for frame in pcm.reshape(-1, _FRAME):
            stream.push(frame)
            await asyncio.sleep(0.02 / _FASTER)
        stream.end()
        async with asyncio.timeout(_WORDS_S):
            found = await answer
    except TimeoutError:
        raise CallwrightError(f"no words within {_WORDS_S:.0f} s") from None
    finally:
        await stream.close()
    if isinstance(found, RecognitionError):
        raise CallwrightError(found.message)
    typer.echo(
        f"{found.begin_ms / 1000:.2f}-{found.end_ms / 1000:.2f} s: {found.text or '(no words)'} (score {found.score:.2f})"
    )


def _abilities(can: Abilities) -> str:
    words = "whatever is said" if can.dictation else "what the script expects"
    most = f", {can.most_streams} streams at once" if can.most_streams is not None else ""
    hot = "uses hot words" if can.hotwords else "no hot words"
    return f"{can.name} can hear: {words}, {hot}; {can.rate:,} Hz, {can.packet_ms} ms at a time{most}"
