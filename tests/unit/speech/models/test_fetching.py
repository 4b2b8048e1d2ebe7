from __future__ import annotations

import hashlib
import random
from pathlib import Path

import pytest

from callwright.errors import ModelError
from callwright.speech.models.fetching import Wanted, fetch, take
from callwright.testing.download_server import FakeServer

BODY = random.Random(1).randbytes(700_000)
SHA = hashlib.sha256(BODY).hexdigest()


def quiet(what: str, done: int, whole: int | None) -> None:
    return


def wanted(server: FakeServer, path: str = "/a.bin", size: int | None = len(BODY), sha: str | None = SHA) -> Wanted:
    server.files.setdefault("/a.bin", BODY)
    return Wanted("a.bin", server.address + path, size, sha)


def pull(want: Wanted, folder: Path) -> Path:
    naps: list[float] = []
    assert fetch(want, folder / "a.bin", quiet, sleep=naps.append) == (len(BODY), SHA)
    assert sum(naps) < 120
    assert {path.name for path in folder.iterdir()} == {"a.bin"}, "something is left over"
    return folder / "a.bin"


def test_a_file_is_fetched_and_progress_is_told(server: FakeServer, tmp_path: Path) -> None:
    told: list[int] = []
    fetch(wanted(server), tmp_path / "a.bin", lambda what, done, whole: told.append(done))
    assert (tmp_path / "a.bin").read_bytes() == BODY
    assert told[-1] == len(BODY)
    assert told == sorted(told)


def test_a_cut_connection_goes_on_where_it_was(server: FakeServer, tmp_path: Path) -> None:
    server.cut_after = [300_000, 100_000]
    assert pull(wanted(server), tmp_path).read_bytes() == BODY
    assert [asked for _, asked in server.asked] == ["", "bytes=300000-", "bytes=400000-"]


def test_the_next_run_goes_on_where_the_last_one_ended(server: FakeServer, tmp_path: Path) -> None:
    server.cut_after = [250_000] + [0] * 6
    with pytest.raises(ModelError, match="goes on from there"):
        fetch(wanted(server), tmp_path / "a.bin", quiet, sleep=lambda s: None)
    assert not (tmp_path / "a.bin").exists()
    server.asked.clear()
    pull(wanted(server), tmp_path)
    assert server.asked == [("/a.bin", "bytes=250000-")]


def test_a_server_without_ranges_is_read_from_the_beginning(server: FakeServer, tmp_path: Path) -> None:
    server.cut_after, server.ranges = [300_000], False
    pull(wanted(server), tmp_path)


def test_a_file_that_changed_in_between_is_fetched_whole(server: FakeServer, tmp_path: Path) -> None:
    server.files["/a.bin"], server.cut_after = bytes(len(BODY)), [300_000] + [0] * 6
    with pytest.raises(ModelError):
        fetch(wanted(server), tmp_path / "a.bin", quiet, sleep=lambda s: None)
    server.files["/a.bin"], server.etag = BODY, '"2"'
    pull(wanted(server), tmp_path)


def test_a_part_of_another_file_does_not_spoil_the_download(server: FakeServer, tmp_path: Path) -> None:
    (tmp_path / "a.bin.part").write_bytes(bytes(1000))  # no ETag is known of it
    pull(wanted(server), tmp_path)
    assert [asked for _, asked in server.asked] == ["bytes=1000-", ""]
    (tmp_path / "a.bin").unlink()
    (tmp_path / "a.bin.part").write_bytes(bytes(len(BODY) + 1))
    pull(wanted(server), tmp_path)


def test_a_whole_part_needs_no_server(server: FakeServer, tmp_path: Path) -> None:
    (tmp_path / "a.bin.part").write_bytes(BODY)
    pull(wanted(server), tmp_path)
    assert server.asked == []


def test_nothing_after_the_part_means_another_file(server: FakeServer, tmp_path: Path) -> None:
    (tmp_path / "a.bin.part").write_bytes(BODY + b"more")
    pull(wanted(server, size=None), tmp_path)
    assert [asked for _, asked in server.asked] == [f"bytes={len(BODY) + 4}-", ""]


def test_a_wrong_checksum_is_refused_and_kept_apart(server: FakeServer, tmp_path: Path) -> None:
    server.files["/a.bin"] = BODY[:-1] + b"!"
    with pytest.raises(ModelError, match="refused") as caught:
        fetch(wanted(server), tmp_path / "a.bin", quiet)
    assert "a.bin.refused" in str(caught.value)
    assert {path.name for path in tmp_path.iterdir()} == {"a.bin.refused"}


def test_more_than_was_agreed_is_not_taken(server: FakeServer, tmp_path: Path) -> None:
    server.files["/a.bin"] = BODY + bytes(10_000_000)
    with pytest.raises(ModelError, match="10,700,000 bytes or more, not 700,000"):
        fetch(wanted(server), tmp_path / "a.bin", quiet)
    assert list(tmp_path.iterdir()) == []


def test_less_than_was_agreed_is_never_whole(server: FakeServer, tmp_path: Path) -> None:
    server.files["/a.bin"] = BODY[:1000]
    with pytest.raises(ModelError, match="1,000 bytes"):
        fetch(wanted(server), tmp_path / "a.bin", quiet)
    assert list(tmp_path.iterdir()) == []
    assert len(server.asked) == 1


def test_a_busy_server_is_asked_again_and_a_refusing_one_is_not(server: FakeServer, tmp_path: Path) -> None:
    want = wanted(server)
    server.status["/a.bin"] = 503
    naps: list[float] = []

    def nap(seconds: float) -> None:
        naps.append(seconds)
        if len(naps) == 3:
            del server.status["/a.bin"]

    fetch(want, tmp_path / "a.bin", quiet, sleep=nap)
    assert len(naps) == 3
    with pytest.raises(ModelError, match="404"):
        fetch(wanted(server, "/gone.bin"), tmp_path / "b.bin", quiet)
    assert len(server.asked) == 5


def test_redirects_are_followed_but_not_for_ever(server: FakeServer, tmp_path: Path) -> None:
    server.moved["/old"] = server.address + "/a.bin"
    pull(wanted(server, "/old"), tmp_path)
    server.moved["/round"] = "/round"
    with pytest.raises(ModelError, match="redirects"):
        fetch(wanted(server, "/round"), tmp_path / "b.bin", quiet)


def test_an_unknown_checksum_over_plain_http_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="http proves nothing"):
        fetch(Wanted("a", "http://example.com/a", None, None), tmp_path / "a", quiet)


def test_a_file_of_this_machine_is_copied_and_compared(tmp_path: Path) -> None:
    (tmp_path / "source").write_bytes(BODY)
    want = Wanted("a.bin", "https://example.com/a.bin", len(BODY), SHA)
    assert take(want, tmp_path / "source", tmp_path / "a.bin", quiet) == (len(BODY), SHA)
    (tmp_path / "source").write_bytes(BODY[::-1])
    with pytest.raises(ModelError, match="left where it is"):
        take(want, tmp_path / "source", tmp_path / "b.bin", quiet)
    assert not (tmp_path / "b.bin").exists()
    with pytest.raises(ModelError, match="cannot be copied"):
        take(want, tmp_path / "none", tmp_path / "b.bin", quiet)
