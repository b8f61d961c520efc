"""What all cleaning shares: the result with its flag, tidy text, and the key by which names are compared."""

from __future__ import annotations

import re
from typing import Final, NamedTuple
from unicodedata import normalize

__all__ = [
    "FLAGS",
    "PLACEHOLDERS",
    "REMEMBERED",
    "Cleaned",
    "clean_name",
    "clean_text",
    "name_key",
    "widths",
    "words",
]


def words(*lines: str) -> tuple[str, ...]:
    """Split lines into their words: a table of words stays readable in the source so.

    Examples
    --------
    >>> words("one two", "three")
    ('one', 'two', 'three')
    """
    return tuple(" ".join(lines).split())


FLAGS: Final = {
    "ambiguous_country": "several countries go by this name",
    "ambiguous_currency": "several currencies go by this sign or name, and the region has none of them",
    "ambiguous_date": "it is not clear which number is the day, which the month, which the year",
    "ambiguous_zone": "several time zones go by this abbreviation",
    "domain": "what follows the @ is no domain name",
    "garbled": "characters were lost when the text was read in a wrong encoding",
    "has_time": "a time of day stands where only a day is wanted",
    "local_part": "what comes before the @ is no mailbox name",
    "no_at": "it has no @ between a mailbox and a domain",
    "no_country": "it has no country code, and no region is given to take it from",
    "no_date": "it is no date or time of a known form",
    "no_letters": "it has neither letters nor digits",
    "no_link": "it holds what is no address that begins with http:// or https://",
    "no_number": "it is no telephone number",
    "no_such_day": "there is no such day or time",
    "no_website": "it is no http address or domain name",
    "placeholder": "it stands for nothing, like n/a",
    "reserved_domain": "the domain is reserved and never receives mail",
    "rounded": "a spreadsheet has rounded the number",
    "several": "it holds several values",
    "too_long": "the number is too long for its country, or the text for a value of its kind",
    "too_short": "the number is too short for its country",
    "unassigned": "the numbering plan of its country has no such number",
    "unknown_country": "it is no country's code or name",
    "unknown_currency": "it is no currency's code, sign or name",
    "unknown_zone": "there is no such time zone",
}
"""Why a value could not be cleaned, by the code that stands in `flag`."""

REMEMBERED: Final = 2**14
"""Values that each cleaning function remembers the answer for (the ones last asked for)."""

PLACEHOLDERS: Final = frozenset(
    words(
        "n/a na n.a. n.a #n/a none null nil undefined unknown unbekannt inconnu desconocido desconhecido",
        "sconosciuto tbd tba k.a. 未知 不详 不詳 无 無 暂无 空 测试 test xxx",
    )
)
"""Comparison keys of what people write where they have nothing to write."""

# Characters that show nothing. Joiners (U+200C, U+200D) and variation selectors shape letters and emoji, so they stay.
_HIDDEN: Final = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\ufffb]+"
)
_IGNORED: Final = re.compile("[\u034f\u200c\u200d\ufe00-\ufe0f\U000e0000-\U000e0fff]+")
_SPACES: Final = re.compile(r"\s+")
# Most names: letters, digits and signs of Latin and Chinese with single spaces, none of which changes beside another.
_PLAIN: Final = re.compile(
    "[!-~\u00a1-\u00ac\u00ae-\u024f\u4e00-\u9fff]+(?: [!-~\u00a1-\u00ac\u00ae-\u024f\u4e00-\u9fff]+)*"
)
_MARKED: Final = re.compile("[`\u00ab\u00b4\u00bb\u02bc\u2010-\u2015\u2018-\u201f\u2032\u2033\u2212]")
_MARKS: Final = str.maketrans(
    {**dict.fromkeys("‘’‚‛′`´ʼ", "'"), **dict.fromkeys("“”„‟″«»", '"'), **dict.fromkeys("‐‑‒–—―−", "-")}
)
_WIDTHS: Final = str.maketrans(
    {0xFF01 + offset: 0x21 + offset for offset in range(94)} | {0x3000: 0x20, 0x3002: 0x2E, 0xFF61: 0x2E}
)


class Cleaned(NamedTuple):
    """A cleaned value; or the value as it came, and why it could not be cleaned.

    Parameters
    ----------
    value : str
        The value in its one form; where there is a flag, what came.
    flag : str, optional
        A code of `FLAGS`; None where the value is clean, or blank.
    """

    value: str
    flag: str | None = None


def widths(value: str) -> str:
    """Make full-width letters, digits and signs, and the ideographic full stop and space, those of ASCII.

    Examples
    --------
    >>> widths("ＡＢＣ－１２３。")
    'ABC-123.'
    """
    return value if value.isascii() else value.translate(_WIDTHS)


def clean_text(value: str) -> str:
    """Trim a line of text, make every run of spaces one space, and take out characters that show nothing.

    Parameters
    ----------
    value : str
        Any text.

    Returns
    -------
    str
        The text in Unicode's composed form (NFC), otherwise letter for letter.

    Examples
    --------
    >>> clean_text("  Anna\\u00a0\\u200b  Müller\\t")
    'Anna Müller'
    """
    if _PLAIN.fullmatch(value):
        return value
    return _SPACES.sub(" ", normalize("NFC", _HIDDEN.sub("", value))).strip()


def name_key(value: str) -> str:
    """Make the key by which two spellings of a name are compared.

    Case, width, ligatures, hidden characters, typographic quotes and dashes, and the number of spaces make no
    difference; accents do.

    Parameters
    ----------
    value : str
        Any text.

    Returns
    -------
    str
        Case-folded text in NFKC; the key of a key is itself.

    Examples
    --------
    >>> name_key("ＡＣＭＥ  O’Neill ﬁsh")
    "acme o'neill fish"
    >>> name_key("STRASSE") == name_key("Straße")
    True
    """
    if value.isascii():
        key = clean_text(value).casefold()
        return key.replace("`", "'") if "`" in key else key
    # Folding can undo composing and the other way round, so both are done until nothing changes.
    while True:
        key = normalize("NFC", value)
        key = key.translate(_MARKS) if _MARKED.search(key) else key
        key = normalize("NFKC", normalize("NFKC", key).casefold())
        key = clean_text(_IGNORED.sub("", key))
        if key == value:
            return key
        if key.isascii():
            return name_key(key)
        value = key


def clean_name(value: str) -> Cleaned:
    """Tidy the name of a person, company or thing.

    Returns
    -------
    Cleaned
        The name as `clean_text` gives it, in the case it came in; flagged where it says nothing.

    Examples
    --------
    >>> clean_name(" Anna  Müller ")
    Cleaned(value='Anna Müller', flag=None)
    >>> clean_name("???").flag, clean_name("N/A").flag
    ('no_letters', 'placeholder')
    """
    tidy = clean_text(value)
    if not tidy:
        return Cleaned("")
    if not any(map(str.isalnum, tidy)):
        return Cleaned(value, "no_letters")
    if "\ufffd" in tidy:
        return Cleaned(value, "garbled")
    if widths(tidy).casefold() in PLACEHOLDERS:
        return Cleaned(value, "placeholder")
    return Cleaned(tidy)
