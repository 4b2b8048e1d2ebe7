"""The usual forms of SIP fields are read by one expression each; what it reads is what the grammars of sipmessage read."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callwright.errors import WireError
from callwright.telephony.sip import fields

DULL = "aZ09+-_.:;@<>=%\"' ?/[]&*!~"
HOSTS = st.sampled_from(
    ["192.0.2.1", "example.com", "a-b.example", "x1", "1x", "a.b2", "b--c.de", "999.1.1.1", "[2001:db8::1]", "a."]
)
PARAMETERS = st.lists(
    st.sampled_from(
        [
            ";lr",
            ";LR",
            ";transport=udp",
            ";transport=TCP",
            ";tag=1.a-b",
            ";branch=z9hG4bK-1",
            ";rport",
            ";rport=5",
            ";x=%41",
            ";q=",
            ";;",
        ]
    ),
    max_size=4,
).map("".join)
PORTS = st.sampled_from(["", ":5060", ":0", ":99999", ":", ":5060:1"])
USERS = st.sampled_from(["", "200@", "+8610@", "a.b_c@", "a%20b@", "a:b@", "a@b@", "*1#@"])
URIS = st.builds(
    lambda *parts: "".join(parts),
    st.sampled_from(["sip:", "sips:", "SIP:", "tel:", ""]),
    USERS,
    HOSTS,
    PORTS,
    PARAMETERS,
)
ADDRESSES = st.builds(
    lambda *parts: "".join(parts),
    st.sampled_from(["", '"A b" ', '"A"', "A ", '"A\\"', '"" ']),
    st.just("<"),
    URIS,
    st.just(">"),
    PARAMETERS,
)
VIAS = st.builds(
    lambda *parts: "".join(parts),
    st.sampled_from(["SIP/2.0/UDP ", "SIP/2.0/tcp ", "SIP / 2.0 / UDP ", "SIP/2.0/X-1 "]),
    HOSTS,
    PORTS,
    PARAMETERS,
)


class _Never:
    """In place of the expression for the usual form: nothing is usual."""

    def fullmatch(self, _text: str) -> None:
        return None


@pytest.mark.parametrize(
    ("read", "texts", "expressions"),
    [
        (fields.parse_uri, URIS, ("_PLAIN_URI",)),
        (fields.parse_address, ADDRESSES, ("_PLAIN_URI", "_PLAIN_ADDRESS")),
        (fields.parse_via, VIAS, ("_PLAIN_VIA",)),
    ],
    ids=["uri", "address", "via"],
)
def test_the_quick_way_and_the_grammar_agree(read, texts, expressions) -> None:  # type: ignore[no-untyped-def]
    @settings(max_examples=400, deadline=None)
    @given(st.one_of(texts, texts.flatmap(lambda text: st.text(DULL, max_size=3).map(lambda more: text + more))))
    def check(text: str) -> None:
        quick = _value(read, text)
        with pytest.MonkeyPatch.context() as patch:
            for name in expressions:
                patch.setattr(fields, name, _Never())
            assert quick == _value(read, text)

    check()


def _value(read, text: str) -> object:  # type: ignore[no-untyped-def]
    try:
        return read(text)
    except WireError:
        return "refused"
