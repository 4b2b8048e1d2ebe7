from __future__ import annotations

import hashlib
from pathlib import Path

import anyio
import pytest

from callwright.errors import SettingsError, StoreError
from callwright.store.blobs import Blobs

pytestmark = pytest.mark.anyio

NAME = "recordings/2026-11/c1.wav"


async def test_what_is_put_is_found_whole_and_in_pieces(tmp_path: Path) -> None:
    content = bytes(range(256)) * 20_000
    (tmp_path / "c1.wav").write_bytes(content)
    async with Blobs.open((tmp_path / "deep" / "blobs").as_uri()) as blobs:
        mine = blobs.of(7)
        assert await mine.size(NAME) is None
        for source in (tmp_path / "c1.wav", content):
            assert await mine.put(NAME, source) == hashlib.sha256(content).hexdigest()
            assert await mine.get(NAME) == content
        parts = [part async for part in mine.stream(NAME)]
        assert b"".join(parts) == content and len(parts) > 1
        assert await mine.size(NAME) == len(content)
        await mine.put(NAME, b"anew")
        assert await mine.get(NAME) == b"anew"
        await mine.delete(NAME)
        await mine.delete(NAME)
        for missing in (mine.get(NAME), anext(mine.stream(NAME))):
            with pytest.raises(StoreError, match=f"there is no blob {NAME}"):
                await missing


async def test_tenants_do_not_meet(tmp_path: Path) -> None:
    async with Blobs.open(tmp_path.as_uri()) as blobs:
        await blobs.of(1).put("x", b"one")
        await blobs.of(2).put("x", b"two")
        assert await blobs.of(1).get("x") == b"one"
        assert await blobs.of(3).size("x") is None


@pytest.mark.parametrize(
    "name",
    [
        "",
        "/x",
        "x/",
        "a//b",
        "../t2/x",
        "a/../../t2/x",
        ".",
        "a/.",
        ".hidden",
        "a b",
        "a\\b",
        "x\n",
        "x\0",
        "é",
        "x" * 301,
    ],
)
async def test_a_name_that_is_none(tmp_path: Path, name: str) -> None:
    async with Blobs.open(tmp_path.as_uri()) as blobs:
        mine = blobs.of(1)
        for tried in (
            mine.put(name, b""),
            mine.get(name),
            anext(mine.stream(name)),
            mine.size(name),
            mine.delete(name),
        ):
            with pytest.raises(ValueError, match="no name of a blob"):
                await tried
    assert await anyio.Path(tmp_path / "t1").exists() is False


@pytest.mark.parametrize("url", ["", "blobs", "file://other/host", "http://x/y", "s3://", "file:relative"])
async def test_an_address_that_is_no_place(url: str) -> None:
    with pytest.raises(SettingsError, match="CALLWRIGHT_BLOBS"):
        async with Blobs.open(url):
            pass


async def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match="cannot be made"):
        async with Blobs.open((tmp_path / "file" / "blobs").as_uri()):
            pass


async def test_a_bucket_is_opened_without_being_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    async with Blobs.open("s3://bucket/callwright") as blobs:
        assert blobs.of(1)
