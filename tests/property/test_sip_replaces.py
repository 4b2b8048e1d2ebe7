"""A call that somebody else takes over, over a bad network: its owner sees one call with one end, and nothing is left behind."""

from __future__ import annotations

import contextlib
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from callwright.errors import LineError, WireError
from callwright.telephony.port import LegAnswered, LegEnded
from callwright.telephony.sip.agent import Agent
from callwright.telephony.sip.call import Call
from callwright.telephony.sip.call_events import CallEvent, CallOffered, Replaced
from callwright.telephony.sip.fields import split_headers, with_headers
from callwright.telephony.sip.incoming import IncomingCall
from callwright.telephony.sip.replaces import Replaces, parse_replaces
from callwright.telephony.sip.sdp import LocalMedia
from callwright.telephony.sip.takeover import name_of
from callwright.telephony.sip.wire import Request, Response
from callwright.testing.network import LossyNetwork, seeded_agent
from callwright.testing.sip_peer import SDP, Bench, answer

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


# ---------------------------------------------------------------- anything else at the same time

ACTIONS = (
    "replace",
    "hold",
    "resume",
    "refer",
    "notify",
    "keys",
    "info",
    "reinvite",
    "update",
    "refer-in",
    "accept",
    "ack",
)
MORE = ("hang up", "bye", "200", "491", "time", "replace early-only", "replace without offer")
STEPS = st.lists(st.sampled_from((*ACTIONS, *MORE)), min_size=1, max_size=12)


class Scene:
    """A call that is up, and a peer that does this and that; replaced calls are followed."""

    def __init__(self, ours: bool) -> None:
        self.bench = Bench(takes_refer=True)
        if ours:
            call, invite = self.bench.place()
            self.sent = self.bench.say(answer(invite, 200, SDP))
            self.call: Call = call
        else:
            self.call, _ = self.bench.answered()
            self.sent = []
        self.count = 1
        self.ends = 0
        self.seen = 0

    def within(self, method: str, body: str = "", **headers: Any) -> None:
        dialog = self.call.dialog
        assert dialog is not None
        self.count += 1
        fields = {"from": dialog.remote, "call_id": dialog.call_id, **headers}
        self.collect(self.bench.ask(method, self.count, body, to=dialog.local, **fields))

    def collect(self, messages: list[Request | Response]) -> None:
        self.sent += messages
        events = list(zip(self.bench.calls, self.bench.events, strict=True))[self.seen :]
        self.seen = len(self.bench.events)
        for call, event in events:
            if isinstance(event, Replaced):
                self.call = event.by
            self.ends += isinstance(event, LegEnded) and call is self.call

    def acknowledge(self) -> None:
        accepted, dialog = self.call.acceptance, self.call.dialog
        if accepted is not None and dialog is not None:
            fields: dict[str, Any] = {"from": dialog.remote, "call_id": dialog.call_id}
            body = SDP if accepted.offering else ""
            self.collect(self.bench.ask("ACK", accepted.number, body, to=dialog.local, **fields))

    def replace(self, more: str = "", body: str = SDP) -> None:
        name = name_of(self.call)
        self.count += 1
        fields: dict[str, Any] = {"from": f"<sip:n@192.0.2.2>;tag=n{self.count}", "call_id": f"n{self.count}"}
        self.collect(self.bench.ask("INVITE", 1, body, replaces=f"{name}{more}", **fields))

    def reply(self, code: int) -> None:
        waiting = [message for message in self.sent if isinstance(message, Request) and message.method != "ACK"]
        body = SDP if code == 200 and waiting and waiting[-1].method == "INVITE" else ""
        if waiting:
            self.collect(self.bench.say(answer(waiting[-1], code, body)))

    def do(self, step: str) -> None:
        now, call = self.bench.now, self.call
        match step:
            case "replace":
                self.replace()
            case "replace early-only":
                self.replace(";early-only")
            case "replace without offer":
                self.replace(body="")
            case "hold" | "resume":
                call.change(now, "sendonly" if step == "hold" else "sendrecv")
            case "refer":
                with contextlib.suppress(LineError):
                    call.refer(now, "sip:+8610@192.0.2.9")
            case "keys":
                with contextlib.suppress(LineError):
                    call.keys.press("12", now)
            case "accept":
                if call.referral is not None:
                    call.referral.accept(now)
            case "ack":
                self.acknowledge()
            case "notify":
                fields = {"event": "refer", "content_type": "message/sipfrag"}
                self.within("NOTIFY", "SIP/2.0 200 OK", subscription_state="terminated", **fields)
            case "info":
                self.within("INFO", "Signal=1", content_type="application/dtmf-relay")
            case "reinvite" | "update":
                self.within("INVITE" if step == "reinvite" else "UPDATE", SDP)
            case "refer-in":
                self.within("REFER", refer_to="<sip:+8610@192.0.2.9?Replaces=a%3Bto-tag%3D1%3Bfrom-tag%3D2>")
            case "hang up":
                call.hang_up(now)
            case "bye":
                self.within("BYE")
            case "200" | "491":
                self.reply(int(step))
            case "time":
                self.collect(self.bench.at(now + 3_000))
        self.collect(self.bench.out())


@settings(max_examples=120, deadline=None)
@given(st.booleans(), STEPS)
def test_whatever_happens_meanwhile_its_owner_sees_one_end(ours: bool, steps: list[str]) -> None:
    scene = Scene(ours)
    for step in steps:
        scene.do(step)
        assert scene.ends <= 1
    scene.call.hang_up(scene.bench.now)
    scene.collect(scene.bench.out())
    for now in range(scene.bench.now, scene.bench.now + 400_000, 5_000):
        scene.collect(scene.bench.at(now))
    assert scene.ends == 1
    assert scene.bench.agent.live == 0
    assert scene.bench.agent.idle
