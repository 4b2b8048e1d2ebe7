"""Whatever stands in the headers of the extensions, an agent answers or ignores it: it never raises, and hangs nothing up twice."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from callwright.telephony.port import LegEnded
from callwright.telephony.sip.digest import Credentials
from callwright.telephony.sip.wire import Request
from callwright.testing.sip_peer import LOCAL, PEER, SDP, Bench, answer, codes

NAMES = (
    *("session_expires", "min_se", "supported", "require", "rseq", "rack", "refer_to", "referred_by", "event"),
    *("subscription_state", "retry_after", "min_expires", "expires", "allow", "www_authenticate", "proxy_authenticate"),
    *("replaces", "user_to_user", "diversion", "history_info", "p_asserted_identity", "privacy", "reason", "join"),
)
TEXT = st.one_of(
    st.sampled_from(
        (
            *("90", "0", "4294967296", "99999999999", "100;refresher=uac", "90;refresher=uas", "timer", "100rel"),
            *("7 1 INVITE", "<sip:a@192.0.2.9>", "<tel:+86>", "refer", "refer;id=2", "active;expires=5", "terminated"),
            *('Digest realm="r", nonce="n"', 'Digest realm="r", nonce="n", stale=true', "UPDATE, INVITE", ",,", "<"),
            *(
                "c1;to-tag=x;from-tag=p",
                "<sip:a@192.0.2.9?Replaces=c1%3Bto-tag%3Dx%3Bfrom-tag%3Dp&User-to-User=%0D%0A>",
            ),
            *(
                "6869;encoding=hex",
                "<sip:a@h?Reason=Q.850%3Bcause%3D16>;index=1",
                "Q.850;cause=16",
                '"a;encoding=hex',
                "id",
            ),
        )
    ),
    st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0"), max_size=30),
)
HEADERS = st.dictionaries(st.sampled_from(NAMES), TEXT, max_size=5)
SECRET = Credentials("robot", "secret")
METHODS = st.sampled_from(("UPDATE", "INVITE", "PRACK", "REFER", "NOTIFY", "INFO", "OPTIONS"))
BODY = st.sampled_from(("", SDP, "SIP/2.0 200 OK", "SIP/2.0 99", "x"))


def settle(bench: Bench) -> None:
    """Let time pass, and see that every call ended at most once."""
    for now in range(bench.now, bench.now + 200_000, 10_000):
        bench.at(now)
    for call in {id(call): call for call in bench.calls}.values():
        ends = [event for owner, event in zip(bench.calls, bench.events, strict=True) if owner is call]
        assert sum(isinstance(event, LegEnded) for event in ends) <= 1


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(METHODS, HEADERS, BODY), max_size=6))
def test_requests_within_a_call(requests: list[tuple[str, dict[str, Any], str]]) -> None:
    bench = Bench(takes_refer=True, credentials=SECRET)
    call, to = bench.answered()
    call.change(0, "sendonly")
    for number, (method, headers, body) in enumerate(requests):
        replies = codes(bench.ask(method, 2 + number, body, to=to, **headers))
        assert all(100 <= code <= 699 for code in replies)
        if call.referral is not None and number % 2:
            call.referral.accept(bench.now)
    settle(bench)


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from((180, 183, 200, 302, 401, 407, 422, 423, 491, 503)), HEADERS, BODY), max_size=6)
)
def test_answers_to_everything_we_send(answers: list[tuple[int, dict[str, Any], str]]) -> None:
    bench = Bench(credentials=SECRET)
    bench.place()
    bench.agent.register("robot", "example.org", PEER, 60, 0, lambda: None)
    waiting = [message for message in bench.out() if isinstance(message, Request)]
    bench.agent.place("two@h", "sip:200@192.0.2.2", "+8610", PEER, LOCAL, 0)
    waiting += [message for message in bench.out() if isinstance(message, Request)]
    for code, headers, body in answers:
        for request in waiting[-4:]:
            fields = {name: value for name, value in headers.items() if name != "supported"}
            sent = bench.say(answer(request, code, body, **fields))
            waiting += [message for message in sent if isinstance(message, Request) and message.method != "ACK"]
    settle(bench)


@settings(max_examples=60, deadline=None)
@given(HEADERS, BODY)
def test_an_invite_with_anything(headers: dict[str, Any], body: str) -> None:
    bench = Bench()
    replies = codes(bench.ask("INVITE", 1, body, **headers))
    assert replies
    for call in bench.calls:
        call.ring(0)  # type: ignore[attr-defined]
    settle(bench)
