"""Recordings of a script through the API: a real voice, uploaded, played, heard, judged, pinned to a version, spoken by a worker."""

from __future__ import annotations

import io
import shutil
import subprocess
import zipfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, cast

import anyio.to_thread
import numpy as np
import pytest
import soundfile

from callwright import calling
from callwright.calling import Calling
from callwright.desk.waiting import Waiting
from callwright.errors import Problem
from callwright.script.builtin import template_path
from callwright.settings import Settings
from callwright.speech.prompts import Prompts
from callwright.speech.recordings import listening
from callwright.speech.recordings.importing import Wanted
from callwright.speech.recordings.reviewing import Review
from callwright.speech.recordings.taking import Taken, take
from callwright.speech.wav import read_wav
from callwright.store.crypto import Keyring
from callwright.store.database import Database
from callwright.studio import examining
from callwright.studio.checking import Checking
from callwright.studio.drafts import with_id
from callwright.studio.recordings import parcels, service
from callwright.studio.workshop import Workshop
from callwright.testing.api import TestedApi, open_api
from callwright.testing.tenants import Seeded, seed

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.integration,
    pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed"),
]
IN_A_PROCESS = service.finish_aside
NOW = datetime(2026, 11, 26, 3, 0, tzinfo=UTC)
BASE = "/api/v1/scripts/visit"
OK, CHANGED, CANCEL = (
    "Great, see you then. Goodbye.",
    "Done. You will get a text message. Goodbye.",
    "All right, I have cancelled the visit. Goodbye.",
)
FILES = {"ok.wav": OK, "changed.wav": CHANGED, "cancel.wav": CANCEL}
TEXT = with_id(template_path("appointment_en").read_text(encoding="utf-8"), "visit")
for file, words in FILES.items():
    TEXT = TEXT.replace(f'say: [{{text: "{words}"}}]', f'say: [{{text: "{words}", audio: {file}}}]')
assert TEXT.count("audio:") == len(FILES)


