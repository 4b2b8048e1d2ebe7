"""Single outcomes become figures by rules that can be read off here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from callwright.bench.report import Figure
from callwright.bench.situations import Situation
from callwright.bench.turns_score import Outcome, read_peer, score
from callwright.errors import ModelError


def situation(number: int, kind: str = "answer", expect: str = "stop", **changes: Any) -> Situation:
    over = expect != "answer"
    one = Situation(f"s{number}", "answer", "zh", "a.wav", over, "zh-offer", ((1000, 2000),), "可以", "stop")
    fields = {name: getattr(one, name) for name in one.__slots__} | {"kind": kind, "expect": expect} | changes
    return Situation(**fields)


def figures(*pairs: tuple[Situation, Outcome]) -> dict[str, Figure]:
    return {row.name: row for row in score([one for one, _ in pairs], [out for _, out in pairs])}


def value(rows: dict[str, Figure], name: str) -> float:
    return rows[name].value


class TestStops:
    def test_real_answers_that_stop_the_prompt(self) -> None:
        rows = figures(*[(situation(n), Outcome(f"s{n}", stop_ms=100.0 + n, turn_ms=300)) for n in range(11)])
        assert value(rows, "first voice to silence of the prompt, p50") == 105
        assert value(rows, "missed stops") == 0

    @pytest.mark.parametrize(
        "missed",
        [
            Outcome("s1", stop_ms=None, turn_ms=300),
            Outcome("s1", stop_ms=150, resumed=True, turn_ms=300),
            Outcome("s1", stop_ms=1500, turn_ms=300),
        ],
        ids=["went on", "taken up again", "far too late"],
    )
    def test_a_stop_is_missed(self, missed: Outcome) -> None:
        rows = figures((situation(0), Outcome("s0", stop_ms=100, turn_ms=300)), (situation(1), missed))
        assert value(rows, "missed stops") == 50
        assert not rows["missed stops"].ok
        assert value(rows, "first voice to silence of the prompt, p95") == 100

    def test_a_false_stop_counts_when_the_prompt_is_not_said_to_its_end(self) -> None:
        rows = figures(
            (situation(0, "cough", "resume"), Outcome("s0", stop_ms=90, resumed=True, resume_at_boundary=True)),
            (situation(1, "echo", "ignore"), Outcome("s1", stop_ms=90)),
            (situation(2, "noise", "ignore"), Outcome("s2")),
            (situation(3, "bystander", "resume"), Outcome("s3")),
        )
        assert value(rows, "false stops that were not resumed") == 25
        assert value(rows, "  paused at all") == 50
        assert value(rows, "    cough") == 100
        assert value(rows, "    noise") == 0

    def test_resumed_at_a_boundary_is_a_share_of_what_was_resumed(self) -> None:
        rows = figures(
            (situation(0, "cough", "resume"), Outcome("s0", 90, True, True)),
            (situation(1, "cough", "resume"), Outcome("s1", 90, True, False)),
            (situation(2, "cough", "resume"), Outcome("s2")),
        )
        assert value(rows, "resumed at a boundary") == 50
        assert rows["resumed at a boundary"].unit == "% of 2"

    def test_the_disclosure_goes_on_and_the_opt_out_counts(self) -> None:
        rows = figures(
            (situation(0, "optout_disclosure", "ignore"), Outcome("s0", honoured=True)),
            (situation(1, "optout_disclosure", "ignore"), Outcome("s1", stop_ms=100, honoured=False)),
        )
        assert value(rows, "disclosures that stopped") == 50
        assert value(rows, "opt-outs in the disclosure honoured") == 50
        assert "false stops that were not resumed" not in rows


class TestTurns:
    def test_latency_is_of_answers_and_not_of_numbers(self) -> None:
        rows = figures(
            (situation(0, expect="answer", complete=True), Outcome("s0", turn_ms=250, ended_turns=1)),
            (situation(1, expect="answer"), Outcome("s1", turn_ms=550, ended_turns=1)),
            (situation(2, "number", "answer"), Outcome("s2", turn_ms=1200, ended_turns=1)),
            (situation(3, "cough", "resume"), Outcome("s3", turn_ms=5000)),
        )
        assert value(rows, "end of speech to first audio, p50") == 400
        assert value(rows, "  a whole expected phrase, p50") == 250
        assert value(rows, "  other words, p50") == 550
        assert value(rows, "  a dictated number, p50") == 1200

    def test_an_answer_that_is_cut_short_is_no_quick_reply(self) -> None:
        rows = figures(
            (situation(0, expect="answer"), Outcome("s0", turn_ms=-300, ended_turns=2)),
            (situation(1, expect="answer"), Outcome("s1", turn_ms=500, ended_turns=1)),
            (situation(2, expect="answer"), Outcome("s2")),
        )
        assert value(rows, "end of speech to first audio, p50") == 500
        assert value(rows, "answers cut short") == pytest.approx(100 / 3)
        assert value(rows, "answers without a reply") == pytest.approx(100 / 3)

    @pytest.mark.parametrize(
        ("out", "share"),
        [
            (Outcome("s0", turn_ms=900, ended_turns=1), 100),
            (Outcome("s0", turn_ms=900, ended_turns=2), 0),
            (Outcome("s0", turn_ms=-900, ended_turns=1), 0),
            (Outcome("s0", turn_ms=None, ended_turns=1), 0),
        ],
        ids=["one turn", "two turns", "cut short", "no reply"],
    )
    def test_a_number_is_one_turn(self, out: Outcome, share: float) -> None:
        assert value(figures((situation(0, "number", "answer"), out)), "dictated numbers in one turn") == share


class TestReport:
    def test_what_cannot_be_judged_is_told_and_counts_for_nothing(self) -> None:
        rows = figures((situation(0), Outcome("s0", fault="no call")), (situation(1), Outcome("s1", 120, turn_ms=1)))
        assert value(rows, "situations") == 1
        assert value(rows, "  that could not be judged") == 1
        assert not rows["  that could not be judged"].ok
        assert value(rows, "missed stops") == 0

    def test_peers_are_told_by_name_and_not_judged(self) -> None:
        rows = score([situation(0)], [Outcome("s0", stop_ms=400, turn_ms=900)], "pipecat: ", judged=False)
        assert all(row.name.startswith("pipecat: ") and row.target is None for row in rows)

    def test_results_of_a_peer_are_read(self, tmp_path: Path) -> None:
        file = tmp_path / "peer.json"
        entry = {
            "id": "s0",
            "stop_ms": 364,
            "resumed": False,
            "resume_at_boundary": None,
            "turn_ms": 590.5,
            "ended_turns": 1,
        }
        file.write_text(json.dumps({"peer": "pipecat", "version": "1.14", "situations": [entry | {"more": 1}]}))
        found = read_peer(file)
        assert (found.peer, found.version) == ("pipecat", "1.14")
        assert found.outcomes == (Outcome("s0", 364, False, None, 590.5, 1),)

    @pytest.mark.parametrize(
        "text", ["", "[]", '{"peer": "x"}', '{"peer": "x", "version": "1", "situations": [{"id": 1}]}']
    )
    def test_other_files_are_refused(self, tmp_path: Path, text: str) -> None:
        file = tmp_path / "peer.json"
        file.write_text(text)
        with pytest.raises(ModelError, match="no results of a peer"):
            read_peer(file)
