"""Who calls, as values; User-to-User both ways."""

from __future__ import annotations

from typing import Any

import pytest

from callwright.errors import LineError
from callwright.telephony.caller import Caller, Diversion, HistoryEntry, Party, Reason, UserToUser
from callwright.telephony.sip.caller import parse_user_to_user, user_to_user_header
from callwright.testing.sip_peer import Bench

ASSERTED = '"Bank" <sip:+861055550000@trunk.example;user=phone>, <tel:+861055550001;phone-context=x>'


def origin(trusted: bool = False, **headers: Any) -> Caller:
    bench = Bench(trusted=frozenset({"192.0.2.2"} if trusted else {"192.0.2.99"}))
    return bench.offered(**headers).origin


def test_what_the_caller_shows() -> None:
    shown: dict[str, Any] = {"from": '"Li \\"M\\" Wei" <sip:+8613900000001@192.0.2.2;user=phone>;tag=p'}
    who = origin(**shown)
    assert who.shown == Party("+8613900000001", 'Li "M" Wei', "sip:+8613900000001@192.0.2.2;user=phone")
    assert (who.number, who.withheld) == ("+8613900000001", False)
    assert who == Caller(who.shown)


def test_an_asserted_identity_counts_from_trusted_sources_only() -> None:
    headers: dict[str, Any] = {
        "p_asserted_identity": ASSERTED,
        "p_preferred_identity": "<sip:+1@h>",
        "privacy": "id;Critical",
    }
    assert origin(**headers).asserted == ()
    assert origin(**headers).number == "+8613900000001"
    who = origin(True, **headers)
    assert [party.number for party in who.asserted] == ["+861055550000", "+861055550001"]
    assert who.asserted[0].display == "Bank"
    assert who.number == "+861055550000"
    assert who.privacy == {"id", "critical"}
    assert who.withheld
    hidden: dict[str, Any] = {"from": '"Anonymous" <sip:anonymous@anonymous.invalid>;tag=p'}
    assert origin(**hidden).withheld


def test_by_what_way_it_came() -> None:
    who = origin(
        diversion='"Desk" <sip:+8610@h>;reason=user-busy;counter=2;privacy=full, <tel:+8611>;reason="no-answer", not an address, <sip:x@h>',
        history_info=(
            "<sip:+8612@h?Reason=SIP%3Bcause%3D302%3Btext%3D%22Moved%22&Privacy=history>;index=1, "
            "<sip:+8613@h>;index=1.1;mp=1, <sip:+8614@h?Reason=Q.850%3Bcause%3D17>;index=x"
        ),
    )
    assert who.diversions == (
        Diversion(Party("+8610", "Desk", "sip:+8610@h"), "user-busy", 2, True),
        Diversion(Party("+8611", "", "tel:+8611"), "no-answer"),
        Diversion(Party("x", "", "sip:x@h")),
    )
    assert who.history == (
        HistoryEntry(Party("+8612", "", "sip:+8612@h"), "1", (Reason("SIP", 302, "Moved"),), True),
        HistoryEntry(Party("+8613", "", "sip:+8613@h"), "1.1"),
        HistoryEntry(Party("+8614", "", "sip:+8614@h"), "", (Reason("Q.850", 17),)),
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("6869;encoding=hex", (UserToUser(b"hi"),)),
        ("6869", (UserToUser(b"hi"),)),
        (
            "04C81031;encoding=hex;purpose=isdn-uui;content=isdn-uui",
            (UserToUser(b"\x04\xc8\x101", "isdn-uui", "isdn-uui"),),
        ),
        ('"a;b,c";encoding=text, 68;Encoding=HEX', (UserToUser(b"a;b,c", encoding="text"), UserToUser(b"h"))),
        ("hello", (UserToUser(b"hello", encoding=""),)),
        ("686;encoding=hex", ()),
        ("xx;encoding=hex", ()),
        ("f" * 3_000, ()),
        ("\x00;encoding=hex", ()),
        ("", ()),
    ],
)
def test_user_to_user(text: str, expected: tuple[UserToUser, ...]) -> None:
    found = parse_user_to_user(text)
    assert found == expected
    assert all(parse_user_to_user(str(item)) == (item,) for item in found)
    if text.strip("\x00"):
        assert origin(user_to_user=text).user_to_user == expected


def test_user_to_user_of_ours() -> None:
    assert user_to_user_header("") == ()
    assert user_to_user_header("票 7") == (("User-to-User", "e7a5a82037;encoding=hex"),)
    assert user_to_user_header(b"\x00" * 128)
    with pytest.raises(LineError, match="128"):
        user_to_user_header(bytes(129))
