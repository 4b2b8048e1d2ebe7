"""From what single situations came to, to the figures of `bench turns`. Pure; ours and those of peers are judged by the same function."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from callwright.bench.report import Figure
from callwright.bench.situations import Situation
from callwright.errors import ModelError, Place, Problem

__all__ = ["Outcome", "PeerResults", "read_peer", "score"]

_LATE_STOP_MS = 1_000.0  # a prompt that goes on for longer under a real answer was not stopped by it


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one situation came to.

    stop_ms: first voiced frame sent to silence of the prompt, None = it went on; resumed: the prompt was said to its end after all;
    resume_at_boundary: every time it went on at a boundary (None: it never did); turn_ms: last voiced frame sent to the robot's next words
    (negative: it cut in; None: none came); ended_turns: turns that were taken from what the caller said; honoured: an opt-out was kept, None =
    there was none, or it is not known; early_stops: how often the prompt stopped before anything was said; fault: why it cannot be judged.
    """

    id: str
    stop_ms: float | None = None
    resumed: bool = False
    resume_at_boundary: bool | None = None
    turn_ms: float | None = None
    ended_turns: int = 0
    honoured: bool | None = None
    early_stops: int = 0
    fault: str = ""


@dataclass(frozen=True, slots=True)
class PeerResults:
    """What a peer's rig wrote."""

    peer: str
    version: str
    outcomes: tuple[Outcome, ...]


def read_peer(path: Path) -> PeerResults:
    """`{"peer", "version", "situations": [{"id", "stop_ms", "resumed", "resume_at_boundary", "turn_ms", "ended_turns"}]}`.

    Raises ModelError: the file cannot be read or is something else.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        outcomes = tuple(_outcome(entry) for entry in data["situations"])
        return PeerResults(str(data["peer"]), str(data["version"]), outcomes)
    except (OSError, ValueError, KeyError, TypeError) as error:
        problem = Problem(
            "peer-results", f"no results of a peer: {error}", Place(str(path)), "run the peer's rig again"
        )
        raise ModelError(problem) from None


def _outcome(entry: dict[str, Any]) -> Outcome:
    def number(name: str) -> float | None:
        return None if entry[name] is None else float(entry[name])

    boundary = entry["resume_at_boundary"]
    return Outcome(
        str(entry["id"]),
        number("stop_ms"),
        bool(entry["resumed"]),
        None if boundary is None else bool(boundary),
        number("turn_ms"),
        int(entry["ended_turns"]),
        fault=str(entry.get("fault") or ""),
    )


def score(
    situations: Sequence[Situation], outcomes: Sequence[Outcome], name: str = "", *, judged: bool = True
) -> list[Figure]:
    """The figures. name: goes before each (`pipecat: `); judged: with the targets of callwright."""
    by_id = {outcome.id: outcome for outcome in outcomes if not outcome.fault}
    pairs = [(one, by_id[one.id]) for one in situations if one.id in by_id]
    rows = [
        Figure("situations", len(pairs), ""),
        Figure("  that could not be judged", len(situations) - len(pairs), "", 0, "most"),
        *_turns(pairs),
        *_stops(pairs),
    ]
    return [_named(row, name, judged) for row in rows]


def _named(row: Figure, name: str, judged: bool) -> Figure:
    if judged:
        return Figure(f"{name}{row.name}", row.value, row.unit, row.target, row.want)
    return Figure(f"{name}{row.name}", row.value, row.unit)


_Pairs = Sequence[tuple[Situation, Outcome]]


def _turns(pairs: _Pairs) -> Iterator[Figure]:
    """End of speech to first audio, of real answers: over the prompt and after it."""
    answers = [(one, out) for one, out in pairs if one.expect in ("answer", "stop")]
    short = [(one, out) for one, out in answers if one.kind != "number"]
    timed = [(one, out.turn_ms) for one, out in short if out.turn_ms is not None and out.turn_ms >= 0]
    whole = [ms for one, ms in timed if one.complete]
    yield from _spread("end of speech to first audio", [ms for _, ms in timed], p50=450, p95=650)
    yield from _spread("  a whole expected phrase", whole, p50=300)
    yield from _spread("  other words", [ms for one, ms in timed if not one.complete])
    numbers = [out for one, out in answers if one.kind == "number"]
    yield from _spread(
        "  a dictated number", [out.turn_ms for out in numbers if out.turn_ms is not None and out.turn_ms >= 0]
    )
    cut = [out for _, out in answers if out.turn_ms is not None and out.turn_ms < 0]
    yield from _share("answers cut short", len(cut), len(answers), 3, "most")
    yield from _share(
        "answers without a reply", sum(out.turn_ms is None for _, out in answers), len(answers), 0, "most"
    )
    once = [out for out in numbers if out.ended_turns == 1 and out.turn_ms is not None and out.turn_ms >= 0]
    yield from _share("dictated numbers in one turn", len(once), len(numbers), 95, "least")


def _stops(pairs: _Pairs) -> Iterator[Figure]:
    """Who stops the prompt, and who does not."""
    real = [out for one, out in pairs if one.expect == "stop"]
    stopped = [
        out.stop_ms for out in real if out.stop_ms is not None and not out.resumed and out.stop_ms <= _LATE_STOP_MS
    ]
    yield from _spread("first voice to silence of the prompt", stopped, p50=200, p95=250)
    yield from _share("missed stops", len(real) - len(stopped), len(real), 3, "most")
    others = [(one, out) for one, out in pairs if one.over_prompt and one.expect in ("resume", "ignore")]
    false = [out for one, out in others if one.kind != "optout_disclosure"]
    left = [out for out in false if out.stop_ms is not None and not out.resumed]
    yield from _share("false stops that were not resumed", len(left), len(false), 2, "most")
    yield from _share("  paused at all", sum(out.stop_ms is not None for out in false), len(false))
    for kind in ("backchannel", "cough", "noise", "bystander", "echo"):
        of_kind = [out for one, out in others if one.kind == kind]
        yield from _share(f"    {kind}", sum(out.stop_ms is not None for out in of_kind), len(of_kind))
    resumed = [out for _, out in pairs if out.resume_at_boundary is not None]
    yield from _share(
        "resumed at a boundary", sum(bool(out.resume_at_boundary) for out in resumed), len(resumed), 98, "least"
    )
    disclosed = [out for one, out in others if one.kind == "optout_disclosure"]
    yield from _share(
        "disclosures that stopped", sum(out.stop_ms is not None for out in disclosed), len(disclosed), 0, "most"
    )
    known = [out for out in disclosed if out.honoured is not None]
    yield from _share(
        "opt-outs in the disclosure honoured", sum(bool(out.honoured) for out in known), len(known), 100, "least"
    )


def _spread(name: str, values: Sequence[float], p50: float | None = None, p95: float | None = None) -> Iterator[Figure]:
    """Median and 95th percentile, ms; nothing when there are no values."""
    if values:
        for label, share, target in (("p50", 50, p50), ("p95", 95, p95)):
            value = float(np.percentile(values, share))
            yield Figure(f"{name}, {label}", value, "ms", target, "most" if target is not None else "none")


def _share(name: str, some: int, of: int, target: float | None = None, want: str = "none") -> Iterator[Figure]:
    """Per cent; nothing when there are none to take a share of."""
    if of:
        yield Figure(name, 100 * some / of, f"% of {of}", target, want)  # type: ignore[arg-type]
