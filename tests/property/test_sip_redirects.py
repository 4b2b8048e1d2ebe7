"""Whatever Contacts a row of 3xx names, only the permit's number is dialled, each place once, at most five of them."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from callwright.telephony.port import LegEnded
from callwright.telephony.sip.fields import Uri, parse_uri
from callwright.telephony.sip.orders import redirect_refusal
from callwright.telephony.sip.wire import Request, Response
from callwright.testing.sip_peer import LOCAL, PEER, Bench, answer
from callwright.testing.sipp import permit

NUMBER, OTHER = "+8613900000001", "+8613900000002"
PERMIT = permit()
USER = st.sampled_from((NUMBER, OTHER, "008613900000001", "8613900000001", "1234567+8613900000001", "", "robot"))
CONTACT = st.builds(
    "<{}:{}@192.0.2.{}{}>{}".format,
    st.sampled_from(("sip", "sip", "sip", "sips")),
    USER,
    st.integers(1, 12),
    st.sampled_from(("", ";transport=udp", ";transport=tcp", ":5070", ";maddr=192.0.2.99", "?Replaces=x&To=y")),
    st.sampled_from(("", ";q=0.1", ";q=1", ";q=7", ";q=x")),
)
STEP = st.tuples(st.sampled_from((300, 301, 302, 305, 380, 399, 404, 486, 503)), st.lists(CONTACT, max_size=4))


def judge(uri: Uri) -> str:
    return redirect_refusal(uri, PERMIT, "UDP")


@settings(max_examples=200, deadline=None)
@given(st.lists(STEP, max_size=9))
def test_only_the_permitted_number_is_dialled(steps: list[tuple[int, list[str]]]) -> None:
    bench = Bench()
    call = bench.agent.place("id@h", f"sip:{NUMBER}@192.0.2.2", "+8610", PEER, LOCAL, 0, judge=judge)
    invites = [message for message in bench.out() if isinstance(message, Request)]
    for code, contacts in steps:
        if call.state == "ended":
            break
        base = answer(invites[-1], code)
        headers = tuple(item for item in base.headers if item[0] != "Contact")
        with_contacts = (*headers, *(("Contact", contact) for contact in contacts))
        sent = bench.say(Response(with_contacts, b"", code, "x"))
        invites += [message for message in sent if isinstance(message, Request) and message.method == "INVITE"]
    places = [parse_uri(invite.uri) for invite in invites]
    assert all(uri.user.lstrip("0").lstrip("+") == NUMBER.lstrip("+") for uri in places)
    assert all(uri.scheme == "sip" and not uri.has("maddr") for uri in places)
    assert len({(uri.user, uri.host, uri.port, uri.parameters) for uri in places}) == len(places) <= 6
    assert [invite.cseq[0] for invite in invites] == list(range(1, len(invites) + 1))
    assert sum(isinstance(event, LegEnded) for event in bench.events) == (call.state == "ended")
