"""Numbers: what they tell, and why a remembered beginning may stand for all numbers that begin with it."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import phonenumbers
import pytest
from phonenumbers import PhoneMetadata, geocoder
from phonenumbers.tzdata import TIMEZONE_DATA

from callwright.campaigns.numbers import _STATES as STATES
from callwright.campaigns.numbers import Identity, identify, look_up

parser: Any = import_module("re._parser")
KINDS = (
    "fixed_line", "mobile", "toll_free", "premium_rate", "shared_cost", "personal_number", "voip", "pager", "uan", "voicemail",
    "general_desc",
)  # fmt: skip


def test_what_a_number_tells() -> None:
    assert identify("138 0013-8000", "CN") == Identity("+8613800138000", "CN", "", "mobile", ("Asia/Shanghai",))
    assert identify("+1 (212) 555-0123") == Identity(
        "+12125550123", "US", "NY", "fixed_or_mobile", ("America/New_York",)
    )
    assert identify("+19025550123") == Identity("+19025550123", "CA", "NS/PE", "fixed_or_mobile", ("America/Halifax",))
    russian = identify("+7 495 123-45-67")
    assert russian is not None
    assert (russian.country, russian.line_type) == ("RU", "fixed")
    several = identify("+61491570156")
    assert several is not None
    assert len(several.zones) > 1


@pytest.mark.parametrize(
    "text", ["", "hello", "12", "+8612345", "+1 202 555", "13800138000", "+12025550123 ext. 5", "+80012345678"]
)
def test_what_is_no_number_of_a_person(text: str) -> None:
    assert identify(text) is None


def test_a_beginning_stands_for_all_chinese_mobiles() -> None:
    chance = random.Random(1)
    for beginning in range(13_000, 20_000, 7):
        for tail in (chance.randrange(10**6), chance.randrange(10**6)):
            national = f"{beginning}{tail:06}"
            assert identify("+86" + national) == look_up("+86" + national)
            assert identify(national, "CN") == look_up(national, "CN")


def test_a_beginning_stands_for_all_numbers_of_the_north_american_plan() -> None:
    chance = random.Random(2)
    for area in STATES:
        for _ in range(6):
            national = f"{area}{chance.randrange(10**7):07}"
            assert identify("+1" + national) == look_up("+1" + national)
            assert identify(national, "US") == look_up(national, "US")


@pytest.mark.parametrize(("code", "length", "beginning"), [(86, 11, 5), (1, 10, 6)])
def test_the_plans_look_at_no_later_digit(code: int, length: int, beginning: int) -> None:
    """Every pattern of every country of the plan: behind the beginning it takes any digit."""
    seen = 0
    for region in phonenumbers.region_codes_for_country_code(code):
        metadata = PhoneMetadata.metadata_for_region(region)
        assert metadata is not None
        patterns = [getattr(metadata, kind).national_number_pattern for kind in KINDS if getattr(metadata, kind)]
        for pattern in filter(None, [*patterns, metadata.leading_digits]):
            for alternative in sequences(parser.parse(pattern)):
                if len(alternative) == length and ours(code, alternative):
                    seen += 1
                    assert all(digits == ANY for digits in alternative[beginning:]), (region, pattern, alternative)
    assert seen > 5
    assert max(len(prefix) for prefix in TIMEZONE_DATA if prefix.startswith(str(code))) <= len(str(code)) + beginning


ANY = frozenset("0123456789")


def ours(code: int, alternative: tuple[frozenset[str], ...]) -> bool:
    """Whether it takes a number that is found by its beginning."""
    begins = {"13", "14", "15", "16", "17", "18", "19"} if code == 86 else STATES.keys()
    return any(all(digit in digits for digit, digits in zip(begin, alternative, strict=False)) for begin in begins)


def sequences(parsed: Any) -> Iterator[tuple[frozenset[str], ...]]:
    """All ways through a pattern of digits, as the digits that may stand at each place; whole numbers only, ways of equal look once."""
    ways: set[tuple[frozenset[str], ...]] = {()}
    for step in parsed:
        ways = {way + more for way in ways for more in one(*step)}
    yield from ways


def one(kind: Any, value: Any) -> set[tuple[frozenset[str], ...]]:
    name = str(kind)
    if name == "LITERAL":
        return {(frozenset(chr(value)),)}
    if name == "IN":
        return {(frozenset().union(*(among(*item) for item in value)),)}
    if name == "SUBPATTERN":
        return set(sequences(value[-1]))
    if name == "BRANCH":
        return {way for branch in value[1] for way in sequences(branch)}
    if name == "MAX_REPEAT":
        least, most, inner = value
        found: set[tuple[frozenset[str], ...]] = set()
        for times in range(least, most + 1):
            ways: set[tuple[frozenset[str], ...]] = {()}
            for _ in range(times):
                ways = {way + more for way in ways for more in sequences(inner)}
            found |= ways
        return found
    raise AssertionError(f"a numbering plan uses {name}")


def among(kind: Any, value: Any) -> frozenset[str]:
    name = str(kind)
    if name == "LITERAL":
        return frozenset(chr(value))
    if name == "RANGE":
        return frozenset(chr(at) for at in range(value[0], value[1] + 1))
    assert (name, str(value)) == ("CATEGORY", "CATEGORY_DIGIT")
    return ANY


def test_states_are_those_of_the_geographic_data() -> None:
    """An area code that the data knows by a state's name, or by a city of it."""
    names = {"FL": "Florida", "TX": "Texas", "CA": "California", "NY": "New York", "WY": "Wyoming", "ON": "Ontario"}
    for state, name in names.items():
        found = 0
        for area in range(200, 1000):
            identity = identify(f"+1{area}5550123")
            if identity is None or identity.region != state:
                continue
            told = geocoder.description_for_number(phonenumbers.parse(identity.number), "en")
            assert not told or re.search(rf"{name}|, {state}$|/", told), (identity, told)
            found += 1
        assert found
