"""Where pg_dump looks for the database."""

from __future__ import annotations

import pytest
from sqlalchemy import make_url

from callwright.store.dumping import _environment


@pytest.mark.parametrize(
    ("url", "host", "port"),
    [
        ("postgresql+asyncpg://u:p@db/n", "db", None),
        ("postgresql+asyncpg://u@db:6000/n", "db", "6000"),
        ("postgresql+asyncpg://u@/n?host=/run/pg&port=5433", "/run/pg", "5433"),
        ("postgresql+asyncpg://u@/n?host=/run/pg", "/run/pg", None),
    ],
)
def test_the_server_is_that_of_the_address(
    monkeypatch: pytest.MonkeyPatch, url: str, host: str, port: str | None
) -> None:
    for name in ("PGHOST", "PGPORT"):
        monkeypatch.delenv(name, raising=False)
    told = _environment(make_url(url), 7)
    assert (told.get("PGHOST"), told.get("PGPORT"), told["PGUSER"]) == (host, port, "u")
    assert told["PGOPTIONS"] == "-c app.tenant=7"
