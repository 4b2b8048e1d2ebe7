"""What a command ends with: words and an exit code for what somebody can mend, a traceback for our own mistakes only."""

from __future__ import annotations

import errno

import pytest

from callwright.cli import main
from callwright.errors import LineError, Problem, SettingsError


def ending(monkeypatch: pytest.MonkeyPatch, error: Exception) -> int:
    def fails() -> None:
        raise error

    monkeypatch.setattr(main, "app", fails)
    with pytest.raises(SystemExit) as caught:
        main.run()
    assert isinstance(caught.value.code, int)
    return caught.value.code


def test_what_parallel_tasks_failed_with(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    one = ExceptionGroup("tasks", [LineError("nothing can listen on 127.0.0.1:1")])
    setting = SettingsError(Problem("live-port", "it cannot be bound"))
    assert ending(monkeypatch, ExceptionGroup("more", [one, setting])) == 2
    told = capsys.readouterr().err
    assert "nothing can listen on 127.0.0.1:1\n" in told
    assert "it cannot be bound [live-port]" in told
    assert "Traceback" not in told


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (PermissionError(errno.EACCES, "Permission denied", "out.csv"), "out.csv: cannot be used: Permission denied\n"),
        (OSError(errno.ENOSPC, "No space left on device"), "a file: cannot be used: No space left on device\n"),
    ],
)
def test_a_file_that_cannot_be_used(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: OSError, told: str
) -> None:
    assert ending(monkeypatch, error) == 1
    assert capsys.readouterr().err == told


def test_a_mistake_of_ours_shows_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails() -> None:
        raise ExceptionGroup("tasks", [LineError("no socket"), KeyError("x")])

    monkeypatch.setattr(main, "app", fails)
    with pytest.raises(ExceptionGroup):
        main.run()
