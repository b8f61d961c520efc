"""JSON Lines: one object a line; the header is every name that any of them has."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, BinaryIO, Final

from graphcrm.errors import InvalidInput
from graphcrm.intake.readers.base import SHOWN, OnReject, Reject, StreamReader, checked_header, text_of
from graphcrm.intake.readers.content import Content
from graphcrm.intake.readers.lines import decoded_lines
from graphcrm.limits import MAX_COLUMNS

__all__ = ["JsonLinesFile"]

_HALF: Final = re.compile("[\ud800-\udfff]")


class JsonLinesFile(StreamReader):
    """A file with a JSON object on each line.

    Parameters
    ----------
    content : Content
        The bytes.
    encoding : str
        What the text is in.

    Raises
    ------
    InvalidInput
        If the file cannot be read, no line is an object, or all of them together have too many names.
    """

    kind = "jsonl"

    def __init__(self, content: Content, encoding: str = "utf-8") -> None:
        super().__init__(content)
        self.encoding = encoding
        names: dict[str, None] = {}
        with content.open() as stream:
            for _, found in self._objects(stream):
                if isinstance(found, dict):
                    names.update(dict.fromkeys(found))
                if len(names) > MAX_COLUMNS:
                    break
        if not names:
            raise InvalidInput(f"{self.name}: holds no line with a JSON object.")
        self.header = checked_header(f"{self.name}: the objects' names together", list(names))

    def _read(self, stream: BinaryIO, on_reject: OnReject) -> Iterator[tuple[int, dict[str, str]]]:
        nothing = dict.fromkeys(self.header, "")
        for line, found in self._objects(stream):
            if isinstance(found, _Wrong):
                on_reject(Reject(self.name, line, None, found.reason, found.text[:SHOWN]))
            else:
                yield line, nothing | {name.strip(): text_of(value) for name, value in found.items()}

    def _objects(self, stream: BinaryIO) -> Iterator[tuple[int, dict[str, Any] | _Wrong]]:
        for number, (text, fault) in enumerate(decoded_lines(stream, self.encoding), 1):
            if not text.strip() and not fault:
                continue
            yield number, _Wrong(text, fault) if fault else _object(text)


class _Wrong:
    """A line that is no object, and why."""

    def __init__(self, text: str, reason: str) -> None:
        self.text = text
        self.reason = reason


def _object(text: str) -> dict[str, Any] | _Wrong:
    try:
        # Numbers stay as they are written: a float would lose the end of a long one.
        found = json.loads(text, parse_float=str, parse_int=str, parse_constant=_refuse)
    except RecursionError:
        return _Wrong(text, "is nested too deep")
    except ValueError as error:
        return _Wrong(text, f"is not JSON ({error})")
    if not isinstance(found, dict):
        return _Wrong(text, "is no JSON object")
    if "\\u" in text and _HALF.search(json.dumps(found, ensure_ascii=False)):
        return _Wrong(text, "has half of a surrogate pair")
    if "\\u0000" in text:
        return _Wrong(text, "has a NUL character")
    if any(isinstance(value, dict) for value in found.values()):
        typed = json.loads(text)
        found |= {name: typed[name] for name, value in found.items() if isinstance(value, dict)}
    return found


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")
