"""One JSON document: a list of objects, wherever it stands in it; each is a row, streamed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from io import TextIOWrapper
from typing import Any, BinaryIO, Final

from graphcrm.errors import InvalidInput
from graphcrm.intake.readers.base import SHOWN, OnReject, Reject, StreamReader, checked_header, text_of
from graphcrm.intake.readers.content import Content
from graphcrm.intake.readers.encodings import as_lines, called
from graphcrm.limits import MAX_COLUMNS, MAX_LINE_BYTES

__all__ = ["JsonDocument", "is_document"]

_BLOCK: Final = 1 << 16
_DEEPEST: Final = 4
"""So far within a document a list of objects is looked for, and so far are objects within a row taken apart."""
_ONE_LIST: Final = re.compile(r'\{\s*("[^"\\]*"\s*:\s*(\{\s*)?)+\[\s*\{')
_BLANK: Final = re.compile(r"[\s\ufeff]*")
_HALF: Final = re.compile("[\ud800-\udfff]")


def is_document(start: str) -> bool:
    """Whether a text that begins like JSON is one document, and not an object on each line.

    Examples
    --------
    >>> is_document('[{"id": 1}]'), is_document('{"contacts": [{"id": 1}]}'), is_document('{\\n "id": 1\\n}')
    (True, True, True)
    >>> is_document('{"id": 1}\\n{"id": 2}')
    False
    """
    if start.startswith("["):
        return True
    line, _, rest = start.partition("\n")
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return line.rstrip().endswith(("{", "[", ",")) if rest else bool(_ONE_LIST.match(line))
    # One line alone may be an order with its lines, which says which one it is.
    return not rest.strip() and "id" not in found and _holds_list(found)


def _holds_list(found: Any) -> bool:
    if isinstance(found, list):
        return any(isinstance(entry, dict) for entry in found)
    return isinstance(found, dict) and any(map(_holds_list, found.values()))


class JsonDocument(StreamReader):
    """The objects of a list in a JSON document; a row's line is its place in the list.

    Objects within an object are columns of their own: ``address.city``.

    Parameters
    ----------
    content : Content
        The bytes; its `part` names the list, where there are several: ``orders``, or ``data.orders`` within ``data``.
    encoding : str
        What the text is in.

    Raises
    ------
    InvalidInput
        If it is no JSON, holds no object, or several lists of which none is named.
    """

    kind = "json"

    def __init__(self, content: Content, encoding: str = "utf-8") -> None:
        super().__init__(content)
        self.encoding = encoding
        found: dict[str, dict[str, None]] = {}
        with content.open() as stream:
            for path, item, _ in self._items(stream):
                names = found.setdefault(path, {})
                if isinstance(item, dict) and len(names) <= MAX_COLUMNS:
                    names.update(dict.fromkeys(name.strip() for name in _flat(item)))
        self._path = self._chosen(found)
        self.header = checked_header(f"{self.name}: the objects' names together", list(found[self._path]))

    def _chosen(self, found: Mapping[str, Mapping[str, None]]) -> str:
        paths = [path for path, names in found.items() if names]
        part = self.content.part
        if part in paths:
            return part
        if not paths:
            raise InvalidInput(f"{self.name}: holds no JSON object.")
        if len(paths) > 1 or part:
            what = f"holds no list {part!r}" if part else "holds several lists; name one of them after a /"
            raise InvalidInput(f"{self.name}: {what}; there are: {', '.join(paths)}.", field="paths", allowed=paths)
        return paths[0]

    def _read(self, stream: BinaryIO, on_reject: OnReject) -> Iterator[tuple[int, dict[str, str]]]:
        nothing = dict.fromkeys(self.header, "")
        number = 0
        for path, item, text in self._items(stream):
            if path != self._path:
                continue
            number += 1
            reason = _fault(item, text, self.encoding)
            if reason:
                on_reject(Reject(self.name, number, None, reason, _HALF.sub("\ufffd", text[:SHOWN])))
            else:
                yield number, nothing | {name.strip(): text_of(value) for name, value in _flat(item).items()}

    def _items(self, stream: BinaryIO) -> Iterator[tuple[str, Any, str]]:
        """Each object of each list (or the document, where it has no list), with the list's path and its own text."""
        lines, encoding = as_lines(stream, self.encoding)
        text = _Text(TextIOWrapper(lines, encoding, errors="surrogateescape"), self.name)
        try:
            if text.peek() == "[":
                yield from ((path, *item) for path, item in _listed(text, ""))
            else:
                alone: dict[str, Any] = {}
                lists = 0
                for path, item in _within(text, "", alone, 1):
                    lists += 1
                    yield path, *item
                if alone and not lists:
                    yield "", alone, json.dumps(alone)
            text.end()
        finally:
            text.detach()


