"""An agent against forks that follow a random script, beside a plain model of what must hold."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from callwright.telephony.port import LegEnded
from callwright.telephony.sip.wire import Request
from callwright.testing.sip_peer import SDP, Bench, answer, methods

TAGS = ("a", "b", "c")
PORTS = st.sampled_from((0, 5000, 5002, 5004))  # 0 = no description
STEP = st.tuples(st.sampled_from(TAGS), st.sampled_from((180, 183)), PORTS, st.booleans())


@dataclass
class Model:
    """early: where each fork wants audio; reliable: forks whose answer counts; audio: where it goes."""

    early: dict[str, int] = field(default_factory=dict)
    reliable: set[str] = field(default_factory=set)
    audio: int | None = None

    def speak(self, tag: str, port: int, reliably: bool) -> None:
        if port == 0:
            return
        if tag not in self.reliable:
            self.early[tag] = port
            self.reliable |= {tag} if reliably else set()
        self.audio = self.early[tag]


@settings(max_examples=200, deadline=None)
@given(st.lists(STEP, max_size=10), st.lists(st.tuples(st.sampled_from(TAGS), PORTS), min_size=1, max_size=3))
def test_every_fork_has_its_own_answer(steps: list[tuple[str, int, int, bool]], answers: list[tuple[str, int]]) -> None:
    bench, model = Bench(), Model()
    call, invite = bench.place()
    numbers: dict[str, int] = {}
    for tag, code, port, reliably in steps:
        numbers[tag] = numbers.get(tag, 40) + reliably
        more = {"require": "100rel", "rseq": str(numbers[tag])} if reliably else {}
        sent = bench.say(answer(invite, code, SDP.replace("5000", str(port)) if port else "", tag, **more))
        assert methods(sent) == (["PRACK"] if reliably else [])
        assert all(message.to.tag == tag for message in sent)
        model.speak(tag, port, reliably)
        assert (call.session.remote[1] if call.session else None) == model.audio
    heard: list[str] = []
    for tag, port in answers:
        sent = bench.say(answer(invite, 200, SDP.replace("5000", str(port)) if port else "", tag))
        assert all(isinstance(message, Request) and message.to.tag == tag for message in sent)
        early = model.early.get(tag)
        expected = early if tag in model.reliable or not port else port
        useless = not heard and expected is None
        further = bool(heard) and tag not in heard
        assert methods(sent) == (["ACK", "BYE"] if useless or further else ["ACK"])
        if not heard and expected is not None:
            assert call.session is not None
            assert call.session.remote[1] == expected
        heard.append(tag)
    assert sum(isinstance(event, LegEnded) for event in bench.events) == 0
