"""Telephone numbers as one trunk writes them, and back to E.164. Pure: what cannot be turned back into the same number is refused.

`+8613900000001` is `8613900000001` (digits), `13900000001` (national, CN), `0018...` (national, from another country), each with the
trunk's dialling prefix where there is one.
"""

from __future__ import annotations

import re

import phonenumbers

from callwright.errors import LineError
from callwright.telephony.trunks.model import Format, Style

__all__ = ["ANONYMOUS", "Numbers"]

ANONYMOUS = "anonymous"

_E164 = re.compile(r"\+[1-9][0-9]{5,14}")
_SEPARATORS = re.compile(r"[\s\-.()/]")
_WITHHELD = frozenset(("", "anonymous", "unknown", "restricted", "unavailable", "private", "withheld"))


class Numbers:
    """How one trunk writes numbers, from its `format` setting."""

    def __init__(self, format: Format) -> None:
        self._format = format
        self._international = _international_prefix(format)

    def callee(self, e164: str) -> str:
        """What is dialled for a number: with the dialling prefix.

        Raises:
            LineError: no E.164 number, or it cannot be written so that it means the same number.
        """
        written = self._write(e164, self._format.callee)
        if self._format.callee == "e164" and self._format.prefix:
            written = written[1:]  # no exchange takes a + behind a dialling prefix
        return f"{self._format.prefix}{written}"

    def dialled(self, user: str) -> str:
        """The E.164 number that dialling `user` rings. Raises LineError: it is none."""
        text = _bare(user)
        if not text.startswith(self._format.prefix):
            raise LineError("the number lacks the dialling prefix of the trunk")
        rest = text[len(self._format.prefix) :]
        if self._format.callee == "e164" and self._format.prefix:
            rest = f"+{rest}"
        return self._read(rest, self._format.callee)

    def caller(self, e164: str) -> str:
        """How a caller number is shown. Raises LineError as `callee` does."""
        return self._write(e164, self._format.caller)

    def incoming_caller(self, user: str) -> str:
        """The caller of a call that came in, in E.164; `anonymous` when withheld; what the trunk sent when that is no number."""
        text = _bare(user)
        return ANONYMOUS if text.lower() in _WITHHELD else self._incoming(text, self._format.caller)

    def incoming_called(self, user: str) -> str:
        """The number that was called, in E.164; what the trunk sent when that is no number."""
        return self._incoming(_bare(user), self._format.callee)

    def _incoming(self, text: str, style: Style) -> str:
        try:
            return self._read(text, self._format.incoming or style)
        except LineError:
            return text

    # ------------------------------------------------------------ one number, one style

    def _write(self, e164: str, style: Style) -> str:
        if not _E164.fullmatch(e164):
            raise LineError("a number is written + and the country code, at most 15 digits (E.164)")
        if style == "e164":
            return e164
        written = e164[1:] if style == "digits" else self._national(e164)
        if self._read(written, style) != e164:
            raise LineError(f"the number cannot be written as {style} so that it means the same number")
        return written

    def _national(self, e164: str) -> str:
        number = _parsed(e164, None)
        country = str(self._format.country)
        if number.country_code != phonenumbers.country_code_for_region(country):
            return f"{self._international}{e164[1:]}"
        if self._format.trunk_prefix != "auto":
            return f"{self._format.trunk_prefix}{phonenumbers.national_significant_number(number)}"
        text = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)
        return re.sub(r"[^0-9]", "", text)

    def _read(self, text: str, style: Style) -> str:
        """E.164 of a number in a style; one that begins with + is E.164 whatever the style. Raises LineError: it is no number."""
        if text.startswith("+"):
            return _checked(text)
        if style == "e164" or not text.isascii() or not text.isdigit():
            raise LineError("this is no telephone number as the trunk writes them")
        if style == "digits":
            return _checked(f"+{text}")
        if text.startswith(self._international):
            return _checked(f"+{text[len(self._international) :]}")
        country = str(self._format.country)
        prefix = self._format.trunk_prefix
        if prefix == "auto":
            number = _parsed(text, country)
            return _checked(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
        if not text.startswith(prefix):
            raise LineError("the number lacks the prefix of national numbers")
        return _checked(f"+{phonenumbers.country_code_for_region(country)}{text[len(prefix) :]}")


def _checked(text: str) -> str:
    if not _E164.fullmatch(text):
        raise LineError("this is no E.164 number")
    return text


def _bare(user: str) -> str:
    """The number in the user part of a URI: without parameters, password and separators for the eye."""
    return _SEPARATORS.sub("", re.split(r"[;:]", user, maxsplit=1)[0])


def _parsed(text: str, country: str | None) -> phonenumbers.PhoneNumber:
    try:
        return phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException as error:
        raise LineError("this is no telephone number") from error


def _international_prefix(format: Format) -> str:
    if format.international_prefix != "auto":
        return format.international_prefix
    data = phonenumbers.PhoneMetadata.metadata_for_region(format.country or "", None)
    if data is None:
        return "00"
    known = data.preferred_international_prefix or data.international_prefix or ""
    return known if known.isdigit() else "00"
