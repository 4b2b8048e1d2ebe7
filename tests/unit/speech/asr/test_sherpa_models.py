"""Folders of sherpa-onnx models: what is one, of which kind, and what is wrong with one that is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from callwright.errors import ModelError
from callwright.speech.asr.onnx_file import metadata
from callwright.speech.asr.sherpa_models import find_sherpa_model
from callwright.speech.asr.sherpa_worker import usable_hotwords


def field(number: int, body: bytes) -> bytes:
    assert len(body) < 128
    return bytes([number << 3 | 2, len(body)]) + body


def network(**facts: str) -> bytes:
    """The outside of an ONNX file, with an empty network."""
    entries = [field(14, field(1, key.encode()) + field(2, value.encode())) for key, value in facts.items()]
    return bytes([1 << 3, 8]) + field(7, b"\x0a\x00") + b"".join(entries)


def folder(at: Path, *names: str, tokens: str = "<blk> 0\n好 1\n", **facts: str) -> Path:
    for name in names:
        (at / name).write_bytes(network(**facts))
    if tokens:
        (at / "tokens.txt").write_text(tokens, encoding="utf-8")
    return at


def test_what_a_network_says_about_itself(tmp_path: Path, shared: Path) -> None:
    path = tmp_path / "n.onnx"
    path.write_bytes(network(model_type="zipformer2", comment="Übung"))
    assert metadata(path) == {"model_type": "zipformer2", "comment": "Übung"}
    assert metadata(shared / "models" / "sherpa-toy-8k" / "toy.onnx")["model_type"] == "t-one"


@pytest.mark.parametrize(
    "data", [b"", b"<html>", b"\x3a\xff\xff\x03", b"\xff" * 40, bytes([8, 8]), b"version https://git-lfs"]
)
def test_what_is_no_network(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "n.onnx"
    path.write_bytes(data)
    with pytest.raises(ValueError, match=r"is|holds"):
        metadata(path)


def test_a_transducer_with_small_networks_preferred(tmp_path: Path) -> None:
    names = [
        "encoder-epoch-99.onnx",
        "encoder-epoch-99.int8.onnx",
        "decoder-epoch-99.onnx",
        "joiner-epoch-99.int8.onnx",
    ]
    model = find_sherpa_model(folder(tmp_path, *names))
    assert (model.kind, model.rate, model.hotwords, model.modeling_unit) == ("transducer", 16000, True, "cjkchar")
    assert model.files["encoder"].name == "encoder-epoch-99.int8.onnx"
    (tmp_path / "bpe.vocab").write_text("a\t0\n")
    assert find_sherpa_model(tmp_path).modeling_unit == "cjkchar+bpe"


def test_other_kinds(tmp_path: Path, shared: Path) -> None:
    (tmp_path / "p").mkdir()
    model = find_sherpa_model(folder(tmp_path / "p", "encoder.int8.onnx", "decoder.int8.onnx"))
    assert (model.kind, model.hotwords) == ("paraformer", False)
    (tmp_path / "s").mkdir()
    sense = folder(tmp_path / "s", "model.int8.onnx", model_type="sense_voice_ctc")
    assert find_sherpa_model(sense, offline=True).kind == "sense-voice"
    toy = find_sherpa_model(shared / "models" / "sherpa-toy-8k")
    assert (toy.kind, toy.rate) == ("t-one-ctc", 8000)


@pytest.mark.parametrize(
    ("names", "tokens", "facts", "says"),
    [
        ((), "<blk> 0\n", {}, "lacks its networks"),
        (("model.onnx",), "", {}, "tokens"),
        (("model.onnx",), "好 1\n", {"model_type": "t-one"}, "number them from 0"),
        (("model.onnx",), "好 eins\n", {"model_type": "t-one"}, "cannot be read"),
        (("model.onnx",), "好 0\n", {}, "unknown kind"),
        (("model.onnx",), "好 0\n", {"model_type": "sense_voice_ctc"}, "none for calls"),
        (("a.onnx", "b.onnx"), "好 0\n", {"model_type": "t-one"}, "not clear"),
        (("encoder.onnx", "joiner.onnx"), "好 0\n", {}, "lacks its decoder"),
        (("encoder.onnx",), "好 0\n", {}, "lacks its decoder"),
    ],
)
def test_what_is_wrong_is_told(
    names: tuple[str, ...], tokens: str, facts: dict[str, str], says: str, tmp_path: Path
) -> None:
    with pytest.raises(ModelError, match=says) as error:
        find_sherpa_model(folder(tmp_path, *names, tokens=tokens, **facts))
    assert str(tmp_path) in str(error.value)


def test_a_kind_that_is_another(tmp_path: Path, shared: Path) -> None:
    with pytest.raises(ModelError, match="t-one-ctc, not nemo-ctc"):
        find_sherpa_model(shared / "models" / "sherpa-toy-8k", "nemo-ctc")
    with pytest.raises(ModelError, match="no such folder"):
        find_sherpa_model(tmp_path / "nowhere")
    unnamed = folder(tmp_path, "model.onnx")
    assert find_sherpa_model(unnamed, "wenet-ctc").kind == "wenet-ctc"


def test_hot_words_are_those_that_the_model_can_write() -> None:
    known = frozenset("好的不ACME ")
    assert usable_hotwords(["好的", "acme", "坏", "不/的", "好的", " "], known) == ["好的", "ACME"]
    assert usable_hotwords(["acme"], frozenset("acme")) == ["acme"]
