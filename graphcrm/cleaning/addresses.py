"""Postal addresses made comparable: street, house number, unit, postcode and city in one spelling."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple
from unicodedata import normalize

from graphcrm.cleaning.chinese import HAN
from graphcrm.cleaning.text import PLACEHOLDERS, REMEMBERED, name_key, widths, words
from graphcrm.limits import MAX_NAME_LENGTH

__all__ = ["AddressKey", "address_key"]


class AddressKey(NamedTuple):
    """The parts of an address, for comparison and not for display.

    Parameters
    ----------
    street : str
        The street's name, its kind in the common abbreviation (``st``, ``str``, ``ave``).
    number : str
        House number, with its letter.
    unit : str
        Flat, suite or floor.
    postcode : str
        Without spaces and country prefix; of an American one the first five digits.
    city : str
        The city's name.
    """

    street: str
    number: str
    unit: str
    postcode: str
    city: str

    @property
    def text(self) -> str:
        """All parts in one text; empty where nothing was found."""
        return "|".join(self) if any(self) else ""


_KINDS: Final = words(
    "street:st strasse:str str:str st:st avenue:ave av:ave ave:ave avenida:ave avda:ave avenue:ave",
    "road:rd rd:rd drive:dr dr:dr lane:ln ln:ln court:ct ct:ct square:sq sq:sq highway:hwy hwy:hwy",
    "parkway:pkwy pkwy:pkwy terrace:ter ter:ter circle:cir cir:cir crescent:cres cres:cres place:pl",
    "plaza:pl platz:pl pl:pl plein:pl piazza:pl boulevard:blvd boul:blvd bd:blvd bld:blvd blvd:blvd",
    "close:cl cl:cl gardens:gdns gdns:gdns trail:trl way:wy wy:wy calle:c c:c carrer:c rua:r r:r",
    "rue:r allee:al allée:al al:al alley:aly weg:weg via:via corso:cso viale:vle north:n south:s",
    "east:e west:w northeast:ne northwest:nw southeast:se southwest:sw saint:st sankt:st strada:str",
    "ulica:ul ul:ul ulitsa:ul",
)
_STREET_WORDS: Final = dict(kind.split(":") for kind in _KINDS)

_GERMAN: Final = re.compile(r"(?<=[^\W\d_]{3})(?:strasse|str)\b")
_UNIT: Final = re.compile(
    r"(?:^|(?<=[\s,]))(?:apartment|apt|appt|suite|ste|unit|flat|room|rm|floor|fl|level|wohnung|whg|etage|piso|apto|sala)"
    r"\s*#?\s*(?:no|nr)?\s*([a-z]?\d+[a-z]?|[a-z])\b|#\s*(\d+[a-z]?)\b"
)
_NUMBER_WORD: Final = re.compile(r"\b(?:no|nr|nº|n°|n|num|number|house|haus)\s*(?=\d)")
_NUMBER_FIRST: Final = re.compile(r"(\d+(?:(?:[a-z]|\s[a-df-mo-rt-vx-z])(?![a-z]))?(?:[-/]\d+[a-z]?)?)\s+(?=\S)")
_NUMBER_LAST: Final = re.compile(r"\s(\d+(?:\s?[a-z](?![a-z]))?(?:[-/]\d+[a-z]?)?)$")
_POSTCODES: Final = (
    re.compile(r"\b([a-z]{1,2}\d[a-z\d]?\s*\d[a-z]{2})\b"),
    re.compile(r"\b([a-z]\d[a-z]\s*\d[a-z]\d)\b"),
    re.compile(r"\b(\d{5}-\d{3})\b"),
    re.compile(r"\b(\d{5})(?:-\d{4})?\b"),
    re.compile(r"\b(\d{4}\s?[a-z]{2})\b(?=\s+[a-z]{3}|$)"),
    re.compile(r"\b(\d{3}-\d{4})\b"),
    re.compile(r"\b(\d{6}|\d{4})\b"),
)
_PREFIX: Final = re.compile(r"\b(?:d|a|ch|f|b|l|nl|cn|cep|plz|cp|zip)\s*[- ]\s*(?=\d{4})")
_STATE: Final = re.compile(r"(?:^|\s+)(?:[a-z]{2}|nsw|vic|qld|tas|act)$")
_STATES: Final = frozenset(
    words(
        "alabama alaska arizona arkansas california colorado connecticut delaware florida georgia hawaii",
        "idaho illinois indiana iowa kansas kentucky louisiana maine maryland massachusetts michigan",
        "minnesota mississippi missouri montana nebraska nevada ohio oklahoma oregon pennsylvania",
        "tennessee texas utah vermont virginia washington wisconsin wyoming",
    )
) | {"new hampshire", "new jersey", "new mexico", "north carolina", "north dakota", "rhode island", "south carolina"}
_MARKS: Final = re.compile("[\u0300-\u036f]")
_PARTS: Final = re.compile(r"\s*[,;\n|]\s*|\s+[-–—]\s+")
_SPACED: Final = re.compile(r"[^\w/#&-]+")

_HAN: Final = re.compile(f"[{HAN}]")
_CHINESE: Final = re.compile(
    rf"(?:中国|中國|中华人民共和国)?(?:[{HAN}]{{2,7}}?(?:省|自治区|特别行政区))?(?P<city>[{HAN}]{{2,7}}?(?:市|自治州|地区))?"
    rf"(?:[{HAN}]{{1,6}}?(?:区|區|县|縣|旗|(?<=[{HAN}]{{2}})市))?(?P<rest>.*)"
)
_CHINESE_NUMBER: Final = re.compile(r"(\d+(?:[-之]\d+)?(?:[a-z](?![a-z]))?)\s*(?:号|號)(?!楼|线)")
_CHINESE_UNIT: Final = re.compile(r"(\d+[a-z]?|[a-z])\s*(?:号楼|栋|幢|座|单元|層|层|楼|室|房|户)")
_CHINESE_POSTCODE: Final = re.compile(r"(?<!\d)(\d{6})(?!\d)")


@lru_cache(REMEMBERED)
def address_key(address: str, postcode: str = "", city: str = "") -> AddressKey:
    """Make the key by which two addresses are compared.

    Parameters
    ----------
    address : str
        Street and house number, or a whole address, in Latin letters or Chinese.
    postcode, city : str
        Where they stand in fields of their own; otherwise they are sought in `address`.

    Returns
    -------
    AddressKey
        The parts found; the others are empty. Case, accents, punctuation and the abbreviation of street words make no
        difference, nor whether the house number stands first or last.

    References
    ----------
    USPS Publication 28, appendix C, for English street words; postcodes as UPU S42 has them.

    Examples
    --------
    >>> address_key("Hauptstraße 5a, 10115 Berlin")
    AddressKey(street='hauptstr', number='5a', unit='', postcode='10115', city='berlin')
    >>> address_key("12 North Main Street, Apt. 4, Springfield, IL 62704-1234")[:4]
    ('n main st', '12', '4', '62704')
    """
    text = widths(address[:MAX_NAME_LENGTH])
    if _HAN.search(text):
        return _chinese(text, postcode, city)
    parts = [part for part in map(_plain, _PARTS.split(text)) if part]
    unit = ""
    for index, part in enumerate(parts):
        if not unit and (found := _UNIT.search(part)):
            unit = found[1] or found[2]
            parts[index] = " ".join(_UNIT.sub(" ", part, count=1).split())
    parts = [part for part in parts if part]
    code, place = _code(postcode), _plain(city)
    parts, found_code, found_place = _place(parts)
    street, number = _street(parts)
    return AddressKey(street, number, unit, code or found_code, place or found_place)


def _code(postcode: str) -> str:
    """A postcode without spaces, without the country in front, and without the last four digits of an American one."""
    code = _plain(postcode).replace(" ", "")
    if code in PLACEHOLDERS:
        return ""
    code = re.sub(r"^[a-z]{1,3}-(?=\d)", "", code)
    return code[:5] if re.fullmatch(r"\d{5}-\d{4}", code) else code


def _plain(text: str) -> str:
    key = name_key(text.replace(".", " "))
    if not key.isascii():
        key = normalize("NFC", _MARKS.sub("", normalize("NFD", key)))
    return " ".join(_SPACED.sub(" ", key).split()).strip("-/ ")


def _place(parts: list[str]) -> tuple[list[str], str, str]:
    """Split postcode and city off the last parts, or off the only one behind its house number."""
    for index in range(len(parts) - 1, -1, -1):
        part = _PREFIX.sub("", parts[index])
        for pattern in _POSTCODES:
            found = list(pattern.finditer(part, 1 if index == 0 and len(parts) == 1 else 0))
            if not found or (index == 0 and not _follows_number(part[: found[-1].start()])):
                continue
            before, behind = part[: found[-1].start()].strip(" -"), part[found[-1].end() :].strip(" -")
            code = found[-1][1].replace(" ", "")
            if index == 0:
                return [before], code, behind
            city = behind if len(behind) > 2 else _STATE.sub("", before).strip()
            rest = [part for part in parts[:index] if len(part) > 2 or part.isdigit()]
            if (not city or city in _STATES) and len(rest) > 1:
                city = rest.pop()
            return rest, code, city
    if len(parts) > 1 and not parts[0].isdigit() and not any(map(str.isdigit, parts[1])):
        return parts[:1], "", parts[1]
    return parts, "", ""


def _follows_number(before: str) -> bool:
    """What stands before a postcode in the same part is a street with its number."""
    return bool(re.search(r"\d", before)) and bool(re.search(r"[^\W\d_]{2}", before))


def _street(parts: list[str]) -> tuple[str, str]:
    """Street and number from the first part that has both, else from the first."""
    if len(parts) > 1 and parts[0].isdigit():
        parts = [f"{parts[0]} {parts[1]}", *parts[2:]]
    for part in parts:
        text = _NUMBER_WORD.sub("", part)
        found = _NUMBER_FIRST.match(text) or _NUMBER_LAST.search(text)
        if found:
            return _abbreviated(text[: found.start()] + " " + text[found.end() :]), found[1].replace(" ", "")
    numbers = re.findall(r"(?<![\w/-])\d+[a-z]?(?![\w/-])", parts[0]) if parts else []
    if len(numbers) == 1:
        return _abbreviated(" ".join(parts[0].replace(numbers[0], " ", 1).split())), numbers[0]
    if len(parts) > 1 and re.fullmatch(r"\d+\s?[a-z]?", parts[1]):
        return _abbreviated(parts[0]), parts[1].replace(" ", "")
    return (_abbreviated(parts[0]), "") if parts else ("", "")


def _abbreviated(street: str) -> str:
    words = _GERMAN.sub("str", street.strip()).replace("-", " ").split()
    return " ".join(_STREET_WORDS.get(word, word) for word in words)


def _chinese(text: str, postcode: str, city: str) -> AddressKey:
    text = name_key(text)
    code = re.sub(r"\s", "", widths(postcode))
    if not code and (found := _CHINESE_POSTCODE.search(text)):
        code = found[1]
        text = text.replace(found[0], "")
    text = re.sub(r"[\s,，、;；。()（）-]+", "", re.sub(r"(\d)-(?=\d)", r"\1之", text))
    match = _CHINESE.match(text)
    place, rest = (match["city"] or "", match["rest"]) if match else ("", text)
    units = "-".join(found[1] for found in _CHINESE_UNIT.finditer(rest))
    number = _CHINESE_NUMBER.search(rest)
    end = number.start() if number else next(_CHINESE_UNIT.finditer(rest)).start() if units else len(rest)
    place = name_key(city).replace(" ", "") or place
    return AddressKey(rest[:end], number[1].replace("之", "-") if number else "", units, code, re.sub("市$", "", place))
