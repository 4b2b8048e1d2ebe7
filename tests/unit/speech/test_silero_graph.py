"""Silero's network in its lean form says what the file's own says, in runs of any size; another file is left as it is."""

from __future__ import annotations

import numpy as np
import pytest

from callwright.speech import vad_silero
from callwright.speech.onnx_wire import constants, field, model, node, tensor
from callwright.speech.silero_graph import lean
from callwright.speech.vad_silero import SileroModel, find_silero


@pytest.fixture(scope="module")
def as_it_is() -> SileroModel:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vad_silero, "_KNOWN", frozenset())
        return SileroModel()


def test_the_file_of_the_package_is_known() -> None:
    assert SileroModel().lean


@pytest.mark.parametrize("calls", [1, 2, 40])
def test_it_says_the_same_window_after_window(as_it_is: SileroModel, calls: int) -> None:
    assert not as_it_is.lean
    network, random = SileroModel(), np.random.default_rng(calls)
    at = np.arange(8000) / 8000
    vowel = np.sum([np.sin(2 * np.pi * 140 * k * at) / k for k in range(1, 20)], axis=0)
    mine = his = np.zeros((2, calls, 128), np.float32)
    loudest = 0.0
    for begin in range(0, 6000, 256):
        level = random.uniform(0, 0.3, (calls, 1))
        windows = (random.normal(0, 0.02, (calls, 288)) + level * vowel[begin : begin + 288]).astype(np.float32)
        said, mine = network.run(windows, mine)
        expected, his = as_it_is.run(windows, his)
        np.testing.assert_allclose(said, expected, atol=1e-4)
        np.testing.assert_allclose(mine, his, atol=1e-3)
        loudest = max(loudest, float(expected.max()))
    assert loudest > 0.3  # there was something to say


def test_a_file_that_holds_something_else_is_told() -> None:
    other = model(field(1, node("Relu", ["x"], ["y"])), {})
    with pytest.raises(ValueError, match=r"stft\.forward_basis_buffer"):
        lean(other)


def test_constants_are_read_as_they_were_written() -> None:
    values = np.arange(6, dtype=np.float32).reshape(2, 3)
    constant = (
        field(2, b"weights") + field(4, b"Constant") + field(5, field(1, b"value") + field(5, tensor("", values)))
    )
    found = constants(model(field(1, constant), {"comment": "toy"}))
    assert list(found) == ["weights"]
    np.testing.assert_array_equal(found["weights"], values)


@pytest.mark.parametrize("length", [1, 10, 1000, 100_000])
def test_half_a_file_is_no_file(length: int) -> None:
    with pytest.raises(ValueError, match=r"ends within|there is no"):
        lean(find_silero().read_bytes()[:length])
