"""One vCard: its lines put together, taken apart, and made a flat row of columns."""

from __future__ import annotations

import quopri
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from typing import Final

from graphcrm.intake.readers.columns import joined, one_line, short_id

__all__ = ["COLUMNS", "Property", "parse_property", "row_of"]

COLUMNS: Final = (
    "id",
    "uid",
    "kind",
    "name",
    "family_name",
    "given_name",
    "additional_names",
    "prefix",
    "suffix",
    "nickname",
    "organization",
    "department",
    "title",
    "role",
    "email",
    "emails",
    "phone",
    "phones",
    "phone_cell",
    "phone_work",
    "phone_home",
    "fax",
    "address",
    "street",
    "city",
    "region",
    "postcode",
    "country",
    "addresses",
    "url",
    "urls",
    "bday",
    "birth_date",
    "anniversary",
    "language",
    "categories",
    "note",
    "revised_at",
    "version",
)
"""The columns of a vCard, in order."""

_BINARY: Final = frozenset({"PHOTO", "LOGO", "SOUND", "KEY", "X-MS-CARDPICTURE"})
_ESCAPE: Final = re.compile(r"\\(.)", re.DOTALL)
_SEMICOLON: Final = re.compile(r"(?<!\\)((?:\\\\)*);")
_COMMA: Final = re.compile(r"(?<!\\)((?:\\\\)*),")
_NO_VOICE: Final = frozenset({"FAX", "PAGER", "MODEM", "TEXTPHONE", "BBS"})


@dataclass(slots=True)
class Property:
    """One property of a card.

    Parameters
    ----------
    name : str
        In capitals, without its group.
    types : frozenset of str
        What kinds it is of, such as ``WORK``, in capitals.
    parameters : dict of str to str
        The other parameters, their names in capitals.
    value : str
        As it stands there, escapes and all.
    """

    name: str
    types: frozenset[str]
    parameters: dict[str, str]
    value: str
    decoded: bool = field(default=False)

    @property
    def is_binary(self) -> bool:
        """Whether it holds a picture, a sound or a key; an address of one too."""
        return self.name in _BINARY or self.parameters.get("ENCODING", "").upper() in ("B", "BASE64")

    @property
    def is_quoted_printable(self) -> bool:
        """Whether bytes are written as ``=41``, and a line that ends with ``=`` goes on."""
        return self.parameters.get("ENCODING", "").upper() == "QUOTED-PRINTABLE"

    @property
    def preference(self) -> int:
        """1 is the most preferred; 100 where nothing is said."""
        if "PREF" in self.types:
            return 1
        given = self.parameters.get("PREF", "")
        return int(given) if given.isascii() and given.isdigit() and len(given) < 4 else 100

    def decode(self, encoding: str) -> None:
        """Undo quoted-printable and another character set, by what the file was read in."""
        charset = self.parameters.get("CHARSET", "").strip() or "utf-8"
        if self.is_quoted_printable:
            data = quopri.decodestring(self.value.encode(encoding, errors="replace"))
        elif "CHARSET" in self.parameters and encoding != "utf-8":
            data = self.value.encode(encoding, errors="replace")
        else:
            return
        self.value = _decoded(data, charset)


def parse_property(line: str) -> Property | None:
    """Take a logical line apart.

    Parameters
    ----------
    line : str
        A property's name, parameters and value, without line breaks of folding.

    Returns
    -------
    Property or None
        None where the line has no colon or no name before it.

    Examples
    --------
    >>> found = parse_property("item1.TEL;type=CELL,VOICE;PREF:905-555-1234")
    >>> found.name, sorted(found.types), found.value
    ('TEL', ['CELL', 'PREF', 'VOICE'], '905-555-1234')
    """
    head, colon, value = _split_outside_quotes(line, ":")
    if not colon:
        return None
    name, *given = _all_outside_quotes(head, ";")
    name = name.strip().rpartition(".")[2].upper()
    if not re.fullmatch(r"[A-Z0-9_-]{1,60}", name):
        return None
    types: set[str] = set()
    parameters: dict[str, str] = {}
    for parameter in given:
        key, equals, text = parameter.partition("=")
        key, text = key.strip().upper(), text.strip().strip('"')
        if not equals:  # version 2.1 leaves out what is clear
            text = key
            key = "ENCODING" if text in ("QUOTED-PRINTABLE", "BASE64") else "TYPE"
        if key == "TYPE":
            types.update(part.strip().upper() for part in text.split(","))
        else:
            parameters[key] = text
    return Property(name, frozenset(types), parameters, value)