class _Text:
    """A text that is read from its beginning, a JSON value at a time; none may be longer than a record."""

    def __init__(self, stream: TextIOWrapper, name: str) -> None:
        self._stream = stream
        self._name = name
        self._ready = ""
        self._place = 0
        self._line = 1
        self._decoder = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=_refuse)

    def detach(self) -> None:
        """Leave the stream open for whoever opened it."""
        self._stream.detach()

    def peek(self) -> str:
        """The next character that is no blank; empty at the end."""
        while True:
            match = _BLANK.match(self._ready, self._place)
            self._place = match.end() if match else self._place
            if self._place < len(self._ready) or not self._more():
                return self._ready[self._place : self._place + 1]

    def take(self, wanted: str) -> str:
        """Take the next character, which must be one of those that are wanted."""
        found = self.peek()
        if not found or found not in wanted:
            raise self._wrong(f"{found or 'the end'!r} stands where {' or '.join(wanted)} is expected")
        self._place += 1
        return found

    def value(self) -> tuple[Any, str]:
        """Take the next value, and its text."""
        self.peek()
        while True:
            try:
                found, end = self._decoder.raw_decode(self._ready, self._place)
                if end < len(self._ready) or not self._more():  # a number may go on
                    text, self._place = self._ready[self._place : end], end
                    return found, text
            except RecursionError:
                raise self._wrong("is nested too deep") from None
            except ValueError as error:
                if len(self._ready) - self._place > MAX_LINE_BYTES:
                    raise self._wrong(f"has a value longer than {MAX_LINE_BYTES:,} characters, or is damaged") from None
                if not self._more():
                    raise self._wrong(str(error).partition(":")[0]) from None

    def end(self) -> None:
        """Nothing may follow."""
        if self.peek():
            raise self._wrong("goes on behind its end")

    def _more(self) -> bool:
        # Each time as much again as there is: a long value is not begun too often.
        left = self._ready[self._place :]
        self._line += self._ready.count("\n", 0, self._place)
        block = self._stream.read(max(_BLOCK, len(left)))
        self._ready, self._place = left + block, 0
        return bool(block)

    def _wrong(self, what: str) -> InvalidInput:
        line = self._line + self._ready.count("\n", 0, self._place)
        return InvalidInput(f"{self._name}: is not JSON (near line {line}: {what}).")


def _listed(text: _Text, path: str) -> Iterator[tuple[str, tuple[Any, str]]]:
    """The entries of a list."""
    text.take("[")
    if text.peek() == "]":
        text.take("]")
        return
    while True:
        yield path, text.value()
        if text.take(",]") == "]":
            return


def _within(text: _Text, path: str, alone: dict[str, Any], depth: int) -> Iterator[tuple[str, tuple[Any, str]]]:
    """The entries of the lists within an object; what else it holds goes to `alone`."""
    text.take("{")
    if text.peek() == "}":
        text.take("}")
        return
    while True:
        if text.peek() != '"':
            text.take('"')
        name, _ = text.value()
        text.take(":")
        inner = f"{path}.{name}" if path else name
        opening = text.peek()
        if opening == "[":
            entries: list[Any] = []
            for found in _listed(text, inner):
                if isinstance(found[1][0], dict):
                    yield found
                elif len(entries) < MAX_COLUMNS:
                    entries.append(found[1][0])
            if entries:
                alone[inner] = entries
        elif opening == "{" and depth < _DEEPEST:
            yield from _within(text, inner, alone, depth + 1)
        else:
            alone[inner] = text.value()[0]
        if text.take(",}") == "}":
            return


def _flat(item: Mapping[str, Any], before: str = "", depth: int = 1) -> dict[str, Any]:
    """An object with those within it taken apart; `extra` stays whole, since it is a column of its own."""
    found: dict[str, Any] = {}
    for name, value in item.items():
        if isinstance(value, dict) and depth < _DEEPEST and name != "extra":
            found |= _flat(value, f"{before}{name}.", depth + 1)
        else:
            found[before + name] = value
    return found


def _fault(item: Any, text: str, encoding: str) -> str:
    """Why an entry is no row; empty where it is one."""
    if not isinstance(item, dict):
        return "is no JSON object"
    if _HALF.search(text):
        return f"is not {called(encoding)}"
    if "\\u" in text and _HALF.search(json.dumps(item, ensure_ascii=False)):
        return "has half of a surrogate pair"
    return "has a NUL character" if "\\u0000" in text else ""


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")
