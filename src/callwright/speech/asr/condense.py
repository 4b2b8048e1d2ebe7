"""Smaller copies of a phonetically tied acoustic model, for passes that must be cheap: the engine's files, read and written.

Most of the time of a pass goes into 42 codebooks of 128 densities for each frame, and the best of each for every active state of some 5,000.
With fewer of both a pass costs a third, and hears hardly less (docs/explanation/recognition.md).
"""

from __future__ import annotations

import shutil
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from callwright.errors import ModelError, Problem
from callwright.speech.asr.merging import Floats, Mixtures, Tying, fewer_densities, fewer_states
from callwright.speech.asr.tuning import Size

__all__ = ["condense", "read_model"]

_MAGIC = struct.pack("<I", 0x11223344)
_HEADER_END = b"endhdr\n"
_LOG_BASE = float(np.log(1.0001) * 1024)  # of a step of the weights in `sendump`
_VERSION = 1  # of a binary mdef
_MOST_STATES = 32_767  # the engine counts them in 16 bits
_KEPT = ("feat.params", "noisedict", "transition_matrices")


def condense(model: Path, sizes: tuple[Size, ...], to: Path) -> dict[Size, Path]:
    """Copies of `model` of these sizes, in folders of `to`. It takes about two seconds.

    Raises ModelError: the model is damaged, or none with tied codebooks (`sendump`, binary `mdef`)."""
    try:
        mixtures, definition = read_model(model)
        made = {}
        for size in sorted(set(sizes), reverse=True):
            mixtures = fewer_densities(mixtures, size.densities)  # the fewer from the more
            folder = to / f"{size.densities}-{size.states}"
            folder.mkdir()
            for name in _KEPT:
                shutil.copyfile(model / name, folder / name)
            smaller, tying = fewer_states(mixtures, definition.tying, size.states)
            (folder / "mdef").write_bytes(definition.written(tying, len(smaller.owner)))
            _write(folder / "means", smaller.means.shape[:3], smaller.means, each=True)
            _write(folder / "variances", smaller.variances.shape[:3], smaller.variances, each=True)
            _write(folder / "mixture_weights", smaller.weights.shape, smaller.weights, each=False)
            made[size] = folder
    except OSError as error:
        raise ModelError(
            Problem(
                "model-copy",
                f"no smaller copy of {model}: {error}",
                hint=f"free room in {to}, or install the model again",
            )
        ) from error
    except (ValueError, IndexError, struct.error) as error:
        raise ModelError(
            Problem(
                "model-damaged",
                f"{model} cannot be condensed: {error}",
                hint="install the package again that it came with (English: pocketsphinx)",
            )
        ) from error
    return made


def read_model(model: Path) -> tuple[Mixtures, _Definition]:
    """Raises OSError, ValueError, IndexError, struct.error."""
    means, variances = _read(model / "means"), _read(model / "variances")
    if means.shape != variances.shape:
        raise ValueError(f"means {means.shape} and variances {variances.shape} are not of one shape")
    definition = _Definition.of((model / "mdef").read_bytes())
    tying = definition.tying
    owner = np.full(definition.states, -1, dtype=np.int64)
    owner[tying.sequences[tying.of_phone]] = tying.base[:, None]
    if owner.min() < 0 or owner.max() + 1 != len(means):
        raise ValueError(f"{len(means)} codebooks do not fit the states of mdef: not a phonetically tied model")
    size = (*means.shape[1:3], len(owner))
    raw = (model / "sendump").read_bytes()
    begin = len(raw) - int(np.prod(size))
    if begin < 8 or struct.unpack_from("<2i", raw, begin - 8) != size[1:]:
        raise ValueError(f"sendump does not hold the weights of {size[2]} states and {size[1]} densities")
    steps = np.frombuffer(raw, np.uint8, offset=begin).reshape(size)
    weights = np.exp(-_LOG_BASE * steps.astype(np.float64)).transpose(2, 0, 1)
    return Mixtures(means, variances, weights, owner), definition


@dataclass(frozen=True, slots=True)
class _Definition:
    """A binary mdef: where in its bytes the number of states, the phones and the sequences stand, and what they say."""

    data: bytes
    states: int
    count_at: int
    phones_at: int
    sequences_at: int
    tying: Tying

    @classmethod
    def of(cls, data: bytes) -> _Definition:
        """Raises ValueError, struct.error."""
        if data[:4] != b"BMDF":
            raise ValueError("mdef is not a binary model definition")
        version, skipped = struct.unpack_from("<2i", data, 4)
        at = 12 + skipped
        phones, in_context, emitting, alone, states, _, sequences, _, tree, _ = struct.unpack_from("<10i", data, at)
        if version != _VERSION or not 0 < alone <= states <= _MOST_STATES:
            raise ValueError(
                f"mdef of version {version} with {states} states, not {_VERSION} with up to {_MOST_STATES}"
            )
        count_at, names = at + 16, at + 40
        at = names
        for _ in range(phones):
            at = data.index(b"\0", at) + 1
        phones_at = names + (at - names + 3) // 4 * 4 + 8 * tree
        table = np.frombuffer(data, _PHONE, in_context, phones_at)
        sequences_at = phones_at + 12 * in_context + 4
        tied = np.frombuffer(data, "<u2", sequences * emitting, sequences_at).reshape(sequences, emitting)
        base = np.where(np.arange(in_context) < phones, np.arange(in_context), table["context"][:, 1])
        tying = Tying(tied.astype(np.int64), table["sequence"].astype(np.int64), base, alone)
        return cls(data, states, count_at, phones_at, sequences_at, tying)

    def written(self, tying: Tying, states: int) -> bytes:
        """The same definition with other states."""
        table = np.frombuffer(self.data, _PHONE, len(tying.of_phone), self.phones_at).copy()
        table["sequence"] = tying.of_phone
        out = bytearray(self.data)
        struct.pack_into("<i", out, self.count_at, states)
        out[self.phones_at : self.phones_at + table.nbytes] = table.tobytes()
        sequences = tying.sequences.astype("<u2").tobytes()
        out[self.sequences_at : self.sequences_at + len(sequences)] = sequences
        return bytes(out)


_PHONE = np.dtype([("sequence", "<i4"), ("matrix", "<i4"), ("context", "u1", 4)])


def _read(path: Path) -> Floats:
    """A file of means or variances (s3 format, little endian, streams of one length)."""
    data = path.read_bytes()
    at = data.index(_HEADER_END) + len(_HEADER_END)
    if data[at : at + 4] != _MAGIC:
        raise ValueError(f"{path.name} is not little endian")
    books, streams, densities = struct.unpack_from("<3i", data, at + 4)
    lengths = struct.unpack_from(f"<{streams}i", data, at + 16)
    if len(set(lengths)) != 1:
        raise ValueError(f"{path.name} has streams of different lengths: {lengths}")
    shape = (books, streams, densities, lengths[0])
    values = np.frombuffer(data, "<f4", int(np.prod(shape)), at + 20 + 4 * streams)
    return values.reshape(shape).astype(np.float64)


def _write(path: Path, sizes: tuple[int, ...], values: Floats, *, each: bool) -> None:
    """each: the length of every stream is told, too."""
    lengths = [values.shape[3]] * sizes[1] if each else []
    head = struct.pack(f"<{len(sizes) + len(lengths) + 1}i", *sizes, *lengths, values.size)
    path.write_bytes(b"s3\nversion 1.0\n" + _HEADER_END + _MAGIC + head + values.astype("<f4").tobytes())
