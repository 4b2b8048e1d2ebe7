"""The mean of a line and its caller: what has to be taken off the cepstra before words can be compared.

The mean of one short answer says more about its words and pauses than about the line (a second of speech between silences). So it is a maximum
a posteriori estimate (Gauvain and Lee 1994): a prior worth some frames, plus the speech frames of this caller in this call so far.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from callwright.speech.port import Pcm

__all__ = ["FRAMES_PER_S", "CallerMean", "Mean", "loud_part"]

Mean = npt.NDArray[np.float64]
FRAMES_PER_S = 100
_PIECE = 80  # samples of 10 ms
_MOST_FRAMES = 3000.0  # half a minute: older speech fades, a caller may put the telephone down and take up another


class CallerMean:
    """`hear` adds speech; `value` is the estimate, 13 cepstra. prior_frames: how many frames of speech the prior is worth."""

    def __init__(self, prior: Mean, prior_frames: float) -> None:
        self._prior = prior
        self._prior_frames = prior_frames
        self._sum = np.zeros_like(prior)
        self._frames = 0.0

    def hear(self, mean: Mean, frames: int) -> None:
        """Speech with this mean of its cepstra."""
        self._sum = self._sum + mean * frames
        self._frames += frames
        if self._frames > _MOST_FRAMES:
            self._sum = self._sum * (_MOST_FRAMES / self._frames)
            self._frames = _MOST_FRAMES

    def copy(self) -> CallerMean:
        """A mean that can hear on without this one."""
        other = CallerMean(self._prior, self._prior_frames)
        other._sum, other._frames = self._sum, self._frames
        return other

    @property
    def value(self) -> Mean:
        return np.asarray((self._prior * self._prior_frames + self._sum) / (self._prior_frames + self._frames))


def loud_part(pcm: Pcm, within_db: float = 20.0) -> Pcm:
    """The 10 ms pieces of `pcm` (8 kHz) within `within_db` of its loudest (95th percentile): speech without the silence around it."""
    pieces = pcm[: len(pcm) // _PIECE * _PIECE].reshape(-1, _PIECE)
    if not len(pieces):
        return pcm[:0]
    level = 10 * np.log10(np.mean(pieces.astype(np.float64) ** 2, axis=1) + 1)
    return np.asarray(pieces[level > np.percentile(level, 95) - within_db].reshape(-1), dtype=np.int16)
