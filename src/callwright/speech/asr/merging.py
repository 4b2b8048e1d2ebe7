"""Fewer densities and fewer tied states in a phonetically tied acoustic model. Pure.

What loses least when one takes the place of two is merged, again and again: densities by the likelihood they lose (one with the mean and the
variance of both), states by how different their weights are (Ward's method on the square roots, so Hellinger distance). Nothing is trained: what
comes out knows what went in, less finely.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

__all__ = ["Mixtures", "Tying", "fewer_densities", "fewer_states"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
_LEAST_VARIANCE = 1e-4  # the engine's own floor


@dataclass(frozen=True, slots=True)
class Mixtures:
    """means, variances: codebooks x streams x densities x values; weights: states x streams x densities, linear; owner: the codebook of
    each state."""

    means: Floats
    variances: Floats
    weights: Floats
    owner: Ints


@dataclass(frozen=True, slots=True)
class Tying:
    """Which states phones in context share. sequences: state of each place, rows of `of_phone`; base: the phone itself of each phone in context;
    alone: so many first states belong to phones without context and stay."""

    sequences: Ints
    of_phone: Ints
    base: Ints
    alone: int


def fewer_densities(mixtures: Mixtures, count: int) -> Mixtures:
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
            shared[states, stream, member[mixtures.owner, stream, density]] += mixtures.weights[:, stream, density]
    shape = (books, streams, count, length)
    return Mixtures(means.reshape(shape), variances.reshape(shape), shared, mixtures.owner)


def fewer_states(mixtures: Mixtures, tying: Tying, count: int) -> tuple[Mixtures, Tying]:
    """With about `count` states: in context, only those of one phone and place are tied together, in each about the same share of them.
    Sequences that have become the same are one. Fewer already: as they are."""
    states, places = len(mixtures.owner), tying.sequences.shape[1]
    if count >= states or states == tying.alone:
        return mixtures, tying
    group = np.full(states, -1, dtype=np.int64)
    group[tying.sequences[tying.of_phone]] = tying.base[:, None] * places + np.arange(places)
    share = max(0.0, (count - tying.alone) / (states - tying.alone))
    roots = np.sqrt(mixtures.weights / mixtures.weights.sum(axis=2, keepdims=True)).reshape(states, -1)
    now = np.arange(states)
    kept = [np.array([state]) for state in range(tying.alone)]
    for number in np.unique(group[tying.alone :]):
        members = tying.alone + np.flatnonzero(group[tying.alone :] == number)
        for part in _ward(roots[members], max(1, round(share * len(members)))):
            now[members[part]] = len(kept)
            kept.append(members[part])
    sequences = now[tying.sequences]
    _, first, same = np.unique(sequences, axis=0, return_index=True, return_inverse=True)
    weights = np.stack([mixtures.weights[part].mean(axis=0) for part in kept])
    owner = np.array([mixtures.owner[part[0]] for part in kept])
    return (
        replace(mixtures, weights=weights, owner=owner),
        replace(tying, sequences=sequences, of_phone=first[same.reshape(-1)][tying.of_phone]),
    )


def _ward(points: Floats, count: int) -> list[Ints]:
    """The points in `count` groups (Ward 1963: the pair whose merging adds least to the squares within)."""
    size = len(points)
    points, weights, member = points.copy(), np.ones(size), np.arange(size)
    costs = 0.5 * ((points[:, None] - points[None]) ** 2).sum(axis=2)
    np.fill_diagonal(costs, np.inf)
    for _ in range(size - count):
        keep, drop = divmod(int(costs.argmin()), size)
        together = weights[keep] + weights[drop]
        points[keep] = (weights[keep] * points[keep] + weights[drop] * points[drop]) / together
        weights[keep] = together
        member[member == drop] = keep
        gone = np.isinf(costs[keep])
        costs[drop, :] = costs[:, drop] = np.inf
        new = ((points - points[keep]) ** 2).sum(axis=1) * together * weights / (together + weights)
        new[gone] = np.inf
        new[[keep, drop]] = np.inf
        costs[keep, :] = costs[:, keep] = new
    return [np.flatnonzero(member == one) for one in np.unique(member)]


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
