"""An INVITE over several targets (RFC 3263 section 4.3): nobody is rung twice, whatever the targets do and however late they speak."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from callwright.telephony.port import LegAnswered, LegEnded, LegRinging
from callwright.telephony.sip.agent import Agent
from callwright.telephony.sip.hops import Hop
from callwright.telephony.sip.wire import Request, Response, encode, parse
from callwright.testing.network import seeded_agent
from callwright.testing.sip_peer import LOCAL, SDP, US, answer

HOPS = [Hop("192.0.2.2", 5060), Hop("192.0.2.3", 5060), Hop("192.0.2.4", 5062)]
STEP, END = 100, 40_000
NEVER = END

# What a target says, and when: (ms after its INVITE, code), up to the first final answer. Nothing = silence.
PLANS = st.lists(
    st.tuples(st.integers(0, 3_000), st.sampled_from([100, 180, 183, 200, 200, 486, 503, 503, 500, 408])), max_size=3
)


class Target:
    """One target of the test's network. Answers CANCEL and BYE as it should."""

    def __init__(self, agent: Agent, hop: Hop, plan: list[tuple[int, int]]) -> None:
        self.agent, self.hop, self.plan = agent, hop, sorted(plan)
        self.invite: Request | None = None
        self.began = self.spoke = self.rang = NEVER
        self.answered = self.over = self.cancelled = self.bye = self.acked = False

    def take(self, message: Request, now: int) -> None:
        if message.method == "INVITE" and self.invite is None:
            self.invite, self.began = message, now
        elif message.method == "CANCEL":
            self.cancelled = True
            self.say(answer(message, 200), now)
            if not self.over:
                self.reply(487, now)
        elif message.method == "BYE":
            self.bye = True
            self.say(answer(message, 200), now)
        elif message.method == "ACK":
            self.acked = True

    def run(self, now: int) -> None:
        while self.invite is not None and self.plan and self.began + self.plan[0][0] <= now and not self.over:
            self.reply(self.plan.pop(0)[1], now)

    def reply(self, code: int, now: int) -> None:
        assert self.invite is not None
        self.over, self.answered = code >= 200, code == 200
        self.spoke = min(self.spoke, now)
        if code in (180, 183, 200):
            self.rang = min(self.rang, now)
        made = answer(self.invite, code, SDP if code == 200 else "", tag=self.hop.host)
        kept = tuple(item for item in made.headers if item[0] != "Contact")
        self.say(replace(made, headers=(*kept, ("Contact", f"<sip:{self.hop.host}:{self.hop.port}>"))), now)

    def say(self, response: Response, now: int) -> None:
        self.agent.receive(encode(response), self.hop, now)


def carry(agent: Agent, targets: dict[Hop, Target], now: int) -> None:
    while datagrams := agent.datagrams():
        for datagram in datagrams:
            message = parse(datagram.data)
            assert isinstance(message, Request)
            targets[Hop(*datagram.to)].take(message, now)


@settings(max_examples=80, deadline=None)
@given(st.lists(PLANS, min_size=1, max_size=3), st.none() | st.integers(0, 60).map(lambda n: n * STEP))
def test_nobody_is_rung_twice(plans: list[list[tuple[int, int]]], hang_up_at: int | None) -> None:
    agent = seeded_agent(US, 7)
    targets = {hop: Target(agent, hop, plan) for hop, plan in zip(HOPS, plans, strict=False)}
    first, *others = targets
    call = agent.place("id@h", "sip:200@192.0.2.2", "+8610", first, LOCAL, 0, others=others, no_reply_ms=1_000)
    events: list[object] = []
    for now in range(0, END, STEP):
        if now == hang_up_at:
            call.hang_up(now)
        agent.handle_timer(now)
        carry(agent, targets, now)
        for target in targets.values():
            target.run(now)
            carry(agent, targets, now)
        events += [event for _, event in agent.events()]
        if agent.idle:
            break

    tried = [target for target in targets.values() if target.invite is not None]
    for at, later in enumerate(tried[1:], 1):
        assert all(earlier.rang >= later.began for earlier in tried[:at])  # nobody had been rung when it went on
    assert all(target.cancelled or target.over for target in tried[:-1] if target.spoke < NEVER)
    assert (
        sum(target.answered and not target.bye for target in tried) <= 1
    )  # one answer stands, every other one was hung up
    assert all(target.acked for target in tried if target.answered)
    assert sum(isinstance(event, LegAnswered) for event in events) <= 1
    assert sum(isinstance(event, LegRinging) for event in events) <= 1
    up = sum(target.answered and not target.bye for target in tried)
    assert sum(isinstance(event, LegEnded) for event in events) == 1 - up
    invites = [target.invite for target in tried if target.invite is not None]
    assert len({invite.via[0].branch for invite in invites}) == len(invites)
    assert len({(invite.call_id, invite.get("cseq"), invite.from_.tag) for invite in invites}) == 1


def test_silence_on_every_target_ends_the_call() -> None:
    agent = seeded_agent(US, 7)
    agent.place("id@h", "sip:200@192.0.2.2", "+8610", HOPS[0], LOCAL, 0, others=HOPS[1:], no_reply_ms=1_000)
    sent: dict[tuple[str, int], list[int]] = {}
    for now in range(0, 10_000, 50):
        agent.handle_timer(now)
        for datagram in agent.datagrams():
            sent.setdefault(datagram.to, []).append(now)
    assert [(at[0], len(at)) for at in sent.values()] == [
        (0, 2),
        (1_000, 2),
        (2_000, 2),
    ]  # nothing is sent again afterwards
    ends = [event for _, event in agent.events() if isinstance(event, LegEnded)]
    assert [(end.at_ms, end.cause, end.by) for end in ends] == [(3_000, "timeout", "network")]
    assert not agent.waiting
