from __future__ import annotations

import gc

import pytest

from callwright.errors import WireError
from callwright.telephony.sip.fields import host_text, mask, parse_address, parse_uri, parse_via, split_list
from callwright.telephony.sip.wire import MAX_BYTES, Request, Response, encode, parse

HEAD = (
    b"Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKx;rport\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\n"
    b"Call-ID: id\r\nCSeq: 1 OPTIONS\r\n"
)


def options(extra: bytes = b"", body: bytes = b"") -> Request:
    message = parse(b"OPTIONS sip:c@d SIP/2.0\r\n" + HEAD + extra + b"\r\n" + body)
    assert isinstance(message, Request)
    return message


def test_compact_forms_are_expanded() -> None:
    data = (
        b"OPTIONS sip:c@d SIP/2.0\r\nv: SIP/2.0/UDP h;branch=z9hG4bKx\r\nf: <sip:a@b>;tag=1\r\nt: <sip:c@d>\r\n"
        b"i: id\r\nCSeq: 1 OPTIONS\r\nc: application/SDP;x=y\r\nl: 2\r\nm: <sip:x@y>\r\n\r\nabcd"
    )
    message = parse(data)
    assert isinstance(message, Request)
    assert message.fault is None
    assert (message.call_id, message.content_type, message.body) == ("id", "application/sdp", b"ab")
    assert message.contact[0].uri == "sip:x@y"


def test_what_is_written_reads_back() -> None:
    message = options(b"Subject: \xff\xe4\xb8\xad\r\n", b"hello")
    again = parse(encode(message))
    assert isinstance(again, Request)
    assert again.headers == (*message.headers, ("Content-Length", "5"))
    assert again.body == b"hello"


def test_no_content_length_takes_the_datagram() -> None:
    assert options(body=b"all of it").body == b"all of it"


@pytest.mark.parametrize(
    ("extra", "reason"),
    [
        (b"Content-Length: 1x\r\n", "Malformed Content-Length"),
        (b"Content-Length: 10\r\n", "Body Shorter Than Content-Length"),
        (b"Content-Length: 0\r\nContent-Length: 1\r\n", "Conflicting Content-Length"),
        (b"Call-ID: two\r\n", "More Than One Call-Id Header"),
        (b"Max-Forwards: many\r\n", "Malformed Max-Forwards"),
        (b"no colon here\r\n", "Malformed Header Line"),
        (b"X: " + b"a" * 9000 + b"\r\n", "Malformed Header Line"),
        (b"Contact: <sip:x\r\n", "Malformed Header: address is not valid"),
        (b"Content-Type: ;\r\n", "Malformed Header: Content-Type is not valid"),
    ],
)
def test_faults_that_can_be_answered(extra: bytes, reason: str) -> None:
    fault = options(extra).fault
    assert fault is not None
    assert (fault.code, fault.reason) == (400, reason)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"hello",
        b"\x80" * 200,
        b"SIP/2.0 abc OK\r\n\r\n",
        b"SIP/2.0 200 OK\r\n\r\n",
        b"OPTIONS sip:c@d SIP/2.0\r\n\r\n",
        b"OP TIONS sip:c@d SIP/2\r\n" + HEAD + b"\r\n",
        b"O(PTIONS sip:c@d SIP/2.0\r\n" + HEAD + b"\r\n",
        b"SIP/2.0 200 OK\r\n" + HEAD,
        b"SIP/2.0 200 OK\r\n" + HEAD + b"Content-Length: 5\r\n\r\n",
        b"OPTIONS sip:c@d SIP/2.0\r\n" + HEAD + b"a: b\r\n" * 400 + b"\r\n",
        b"O" * (MAX_BYTES + 1),
    ],
)
def test_garbage_is_a_wire_error(data: bytes) -> None:
    with pytest.raises(WireError):
        parse(data)


def test_header_injection_is_refused() -> None:
    with pytest.raises(WireError):
        encode(Response((("Via", "x\r\nEvil: 1"),), b"", 200, "OK"))


def test_uri() -> None:
    uri = parse_uri("SIP:+861;x=1@192.0.2.1:5070;LR;transport=udp")
    assert (uri.scheme, uri.user, uri.host, uri.port) == ("sip", "+861;x=1", "192.0.2.1", 5070)
    assert uri.has("lr")
    assert uri.address == ("192.0.2.1", 5070)
    assert parse_uri("sip:a@[2001:db8::1]").address == ("2001:db8::1", 5060)
    assert parse_uri("sip:a@example.com").address is None
    assert parse_uri("tel:+861390").user == "+861390"
    assert parse_uri("sip:a@b;self=1").has("self")
    for bad in ("", "sip:", "http://x", "sip:a@b:99999", "sip:a@" + "b" * 9000):
        with pytest.raises(WireError):
            parse_uri(bad)


@pytest.mark.timeout(5)
def test_long_numbers_take_no_time() -> None:
    for _ in range(50):
        with pytest.raises(WireError):
            parse_uri("tel:+" + "1" * 8000 + "!")
        with pytest.raises(WireError):
            parse_address("<tel:" + "1" * 8000 + "!>")


def test_addresses() -> None:
    assert parse_address('"a, <b> \\" c" <sip:x@y;lr?h=v>;tag=t').uri == "sip:x@y;lr?h=v"
    assert parse_address("sip:x@y;tag=t").tag == "t"
    assert parse_address("<http://www.example.com>;Tag=3").tag == "3"
    with pytest.raises(WireError):
        parse_address("<>")


def test_via() -> None:
    via = parse_via("SIP/2.0/UDP [2001:db8::9]:5061;BRANCH=z9hG4bKa;rport")
    assert (via.host, via.port, via.branch, via.rport) == ("2001:db8::9", 5061, "z9hG4bKa", True)
    assert parse_via("SIP/2.0/UDP h").branch == ""


def test_lists() -> None:
    assert split_list('"a,b" <sip:c,d@e>, f,,g') == ['"a,b" <sip:c,d@e>', "f", "g"]
    assert split_list('"a\\",b"') == ['"a\\",b"']


def test_masking() -> None:
    assert mask("INVITE sip:+8613900000001@h SIP/2.0") == "INVITE sip:************01@h SIP/2.0"
    assert mask("INVITE tel:+861390 SIP/2.0") == "INVITE tel:*****90 SIP/2.0"
    assert mask("OPTIONS sip:example.com SIP/2.0") == "OPTIONS sip:example.com SIP/2.0"
    assert host_text("::1") == "[::1]"


def test_malformed_messages_leave_nothing_behind() -> None:
    """The grammars of sipmessage raise one exception object over and over: no frame may stay in it."""
    bad = b"OPTIONS sip:c@d SIP/2.0\r\n" + HEAD + b"Content-Type: ;;\r\n\r\n"

    def requests() -> int:
        gc.collect()
        return sum(isinstance(thing, Request) for thing in gc.get_objects())

    before = requests()
    for _ in range(20):
        message = parse(bad)
        assert isinstance(message, Request)
        assert message.fault is not None
    del message
    assert requests() <= before


def test_a_via_of_nothing_but_commas() -> None:
    rest = (
        b"\r\nVia: ,,\r\nFrom: <sip:a@b.example>;tag=1\r\nTo: <sip:a@b.example>\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\n\r\n"
    )
    request = parse(b"INVITE sip:a@b.example SIP/2.0" + rest)
    assert isinstance(request, Request)
    assert request.fault is not None
    assert request.fault.code == 400
    with pytest.raises(WireError):
        parse(b"SIP/2.0 200 OK" + rest)
