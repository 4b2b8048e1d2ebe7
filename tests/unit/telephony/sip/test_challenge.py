from __future__ import annotations

import random
import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callwright.telephony.sip.challenge import Admitted, Asked, Gate, Ignored
from callwright.telephony.sip.digest import Challenge, Credentials, digest_response, parse_challenge
from callwright.telephony.sip.wire import Request
from callwright.testing.sip_peer import Bench, codes

SOURCE = "198.51.100.9"
URI = "sip:+861085550001@192.0.2.1:5060"


def gate() -> Gate:
    rng = random.Random(4)
    users = {"alice": Credentials("alice", "right")}
    return Gate(users, "192.0.2.1", b"k" * 32, lambda: f"{rng.getrandbits(64):016x}")


def invite(authorization: str = "", uri: str = URI) -> Request:
    headers = (("Authorization", authorization),) if authorization else ()
    return Request(headers, b"", "INVITE", uri)


def challenges(asked: Asked) -> list[Challenge]:
    found = [parse_challenge(value, False) for _, value in asked.headers]
    return [item for item in found if item is not None]


def ask(one: Gate, now_ms: int = 0, source: str = SOURCE) -> list[Challenge]:
    verdict = one.judge(invite(), source, now_ms)
    assert isinstance(verdict, Asked)
    return challenges(verdict)


def proof(
    challenge: Challenge, password: str = "right", user: str = "alice", nc: str = "00000001", uri: str = URI
) -> str:
    response = digest_response(challenge, Credentials(user, password), "INVITE", uri, nc, "abc")
    return (
        f'Digest username="{user}", realm="{challenge.realm}", nonce="{challenge.nonce}", uri="{uri}", response="{response}", '
        f'algorithm={challenge.algorithm}, qop=auth, nc={nc}, cnonce="abc"'
    )


def test_both_algorithms_are_offered_best_first_and_both_open() -> None:
    one = gate()
    offered = ask(one)
    assert [(item.algorithm, item.qop, item.stale) for item in offered] == [
        ("SHA-256", ("auth",), False),
        ("MD5", ("auth",), False),
    ]
    assert one.judge(invite(proof(offered[0])), SOURCE, 10) == Admitted("alice")
    assert one.judge(invite(proof(offered[1], nc="00000002")), SOURCE, 20) == Admitted("alice")


def test_a_nonce_count_is_good_once() -> None:
    one = gate()
    first = ask(one)[0]
    assert one.judge(invite(proof(first, nc="00000005")), SOURCE, 0) == Admitted("alice")
    for nc in ("00000005", "00000001"):
        again = one.judge(invite(proof(first, nc=nc)), SOURCE, 0)
        assert isinstance(again, Asked)
        assert challenges(again)[0].stale
    assert one.judge(invite(proof(first, nc="00000006")), SOURCE, 0) == Admitted("alice")


def test_an_old_nonce_is_stale_and_a_forged_one_is_wrong() -> None:
    one = gate()
    first = ask(one)[0]
    old = one.judge(invite(proof(first)), SOURCE, 120_001)
    assert isinstance(old, Asked)
    assert [item.stale for item in challenges(old)] == [True, True]
    forged = Challenge(False, first.realm, first.nonce[:-1] + ("0" if first.nonce[-1] != "0" else "1"), qop=("auth",))
    for nonce in (
        forged,
        Challenge(False, first.realm, "", qop=("auth",)),
        Challenge(False, first.realm, "ffff.x", qop=("auth",)),
    ):
        verdict = one.judge(invite(proof(nonce)), SOURCE, 0)
        assert isinstance(verdict, Asked)
        assert not challenges(verdict)[0].stale


@pytest.mark.parametrize(
    "spoil",
    [
        lambda value: value.replace("alice", "bob"),
        lambda value: re.sub(r'response="(.)', 'response="x', value),
        lambda value: value.replace("qop=auth, ", ""),
        lambda value: value.replace("nc=00000001", "nc=00000000"),
        lambda value: value.replace("nc=00000001", "nc=zz"),
        lambda value: value.replace("SHA-256", "SHA-512-256"),
        lambda value: value.replace("192.0.2.1:5060", "192.0.2.9:5060"),
        lambda value: value.replace("Digest", "Basic"),
        lambda value: "Digest nonsense",
    ],
)
def test_spoilt_proofs_are_asked_again(spoil: object) -> None:
    one = gate()
    value = spoil(proof(ask(one)[0]))  # type: ignore[operator]
    assert isinstance(one.judge(invite(value), SOURCE, 0), Asked)


