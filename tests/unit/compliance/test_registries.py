"""What a line of a registry means, how far a copy reaches, and which rules ask for it."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callwright.compliance.cases import harmless
from callwright.compliance.facts import RegistryFacts
from callwright.compliance.pack_file import load_packs
from callwright.compliance.registries import Entry, Kind, area_in, area_of, country_of, entries, number_in, reaches
from callwright.compliance.registry_rules import Asking, asked, asking_for, fresh_until
from callwright.compliance.rules.dnc import Dnc, DncParams
from callwright.errors import InputError, Problem

NOW = datetime(2026, 11, 26, 4, 0, tzinfo=UTC)


def read(text: str | Iterable[str], kind: Kind = "full", country: str = "US") -> list[Entry | tuple[str, int]]:
    lines = io.StringIO(text) if isinstance(text, str) else text
    return [
        one if isinstance(one, Entry) else (one.code, one.place.line) for one in entries(lines, "f", country, kind)
    ]  # fmt: skip


# ------------------------------------------------------------ numbers


@pytest.mark.parametrize(
    ("country", "text", "number"),
    [
        ("US", "2125550123", "+12125550123"),
        ("US", "12125550123", "+12125550123"),
        ("US", "(212) 555-0123", "+12125550123"),
        ("US", "+1 212 555 0123", "+12125550123"),
        ("CA", "4165550123", "+14165550123"),
        ("US", "5550123", None),
        ("US", "1125550123", None),
        ("US", "2121550123", None),
        ("US", "+442079460000", None),
        ("GB", "020 7946 0000", "+442079460000"),
        ("GB", "07700 900123", "+447700900123"),
        ("GB", "447700900123", "+447700900123"),
        ("GB", "0044 7700 900123", "+447700900123"),
        ("GB", "7700900123", "+447700900123"),
        ("GB", "07700", None),
        ("AU", "0412345678", "+61412345678"),
        ("AU", "61412345678", "+61412345678"),
        ("AU", "412345678", "+61412345678"),
        ("AU", "+12125550123", None),
        ("FR", "01 42 34 56 78", "+33142345678"),
        ("DE", "030 123456", "+4930123456"),
        ("DE", "+442079460000", None),
        ("CN", "13900000001", "+8613900000001"),
        ("US", "", None),
        ("US", "２１２５５５０１２３", None),
    ],
)
def test_numbers_as_registries_write_them(country: str, text: str, number: str | None) -> None:
    assert number_in(text, country) == number


@given(st.from_regex(r"[2-9][0-9]{2}[2-9][0-9]{6}", fullmatch=True))
def test_an_american_number_is_the_same_in_every_shape(digits: str) -> None:
    shapes = (
        digits, f"1{digits}", f"+1{digits}", f"({digits[:3]}) {digits[3:6]}-{digits[6:]}", f"{digits[:3]},{digits[3:]}",
        f'"{digits[:3]}","{digits[3:]}"', f"{digits[:3]}\t{digits[3:]}", f"001{digits}",
    )  # fmt: skip
    for shape in shapes:
        assert read(f"{shape}\r\n") == [Entry(f"+1{digits}", True)], shape


@given(st.text(max_size=60), st.sampled_from(["full", "change", "checked"]), st.sampled_from(["US", "GB", "AU", "DE"]))
def test_nothing_in_a_file_makes_reading_fail(text: str, kind: Kind, country: str) -> None:
    for one in entries(io.StringIO(text), "f", country, kind):
        assert isinstance(one, Problem) or number_in(one.number, country) == one.number


@pytest.mark.parametrize(
    ("name", "country"), [("us-national-dnc", "US"), ("uk-tps", "GB"), ("us-tx", "US"), ("fr-bloctel", "FR")]
)
def test_a_registry_says_its_country(name: str, country: str) -> None:
    assert country_of(name) == country


@pytest.mark.parametrize("name", ["", "us", "us-", "US-dnc", "usdnc", "us-" + "x" * 70, "us-d c"])
def test_names_that_are_none(name: str) -> None:
    with pytest.raises(InputError, match="no name of a registry"):
        country_of(name)


def test_areas() -> None:
    assert [area_of(text, "US") for text in ("212", "+1212", "1 212")] == ["+1212"] * 3
    assert area_of("020", "GB") == "+4420"
    assert area_of("+49", "DE") == "+49"
    for text in ("+44", "x"):
        with pytest.raises(InputError, match="area code"):
            area_of(text, "US")
    assert reaches((), "+12125550123") and reaches(("+1305", "+1212"), "+12125550123")
    assert not reaches(("+1305",), "+12125550123")
    assert (area_in("+12125550123"), area_in("+442079460000")) == ("+1212", "")


# ------------------------------------------------------------ lines


def test_headers_name_the_columns() -> None:
    first, second = Entry("+12125550123", True), Entry("+13055550199", False)
    assert read("Area Code,Phone Number\n212,5550123\n") == [first]
    assert read("date;phone\n2026-11-01;2125550123\n") == [first]
    assert read("phone,date,change\n2125550123,2026-11-01,A\n3055550199,2026-11-01,D\n", "change") == [first, second]
    assert read("status,number\nRegistered,2125550123\nNOT_REGISTERED,3055550199\n", "checked") == [first, second]
    assert read("\ufeff号码\n2125550123\n") == [first]
    assert read("number,status\n", "checked") == []


def test_without_a_header() -> None:
    assert read("212,5550123,2026-11-01T00:00:00,A\n305,5550199,2026-11-01T00:00:00,D\n", "change") == [
        Entry("+12125550123", True), Entry("+13055550199", False),
    ]  # fmt: skip
    assert read("2125550123,Y\n3055550199,n\n", "checked") == [
        Entry("+12125550123", True),
        Entry("+13055550199", False),
    ]
    assert read("\n  \n2125550123\n\x1a") == [Entry("+12125550123", True)], "DOS ends a text with Ctrl-Z"


def test_what_cannot_be_read_is_told_by_its_line() -> None:
    assert read("2125550123\nhello\n\n555\n") == [Entry("+12125550123", True), ("number", 2), ("number", 4)]
    assert read("2125550123\n2125550124,X\n", "change") == [("change", 1), ("change", 2)]
    assert read("2125550123,maybe\n", "checked") == [("answer", 1)]
    assert read("area code,phone\n212\n") == [("number", 2)]
    assert read("2" * 1001) == [("line", 1)]

    def broken() -> Iterable[str]:
        yield "2125550123\n"
        b"\xff".decode()

    assert read(broken()) == [Entry("+12125550123", True), ("encoding", 2)]
    (outside,) = entries(["2125550123"], "f", "US", "full", ("+1305",))
    assert isinstance(outside, Problem) and (outside.code, outside.place.line) == ("area", 1)


@given(st.lists(st.tuples(st.integers(0, 30), st.booleans()), min_size=1, max_size=60))
def test_every_line_of_a_change_is_told_in_order(changes: list[tuple[int, bool]]) -> None:
    text = "".join(f"212555{n:04},{'A' if added else 'D'}\n" for n, added in changes)
    assert read(text, "change") == [Entry(f"+1212555{n:04}", added) for n, added in changes]


# ------------------------------------------------------------ rules


def test_what_the_packs_ask_for() -> None:
    packs = load_packs()
    found = asked(packs)
    assert {name: {one.days for one in rules} for name, rules in found.items()} == {
        "au-dncr": {30}, "ca-dncl": {31}, "uk-ctps": {28}, "uk-tps": {28}, "us-national-dnc": {31},
    }  # fmt: skip
    assert asking_for(packs, "uk-tps") == [Asking("uk", "tps", "uk-tps", 28)]
    with pytest.raises(InputError, match="us-national-dnc"):
        asking_for(packs, "us-dnc")
    assert fresh_until(NOW, found["uk-tps"]) == NOW + timedelta(days=28)
    assert fresh_until(NOW, ()) is None


def test_the_finding_says_which_registry_and_how_to_mend_it() -> None:
    check = Dnc(DncParams(registry="us-national-dnc", max_age_days=31))
    facts = replace(harmless(NOW, "US", ("America/New_York",)), consents=())

    def look(*registries: RegistryFacts) -> tuple[str, str]:
        found = check.look(replace(facts, registries=registries or None), NOW)
        return found.outcome, found.detail

    assert look()[0] == "unknown"
    assert "`callwright registry import us-national-dnc FILE`" in look()[1]
    assert look(RegistryFacts("us-texas", False, NOW))[0] == "unknown", "another one says nothing"
    assert look(RegistryFacts("us-national-dnc", False, NOW - timedelta(days=31)))[0] == "ok"
    old = look(RegistryFacts("us-national-dnc", False, NOW - timedelta(days=31, minutes=1)))
    assert old[0] == "blocked" and "older than 31 days" in old[1] and "registry import us-national-dnc" in old[1]
    assert look(RegistryFacts("us-national-dnc", True, NOW)) == ("blocked", "the number stands in us-national-dnc")
