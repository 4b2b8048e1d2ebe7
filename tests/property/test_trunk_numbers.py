"""A number written for a trunk is read back as the same number, in every style, country and with every prefix; or it is refused."""

from __future__ import annotations

import contextlib

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callwright.errors import LineError
from callwright.telephony.trunks.model import Format
from callwright.telephony.trunks.numbers import ANONYMOUS, Numbers

COUNTRIES = ["CN", "US", "GB", "DE", "IT", "AR", "BR", "FR", "JP", "AU", "HK", "SG", "IN", "ZA", "SE"]
FORMATS = st.builds(
    Format,
    callee=st.sampled_from(["e164", "digits", "national"]),
    caller=st.sampled_from(["e164", "digits", "national"]),
    country=st.sampled_from(COUNTRIES),
    prefix=st.sampled_from(["", "9", "0", "*31#"]),
    trunk_prefix=st.sampled_from(["auto", "", "0"]),
    international_prefix=st.sampled_from(["auto", "00", "011"]),
)
EXAMPLES = [
    phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    for region in COUNTRIES
    for kind in (phonenumbers.PhoneNumberType.FIXED_LINE, phonenumbers.PhoneNumberType.MOBILE)
    if (number := phonenumbers.example_number_for_type(region, kind)) is not None
]
NUMBERS = st.sampled_from(EXAMPLES) | st.from_regex(r"\A\+[1-9][0-9]{5,14}\Z")


@settings(max_examples=400, deadline=None)
@given(FORMATS, NUMBERS)
def test_round_trips(format: Format, number: str) -> None:
    numbers = Numbers(format)
    try:
        dialled, shown = numbers.callee(number), numbers.caller(number)
    except LineError:
        return  # refused: nobody else is rung by mistake
    assert numbers.dialled(dialled) == number
    if format.caller != "e164" or not format.incoming:
        assert numbers.incoming_caller(shown) == number
    plain = Numbers(format.model_copy(update={"prefix": ""}))
    assert plain.incoming_called(plain.callee(number)) == number


@settings(max_examples=300, deadline=None)
@given(FORMATS, NUMBERS, NUMBERS)
def test_two_numbers_are_never_dialled_alike(format: Format, one: str, two: str) -> None:
    numbers = Numbers(format)
    try:
        assert (numbers.callee(one) == numbers.callee(two)) == (one == two)
    except LineError:
        return


@settings(max_examples=300, deadline=None)
@given(FORMATS, st.text(max_size=24))
def test_whatever_comes_in_is_a_text(format: Format, text: str) -> None:
    numbers = Numbers(format)
    assert isinstance(numbers.incoming_caller(text), str)
    assert isinstance(numbers.incoming_called(text), str)
    with contextlib.suppress(LineError):
        assert numbers.dialled(text).startswith("+")


def test_example_numbers_can_be_dialled_at_home() -> None:
    for region in COUNTRIES:
        for style in ("e164", "digits", "national"):
            numbers = Numbers(Format(callee=style, country=region))
            for number in EXAMPLES:
                assert numbers.dialled(numbers.callee(number)) == number, (region, style, number)


@pytest.mark.parametrize(
    ("format", "number", "dialled"),
    [
        (Format(), "+8613900000001", "+8613900000001"),
        (Format(callee="digits"), "+8613900000001", "8613900000001"),
        (Format(callee="national", country="CN"), "+8613900000001", "13900000001"),
        (Format(callee="national", country="CN"), "+861085550000", "01085550000"),
        (Format(callee="national", country="CN", trunk_prefix="0"), "+8613900000001", "013900000001"),
        (Format(callee="national", country="CN", prefix="9"), "+12025550123", "90012025550123"),
        (Format(callee="national", country="US"), "+861085550000", "011861085550000"),
        (Format(callee="e164", prefix="9"), "+12025550123", "912025550123"),
    ],
)
def test_what_is_dialled(format: Format, number: str, dialled: str) -> None:
    assert Numbers(format).callee(number) == dialled


@pytest.mark.parametrize(
    ("text", "caller"),
    [
        ("anonymous", ANONYMOUS),
        ("Unavailable", ANONYMOUS),
        ("", ANONYMOUS),
        ("010-8555-0000", "+861085550000"),
        ("01085550000;npdi", "+861085550000"),
        ("+12025550123", "+12025550123"),
        ("0012025550123", "+12025550123"),
        ("reception", "reception"),
    ],
)
def test_who_calls(text: str, caller: str) -> None:
    assert Numbers(Format(country="CN", caller="national")).incoming_caller(text) == caller
