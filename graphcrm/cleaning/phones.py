"""Telephone numbers to E.164, with the extension apart."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, ValidationResult

from graphcrm.cleaning.text import REMEMBERED, clean_text, widths
from graphcrm.limits import MAX_NAME_LENGTH

__all__ = ["Phone", "clean_phone"]


class Phone(NamedTuple):
    """A telephone number, its extension, and why it could not be cleaned.

    Parameters
    ----------
    value : str
        The number in E.164 (``+`` and at most 15 digits); where there is a flag, what came.
    flag : str, optional
        A code of `graphcrm.cleaning.text.FLAGS`.
    extension : str, optional
        The digits to dial once connected.
    """

    value: str
    flag: str | None = None
    extension: str | None = None

    @property
    def text(self) -> str:
        """Number and extension in one text, as RFC 3966 writes them: ``+16502530000;ext=123``."""
        return f"{self.value};ext={self.extension}" if self.extension else self.value


_EXTENSION_WORD: Final = re.compile(
    r"\s*[,，]?\s*(?:转|轉|分机号?|分機號?|内线|內線|durchwahl|dw\.?|poste|ramal|int\.|anexo)\s*[:.]?\s*(?=\d)", re.I
)
# Switchboards in China are written area-number-extension.
_CHINESE_EXTENSION: Final = re.compile(r"((?:(?:\+|00)86[- ]?)?\(?0?\d{2,3}\)?[- ]?\d{7,8})-(\d{1,6})")
_PARTS: Final = re.compile(r"\s+/\s+|[;|、\n]|,\s|\s+(?:or|oder|ou|und|and|或)\s+", re.I)
_ROUNDED: Final = re.compile(r"\+?\d(?:[.,]\d+)?e\+?\d+", re.I)
_IDD: Final = re.compile(r"^\(?00(?=[\s()/.-]*[1-9])")

_LENGTHS: Final = {
    ValidationResult.TOO_SHORT: "too_short",
    ValidationResult.IS_POSSIBLE_LOCAL_ONLY: "too_short",
    ValidationResult.TOO_LONG: "too_long",
    ValidationResult.INVALID_LENGTH: "too_long",
}


@lru_cache(REMEMBERED)
def clean_phone(value: str, region: str | None = None) -> Phone:
    """Put a telephone number into E.164.

    Parameters
    ----------
    value : str
        A number as people write it: with ``00`` or ``+``, ``(0)``, letters, full-width digits, an extension
        (``ext. 5``, ``x5``, ``转5``, ``;ext=5``).
    region : str, optional
        ISO 3166 code of the country that a number without a country code is of.

    Returns
    -------
    Phone
        The number, its extension and no flag; or the value as it came and the reason.

    References
    ----------
    ITU-T E.164; RFC 3966 for ``;ext=``; numbering plans as Google's libphonenumber has them.

    Examples
    --------
    >>> clean_phone("0086-10-6552-9988 转 8008")
    Phone(value='+861065529988', flag=None, extension='8008')
    >>> clean_phone("030 1234567", "DE").value, clean_phone("030 1234567").flag
    ('+49301234567', 'no_country')
    """
    text = clean_text(widths(value)).removeprefix("'")
    if not text:
        return Phone("")
    if len(text) > MAX_NAME_LENGTH:
        return Phone(value, "too_long")
    if _ROUNDED.fullmatch(text):
        return Phone(value, "rounded")
    text = _EXTENSION_WORD.sub(" ext. ", text.removesuffix(".0"))
    if chinese := _CHINESE_EXTENSION.fullmatch(text):
        found = _read(f"{chinese[1]} ext. {chinese[2]}", region)
        if found.flag is None and found.value.startswith("+86"):
            return found
    found = _read(text, region)
    if found.flag is None:
        return found
    parts = [part for part in _PARTS.split(text) if part.strip()]
    if len(parts) > 1 and sum(_read(part, region).flag is None for part in parts) > 1:
        return Phone(value, "several")
    return Phone(value, found.flag)


def _read(text: str, region: str | None) -> Phone:
    """Read one number; `value` says nothing where there is a flag."""
    try:
        number = phonenumbers.parse(text, region)
    except NumberParseException as error:
        # 00 leads abroad from most countries, whatever the region dials.
        if (international := _IDD.sub("+", text)) != text:
            return _read(international, region)
        return Phone("", _REFUSALS.get(error.error_type, "no_number"))
    if not phonenumbers.is_valid_number(number):
        if (international := _IDD.sub("+", text)) != text:
            return _read(international, region)
        return Phone("", _LENGTHS.get(phonenumbers.is_possible_number_with_reason(number), "unassigned"))
    return Phone(phonenumbers.format_number(number, PhoneNumberFormat.E164), None, number.extension or None)


_REFUSALS: Final = {
    NumberParseException.INVALID_COUNTRY_CODE: "no_country",
    NumberParseException.TOO_SHORT_AFTER_IDD: "too_short",
    NumberParseException.TOO_SHORT_NSN: "too_short",
    NumberParseException.TOO_LONG: "too_long",
}
