"""What the robot says, ready to send: recorded or synthesised, encoded for the line, cached in memory and on disk."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import os
import re
import struct
import tempfile
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from callwright.errors import AudioError, Place, Problem
from callwright.fragments import Fragment, fragment_file, fragments, has_values, pause_ms, values
from callwright.speech.boundaries import boundaries
from callwright.speech.port import Pcm, Voice
from callwright.speech.splicing import Piece, level_of, splice, to_level
from callwright.speech.wav import decode_wav

__all__ = ["Prompt", "Prompts"]

log = logging.getLogger(__name__)
_PAUSE_MS = 150
_VERSION = 4  # of how prompts are made: a change makes all of them anew
_RATE = 8000
_SAME_MS = 150  # two boundaries so near are one
_MAGIC = b"CWP1"
_SENTENCE = re.compile(r"[^。！？；!?;.…]+[。！？；!?;.…]*[”’」』)）]*|[。！？；!?;.…]+")
_PUNCTUATION = " \t\n。！？；：，、,;:!?.…—“”\"'（）()"
_SENTENCE_END = re.compile(r"[。！？!?…]|\.(?=\s|$)|\n")
_NUMBER_DOT = re.compile(r"(?<=\d)\.(?=\d)")


@dataclass(frozen=True, slots=True)
class Prompt:
    """encoded: one byte per sample (G.711) at 8 kHz; boundaries: ms where speech begins after a pause (0 first); key: content hash;
    source: `spliced` = recorded fragments with synthesised values; note: why a recording was not used ("" = nothing to tell)."""

    encoded: bytes
    text: str
    boundaries: tuple[int, ...]
    duration_ms: int
    source: Literal["recorded", "synthesised", "spliced"]
    key: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class _Plan:
    """What a prompt is made of. recordings: by file name (one, or the fragments); parts: of the template, each with what a variable became."""

    recordings: dict[str, bytes]
    parts: tuple[tuple[Fragment, str], ...] = ()
    note: str = ""


class Prompts:
    """Prepares prompts for one voice, recordings folder and codec. Several calls may ask for the same prompt; it is rendered once."""

    def __init__(
        self,
        voice: Voice,
        folder: Path | None,
        encode: Callable[[Pcm], bytes],
        *,
        codec: str = "PCMA",
        cache: Path | None = None,
        keep: int = 500,
    ) -> None:
        """folder: the script's, where `audio` names are looked up (first in `recordings/` there); encode: PCM to the line's bytes;
        codec: its name (part of the key); cache: folder on disk or None; keep: prompts held in memory."""
        self._voice = voice
        self._folder = folder
        self._encode = encode
        self._codec = codec
        self._cache = cache
        self._keep = keep
        self._memory: OrderedDict[str, Prompt] = OrderedDict()
        self._under_way: dict[str, asyncio.Task[Prompt]] = {}

    async def prepare(self, text: str, audio: str | None = None, template: str = "") -> Prompt:
        """The prompt for a text; `audio` names a recording of it. template: what the text was made from; where that has variables, the prompt is
        put together from recorded fragments (`opening.1.wav` ... for `opening.wav`) and synthesised values.

        A missing recording, or one missing fragment, and all of it is synthesised (with a note); a broken one is an AudioError."""
        plan, key = _Plan({}), ""
        if audio and self._folder is not None:  # files are read and hashed outside the event loop
            plan, key = await asyncio.to_thread(self._planned, text, audio, template)
        key = key or self._key(text, plan)
        if key in self._memory:
            self._memory.move_to_end(key)
            return self._memory[key]
        task = self._under_way.get(key)
        if task is None:
            task = asyncio.create_task(self._make(key, text, audio or "", plan), name="prompt")
            self._under_way[key] = task
            task.add_done_callback(lambda _: self._under_way.pop(key, None))
        return await asyncio.shield(task)

    async def aclose(self) -> None:
        """Cancel what is being rendered."""
        tasks = list(self._under_way.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _key(self, text: str, plan: _Plan) -> str:
        sources = [hashlib.sha256(recording).hexdigest() for recording in plan.recordings.values()]
        if plan.parts or not sources:
            sources.append(self._voice.name)
        parts = [(part.text, part.number, value) for part, value in plan.parts]
        content = [_VERSION, text, sources, parts, self._codec]
        return hashlib.sha256(json.dumps(content, ensure_ascii=False).encode()).hexdigest()

    def _planned(self, text: str, audio: str, template: str) -> tuple[_Plan, str]:
        plan = self._plan(text, audio, template)
        return plan, self._key(text, plan)

    def _plan(self, text: str, audio: str, template: str) -> _Plan:
        if not has_values(template):
            recording = self._recording(audio)
            if recording is None:
                return _Plan({}, note=f"the recording {audio} is missing: synthesised instead")
            return _Plan({audio: recording})
        filled = values(template, text)
        if filled is None:
            return _Plan({}, note=f"the text is not what {audio} is for: synthesised instead")
        parts = tuple((part, filled.get(at, "")) for at, part in enumerate(fragments(template)))
        names = [fragment_file(audio, part.number) for part, _ in parts if part.number]
        found = {name: self._recording(name) for name in names}
        there = {name: recording for name, recording in found.items() if recording is not None}
        if len(there) < len(found) or not found:
            missing = ", ".join(name for name in names if name not in there)
            return _Plan({}, note=f"fragments of {audio} are missing ({missing}): synthesised instead")
        return _Plan(there, parts)

    def _recording(self, audio: str) -> bytes | None:
        """The file in `recordings/` of the folder, or in the folder itself; None when it is in neither."""
        root = (self._folder or Path()).resolve()
        for path in ((root / "recordings" / audio).resolve(), (root / audio).resolve()):
            if not path.is_relative_to(root):
                raise AudioError(
                    Problem("audio-outside", f"the recording {audio!r} lies outside its folder", Place(file=str(root)))
                )
            try:
                return path.read_bytes()
            except FileNotFoundError:
                continue
            except OSError as error:
                raise AudioError(
                    Problem("audio-unreadable", f"cannot read the recording: {error}", Place(file=str(path)))
                ) from error
        return None

    async def _make(self, key: str, text: str, audio: str, plan: _Plan) -> Prompt:
        prompt = await asyncio.to_thread(self._load, key)
        if prompt is None:
            if plan.parts:
                prompt = await self._from_fragments(key, text, audio, plan)
            elif plan.recordings:
                prompt = await asyncio.to_thread(self._from_recording, key, text, plan.recordings[audio], audio)
            else:
                prompt = await self._from_voice(key, text)
            await asyncio.to_thread(self._store, prompt)
        if plan.note:
            log.info(plan.note)
            prompt = replace(prompt, note=plan.note)
        self._memory[key] = prompt
        while len(self._memory) > self._keep:
            self._memory.popitem(last=False)
        return prompt

    async def _from_fragments(self, key: str, text: str, audio: str, plan: _Plan) -> Prompt:
        """Decoded, the values rendered and brought to the level of the recordings, and spliced."""
        recorded = await asyncio.to_thread(
            lambda: {name: decode_wav(data, name) for name, data in plan.recordings.items()}
        )
        level = await asyncio.to_thread(level_of, list(recorded.values()))
        pieces: list[Piece] = []
        between = ""  # punctuation since the last sound
        for part, value in plan.parts:
            if part.number:
                pcm = recorded[fragment_file(audio, part.number)]
                leading = part.text[: len(part.text) - len(part.text.lstrip(_PUNCTUATION))]
                between += leading
            elif value:
                pcm = await asyncio.to_thread(to_level, await self._voice.render(value), level)
            else:
                between += part.text
                continue
            pieces.append(Piece(pcm, pause_ms(between), bool(_SENTENCE_END.search(between))))
            spoken = part.text or value
            between = spoken[len(spoken.rstrip(_PUNCTUATION)) :]
        pcm, starts = await asyncio.to_thread(splice, pieces)
        heard = await asyncio.to_thread(boundaries, pcm, text)
        more = [at for at in heard if all(abs(at - start) > _SAME_MS for start in starts)]
        encoded = await asyncio.to_thread(self._encode, pcm)
        return Prompt(encoded, text, tuple(sorted((*starts, *more))), len(pcm) * 1000 // _RATE, "spliced", key)

    def _from_recording(self, key: str, text: str, recording: bytes, name: str) -> Prompt:
        pcm = decode_wav(recording, name)
        return Prompt(self._encode(pcm), text, boundaries(pcm, text), len(pcm) * 1000 // _RATE, "recorded", key)

    async def _from_voice(self, key: str, text: str) -> Prompt:
        pieces: list[Pcm] = []
        begins: list[int] = []
        length = 0
        for sentence in _sentences(text):
            pcm = await self._voice.render(sentence)
            if not len(pcm):
                continue
            if pieces:
                pieces.append(np.zeros(_PAUSE_MS * _RATE // 1000, np.int16))
                length += len(pieces[-1])
            begins += [length * 1000 // _RATE + within for within in boundaries(pcm, sentence)]
            pieces.append(pcm)
            length += len(pcm)
        whole = np.concatenate(pieces) if pieces else np.zeros(0, np.int16)
        encoded = await asyncio.to_thread(self._encode, whole)
        return Prompt(encoded, text, tuple(begins) or (0,), length * 1000 // _RATE, "synthesised", key)

    # ------------------------------------------------------------ disk

    def _path(self, key: str) -> Path | None:
        return self._cache / "prompts" / key[:2] / f"{key}.cwp" if self._cache is not None else None

    def _load(self, key: str) -> Prompt | None:
        """magic, sha256 of the rest, header length, header (JSON), encoded audio. Whatever does not fit is rendered again."""
        path = self._path(key)
        if path is None:
            return None
        try:
            data = path.read_bytes()
        except OSError:
            return None
        if len(data) < 40 or data[:4] != _MAGIC or hashlib.sha256(data[36:]).digest() != data[4:36]:
            log.warning("a cached prompt is damaged and will be rendered again: %s", path.name)
            return None
        (size,) = struct.unpack_from(">I", data, 36)
        head = json.loads(data[40 : 40 + size])
        return Prompt(
            data[40 + size :], head["text"], tuple(head["boundaries"]), head["duration_ms"], head["source"], key
        )

    def _store(self, prompt: Prompt) -> None:
        path = self._path(prompt.key)
        if path is None:
            return
        head = {
            "text": prompt.text,
            "boundaries": prompt.boundaries,
            "duration_ms": prompt.duration_ms,
            "source": prompt.source,
        }
        header = json.dumps(head, ensure_ascii=False).encode()
        body = struct.pack(">I", len(header)) + header + prompt.encoded
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
            with os.fdopen(handle, "wb") as file:
                file.write(_MAGIC + hashlib.sha256(body).digest() + body)
            Path(name).replace(path)
        except OSError as error:
            # The call goes on from memory; only the next process has to render again.
            log.warning("cannot keep a prompt in the cache %s: %s", self._cache, error)


def _sentences(text: str) -> list[str]:
    """Sentences with their punctuation; a dot between figures ends none."""
    guarded = _NUMBER_DOT.sub("\0", text)
    return [s.replace("\0", ".").strip() for s in _SENTENCE.findall(guarded) if s.strip()]
