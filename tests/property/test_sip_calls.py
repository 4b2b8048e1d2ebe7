"""Whole calls between two agents over a bad network: every call ends once on both sides, and nothing is left behind."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from callwright.telephony.port import LegAnswered, LegEnded, LegRejected
from callwright.telephony.sip.agent import Agent
from callwright.telephony.sip.call import Call
from callwright.telephony.sip.call_events import CallEvent, CallOffered
from callwright.telephony.sip.incoming import IncomingCall
from callwright.telephony.sip.sdp import LocalMedia
from callwright.testing.network import LossyNetwork, seeded_agent

CALLER, CALLEE = "192.0.2.1", "192.0.2.2"


def run_call(seed: int, answer: str, hang: str, bad: float) -> tuple[LossyNetwork, Agent, Agent]:
    network = LossyNetwork(seed=seed, loss=bad, duplication=bad, reordering=bad)
    caller, callee = seeded_agent(CALLER, seed), seeded_agent(CALLEE, seed + 1)
    network.join(caller, callee)

    def listen(agent: Agent, call: Call, event: CallEvent, now: int) -> None:
        if isinstance(event, CallOffered) and isinstance(call, IncomingCall):
            call.ring(now)
            if answer == "answer":
                call.answer(now, LocalMedia(CALLEE, 7000))
            elif answer == "reject":
                call.reject(now, 486)
        if isinstance(event, LegAnswered) and ((hang == "caller") == (agent is caller)):
            agent.timers.set((call, "hang"), now + 5_000, call.hang_up)

    network.on_event(listen)
    caller.place(
        "a@b",
        f"sip:200@{CALLEE}",
        "+8610",
        (CALLEE, 5060),
        LocalMedia(CALLER, 6000),
        0,
        ring_ms=20_000,
        max_ms=60_000,
    )
    network.run(limit_ms=1_000_000)
    return network, caller, callee


def ends(network: LossyNetwork, host: str) -> list[LegEnded]:
    return [event for _, where, event in network.log if where == host and isinstance(event, LegEnded)]


def kinds(network: LossyNetwork, host: str) -> list[type[Any]]:
    return [type(event) for _, where, event in network.log if where == host]


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(["answer", "reject", "ring"]), st.sampled_from(["caller", "callee"]))
def test_every_call_ends_once_and_leaves_nothing(seed: int, answer: str, hang: str) -> None:
    network, caller, callee = run_call(seed, answer, hang, 0.1)
    assert len(ends(network, CALLER)) == 1
    assert kinds(network, CALLER)[-1] is LegEnded
    assert len(ends(network, CALLEE)) == kinds(network, CALLEE).count(CallOffered) <= 1
    assert caller.idle
    assert callee.idle
    end = ends(network, CALLER)[0]
    if answer == "answer":
        assert LegAnswered in kinds(network, CALLER)
        assert end.cause in ("bye", "timeout")
    elif answer == "reject":
        assert LegRejected in kinds(network, CALLER)
        assert end.cause == "rejected"
    else:
        assert end.cause == "no_answer"
        assert ends(network, CALLEE)[0].cause in ("cancelled", "no_answer")


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1_000), st.sampled_from(["caller", "callee"]))
def test_a_clean_network_needs_no_retransmission(seed: int, hang: str) -> None:
    network, _, _ = run_call(seed, "answer", hang, 0.0)
    lines = [data.split(b"\r\n")[0].split(b" ")[0] for _, _, _, data in network.carried]
    assert lines.count(b"INVITE") == lines.count(b"ACK") == lines.count(b"BYE") == 1
    assert ends(network, CALLER)[0].by == ("us" if hang == "caller" else "peer")


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_terrible_networks_end_every_call_too(seed: int) -> None:
    network, caller, callee = run_call(seed, "answer", "caller", 0.45)
    assert len(ends(network, CALLER)) == 1
    assert caller.idle
    assert callee.idle


@settings(max_examples=120, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    bad=st.sampled_from([0.0, 0.1, 0.3]),
    answer_at=st.integers(0, 3_000),
    caller_hangs_at=st.integers(0, 6_000),
    callee_hangs_at=st.integers(0, 6_000),
    ring_ms=st.integers(100, 4_000),
)
def test_hanging_up_at_any_moment_ends_both_sides_once(
    seed: int, bad: float, answer_at: int, caller_hangs_at: int, callee_hangs_at: int, ring_ms: int
) -> None:
    """CANCEL against 200, BYE against BYE, BYE before ACK: whatever crosses, both sides come to rest with one LegEnded."""
    network = LossyNetwork(seed=seed, loss=bad, duplication=bad, reordering=bad)
    caller, callee = seeded_agent(CALLER, seed), seeded_agent(CALLEE, seed + 1)
    network.join(caller, callee)
    answered: list[bool] = []

    def listen(agent: Agent, call: Call, event: CallEvent, now: int) -> None:
        if isinstance(event, CallOffered) and isinstance(call, IncomingCall):
            call.ring(now)

            def answer(at: int) -> None:
                if call.state == "offered":
                    answered.append(True)
                    call.answer(at, LocalMedia(CALLEE, 7000))

            agent.timers.set((call, "answer"), now + answer_at, answer)
            agent.timers.set((call, "hang"), now + callee_hangs_at, call.hang_up)

    network.on_event(listen)
    call = caller.place(
        "a@b", f"sip:200@{CALLEE}", "+8610", (CALLEE, 5060), LocalMedia(CALLER, 6000), 0, ring_ms=ring_ms
    )
    caller.timers.set("hang", caller_hangs_at, call.hang_up)
    network.run(limit_ms=1_000_000)
    assert len(ends(network, CALLER)) == 1
    assert len(ends(network, CALLEE)) == kinds(network, CALLEE).count(CallOffered)
    assert caller.idle
    assert callee.idle
    if bad == 0.0 and answered:
        assert ends(network, CALLEE)[0].cause == "bye"