@pytest.fixture(scope="module")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Each text as a WAV of 22 kHz, and one as MP3."""
    folder = tmp_path_factory.mktemp("spoken")
    for file, text in FILES.items():
        subprocess.run(["espeak-ng", "-v", "en-us", "-s", "140", "-w", folder / file, text], check=True)
        sound, rate = soundfile.read(folder / file)
        room = 1e-4 * np.random.default_rng(1).standard_normal(len(sound) + rate)
        room[rate // 2 : rate // 2 + len(sound)] += 0.5 * sound
        soundfile.write(folder / file, room, rate)
        soundfile.write((folder / file).with_suffix(".mp3"), room, rate)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
async def seeded(database: Database, keyring: Keyring) -> Seeded:
    return await seed(database, keyring, NOW)


async def finish_here(source: Path, target: Path) -> Taken | Problem:
    return await anyio.to_thread.run_sync(take, source, target)


class AllPass(Checking):
    """The dialogues of a script are tested elsewhere."""

    async def tests(self, text: str, today: date, now: str) -> examining.Tested:
        return examining.Tested(())


@pytest.fixture
async def api(
    database: Database, keyring: Keyring, seeded: Seeded, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[TestedApi]:
    """Recordings are finished in a thread, for the sake of time; but for one test, and there in a process of their own."""
    monkeypatch.setattr(service, "finish_aside", finish_here)
    async with open_api(database, keyring, seeded.tenant, now=lambda: NOW) as opened:
        opened.app.state.workshop = Workshop(AllPass())
        made = await opened.post("/api/v1/scripts", json={"script": "visit", "text": TEXT}, roles="author", user=3)
        assert made.status_code == 201, made.text
        yield opened


async def done(api: TestedApi, answer: Any) -> dict[str, Any]:
    """A job that was begun, when it is over."""
    assert answer.status_code == 202, answer.text
    for job in api.app.state.jobs._jobs.values():
        if job.id == answer.json()["id"]:
            await job.wait()
    view: dict[str, Any] = (await api.get(f"/api/v1/jobs/{answer.json()['id']}", roles="auditor")).json()
    assert view["state"] == "done", view
    return dict(view["result"])


async def upload(api: TestedApi, files: dict[str, bytes], line: str = "", **who: Any) -> dict[str, Any]:
    sent = [("files", (name, data)) for name, data in files.items()]
    who = who or {"roles": "author", "user": 3}
    return await done(api, await api.post(f"{BASE}/recordings/uploads", files=sent, data={"line": line}, **who))


async def lines(api: TestedApi, version: str = "draft") -> dict[str, dict[str, Any]]:
    answer = await api.get(f"{BASE}/recordings", params={"version": version}, roles="auditor")
    assert answer.status_code == 200, answer.text
    return {one["file"]: one for one in answer.json()["lines"]}


def told(result: dict[str, Any]) -> dict[str, tuple[str, str, str]]:
    return {
        one["name"]: (one["file"], one["state"], (one["problem"] or {"code": ""})["code"]) for one in result["items"]
    }


async def decide(api: TestedApi, ids: list[int], decision: str, note: str = "", **who: Any) -> Any:
    body = {"recordings": ids, "decision": decision, "note": note}
    return await api.post(f"{BASE}/recordings/decisions", json=body, **(who or {"roles": "reviewer", "user": 7}))


async def hand_in(api: TestedApi) -> str:
    seen = (await api.get(f"{BASE}/draft")).headers["etag"]
    answer = await api.post(f"{BASE}/draft/submit", json={}, roles="author", user=3, headers={"If-Match": seen})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["digest"])


async def blobs_left(api: TestedApi) -> int:
    folder = api.blobs._folder
    assert folder is not None
    return sum(path.is_file() for path in folder.rglob("prompts/*/*"))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_files_are_found_by_name_played_replaced_and_taken_away(api: TestedApi, spoken: dict[str, bytes]) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("speaker/Changed.MP3", spoken["changed.mp3"])
        packed.writestr("speaker/cancel.wav", b"MZ this is a program")
        packed.writestr("speaker/../../ok.wav", spoken["ok.wav"])
        packed.writestr("__MACOSX/speaker/._cancel.wav", b"x")
    sent = {"ok.wav": spoken["ok.wav"], "all.zip": archive.getvalue(), "stray.wav": spoken["ok.wav"]}
    result = await upload(api, sent)
    assert told(result) == {
        "ok.wav": ("ok.wav", "imported", ""),
        "Changed.MP3": ("changed.wav", "imported", ""),
        "cancel.wav": ("cancel.wav", "failed", "bad-audio"),
        "speaker/../../ok.wav": ("", "failed", "leads-out"),
        "stray.wav": ("", "failed", "not-on-sheet"),
    }
    problem = next(one["problem"] for one in result["items"] if one["name"] == "cancel.wav")
    assert (problem["file"], problem["hint"]) == ("cancel.wav", "Save it as WAV, FLAC, MP3, Ogg or M4A.")
    seen = await lines(api)
    assert {file: seen[file]["state"] for file in FILES} == {
        "ok.wav": "recorded",
        "changed.wav": "recorded",
        "cancel.wav": "missing",
    }
    mp3 = seen["changed.wav"]["recording"]
    assert (mp3["kind"], mp3["name"], mp3["by"], mp3["verdict"]) == ("mp3", "Changed.MP3", "author", "")
    assert seen["ok.wav"]["recording"]["faults"] == []

    ok = seen["ok.wav"]["recording"]
    audio = f"{BASE}/recordings/{ok['id']}/audio"
    before = await api.get(audio, params={"processed": False}, roles="auditor")
    assert (before.content, before.headers["content-type"]) == (spoken["ok.wav"], "audio/wav")
    part = await api.get(audio, roles="auditor", headers={"Range": "bytes=0-3"})
    assert (part.status_code, part.content) == (206, b"RIFF")
    after = (await api.get(audio, roles="auditor")).content
    assert soundfile.info(io.BytesIO(after)).samplerate == 8000
    assert (await api.get(audio, roles="auditor", headers={"Range": "bytes=9999999-"})).status_code == 416

    assert told(await upload(api, {"ok.wav": spoken["ok.wav"]})) == {"ok.wav": ("ok.wav", "unchanged", "")}
    sound, rate = soundfile.read(io.BytesIO(spoken["ok.wav"]))
    quiet = io.BytesIO()
    soundfile.write(quiet, sound * 0.01, rate, format="WAV", subtype="PCM_24")
    assert told(await upload(api, {"whatever.wav": quiet.getvalue()}, "ok.wav"))["whatever.wav"][1] == "imported"
    newer = (await lines(api))["ok.wav"]["recording"]
    assert newer["id"] != ok["id"]
    assert "too-quiet" in [fault["code"] for fault in newer["faults"]]
    assert (await api.get(audio, roles="auditor")).status_code == 404
    assert await blobs_left(api) == 4

    text = TEXT.replace("Great, see you then. Goodbye.", "Great, until then. Goodbye.")
    saved = await api.put(f"{BASE}/draft", json={"text": text}, roles="author", headers={"If-Match": '"1"'})
    assert saved.status_code == 200
    assert (await lines(api))["ok.wav"]["state"] == "stale"
    gone = f"{BASE}/recordings/{newer['id']}"
    for roles in ("reviewer", "auditor", "operator"):
        assert (await api.delete(gone, roles=roles)).status_code == 403
        refused = await api.post(f"{BASE}/recordings/uploads", files={"files": ("ok.wav", b"x")}, roles=roles)
        assert refused.status_code == 403
    assert (await api.delete(gone, roles="author")).status_code == 204
    assert (await api.delete(gone, roles="author")).status_code == 404
    assert (await lines(api))["ok.wav"]["state"] == "missing"
    assert await blobs_left(api) == 2
    noted = [one["action"] for one in (await api.get("/api/v1/audit", roles="auditor")).json()["items"]]
    assert noted.count("recording.add") == 3
    assert noted.count("recording.remove") == 1


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_too_much_is_refused(api: TestedApi, spoken: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "finish_aside", IN_A_PROCESS)
    long = io.BytesIO()
    soundfile.write(long, np.zeros(61 * 8000, np.int16), 8000, format="WAV")
    wide = io.BytesIO()
    soundfile.write(wide, np.zeros((700_000, 8), np.int16), 192_000, format="FLAC")  # 3.6 s of eight channels are fine
    silent = io.BytesIO()
    soundfile.write(silent, np.zeros(8000, np.int16), 8000, format="WAV")
    lying = spoken["ok.wav"][:30]
    files = {"ok.wav": long.getvalue(), "changed.flac": wide.getvalue(), "cancel.wav": silent.getvalue()}
    found = told(await upload(api, files))
    assert {name: one[2] for name, one in found.items()} == {
        "ok.wav": "audio-too-long",
        "changed.flac": "silent",
        "cancel.wav": "silent",
    }
    assert told(await upload(api, {"ok.wav": lying}))["ok.wav"][1] == "failed"
    monkeypatch.setattr(parcels, "MOST_BYTES", 1000)
    assert told(await upload(api, {"ok.wav": spoken["ok.wav"]}))["ok.wav"][2] == "too-large"
    assert told(await upload(api, {"no.zip": b"PK\x05\x06" + bytes(18)}))["no.zip"] == ("", "failed", "empty-archive")
    assert told(await upload(api, {"ok.zip": b"PK\x03\x04 and no end"}, "ok.wav"))["ok.zip"][2] == "bad-archive"
    nothing = await api.post(f"{BASE}/recordings/uploads", data={"line": ""}, roles="author")
    assert nothing.status_code == 422
    two = [("files", ("a.wav", b"x")), ("files", ("b.wav", b"x"))]
    begun = await api.post(f"{BASE}/recordings/uploads", files=two, data={"line": "ok.wav"}, roles="author")
    job = api.app.state.jobs._jobs[begun.json()["id"]]
    await job.wait()
    assert [one.code for one in job.problems] == ["one-recording"]
    many = [("files", (f"{n}.wav", b"x")) for n in range(501)]
    assert (await api.post(f"{BASE}/recordings/uploads", files=many, roles="author")).status_code == 422
    assert await blobs_left(api) == 0
    assert all(one["state"] == "missing" for one in (await lines(api)).values())


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_version_keeps_what_was_reviewed_and_a_worker_speaks_with_it(
    api: TestedApi,
    database: Database,
    seeded: Seeded,
    spoken: dict[str, bytes],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await upload(api, {name: spoken[name] for name in ("ok.wav", "changed.wav")})
    digest = await hand_in(api)
    approve = f"{BASE}/versions/{digest}/approve"
    refused = await api.post(approve, json={}, roles="reviewer", user=7)
    assert (refused.status_code, refused.json()["code"]) == (409, "recordings-unheard")
    assert "changed.wav, ok.wav" in refused.json()["detail"]
    pinned = await lines(api, digest)
    assert [file for file, one in pinned.items() if one["recording"]] == ["ok.wav", "changed.wav"]
    ids = [pinned[file]["recording"]["id"] for file in ("ok.wav", "changed.wav")]
    own = await decide(api, ids, "accepted", roles="author,reviewer", user=3)
    assert (own.status_code, own.json()["code"]) == (409, "own-recording")
    assert (await decide(api, ids, "accepted", roles="author", user=4)).status_code == 403
    assert (await decide(api, ids, "rejected")).status_code == 422  # and says not why
    assert (await decide(api, ids, "rejected", "He coughs.")).status_code == 204
    own = await decide(api, ids, "undecided", roles="author,reviewer", user=3)
    assert (own.status_code, own.json()["code"]) == (409, "own-recording")
    listed = await api.get(f"{BASE}/recordings", roles="author", user=3)
    assert {one["recording"]["own"] for one in listed.json()["lines"] if one["recording"]} == {True}
    assert not any(one["recording"]["own"] for one in (await lines(api)).values() if one["recording"])
    assert (await api.post(approve, json={}, roles="reviewer", user=7)).status_code == 409
    assert (await decide(api, [*ids, 10**9], "accepted")).status_code == 404
    assert (await decide(api, ids, "accepted", "good")).status_code == 204
    assert (await api.post(approve, json={}, roles="reviewer", user=7)).status_code == 200
    publish = f"{BASE}/versions/{digest}/publish"
    assert (await decide(api, ids[:1], "rejected", "He coughs after all.")).status_code == 204
    refused = await api.post(publish, roles="reviewer", user=7)
    assert (refused.status_code, refused.json()["code"]) == (409, "recordings-unheard")
    assert (await decide(api, ids[:1], "accepted", "good")).status_code == 204
    published = await api.post(publish, roles="reviewer", user=7)
    assert published.status_code == 200, published.text

    assert await hand_in(api) == digest  # the same text with the same recordings is the same version
    soft = io.BytesIO()
    sound, rate = soundfile.read(io.BytesIO(spoken["changed.wav"]))
    soundfile.write(soft, sound * 0.7, rate, format="WAV")
    await upload(api, {"ok.wav": soft.getvalue()})
    other = await hand_in(api)
    assert other != digest
    assert (await api.delete(f"{BASE}/recordings/{ids[1]}", roles="author")).status_code == 204
    kept = await lines(api, digest)
    assert [kept[file]["recording"]["id"] for file in ("ok.wav", "changed.wav")] == ids
    assert (await api.get(f"{BASE}/recordings/{ids[0]}/audio", roles="auditor")).status_code == 200
    draft = (
        await api.post(f"{BASE}/draft/restore", json={"source": digest}, roles="author", headers={"If-Match": '"1"'})
    ).json()
    assert (draft["text"], draft["version"]) == (TEXT, 1)  # an author never sees the seal
    diff = (await api.get(f"{BASE}/diff", params={"before": digest, "after": other})).json()
    assert (diff["added"], diff["removed"]) == (1, 1)

    folders: list[Path] = []

    @asynccontextmanager
    async def silent(*_: Any, recordings: Path | None, **__: Any) -> AsyncIterator[None]:
        assert recordings is not None
        folders.append(recordings)
        yield

    class NoVoice:
        name = "none"

        async def render(self, text: str) -> Any:
            raise AssertionError(f"{text} is recorded")

    monkeypatch.setattr(calling, "open_speech", silent)
    monkeypatch.setattr(calling, "robot_of", lambda *_: None)
    settings = Settings.from_environment(
        {"XDG_DATA_HOME": str(tmp_path), "HOME": str(tmp_path), "CALLWRIGHT_VAD": "webrtc"}
    )
    nobody = cast(Any, None)
    mine = api.blobs.of(seeded.tenant)
    house = calling._House(database, seeded.tenant, nobody, nobody, nobody, mine, Waiting(nobody))
    async with calling._Robots.open(Calling(tmp_path / "line.yaml", tmp_path / "calls", 1), settings, house) as robots:
        await robots.warm([digest])
        (folder,) = folders
        prompt = await Prompts(NoVoice(), folder, lambda pcm: pcm.tobytes()[::2]).prepare(OK, "ok.wav", OK)
        assert prompt.source == "recorded"
        assert prompt.duration_ms == len(read_wav(folder / "recordings" / "ok.wav")) // 8
        after = (await api.get(f"{BASE}/recordings/{ids[0]}/audio", roles="auditor")).content
        assert (folder / "recordings" / "ok.wav").read_bytes() == after
        assert not (folder / "recordings" / "cancel.wav").exists()
    assert not folder.exists()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_what_a_recogniser_hears_stands_beside_the_text(
    api: TestedApi, spoken: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The recogniser itself is tried in test_recording_review.py; here one that read the files' names listens."""
    asked: list[set[str]] = []

    async def listens(
        wanted: Sequence[Wanted], folder: Path, *, progress: Any, language: str, models: Path
    ) -> tuple[Review, ...]:
        there = {one.file for one in wanted if (folder / one.file).is_file()}
        assert set(FILES) <= {one.file for one in wanted}  # the whole script is what may be said
        asked.append(there)
        heard = {
            "ok.wav": ("right", "great see you then goodbye", 0.9, ""),
            "changed.wav": ("mixed-up", "all right i have cancelled", 0.2, "cancel.wav"),
            "cancel.wav": ("suspicious", "", 0.0, ""),
        }
        return tuple(
            Review(one.file, one.text, *heard[one.file]) if one.file in there else Review(one.file, one.text, "missing")
            for one in wanted
        )

    monkeypatch.setattr(listening, "listen", listens)
    await upload(api, {name: spoken[name] for name in FILES})
    for roles in ("auditor", "operator"):
        assert (await api.post(f"{BASE}/recordings/reviews", json={}, roles=roles)).status_code == 403
    counts = await done(api, await api.post(f"{BASE}/recordings/reviews", json={}, roles="reviewer", user=7))
    assert counts == {"same": 1, "differs": 1, "not_heard": 1}
    seen = await lines(api)
    ok, changed, cancel = (seen[file]["recording"] for file in ("ok.wav", "changed.wav", "cancel.wav"))
    assert [one["verdict"] for one in (ok, changed, cancel)] == ["same", "differs", "not_heard"]
    assert ok["written"] == [{"text": OK, "same": True}]
    assert (changed["sounds_like"], changed["similarity"]) == ("cancel.wav", 0.2)
    assert any(not one["same"] for one in changed["written"])
    assert (await api.post(f"{BASE}/recordings/reviews", json={}, roles="author")).status_code == 404  # all were heard
    again = {"recordings": [ok["id"]]}
    await done(api, await api.post(f"{BASE}/recordings/reviews", json=again, roles="author"))
    assert asked == [set(FILES), {"ok.wav"}]
    assert not [path for job in api.app.state.jobs._jobs.values() for path in job.folder.rglob("*.wav")]
    digest = await hand_in(api)
    refused = await api.post(f"{BASE}/versions/{digest}/approve", json={}, roles="reviewer", user=7)
    assert "2 recordings say their text, or they were rejected: cancel.wav, changed.wav" in refused.json()["detail"]