def row_of(properties: Iterable[Property]) -> dict[str, str]:
    """Make the row of a card.

    Parameters
    ----------
    properties : iterable of Property
        Decoded, in the card's order.

    Returns
    -------
    dict of str to str
        By `COLUMNS`. Of several e-mails, phones, addresses the preferred one comes first; fax machines and pagers are
        no phones.
    """
    by_name: dict[str, list[Property]] = {}
    for item in properties:
        if item.value.strip() and not item.is_binary:
            by_name.setdefault(item.name, []).append(item)
    for items in by_name.values():
        items.sort(key=lambda item: item.preference)

    def first(name: str) -> str:
        return one_line(_plain(by_name[name][0].value)) if name in by_name else ""

    names = _parts(_COMMA.sub(r"\1 ", by_name["N"][0].value), 5) if "N" in by_name else [""] * 5
    organization = _parts(by_name["ORG"][0].value, 2) if "ORG" in by_name else ["", ""]
    row = dict.fromkeys(COLUMNS, "") | {
        "uid": first("UID").removeprefix("urn:uuid:"),
        "kind": "org" if first("X-ABSHOWAS").upper() == "COMPANY" else first("KIND").lower(),
        "family_name": names[0],
        "given_name": names[1],
        "additional_names": names[2],
        "prefix": names[3],
        "suffix": names[4],
        "nickname": first("NICKNAME"),
        "organization": organization[0],
        "department": one_line(", ".join(filter(None, organization[1:]))),
        "title": first("TITLE"),
        "role": first("ROLE"),
        "bday": first("BDAY"),
        "birth_date": _day(first("BDAY")),
        "anniversary": _day(first("ANNIVERSARY") or first("X-ANNIVERSARY") or first("X-MS-ANNIVERSARY")),
        "language": first("LANG"),
        "note": "\n".join(_plain(item.value).replace("\r\n", "\n").strip() for item in by_name.get("NOTE", ())),
        "revised_at": first("REV"),
        "version": first("VERSION"),
    }
    row["categories"] = joined(part for item in by_name.get("CATEGORIES", ()) for part in _parted(item.value, _COMMA))
    row |= _emails(by_name) | _phones(by_name.get("TEL", ())) | _addresses(by_name.get("ADR", ()))
    urls = [one_line(_plain(item.value)) for item in by_name.get("URL", ())]
    row |= {"url": urls[0] if urls else "", "urls": joined(urls)}
    row["name"] = first("FN") or _name_of(row)
    row["id"] = short_id(row["uid"]) or "card-" + sha256(repr(row).encode("utf-8", "replace")).hexdigest()[:24]
    return row


def _name_of(row: dict[str, str]) -> str:
    """A card without a formatted name is known by its names, else by what it has."""
    names = (row[part] for part in ("prefix", "given_name", "additional_names", "family_name", "suffix"))
    others = (row[part] for part in ("nickname", "organization", "email", "phone"))
    return " ".join(filter(None, names)) or next(filter(None, others), "")


def _emails(by_name: dict[str, list[Property]]) -> dict[str, str]:
    found = [one_line(_plain(item.value)).removeprefix("mailto:") for item in by_name.get("EMAIL", ())]
    return {"email": found[0] if found else "", "emails": joined(found)}


