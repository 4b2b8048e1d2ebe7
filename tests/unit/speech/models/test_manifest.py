from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callwright.errors import ModelError
from callwright.speech.models.manifest import bundled, load_manifest, safe_path

GOOD = """
format: models/1
models:
  toy:
    title: A toy
    purpose: tests
    languages: [en]
    licence: {name: MIT}
    sources:
      - {url: "https://example.com/a/toy.bin", to: toy.bin}
"""


def test_every_model_of_ours_tells_where_it_is_from_and_can_be_checked() -> None:
    manifest = bundled()
    assert {"zh-phone-8k", "zipformer-zh-en", "paraformer-zh-en", "sensevoice"} < set(manifest.models)
    voices = [model for name, model in manifest.models.items() if name.startswith("voice-")]
    assert {language for voice in voices for language in voice.languages} == {"zh", "en"}
    for name, model in manifest.models.items():
        assert model.licence.name, name
        assert all(source.url.startswith("https://") for source in model.sources), name
        assert all(source.sha256 and source.bytes for source in model.sources), name
        assert model.files, name


def test_a_manifest_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(GOOD)
    (source,) = load_manifest(path).get("toy").sources
    assert (source.sha256, source.file_name) == (None, "toy.bin")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("format: models/1", "format: models/2", "format"),
        ("to: toy.bin", "to: ../toy.bin", "no plain relative path"),
        ("to: toy.bin", "to: /toy.bin", "no plain relative path"),
        ("to: toy.bin", "unpack: zip", "unpack"),
        (", to: toy.bin", "", "either `to`"),
        ("https://example.com/a/toy.bin", "ftp://example.com/toy.bin", "an address is"),
        ("licence: {name: MIT}", "", "licence"),
        ("to: toy.bin", "to: toy.bin, sha256: abc", "sha256"),
        ("to: toy.bin", "to: toy.bin, shasum: abc", "shasum"),
        ("  toy:", "  ../toy:", "toy"),
        ("title: A toy", "title: &a [*a, *a]", "aliases"),
        ("format: models/1", "format: [", "cannot be read"),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, old: str, new: str, told: str) -> None:
    path = tmp_path / "own.yaml"
    assert old in GOOD
    path.write_text(GOOD.replace(old, new))
    with pytest.raises(ModelError, match=told.replace("(", r"\(")):
        load_manifest(path)


def test_a_manifest_that_is_not_there_or_too_large(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot be read"):
        load_manifest(tmp_path / "none.yaml")
    (tmp_path / "big.yaml").write_bytes(b"#" * (1024 * 1024 + 1))
    with pytest.raises(ModelError, match="1 MiB"):
        load_manifest(tmp_path / "big.yaml")


@given(st.text(max_size=30))
def test_a_safe_path_stays_in_its_folder(text: str) -> None:
    try:
        path = safe_path(text)
    except ValueError:
        return
    root = Path("/models/x")
    assert (root / path).resolve().is_relative_to(root)
    assert (root / path) != root
