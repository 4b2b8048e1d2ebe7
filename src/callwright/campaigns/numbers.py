"""What a phone number tells by itself: E.164, country, state or province, line type, every time zone it could be in.

Numbering plans come from `phonenumbers` (libphonenumber). It needs about 75 microseconds a number; a list of a million has mostly two kinds,
Chinese mobiles and numbers of the United States and Canada (NANP), whose answer is the same for all with the same first digits: 5 of the
national number in China, area code and exchange (6) in the NANP. So it is asked once for each of those beginnings. Two tests hold that together:
one compares both ways over all beginnings, one reads the patterns of the plans and finds nothing in them that looks at later digits.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

import phonenumbers
from phonenumbers import PhoneNumberType
from phonenumbers.timezone import UNKNOWN_TIMEZONE, time_zones_for_number

__all__ = ["LINE_TYPES", "Identity", "identify", "known_region"]


class Identity(NamedTuple):
    """number: E.164; country: ISO 3166-1 alpha-2; region: states or provinces of the NANP the area code could be in (`FL`, `NS/PE`; "" =
    unknown, or another country); line_type: one of `LINE_TYPES`; zones: every IANA zone it could be in, () = unknown."""

    number: str
    country: str
    region: str
    line_type: str
    zones: tuple[str, ...]


LINE_TYPES = {
    PhoneNumberType.FIXED_LINE: "fixed",
    PhoneNumberType.MOBILE: "mobile",
    PhoneNumberType.FIXED_LINE_OR_MOBILE: "fixed_or_mobile",
    PhoneNumberType.TOLL_FREE: "toll_free",
    PhoneNumberType.PREMIUM_RATE: "premium",
    PhoneNumberType.SHARED_COST: "shared_cost",
    PhoneNumberType.VOIP: "voip",
    PhoneNumberType.PERSONAL_NUMBER: "personal",
    PhoneNumberType.PAGER: "pager",
    PhoneNumberType.UAN: "uan",
    PhoneNumberType.VOICEMAIL: "voicemail",
}
"""The name of each type of phonenumbers; a number of any other is not valid."""

_Rest = tuple[str, str, str, tuple[str, ...]]  # an identity without its number

_BETWEEN = str.maketrans("", "", " -().\u00a0")
_CHINESE_MOBILE = re.compile(r"(\+86)?(1(?:[3-689][0-9]|7[0-8])[0-9]{8})")
_NANP = re.compile(r"(\+1)?([2-9][0-9]{9})")
_REMEMBERED = 65_536


def known_region(code: str) -> bool:
    """Whether this is a country with numbers of its own (`CN`)."""
    return code in phonenumbers.SUPPORTED_REGIONS


def identify(text: str, region: str | None = None) -> Identity | None:
    """The number that is written here; None = none that could exist.

    Args:
        region: ISO country of numbers without `+` (None = such numbers are none).
    """
    bare = text.translate(_BETWEEN)
    found = _CHINESE_MOBILE.fullmatch(bare)
    if found is not None and (found[1] or region == "CN"):
        rest = _of_beginning("+86", found[2][:5], found[2][5:])
        return rest and Identity("+86" + found[2], *rest)
    found = _NANP.fullmatch(bare)
    if found is not None and found[2][:3] in _STATES and (found[1] or region in ("US", "CA")):
        rest = _of_beginning("+1", found[2][:6], found[2][6:])
        return rest and Identity("+1" + found[2], *rest)
    return look_up(text, region)


def look_up(text: str, region: str | None = None) -> Identity | None:
    """As `identify`, by phonenumbers alone."""
    try:
        parsed = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    kind = LINE_TYPES.get(phonenumbers.number_type(parsed))  # unknown for every number that is not valid
    country = phonenumbers.region_code_for_number(parsed)
    if kind is None or country is None or len(country) != 2 or parsed.extension:
        return None
    zones = tuple(zone for zone in time_zones_for_number(parsed) if zone != UNKNOWN_TIMEZONE)
    number = str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))
    return Identity(number, country, _state(number, country), kind, zones)


# One example stands for all numbers with its beginning, so the rest of the digits must not be part of what is remembered by.
_EXAMPLES: dict[str, _Rest | None] = {}


def _of_beginning(code: str, beginning: str, rest: str) -> _Rest | None:
    key = code + beginning
    if key not in _EXAMPLES:
        if len(_EXAMPLES) >= _REMEMBERED:
            _EXAMPLES.clear()
        found = look_up(key + rest)
        _EXAMPLES[key] = _shared(found[1:]) if found else None
    return _EXAMPLES[key]


@lru_cache(4096)
def _shared(rest: _Rest) -> _Rest:
    """Equal ones as one object: there are some hundred different ones."""
    return rest


def _state(number: str, country: str) -> str:
    return _STATES.get(number[2:5], "") if country in ("US", "CA") else ""


# Area codes of the United States and Canada by state or province, from the geographic data of libphonenumber (a test compares).
_AREA_CODES = {
    "AB": "368 403 587 780 825",
    "AK": "907",
    "AL": "205 251 256 334 659 938",
    "AR": "327 479 501 870",
    "AZ": "480 520 602 623 928",
    "BC": "236 250 257 604 672 778",
    "CA": "209 213 279 310 323 341 350 369 408 415 424 442 510 530 559 562 619 626 628 650 657 661 669 707 714 "
    "738 747 760 805 818 820 831 840 858 909 916 925 949 951",
    "CO": "303 719 720 748 970 983",
    "CT": "203 475 860 959",
    "DC": "202 771",
    "DE": "302",
    "FL": "239 305 321 324 352 386 407 448 561 645 656 689 727 728 754 772 786 813 850 863 904 941 954",
    "GA": "229 404 470 478 678 706 762 770 912 943",
    "HI": "808",
    "IA": "319 515 563 641 712",
    "ID": "208 986",
    "IL": "217 224 309 312 331 447 464 618 630 708 730 773 779 815 847 872",
    "IN": "219 260 317 463 574 765 812 930",
    "KS": "316 620 785 913",
    "KY": "270 364 502 606 859",
    "LA": "225 318 337 504 985",
    "MA": "339 351 413 508 617 774 781 857 978",
    "MB": "204 431 584",
    "MD": "227 240 301 410 443 667",
    "ME": "207",
    "MI": "231 248 269 313 517 586 616 734 810 906 947 989",
    "MN": "218 320 507 612 651 763 952",
    "MO": "235 314 417 557 573 636 660 816 975",
    "MS": "228 601 662 769",
    "MT": "406",
    "NB": "428 506",
    "NC": "252 336 472 704 743 828 910 919 980 984",
    "ND": "701",
    "NE": "308 402 531",
    "NH": "603",
    "NJ": "201 551 609 640 732 848 856 862 908 973",
    "NL": "709 879",
    "NM": "505 575",
    "NS/PE": "782 902",
    "NT/NU/YT": "867",
    "NV": "702 725 775",
    "NY": "212 315 329 332 347 363 516 518 585 607 631 646 680 716 718 838 845 914 917 929 934",
    "OH": "216 220 234 283 326 330 380 419 440 513 567 614 740 937",
    "OK": "405 539 572 580 918",
    "ON": "226 249 289 343 365 382 416 437 519 548 613 647 683 705 742 753 807 905 942",
    "OR": "458 503 541 971",
    "PA": "215 223 267 272 412 445 484 570 582 610 717 724 814 835 878",
    "QC": "263 273 354 367 418 438 450 468 514 579 581 819 873",
    "RI": "401",
    "SC": "803 821 839 843 854 864",
    "SD": "605",
    "SK": "306 474 639",
    "TN": "423 615 629 731 865 901 931",
    "TX": "210 214 254 281 325 346 361 409 430 432 469 512 682 713 726 737 806 817 830 832 903 915 936 940 945 "
    "956 972 979",
    "UT": "385 435 801",
    "VA": "276 434 540 571 686 703 757 804 826 948",
    "VT": "802",
    "WA": "206 253 360 425 509 564",
    "WI": "262 274 353 414 534 608 715 920",
    "WV": "304 681",
    "WY": "307",
}
_STATES = {code: state for state, codes in _AREA_CODES.items() for code in codes.split()}
