"""The demo's folder, list and decisions: nothing of anybody else's is touched, nobody is rung without a basis."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest

from callwright.calls.model import CallFiles, CallRecord
from callwright.campaigns.leads import read_whole
from callwright.compliance.decision import Decision, DialFacts, decide
from callwright.demo.people import Callee, Crowd
from callwright.demo.run import (
    CALLER,
    DemoCall,
    DemoResult,
    check_folder,
    prepare_folder,
    ring_everybody,
    write_leads,
    write_results,
)
from callwright.errors import InputError, RefusedError
from callwright.script.loader import loads
from callwright.script.model import Script
from callwright.telephony.port import DialOrder
from callwright.testing.people.person import Expected

NOW = datetime(2026, 11, 20, 23, 30, tzinfo=UTC)
TEXT = (Path(__file__).parents[2] / "fixtures" / "calls" / "visit.yaml").read_text(encoding="utf-8")


def visit(*replacing: tuple[str, str]) -> Script:
    text = TEXT
    for old, new in replacing:
        assert old in text
        text = text.replace(old, new)
    return loads(text).script


def people(count: int) -> tuple[Callee, ...]:
    return tuple(
        Callee(
            f"{n + 1:02d}-agrees", "agrees", "slt", f"+1202555{100 + n:04d}", 5060 + n, Expected("completed", ("ok",))
        )
        for n in range(count)
    )


class FakeRobot:
    """A fake robot: notes whom it was told to call, and how many calls ran at once."""

    def __init__(self) -> None:
        self.orders: list[tuple[DialOrder, Mapping[str, str]]] = []
        self.now = self.most = 0

    async def call(
        self,
        order: DialOrder,
        variables: Mapping[str, str],
        files: CallFiles,
        watch: Callable[[str, str], None] | None = None,
    ) -> CallRecord:
        self.orders.append((order, variables))
        self.now += 1
        self.most = max(self.most, self.now)
        for _ in range(3):
            await anyio.lowlevel.checkpoint()
        self.now -= 1
        if watch is not None:
            watch("completed", "")
        return CallRecord(
            order.call_id,
            "+1202***0100",
            "visit",
            "2026-11-20",
            "completed",
            tags=("ok",),
            recording=str(files.recording),
            transcript=str(files.transcript),
            log=str(files.log),
        )


def ring(folder: Path, script: Script, count: int, robots: int, robot: FakeRobot) -> DemoResult:
    crowd = Crowd(people(count), 5999)
    write_leads(folder / "leads.csv", script, crowd.people, NOW)

    async def run() -> DemoResult:
        return await ring_everybody(script, crowd, robot, robots, folder, NOW, lambda *told: None)

    return anyio.run(run)


# ---------------------------------------------------------------- the folder


def test_a_new_folder_is_made(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    check_folder(folder)
    assert not folder.exists()
    prepare_folder(folder)
    assert list(folder.iterdir()) == []


def test_an_earlier_runs_results_are_removed(tmp_path: Path) -> None:
    for name in ("recordings/01-agrees.wav", "events/02-no-answer.jsonl", "transcripts/120-busy.txt", "results.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("old")
    prepare_folder(tmp_path)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize(
    "name",
    [
        "notes.txt",
        "recordings/wedding.wav",
        "recordings/01-agrees.mp3",
        "events/more/x",
        "results.json/x",
        "recordings",
    ],
)
def test_what_is_not_ours_is_left_alone(tmp_path: Path, name: str) -> None:
    (tmp_path / "results.csv").write_text("an earlier run")
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text("precious")
    for prepare in (check_folder, prepare_folder):
        with pytest.raises(InputError, match="other files") as caught:
            prepare(tmp_path)
        assert "--out" in caught.value.problems[0].hint
    assert (tmp_path / name).read_text() == "precious"
    assert (tmp_path / "results.csv").exists()


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(InputError, match="cannot be used"):
            prepare_folder(folder)
    assert (tmp_path / "file").read_text() == "x"


# ---------------------------------------------------------------- the list and the decisions


def test_the_list_is_one_an_operator_could_bring(tmp_path: Path) -> None:
    write_leads(tmp_path / "leads.csv", visit(), people(8), NOW)
    leads = read_whole(tmp_path / "leads.csv", NOW)
    assert [lead.number for lead in leads] == [person.number for person in people(8)]
    assert {lead.basis for lead in leads} == {"contract"}
    assert all(lead.variables["name"] for lead in leads)


def test_everybody_is_rung_once_by_that_many_robots(tmp_path: Path) -> None:
    robot = FakeRobot()
    result = ring(tmp_path, visit(), 7, 3, robot)
    assert sorted(order.permit.callee for order, _ in robot.orders) == [person.number for person in people(7)]
    assert robot.most == 3
    assert [call.person.id for call in result.calls] == [person.id for person in people(7)]
    assert result.right == 7
    assert result.calls[0].record.log.endswith("01-agrees.jsonl")
    for order, variables in robot.orders:
        assert order.target == f"sip:{order.permit.callee}@127.0.0.1:{5060 + int(order.permit.callee[-4:]) - 100}"
        assert variables["name"]


def test_without_a_basis_that_suits_the_purpose_nobody_is_rung(tmp_path: Path) -> None:
    """A contract is no basis for marketing."""
    robot = FakeRobot()
    with pytest.raises(RefusedError, match="basis"):
        ring(tmp_path, visit(("purpose: service", "purpose: marketing")), 3, 2, robot)
    assert robot.orders == []


def test_old_consent_is_no_consent(tmp_path: Path) -> None:
    script = visit(("basis: contract", "basis: consent, max_age_days: 30"))
    robot = FakeRobot()
    assert ring(tmp_path, script, 1, 1, robot).right == 1
    rows = (tmp_path / "leads.csv").read_text(encoding="utf-8").replace("2026-11-20", "2026-09-01")
    (tmp_path / "leads.csv").write_text(rows, encoding="utf-8")
    crowd = Crowd(people(1), 5999)

    async def again() -> None:
        await ring_everybody(script, crowd, robot, 1, tmp_path, NOW, lambda *told: None)

    with pytest.raises(RefusedError, match="consent-age"):
        anyio.run(again)
    assert len(robot.orders) == 1


# ---------------------------------------------------------------- the results


def decided() -> tuple[DialFacts, Decision]:
    facts = DialFacts(people(1)[0].number, CALLER["en"], owned_callers=frozenset(), purpose="service")
    return facts, decide(facts, NOW)


def test_results_hide_numbers(tmp_path: Path) -> None:
    call = DemoCall(
        people(1)[0],
        CallRecord("c", "+1202***0100", "visit", "2026", "completed", tags=("ok",), slots={"when": {"iso": 1}}),
        *decided(),
    )
    write_results(tmp_path, DemoResult((call,)))
    whole = (tmp_path / "results.json").read_text(encoding="utf-8") + (tmp_path / "results.csv").read_text(
        encoding="utf-8"
    )
    assert people(1)[0].number not in whole
    assert json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))[0]["disposition"] == "completed"
    with (tmp_path / "results.csv").open(encoding="utf-8-sig", newline="") as file:
        row = next(csv.DictReader(file))
    assert (row["person"], row["right"], row["expected"]) == ("01-agrees", "True", "completed +ok")


def test_right_means_what_was_expected() -> None:
    person = people(1)[0]
    wrong = DemoCall(person, CallRecord("c", "n", "s", "t", "completed"), *decided())
    assert not wrong.right
    assert DemoResult((wrong,)).right == 0
    assert wrong.got == "completed"
