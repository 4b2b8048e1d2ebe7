"""`callwright calls ...`: what is left of calls."""

from __future__ import annotations

import json
from datetime import datetime
from functools import partial
from pathlib import Path

import typer

from callwright.calls.recovery import Recovery, Unfinished, recover
from callwright.cli.problems import print_json
from callwright.errors import AudioError
from callwright.settings import Settings
from callwright.speech.asr.sherpa_models import find_sherpa_model, locate, need_sherpa
from callwright.speech.second_pass import Reading, SecondPass, write_reading
from callwright.speech.vad_detector import VoiceDetector

__all__ = ["calls_app", "recovery_lines"]

calls_app = typer.Typer(no_args_is_help=True, help="Calls that were made: what is left of them, what was said in them.")


@calls_app.command("recover")
def calls_recover(
    folder: Path = typer.Argument(help="Results folder, or a folder of such folders."),
    as_json: bool = typer.Option(False, "--json", help="Print what was found as JSON."),
) -> None:
    """Report calls whose process was killed, make their recordings whole, close their logs. Each call is reported once; nobody is rung."""
    found = recover(folder, datetime.now().astimezone())
    if as_json:
        typer.echo(json.dumps(found.to_json(), ensure_ascii=False, indent=1))
        return
    for line in recovery_lines(found):
        typer.echo(line)


@calls_app.command("transcribe")
def calls_transcribe(
    recordings: list[Path] = typer.Argument(..., metavar="RECORDING...", help="Recordings of calls, WAV or Ogg."),
    model: str = typer.Option(
        "sensevoice", "--model", help="A model of sherpa-onnx that is not streaming: name or folder."
    ),
    language: str = typer.Option(
        "", "--language", help="What is spoken, for SenseVoice: zh, en, ...; else it finds out."
    ),
    threads: int = typer.Option(2, "--threads", min=1, max=64, help="Threads of the network."),
    out: Path | None = typer.Option(
        None, "--out", help="Folder for the readings; else `transcripts` beside `recordings`, or beside the recording."
    ),
    as_json: bool = typer.Option(False, "--json", help="Print the readings as JSON instead of writing files."),
) -> None:
    """Read recordings once more with a larger model: who said what, and when. Exit 1: a recording could not be read."""
    settings = Settings.from_environment()
    need_sherpa()
    found = find_sherpa_model(locate(model, settings.models), offline=True)
    second = SecondPass(
        found, partial(VoiceDetector.open(settings.vad).stream, everybody=True), threads=threads, language=language
    )
    readings: list[Reading] = []
    failed = False
    for recording in recordings:
        try:
            reading = second.read(recording)
            if as_json:
                readings.append(reading)
            else:
                path = _reading_path(recording, out)
                write_reading(reading, path)
                typer.echo(f"{recording}: {len(reading.spoken)} pieces of speech -> {path}")
        except AudioError as error:
            failed = True
            typer.echo(str(error), err=True)
    if as_json:
        print_json([reading.to_json() for reading in readings])
    if failed:
        raise typer.Exit(1)


def _reading_path(recording: Path, out: Path | None) -> Path:
    beside = recording.parent.parent / "transcripts" if recording.parent.name == "recordings" else recording.parent
    return (out or beside) / f"{recording.stem}.second.json"


def recovery_lines(found: Recovery) -> list[str]:
    """The report for people."""
    count = len(found.calls)
    head = f"{count} call{'' if count == 1 else 's'} without an end: their process was killed, how they came out is unknown"
    lines = [head, *(_call(call) for call in found.calls)] if count else ["no call without an end"]
    if found.live:
        lines.append(f"{found.live} still running, left alone")
    return [*lines, *(f"cannot be looked at: {fault}" for fault in found.faults)]


def _call(call: Unfinished) -> str:
    way = "from" if call.direction == "in" else "to"
    talked = f"answered, {call.talk_ms / 1000:.1f} s" if call.answered else "not answered"
    kept = f"{call.recording} {call.recording_ms / 1000:.1f} s" if call.recording else "no recording"
    torn = f", {call.torn_bytes} bytes of a torn line cut off" if call.torn_bytes else ""
    fault = f" ({call.fault})" if call.fault else ""
    last = f"last event {call.last_kind or '(none)'} at {call.last_ms / 1000:.1f} s"
    return f"  {call.call_id or call.log} {way} {call.number or '(unknown)'}: {talked}, {last}; {kept}{fault}{torn}"
