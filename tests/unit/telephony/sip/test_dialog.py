from __future__ import annotations

from callwright.telephony.sip.dialog import Dialog
from callwright.telephony.sip.hops import Hop
from callwright.telephony.sip.wire import Headers, Request, Response

PEER = Hop("192.0.2.9", 5060)
BASE: Headers = (("From", "<sip:a@h>;tag=f"), ("To", "<sip:b@h>"), ("Call-ID", "i"), ("CSeq", "3 INVITE"))


def invite(*extra: tuple[str, str]) -> Request:
    return Request((*BASE, *extra), b"", "INVITE", "sip:b@192.0.2.2")


def ok(*extra: tuple[str, str]) -> Response:
    headers = tuple((name, f"{value};tag=t") if name == "To" else (name, value) for name, value in BASE)
    return Response((*headers, *extra), b"", 200, "OK")


def test_client_dialog_reverses_the_record_route() -> None:
    dialog = Dialog.as_client(
        invite(),
        ok(("Record-Route", "<sip:192.0.2.3;lr>, <sip:192.0.2.4;lr>"), ("Contact", "<sip:x@192.0.2.5:99>")),
        PEER,
    )
    bye = dialog.request("BYE", "SIP/2.0/UDP h", "<sip:me@h>")
    assert bye.uri == "sip:x@192.0.2.5:99"
    assert bye.all("route") == ["<sip:192.0.2.4;lr>", "<sip:192.0.2.3;lr>"]
    assert bye.cseq == (4, "BYE")
    assert bye.to.tag == "t"
    assert dialog.next_hop() == Hop("192.0.2.4", 5060)
    assert dialog.request("ACK", "v", "c", cseq=3).cseq == (3, "ACK")
    assert dialog.local_cseq == 4


def test_server_dialog_keeps_the_record_route() -> None:
    request = invite(("Record-Route", "<sip:p.example;lr>"), ("Contact", "<sip:x@y.example>"))
    dialog = Dialog.as_server(request, "mine", PEER)
    assert dialog.routes == ("<sip:p.example;lr>",)
    assert dialog.local == "<sip:b@h>;tag=mine"
    assert dialog.next_hop() == PEER._replace(name="p.example")  # to be looked up; else where it came from
    assert not dialog.in_order(request)


def test_target_without_or_with_a_bad_contact() -> None:
    dialog = Dialog.as_client(invite(), ok(), PEER)
    assert dialog.next_hop() == Hop("192.0.2.2", 5060)
    dialog.refresh_target(invite(("Contact", "<isbn:1>")))
    assert dialog.target == "sip:b@192.0.2.2"
    dialog.refresh_target(invite(("Contact", "<sip:new@192.0.2.7>")))
    assert dialog.target == "sip:new@192.0.2.7"


def test_an_unreadable_route_is_kept_but_not_followed() -> None:
    dialog = Dialog.as_client(invite(), ok(("Record-Route", "<http://p>")), PEER)
    assert dialog.next_hop() == PEER
    assert dialog.way()[1] == ("<http://p>",)
