"""Who is named in a mailbox or a calendar: each address once, as a table of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from graphcrm.intake.readers.base import OnReject, Reader

__all__ = ["PART", "AddressesOf"]

PART: Final = "addresses"
"""What stands behind the ``/`` of the file's name when its addresses are meant."""

_PAIRS: Final = (("from", "from_name"), ("to", "to_names"), ("cc", "cc_names"))
_CALENDAR_PAIRS: Final = (("organizer", "organizer_name"), ("attendees", "attendee_names"))


class AddressesOf(Reader):
    """The addresses of a mailbox or calendar, in the order in which they are met.

    The columns are ``email``, ``name`` (the first that is given anywhere), ``domain``, and ``count``, in how many
    messages or events it stands. They are known when the file has been read to its end, so that memory grows with the
    number of people, though not with that of messages.

    Parameters
    ----------
    reader : Reader
        The messages or events. What of them cannot be read is told when they are read themselves.
    """

    header = ("email", "name", "domain", "count")

    def __init__(self, reader: Reader) -> None:
        super().__init__(reader.content)
        self.kind = f"{reader.kind} addresses"
        self._reader = reader

    @property
    def offset(self) -> int:
        """About how many of the bytes are read so far."""
        return self._reader.offset

    def rows(self, on_reject: OnReject) -> Iterator[tuple[int, dict[str, str]]]:
        """Stream the rows; a row's line is its number."""
        pairs = _PAIRS if "from" in self._reader.header else _CALENDAR_PAIRS
        names_of: dict[str, str] = {}
        counts: Counter[str] = Counter()
        for _, row in self._reader.rows(lambda _: None):
            here: dict[str, str] = {}
            for addresses, names in pairs:
                for address, name in zip(row[addresses].split("|"), row[names].split("|"), strict=True):
                    here[address] = here.get(address) or name
            here.pop("", None)
            counts.update(here.keys())
            names_of.update((address, names_of.get(address) or name) for address, name in here.items())
        for number, (address, name) in enumerate(names_of.items(), 1):
            domain = address.rpartition("@")[2]
            yield number, {"email": address, "name": name, "domain": domain, "count": str(counts[address])}
