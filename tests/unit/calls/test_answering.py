"""A call that comes in: the same conversation, log and record as one that is placed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from callwright.errors import InputError, LineError
from callwright.testing.loopback import FakeIncomingLeg, Phone

if TYPE_CHECKING:
    from tests.unit.calls.conftest import Bench


async def agrees(phone: Phone) -> None:
    await phone.hears("Does that work")
    await phone.say("yes")


def test_whoever_calls_is_answered_greeted_and_understood(bench: Bench) -> None:
    record = bench.take(agrees)
    assert (record.disposition, record.direction, record.tags, record.faults) == ("completed", "in", ("confirmed",), ())
    assert (record.number, record.call_id, record.decision) == ("+1202***0123", "in-1", "")
    assert [line["kind"] for line in bench.log()][:3] == ["came_in", "connected", "recording"]
    assert bench.log()[0]["called"] == "+1202***0199"
    assert bench.log()[-1]["kind"] == "ended"
    assert bench.line.legs[0].answers == ["ring", "answer"]  # type: ignore[attr-defined]
    assert bench.replayed() == ()


def test_the_caller_is_greeted_at_once(bench: Bench) -> None:
    bench.take(agrees)
    assert bench.events("prompt")[0]["begun_ms"] < 400


def test_who_talks_at_length_first_is_no_machine(bench: Bench) -> None:
    async def talks(phone: Phone) -> None:
        await phone.say("good morning I got a letter from you", 5000)
        await agrees(phone)

    record = bench.take(talks)
    assert record.disposition == "completed"
    assert [line["verdict"] for line in bench.events("greeting")] == ["human"]


def test_an_opt_out_of_a_caller_is_kept_for_their_number(bench: Bench) -> None:
    async def leaves_me_alone(phone: Phone) -> None:
        await phone.hears("Does that work")
        await phone.say("stop calling me")

    record = bench.take(leaves_me_alone)
    assert (record.disposition, bench.outbox.numbers) == ("opted_out", {"+12025550123"})


@pytest.mark.parametrize(
    ("before", "cause"),
    [
        (lambda leg: leg.end("cancelled", "peer"), "cancelled"),
        (lambda leg: setattr(leg, "unanswerable", LineError("media: no port is free")), "rejected"),
    ],
    ids=["caller-gave-up", "no-port"],
)
def test_a_call_that_cannot_be_answered_ends_by_name(
    bench: Bench, before: Callable[[FakeIncomingLeg], None], cause: str
) -> None:
    record = bench.take(agrees, before)
    assert (record.answered, record.cause, record.recording) == (False, cause, "")
    assert len(record.faults) == 1


def test_a_missing_variable_leaves_the_leg_to_whoever_asked(bench: Bench) -> None:
    bench.variables = {}
    legs: list[FakeIncomingLeg] = []
    with pytest.raises(InputError, match="no value for name"):
        bench.take(agrees, legs.append)
    assert legs[0].answers == []
