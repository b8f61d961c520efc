"""Countries and currencies to their ISO codes, from codes, names in many languages, signs and common short names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from gettext import NullTranslations, translation
from pathlib import Path
from typing import Any, Final
from unicodedata import normalize

from graphcrm.cleaning.aliases import (
    AMBIGUOUS_COUNTRIES,
    COUNTRY_ALIASES,
    CURRENCY_ALIASES,
    CURRENCY_OF,
    SHARED_CURRENCIES,
)
from graphcrm.cleaning.text import REMEMBERED, Cleaned, clean_text, name_key, widths, words
from graphcrm.limits import MAX_NAME_LENGTH

__all__ = ["clean_country", "clean_currency"]

# The languages of countries' own names for themselves, as far as the catalogues have them, Chinese first.
_LANGUAGES: Final = words(
    "zh_CN zh_TW zh_HK de fr es pt pt_BR it nl pl ru uk ja ko ar tr cs sk sl hr bs sr hu ro bg mk sq",
    "el da sv nb_NO nn fi is et lv lt be ga cy ca eu gl he fa ur hi bn ta te ne si th vi id ms fil",
    "km lo my mn ka hy az kk ky uz am sw so af",
)

_LATIN_MARKS: Final = re.compile("[\u0300-\u036f]")
_SEPARATORS: Final = re.compile(r"[\s,;:()\[\]/_-]+")
_UNSPACED: Final = re.compile("[\u0e00-\u0eff\u3040-\u30ff\u4e00-\u9fff]")
_PARTS: Final = re.compile(r"[()\[\]/|]|\s-\s")
_WORDS: Final = {"and": "&", "saint": "st", "the": ""}


def _key(text: str) -> str:
    """Accents, dots, apostrophes, word order around a comma's place and 'the' make no difference."""
    key = name_key(text)
    if not key.isascii():
        key = normalize("NFC", _LATIN_MARKS.sub("", normalize("NFD", key)))
    key = _SEPARATORS.sub(" ", key.replace(".", "").replace("'", "").replace("&", " & "))
    parts = key.split()
    return " ".join(parts if len(parts) == 1 else filter(None, (_WORDS.get(part, part) for part in parts)))


def _spellings(name: str) -> Iterator[str]:
    """A name, and with what stands behind its comma in front: Korea, Republic of."""
    yield _key(name)
    before, comma, behind = name.partition(", ")
    if comma:
        yield _key(f"{behind} {before}")


def _table(names: Iterable[tuple[str, str]], known: dict[str, str]) -> dict[str, str]:
    """Codes by key; a name of two countries, or one that is known to mean another, is left out."""
    found: dict[str, set[str]] = {}
    for name, code in names:
        for key in _spellings(name):
            if key and key not in known:
                found.setdefault(key, set()).add(code)
    return {key: min(codes) for key, codes in found.items() if len(codes) == 1}


def _translations(domain: str) -> Iterator[NullTranslations]:
    import pycountry

    folder = Path(pycountry.__file__).parent / "locales"
    for language in _LANGUAGES:
        yield translation(domain, folder, [language], fallback=True)


def _names(entry: Any) -> Iterator[str]:
    for field in ("name", "common_name", "official_name"):
        if name := getattr(entry, field, None):
            yield name


@cache
def _countries() -> dict[str, str]:
    """Codes of countries by their codes, English names and aliases."""
    import pycountry

    known = {_key(alias): code for code, aliases in COUNTRY_ALIASES.items() for alias in aliases}
    for country in pycountry.countries:
        known |= dict.fromkeys((country.alpha_2.lower(), country.alpha_3.lower(), country.numeric), country.alpha_2)
    return known | _table(((name, c.alpha_2) for c in pycountry.countries for name in _names(c)), known)


@cache
def _foreign_countries() -> dict[str, str]:
    """Codes of countries by their names in other languages; made when the first such name is met."""
    import pycountry

    pairs = (
        (translated, country.alpha_2)
        for catalogue in _translations("iso3166-1")
        for country in pycountry.countries
        for name in _names(country)
        if (translated := catalogue.gettext(name)) != name
    )
    return _table(pairs, _countries())