def _phones(items: Sequence[Property]) -> dict[str, str]:
    voices = [(_number(item), item.types) for item in items if not item.types & _NO_VOICE]
    found = {"phone": voices[0][0] if voices else "", "phones": joined(number for number, _ in voices)}
    for column, wanted in (("phone_cell", {"CELL", "IPHONE"}), ("phone_work", {"WORK"}), ("phone_home", {"HOME"})):
        of_kind = [number for number, types in voices if types & wanted]
        plain = [number for number, types in voices if types & wanted and "CELL" not in types]
        found[column] = next(iter(of_kind if column == "phone_cell" else plain), "")
    found["fax"] = next((_number(item) for item in items if "FAX" in item.types), "")
    return found


def _number(item: Property) -> str:
    text = one_line(_plain(item.value))
    if text[:4].lower() != "tel:":
        return text
    number, _, parameters = text[4:].partition(";")
    extension = re.search(r"(?:^|;)ext=([^;]+)", parameters, re.IGNORECASE)
    return f"{number} ext. {extension[1]}" if extension else number


def _addresses(items: Sequence[Property]) -> dict[str, str]:
    lines, first = [], dict.fromkeys(("street", "city", "region", "postcode", "country"), "")
    for position, item in enumerate(items):
        box, extended, street, city, region, postcode, country = _parts(item.value, 7)
        street = ", ".join(filter(None, (box, extended, street)))
        place = " ".join(filter(None, (postcode, city)))
        lines.append(", ".join(filter(None, (street, place, region, country))))
        if position == 0:
            first = {"street": street, "city": city, "region": region, "postcode": postcode, "country": country}
    return first | {"address": lines[0] if lines else "", "addresses": joined(lines)}


def _parts(value: str, count: int) -> list[str]:
    """The parts of a structured value. Commas are left alone: programs mean them as text far more often than not."""
    parts = [one_line(_plain(part), ", ").strip(" ,") for part in _split(value, _SEMICOLON)]
    return (parts + [""] * count)[: max(count, len(parts) if count == 2 else 0)]


def _parted(value: str, separator: re.Pattern[str]) -> Iterator[str]:
    return (text for part in _split(value, separator) if (text := _plain(part).strip()))


def _split(value: str, separator: re.Pattern[str]) -> list[str]:
    # The pattern keeps the backslashes that stand for themselves before a separator.
    pieces = separator.split(value)
    return [pieces[i] + (pieces[i + 1] if i + 1 < len(pieces) else "") for i in range(0, len(pieces), 2)]


def _plain(value: str) -> str:
    return _ESCAPE.sub(lambda found: "\n" if found[1] in "nN" else found[1], value)


def _day(text: str) -> str:
    """A whole date as ISO 8601; nothing where the year is missing or it is none."""
    found = re.match(r"(\d{4})-?(\d\d)-?(\d\d)(?:$|T|\s)", text)
    try:
        return date(*map(int, found.groups())).isoformat() if found else ""
    except ValueError:
        return ""


def _decoded(data: bytes, charset: str) -> str:
    for encoding in (charset, "utf-8", "cp1252"):
        try:
            return data.decode(encoding).replace("\0", "")
        except (LookupError, ValueError):
            continue
    return data.decode("utf-8", errors="replace").replace("\0", "")


def _split_outside_quotes(text: str, mark: str) -> tuple[str, str, str]:
    quoted = False
    for position, character in enumerate(text):
        if character == '"':
            quoted = not quoted
        elif character == mark and not quoted:
            return text[:position], mark, text[position + 1 :]
    return text.partition(mark)  # a quote that is never closed is none


def _all_outside_quotes(text: str, mark: str) -> list[str]:
    parts, rest = [], text
    while True:
        part, found, rest = _split_outside_quotes(rest, mark)
        parts.append(part)
        if not found:
            return parts