def test_wrong_passwords_are_answered_with_growing_silence() -> None:
    one, now, waits = gate(), 0, []
    for _ in range(3):
        wrong = 0
        while not isinstance(one.judge(invite(proof(ask(one, now)[0], "wrong")), SOURCE, now), Ignored):
            wrong += 1
            now += 1
        assert wrong == 4
        begin = now
        while isinstance(one.judge(invite(), SOURCE, now), Ignored):
            now += 1_000
        waits.append(now - begin)
    assert waits == [30_000, 60_000, 120_000]
    assert isinstance(one.judge(invite(), "203.0.113.5", 0), Asked)  # others are not concerned


def test_who_only_asks_is_ignored_after_a_while() -> None:
    one = gate()
    verdicts = [one.judge(invite(), SOURCE, at) for at in range(60)]
    assert sum(isinstance(verdict, Asked) for verdict in verdicts) == 40
    assert isinstance(verdicts[-1], Ignored)


# ---------------------------------------------------------------- in the agent


def test_strangers_get_silence_by_default_and_a_challenge_without_our_name_where_there_are_users() -> None:
    bench = Bench(allow=frozenset({"203.0.113.1"}))
    assert bench.ask("INVITE") == []
    assert bench.ask("OPTIONS") == []
    bench.agent.gate = gate()
    bench.agent.gate_accounts = {"alice": bench.agent.account}
    answers = bench.ask("INVITE")
    assert codes(answers) == [401]
    assert "callwright" not in str(answers[0].headers).lower()
    for method in ("OPTIONS", "REGISTER", "BYE", "REFER", "MESSAGE"):
        assert bench.ask(method) == []
    assert bench.agent.idle  # nothing is kept for strangers


def test_a_caller_with_the_password_is_let_in() -> None:
    bench = Bench(allow=frozenset())
    bench.agent.gate = gate()
    bench.agent.gate_accounts = {"alice": bench.agent.account}
    asked = bench.ask("INVITE")[0]
    challenge = parse_challenge(asked.all("www-authenticate")[0], False)
    assert challenge is not None
    value = proof(challenge, uri="sip:robot@192.0.2.1")
    assert codes(bench.ask("INVITE", cseq=2, authorization=value)) == [100]
    assert codes(bench.ask("INVITE", cseq=3, call_id="c2", authorization=value)) == [401]  # used before


def test_a_trunk_without_room_says_so() -> None:
    bench = Bench()
    full = replace(bench.agent.account, name="full", room=lambda: False)
    bench.agent.admit = lambda source: full
    assert codes(bench.ask("OPTIONS")) == [503]
    refused = bench.ask("INVITE", cseq=2)
    assert codes(refused) == [503]
    assert refused[0].get("retry-after") == "5"


# ---------------------------------------------------------------- whatever comes


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["none", "right", "wrong", "again", "old", "nobody"]),
            st.integers(0, 20_000),
            st.sampled_from([SOURCE, "203.0.113.5"]),
        ),
        max_size=25,
    )
)
def test_only_the_right_password_opens_and_each_proof_once(steps: list[tuple[str, int, str]]) -> None:
    one, now, used = gate(), 0, set()
    held: list[Challenge] = []
    proofs: list[str] = []
    for what, later, source in steps:
        now += later
        challenge = held[-1] if held else None
        value = ""
        if challenge is not None and what in ("right", "wrong", "nobody"):
            value = proof(challenge, "right" if what != "wrong" else "guess", "nobody" if what == "nobody" else "alice")
        elif what == "again" and proofs:
            value = proofs[-1]
        elif what == "old" and held:
            value = proof(held[0])
        verdict = one.judge(invite(value), source, now)
        if isinstance(verdict, Admitted):
            assert what in ("right", "again", "old")
            assert value not in used
            used.add(value)
        elif isinstance(verdict, Asked):
            held.append(challenges(verdict)[0])
        if what == "right":
            proofs.append(value)
