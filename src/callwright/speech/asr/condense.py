"""A copy of a phonetically tied acoustic model with fewer densities, for passes that must be cheap.

Most of the time of a pass goes into densities: 42 codebooks of 128 for each frame, then the best of each for every active state. So the two that
lose least likelihood when one density with their mean and variance takes their place are merged, again and again; their weights in the states
are added up. Nothing is trained: the copy knows what the model knows, less finely (docs/explanation/recognition.md).
"""

from __future__ import annotations

import shutil
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from callwright.errors import ModelError, Problem

__all__ = ["Mixtures", "condense", "merged", "read_mixtures"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
_MAGIC = struct.pack("<I", 0x11223344)
_HEADER_END = b"endhdr\n"
_LOG_BASE = float(np.log(1.0001) * 1024)  # of a step of the weights in `sendump`
_LEAST_VARIANCE = 1e-4  # the engine's own floor
_KEPT = ("mdef", "feat.params", "noisedict", "transition_matrices")


@dataclass(frozen=True, slots=True)
class Mixtures:
    """means, variances: codebooks x streams x densities x values; weights: states x streams x densities, linear; owner: the codebook of
    each state."""

    means: Floats
    variances: Floats
    weights: Floats
    owner: Ints


def condense(model: Path, counts: tuple[int, ...], to: Path) -> dict[int, Path]:
    """Copies of `model` with so many densities in each codebook and stream, in folders of `to`. It takes about a second.

    Raises ModelError: the model is damaged, or none with tied codebooks (`sendump`, binary `mdef`)."""
    try:
        mixtures = read_mixtures(model)
        made = {}
        for count in sorted(set(counts), reverse=True):  # the fewer from the more
            mixtures = merged(mixtures, count)
            folder = to / f"densities-{count}"
            folder.mkdir()
            for name in _KEPT:
                shutil.copyfile(model / name, folder / name)
            _write(folder / "means", mixtures.means.shape[:3], mixtures.means, each=True)
            _write(folder / "variances", mixtures.variances.shape[:3], mixtures.variances, each=True)
            _write(folder / "mixture_weights", mixtures.weights.shape, mixtures.weights, each=False)
            made[count] = folder
    except (OSError, ValueError, IndexError, struct.error) as error:
        raise ModelError(
            Problem(
                "model-damaged",
                f"{model} cannot be condensed: {error}",
                hint="install the package again that it came with (English: pocketsphinx)",
            )
        ) from error
    return made


# ------------------------------------------------------------ merging


def merged(mixtures: Mixtures, count: int) -> Mixtures:
    """With `count` densities (at least 1) in each codebook and stream. Fewer already: as they are."""
    books, streams, densities, length = mixtures.means.shape
    if count >= densities:
        return mixtures
    weights = np.zeros((books, streams, densities))
    np.add.at(weights, mixtures.owner, mixtures.weights)
    problems = books * streams
    heap = _Heap(
        weights.reshape(problems, densities) + 1e-6,
        mixtures.means.reshape(problems, densities, length),
        mixtures.variances.reshape(problems, densities, length),
    )
    while heap.alive > count:
        heap.merge()
    member, kept = heap.result()
    means = np.take_along_axis(heap.means, kept[:, :, None], axis=1)
    variances = np.take_along_axis(heap.variances, kept[:, :, None], axis=1)
    member = member.reshape(books, streams, densities)
    shared = np.zeros((len(mixtures.owner), streams, count))
    states = np.arange(len(mixtures.owner))
    for stream in range(streams):
        for density in range(densities):
            place = member[mixtures.owner, stream, density]
            shared[states, stream, place] += mixtures.weights[:, stream, density]
    shape = (books, streams, count, length)
    return Mixtures(means.reshape(shape), variances.reshape(shape), shared, mixtures.owner)


class _Heap:
    """The densities of many codebooks, of which each step merges one pair in each."""

    def __init__(self, weights: Floats, means: Floats, variances: Floats) -> None:
        self.weights, self.means = weights.copy(), means.copy()
        self.variances = np.maximum(variances, _LEAST_VARIANCE)
        self._logs = np.log(self.variances).sum(axis=2)
        problems, self.alive = weights.shape
        self._all = np.arange(problems)
        self._member = np.tile(np.arange(self.alive), (problems, 1))
        self._gone = np.zeros((problems, self.alive), dtype=bool)
        self._costs = np.full((problems, self.alive, self.alive), np.inf)
        for one in range(self.alive - 1):
            self._costs[:, one, one + 1 :] = self._cost(np.full(problems, one))[:, one + 1 :]

    def merge(self) -> None:
        """In every codebook the pair whose merging costs least."""
        size = self._gone.shape[1]
        keep, drop = np.divmod(self._costs.reshape(len(self._all), -1).argmin(axis=1), size)
        rows = self._all
        weights, means, variances = self._together(keep, drop[:, None])
        self.weights[rows, keep] = weights[:, 0]
        self.means[rows, keep], self.variances[rows, keep] = means[:, 0], variances[:, 0]
        self._logs[rows, keep] = np.log(variances[:, 0]).sum(axis=1)
        self._member = np.where(self._member == drop[:, None], keep[:, None], self._member)
        self._gone[rows, drop] = True
        self._costs[rows, drop, :] = np.inf
        self._costs[rows, :, drop] = np.inf
        costs = self._cost(keep)
        costs[self._gone] = np.inf
        places = np.arange(size)[None, :]
        self._costs[rows, keep, :] = np.where(places > keep[:, None], costs, np.inf)
        self._costs[rows, :, keep] = np.where(places < keep[:, None], costs, np.inf)
        self.alive -= 1

    def result(self) -> tuple[Ints, Ints]:
        """(place among those kept of each density, the densities kept)."""
        kept = np.nonzero(~self._gone)[1].reshape(len(self._all), self.alive)
        place = np.cumsum(~self._gone, axis=1) - 1
        return np.take_along_axis(place, self._member, axis=1), kept

    def _cost(self, one: Ints) -> Floats:
        """What merging density `one` (of each codebook) with every other costs in likelihood."""
        weights, _, variances = self._together(one, np.arange(self._gone.shape[1])[None, :].repeat(len(one), axis=0))
        lost = weights * np.log(variances).sum(axis=2)
        mine = (self.weights[self._all, one] * self._logs[self._all, one])[:, None]
        return np.asarray(0.5 * (lost - mine - self.weights * self._logs))

    def _together(self, one: Ints, others: Ints) -> tuple[Floats, Floats, Floats]:
        rows = self._all[:, None]
        mine, theirs = self.weights[self._all, one][:, None], self.weights[rows, others]
        weights = mine + theirs
        share = (mine / weights)[:, :, None]
        apart = self.means[self._all, one][:, None] - self.means[rows, others]
        means = self.means[rows, others] + share * apart
        within = share * self.variances[self._all, one][:, None] + (1 - share) * self.variances[rows, others]
        return weights, means, within + share * (1 - share) * apart**2


# ------------------------------------------------------------ the engine's files


def read_mixtures(model: Path) -> Mixtures:
    """Raises OSError, ValueError, struct.error."""
    means, variances = _read(model / "means"), _read(model / "variances")
    if means.shape != variances.shape:
        raise ValueError(f"means {means.shape} and variances {variances.shape} are not of one shape")
    owner = _owners(model / "mdef")
    if owner.max() >= len(means):
        raise ValueError(
            f"{len(means)} codebooks, but mdef has {owner.max() + 1} phones: not a phonetically tied model"
        )
    size = (*means.shape[1:3], len(owner))
    raw = (model / "sendump").read_bytes()
    steps = np.frombuffer(raw, np.uint8, int(np.prod(size)), len(raw) - int(np.prod(size))).reshape(size)
    weights = np.exp(-_LOG_BASE * steps.astype(np.float64)).transpose(2, 0, 1)
    return Mixtures(means, variances, weights, owner)


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


def _owners(path: Path) -> Ints:
    """The phone of each tied state, which is the codebook it uses, from a binary mdef."""
    data = path.read_bytes()
    if data[:4] != b"BMDF":
        raise ValueError(f"{path.name} is not a binary model definition")
    _, skipped = struct.unpack_from("<2i", data, 4)
    at = 12 + skipped
    phones, triphones, emitting, _, states, _, sequences, _, tree, _ = struct.unpack_from("<10i", data, at)
    names = at = at + 40
    for _ in range(phones):
        at = data.index(b"\0", at) + 1
    at = names + (at - names + 3) // 4 * 4 + 8 * tree
    table = np.frombuffer(data, [("sequence", "<i4"), ("matrix", "<i4"), ("context", "u1", 4)], triphones, at)
    at += 12 * triphones + 4
    tied = np.frombuffer(data, "<u2", sequences * emitting, at).reshape(sequences, emitting)
    owner = np.full(states, -1, dtype=np.int64)
    base = np.where(np.arange(triphones) < phones, np.arange(triphones), table["context"][:, 1])
    owner[tied[table["sequence"]]] = base[:, None]
    if owner.min() < 0:
        raise ValueError(f"{path.name} has states that belong to no phone")
    return owner


def _write(path: Path, sizes: tuple[int, ...], values: Floats, *, each: bool) -> None:
    """each: the length of every stream is told, too."""
    lengths = [values.shape[3]] * sizes[1] if each else []
    head = struct.pack(f"<{len(sizes) + len(lengths) + 1}i", *sizes, *lengths, values.size)
    path.write_bytes(b"s3\nversion 1.0\n" + _HEADER_END + _MAGIC + head + values.astype("<f4").tobytes())
