"""Tokens, passwords, second factors, lock-out and buckets: what needs no database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callwright.accounts import doors, lockout, totp
from callwright.accounts.doors import Kind
from callwright.accounts.limits import Buckets
from callwright.accounts.passwords import LONGEST, Hasher, problems_of
from callwright.accounts.sessions import source_prefix

NOW = datetime(2026, 11, 26, 4, 0, tzinfo=UTC)


@pytest.mark.parametrize("kind", Kind)
def test_what_was_minted_is_read_again_and_as_nothing_else(kind: Kind) -> None:
    door = doors.mint(kind, 7)
    assert doors.read(door.text, kind) == door
    assert door.text not in repr(door)
    assert len(door.hash) == 32
    for other in set(Kind) - {kind}:
        assert doors.read(door.text, other) is None
    for wrong in (door.text + "x", door.text[:-1], door.text.replace("_7_", "_07_"), "", door.text + "\n"):
        assert doors.read(wrong, kind) is None


@given(st.text(max_size=120))
def test_any_text_may_be_brought(text: str) -> None:
    for kind in Kind:
        found = doors.read(text, kind)
        assert found is None or found.text == text


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("short", "password-short"), ("elevenchars", "password-short"), ("x" * (LONGEST + 1), "password-long"),
        ("Password1234", "password-common"), ("QWERTYUIOP123", "password-common"), ("abcabcabcabc", "password-common"),
        ("aaaaaaaaaaaaaaa", "password-common"), ("0123456789012", "password-common"), ("abcdefghijklm", "password-common"),
        ("wangxiaoming1", "password-name"), ("callwright12", "password-name"), ("anna.schmidt@acme", "password-name"),
    ],
)  # fmt: skip
def test_passwords_that_are_not_taken(password: str, code: str) -> None:
    about = ("anna.schmidt@acme.example", "WangXiaoming")
    assert [problem.code for problem in problems_of(password, about)] == [code]


@pytest.mark.parametrize(
    "password",
    ["tulip ladder seven moss", "雨后山路没有人走过但是有猫", "correct-horse-was-stapled", "a" * 6 + "7fe!kq"],
)
def test_passwords_that_are(password: str) -> None:
    assert problems_of(password, ("anna@acme.example", "Anna")) == []


@pytest.mark.anyio
async def test_a_hash_fits_its_password_only() -> None:
    hasher = Hasher(memory_kib=64, rounds=1)
    kept = await hasher.make("tulip ladder seven moss")
    assert kept.startswith("$argon2id$")
    assert await hasher.fits(kept, "tulip ladder seven moss")
    assert not await hasher.fits(kept, "tulip ladder seven mos")
    assert not await hasher.fits("", "nobody's password at all")
    assert not await hasher.fits("no hash", "x")
    assert not hasher.outdated(kept)
    assert Hasher().outdated(kept)
    assert await hasher.fits(await hasher.make("ﬁ and 12 more"), "fi and 12 more")  # NFKC


def test_the_costs_are_those_of_rfc_9106() -> None:
    costs = Hasher()._hasher
    assert (costs.memory_cost, costs.time_cost, costs.type.name) == (65536, 3, "ID")


def test_a_code_is_taken_once_and_near_its_time() -> None:
    secret = b"12345678901234567890"
    assert totp.code_at(secret, datetime.fromtimestamp(59, UTC)) == "287082"  # RFC 6238, appendix B, last six digits
    code = totp.code_at(secret, NOW)
    step = totp.step_of(secret, code, NOW, 0)
    assert step == int(NOW.timestamp()) // 30
    assert totp.step_of(secret, f"{code[:3]} {code[3:]}", NOW + timedelta(seconds=30), 0) == step
    assert totp.step_of(secret, code, NOW, step) is None
    assert totp.step_of(secret, code, NOW + timedelta(seconds=90), 0) is None
    assert totp.step_of(secret, "", NOW, 0) is None
    assert totp.step_of(secret, "12345x", NOW, 0) is None


def test_an_authenticator_is_told_what_it_needs() -> None:
    shown, address = totp.enrolment(b"12345678901234567890", "anna@acme.example", "Acme & Co")
    assert address == (
        f"otpauth://totp/Acme%20%26%20Co%3Aanna%40acme.example?secret={shown}&issuer=Acme%20%26%20Co&digits=6&period=30"
    )
    assert "=" not in shown


def test_recovery_codes_are_long_enough_to_be_hashed_plainly() -> None:
    codes = totp.new_recovery_codes()
    assert len(set(codes)) == totp.RECOVERY_CODES
    assert all(len(code.replace("-", "")) * 4.95 > 112 for code in codes)  # log2 31 bits a letter
    assert totp.recovery_digest(codes[0].upper().replace("-", " ")) == totp.recovery_digest(codes[0])


@given(st.integers(0, 10_000))
def test_a_door_is_shut_longer_and_longer_but_never_for_good(failures: int) -> None:
    until = lockout.locked_until(failures, NOW)
    later = lockout.locked_until(failures + 1, NOW)
    if failures < lockout.FREE:
        assert until is None
    else:
        assert until is not None
        assert later is not None
        assert NOW < until <= later <= NOW + lockout.LONGEST


@given(st.lists(st.floats(0, 5), max_size=80))
def test_a_bucket_gives_no_more_than_burst_and_rate(waits: list[float]) -> None:
    buckets, now, given_out = Buckets(4, 0.5), 0.0, 0
    for asked, wait in enumerate(waits):
        now += wait
        left = buckets.take("a", now)
        given_out += left == 0
        assert given_out <= 4 + now * 0.5 + 1e-6
        if left:
            assert buckets.take(f"another {asked}", now) == 0
    assert buckets.take("a", now + 8) == 0


def test_buckets_forget_whoever_was_not_seen_for_longest() -> None:
    buckets = Buckets(1, 0.001, most=2)
    assert [buckets.take(key, 0) == 0 for key in ("a", "a", "b", "c", "a")] == [True, False, True, True, True]


@pytest.mark.parametrize(
    ("address", "prefix"),
    [("192.0.2.77", "192.0.2.0/24"), ("2001:db8:1:2::3", "2001:db8:1::/48"), ("::ffff:192.0.2.7", "192.0.2.0/24"), ("testclient", "")],
)  # fmt: skip
def test_of_an_address_only_its_net_is_kept(address: str, prefix: str) -> None:
    assert source_prefix(address) == prefix
