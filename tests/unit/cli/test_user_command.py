"""`callwright user` and `callwright retention`: the first start and the way back in, from the command line."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from callwright.cli.audit import audit_app
from callwright.cli.retention import retention_app
from callwright.cli.tenant import tenant_app
from callwright.cli.user import user_app
from callwright.errors import InputError

runner = CliRunner()


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CALLWRIGHT_DATABASE_URL", "CALLWRIGHT_KEY_FILE", "CALLWRIGHT_BLOBS", "CALLWRIGHT_TENANT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("CALLWRIGHT_PUBLIC_URL", "https://callwright.example.com")


APPS = {"user": user_app, "tenant": tenant_app, "retention": retention_app, "audit": audit_app}


def run(group: str, *words: str) -> str:
    done = runner.invoke(APPS[group], list(words))
    assert done.exit_code == 0, done.output
    return done.output.strip()


def test_a_way_in() -> None:
    first = run("user", "set-up")
    assert first.startswith("https://callwright.example.com/setup#cwu_0_")
    assert run("user", "set-up") != first
    run("tenant", "add", "acme")
    link = run("user", "add", "anna@acme.example", "--name", "Anna", "--role", "administrator", "--role", "agent")
    assert link.startswith("https://callwright.example.com/join#cwl_1_")
    assert run("user", "link", "anna@acme.example") != link
    told = run("user", "list")
    assert "anna@acme.example" in told
    assert "invited" in told
    assert run("retention", "show").splitlines()[0] == "recordings: until somebody deletes them"
    assert run("retention", "run").startswith("acme: 0 recordings")
    nobody = runner.invoke(retention_app, ["run", "--tenant", "nobody"])
    assert isinstance(nobody.exception, InputError)  # a night job that does nothing has to say so
    assert run("audit", "verify").startswith("whole: 4 entries")
    assert "user.add" in run("audit", "list")
