"""What is kept is opened as settings say, or it is told what to set."""

from __future__ import annotations

from pathlib import Path

import pytest

from callwright.errors import SettingsError
from callwright.settings import Settings
from callwright.storage import open_database

pytestmark = pytest.mark.anyio


async def test_a_database_where_no_folder_can_be(tmp_path: Path) -> None:
    (tmp_path / "file").touch()  # where a folder would have to be
    address = f"sqlite:///{tmp_path}/file/house.db"
    with pytest.raises(SettingsError, match=r"house\.db cannot be made: ") as caught:
        async with open_database(Settings.from_environment({"CALLWRIGHT_DATABASE_URL": address})):
            pass
    assert "CALLWRIGHT_DATABASE_URL" in caught.value.problems[0].hint


async def test_a_port_that_is_no_number() -> None:
    address = "postgresql://u:secret@localhost:abc/x"
    with pytest.raises(SettingsError, match="names no database") as caught:
        async with open_database(Settings.from_environment({"CALLWRIGHT_DATABASE_URL": address})):
            pass
    assert "secret" not in str(caught.value)
