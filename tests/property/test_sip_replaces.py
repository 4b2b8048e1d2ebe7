"""A call that somebody else takes over, over a bad network: its owner sees one call with one end, and nothing is left behind."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from callwright.errors import WireError
from callwright.telephony.port import LegAnswered, LegEnded
from callwright.telephony.sip.agent import Agent
from callwright.telephony.sip.call import Call, CallEvent, CallOffered, Replaced
from callwright.telephony.sip.fields import split_headers, with_headers
from callwright.telephony.sip.incoming import IncomingCall
from callwright.telephony.sip.replaces import Replaces, parse_replaces
from callwright.telephony.sip.sdp import LocalMedia
from callwright.testing.network import LossyNetwork, seeded_agent

FIRST, US, THIRD = "192.0.2.1", "192.0.2.2", "192.0.2.3"
TOKEN = st.text("abcXYZ019-.!%*_+`'~", min_size=1, max_size=20)


class Takeover:
    """FIRST calls us (or we call FIRST), THIRD takes its place after `at_ms`; we hang up 20 s after the answer."""

    def __init__(self, seed: int, bad: float, at_ms: int, ours: bool, hang_ms: int) -> None:
        self.network = LossyNetwork(seed=seed, loss=bad, duplication=bad, reordering=bad)
        self.first, self.us, self.third = (seeded_agent(host, seed + at) for at, host in enumerate((FIRST, US, THIRD)))
        self.network.join(self.first, self.us, self.third)
        self.owned: Call | None = None
        self.hang_ms = hang_ms
        self.events: list[CallEvent] = []
        self.network.on_event(self.listen)
        caller, host = (self.us, FIRST) if ours else (self.first, US)
        here = caller.identity.host
        call = caller.place("a@b", f"sip:200@{host}", "+8610", (host, 5060), LocalMedia(here, 6000), 0)
        self.owned = call if ours else None
        self.us.timers.set("take over", at_ms, self.take_over)

    def listen(self, agent: Agent, call: Call, event: CallEvent, now: int) -> None:
        if isinstance(event, CallOffered) and isinstance(call, IncomingCall):
            call.ring(now)
            call.answer(now, LocalMedia(agent.identity.host, 7000))
            if agent is self.us and self.owned is None:
                self.owned = call
        if call is not self.owned:
            return
        self.events.append(event)
        if isinstance(event, Replaced):
            self.owned = event.by
        if isinstance(event, LegAnswered):
            self.us.timers.set("hang", now + self.hang_ms, self.hang_up)

    def hang_up(self, now: int) -> None:
        assert self.owned is not None
        self.owned.hang_up(now)

    def take_over(self, now: int) -> None:
        call = self.owned
        if call is None or call.dialog is None:
            return
        value = Replaces(call.call_id, call.local_tag, call.dialog.remote_tag)
        media = LocalMedia(THIRD, 8000)
        extra = (("Replaces", str(value)),)
        self.third.place("c@d", f"sip:robot@{US}", "+8610", (US, 5060), media, now, extra=extra)

    def run(self) -> None:
        self.network.run(limit_ms=2_000_000)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 10_000), st.sampled_from([0.0, 0.1]), st.integers(50, 8_000), st.booleans(), st.integers(0, 9_000)
)
def test_one_end_and_nothing_left(seed: int, bad: float, at_ms: int, ours: bool, hang_ms: int) -> None:
    scene = Takeover(seed, bad, at_ms, ours, hang_ms)
    scene.run()
    assert sum(isinstance(event, LegEnded) for event in scene.events) == (1 if scene.owned else 0)
    assert sum(isinstance(event, LegAnswered) for event in scene.events) <= 1
    assert sum(isinstance(event, Replaced) for event in scene.events) <= 1
    if scene.events:
        assert isinstance(scene.events[-1], LegEnded)
    assert all(agent.idle for agent in (scene.first, scene.us, scene.third))
    for agent in (FIRST, THIRD):
        ended = [event for _, host, event in scene.network.log if host == agent and isinstance(event, LegEnded)]
        assert len(ended) <= 1


@given(TOKEN, TOKEN, TOKEN, st.booleans())
def test_values_survive_header_and_uri(call_id: str, to_tag: str, from_tag: str, early: bool) -> None:
    wanted = Replaces(call_id, to_tag, from_tag, early)
    assert parse_replaces(str(wanted)) == wanted
    uri, headers = split_headers(with_headers("sip:a@b;x=y", (("Replaces", str(wanted)), ("Require", "replaces"))))
    assert uri == "sip:a@b;x=y"
    assert parse_replaces(headers[0][1]) == wanted
    assert headers[1] == ("Require", "replaces")


@given(st.text(st.characters(codec="utf-8"), max_size=80))
def test_anything_is_read_or_refused(text: str) -> None:
    try:
        value = parse_replaces(text)
    except WireError:
        return
    assert parse_replaces(str(value)) == value
    assert not set("\r\n;, ") & set(value.to_tag + value.from_tag)
