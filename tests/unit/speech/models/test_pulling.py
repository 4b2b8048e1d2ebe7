from __future__ import annotations

import fcntl
import hashlib
import io
import json
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from callwright.errors import ModelError
from callwright.speech.models import pulling
from callwright.speech.models.finding import RECORD, State, check, find_model
from callwright.speech.models.manifest import Manifest
from callwright.speech.models.pulling import LOCK, Order, pull
from callwright.testing.download_server import FakeServer


def quiet(what: str, done: int, whole: int | None) -> None:
    return


def tar(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:bz2") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


ARCHIVE = tar({"toy-1/model.onnx": b"weights", "toy-1/tokens.txt": b"a 0\n", "toy-1/model.fp32.onnx": b"heavy"})
VOCODER = b"vocoder"


def known(data: bytes) -> dict[str, Any]:
    return {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def manifest(server: FakeServer, pin: Callable[[bytes], dict[str, Any]] = known) -> Manifest:
    server.files.setdefault("/r/toy-1.tar.bz2", ARCHIVE)
    server.files.setdefault("/r/voc.onnx", VOCODER)
    sources = [
        {"url": f"{server.address}/r/toy-1.tar.bz2", "unpack": "tar.bz2", "root": "toy-1", **pin(ARCHIVE)},
        {"url": f"{server.address}/r/voc.onnx", "to": "vocoder/voc.onnx", **pin(VOCODER)},
    ]
    toy = {
        "title": "Toy", "purpose": "tests", "languages": ["en"], "licence": {"name": "MIT"}, "also": ["toy-1"],
        "sources": sources, "keep": ["model.onnx", "tokens.txt"], "needs": {"model.onnx": {}, "tokens.txt": {}},
    }  # fmt: skip
    return Manifest.model_validate({"format": "models/1", "models": {"toy": toy}})


def names(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_archive_and_file_make_one_model_that_can_be_verified(server: FakeServer, tmp_path: Path) -> None:
    order = Order(tmp_path, manifest(server))
    found = pull("toy", order, quiet)
    assert found.folder == tmp_path / "toy"
    assert names(tmp_path / "toy") == {"model.onnx", "tokens.txt", "vocoder/voc.onnx", RECORD}
    assert check("toy", tmp_path, order.manifest).state is State.INSTALLED
    assert find_model("toy", tmp_path, order.manifest) == tmp_path / "toy"
    assert {path.name for path in tmp_path.iterdir()} == {"toy", ".pulling-toy"}
    server.asked.clear()
    assert pull("toy", order, quiet).state is State.INSTALLED
    assert server.asked == [], "what is whole is not fetched again"


def test_a_damaged_model_is_fetched_again_and_replaced(server: FakeServer, tmp_path: Path) -> None:
    order = Order(tmp_path, manifest(server))
    pull("toy", order, quiet)
    (tmp_path / "toy" / "model.onnx").write_bytes(b"WEIGHTS")  # same size: only the checksum tells
    assert pull("toy", order, quiet).state is State.INSTALLED
    assert (tmp_path / "toy" / "model.onnx").read_bytes() == b"weights"
    assert {path.name for path in tmp_path.iterdir()} == {"toy", ".pulling-toy"}


def test_a_wrong_checksum_installs_nothing_and_leaves_what_was_there(server: FakeServer, tmp_path: Path) -> None:
    order = Order(tmp_path, manifest(server), again=True)
    pull("toy", order, quiet)
    server.files["/r/toy-1.tar.bz2"] = tar({"toy-1/model.onnx": b"forged!", "toy-1/tokens.txt": b"a 0\n"})
    with pytest.raises(ModelError, match="refused"):
        pull("toy", order, quiet)
    assert check("toy", tmp_path, order.manifest).state is State.INSTALLED
    assert (tmp_path / "toy" / "model.onnx").read_bytes() == b"weights"


def test_an_unknown_checksum_needs_trust_and_is_written_down(server: FakeServer, tmp_path: Path) -> None:
    unknown = manifest(server, pin=lambda data: {})
    with pytest.raises(ModelError, match="--trust-first-use"):
        pull("toy", Order(tmp_path, unknown), quiet)
    assert server.asked == []
    pull("toy", Order(tmp_path, unknown, trust_first_use=True), quiet)
    locked = json.loads((tmp_path / LOCK).read_text())["trusted"]
    assert locked[f"{server.address}/r/voc.onnx"] == known(VOCODER)
    pull("toy", Order(tmp_path, unknown, again=True), quiet)  # known now
    server.files["/r/voc.onnx"] = b"other!!"
    with pytest.raises(ModelError, match="refused"):
        pull("toy", Order(tmp_path, unknown, trust_first_use=True, again=True), quiet)
    (tmp_path / LOCK).write_text("{")
    with pytest.raises(ModelError, match="cannot be read"):
        pull("toy", Order(tmp_path, unknown, trust_first_use=True, again=True), quiet)


def test_a_mirror_has_the_files_below_the_name(server: FakeServer, tmp_path: Path) -> None:
    known_models = manifest(server)
    server.files = {"/m/toy/toy-1.tar.bz2": ARCHIVE, "/m/toy/vocoder/voc.onnx": VOCODER}
    pull("toy", Order(tmp_path, known_models, mirror=f"{server.address}/m/"), quiet)
    assert check("toy", tmp_path, known_models).state is State.INSTALLED
    assert [path for path, _ in server.asked] == list(server.files)


@pytest.mark.parametrize("below", ["toy", "toy-1", ""])
def test_an_offline_folder(server: FakeServer, tmp_path: Path, below: str) -> None:
    known_models = manifest(server)
    folder = tmp_path / "stick"
    (folder / below / "vocoder").mkdir(parents=True)
    (folder / below / "toy-1.tar.bz2").write_bytes(ARCHIVE)
    order = Order(tmp_path / "models", known_models, folder=folder)
    with pytest.raises(ModelError, match=r"voc\.onnx of toy is not in the folder"):
        pull("toy", order, quiet)
    (folder / below / "vocoder" / "voc.onnx").write_bytes(VOCODER)
    assert pull("toy", order, quiet).state is State.INSTALLED
    assert server.asked == []


def test_a_cut_pull_goes_on_in_the_next_one(
    server: FakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = Order(tmp_path, manifest(server))
    server.status["/r/voc.onnx"] = 404
    with pytest.raises(ModelError, match="404"):
        pull("toy", order, quiet)
    assert not (tmp_path / "toy").exists()
    del server.status["/r/voc.onnx"]
    monkeypatch.setattr(pulling, "free_bytes", lambda folder: 10**12)
    pull("toy", order, quiet)
    assert check("toy", tmp_path, order.manifest).state is State.INSTALLED


def test_a_full_disk_is_told_before_anything_is_fetched(
    server: FakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulling, "free_bytes", lambda folder: 1_000_000)
    with pytest.raises(ModelError, match="MB are free"):
        pull("toy", Order(tmp_path, manifest(server)), quiet)
    assert server.asked == []


def test_an_archive_without_what_is_needed_is_not_installed(server: FakeServer, tmp_path: Path) -> None:
    empty = tar({"toy-1/readme": b"nothing"})
    server.files["/r/toy-1.tar.bz2"] = empty
    order = Order(tmp_path, manifest(server, pin=lambda data: known(empty if data is ARCHIVE else data)))
    with pytest.raises(ModelError, match=r"model\.onnx, tokens\.txt not in it"):
        pull("toy", order, quiet)
    assert not (tmp_path / "toy").exists()


def test_two_pulls_of_one_model_do_not_meet(server: FakeServer, tmp_path: Path) -> None:
    with (tmp_path / ".pulling-toy").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(ModelError, match="another process"):
            pull("toy", Order(tmp_path, manifest(server)), quiet)


def test_a_folder_that_cannot_be_written(server: FakeServer, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ModelError, match="cannot be written"):
        pull("toy", Order(tmp_path / "file", manifest(server)), quiet)


def test_the_shared_mandarin_model_installs_from_its_folder(shared: Path, tmp_path: Path) -> None:
    from callwright.speech.models.manifest import bundled

    order = Order(tmp_path, bundled(), folder=shared / "models")
    assert pull("zh-phone-8k", order, quiet).folder == tmp_path / "zh-phone-8k"
    assert check("zh-phone-8k", tmp_path).state is State.INSTALLED
    shutil.rmtree(tmp_path / "zh-phone-8k")
