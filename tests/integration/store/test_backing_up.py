"""Back up, lose everything, restore: on both databases the records verify, recordings are there, and work goes on."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from callwright.backing_up import back_up, restore
from callwright.compliance import freeze_store
from callwright.compliance.decision import Decision
from callwright.compliance.freezes import NewFreeze
from callwright.compliance.reasons import Reason
from callwright.compliance.record_store import append, verify_kept
from callwright.compliance.records import NewRecord
from callwright.errors import InputError
from callwright.settings import Settings
from callwright.storage import open_storage, set_up
from callwright.store.crypto import Keyring
from callwright.testing.databases import PostgresServer
from callwright.testing.tenants import Seeded, seed

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 11, 26, 4, 0, tzinfo=UTC)


def _settings(folder: Path, url: str) -> Settings:
    made = Settings.from_environment(
        {"XDG_DATA_HOME": str(folder), "HOME": str(folder), "CALLWRIGHT_DATABASE_URL": url}
    )
    return replace(made, key_file=folder / "callwright.key", blobs=(folder / "blobs").as_uri())


@dataclass(frozen=True)
class House:
    before: Settings
    after: Settings
    folder: Path


@pytest.fixture(params=["sqlite", "postgresql"])
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    """Settings of two databases that hold nothing yet: to be filled and backed up, and to be restored into."""
    if request.param == "sqlite":
        old, new = (f"sqlite:///{tmp_path / name / 'callwright.db'}" for name in ("old", "new"))
        yield House(_settings(tmp_path, old), _settings(tmp_path / "new", new), tmp_path)
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    old, new = server.empty(), server.empty()
    yield House(_settings(tmp_path, old), _settings(tmp_path / "new", new), tmp_path)
    server.drop(old)
    server.drop(new)


async def _fill(settings: Settings) -> list[Seeded]:
    """Two tenants that know the same people; each has records, a freeze and a recording."""
    Keyring.from_file(settings.key_file, create=True)
    await set_up(settings)
    made = []
    async with open_storage(settings) as storage:
        for slug in ("acme", "globex"):
            one = await seed(storage.database, storage.keyring, NOW, slug=slug)
            async with storage.database.scope(one.tenant) as scope:
                decision = Decision(
                    "+8613900000001", "+861085550000", NOW.isoformat(), (Reason("window", True, "12:00"),)
                )
                entries = [NewRecord("dial", NOW, decision, "d", one.persons[0], 3, 5, f"call-{n}") for n in range(3)]
                await append(scope, one.keys, entries)
                await freeze_store.freeze(scope, one.keys, NewFreeze(one.numbers[0]), NOW, "anna")
            await storage.blobs.of(one.tenant).put("recordings/c1.wav", slug.encode() * 1000)
            made.append(one)
    return made


async def test_what_was_lost_is_back(house: House) -> None:
    seeded = await _fill(house.before)
    file = house.folder / "backup.zip"
    made = await back_up(house.before, file, NOW, with_key=True)
    assert made.key and file.stat().st_mode & 0o077 == 0
    with pytest.raises(InputError, match="already"):
        await back_up(house.before, file, NOW, with_key=True)
    house.before.key_file.unlink()
    shutil.rmtree(house.folder / "blobs")
    await restore(house.after, file)
    with pytest.raises(InputError, match="already"):
        await restore(house.after, file)
    async with open_storage(house.after) as storage:
        for one, slug in zip(seeded, ("acme", "globex"), strict=True):
            async with storage.database.scope(one.tenant) as scope:
                keys = await storage.keyring.tenant(scope)
                report = await verify_kept(scope, keys.signing.public_key())
                assert report.ok and report.records == 3
                assert (await freeze_store.listed(scope, keys, NOW))[0].number == one.numbers[0]
                again, fresh = await freeze_store.freeze(scope, keys, NewFreeze(one.numbers[1]), NOW, "anna")
                assert fresh and again > 0, "numbers of rows go on"
            assert await storage.blobs.of(one.tenant).get("recordings/c1.wav") == slug.encode() * 1000
    assert house.after.key_file.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("house", ["sqlite"], indirect=True)
async def test_what_cannot_be_restored_is_refused_before_anything_is_written(house: House) -> None:
    await _fill(house.before)
    file = house.folder / "backup.zip"
    await back_up(house.before, file, NOW, with_key=False)
    with pytest.raises(InputError, match="no key"):
        await restore(house.after, file)
    house.after.key_file.parent.mkdir(exist_ok=True)
    Keyring.from_file(house.after.key_file, create=True)
    with pytest.raises(InputError, match="another key"):
        await restore(house.after, file)
    shutil.copyfile(house.before.key_file, house.after.key_file)
    house.after.key_file.chmod(0o600)
    changed = house.folder / "changed.zip"
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(changed, "w") as new:
        for info in old.infolist():
            content = old.read(info)
            new.writestr(info, content[:-1] + b"x" if info.filename.endswith(".wav") else content)
    with pytest.raises(InputError, match="not what the manifest says"):
        await restore(house.after, changed)
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(house.folder / "evil.zip", "w") as new:
        new.writestr("manifest.json", old.read("manifest.json").replace(b"blobs/t1/", b"blobs/../t1/"))
    with pytest.raises(InputError, match="no backup"):
        await restore(house.after, house.folder / "evil.zip")
    await restore(house.after, file)  # nothing was written, or this would be refused
