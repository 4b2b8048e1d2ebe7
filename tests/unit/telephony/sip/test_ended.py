"""What is left of a call that has ended: enough for what may still come in, and little else."""

from __future__ import annotations

import gc
import tracemalloc
import weakref

from callwright.testing.sip_peer import LOCAL, SDP, Bench, answer, codes, end, methods

CALLS = 200


def test_a_repeated_bye_is_answered_as_before() -> None:
    bench = Bench()
    _, to = bench.answered()
    first = bench.ask("BYE", 2, to=to)
    bench.branches -= 1  # the very same transaction
    again = bench.ask("BYE", 2, to=to)
    assert codes(first) == codes(again) == [200]
    assert again == first
    assert end(bench) == ("bye", "peer")


def test_a_repeated_invite_of_a_refused_call_is_refused_again() -> None:
    bench = Bench()
    call = bench.offered()
    call.reject(bench.now, 486)
    assert codes(bench.out()) == [486]
    bench.branches -= 1
    assert codes(bench.ask("INVITE", body=SDP)) == [486]


def test_a_second_fork_that_answers_after_the_end_is_hung_up() -> None:
    bench = Bench()
    call, invite = bench.place()
    bench.say(answer(invite, 200, SDP, "one"))
    call.hang_up(bench.now)
    bye = bench.out()[0]
    bench.say(answer(bye, 200, tag="one"))
    assert call.state == "ended"
    assert methods(bench.say(answer(invite, 200, SDP, "two"))) == ["ACK", "BYE"]


def test_the_ladder_goes_with_whoever_holds_it() -> None:
    bench = Bench()
    call, to = bench.answered()
    held, seen = call.ladder, weakref.ref(call.ladder)
    bench.ask("BYE", 2, to=to)
    assert [rung.line.split()[0] for rung in held][-2:] == ["BYE", "SIP/2.0"]
    del held
    assert seen() is None
    assert list(call.ladder) == []


def test_a_thousand_of_them_are_no_burden() -> None:
    """They are remembered for 32 s: what each holds is what a busy line grows by."""
    bench = Bench()

    def calls(first: int) -> None:
        for number in range(first, first + CALLS):
            call = bench.offered(call_id=f"c{number}")
            call.answer(bench.now, LOCAL)
            to = bench.out()[0].get("to")
            bench.ask("ACK", to=to, call_id=f"c{number}")
            bench.ask("BYE", 2, to=to, call_id=f"c{number}")
        bench.events.clear()
        bench.calls.clear()

    calls(0)
    tracemalloc.start()
    try:
        calls(CALLS)
        held = tracemalloc.get_traced_memory()[0] / CALLS
    finally:
        tracemalloc.stop()
    assert held < 12_000, f"{held:.0f} bytes a call"
    bench.at(33_000)
    assert bench.agent.idle


def test_it_goes_without_garbage_collection() -> None:
    bench = Bench()
    gc.disable()
    try:
        call, to = bench.answered()
        bench.ask("BYE", 2, to=to)
        seen = weakref.ref(call)
        del call
        bench.events.clear()
        bench.calls.clear()
        bench.at(33_000)
        assert seen() is None
    finally:
        gc.enable()
