"""Silero's 8 kHz network in fewer, larger steps, for many calls at once. Pure: bytes of an ONNX file in, bytes of one out.

The file holds the networks of both sampling rates and chooses between them, and between shapes of its inputs, by some two hundred small steps
in every run. Here are the same weights with nothing to choose: the 288 samples of a window give four spectra (their padding is folded into
the matrix), four convolutions over so few of them are matrices, then come one step of an LSTM and the probability. What it says differs by
rounding only; a run takes about a third of the processor time.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from callwright.speech.onnx_wire import constants, field, model, node, tensor, value

__all__ = ["lean"]

_WINDOW, _PADDING = 288, 32  # samples; the padding mirrors the last ones
_LENGTH, _STEP, _SPECTRA = 128, 64, 4
_BINS, _STATE = 65, 128
_STRIDES = (1, 2, 2, 1)  # of the convolutions, all over three neighbours
_INPUT, _FORGET, _CELL, _OUTPUT = range(4)  # gates as the file has them

Floats = npt.NDArray[np.float32]


def lean(data: bytes) -> bytes:
    """data: `silero_vad.onnx` of version 5 or 6. The network it gives has inputs `input` (n, 288) and `state` (2, n, 128), outputs `output`
    (n, 1) and `stateN` (2, n, 128). Raises ValueError: the file holds something else."""
    found = constants(data)
    weights = {
        name.rpartition("__")[2]: one for name, one in found.items() if "else_branch" in name
    }  # the other is 16 kHz
    try:
        return _Network().of(weights)
    except KeyError as error:
        raise ValueError(f"there is no {error} in it") from None


class _Network:
    """Nodes and constants as they come."""

    def __init__(self) -> None:
        self._nodes: list[bytes] = []
        self._constants: list[bytes] = []

    def of(self, weights: dict[str, Floats]) -> bytes:
        heard = self._spectra(weights["stft.forward_basis_buffer"][:, 0])
        for number, stride in enumerate(_STRIDES):
            name = f"encoder.{number}.reparam_conv"
            heard = self._convolved(heard, stride, weights[f"{name}.weight"], weights[f"{name}.bias"])
        said = self._remembered(heard[0], weights)
        last = "decoder.decoder.2"
        chance = self._dense(self._step("Relu", said), weights[f"{last}.weight"][:, :, 0].T, weights[f"{last}.bias"])
        self._nodes.append(node("Sigmoid", [chance], ["output"]))
        inputs = (value("input", ["n", _WINDOW]), value("state", [2, "n", _STATE]))
        outputs = (value("output", ["n", 1]), value("stateN", [2, "n", _STATE]))
        parts = [field(1, one) for one in self._nodes] + [field(2, b"silero"), *self._constants]
        parts += [field(11, one) for one in inputs] + [field(12, one) for one in outputs]
        return model(b"".join(parts), {})

    def _spectra(self, basis: Floats) -> list[str]:
        """Magnitudes of each step, (n, bins). basis: (2 x bins, length), real parts first."""
        mirrored = self._constant(np.arange(_WINDOW - 2, _WINDOW - 2 - _PADDING, -1))
        padding = self._step("Gather", "input", mirrored, axis=1)
        padded = self._step("Concat", "input", padding, axis=1)
        parts = [self._columns(padded, at, at + _LENGTH) for at in range(0, _STEP * _SPECTRA, _STEP)]
        both = self._step("MatMul", self._step("Concat", *parts, axis=0), self._constant(basis.T))
        squares = self._step("Mul", both, both)
        power = self._step("Add", self._columns(squares, 0, _BINS), self._columns(squares, _BINS, 2 * _BINS))
        return self._apart(self._step("Sqrt", power), _SPECTRA)

    def _convolved(self, heard: list[str], stride: int, weight: Floats, bias: Floats) -> list[str]:
        """heard: (n, channels) of each step. What would lie before the first and behind the last one is silence, or left out where it is
        all the same for all that is made. weight: (out, in, 3)."""
        made = range(0, len(heard), stride)
        taps = [tap for tap in range(3) if any(0 <= at + tap - 1 < len(heard) for at in made)]
        silence = self._step("Sub", heard[0], heard[0])

        def neighbours(at: int) -> str:
            around = [heard[at + tap - 1] if 0 <= at + tap - 1 < len(heard) else silence for tap in taps]
            return around[0] if len(around) == 1 else self._step("Concat", *around, axis=1)

        rows = [neighbours(at) for at in made]
        whole = rows[0] if len(rows) == 1 else self._step("Concat", *rows, axis=0)
        matrix = weight[:, :, taps].transpose(2, 1, 0).reshape(-1, len(weight))
        return self._apart(self._step("Relu", self._dense(whole, matrix, bias)), len(rows))

    def _remembered(self, heard: str, weights: dict[str, Floats]) -> str:
        """One step of the LSTM; the hidden state. Its three sigmoids are one."""
        rnn, order = "decoder.rnn", (_INPUT, _FORGET, _OUTPUT, _CELL)

        def gates(name: str) -> Floats:
            return np.concatenate([weights[f"{rnn}.{name}"][gate * _STATE : (gate + 1) * _STATE] for gate in order])

        hidden, cell = (self._step("Gather", "state", self._constant(np.array(row))) for row in (0, 1))
        matrix = np.concatenate([gates("weight_ih"), gates("weight_hh")], axis=1).T
        both = self._step("Concat", heard, hidden, axis=1)
        whole = self._dense(both, matrix, gates("bias_ih") + gates("bias_hh"))
        opened = self._step("Sigmoid", self._columns(whole, 0, 3 * _STATE))
        new = self._step("Tanh", self._columns(whole, 3 * _STATE, 4 * _STATE))
        taken, kept, shown = (self._columns(opened, gate * _STATE, (gate + 1) * _STATE) for gate in range(3))
        cell = self._step("Add", self._step("Mul", kept, cell), self._step("Mul", taken, new))
        hidden = self._step("Mul", shown, self._step("Tanh", cell))
        first = self._constant(np.array([0]))
        rows = [self._step("Unsqueeze", one, first) for one in (hidden, cell)]
        self._nodes.append(node("Concat", rows, ["stateN"], axis=0))
        return hidden

    def _apart(self, heard: str, parts: int) -> list[str]:
        """Rows of one step after the other -> each step by itself."""
        if parts == 1:
            return [heard]
        names = [f"step{len(self._nodes)}part{part}" for part in range(parts)]
        self._nodes.append(node("Split", [heard], names, axis=0))
        return names

    def _dense(self, heard: str, matrix: Floats, bias: Floats) -> str:
        return self._step("Gemm", heard, self._constant(matrix), self._constant(bias))

    def _columns(self, heard: str, first: int, end: int) -> str:
        bounds = (self._constant(np.array([bound])) for bound in (first, end, 1))
        return self._step("Slice", heard, *bounds)

    def _step(self, operator: str, *inputs: str, **attributes: int) -> str:
        name = f"step{len(self._nodes)}"
        self._nodes.append(node(operator, list(inputs), [name], **attributes))
        return name

    def _constant(self, values: npt.NDArray[np.float32] | npt.NDArray[np.int64]) -> str:
        name = f"constant{len(self._constants)}"
        self._constants.append(field(5, tensor(name, values)))
        return name