@lru_cache(REMEMBERED)
def clean_country(value: str) -> Cleaned:
    """Find the ISO 3166 code of a country.

    Parameters
    ----------
    value : str
        A code of two or three letters or three digits, a name in English, Chinese or any of some sixty other
        languages, or a common short name (``UK``, ``U.S.A.``, ``Holland``).

    Returns
    -------
    Cleaned
        The code of two letters; or the value as it came, flagged where no country or several go by it.

    References
    ----------
    ISO 3166-1; the translations are those of Debian's iso-codes, as pycountry carries them.

    Examples
    --------
    >>> [clean_country(name).value for name in ("UK", "美国", "Deutschland", "Korea, Republic of", "chn")]
    ['GB', 'US', 'DE', 'KR', 'CN']
    >>> clean_country("Korea").flag
    'ambiguous_country'
    """
    key = _key(value[:MAX_NAME_LENGTH])
    if not key or len(value) > MAX_NAME_LENGTH:
        return Cleaned(value, "unknown_country") if clean_text(value) else Cleaned("")
    if key in AMBIGUOUS_COUNTRIES:
        return Cleaned(value, "ambiguous_country")
    if code := _country(key):
        return Cleaned(code)
    # Several names of one country, as in "United States (US)" and "DE - Deutschland".
    codes = {_country(_key(part)) for part in _PARTS.split(widths(value)) if part.strip()}
    code = codes.pop() if len(codes) == 1 else None
    return Cleaned(code) if code else Cleaned(value, "unknown_country")


def _country(key: str) -> str | None:
    return _countries().get(key) or _foreign_countries().get(key)


@cache
def _currencies() -> dict[str, str]:
    """Codes of currencies by their codes, English names, signs and aliases."""
    import pycountry

    known = {_key(alias): code for code, aliases in CURRENCY_ALIASES.items() for alias in aliases}
    known |= {currency.alpha_3.lower(): currency.alpha_3 for currency in pycountry.currencies}
    return known | _table(((currency.name, currency.alpha_3) for currency in pycountry.currencies), known)


@cache
def _foreign_currencies() -> dict[str, str]:
    """Codes of currencies by their names in other languages.

    One word alone is left out where words have spaces between them: a rupee or a crown is several countries' currency,
    even where a language happens to have translated one of them so.
    """
    import pycountry

    pairs = (
        (translated, currency.alpha_3)
        for catalogue in _translations("iso4217")
        for currency in pycountry.currencies
        if (translated := catalogue.gettext(currency.name)) != currency.name
        and (" " in translated or _UNSPACED.search(translated))
    )
    return _table(pairs, _currencies())


@lru_cache(REMEMBERED)
def clean_currency(value: str, region: str | None = None) -> Cleaned:
    """Find the ISO 4217 code of a currency.

    Parameters
    ----------
    value : str
        A code, a sign (``€``, ``US$``), a name in English, Chinese or another language, or a short name (``RMB``).
    region : str, optional
        ISO 3166 code of a country. A sign or name that several currencies share (``$``, ``¥``, ``元``, ``kr``) means
        this country's own, where that is one of them.

    Returns
    -------
    Cleaned
        The code of three letters; or the value as it came, flagged where no currency or several go by it.

    References
    ----------
    ISO 4217; the translations are those of Debian's iso-codes, as pycountry carries them.

    Examples
    --------
    >>> [clean_currency(name).value for name in ("€", "RMB", "人民币", "US$", "usd")]
    ['EUR', 'CNY', 'CNY', 'USD', 'USD']
    >>> clean_currency("¥").flag, clean_currency("¥", "JP").value
    ('ambiguous_currency', 'JPY')
    """
    key = _key(value[:MAX_NAME_LENGTH])
    if not key or len(value) > MAX_NAME_LENGTH:
        return Cleaned(value, "unknown_currency") if clean_text(value) else Cleaned("")
    if shared := SHARED_CURRENCIES.get(key):
        own = CURRENCY_OF.get(region or "")
        return Cleaned(own) if own in shared else Cleaned(value, "ambiguous_currency")
    code = _currencies().get(key) or _foreign_currencies().get(key)
    return Cleaned(code) if code else Cleaned(value, "unknown_currency")
